package daticert

import "strings"

// doctype judges a document type declaration from its source. One that only names
// the root and an external DTD changes nothing for a reader that does not fetch
// it; one with an internal subset may define entities and attribute defaults,
// and is refused whatever it holds (XML 1.0 §2.8).
func (w *walker) doctype(raw string, from int) error {
	const opening = "<!DOCTYPE"
	p := literals{s: strings.TrimPrefix(raw, opening)}
	if len(p.s) == len(raw) || !p.space() || !p.name() {
		return w.broken(from, "not a document type declaration", nil)
	}
	spaced := p.space()
	switch {
	case spaced && p.word("SYSTEM"):
		if !p.space() || !p.literal() {
			return w.broken(from, "document type declaration without system identifier", nil)
		}
		p.space()
	case spaced && p.word("PUBLIC"):
		if !p.space() || !p.literal() || !p.space() || !p.literal() {
			return w.broken(from, "document type declaration without public and system identifier", nil)
		}
		p.space()
	}
	if p.word("[") {
		return &Error{Kind: ErrDoctype, Where: "DOCTYPE", Detail: "internal subset refused: entities and defaults are not processed"}
	}
	if p.s != ">" {
		return w.broken(from, "document type declaration", nil)
	}
	for _, f := range w.d.Findings {
		if f.Code == FindingDoctype {
			return w.broken(from, "second document type declaration", nil)
		}
	}
	w.find(FindingDoctype, clip(raw))
	return nil
}

// literals eats the pieces of a declaration.
type literals struct{ s string }

func (p *literals) space() bool {
	rest := strings.TrimLeft(p.s, " \t\r\n")
	moved := len(rest) < len(p.s)
	p.s = rest
	return moved
}

func (p *literals) name() bool {
	n := strings.IndexAny(p.s, " \t\r\n[>\"'<&")
	if n <= 0 {
		return false
	}
	p.s = p.s[n:]
	return true
}

func (p *literals) word(word string) bool {
	rest, ok := strings.CutPrefix(p.s, word)
	p.s = rest
	return ok
}

func (p *literals) literal() bool {
	if p.s == "" || p.s[0] != '"' && p.s[0] != '\'' {
		return false
	}
	end := strings.IndexByte(p.s[1:], p.s[0])
	if end < 0 {
		return false
	}
	p.s = p.s[end+2:]
	return true
}
