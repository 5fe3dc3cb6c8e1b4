package xmltree

import (
	"strings"
	"unicode/utf8"
)

// resolve reads the reference at the start of s, which starts with "&"; size is
// 0 when it is none that XML allows without a document type declaration.
func resolve(s string) (r rune, size int) {
	end := strings.IndexByte(s, ';')
	if end < 0 {
		return 0, 0
	}
	switch name := s[1:end]; name {
	case "lt":
		return '<', end + 1
	case "gt":
		return '>', end + 1
	case "amp":
		return '&', end + 1
	case "quot":
		return '"', end + 1
	case "apos":
		return '\'', end + 1
	default:
		if r := characterNumber(name); r >= 0 {
			return r, end + 1
		}
	}
	return 0, 0
}

// characterNumber reads "#10" or "#xA"; -1 for anything else and for what is no
// XML character.
func characterNumber(s string) rune {
	if len(s) < 2 || s[0] != '#' {
		return -1
	}
	digits, base := s[1:], rune(10)
	if digits[0] == 'x' {
		digits, base = digits[1:], 16
	}
	if digits == "" {
		return -1
	}
	var r rune
	for i := range len(digits) {
		c := rune(digits[i])
		switch {
		case c >= '0' && c <= '9':
			c -= '0'
		case base == 16 && c >= 'a' && c <= 'f':
			c -= 'a' - 10
		case base == 16 && c >= 'A' && c <= 'F':
			c -= 'A' - 10
		default:
			return -1
		}
		if r = r*base + c; r > utf8.MaxRune {
			return -1
		}
	}
	if !isChar(r) {
		return -1
	}
	return r
}

// Text returns the element's own character data in one piece: references
// resolved, CDATA sections taken in, line ends normalised; comments, processing
// instructions and child elements left out. "a<!-- -->b" is "ab": Remarks tells.
func (e *Element) Text() string {
	src := e.doc.src
	if !e.rough && e.first == nil {
		return src[e.inner:e.innerEnd]
	}
	var short [256]byte
	out := short[:0]
	if n := int(e.innerEnd - e.inner); n > len(short) && e.first == nil { // else most of it is theirs
		out = make([]byte, 0, n)
	}
	from := int(e.inner)
	for c := e.first; c != nil; c = c.next {
		out = appendText(out, src[from:c.Start], e.rough)
		from = c.End
	}
	return string(appendText(out, src[from:e.innerEnd], e.rough))
}

// appendText appends the character data of a stretch of content that has no
// elements in it.
func appendText(dst []byte, s string, rough bool) []byte {
	if !rough {
		return append(dst, s...)
	}
	for p := (pieces{s: s}); p.next(); {
		switch p.kind {
		case pieceText:
			if p.r >= 0 {
				dst = utf8.AppendRune(dst, p.r)
				break
			}
			dst = appendLineEnds(dst, p.text)
		case pieceCDATA:
			dst = appendLineEnds(dst, p.text)
		}
	}
	return dst
}

type pieceKind uint8

const (
	pieceText pieceKind = iota
	pieceCDATA
	pieceComment
	pieceInstruction
)

// pieces takes a stretch of well-formed content without elements apart. A
// reference is a text piece of its own, with r set.
type pieces struct {
	s    string
	kind pieceKind
	text string // what is inside the delimiters; of text, as in the source
	r    rune   // the character referred to, or -1
}

func (p *pieces) next() bool {
	s := p.s
	if s == "" {
		return false
	}
	p.kind, p.r = pieceText, -1
	switch {
	case s[0] == '&':
		r, size := resolve(s)
		p.r, p.text, p.s = r, s[:size], s[size:]
	case s[0] != '<':
		end := strings.IndexAny(s, "<&")
		if end < 0 {
			end = len(s)
		}
		p.text, p.s = s[:end], s[end:]
	case strings.HasPrefix(s, "<!--"):
		p.cut(pieceComment, "<!--", "-->")
	case strings.HasPrefix(s, "<?"):
		p.cut(pieceInstruction, "<?", "?>")
	default:
		p.cut(pieceCDATA, "<![CDATA[", "]]>")
	}
	return true
}

func (p *pieces) cut(kind pieceKind, open, end string) {
	p.kind = kind
	p.text, p.s, _ = strings.Cut(p.s[len(open):], end)
}

// Blank tells whether the element's own character data is white space only.
// Comments and processing instructions do not count; Remarks tells of them.
func (e *Element) Blank() bool {
	src := e.doc.src
	from := int(e.inner)
	for c := e.first; c != nil; c = c.next {
		if !blank(src[from:c.Start], e.rough) {
			return false
		}
		from = c.End
	}
	return blank(src[from:e.innerEnd], e.rough)
}

func blank(s string, rough bool) bool {
	if rough {
		s = string(appendText(nil, s, true))
	}
	for i := range len(s) {
		if octets[s[i]]&space == 0 {
			return false
		}
	}
	return true
}
