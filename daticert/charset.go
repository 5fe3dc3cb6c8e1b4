package daticert

import (
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// decode returns the document as UTF-8 without its byte order mark. The declared
// character set decides, then the byte order mark, then UTF-8, then windows-1252.
// A byte order mark and another declaration cannot both be true: such a
// document would not begin with '<', so the mark wins.
func decode(doc string, find func(code, detail string)) (string, error) {
	text, wide, err := decodeUTF16(doc)
	if err != nil {
		return "", err
	}
	if wide {
		find(FindingCharset, "UTF-16")
	}
	text, marked := strings.CutPrefix(text, "\uFEFF")
	if rest := strings.TrimLeft(text, " \t\r\n"); len(rest) < len(text) && strings.HasPrefix(rest, "<?xml") {
		find(FindingLeadingSpace, "white space before the XML declaration")
		text = rest
	}
	label := declaredCharset(text)
	name := strings.ToLower(label)
	if wide {
		if !strings.HasPrefix(name, "utf-16") && name != "iso-10646-ucs-2" && name != "" {
			find(FindingCharsetMismatch, "declared "+quote(label)+", is UTF-16")
		}
		return text, nil
	}
	table := singleByte(name)
	switch {
	case marked && table != nil && !isASCII(text):
		find(FindingCharsetMismatch, "declared "+quote(label)+", has the byte order mark of UTF-8")
	case table != nil:
		if !isASCII(text) {
			find(FindingCharset, label)
		}
		return table(text), nil
	case name == "us-ascii" || name == "ascii":
		if !isASCII(text) {
			find(FindingCharsetMismatch, "declared "+quote(label)+", has other characters")
		}
	case name != "" && name != "utf-8" && name != "utf8":
		find(FindingCharsetMismatch, "declared "+quote(label))
	}
	if utf8.ValidString(text) {
		return text, nil
	}
	find(FindingCharsetGuessed, "not UTF-8, read as windows-1252")
	return windows1252(text), nil
}

// decodeUTF16 recognises UTF-16 by its byte order mark or by "<" in two bytes.
func decodeUTF16(doc string) (text string, wide bool, err error) {
	big := false
	switch {
	case strings.HasPrefix(doc, "\xFE\xFF") || strings.HasPrefix(doc, "\x00<"):
		big = true
	case strings.HasPrefix(doc, "\xFF\xFE") || strings.HasPrefix(doc, "<\x00"):
	default:
		return doc, false, nil
	}
	bad := &Error{Kind: ErrNotXML, Detail: "not well-formed XML: broken UTF-16"}
	if len(doc)%2 != 0 {
		return "", true, bad
	}
	var b strings.Builder
	b.Grow(len(doc))
	unit := func(i int) rune {
		if big {
			return rune(doc[i])<<8 | rune(doc[i+1])
		}
		return rune(doc[i+1])<<8 | rune(doc[i])
	}
	for i := 0; i < len(doc); i += 2 {
		r := unit(i)
		if utf16.IsSurrogate(r) {
			i += 2
			if i == len(doc) {
				return "", true, bad
			}
			if r = utf16.DecodeRune(r, unit(i)); r == utf8.RuneError {
				return "", true, bad
			}
		}
		b.WriteRune(r)
	}
	return b.String(), true, nil
}

// declaredCharset returns the encoding of the XML declaration, as written.
func declaredCharset(text string) string {
	rest, ok := strings.CutPrefix(text, "<?xml")
	if !ok {
		return ""
	}
	end := strings.Index(rest, "?>")
	if end < 0 {
		return ""
	}
	_, rest, ok = strings.Cut(rest[:end], "encoding")
	if !ok {
		return ""
	}
	rest, ok = strings.CutPrefix(strings.TrimLeft(rest, " \t\r\n"), "=")
	rest = strings.TrimLeft(rest, " \t\r\n")
	if !ok || rest == "" || rest[0] != '"' && rest[0] != '\'' {
		return ""
	}
	label, _, ok := strings.Cut(rest[1:], rest[:1])
	if !ok {
		return ""
	}
	return strings.TrimSpace(label)
}

// singleByte returns the decoder of a one-byte character set, nil if it has none.
func singleByte(name string) func(string) string {
	switch name {
	case "iso-8859-1", "iso8859-1", "latin1", "l1":
		return latin1
	case "iso-8859-15", "iso8859-15", "latin-9", "latin9":
		return latin9
	case "windows-1252", "cp1252":
		return windows1252
	}
	return nil
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

func latin1(s string) string {
	return mapBytes(s, func(c byte) rune { return rune(c) })
}

// latin9 differs from Latin-1 in eight places.
func latin9(s string) string {
	return mapBytes(s, func(c byte) rune {
		switch c {
		case 0xA4:
			return '€'
		case 0xA6:
			return 'Š'
		case 0xA8:
			return 'š'
		case 0xB4:
			return 'Ž'
		case 0xB8:
			return 'ž'
		case 0xBC:
			return 'Œ'
		case 0xBD:
			return 'œ'
		case 0xBE:
			return 'Ÿ'
		}
		return rune(c)
	})
}

// windows1252 differs from Latin-1 from 0x80 to 0x9F. The five bytes that it does
// not assign stay control characters, as in the WHATWG encoding standard.
func windows1252(s string) string {
	return mapBytes(s, func(c byte) rune {
		if c >= 0x80 && c <= 0x9F {
			return cp1252[c-0x80]
		}
		return rune(c)
	})
}

var cp1252 = [32]rune{
	'€', 0x81, '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', 0x8D, 'Ž', 0x8F,
	0x90, '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', 0x9D, 'ž', 'Ÿ',
}

func mapBytes(s string, decode func(byte) rune) string {
	if isASCII(s) {
		return s
	}
	var b strings.Builder
	b.Grow(len(s) + len(s)/8)
	for i := range len(s) {
		b.WriteRune(decode(s[i]))
	}
	return b.String()
}
