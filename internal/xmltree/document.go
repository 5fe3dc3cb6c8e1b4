package xmltree

import (
	"iter"
	"slices"
	"strings"
)

const (
	// XMLNamespace is what the prefix xml stands for, always.
	XMLNamespace = "http://www.w3.org/XML/1998/namespace"
	// XMLNSNamespace is what the prefix xmlns stands for; no element or
	// attribute of a Document is in it.
	XMLNSNamespace = "http://www.w3.org/2000/xmlns/"
)

// Document is a document that was read. It must not be changed, nor must Source.
type Document struct {
	// Source is what Parse was given; nil for ParseString.
	Source []byte
	// Root is the document element.
	Root *Element

	src    string // the source; names and values are parts of it
	ids    []idAttr
	ns     []Namespace // of all elements
	prolog []misc      // before the root
	epilog []misc      // after it
	// relative is the error of the first relative namespace name.
	relative *Error

	idRoom [4]idAttr
	memory *memory
}

// Text is the source. It is no copy: a part of it keeps all of it in memory.
func (d *Document) Text() string { return d.src }

// misc is a comment or a processing instruction outside the root.
type misc struct {
	start, end int
}

// idAttr is an attribute that gives an element its identifier.
type idAttr struct {
	value string
	at    *Element
}

// isID tells the attributes that count as identifiers: Id, ID, id without
// namespace, and xml:id.
func isID(a *Attr) bool {
	if len(a.Local) != 2 || a.Local[0]|0x20 != 'i' || a.Local[1]|0x20 != 'd' || a.Local == "iD" {
		return false
	}
	return a.Space == "" || a.Space == XMLNamespace && a.Local == "id"
}

// ByID returns the elements that have an identifier (an attribute Id, ID, id or
// xml:id) of that value, in document order. More than one: the document is
// ambiguous and a reference to it means nothing.
func (d *Document) ByID(value string) []*Element {
	var found []*Element
	for i := range d.ids {
		if d.ids[i].value == value {
			if e := d.ids[i].at; len(found) == 0 || found[len(found)-1] != e {
				found = append(found, e)
			}
		}
	}
	return found
}

// DuplicateID returns an identifier that more than one attribute gives.
func (d *Document) DuplicateID() (value string, found bool) {
	if len(d.ids) <= 16 {
		for i := range d.ids {
			for j := range d.ids[:i] {
				if d.ids[i].value == d.ids[j].value {
					return d.ids[i].value, true
				}
			}
		}
		return "", false
	}
	sorted := make([]string, len(d.ids))
	for i := range d.ids {
		sorted[i] = d.ids[i].value
	}
	slices.Sort(sorted)
	for i := 1; i < len(sorted); i++ {
		if sorted[i] == sorted[i-1] {
			return sorted[i], true
		}
	}
	return "", false
}

// Instructions tells whether processing instructions stand before or after the
// root (the XML declaration is none). They are part of what a signature over
// the document covers, and of no element.
func (d *Document) Instructions() bool {
	for _, list := range [2][]misc{d.prolog, d.epilog} {
		for _, m := range list {
			if strings.HasPrefix(d.src[m.start:], "<?") {
				return true
			}
		}
	}
	return false
}

// Elements returns every element of the document, in document order.
func (d *Document) Elements() iter.Seq[*Element] { return d.Root.Descendants() }
