package xmltree

import "strings"

// declare takes a namespace declaration of the present tag (Namespaces in XML
// 1.0 §3, §5).
func (p *parser) declare(at int, prefix, uri string) error {
	switch {
	case prefix == "xmlns":
		return p.fail(at, ErrNamespace, "the prefix xmlns must not be declared")
	case prefix == "xml" && uri != XMLNamespace, prefix != "xml" && uri == XMLNamespace:
		return p.fail(at, ErrNamespace, "the prefix xml and its namespace belong together")
	case uri == XMLNSNamespace:
		return p.fail(at, ErrNamespace, "the namespace of xmlns must not be declared")
	case prefix != "" && uri == "":
		return p.fail(at, ErrNamespace, "prefix %s declared to be nothing", quoted(prefix))
	}
	for i := range p.ns {
		if p.ns[i].Prefix == prefix {
			return p.fail(at, ErrMalformed, "the namespace of prefix %s declared twice", quoted(prefix))
		}
	}
	p.ns = append(p.ns, Namespace{prefix, uri})
	if uri != "" && p.doc.relative == nil && !absolute(uri) {
		p.doc.relative = errorAt(p.src, at, ErrRelativeNamespace, quoted(uri))
	}
	return nil
}

// absolute tells whether the URI reference starts with a scheme (RFC 3986 §3.1).
func absolute(uri string) bool {
	for i := range len(uri) {
		switch c := uri[i]; {
		case c == ':':
			return i > 0
		case c|0x20 >= 'a' && c|0x20 <= 'z':
		case i > 0 && (c >= '0' && c <= '9' || c == '+' || c == '-' || c == '.'):
		default:
			return false
		}
	}
	return false
}

// bind gives the element what was read of its tag and resolves the names.
func (p *parser) bind(e *Element) error {
	if len(p.ns) > 0 {
		if len(p.scope)+len(p.ns) > p.lim.Namespaces {
			return p.fail(e.Start, ErrTooMany, "more than %d namespaces in scope", p.lim.Namespaces)
		}
		if p.doc.ns == nil {
			p.doc.ns = make([]Namespace, 0, len(p.ns)+8)
		}
		e.ns = int32(len(p.doc.ns))
		p.doc.ns = append(p.doc.ns, p.ns...)
		e.nsEnd = int32(len(p.doc.ns))
		p.scope = append(p.scope, p.ns...)
	}
	var ok bool
	if e.Space, ok = p.lookup(e.Prefix); !ok {
		return p.fail(e.Start, ErrNamespace, "prefix %s of element %s is not declared", quoted(e.Prefix), quoted(e.Local))
	}
	if len(p.attrs) == 0 {
		return nil
	}
	e.Attrs = p.keepAttributes()
	for i := range e.Attrs {
		a := &e.Attrs[i]
		if a.Prefix != "" {
			if a.Space, ok = p.lookup(a.Prefix); !ok {
				return p.fail(e.Start, ErrNamespace, "prefix %s of attribute %s is not declared", quoted(a.Prefix), quoted(a.Local))
			}
			for j := range e.Attrs[:i] {
				if b := &e.Attrs[j]; b.Local == a.Local && b.Space == a.Space {
					return p.fail(e.Start, ErrNamespace, "attribute %s of namespace %s twice", quoted(a.Local), quoted(a.Space))
				}
			}
		}
		if isID(a) {
			if a.Space != "" && (a.Value == "" || ncName(a.Value) != len(a.Value)) {
				return p.fail(e.Start, ErrMalformed, "xml:id %s is no name", quoted(a.Value))
			}
			p.doc.ids = append(p.doc.ids, idAttr{a.Value, e})
		}
	}
	return nil
}

// lookup resolves a prefix in the present scope.
func (p *parser) lookup(prefix string) (uri string, ok bool) {
	for i := len(p.scope) - 1; i >= 0; i-- {
		if p.scope[i].Prefix == prefix {
			return p.scope[i].URI, true
		}
	}
	if prefix == "xml" {
		return XMLNamespace, true
	}
	return "", prefix == ""
}

// newElement takes one from the slab.
func (p *parser) newElement() *Element {
	if len(p.elemSlab) == 0 {
		p.elemSlab = make([]Element, p.expected())
	}
	e := &p.elemSlab[0]
	p.elemSlab = p.elemSlab[1:]
	return e
}

// expected is how many elements to make room for, the one just read included: at
// first as many as there are if each has an end tag, later as many as there can
// be at most, of a long document as many as were read so far. Within bounds.
func (p *parser) expected() int {
	const window = 64 << 10
	rest := p.src[p.pos:]
	marks := strings.Count(rest[:min(len(rest), window)], "<") + 1
	switch {
	case p.elements == 1:
		return min(marks/2+marks/16+1, 256)
	case len(rest) <= window:
		return min(marks, max(8, p.elements), 4096)
	}
	return min(max(8, p.elements), 4096)
}

// keepAttributes copies those just read to a slice of their own out of a larger
// one. The first of these has room for as many as there are equals signs, later
// ones for as many as there are elements so far, within bounds.
func (p *parser) keepAttributes() []Attr {
	n := len(p.attrs)
	if len(p.attrSlab) < n {
		room := min(p.elements, 1024)
		if p.slabs++; p.slabs == 1 {
			const window = 64 << 10
			rest := p.src[p.pos:]
			room = min(strings.Count(rest[:min(len(rest), window)], "="), 64)
		}
		p.attrSlab = make([]Attr, max(room, n))
	}
	out := p.attrSlab[:n:n]
	p.attrSlab = p.attrSlab[n:]
	copy(out, p.attrs)
	return out
}
