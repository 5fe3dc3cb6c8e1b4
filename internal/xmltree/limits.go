package xmltree

// Limits caps what Parse accepts. A zero field means the default; a nil *Limits
// means all of them.
type Limits struct {
	// Bytes of the whole document; default 16 MiB, never more than 1 GiB.
	Bytes int
	// Depth of nested elements, the root being 1; default 256.
	Depth int
	// Elements in the document; default 262,144. The attributes and namespace
	// declarations of all of them together may be twice as many.
	Elements int
	// Attributes of one element, its namespace declarations included; default
	// 64, never more than 1,024.
	Attributes int
	// Namespaces declared and in scope at one place; default 256, never more
	// than 4,096.
	Namespaces int
}

const (
	maxBytes      = 1 << 30
	maxAttributes = 1 << 10
	maxNamespaces = 1 << 12
	// maxMisc is how many comments and processing instructions may stand before
	// and after the root.
	maxMisc = 64
)

func (l *Limits) orDefaults() Limits {
	out := Limits{Bytes: 16 << 20, Depth: 256, Elements: 1 << 18, Attributes: 64, Namespaces: 256}
	if l == nil {
		return out
	}
	pick := func(field *int, value int) {
		if value > 0 {
			*field = value
		}
	}
	pick(&out.Bytes, min(l.Bytes, maxBytes))
	pick(&out.Depth, l.Depth)
	pick(&out.Elements, l.Elements)
	pick(&out.Attributes, min(l.Attributes, maxAttributes))
	pick(&out.Namespaces, min(l.Namespaces, maxNamespaces))
	return out
}
