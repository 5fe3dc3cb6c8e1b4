// Package usertext makes what a user wrote fit for what a provider writes in
// its own name: the header of an envelope or receipt, and the certification
// data. It is the one place with the rule for text that fits neither.
//
// The rule: a user must not be able to stop a certified message, nor to write
// a field of the provider's. So nothing is refused. In a header, a control
// character becomes a space: some readers break lines at a CR alone, others
// end them at a NUL. In the certification data, a character that XML 1.0
// cannot hold becomes U+FFFD, and so it does in the text and the Subject that
// quote them. The original travels inside byte for byte and loses nothing.
package usertext

import (
	"bytes"
	"strings"
	"unicode/utf8"
)

// Certifiable returns s without what cannot stand in certification data
// (oggetto, msgid, risposte): each character that is none of XML 1.0's
// (production Char), and each byte that is not UTF-8, becomes U+FFFD. White
// space around it, which readers of the data drop, is dropped.
func Certifiable(s string) string {
	s = strings.Trim(s, " \t\r\n")
	for i, r := range s {
		if !isXML(r) || r == utf8.RuneError {
			return replaced(s, i)
		}
	}
	return s
}

func replaced(s string, from int) string {
	var b strings.Builder
	b.Grow(len(s) + 8)
	b.WriteString(s[:from])
	for _, r := range s[from:] { // yields U+FFFD for each byte that is not UTF-8
		if !isXML(r) {
			r = utf8.RuneError
		}
		b.WriteRune(r)
	}
	return b.String()
}

func isXML(r rune) bool {
	if r < ' ' {
		return r == '\t' || r == '\n' || r == '\r'
	}
	return r != 0xFFFE && r != 0xFFFF
}

// Line returns an unfolded header value with each control character but the
// tab as a space, and without white space around it.
func Line(s string) string {
	if strings.IndexFunc(s, isControl) >= 0 {
		s = strings.Map(func(r rune) rune {
			if isControl(r) {
				return ' '
			}
			return r
		}, s)
	}
	return strings.Trim(s, " \t")
}

// AppendField appends a header field, or a value of one, as it was received:
// folded as it is, with CR LF line ends, none behind the last line. Control
// characters but the tab become spaces. A continuation line of nothing but
// white space is left out: some readers take it for the end of the header
// (RFC 5322 §3.2.2 forbids writing it).
func AppendField(dst, field []byte) []byte {
	for first := true; len(field) > 0; first = false {
		line := field
		if i := bytes.IndexByte(field, '\n'); i >= 0 {
			line, field = field[:i], field[i+1:]
		} else {
			field = nil
		}
		line = bytes.TrimRight(line, "\r")
		start := len(dst)
		if !first {
			dst = append(dst, '\r', '\n')
		}
		blank := true
		for _, c := range line {
			if isControl(rune(c)) {
				c = ' '
			}
			blank = blank && (c == ' ' || c == '\t')
			dst = append(dst, c)
		}
		if blank && !first {
			dst = dst[:start]
		}
	}
	return dst
}

func isControl(r rune) bool { return r < ' ' && r != '\t' || r == 0x7F }
