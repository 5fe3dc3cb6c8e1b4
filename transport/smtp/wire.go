package smtp

import (
	"bytes"
	"fmt"
	"net"
	"time"
)

// maxReply bounds an answer in bytes, with all its lines. RFC 5321 §4.5.3.1.5
// allows 512 for a line.
const maxReply = 64 << 10

// wire is the connection as go-smtp sees it. It sets the deadlines itself, so
// that one holds for a whole answer and not for each piece of it, bounds the
// answers, hands on whole lines only (net/textproto takes what a broken line
// left for a complete answer), and knows when the final dot has left.
type wire struct {
	net.Conn
	// lines are to be read, rest is the beginning of the next.
	lines, rest []byte
	heard       int
	// block is how long each write may take; 0 outside DATA.
	block time.Duration
	// ending says that the final dot is all that is still to be written, gone
	// that it was: go-smtp reads only after it has written everything.
	ending, gone bool
	answer       time.Duration
}

// whole makes a connection that took everything not complain: whoever has all
// the bytes may have delivered them.
type whole struct{ net.Conn }

func (w whole) Write(p []byte) (int, error) {
	n, err := w.Conn.Write(p)
	if n == len(p) {
		err = nil
	}
	return n, err
}

func (w *wire) Read(p []byte) (int, error) {
	if w.ending && !w.gone {
		w.gone, w.block = true, 0
		w.limit(w.answer)
	}
	for len(w.lines) == 0 {
		if w.heard >= maxReply {
			return 0, fmt.Errorf("%w: more than %d bytes", ErrReply, maxReply)
		}
		n, err := w.Conn.Read(p[:min(len(p), maxReply-w.heard)])
		w.heard += n
		w.take(p[:n])
		if err != nil && len(w.lines) == 0 {
			return 0, err
		}
	}
	n := copy(p, w.lines)
	w.lines = w.lines[n:]
	return n, nil
}

// take sorts what was read into whole lines and a rest. A line that is a code
// alone is one of SMTP, and none for net/textproto: it gets its space.
func (w *wire) take(p []byte) {
	for {
		i := bytes.IndexByte(p, '\n')
		if i < 0 {
			w.rest = append(w.rest, p...)
			return
		}
		w.rest = append(w.rest, p[:i+1]...)
		if len(w.rest) == len("250\r\n") && w.rest[3] == '\r' {
			w.rest = append(w.rest[:3], " \r\n"...)
		}
		w.lines = append(w.lines, w.rest...)
		w.rest, p = w.rest[:0], p[i+1:]
	}
}

func (w *wire) Write(p []byte) (int, error) {
	w.heard = 0
	if w.block > 0 {
		w.limit(w.block)
	}
	return w.Conn.Write(p)
}

// limit bounds what comes next in time.
func (w *wire) limit(d time.Duration) { _ = w.Conn.SetDeadline(time.Now().Add(d)) }

// The library's own deadlines do not count.

func (w *wire) SetDeadline(time.Time) error      { return nil }
func (w *wire) SetReadDeadline(time.Time) error  { return nil }
func (w *wire) SetWriteDeadline(time.Time) error { return nil }
