package rem

import (
	"crypto"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"

	"github.com/certmail/certmail/envelope"
)

// Original is the message that was sent, as a service carried it along: the
// one that its sender submitted with its Message-ID replaced (EN 319 532-4
// C.4.5.1 c). The signature covers its bytes, not the truth of what its author
// wrote.
type Original struct {
	*envelope.Message
	opt envelope.Options
}

// OpenOriginal opens the embedded original. Close it.
func (m *Message) OpenOriginal() (*Original, error) {
	p := m.Original
	if p == nil {
		return nil, fmt.Errorf("rem: %s: %w", m.Kind, ErrNoOriginal)
	}
	var e *envelope.Message
	var err error
	if encoded(p) {
		var r io.Reader
		if r, err = p.Content(); err == nil {
			e, err = envelope.Read(r, &m.opt.Envelope)
		}
	} else {
		raw := p.Raw()
		e, err = envelope.Open(raw, raw.Size(), &m.opt.Envelope)
	}
	if err != nil {
		return nil, fmt.Errorf("rem: original: %w", err)
	}
	return &Original{Message: e, opt: m.opt.Envelope}, nil
}

// originalHeader reads the header of the embedded original and no more.
func (m *Message) originalHeader() (*envelope.Header, error) {
	if !encoded(m.Original) {
		return envelope.ReadHeader(m.Original.Raw(), &m.opt.Envelope)
	}
	o, err := m.OpenOriginal()
	if err != nil {
		return nil, err
	}
	return o.Header, o.Close()
}

func encoded(p *envelope.Part) bool {
	e := p.Encoding()
	return e == envelope.Base64 || e == envelope.QuotedPrintable
}

// Subject returns its decoded subject.
func (o *Original) Subject() string { return o.Header.Text("Subject") }

// MessageID returns its Message-ID without angle brackets: inside a dispatch
// that is the MessageIdentifier.
func (o *Original) MessageID() string { return bare(o.Header.Get("Message-ID")) }

// UserAgentID returns the id that the sender's program gave it, without angle
// brackets.
func (o *Original) UserAgentID() string { return bare(o.Header.Get(headerUserAgentID)) }

// SHA256 returns the digest of its exact bytes in hexadecimal.
func (o *Original) SHA256() (string, error) {
	sum := sha256.New()
	if _, err := io.Copy(sum, o.Source()); err != nil {
		return "", fmt.Errorf("rem: digest: %w", err)
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

// Text returns its readable text, see Message.Text.
func (o *Original) Text(limit int64) (string, error) {
	root, _, err := envelope.Structure(o.Source(), &o.opt)
	if err != nil {
		return "", fmt.Errorf("rem: original: %w", err)
	}
	return root.Text(limit)
}

// Attachments returns its attachments.
func (o *Original) Attachments() ([]envelope.File, error) {
	root, _, err := envelope.Structure(o.Source(), &o.opt)
	if err != nil {
		return nil, fmt.Errorf("rem: attachments: %w", err)
	}
	return root.Files(), nil
}

// OriginalDigest returns the digest of the embedded original as evidence states
// it: over its bytes as they stand between the empty line behind the part's
// header and the line end before the delimiter (EN 319 532-3 §6.2.4.3). It is
// taken as a stream.
//
// Mail that a program stored with bare LF line ends has another digest than
// the one that was certified; canonical gives that of the form with CR LF.
func (m *Message) OriginalDigest(h crypto.Hash, canonical bool) ([]byte, error) {
	if m.Original == nil {
		return nil, fmt.Errorf("rem: %s: %w", m.Kind, ErrNoOriginal)
	}
	if !h.Available() {
		return nil, fmt.Errorf("rem: digest of the original: %v is not available", h)
	}
	src := io.Reader(m.Original.Raw())
	if encoded(m.Original) {
		var err error
		if src, err = m.Original.Content(); err != nil {
			return nil, fmt.Errorf("rem: digest of the original: %w", err)
		}
	}
	sum := h.New()
	var err error
	if canonical {
		_, err = envelope.WriteCanonical(sum, src)
	} else {
		_, err = io.Copy(sum, src)
	}
	switch {
	case err != nil && encoded(m.Original):
		return nil, fmt.Errorf("rem: digest of the original: %w", err)
	case err != nil:
		return nil, fmt.Errorf("rem: digest of the original: %w: %w", envelope.ErrSource, err)
	}
	return sum.Sum(nil), nil
}
