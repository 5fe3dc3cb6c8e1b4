package pec

import (
	"fmt"
	"io"
	"strings"

	"github.com/emersion/go-message/charset"

	"github.com/certmail/certmail/envelope"
)

// Attachment is a file in a message.
type Attachment struct {
	// Name is as the sender wrote it, decoded. It may hold anything, path
	// separators too: never use it as a path.
	Name string
	// Type is the media type in lower case.
	Type string
	part *envelope.Part
}

// Open returns a reader over the decoded file.
func (a *Attachment) Open() (io.Reader, error) { return a.part.Content() }

// Part returns the MIME part behind the attachment.
func (a *Attachment) Part() *envelope.Part { return a.part }

// Digest reads the file and returns its size in bytes and its SHA-256 in
// hexadecimal.
func (a *Attachment) Digest() (size int64, sha256Hex string, err error) {
	r, err := a.Open()
	if err != nil {
		return 0, "", err
	}
	count := &countingReader{r: r}
	sha256Hex, err = digestOf(count)
	return count.n, sha256Hex, err
}

type countingReader struct {
	r io.Reader
	n int64
}

func (c *countingReader) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}

// Attachments returns the attachments of the message that was sent: those of
// the embedded original, or those of an ordinary mail. Receipts without an
// original have none.
func (m *Message) Attachments() ([]Attachment, error) {
	switch {
	case m.Envelope.Original != nil:
		// The parts refer to the message's own source, which stays open with it.
		src := m.Envelope.Original
		if e := src.Encoding(); e == "base64" || e == "quoted-printable" {
			return nil, fmt.Errorf("pec: attachments of a transfer-encoded original: open it with Original")
		}
		return attachmentsOf(src.Raw(), &m.opt.Envelope)
	case m.Kind == KindOrdinary:
		return attachmentsOf(m.Envelope.Source(), &m.opt.Envelope)
	}
	return nil, nil
}

func attachmentsOf(src *io.SectionReader, opt *envelope.Options) ([]Attachment, error) {
	root, _, err := envelope.Structure(src, opt)
	if err != nil {
		return nil, fmt.Errorf("pec: attachments: %w", err)
	}
	var all []Attachment
	root.Walk(func(p *envelope.Part) bool {
		if isAttachment(p) {
			all = append(all, Attachment{Name: p.Name(), Type: p.Type.Value, part: p})
		}
		return true
	})
	return all, nil
}

// isAttachment takes every leaf that has a name, says it is an attachment, or
// is neither text nor the signature of its author.
func isAttachment(p *envelope.Part) bool {
	if p.Type.IsMultipart() && len(p.Parts) > 0 {
		return false
	}
	d := p.Disposition()
	if p.Name() != "" || d.Value == "attachment" {
		return true
	}
	return !strings.HasPrefix(p.Type.Value, "text/") && !p.Type.IsMultipart()
}

// readableText finds the first plain text, else the first HTML.
func readableText(root *envelope.Part, limit int64) (string, error) {
	var plain, html *envelope.Part
	root.Walk(func(p *envelope.Part) bool {
		if p.Disposition().Value == "attachment" {
			return true
		}
		switch {
		case p.Type.Value == "text/plain" && plain == nil:
			plain = p
		case p.Type.Value == "text/html" && html == nil:
			html = p
		}
		return plain == nil
	})
	if plain == nil {
		plain = html
	}
	if plain == nil {
		return "", fmt.Errorf("pec: %w", ErrNoText)
	}
	r, err := plain.Content()
	if err != nil {
		return "", err
	}
	if name := plain.Type.Param("charset"); name != "" {
		if decoded, err := charset.Reader(name, r); err == nil {
			r = decoded
		}
	}
	text, err := io.ReadAll(io.LimitReader(r, limit))
	if err != nil {
		return "", err
	}
	return strings.ToValidUTF8(strings.ReplaceAll(string(text), "\r\n", "\n"), "�"), nil
}
