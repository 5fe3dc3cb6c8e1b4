package report

import (
	"bufio"
	"embed"
	"errors"
	"fmt"
	"html/template"
	"io"
	"time"

	"github.com/certmail/certmail/internal/htmlpage"
	"github.com/certmail/certmail/receipt"
)

// A Page is what [WriteHTML] writes. The zero Page is a page without messages.
type Page struct {
	// Title is the heading; empty stands for a general one in the page's language.
	Title string
	// Generated is printed as the time the page was made at, in its own zone.
	// The zero time is not printed: equal pages then have equal bytes.
	Generated time.Time
	// Report is what the page shows; nil is a report without messages.
	Report *receipt.Report
	// Unreadable are files that could not be read, which might be proofs.
	Unreadable []Unreadable
	// Link returns the URL of a proof by its file name, which may be absolute
	// (file, http, https) or relative to the page; empty for no link. A URL with
	// another scheme, or one that a browser may read differently, is not linked.
	// When Link is nil the name itself, escaped, is the URL: that is right for
	// slash-separated names relative to the folder the page is put into.
	Link func(file string) string
	// Lang is the language, "it" or "en"; empty stands for "it". In both the
	// Italian legal terms are used or given beside.
	Lang string
	// Open writes all details expanded; else the reader expands them.
	Open bool
}

// An Unreadable is a file that could not be read, and why.
type Unreadable struct {
	File  string
	Error string
}

// ErrLanguage is wrapped by the error of [WriteHTML] for a language other than
// those of Page.Lang.
var ErrLanguage = errors.New("language is neither it nor en")

//go:embed page
var files embed.FS

// WriteHTML writes p as one self-contained HTML page in UTF-8. It writes
// message by message, so what it needs of memory does not grow with their
// number; p and all it holds are only read. An error is [ErrLanguage] before
// anything is written, or that of w.
func WriteHTML(w io.Writer, p *Page) error {
	if p == nil {
		p = &Page{}
	}
	t, err := languageOf(p.Lang)
	if err != nil {
		return err
	}
	templates, style, err := htmlpage.Load(files, nil)
	if err != nil {
		return fmt.Errorf("report: %w", err)
	}
	out := &writer{bufio.NewWriterSize(w, 64<<10), templates}
	if err := out.page(p, t, style); err != nil {
		return fmt.Errorf("report: %w", err)
	}
	if err := out.buf.Flush(); err != nil {
		return fmt.Errorf("report: %w", err)
	}
	return nil
}

// A writer executes the parts of the page one after the other.
type writer struct {
	buf       *bufio.Writer
	templates *template.Template
}

func (w *writer) part(name string, data any) error {
	return w.templates.ExecuteTemplate(w.buf, name, data)
}

func (w *writer) page(p *Page, t *language, style []byte) error {
	r := p.Report
	if r == nil {
		r = &receipt.Report{}
	}
	links := &linker{p.Link}
	if err := w.part("head", newFrame(p, r, t, style)); err != nil {
		return err
	}
	if len(r.Messages) > 0 {
		if err := w.part("messages", t); err != nil {
			return err
		}
		for i := range r.Messages {
			if err := w.part("message", newMessageView(i+1, &r.Messages[i], p.Open, t, links)); err != nil {
				return err
			}
		}
		if err := w.part("messages-end", nil); err != nil {
			return err
		}
	}
	if len(r.Orphans) > 0 {
		if err := w.part("orphans", t); err != nil {
			return err
		}
		for i := range r.Orphans {
			if err := w.part("orphan", newOrphanView(&r.Orphans[i], t, links)); err != nil {
				return err
			}
		}
		if err := w.part("list-end", nil); err != nil {
			return err
		}
	}
	if len(p.Unreadable) > 0 {
		if err := w.part("unreadable", t); err != nil {
			return err
		}
		for _, u := range p.Unreadable {
			if err := w.part("unreadable-file", newUnreadableView(u, links)); err != nil {
				return err
			}
		}
		if err := w.part("list-end", nil); err != nil {
			return err
		}
	}
	return w.part("foot", t)
}
