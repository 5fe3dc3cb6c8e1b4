package xmltree

import (
	"math/bits"
	"unicode/utf8"
)

// Classes of octets. What is above 0x7F is part of a character that was checked
// before anything else.
const (
	inText  uint8 = 1 << iota // ends a run of plain character data
	inValue                   // ends a run of plain attribute value
	nameStart
	namePart
	space
	control // no XML character (XML 1.0 §2.2)
)

var octets = table{}.with(control|inText|inValue, "\x00\x01\x02\x03\x04\x05\x06\x07\x08\x0b\x0c\x0e\x0f\x10\x11\x12\x13\x14\x15\x16\x17\x18\x19\x1a\x1b\x1c\x1d\x1e\x1f").
	with(inText, "<>&\r").
	with(inValue, "<&\"'\t\n\r").
	with(space, " \t\n\r").
	with(nameStart|namePart, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz").
	with(namePart, "-.0123456789")

type table [256]uint8

func (t table) with(class uint8, octets string) table {
	for i := range len(octets) {
		t[octets[i]] |= class
	}
	return t
}

// isNameStart and isNamePart are the productions NameStartChar and NameChar
// (XML 1.0 fifth edition §2.3) without the colon.
func isNameStart(r rune) bool {
	switch {
	case r < utf8.RuneSelf:
		return octets[byte(r)]&nameStart != 0
	case r < 0xC0, r == 0xD7, r == 0xF7, r >= 0x300 && r <= 0x36F, r == 0x37E:
		return false
	case r <= 0x1FFF, r == 0x200C, r == 0x200D:
		return true
	case r >= 0x2070 && r <= 0x218F, r >= 0x2C00 && r <= 0x2FEF, r >= 0x3001 && r <= 0xD7FF:
		return true
	case r >= 0xF900 && r <= 0xFDCF, r >= 0xFDF0 && r <= 0xFFFD, r >= 0x10000 && r <= 0xEFFFF:
		return true
	}
	return false
}

func isNamePart(r rune) bool {
	if r < utf8.RuneSelf {
		return octets[byte(r)]&namePart != 0
	}
	return isNameStart(r) || r == 0xB7 || r >= 0x300 && r <= 0x36F || r == 0x203F || r == 0x2040
}

// isChar is the production Char (XML 1.0 §2.2).
func isChar(r rune) bool {
	return r >= 0x20 && r <= 0xD7FF || r == '\t' || r == '\n' || r == '\r' ||
		r >= 0xE000 && r <= 0xFFFD || r >= 0x10000 && r <= 0x10FFFF
}

// ncName returns how many octets at the start of s are a name without colon; 0
// when there is none.
func ncName(s string) int {
	if s == "" || s[0] < utf8.RuneSelf && octets[s[0]]&nameStart == 0 {
		return 0
	}
	i := 0
	for i < len(s) {
		if octets[s[i]]&namePart != 0 {
			i++
			continue
		}
		if s[i] < utf8.RuneSelf {
			break
		}
		r, size := utf8.DecodeRuneInString(s[i:])
		if !isNamePart(r) || i == 0 && !isNameStart(r) {
			break
		}
		i += size
	}
	return i
}

// plainText returns the offset of the first octet from i on that ends a run of
// plain character data, or the length of s. Most of a signed document is base64,
// so it looks at eight octets at a time.
func plainText(s string, i int) int {
	const ones, highs = 0x0101010101010101, 0x8080808080808080
	for ; i+8 <= len(s); i += 8 {
		w := s[i : i+8]
		x := uint64(w[0]) | uint64(w[1])<<8 | uint64(w[2])<<16 | uint64(w[3])<<24 |
			uint64(w[4])<<32 | uint64(w[5])<<40 | uint64(w[6])<<48 | uint64(w[7])<<56
		angle := (x | 2*ones) ^ '>'*ones // 0 where the octet is < or >
		amp := x ^ '&'*ones
		stops := (x-' '*ones)&^x | (angle-ones)&^angle | (amp-ones)&^amp
		if stops &= highs; stops == 0 {
			continue
		}
		i += bits.TrailingZeros64(stops) / 8 // the first is one, or white space
		if octets[s[i]]&inText != 0 {
			return i
		}
		i -= 7 // go on behind it
	}
	for i < len(s) && octets[s[i]]&inText == 0 {
		i++
	}
	return i
}

// badChar returns the offset of the first octet in s that no XML document may
// hold; -1 when there is none. s is known to be UTF-8 without U+FFFE, U+FFFF.
func badChar(s string) int {
	for i := range len(s) {
		if octets[s[i]]&control != 0 {
			return i
		}
	}
	return -1
}

// appendLineEnds normalises line ends (XML 1.0 §2.11).
func appendLineEnds(dst []byte, s string) []byte {
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c == '\r' {
			if i+1 < len(s) && s[i+1] == '\n' {
				continue
			}
			c = '\n'
		}
		dst = append(dst, c)
	}
	return dst
}
