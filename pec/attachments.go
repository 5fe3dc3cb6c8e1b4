package pec

import (
	"fmt"
	"io"

	"github.com/certmail/certmail/envelope"
)

// Attachment is a file in a message.
type Attachment = envelope.File

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
	return root.Files(), nil
}

// readableText is the text of an entity, see Message.Text.
func readableText(root *envelope.Part, limit int64) (string, error) {
	text, err := root.Text(limit)
	if err != nil {
		return "", fmt.Errorf("pec: %w", err)
	}
	return text, nil
}
