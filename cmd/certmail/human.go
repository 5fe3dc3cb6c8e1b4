package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Colours of the terminal.
const (
	bold   = "1"
	dim    = "2"
	red    = "31"
	green  = "32"
	yellow = "33"
)

// showsColour reports whether w is a terminal, and its user wants colours
// (https://no-color.org).
func showsColour(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok || os.Getenv("NO_COLOR") != "" || os.Getenv("TERM") == "dumb" {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// page writes for people: a title, then rows of a name and a value.
type page struct {
	w      io.Writer
	colour bool
}

func (a *app) page() *page { return &page{w: a.stdout, colour: a.colour} }

func (p *page) paint(style, s string) string {
	if !p.colour || s == "" {
		return s
	}
	return "\x1b[" + style + "m" + s + "\x1b[0m"
}

// line writes one line. What comes from messages must have passed plain.
func (p *page) line(parts ...string) { fmt.Fprintln(p.w, strings.Join(parts, "")) }

// nameWidth is the width of the names of rows, in columns.
const nameWidth = 34

// row writes a name and its values, one below the other; none writes nothing.
func (p *page) row(name string, values ...string) {
	for i, v := range values {
		if v = plain(v); v == "" && i == 0 {
			return
		}
		if i > 0 {
			name = ""
		}
		p.line("  ", p.paint(dim, pad(name, nameWidth)), " ", v)
	}
}

// text writes a paragraph, broken at spaces to the width of a page.
func (p *page) text(indent, s string) {
	const width = 96
	column := 0
	for word := range strings.FieldsSeq(plain(s)) {
		n := utf8.RuneCountInString(word)
		switch {
		case column == 0:
			fmt.Fprint(p.w, indent)
			column = len(indent)
		case column+1+n > width:
			fmt.Fprint(p.w, "\n", indent)
			column = len(indent)
		default:
			fmt.Fprint(p.w, " ")
			column++
		}
		fmt.Fprint(p.w, word)
		column += n
	}
	if column > 0 {
		fmt.Fprintln(p.w)
	}
}

func pad(s string, width int) string {
	if n := utf8.RuneCountInString(s); n < width {
		return s + strings.Repeat(" ", width-n)
	}
	return s
}

// plain makes text from a message safe to print: what would steer the terminal
// or turn the direction of reading shows as its code instead.
func plain(s string) string {
	if strings.IndexFunc(s, steers) < 0 && utf8.ValidString(s) {
		return s
	}
	var b strings.Builder
	for _, r := range strings.ToValidUTF8(s, "�") {
		switch {
		case r == '\n' || r == '\t' || r == '\r':
			b.WriteByte(' ')
		case steers(r):
			fmt.Fprintf(&b, "<U+%04X>", r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// steers reports control characters, line separators, and what changes the
// direction of text or is not seen at all.
func steers(r rune) bool {
	return unicode.IsControl(r) || unicode.Is(unicode.Zl, r) || unicode.Is(unicode.Zp, r) ||
		unicode.Is(unicode.Bidi_Control, r) || r == '\u200b' || r == '\u2060' || r == '\ufeff'
}

// title names a message.
func title(name string) string {
	if name == "-" {
		return "standard input"
	}
	return plain(name)
}

// when writes a time for people, in its own zone.
func when(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Format("2006-01-02 15:04:05 -07:00")
}

// size writes a number of bytes, grouped by thousands.
func size(n int64) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	if n == 1 {
		return s + " byte"
	}
	return s + " bytes"
}

// count writes a number of things.
func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
