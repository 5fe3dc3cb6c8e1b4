package envelope

import (
	"strings"

	"github.com/emersion/go-message/charset"
)

// MediaType is a parsed Content-Type or Content-Disposition value (RFC 2045
// §5.1, RFC 2183), with the continuations and charsets of RFC 2231 joined.
type MediaType struct {
	// Value is the type ("multipart/signed") or disposition ("inline"), in
	// lower case.
	Value    string
	params   string // what follows, as it was received
	extended bool   // some name has an asterisk (RFC 2231)
	repeated string
}

type parameter struct {
	name  string
	value string
	// odd: quotes are not closed, or something follows the value; other
	// programs may read another value.
	odd bool
}

// Param returns a parameter by its lower-case name, or "". A parameter that
// stands twice is ambiguous; the first is returned and Repeated tells.
func (m *MediaType) Param(name string) string {
	for rest := m.params; rest != ""; {
		var p parameter
		if p, rest = nextParameter(rest); p.name == name {
			return p.value
		}
	}
	if m.extended {
		return m.joined(name)
	}
	return ""
}

// boundary returns the boundary, and whether other programs may read another.
func (m *MediaType) boundary() (value string, odd bool) {
	for rest := m.params; rest != ""; {
		var p parameter
		if p, rest = nextParameter(rest); p.name == "boundary" {
			return p.value, p.odd
		}
	}
	if m.extended {
		return m.joined("boundary"), false
	}
	return "", false
}

// Repeated returns the name of a parameter that stands more than once, or "".
func (m *MediaType) Repeated() string { return m.repeated }

// IsMultipart tells whether the type is multipart/*.
func (m *MediaType) IsMultipart() bool { return strings.HasPrefix(m.Value, "multipart/") }

// maxParams bounds how many parameters are looked at.
const maxParams = 64

// parseMediaType is tolerant: it takes what it can from any value.
func parseMediaType(s string) MediaType {
	var m MediaType
	if s == "" {
		return m
	}
	var head string
	head, m.params, _ = strings.Cut(s, ";")
	m.Value = strings.ToLower(strings.TrimSpace(dropComment(head)))
	var names [8]string
	n := 0
	for rest := m.params; rest != ""; n++ {
		if n == maxParams {
			// What stands behind is not looked at, so it might be anything.
			m.repeated = "parameters"
			m.params = m.params[:len(m.params)-len(rest)]
			break
		}
		var p parameter
		p, rest = nextParameter(rest)
		m.extended = m.extended || strings.IndexByte(p.name, '*') >= 0
		if p.name != "" && m.repeated == "" && m.contradicts(names[:min(n, len(names))], p.name, rest) {
			m.repeated, _, _ = strings.Cut(p.name, "*")
		}
		if n < len(names) {
			names[n] = p.name
		}
	}
	if m.extended && m.repeated == "" {
		m.repeated = m.contradiction()
	}
	return m
}

// contradiction finds a parameter whose plain and extended forms differ: which
// of the two a reader takes cannot be known.
func (m *MediaType) contradiction() string {
	for rest := m.params; rest != ""; {
		var p parameter
		if p, rest = nextParameter(rest); p.name == "" || strings.IndexByte(p.name, '*') >= 0 {
			continue
		}
		if other := m.joined(p.name); other != "" && other != DecodeText(p.value) {
			return p.name
		}
	}
	return ""
}

// contradicts tells whether the parameter before rest contradicts an earlier
// one: one of those whose names are given or, where they are many, any.
func (m *MediaType) contradicts(earlier []string, last, rest string) bool {
	if len(earlier) == cap(earlier) {
		return m.has(m.params[:len(m.params)-len(rest)], last)
	}
	for _, name := range earlier {
		if name == last || m.extended && sameParameter(name, last) {
			return true
		}
	}
	return false
}

// has tells whether the last parameter of params contradicts one before it.
func (m *MediaType) has(params, last string) bool {
	for rest := params; rest != ""; {
		var p parameter
		if p, rest = nextParameter(rest); rest == "" {
			return false // itself
		}
		if p.name == last || m.extended && sameParameter(p.name, last) {
			return true
		}
	}
	return false
}

// sameParameter tells whether two names are forms of one parameter that must
// not stand together. name="x" beside name*=utf-8”x is a habit of many
// programs, for old readers; for a boundary it would mean two structures.
func sameParameter(a, b string) bool {
	baseA, formA, starA := strings.Cut(a, "*")
	baseB, formB, starB := strings.Cut(b, "*")
	switch {
	case baseA != baseB:
		return false
	case !starA || !starB:
		return baseA == "boundary"
	case formA == "" || formB == "":
		return true // the whole value beside a section of it
	}
	return strings.TrimSuffix(formA, "*") == strings.TrimSuffix(formB, "*")
}

