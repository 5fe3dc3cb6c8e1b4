// Package htmlpage is what the pages of this module have in common that shows
// texts of strangers: how those are made safe to look at, and the policy that
// lets a browser load nothing.
package htmlpage

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxRunes is how much of one text the page shows. No real subject comes near.
const maxRunes = 2000

// maxMarks is how many marks (accents, vowel signs) one letter may carry before
// the rest are shown as code points. More of them pile up over other lines.
const maxMarks = 4

// Prose makes a text of strangers safe to look at: what is invisible or
// changes the direction of the text around it is shown as a code point. The
// joiners that emoji and some scripts need are kept, line ends become spaces.
func Prose(s string) string { return plain(s, false) }

// Strict is Prose for addresses, identifiers and file names, where a joiner
// can only deceive.
func Strict(s string) string { return plain(s, true) }

func plain(s string, strict bool) string {
	if clean(s, strict) {
		return s
	}
	var b strings.Builder
	runes, marks := 0, 0
	for i, r := range s {
		if marks++; !unicode.In(r, unicode.Mn, unicode.Me) {
			marks = 0
		}
		if runes++; runes > maxRunes {
			fmt.Fprintf(&b, " […+%d]", utf8.RuneCountInString(s[i:]))
			break
		}
		switch {
		case !strict && (r == '\n' || r == '\r' || r == '\t'):
			b.WriteByte(' ')
		case hidden(r, strict) || marks > maxMarks:
			fmt.Fprintf(&b, "[␦U+%04X]", r)
		default:
			b.WriteRune(r) // for a byte that is no UTF-8, the replacement character
		}
	}
	return b.String()
}

func clean(s string, strict bool) bool {
	if len(s) > maxRunes || !utf8.ValidString(s) {
		return false
	}
	marks := 0
	for _, r := range s {
		if r < utf8.RuneSelf && r >= ' ' && r != 0x7F {
			marks = 0
			continue
		}
		if marks++; !unicode.In(r, unicode.Mn, unicode.Me) {
			marks = 0
		}
		if marks > maxMarks || hidden(r, strict) {
			return false
		}
	}
	return true
}

// hidden reports whether a character is not seen, or moves others: controls
// (Cc), formats (Cf: direction marks and overrides, zero width, soft hyphen,
// tags), line and paragraph separators, and letters that look like nothing.
func hidden(r rune, strict bool) bool {
	switch r {
	case 0x200C, 0x200D: // zero-width non-joiner and joiner
		return strict
	case 0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x2028, 0x2029, 0x2800, 0x3164, 0xFFA0:
		return true
	}
	if r < 0x7F {
		return r < ' '
	}
	return unicode.In(r, unicode.Cc, unicode.Cf)
}

// Named is Strict for a text that must not be blank, such as what is linked.
func Named(s string) string {
	if s = Strict(s); strings.TrimSpace(s) == "" {
		return "–"
	}
	return s
}
