package xmltree

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// apex writes the start tag of the element that the canonical form begins with:
// it takes along what it inherits.
func (c *canonical) apex(e *Element) error {
	c.ns, c.attrs = c.ns[:0], c.attrs[:0]
	for i := range e.Attrs {
		c.attrs = append(c.attrs, &e.Attrs[i])
	}
	if c.Exclusive {
		c.visible(e)
		for _, prefix := range c.Inclusive {
			if prefix == "#default" {
				prefix = ""
			}
			if uri, ok := e.Resolve(prefix); ok {
				c.want(prefix, uri)
			}
		}
	} else {
		for at := e; at != nil; at = at.Parent {
			for _, n := range at.Namespaces() {
				if !c.has(n.Prefix) {
					c.ns = append(c.ns, n)
				}
			}
		}
		c.ns = slices.DeleteFunc(c.ns, func(n Namespace) bool { return n.Prefix == "xml" || n.URI == "" })
		if err := c.inherit(e); err != nil {
			return err
		}
	}
	c.startTag(e)
	return nil
}

// inherit adds the attributes of the namespace xml that an element takes from
// its ancestors (Canonical XML 1.0 and 1.1 §2.4).
func (c *canonical) inherit(e *Element) error {
	bases := 0
	for at := e; at != nil; at = at.Parent {
		for i := range at.Attrs {
			a := &at.Attrs[i]
			if a.Space != XMLNamespace {
				continue
			}
			if a.Local == "base" && c.Version11 {
				if bases++; bases > 1 {
					return errorAt(c.src, e.Start, ErrInheritedBase, "of the element and its ancestors")
				}
			}
			if at == e || c.Version11 && a.Local != "lang" && a.Local != "space" && a.Local != "base" {
				continue
			}
			if !slices.ContainsFunc(c.attrs, func(b *Attr) bool { return b.Space == a.Space && b.Local == a.Local }) {
				c.attrs = append(c.attrs, a)
			}
		}
	}
	return nil
}

// open writes the start tag of an inner element: as it stands if that is its
// canonical form, which it is when nothing has to be declared.
func (c *canonical) open(e *Element) {
	if e.plain && !c.slow && (!c.Exclusive || c.declared(e)) {
		c.verbatim(e.Start, int(e.inner))
		c.counts = append(c.counts, 0)
		return
	}
	c.ns, c.attrs = c.ns[:0], c.attrs[:0]
	for i := range e.Attrs {
		c.attrs = append(c.attrs, &e.Attrs[i])
	}
	if !c.Exclusive {
		for _, n := range e.Namespaces() {
			c.want(n.Prefix, n.URI)
		}
		c.startTag(e)
		return
	}
	c.visible(e)
	if len(c.Inclusive) > 0 {
		for _, n := range e.Namespaces() {
			if slices.Contains(c.Inclusive, n.Prefix) || n.Prefix == "" && slices.Contains(c.Inclusive, "#default") {
				c.want(n.Prefix, n.URI)
			}
		}
	}
	c.startTag(e)
}

// visible asks for the namespaces that the tag itself makes use of (Exclusive
// XML Canonicalization §2 "visibly utilize").
func (c *canonical) visible(e *Element) {
	c.want(e.Prefix, e.Space)
	for i := range e.Attrs {
		if a := &e.Attrs[i]; a.Prefix != "" {
			c.want(a.Prefix, a.Space)
		}
	}
}

// declared tells whether the output has all that visible would ask for.
func (c *canonical) declared(e *Element) bool {
	if !c.renders(e.Prefix, e.Space) {
		return false
	}
	for i := range e.Attrs {
		if a := &e.Attrs[i]; a.Prefix != "" && !c.renders(a.Prefix, a.Space) {
			return false
		}
	}
	return true
}

// renders tells whether the output has a declaration in force, or needs none.
func (c *canonical) renders(prefix, uri string) bool {
	for i := len(c.rendered) - 1; i >= 0; i-- {
		if c.rendered[i].Prefix == prefix {
			return c.rendered[i].URI == uri
		}
	}
	return uri == "" || prefix == "xml"
}

