package smtp

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"

	"github.com/certmail/certmail/transport"
)

// checkEnvelope looks at what is written into MAIL FROM and RCPT TO.
func checkEnvelope(m *transport.Message) error {
	if m == nil || m.Source == nil || m.Size <= 0 {
		return fmt.Errorf("%w: it is empty", ErrMessage)
	}
	if why := faultyAddress(m.From); why != "" {
		return fmt.Errorf("sender: %w: %s", ErrAddress, why)
	}
	if len(m.To) == 0 {
		return fmt.Errorf("recipients: %w: there is none", ErrAddress)
	}
	for i, a := range m.To {
		if why := faultyAddress(a); why != "" {
			return fmt.Errorf("recipient %d: %w: %s", i+1, ErrAddress, why)
		}
	}
	return nil
}

// maxAddress is a path of RFC 5321 §4.5.3.1.3 without its brackets.
const maxAddress = 254

// faultyAddress says why an address cannot be written into a command.
func faultyAddress(a string) string {
	at := strings.LastIndexByte(a, '@')
	switch {
	case a == "":
		return "it is empty"
	case len(a) > maxAddress:
		return fmt.Sprintf("%d bytes, more than %d", len(a), maxAddress)
	case unprintable(a):
		return fmt.Sprintf("%q has spaces, control characters or other than ASCII", a)
	case strings.ContainsAny(a, "<>"):
		return fmt.Sprintf("%q has angle brackets", a)
	case at <= 0 || at == len(a)-1:
		return fmt.Sprintf("%q is not local@domain", a)
	}
	return ""
}

// form looks at a message as it passes: only what SMTP carries byte for byte
// (RFC 5321 §2.3.8) may pass.
type form struct {
	offset   int64
	last     byte
	eightBit bool
}

// see looks at the next bytes.
func (f *form) see(p []byte) error {
	if len(p) == 0 {
		return nil
	}
	if i := bytes.IndexByte(p, 0); i >= 0 {
		return fmt.Errorf("%w: byte %d is NUL", ErrMessage, f.offset+int64(i))
	}
	if f.last == '\r' && p[0] != '\n' {
		return fmt.Errorf("%w: byte %d is a CR without LF", ErrMessage, f.offset-1)
	}
	pairs := 0
	for rest := p; ; {
		i := bytes.IndexByte(rest, '\n')
		if i < 0 {
			break
		}
		at := len(p) - len(rest) + i
		switch {
		case at > 0 && p[at-1] == '\r':
			pairs++
		case at == 0 && f.last == '\r':
		default:
			return fmt.Errorf("%w: byte %d is a LF without CR", ErrMessage, f.offset+int64(at))
		}
		rest = rest[i+1:]
	}
	f.last = p[len(p)-1]
	if f.last == '\r' {
		pairs++ // the next byte will tell
	}
	if bytes.Count(p, []byte{'\r'}) != pairs {
		return f.loneCR(p)
	}
	f.eightBit = f.eightBit || hasEightBit(p)
	f.offset += int64(len(p))
	return nil
}

func (f *form) loneCR(p []byte) error {
	for i := 0; i+1 < len(p); i++ {
		if p[i] == '\r' && p[i+1] != '\n' {
			return fmt.Errorf("%w: byte %d is a CR without LF", ErrMessage, f.offset+int64(i))
		}
	}
	return fmt.Errorf("%w: a CR without LF", ErrMessage)
}

// end looks at the end: without a CRLF there, SMTP would add one.
func (f *form) end() error {
	if f.last != '\n' {
		return fmt.Errorf("%w: it does not end in CRLF", ErrMessage)
	}
	return nil
}

func hasEightBit(p []byte) bool {
	for ; len(p) >= 8; p = p[8:] {
		if binary.LittleEndian.Uint64(p)&0x8080808080808080 != 0 {
			return true
		}
	}
	for _, b := range p {
		if b >= 0x80 {
			return true
		}
	}
	return false
}

// errSource is wrapped by what is wrong with the message while it is read.
type errSource struct{ error }

func (e errSource) Unwrap() error { return e.error }

var blocks = sync.Pool{New: func() any { return new([32 << 10]byte) }}

// pass reads the message once, looks at it, and hands it to the writer, which
// may be nil. What is wrong with the message itself is an errSource.
func pass(m *transport.Message, w io.Writer) (f form, err error) {
	block := blocks.Get().(*[32 << 10]byte)
	defer blocks.Put(block)
	for f.offset < m.Size {
		p := block[:min(int64(len(block)), m.Size-f.offset)]
		n, err := m.Source.ReadAt(p, f.offset)
		if n < len(p) {
			if err == nil || errors.Is(err, io.EOF) {
				err = io.ErrUnexpectedEOF
			}
			return f, errSource{fmt.Errorf("message: byte %d of %d: %w", f.offset+int64(n), m.Size, err)}
		}
		if err := f.see(p); err != nil {
			return f, errSource{err}
		}
		if w != nil {
			if _, err := w.Write(p); err != nil {
				return f, err
			}
		}
	}
	if err := f.end(); err != nil {
		return f, errSource{err}
	}
	return f, nil
}
