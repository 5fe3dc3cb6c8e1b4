package xmltree

import "strings"

// comment reads "<!-- -->".
func (p *parser) comment() error {
	start := p.pos + len("<!--")
	n := strings.Index(p.src[start:], "--")
	if n < 0 || !strings.HasPrefix(p.src[start+n:], "-->") {
		return p.fail(p.pos, ErrMalformed, "the comment is not closed, or holds %q", "--")
	}
	return p.skip(start, start+n, "-->")
}

// cdata reads "<![CDATA[ ]]>".
func (p *parser) cdata() error {
	start := p.pos + len("<![CDATA[")
	n := strings.Index(p.src[start:], "]]>")
	if n < 0 {
		return p.fail(p.pos, ErrMalformed, "the CDATA section is not closed")
	}
	return p.skip(start, start+n, "]]>")
}

// instruction reads "<?target data?>".
func (p *parser) instruction() error {
	start := p.pos + len("<?")
	name := ncName(p.src[start:])
	if strings.HasPrefix(p.src[start+name:], ":") {
		return p.fail(p.pos, ErrNamespace, "the target of a processing instruction has a colon")
	}
	if name == 0 {
		return p.fail(p.pos, ErrMalformed, "a processing instruction without target")
	}
	if strings.EqualFold(p.src[start:start+name], "xml") {
		return p.fail(p.pos, ErrMalformed, "an XML declaration that is not at the start")
	}
	rest := p.src[start+name:]
	if !strings.HasPrefix(rest, "?>") && (rest == "" || octets[rest[0]]&space == 0) {
		return p.fail(p.pos, ErrMalformed, "the target of a processing instruction is no name")
	}
	n := strings.Index(rest, "?>")
	if n < 0 {
		return p.fail(p.pos, ErrMalformed, "the processing instruction is not closed")
	}
	return p.skip(start, start+name+n, "?>")
}

// skip goes behind end, which closes what lies between the offsets.
func (p *parser) skip(from, to int, end string) error {
	if i := badChar(p.src[from:to]); i >= 0 {
		return p.fail(from+i, ErrMalformed, "octet %#02x is no XML character", p.src[from+i])
	}
	p.pos = to + len(end)
	return nil
}

// declaration reads the XML declaration, if there is one (XML 1.0 §2.8).
func (p *parser) declaration() error {
	rest := p.src[p.pos:]
	if len(rest) < 6 || rest[:5] != "<?xml" || octets[rest[5]]&space == 0 {
		return nil
	}
	start := p.pos
	p.pos += 5
	version, ok := p.pseudo("version")
	switch {
	case !ok:
		return p.fail(start, ErrMalformed, "the XML declaration gives no version")
	case version != "1.0":
		return p.fail(start, ErrMalformed, "XML version %s, 1.0 expected", quoted(version))
	}
	if encoding, ok := p.pseudo("encoding"); ok && !strings.EqualFold(encoding, "UTF-8") {
		return p.fail(start, ErrEncoding, "the declared encoding is %s", quoted(encoding))
	}
	if standalone, ok := p.pseudo("standalone"); ok && standalone != "yes" && standalone != "no" {
		return p.fail(start, ErrMalformed, "standalone=%s, yes or no expected", quoted(standalone))
	}
	p.spaces()
	if !strings.HasPrefix(p.src[p.pos:], "?>") {
		return p.fail(start, ErrMalformed, "the XML declaration is not of the form it must have")
	}
	p.pos += len("?>")
	return nil
}

// pseudo reads white space and one pseudo-attribute of the XML declaration; it
// goes nowhere when another thing stands there.
func (p *parser) pseudo(name string) (value string, ok bool) {
	start := p.pos
	defer func() {
		if !ok {
			p.pos = start
		}
	}()
	if !p.spaces() || !strings.HasPrefix(p.src[p.pos:], name) {
		return "", false
	}
	p.pos += len(name)
	p.spaces()
	if p.pos >= len(p.src) || p.src[p.pos] != '=' {
		return "", false
	}
	p.pos++
	p.spaces()
	if p.pos >= len(p.src) || p.src[p.pos] != '"' && p.src[p.pos] != '\'' {
		return "", false
	}
	quote := p.src[p.pos]
	p.pos++
	n := strings.IndexByte(p.src[p.pos:], quote)
	if n < 0 {
		return "", false
	}
	value = p.src[p.pos : p.pos+n]
	p.pos += n + 1
	return value, true
}
