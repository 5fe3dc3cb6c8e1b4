package sdi

import (
	"time"

	"github.com/certmail/certmail/daticert"
	"github.com/certmail/certmail/receipt"
)

// Facts are what is known: Link makes the lives of invoices out of them. They
// come in any order, and the same fact may come more than once.
type Facts struct {
	Sent     []Sent
	Notices  []Notice
	Carriage []Carriage
}

// Sent is an invoice file that was sent to SDI, or came from it.
type Sent struct {
	// FileName as it was attached.
	FileName string
	// SHA256 of the file as transmitted and PayloadSHA256 of what is inside its
	// signature, in hexadecimal; empty when not known.
	SHA256, PayloadSHA256 string
	// Names in it, for a zip archive: each gets a life of its own.
	Names []string
	// MessageID (without angle brackets) and Identifier (identificativo) of the
	// PEC message that carried it. The latter is known from the acceptance on.
	MessageID, Identifier string
	// ID is IdentificativoSdI where it is known, from the metadata (MT) of an
	// invoice that came in.
	ID string
	// Source says where the file is, for people.
	Source string
}

// SentFile describes a file that Recognise looked at, and the message it was
// sent with.
func SentFile(f *File, messageID, identifier, source string) Sent {
	return Sent{FileName: f.Name, SHA256: f.SHA256, PayloadSHA256: f.PayloadSHA256, Names: f.Names,
		MessageID: daticert.TrimMessageID(messageID), Identifier: identifier, Source: source}
}

// Notice is a notification that came.
type Notice struct {
	Notification
	// Verified tells that it came from SDI in a verified transport envelope.
	// Others are shown and count for nothing. Signed tells that SDI's own
	// signature on it holds and is trusted; that is not required. Broken tells
	// that it bears one that does not hold, or whose signer is refused: then it
	// counts for nothing either.
	Verified, Signed, Broken bool
	// Simulation tells that it is a test. It counts for nothing either.
	Simulation bool
	// Time it came at, by the PEC envelope.
	Time time.Time
	// Source says where it is, for people.
	Source string
}

// Notices returns the message's notifications as facts, metadata (MT) left out:
// they speak of invoices that come in. See Received for those.
func (m *Message) Notices(source string) []Notice {
	var out []Notice
	for _, f := range m.Notifications() {
		if f.Notification.Type != MT {
			out = append(out, Notice{Notification: *f.Notification, Verified: m.FromSDI(), Signed: f.Signature.OK(), Broken: f.Signature.broken(),
				Simulation: m.Subject.Simulation, Time: m.Time, Source: source})
		}
	}
	return out
}

// Received returns the invoices that the message brought from SDI, with the
// numbers that the metadata in it give them. Nothing is returned of a message
// that is not FromSDI.
func (m *Message) Received(source string) []Sent {
	if !m.FromSDI() || m.Subject.Simulation {
		return nil
	}
	var out []Sent
	for _, f := range m.Files {
		if !f.Kind.IsInvoice() && f.Kind != KindArchive {
			continue
		}
		s := SentFile(f, m.MessageID, m.Identifier, source)
		for _, n := range m.Notifications() {
			if n.Notification.Type == MT && n.Notification.FileName == f.Name {
				s.ID = n.Notification.ID
			}
		}
		out = append(out, s)
	}
	return out
}

// Carriage is what certified mail did with a message to SDI: the first of the
// two levels. It says nothing about the customer.
type Carriage struct {
	// MessageID (without angle brackets) and Identifier of the PEC message.
	MessageID, Identifier string
	// Recipient is SDI's address, Status what became of the message there.
	Recipient string
	Status    receipt.Status
	// Accepted by one's own provider at, zero when it was not.
	Accepted time.Time
}

// CarriageOf returns what a ledger knows of a message, for those of its
// recipients that are in a domain of SDI.
func CarriageOf(m *receipt.Message, opt *Options) []Carriage {
	o := opt.withDefaults()
	var out []Carriage
	for _, r := range m.Recipients {
		if o.isSDI(r.Address) {
			out = append(out, Carriage{MessageID: daticert.TrimMessageID(m.MessageID), Identifier: m.Identifier, Recipient: r.Address, Status: r.Status, Accepted: m.Accepted})
		}
	}
	return out
}
