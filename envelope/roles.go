package envelope

import (
	"bytes"
	"encoding/base64"
	"fmt"

	"github.com/certmail/certmail/internal/base64fast"
)

func isXML(p *Part) bool {
	return p.Type.Value == "application/xml" || p.Type.Value == "text/xml"
}

// assignChildren finds the certification data and the original among the
// direct children of the signed multipart: by name, decoded and whatever its
// case, then by type. Two candidates of the same rank are no candidate: which
// one a reader would take is not ours to guess.
func (m *Message) assignChildren(found *findings) {
	children := m.Signed.Parts
	m.Certification = m.choose(children, "duplicate-daticert", "daticert.xml", found,
		func(p *Part) bool { return isCertificationName(p.Name()) },
		func(p *Part) bool { return isXML(p) && p.rootIsPostacert() },
		func(p *Part) bool { return p.kept != nil && !isXML(p) && p.rootIsPostacert() })
	m.Original = m.choose(children, "duplicate-original", "postacert.eml", found,
		func(p *Part) bool { return p != m.Certification && isOriginalName(p.Name()) },
		func(p *Part) bool { return p != m.Certification && p.Type.Value == "message/rfc822" })
	for i, p := range children {
		switch {
		case p == m.Certification || p == m.Original:
		case i == 0 && isReadable(p):
			m.Text = p
		default:
			m.Extra = append(m.Extra, p)
		}
	}
}

// choose takes the one part that the first rank with any match accepts.
func (m *Message) choose(parts []*Part, code, what string, found *findings, ranks ...func(*Part) bool) *Part {
	for _, accepts := range ranks {
		var chosen *Part
		n := 0
		for _, p := range parts {
			if accepts(p) {
				if n++; n == 1 {
					chosen = p
				}
			}
		}
		if n > 1 {
			found.add(code, fmt.Sprintf("%d parts could be %s: none is taken", n, what))
			return nil
		}
		if n == 1 {
			return chosen
		}
	}
	return nil
}

func isReadable(p *Part) bool {
	switch p.Type.Value {
	case "text/plain", "text/html", "multipart/alternative", "multipart/related":
		return true
	}
	return false
}

// rootIsPostacert looks for the root element of the certification data near
// the beginning of a part.
func (p *Part) rootIsPostacert() bool {
	return p.kept != nil && p.BeginsWith("<postacert")
}

// BeginsWith tells whether a text stands among the first 1024 bytes of the
// decoded body of a part.
func (p *Part) BeginsWith(text string) bool {
	if p.kept != nil && p.Encoding() == Base64 {
		if found, ok := base64Contains(p.kept, text); ok {
			return found
		}
	}
	r, err := p.Content()
	if err != nil {
		return false
	}
	head := make([]byte, beginning)
	n, _ := readFull(r, head)
	return bytes.Contains(head[:n], []byte(text))
}

// beginning is how many bytes BeginsWith looks at.
const beginning = 1024

// base64Contains looks at the beginning of regular base64; ok is false for what
// the tolerant reader has to look at.
func base64Contains(src []byte, text string) (found, ok bool) {
	const first = beginning / 3 * 3 // in whole groups
	var quick [first + 8]byte
	if n, _ := base64fast.Groups(quick[:], src); n >= first {
		return bytes.Contains(quick[:first], []byte(text)), true
	}
	var clean [1368]byte // a little more than those bytes take
	n := 0
	for _, c := range src {
		if c == '\r' || c == '\n' {
			continue
		}
		clean[n] = c
		if n++; n == len(clean)/4*4 {
			break
		}
	}
	var head [beginning]byte
	n, err := base64.StdEncoding.Decode(head[:], clean[:min(n, beginning/3*4)/4*4])
	return bytes.Contains(head[:max(n, 0)], []byte(text)), err == nil
}
