package receipt

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"hash"
	"io"
	"slices"

	"github.com/certmail/certmail/envelope"
)

// A BodyHash takes the digest of what a message says: the one thing that the
// sender's copy and the original inside a receipt or transport envelope
// (postacert.eml) must have in common. Write the bytes of one message to it,
// then ask for the Digest.
//
// What counts is every byte behind the top header block and, of that header,
// what gives those bytes their meaning: Content-Type, Content-Transfer-Encoding,
// Content-Disposition and MIME-Version, and any line that is no field, since
// other programs take it for the beginning of the body. Part headers, preamble
// and epilogue are behind the top header, so they count as they stand.
//
// What providers, servers and mailboxes change does not count:
//
//   - all other fields of the top header, in any number and order: providers add
//     Received and fields of their own, replace the Message-ID by their
//     identifier and add X-Riferimento-Message-ID (RFC 6109 §2.2.1);
//   - how those four are written: case where none is significant, folding,
//     quotes, the order of the parameters, comments behind MIME-Version. A field
//     that is missing is the same as its default (RFC 2045 §5.2, §6.1): text/plain
//     in us-ascii, no encoding, inline, version 1.0. "7bit", "8bit" and "binary"
//     all mean that nothing is encoded;
//   - line ends: LF, CR LF, and CR CR LF of mail that was converted twice. A CR
//     inside a line is text;
//   - line ends at the very end, however many;
//   - the ">" that mailboxes and some servers put before lines that begin with
//     "From " (RFC 4155), however many.
//
// Anything else makes another content: one letter, a renamed attachment, another
// charset, but also text that was encoded or wrapped anew, or a boundary that a
// mail program made up again for its own copy. Nobody in certified mail may do
// that to a message on its way (RFC 6109 §3.3.2.2), and the sender is to keep
// what was submitted. The Subject, the addresses and the Date are not content:
// the provider certifies its own reading of the first two.
type BodyHash struct {
	sum    hash.Hash
	header []byte // the top header block as far as it was written
	line   int    // where its last line begins
	inBody bool
	body   bodyLines
}

// maxBodyHeader is how much of a header is looked at, in bytes: more than any
// reader of this module takes by default.
const maxBodyHeader = 16 << 20

// NewBodyHash returns a BodyHash for one message.
func NewBodyHash() *BodyHash { return &BodyHash{sum: sha256.New()} }

// Write takes in the next bytes of the message. It fails for a top header of
// more than 16 MiB, with [envelope.ErrTooLarge].
func (h *BodyHash) Write(p []byte) (int, error) {
	total := len(p)
	for !h.inBody && len(p) > 0 {
		end := bytes.IndexByte(p, '\n') + 1
		if end == 0 {
			end = len(p)
		}
		if len(h.header)+end > maxBodyHeader {
			return 0, fmt.Errorf("receipt: digest of the body: header: %w", envelope.ErrTooLarge)
		}
		h.header = append(h.header, p[:end]...)
		p = p[end:]
		if h.header[len(h.header)-1] != '\n' {
			break
		}
		if len(bytes.TrimRight(h.header[h.line:], "\r\n")) == 0 {
			h.header = h.header[:h.line]
			h.begin()
		}
		h.line = len(h.header)
	}
	if h.inBody {
		h.body.write(h.sum, p)
	}
	return total, nil
}

// begin ends the header.
func (h *BodyHash) begin() {
	h.sum.Write(appendMeaning([]byte("certmail body 1\n"), h.header))
	h.header, h.inBody = nil, true
	h.body.atStart = true
}

// Digest returns the digest. The message ends with it: write no more.
func (h *BodyHash) Digest() (d Digest) {
	if !h.inBody {
		h.begin()
	}
	h.body.end(h.sum)
	h.sum.Sum(d[:0])
	return d
}

// BodyDigest reads a message to its end and returns the digest that a
// [BodyHash] takes of it, for [Sent] and [Proof].
func BodyDigest(message io.Reader) (Digest, error) {
	h := NewBodyHash()
	if _, err := io.Copy(h, struct{ io.Reader }{message}); err != nil {
		return Digest{}, err
	}
	return h.Digest(), nil
}

// bodyLines writes a body with CR LF line ends, without those at its end and
// without the ">" before "From ".
type bodyLines struct {
	atStart bool // of a line
	inQuote bool // the line began with ">", and it is not decided what for
	quotes  int  // how many ">" are held back
	from    int  // how much of "From " came after them
	crs     int  // CRs held back: of a line end perhaps
	ends    int  // line ends held back: the last ones perhaps
	out     []byte
}

const fromLine = "From "

func (b *bodyLines) write(w io.Writer, p []byte) {
	b.out = slices.Grow(b.out, len(p)+len(p)/64)
	for len(p) > 0 {
		if b.inQuote || b.atStart && p[0] == '>' && b.crs == 0 {
			p = b.quote(w, p)
			continue
		}
		i := bytes.IndexByte(p, '\n')
		line := p
		if i >= 0 {
			line = p[:i]
		}
		text := len(bytes.TrimRight(line, "\r"))
		if text > 0 {
			b.text(w, line[:text])
		}
		b.crs += len(line) - text
		if i < 0 {
			break
		}
		b.crs, b.atStart = 0, true
		b.ends++
		p = p[i+1:]
	}
	b.flush(w)
}

// text writes bytes of a line, after what was held back.
func (b *bodyLines) text(w io.Writer, p []byte) {
	if b.ends > 0 || b.crs > 0 {
		b.held(w)
	}
	b.atStart = false
	b.out = append(b.out, p...)
}

func (b *bodyLines) held(w io.Writer) {
	b.repeat(w, "\r\n", b.ends)
	b.repeat(w, "\r", b.crs)
	b.ends, b.crs = 0, 0
}

// repeat writes n times s, of which there may be more than fit into memory.
func (b *bodyLines) repeat(w io.Writer, s string, n int) {
	const room = 64 << 10
	for range n {
		b.out = append(b.out, s...)
		if len(b.out) >= room {
			b.flush(w)
		}
	}
}

func (b *bodyLines) flush(w io.Writer) {
	if len(b.out) > 0 {
		_, _ = w.Write(b.out) // a hash never fails
		b.out = b.out[:0]
	}
}

// quote looks at a line that begins with ">" and returns what follows the part
// that decides.
func (b *bodyLines) quote(w io.Writer, p []byte) []byte {
	b.inQuote = true
	for i, c := range p {
		switch {
		case c == '>' && b.from == 0:
			b.quotes++
			continue
		case c == fromLine[b.from]:
			if b.from++; b.from < len(fromLine) {
				continue
			}
			b.quotes = 0
			b.unquoted(w)
			return p[i+1:]
		}
		b.unquoted(w)
		return p[i:]
	}
	return nil
}

// unquoted writes what of the beginning of a line was held back.
func (b *bodyLines) unquoted(w io.Writer) {
	quotes, from := b.quotes, b.from
	b.inQuote, b.quotes, b.from = false, 0, 0
	b.text(w, nil)
	b.repeat(w, ">", quotes)
	b.out = append(b.out, fromLine[:from]...)
}

// end writes what is still held back, but for line ends.
func (b *bodyLines) end(w io.Writer) {
	if b.inQuote {
		b.unquoted(w)
	}
	b.flush(w)
}
