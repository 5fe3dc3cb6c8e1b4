package envelope

import (
	"bufio"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"mime/quotedprintable"
	"slices"

	"github.com/certmail/certmail/internal/base64fast"
)

// Content returns a reader over the part's decoded body. Parts without a
// transfer encoding (7bit, 8bit, binary) are handed out byte for byte.
//
// White space and line ends inside base64 are ignored, and missing padding at
// its end; foreign bytes and anything behind the padding are an ErrEncoding.
func (p *Part) Content() (io.Reader, error) {
	if p.Header.Count("Content-Transfer-Encoding") > 1 {
		return nil, errorf("part", p.Entity.Start, ErrEncoding, "several Content-Transfer-Encoding fields")
	}
	switch p.Encoding() {
	case "", "7bit", "8bit", "binary":
		return p.Raw(), nil
	case "base64":
		return &encodingReader{base64.NewDecoder(base64.StdEncoding, newBase64Filter(p.Raw())), p.Body.Start}, nil
	case "quoted-printable":
		return &encodingReader{quotedprintable.NewReader(p.Raw()), p.Body.Start}, nil
	}
	return nil, errorf("part", p.Entity.Start, ErrEncoding, "Content-Transfer-Encoding %q, want 7bit, 8bit, binary, base64 or quoted-printable", clip(p.Encoding()))
}

// Bytes returns the decoded body, refusing with ErrTooLarge more than limit
// bytes.
func (p *Part) Bytes(limit int64) ([]byte, error) { return p.AppendBytes(nil, limit) }

// AppendBytes is Bytes into a slice of the caller's.
func (p *Part) AppendBytes(dst []byte, limit int64) ([]byte, error) {
	if p.keepDropped {
		return nil, errorf("part", p.Entity.Start, ErrTooLarge, "%d bytes in the message, more than is kept for verification", p.Body.Len())
	}
	if p.kept != nil && int64(len(p.kept)) <= limit && p.Header.Count("Content-Transfer-Encoding") == 1 && p.Encoding() == "base64" {
		if out, err := appendBase64(dst, p.kept); err == nil {
			return out, nil
		}
	}
	r, err := p.Content()
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err != nil {
		return nil, err
	}
	if int64(len(data)) > limit {
		return nil, errorf("part", p.Entity.Start, ErrTooLarge, "more than %d bytes", limit)
	}
	return append(dst, data...), nil
}

// appendBase64 decodes a kept body in one go: what is in regular lines at
// once, the end with the standard decoder, which skips line ends too. Whatever
// else there is is left to the tolerant reader.
func appendBase64(dst, src []byte) ([]byte, error) {
	start := len(dst)
	dst = slices.Grow(dst, base64.StdEncoding.DecodedLen(len(src)))
	out := dst[start:cap(dst)]
	n, rest := base64fast.Groups(out, src)
	m, err := base64.StdEncoding.Decode(out[n:], rest)
	return dst[:start+n+m], err
}

// encodingReader says where undecodable data stands.
type encodingReader struct {
	r     io.Reader
	start int64
}

func (e *encodingReader) Read(p []byte) (int, error) {
	n, err := e.r.Read(p)
	var corrupt base64.CorruptInputError
	switch {
	case err == nil || errors.Is(err, io.EOF):
	case errors.As(err, &corrupt), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, errBehindPadding):
		err = &Error{Where: "part", Offset: e.start, Err: fmt.Errorf("%w: %w", ErrEncoding, err)}
	}
	return n, err
}

// base64Filter drops white space, completes the last group, and refuses what
// stands behind the padding.
type base64Filter struct {
	r    *bufio.Reader
	seen int // characters so far, modulo 4
	pads int
	done bool
	// lenient ends at the padding without a word: what stands behind a
	// signature decides nothing.
	lenient bool
}

func newBase64Filter(r io.Reader) *base64Filter {
	return &base64Filter{r: bufio.NewReaderSize(r, 32<<10)}
}

func (f *base64Filter) Read(p []byte) (int, error) {
	n := 0
	for n < len(p) {
		if n > 0 && f.r.Buffered() == 0 {
			break
		}
		if k := f.plainRun(p[n:]); k > 0 {
			n += k
			continue
		}
		c, err := f.r.ReadByte()
		if errors.Is(err, io.EOF) && !f.done && f.seen > 1 {
			c, err = '=', nil
		}
		if err != nil {
			if n > 0 && errors.Is(err, io.EOF) {
				return n, nil
			}
			return n, err
		}
		switch {
		case c == ' ' || c == '\t' || c == '\r' || c == '\n':
			continue
		case f.done && f.lenient:
			return n, io.EOF
		case f.done:
			return n, errBehindPadding
		case c == '=':
			f.pads++
		}
		p[n] = c
		n++
		f.seen = (f.seen + 1) % 4
		f.done = f.pads > 0 && f.seen == 0
	}
	return n, nil
}

// plainRun takes over the characters of base64 that lie ready, up to the first
// byte that is none.
func (f *base64Filter) plainRun(p []byte) int {
	if f.pads > 0 {
		return 0
	}
	ready, _ := f.r.Peek(f.r.Buffered())
	ready = ready[:min(len(ready), len(p))]
	k := 0
	for k < len(ready) && base64fast.Is(ready[k]) {
		p[k] = ready[k]
		k++
	}
	_, _ = f.r.Discard(k)
	f.seen = (f.seen + k) % 4
	return k
}

var errBehindPadding = errors.New("data behind the padding")
