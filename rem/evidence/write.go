package evidence

import (
	"encoding/base64"
	"strconv"
	"strings"
	"unicode/utf8"
)

// writer appends XML. Names are constants of this package; values are escaped.
type writer struct {
	buf   []byte
	depth int
	err   error
}

func (w *writer) fail(err error) {
	if w.err == nil {
		w.err = err
	}
}

func (w *writer) raw(s string) { w.buf = append(w.buf, s...) }

func (w *writer) line() {
	w.raw("\n")
	for range w.depth {
		w.raw("  ")
	}
}

// start opens a tag that attributes may follow; body ends it.
func (w *writer) start(name string) {
	w.line()
	w.raw("<")
	w.raw(name)
}

func (w *writer) attr(name, value string) {
	w.raw(" ")
	w.raw(name)
	w.raw(`="`)
	w.escape(name, value, true)
	w.raw(`"`)
}

func (w *writer) body() {
	w.raw(">")
	w.depth++
}

func (w *writer) open(name string) {
	w.start(name)
	w.body()
}

func (w *writer) close(name string) {
	w.depth--
	w.line()
	w.end(name)
}

func (w *writer) end(name string) {
	w.raw("</")
	w.raw(name)
	w.raw(">")
}

// leaf writes an element with text.
func (w *writer) leaf(name, text string) {
	w.start(name)
	w.value(name, text)
}

// value ends an open tag with text and its end tag.
func (w *writer) value(name, text string) {
	w.raw(">")
	w.escape(name, text, false)
	w.end(name)
}

// given writes a leaf unless it is empty.
func (w *writer) given(name, text string) {
	if text != "" {
		w.leaf(name, text)
	}
}

func (w *writer) number(name string, n int) { w.leaf(name, strconv.Itoa(n)) }

func (w *writer) base64(name string, data []byte) {
	w.start(name)
	w.raw(">")
	w.buf = base64.StdEncoding.AppendEncode(w.buf, data)
	w.end(name)
}

// escape appends character data. What the reader would normalise is written as
// a character reference.
func (w *writer) escape(where, s string, attribute bool) {
	from := 0
	put := func(i, size int, as string) {
		w.buf = append(w.buf, s[from:i]...)
		w.raw(as)
		from = i + size
	}
	for i := 0; i < len(s); {
		c := s[i]
		if c >= utf8.RuneSelf {
			r, size := utf8.DecodeRuneInString(s[i:])
			if r == utf8.RuneError && size == 1 || r == '\uFFFE' || r == '\uFFFF' {
				w.fail(&TextError{Where: where})
				return
			}
			i += size
			continue
		}
		switch {
		case c == '&':
			put(i, 1, "&amp;")
		case c == '<':
			put(i, 1, "&lt;")
		case c == '>':
			put(i, 1, "&gt;")
		case c == '"' && attribute:
			put(i, 1, "&quot;")
		case c == '\r':
			put(i, 1, "&#13;")
		case c == '\t' && attribute:
			put(i, 1, "&#9;")
		case c == '\n' && attribute:
			put(i, 1, "&#10;")
		case c < ' ' && c != '\t' && c != '\n':
			w.fail(&TextError{Where: where})
			return
		}
		i++
	}
	w.buf = append(w.buf, s[from:]...)
}

// name accepts what a name may hold in ASCII; other characters are left to the
// reader that sees the result.
func (w *writer) name(s string) bool {
	for i := range len(s) {
		c := s[i]
		letter := c|0x20 >= 'a' && c|0x20 <= 'z' || c == '_' || c >= utf8.RuneSelf
		if !letter && (i == 0 || !(c >= '0' && c <= '9' || c == '-' || c == '.')) {
			w.fail(&TextError{Where: "a name in raw XML"})
			return false
		}
	}
	if s == "" || strings.EqualFold(s, "xmlns") {
		w.fail(&TextError{Where: "a name in raw XML"})
		return false
	}
	return true
}
