package maildir

import (
	"bytes"
	"io"
)

// crlf makes CRLF of every LF that has no CR before it.
type crlf struct {
	file
	buf  []byte
	data []byte // of buf, not yet given
	last byte   // the byte given last
	lf   bool   // an LF is due, its CR was given
	err  error
}

func newCRLF(f file) *crlf { return &crlf{file: f, buf: make([]byte, 32<<10)} }

func (c *crlf) Read(p []byte) (n int, err error) {
	for n < len(p) {
		switch {
		case c.lf:
			p[n], c.last, c.lf = '\n', '\n', false
			n++
			continue
		case len(c.data) == 0:
			if n > 0 || c.err != nil {
				return n, c.take(n)
			}
			var read int
			read, c.err = c.file.Read(c.buf)
			c.data = c.buf[:read]
			continue
		}
		if c.data[0] == '\n' {
			c.data = c.data[1:]
			if c.last != '\r' {
				p[n] = '\r'
				n++
			}
			c.lf = true
			continue
		}
		run := c.data
		if i := bytes.IndexByte(run, '\n'); i >= 0 {
			run = run[:i]
		}
		copied := copy(p[n:], run)
		c.last = run[copied-1]
		c.data = c.data[copied:]
		n += copied
	}
	return n, nil
}

// take returns the error of the file when there is nothing before it.
func (c *crlf) take(n int) error {
	if n > 0 {
		return nil
	}
	return c.err
}

// sizeCRLF reads a file to know how long it is with CRLF.
func (f *folder) sizeCRLF(path string) (int64, error) {
	r, err := f.read(path)
	if err != nil {
		return 0, err
	}
	defer r.Close()
	return io.Copy(io.Discard, r)
}
