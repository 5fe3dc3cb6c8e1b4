package pectest

import (
	"encoding/base64"
	"strings"
	"unicode"
)

// ldifWidth is the length at which lines are folded, in columns.
const ldifWidth = 76

// ldifWriter writes LDIF content records (RFC 2849).
type ldifWriter struct{ text []byte }

// begin starts a record after an empty line.
func (l *ldifWriter) begin(dn string) {
	l.text = append(l.text, '\n')
	l.value("dn", dn)
}

func (l *ldifWriter) values(name string, values ...string) {
	for _, v := range values {
		l.value(name, v)
	}
}

// value writes one value, folded, in base64 where it is no SAFE-STRING; an
// empty one is left out.
func (l *ldifWriter) value(name, v string) {
	if v == "" {
		return
	}
	line := name + ": " + v
	if !safeString(v) {
		line = name + ":: " + base64.StdEncoding.EncodeToString([]byte(v))
	}
	for width := ldifWidth; len(line) > width; width = ldifWidth - 1 {
		l.text = append(append(l.text, line[:width]...), "\n "...)
		line = line[width:]
	}
	l.text = append(append(l.text, line...), '\n')
}

// safeString tells whether a value may stand in LDIF as it is; one that ends
// in a space had better not (RFC 2849, note 8).
func safeString(v string) bool {
	return !strings.ContainsFunc(v, notASCII) && !strings.ContainsAny(v, "\x00\r\n") && !strings.ContainsAny(v[:1], " :<") && !strings.HasSuffix(v, " ")
}

func notASCII(r rune) bool { return r > unicode.MaxASCII }
