package rem

import (
	"fmt"
	"strings"
	"time"

	"github.com/certmail/certmail/envelope"
	"github.com/certmail/certmail/rem/evidence"
)

// What a message says of itself: its evidence first, then its headers.

// MessageID returns the message's own Message-ID without angle brackets.
func (m *Message) MessageID() string { return bare(m.Envelope.Header.Get("Message-ID")) }

// RefMessageID returns the sender's own id of the message that this one speaks
// of, without angle brackets: AppLayerIdentifier of the evidence, else
// REM-UAMessageIdentifier.
func (m *Message) RefMessageID() string {
	if d := m.document(); d != nil && d.Content != nil && d.Content.AppLayerIdentifier != "" {
		return bare(d.Content.AppLayerIdentifier)
	}
	return bare(m.Envelope.Header.Get(headerUserAgentID))
}

// Identifier returns the id of the transaction: MessageIdentifier of the
// evidence, for a payload, which has none, its Message-ID.
func (m *Message) Identifier() string {
	if d := m.document(); d != nil {
		return bare(d.MessageID)
	}
	if m.Kind == KindPayload {
		return m.MessageID()
	}
	return ""
}

// Provider returns the name of the service that issued the evidence
// (LegalName), or "".
func (m *Message) Provider() string {
	if d := m.document(); d != nil {
		return d.Issuer.LegalName()
	}
	return ""
}

// Sender returns the address of the real sender: SenderDetails of the
// evidence, else REM-MD08, else the From of the original, and of ordinary
// mail its own. Only the first is ever certified.
func (m *Message) Sender() string {
	if d := m.document(); d != nil && d.Sender.Identifier.Value != "" {
		return address(&d.Sender)
	}
	h := m.Envelope.Header
	if a, err := envelope.ParseMailbox(h.Get(headerSender)); err == nil {
		return a.Address
	}
	if m.Original != nil {
		if own, err := m.originalHeader(); err == nil {
			h = own
		}
	}
	if m.Original != nil || m.Kind == KindOrdinary {
		if a, err := h.Author(); err == nil {
			return a.Address
		}
	}
	return ""
}

// Recipients returns the addresses of all recipients in the order of the
// evidence, else those of To and Cc.
func (m *Message) Recipients() []string {
	if d := m.document(); d != nil {
		all := make([]string, 0, len(d.Recipients))
		for i := range d.Recipients {
			all = append(all, address(&d.Recipients[i]))
		}
		return all
	}
	h := m.Envelope.Header
	return append(h.Addresses("To"), h.Addresses("Cc")...)
}

// address is the address of a user, of whatever scheme.
func address(u *evidence.User) string {
	if a := u.Address(); a != "" {
		return a
	}
	return u.Identifier.Value
}

// Recipient returns the one recipient that evidence of consignment speaks of,
// or "".
func (m *Message) Recipient() string {
	if d := m.document(); d != nil {
		if u, _, ok := d.Recipient(); ok {
			return address(&u)
		}
	}
	return ""
}

// Subject returns the subject of the message that was sent: that of the
// evidence, else of the Subject header behind its prefix.
func (m *Message) Subject() string {
	if d := m.document(); d != nil {
		if s := d.Subject(); s != "" {
			return s
		}
	}
	subject := m.Envelope.Header.Text("Subject")
	if m.Kind == KindOrdinary {
		return subject
	}
	return withoutPrefix(subject)
}

// withoutPrefix takes off "REM <event>: " or "EXTERNAL: " (EN 319 532-3 table
// 3; REM-Policy-IT 1.2).
func withoutPrefix(subject string) string {
	if rest, ok := strings.CutPrefix(subject, prefixExternal); ok {
		return rest
	}
	if rest, ok := strings.CutPrefix(subject, "REM "); ok {
		if word, rest, ok := strings.Cut(rest, ": "); ok && !strings.Contains(word, " ") {
			return rest
		}
	}
	return subject
}

// Time returns the time of the certified event (EventTime of the evidence), or
// an ErrNoEvidence.
func (m *Message) Time() (time.Time, error) {
	d := m.document()
	switch {
	case d == nil:
		return time.Time{}, fmt.Errorf("rem: event time: %w", ErrNoEvidence)
	case !d.Time.Valid():
		return time.Time{}, fmt.Errorf("rem: event time %q is no dateTime", excerpt(d.Time.String()))
	}
	return d.Time.UTC, nil
}

// Text returns the readable text of the message that was sent, for receipts
// and notifications that of the service. At most limit bytes are read.
func (m *Message) Text(limit int64) (string, error) {
	if m.Original != nil {
		o, err := m.OpenOriginal()
		if err != nil {
			return "", err
		}
		defer o.Close()
		return o.Text(limit)
	}
	src := m.Envelope.Source()
	if m.Introduction != nil {
		src = m.Introduction.WholeEntity()
	}
	root, _, err := envelope.Structure(src, &m.opt.Envelope)
	if err != nil {
		return "", err
	}
	return root.Text(limit)
}
