package envelope

import (
	"bytes"
	"io"
)

// LineEnds says how line ends are treated when the signed part is digested.
type LineEnds int

const (
	// CanonicalLineEnds turns each bare LF into CR LF, which is what RFC 8551
	// §3.1.1 has signed: mail stored with LF verifies, as all does that is
	// stored as it travelled.
	CanonicalLineEnds LineEnds = iota
	// CollapsedLineEnds also turns any run of CR before an LF into one: mail
	// that a program has converted twice.
	CollapsedLineEnds
	// RawLineEnds takes the bytes as they are: signers that did not
	// canonicalise.
	RawLineEnds
)

func (l LineEnds) String() string {
	return [...]string{"canonical", "collapsed", "as stored"}[l]
}

// appendCanonical appends src to dst with each bare LF turned into CR LF.
// src must not begin with the LF of a CR that came before it.
func appendCanonical(dst, src []byte) []byte {
	for len(src) > 0 {
		i := bytes.IndexByte(src, '\n')
		if i < 0 {
			return append(dst, src...)
		}
		if i > 0 && src[i-1] == '\r' {
			dst = append(dst, src[:i+1]...)
		} else {
			dst = append(append(dst, src[:i]...), '\r', '\n')
		}
		src = src[i+1:]
	}
	return dst
}

// lineEndWriter rewrites line ends on the way to w. Close writes what was
// held back; it does not close w.
type lineEndWriter struct {
	w     io.Writer
	mode  LineEnds
	held  int // CRs held back at the end of the last write
	out   []byte
	crlf  [2]byte
	wrote int64
}

func newLineEndWriter(w io.Writer, mode LineEnds) *lineEndWriter {
	return &lineEndWriter{w: w, mode: mode, crlf: [2]byte{'\r', '\n'}}
}

func (c *lineEndWriter) Write(p []byte) (int, error) {
	if c.mode == RawLineEnds {
		c.wrote += int64(len(p))
		return c.w.Write(p)
	}
	total := len(p)
	c.out = c.out[:0]
	for len(p) > 0 {
		i := bytes.IndexByte(p, '\n')
		line := p
		if i >= 0 {
			line = p[:i]
		}
		text := len(bytes.TrimRight(line, "\r"))
		if text > 0 {
			c.flushHeld()
			c.out = append(c.out, line[:text]...)
		}
		c.held += len(line) - text
		if i < 0 {
			break
		}
		if c.mode == CanonicalLineEnds && c.held > 1 {
			c.held--
			c.flushHeld()
		}
		c.held = 0
		c.out = append(c.out, c.crlf[:]...)
		p = p[i+1:]
	}
	c.wrote += int64(len(c.out))
	if _, err := c.w.Write(c.out); err != nil {
		return 0, err
	}
	return total, nil
}

func (c *lineEndWriter) flushHeld() {
	for ; c.held > 0; c.held-- {
		c.out = append(c.out, '\r')
	}
}

func (c *lineEndWriter) Close() error {
	c.out = c.out[:0]
	if c.mode == CollapsedLineEnds {
		c.held = 0 // they belong to the line end before the delimiter
	}
	c.flushHeld()
	c.wrote += int64(len(c.out))
	_, err := c.w.Write(c.out)
	return err
}

// copyThrough copies with a borrowed buffer.
func copyThrough(dst io.Writer, src io.Reader) error {
	window := windows.Get().(*[]byte)
	defer windows.Put(window)
	_, err := io.CopyBuffer(struct{ io.Writer }{dst}, struct{ io.Reader }{src}, *window)
	return err
}
