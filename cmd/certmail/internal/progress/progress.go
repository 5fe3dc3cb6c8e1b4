// Package progress draws a line of progress on a terminal when work takes long.
package progress

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"
)

const (
	patience = time.Second            // nothing is drawn before
	pace     = 100 * time.Millisecond // nor more often
	width    = 30
)

// Bar counts work done. A nil Bar draws nothing. It is for one goroutine.
type Bar struct {
	w     io.Writer
	label string
	total int
	done  int
	now   func() time.Time
	start time.Time
	drawn time.Time
}

// New makes a bar on f, usually standard error, or nil when f is no terminal.
// total is how much there is to do, 0 when it is not known.
func New(f *os.File, label string, total int) *Bar {
	info, err := f.Stat()
	if err != nil || info.Mode()&os.ModeCharDevice == 0 || os.Getenv("TERM") == "dumb" {
		return nil
	}
	return newBar(f, label, total, time.Now)
}

func newBar(w io.Writer, label string, total int, now func() time.Time) *Bar {
	return &Bar{w: w, label: label, total: total, now: now, start: now()}
}

// Set says how much is done and how much there is; a total of 0 means unknown.
func (b *Bar) Set(done, total int) {
	if b == nil {
		return
	}
	b.done, b.total = done, total
	b.draw()
}

// Add says that n more are done.
func (b *Bar) Add(n int) {
	if b != nil {
		b.Set(b.done+n, b.total)
	}
}

// Clear wipes the line, so that other output can follow. The bar can go on.
func (b *Bar) Clear() {
	if b == nil || b.drawn.IsZero() {
		return
	}
	b.drawn = time.Time{}
	fmt.Fprint(b.w, "\r\x1b[K")
}

func (b *Bar) draw() {
	now := b.now()
	if now.Sub(b.start) < patience || now.Sub(b.drawn) < pace && b.done != b.total {
		return
	}
	b.drawn = now
	if b.total <= 0 {
		fmt.Fprintf(b.w, "\r\x1b[K%s %d", b.label, b.done)
		return
	}
	done := min(max(b.done, 0), b.total)
	full := int(int64(done) * width / int64(b.total))
	fmt.Fprintf(b.w, "\r\x1b[K%s [%s%s] %d/%d", b.label, strings.Repeat("#", full), strings.Repeat(".", width-full), done, b.total)
}
