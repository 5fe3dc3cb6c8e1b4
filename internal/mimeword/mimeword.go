// Package mimeword writes encoded words (RFC 2047). The standard library's
// encoder leaves ASCII text alone that looks like an encoded word, and so
// changes what it means.
package mimeword

import (
	"strings"
	"unicode/utf8"
)

const upperHex = "0123456789ABCDEF"

// Encode writes text in the Q encoding, with no other characters than a
// phrase allows (RFC 2047 §5 rule 3), so that the words can stand anywhere. No
// word is longer than width (at most 75, §2), and none splits a character.
func Encode(s string, width int) []string {
	const head, tail = "=?utf-8?q?", "?="
	var words []string
	limit := width - len(tail)
	word := []byte(head)
	for len(s) > 0 {
		_, size := utf8.DecodeRuneInString(s)
		start := len(word)
		for i := 0; i < size; i++ {
			switch c := s[i]; {
			case isAlphanumeric(c), strings.IndexByte("!*+-/", c) >= 0:
				word = append(word, c)
			case c == ' ':
				word = append(word, '_')
			default:
				word = append(word, '=', upperHex[c>>4], upperHex[c&15])
			}
		}
		if len(word) > limit && start > len(head) {
			words = append(words, string(word[:start])+tail)
			word = []byte(head)
			continue // the same character again
		}
		s = s[size:]
	}
	return append(words, string(word)+tail)
}

func isAlphanumeric(c byte) bool {
	return '0' <= c && c <= '9' || 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z'
}
