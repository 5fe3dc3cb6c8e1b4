package daticert

import (
	"encoding/xml"
	"strconv"
	"strings"
)

// What XML 1.0 asks for and encoding/xml lets pass.

// checkCharacters finds the first character that XML 1.0 (§2.2) does not have.
func checkCharacters(text string) error {
	for i, r := range text {
		if !isXMLCharacter(r) {
			line := 1 + strings.Count(text[:i], "\n")
			return &Error{Kind: ErrNotXML, Where: "line " + strconv.Itoa(line),
				Detail: "not well-formed XML: character " + codePoint(r)}
		}
	}
	return nil
}

// isXMLCharacter reports whether r is a Char of XML 1.0.
func isXMLCharacter(r rune) bool {
	switch {
	case r < ' ':
		return r == '\t' || r == '\n' || r == '\r'
	case r < 0xD800:
		return true
	}
	return r >= 0xE000 && r != 0xFFFE && r != 0xFFFF && r <= 0x10FFFF
}

// codePoint names a character: U+001F.
func codePoint(r rune) string {
	s := strings.ToUpper(strconv.FormatInt(int64(r), 16))
	for len(s) < 4 {
		s = "0" + s
	}
	return "U+" + s
}

// checkReferences looks for references to surrogates in the source of text or of a
// tag. The token reader has refused all other bad ones.
func checkReferences(raw string) string {
	if strings.HasPrefix(raw, "<![CDATA[") {
		return ""
	}
	for {
		i := strings.Index(raw, "&#")
		if i < 0 {
			return ""
		}
		raw = raw[i+2:]
		end := strings.IndexByte(raw, ';')
		if end < 0 {
			return ""
		}
		digits, base := raw[:end], 10
		if strings.HasPrefix(digits, "x") {
			digits, base = digits[1:], 16
		}
		if n, err := strconv.ParseUint(digits, base, 64); err != nil || n > 0x10FFFF || !isXMLCharacter(rune(n)) {
			return "reference &#" + clip(raw[:end]) + "; to no character"
		}
	}
}

// checkTag looks for attributes without white space between them, and for bad
// references, in the source of a start tag.
func checkTag(raw string) string {
	if strings.IndexByte(raw, '&') >= 0 {
		if err := checkReferences(raw); err != "" {
			return err
		}
	}
	for {
		i := strings.IndexAny(raw, `"'`)
		if i < 0 {
			return ""
		}
		mark := raw[i]
		raw = raw[i+1:]
		i = strings.IndexByte(raw, mark)
		if i < 0 {
			return ""
		}
		raw = raw[i+1:]
		if raw != "" && !isSpace(raw[0]) && raw[0] != '/' && raw[0] != '>' {
			return "no white space between attributes"
		}
	}
}

// repeatedAttribute returns the name of an attribute that occurs twice.
func repeatedAttribute(attrs []xml.Attr) string {
	if len(attrs) > 8 {
		seen := make(map[xml.Name]bool, len(attrs))
		for _, a := range attrs {
			if seen[a.Name] {
				return fullName(a.Name)
			}
			seen[a.Name] = true
		}
		return ""
	}
	for i := range attrs {
		for j := range i {
			if attrs[i].Name == attrs[j].Name {
				return fullName(attrs[i].Name)
			}
		}
	}
	return ""
}

// wellFormedDeclaration reports whether raw is an XML declaration (XML 1.0 §2.8).
func wellFormedDeclaration(raw string) bool {
	p := literals{s: strings.TrimPrefix(raw, "<?xml")}
	version, ok := p.setting("version")
	if !ok || version != "1.0" {
		return false
	}
	before := p
	if charset, ok := p.setting("encoding"); !ok {
		p = before
	} else if !isCharsetName(charset) {
		return false
	}
	before = p
	if alone, ok := p.setting("standalone"); !ok {
		p = before
	} else if alone != "yes" && alone != "no" {
		return false
	}
	p.space()
	return p.s == "?>"
}

// setting eats white space, name="value" and returns the value.
func (p *literals) setting(name string) (string, bool) {
	if !p.space() || !p.word(name) {
		return "", false
	}
	p.space()
	if !p.word("=") {
		return "", false
	}
	p.space()
	from := p.s
	if !p.literal() {
		return "", false
	}
	return from[1 : len(from)-len(p.s)-1], true
}

func isCharsetName(s string) bool {
	for i := range len(s) {
		c := s[i]
		letter := 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
		if !letter && (i == 0 || !isDigit(c) && c != '.' && c != '_' && c != '-') {
			return false
		}
	}
	return s != ""
}
