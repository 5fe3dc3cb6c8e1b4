package evidence

import (
	"encoding/base64"
	"strings"
)

const xmlSpace = " \t\r\n"

// trim removes XML white space around a value.
func trim(s string) string {
	if s == "" || s[0] > ' ' && s[len(s)-1] > ' ' {
		return s
	}
	return strings.Trim(s, xmlSpace)
}

// clip shortens what is shown of a document.
func clip(s string) string {
	const most = 60
	if len(s) <= most {
		return s
	}
	cut := most
	for cut > 0 && s[cut]&0xC0 == 0x80 { // not inside a character
		cut--
	}
	return s[:cut] + "…"
}

// decodeBase64 reads xs:base64Binary: white space anywhere.
func decodeBase64(s string) ([]byte, bool) {
	if strings.ContainsAny(s, xmlSpace) {
		kept := make([]byte, 0, len(s))
		for i := range len(s) {
			if s[i] > ' ' {
				kept = append(kept, s[i])
			}
		}
		s = string(kept)
	}
	if s == "" {
		return nil, true
	}
	out, err := base64.StdEncoding.DecodeString(s)
	if err != nil {
		return nil, false
	}
	return out, true
}

// ncName says that s can be the local part of a name. It is a little stricter
// than Namespaces in XML §3 for characters beyond ASCII: those need not occur.
func ncName(s string) bool {
	for i := range len(s) {
		c := s[i]
		letter := c|0x20 >= 'a' && c|0x20 <= 'z' || c == '_'
		if !letter && (i == 0 || !(c >= '0' && c <= '9' || c == '-' || c == '.')) {
			return false
		}
	}
	return s != ""
}
