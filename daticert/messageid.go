package daticert

import "strings"

// TrimMessageID returns a Message-ID without white space and without one pair of
// angle brackets around it, the form in which ids are compared: msgid carries the
// brackets, identificativo does not. Anything else is returned unchanged.
func TrimMessageID(id string) string {
	id = trimSpace(id)
	if len(id) >= 2 && id[0] == '<' && id[len(id)-1] == '>' {
		id = trimSpace(id[1 : len(id)-1])
	}
	return id
}

// trimSpace takes off the white space of XML, and no other.
func trimSpace(s string) string {
	for len(s) > 0 && isSpace(s[0]) {
		s = s[1:]
	}
	for len(s) > 0 && isSpace(s[len(s)-1]) {
		s = s[:len(s)-1]
	}
	return s
}

func isSpace(c byte) bool { return c == ' ' || c == '\n' || c == '\t' || c == '\r' }

// withoutSpace removes the white space inside s too.
func withoutSpace(s string) string {
	if !strings.ContainsAny(s, " \t\r\n") {
		return s
	}
	return strings.Map(func(r rune) rune {
		if r == ' ' || r == '\t' || r == '\r' || r == '\n' {
			return -1
		}
		return r
	}, s)
}
