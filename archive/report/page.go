package report

import (
	"bufio"
	"embed"
	"fmt"
	"html/template"
	"io"
	"strings"
	"time"

	"github.com/certmail/certmail/internal/htmlpage"
)

// A Page is what [WriteHTML] writes.
type Page struct {
	// Examination is what the page is about; needed.
	Examination *Examination
	// Title is the heading; the subject of the message when empty.
	Title string
	// Generated is printed as the time the page was made at, in its own zone.
	// The zero time is not printed: equal pages then have equal bytes.
	Generated time.Time
	// Lang is the language, "it" or "en"; empty stands for "it". In both the
	// Italian legal terms are used or given beside.
	Lang string
}

//go:embed page
var files embed.FS

// WriteHTML writes p as one self-contained HTML page in UTF-8. An error is
// [ErrLanguage] before anything is written, or that of w.
func WriteHTML(w io.Writer, p *Page) error {
	t, err := wordsOf(p.Lang)
	if err != nil {
		return err
	}
	templates, style, err := htmlpage.Load(files, template.FuncMap{"pair": newPair, "lines": lines})
	if err != nil {
		return fmt.Errorf("report: %w", err)
	}
	v := newView(p, t)
	v.Policy, v.Style = htmlpage.Policy(style), template.CSS(style)
	out := bufio.NewWriterSize(w, 64<<10)
	if err := templates.ExecuteTemplate(out, "page", v); err != nil {
		return fmt.Errorf("report: %w", err)
	}
	if err := out.Flush(); err != nil {
		return fmt.Errorf("report: %w", err)
	}
	return nil
}

// pair gives a template the words beside what it is about.
type pair struct {
	T  *words
	Of any
}

// lines are the words of a command by lines, so that none is broken at a hyphen.
func lines(command string) (out [][]string) {
	for l := range strings.SplitSeq(command, "\n") {
		out = append(out, strings.Split(l, " "))
	}
	return out
}

func newPair(t *words, of any) pair { return pair{t, of} }
