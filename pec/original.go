package pec

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"

	"github.com/certmail/certmail/daticert"
	"github.com/certmail/certmail/envelope"
)

// Original is the message that was sent, as a provider carried it along
// (postacert.eml). The provider's signature covers its bytes, not the truth of
// what its author wrote.
type Original struct {
	*envelope.Message
	opt Options
}

// Original opens the embedded original. Close it.
func (m *Message) Original() (*Original, error) {
	if m.Envelope.Original == nil {
		return nil, fmt.Errorf("pec: %s: %w", m.Kind, ErrNoOriginal)
	}
	o, err := m.Envelope.OpenOriginal()
	if err != nil {
		return nil, fmt.Errorf("pec: original: %w", err)
	}
	return &Original{Message: o, opt: m.opt}, nil
}

// Subject returns its decoded subject.
func (o *Original) Subject() string { return o.Header.Text("Subject") }

// MessageID returns its Message-ID without angle brackets: inside an envelope
// that is the PEC identifier.
func (o *Original) MessageID() string {
	return daticert.TrimMessageID(o.Header.Get("Message-ID"))
}

// SHA256 returns the digest of its exact bytes in hexadecimal.
func (o *Original) SHA256() (string, error) { return digestOf(o.Source()) }

// Text returns its readable text, see Message.Text.
func (o *Original) Text(limit int64) (string, error) {
	root, _, err := envelope.Structure(o.Source(), &o.opt.Envelope)
	if err != nil {
		return "", err
	}
	return readableText(root, limit)
}

// Attachments returns its attachments.
func (o *Original) Attachments() ([]Attachment, error) {
	return attachmentsOf(o.Source(), &o.opt.Envelope)
}

func digestOf(r io.Reader) (string, error) {
	sum := sha256.New()
	if _, err := io.Copy(sum, r); err != nil {
		return "", fmt.Errorf("pec: digest: %w", err)
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}
