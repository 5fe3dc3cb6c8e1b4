package imap

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"regexp"
	"sync"
	"time"
)

var (
	errUnexpectedEOF = io.ErrUnexpectedEOF
	errFlood         = errors.New("server sends more than was asked for")
)

// flood bounds what a server may send for a command, message bytes aside.
const flood = 64 << 20

// wire is the connection below imapclient. It has its own idea of time (the
// library's is fixed, and counts how slowly a message is read here), bounds
// what the library must hold in memory, and knows why the connection ended.
type wire struct {
	net.Conn // with TLS
	raw      net.Conn
	timeout  time.Duration
	greeting []byte // to be read first, when it was read already

	mu      sync.Mutex
	waiting bool // it is the server's turn
	budget  int64
	err     error
}

// turn says whether an answer is due.
func (w *wire) turn(servers bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.waiting = servers
	w.deadline()
}

func (w *wire) deadline() {
	if w.waiting {
		_ = w.Conn.SetReadDeadline(time.Now().Add(w.timeout))
	} else {
		_ = w.Conn.SetReadDeadline(time.Time{})
	}
}

// allow bounds what may come from now on.
func (w *wire) allow(n int64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.budget = n
}

// SetReadDeadline, SetWriteDeadline and SetDeadline are for imapclient, and do
// nothing.
func (w *wire) SetReadDeadline(time.Time) error  { return nil }
func (w *wire) SetWriteDeadline(time.Time) error { return nil }
func (w *wire) SetDeadline(time.Time) error      { return nil }

func (w *wire) Read(p []byte) (int, error) {
	if len(w.greeting) > 0 {
		n := copy(p, w.greeting)
		w.greeting = w.greeting[n:]
		return n, nil
	}
	w.mu.Lock()
	w.deadline()
	w.mu.Unlock()
	n, err := w.Conn.Read(p)
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.budget -= int64(n); w.budget < 0 {
		n, err = 0, errFlood
	}
	return n, w.note(err)
}

// bareExpunge is what imapclient would fall back to where a server's
// capabilities change under its hands. It removes what others marked.
var bareExpunge = regexp.MustCompile(`^T[0-9]+ (EXPUNGE|CLOSE)\r\n`)

func (w *wire) Write(p []byte) (int, error) {
	if len(p) < 64 && bareExpunge.Match(bytes.ToUpper(p)) {
		_ = w.abort(errors.New("plain EXPUNGE is not allowed"))
		return 0, net.ErrClosed
	}
	_ = w.Conn.SetWriteDeadline(time.Now().Add(w.timeout))
	n, err := w.Conn.Write(p)
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.waiting {
		w.deadline()
	}
	return n, w.note(err)
}

// note keeps the first error.
func (w *wire) note(err error) error {
	if err != nil && w.err == nil {
		w.err = err
	}
	return err
}

// abort ends the connection at once, without a goodbye that could block.
func (w *wire) abort(err error) error {
	w.mu.Lock()
	_ = w.note(err)
	w.mu.Unlock()
	return w.raw.Close()
}

// Close is for imapclient.
func (w *wire) Close() error { return w.raw.Close() }

// cause is why the connection ended, nil while it is up.
func (w *wire) cause() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case w.err == nil:
		return nil
	case errors.Is(w.err, os.ErrDeadlineExceeded):
		return fmt.Errorf("no answer for %v: %w", w.timeout, w.err)
	case errors.Is(w.err, io.EOF):
		return fmt.Errorf("server hung up: %w", errUnexpectedEOF)
	}
	return fmt.Errorf("connection lost: %w", w.err)
}