// dropComment removes a parenthesised comment after a type or a value.
func dropComment(s string) string {
	if i := strings.IndexByte(s, '('); i >= 0 {
		return s[:i]
	}
	return s
}

// nextParameter reads "name=value" up to the next semicolon outside quotes.
func nextParameter(s string) (parameter, string) {
	start := 0
	for start < len(s) && (s[start] == ' ' || s[start] == '\t' || s[start] == ';') {
		start++
	}
	eq := start
	for eq < len(s) && s[eq] != '=' && s[eq] != ';' {
		eq++
	}
	if eq == len(s) {
		return parameter{}, ""
	}
	if s[eq] == ';' {
		return parameter{}, s[eq+1:]
	}
	p := parameter{name: strings.ToLower(strings.TrimSpace(s[start:eq]))}
	for eq++; eq < len(s) && (s[eq] == ' ' || s[eq] == '\t'); eq++ {
	}
	s = s[eq:]
	if s != "" && s[0] == '"' {
		var tail, rest string
		p.value, tail = quotedString(s[1:])
		p.odd = tail == "" && s[len(s)-1] != '"'
		if i := strings.IndexByte(tail, ';'); i >= 0 {
			tail, rest = tail[:i], tail[i+1:]
		}
		p.odd = p.odd || strings.TrimSpace(tail) != ""
		return p, rest
	}
	value, rest := s, ""
	if i := strings.IndexByte(s, ';'); i >= 0 {
		value, rest = s[:i], s[i+1:]
	}
	p.value = strings.TrimSpace(dropComment(value))
	p.odd = strings.IndexByte(value, '(') >= 0
	return p, rest
}

// quotedString reads up to the closing quote.
func quotedString(s string) (value, rest string) {
	if i := strings.IndexByte(s, '"'); i >= 0 && strings.IndexByte(s[:i], '\\') < 0 {
		return s[:i], s[i+1:]
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '"':
			return b.String(), s[i+1:]
		case '\\':
			if i+1 < len(s) {
				i++
				b.WriteByte(s[i])
			}
		default:
			b.WriteByte(s[i])
		}
	}
	return b.String(), ""
}

// joined puts together the name*, name*0, name*0* … forms of a parameter
// (RFC 2231 §3-4).
func (m *MediaType) joined(base string) string {
	find := func(name string) (string, bool) {
		for rest := m.params; rest != ""; {
			var p parameter
			if p, rest = nextParameter(rest); p.name == name {
				return p.value, true
			}
		}
		return "", false
	}
	if v, ok := find(base + "*"); ok {
		cs, text := splitExtended(v)
		return decodeCharset(cs, text)
	}
	var b strings.Builder
	cs := ""
	for i := range maxParams {
		section := base + "*" + itoa(i)
		if v, ok := find(section + "*"); ok {
			if i == 0 {
				cs, v = splitExtended(v)
			} else {
				v = percentDecode(v)
			}
			b.WriteString(v)
		} else if v, ok := find(section); ok {
			b.WriteString(v)
		} else {
			break
		}
	}
	return decodeCharset(cs, b.String())
}

func itoa(i int) string {
	if i < 10 {
		return string(rune('0' + i))
	}
	return string(rune('0'+i/10)) + string(rune('0'+i%10))
}

// splitExtended splits charset'language'percent-encoded.
func splitExtended(v string) (charsetName, text string) {
	parts := strings.SplitN(v, "'", 3)
	if len(parts) != 3 {
		return "", percentDecode(v)
	}
	return parts[0], percentDecode(parts[2])
}

func percentDecode(s string) string {
	if strings.IndexByte(s, '%') < 0 {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) {
			hi, lo := unhex(s[i+1]), unhex(s[i+2])
			if hi < 16 && lo < 16 {
				b.WriteByte(hi<<4 | lo)
				i += 2
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

func unhex(c byte) byte {
	switch {
	case '0' <= c && c <= '9':
		return c - '0'
	case 'a' <= lower(c) && lower(c) <= 'f':
		return lower(c) - 'a' + 10
	}
	return 255
}

func decodeCharset(name, text string) string {
	if name == "" || strings.EqualFold(name, "utf-8") || strings.EqualFold(name, "us-ascii") {
		return strings.ToValidUTF8(text, "�")
	}
	r, err := charset.Reader(name, strings.NewReader(text))
	if err != nil {
		return strings.ToValidUTF8(text, "�")
	}
	var b strings.Builder
	buf := make([]byte, 512)
	for {
		n, err := r.Read(buf)
		b.Write(buf[:n])
		if err != nil {
			return b.String()
		}
	}
}
