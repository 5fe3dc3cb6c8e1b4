package xmltree

import (
	"strings"
	"unicode/utf8"
)

// startTag reads a start tag or an empty-element tag at "<".
func (p *parser) startTag() error {
	start := p.pos
	p.pos++
	name, err := p.name("element")
	if err != nil {
		return err
	}
	if p.depth == p.lim.Depth {
		return p.fail(start, ErrTooDeep, "the limit is %d", p.lim.Depth)
	}
	if p.elements == p.lim.Elements {
		return p.fail(start, ErrTooMany, "more than %d elements", p.lim.Elements)
	}
	p.elements++
	p.attrs, p.ns = p.attrs[:0], p.ns[:0]
	empty := false
	p.plain = true
	for {
		before := p.pos
		spaced := p.spaces()
		if p.pos >= len(p.src) {
			return p.fail(start, ErrMalformed, "the tag is not closed")
		}
		if c := p.src[p.pos]; c == '>' {
			p.plain = p.plain && !spaced
			p.pos++
			break
		} else if c == '/' {
			if !strings.HasPrefix(p.src[p.pos:], "/>") {
				return p.fail(p.pos, ErrMalformed, "%q expected", "/>")
			}
			p.pos += 2
			empty, p.plain = true, false
			break
		}
		if !spaced {
			return p.fail(p.pos, ErrMalformed, "white space, %q or %q expected", ">", "/>")
		}
		p.plain = p.plain && p.pos == before+1 && p.src[before] == ' '
		if err := p.attribute(); err != nil {
			return err
		}
	}
	e := p.newElement()
	e.doc, e.Start, e.inner, e.Parent = p.doc, start, int32(p.pos), p.cur
	e.Prefix, e.Local = name.prefix, name.local
	if err := p.bind(e); err != nil {
		return err
	}
	e.plain = p.plain && len(p.ns) == 0 && inOrder(e.Attrs)
	switch {
	case p.cur == nil:
		p.doc.Root = e
	case p.last == nil:
		p.cur.first = e
	default:
		p.last.next = e
	}
	p.cur, p.last = e, nil
	p.depth++
	if empty {
		e.innerEnd = e.inner
		p.close()
	}
	return nil
}

// inOrder tells whether attributes stand in the order of canonical forms.
func inOrder(attrs []Attr) bool {
	for i := 1; i < len(attrs); i++ {
		if a, b := &attrs[i-1], &attrs[i]; a.Space > b.Space || a.Space == b.Space && a.Local >= b.Local {
			return false
		}
	}
	return true
}

// qname reads a name with at most one colon.
func (p *parser) name(what string) (qname, error) {
	s := p.src[p.pos:]
	n := ncName(s)
	if n == 0 {
		if s != "" && s[0] == ':' {
			return qname{}, p.fail(p.pos, ErrNamespace, "the name of an %s starts with a colon", what)
		}
		return qname{}, p.fail(p.pos, ErrMalformed, "no name of an %s here", what)
	}
	if n == len(s) || s[n] != ':' {
		p.pos += n
		return qname{local: s[:n]}, nil
	}
	m := ncName(s[n+1:])
	end := n + 1 + m
	if m == 0 || end < len(s) && s[end] == ':' {
		return qname{}, p.fail(p.pos, ErrNamespace, "the name of an %s has a colon too many", what)
	}
	p.pos += end
	return qname{s[:n], s[n+1 : end]}, nil
}

// attribute reads one attribute or namespace declaration of the present tag.
func (p *parser) attribute() error {
	start := p.pos
	name, err := p.name("attribute")
	if err != nil {
		return err
	}
	spaced := p.spaces()
	if p.pos >= len(p.src) || p.src[p.pos] != '=' {
		return p.fail(p.pos, ErrMalformed, "%q expected", "=")
	}
	p.pos++
	p.plain = !p.spaces() && !spaced && p.plain
	value, err := p.value()
	if err != nil {
		return err
	}
	if len(p.attrs)+len(p.ns) == p.lim.Attributes {
		return p.fail(start, ErrTooMany, "more than %d attributes", p.lim.Attributes)
	}
	if p.attributes++; p.attributes > 2*p.lim.Elements {
		return p.fail(start, ErrTooMany, "more than %d attributes in all", 2*p.lim.Elements)
	}
	if name.prefix == "xmlns" || name.prefix == "" && name.local == "xmlns" {
		prefix := ""
		if name.prefix != "" {
			prefix = name.local
		}
		return p.declare(start, prefix, value)
	}
	for i := range p.attrs {
		if p.attrs[i].Local == name.local && p.attrs[i].Prefix == name.prefix {
			return p.fail(start, ErrMalformed, "attribute %s twice", quoted(qualified(name.prefix, name.local)))
		}
	}
	p.attrs = append(p.attrs, Attr{Local: name.local, Prefix: name.prefix, Value: value})
	return nil
}

// value reads a quoted attribute value and normalises it (XML 1.0 §3.3.3).
func (p *parser) value() (string, error) {
	if p.pos >= len(p.src) || p.src[p.pos] != '"' && p.src[p.pos] != '\'' {
		return "", p.fail(p.pos, ErrMalformed, "a quoted value expected")
	}
	src, quote, start := p.src, p.src[p.pos], p.pos+1
	rough := false
	p.plain = p.plain && quote == '"'
	for i := start; i < len(src); i++ {
		c := src[i]
		if octets[c]&inValue == 0 {
			continue
		}
		switch c {
		case quote:
			p.pos = i + 1
			if rough {
				p.plain = false
				return normalised(src[start:i]), nil
			}
			return src[start:i], nil
		case '"', '\'':
		case '\t', '\n', '\r':
			rough = true
		case '&':
			_, end, err := p.reference(i)
			if err != nil {
				return "", err
			}
			rough = true
			i = end - 1
		case '<':
			return "", p.fail(i, ErrMalformed, "%q in an attribute value", "<")
		default:
			return "", p.fail(i, ErrMalformed, "octet %#02x is no XML character", c)
		}
	}
	return "", p.fail(start-1, ErrMalformed, "the attribute value is not closed")
}

// normalised resolves references and turns white space that stands as such into
// spaces, a line end being one.
func normalised(s string) string {
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		switch c := s[i]; c {
		case '&':
			r, size := resolve(s[i:])
			out = utf8.AppendRune(out, r)
			i += size - 1
		case '\r':
			if i+1 < len(s) && s[i+1] == '\n' {
				continue
			}
			out = append(out, ' ')
		case '\t', '\n':
			out = append(out, ' ')
		default:
			out = append(out, c)
		}
	}
	return string(out)
}