// want adds a declaration to the tag unless the output has it in force already.
func (c *canonical) want(prefix, uri string) {
	if prefix == "xml" || c.has(prefix) {
		return
	}
	for i := len(c.rendered) - 1; i >= 0; i-- {
		if c.rendered[i].Prefix == prefix {
			if c.rendered[i].URI != uri {
				c.ns = append(c.ns, Namespace{prefix, uri})
			}
			return
		}
	}
	if uri != "" {
		c.ns = append(c.ns, Namespace{prefix, uri})
	}
}

func (c *canonical) has(prefix string) bool {
	for i := range c.ns {
		if c.ns[i].Prefix == prefix {
			return true
		}
	}
	return false
}

// startTag writes the tag with the declarations and attributes collected.
func (c *canonical) startTag(e *Element) {
	c.settle()
	c.buf = append(c.buf, '<')
	c.name(e.Prefix, e.Local)
	if len(c.ns) > 1 {
		slices.SortFunc(c.ns, func(a, b Namespace) int { return strings.Compare(a.Prefix, b.Prefix) })
	}
	for i := range c.ns {
		n := &c.ns[i]
		c.buf = append(c.buf, " xmlns"...)
		if n.Prefix != "" {
			c.buf = append(c.buf, ':')
			c.buf = append(c.buf, n.Prefix...)
		}
		c.value(n.URI)
	}
	c.rendered = append(c.rendered, c.ns...)
	c.counts = append(c.counts, len(c.ns))
	if len(c.attrs) > 1 {
		slices.SortFunc(c.attrs, func(a, b *Attr) int {
			if n := strings.Compare(a.Space, b.Space); n != 0 {
				return n
			}
			return strings.Compare(a.Local, b.Local)
		})
	}
	for _, a := range c.attrs {
		c.buf = append(c.buf, ' ')
		c.name(a.Prefix, a.Local)
		c.value(a.Value)
	}
	c.buf = append(c.buf, '>')
}

// value writes an attribute value in its quotes (Canonical XML §2.3).
func (c *canonical) value(s string) {
	c.buf = append(c.buf, '=', '"')
	from := 0
	for i := range len(s) {
		var as string
		switch s[i] {
		case '&':
			as = "&amp;"
		case '<':
			as = "&lt;"
		case '"':
			as = "&quot;"
		case '\t':
			as = "&#x9;"
		case '\n':
			as = "&#xA;"
		case '\r':
			as = "&#xD;"
		default:
			continue
		}
		c.buf = append(c.buf, s[from:i]...)
		c.buf = append(c.buf, as...)
		from = i + 1
	}
	c.buf = append(c.buf, s[from:]...)
	c.buf = append(c.buf, '"')
}

// appendCharacters writes character data as it stands in the source, outside of
// references: line ends normalised, markup characters escaped.
func appendCharacters(dst []byte, s string) []byte {
	from := 0
	for i := range len(s) {
		var as string
		switch s[i] {
		case '&':
			as = "&amp;"
		case '<':
			as = "&lt;"
		case '>':
			as = "&gt;"
		case '\r':
			if as = "\n"; i+1 < len(s) && s[i+1] == '\n' {
				as = ""
			}
		default:
			continue
		}
		dst = append(dst, s[from:i]...)
		dst = append(dst, as...)
		from = i + 1
	}
	return append(dst, s[from:]...)
}

// appendTextRune writes the character that a reference stands for.
func appendTextRune(dst []byte, r rune) []byte {
	switch r {
	case '&':
		return append(dst, "&amp;"...)
	case '<':
		return append(dst, "&lt;"...)
	case '>':
		return append(dst, "&gt;"...)
	case '\r':
		return append(dst, "&#xD;"...)
	}
	return utf8.AppendRune(dst, r)
}
