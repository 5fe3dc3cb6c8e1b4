package sdi

import (
	"errors"
	"fmt"
	"net/mail"
	"slices"
	"strings"
	"time"

	"github.com/certmail/certmail/envelope"
	"github.com/certmail/certmail/pec"
)

// ErrReport says that a report does not belong to the message.
var ErrReport = errors.New("the report is of another message")

// Message is what of SDI is in a message.
type Message struct {
	// Verified tells that the message is a transport envelope (busta di
	// trasporto) whose verdict is valid, so that its provider answers for Sender
	// and for the files as they are. Why is the reason when it is not.
	Verified bool
	Why      error
	// Sender is the sender's address: certified when Verified, else a claim.
	Sender string
	// ClaimsSDI tells that Sender is in a domain of SDI (Options.Domains).
	ClaimsSDI bool
	// LookAlike is the domain of SDI that Sender, or a display name, could be
	// taken for; empty when there is none.
	LookAlike string
	// Subject of the message that was sent, taken apart.
	Subject Subject
	// Identifier (identificativo), MessageID of the message that was sent, and
	// Time of the certified event, as far as they are known.
	Identifier, MessageID string
	Time                  time.Time
	// Files are the attachments of the message that was sent, in their order;
	// those that cannot be decoded are missing, and a finding says so.
	Files []*File
	// Findings are about the message as a whole; those about a file are there.
	Findings []Finding
}

// FromSDI tells that a provider answers for it that the message came from SDI.
// Anything else may have been written by anybody.
func (m *Message) FromSDI() bool { return m.Verified && m.ClaimsSDI }

// Recognised tells whether anything of SDI is in the message, or claims to be.
func (m *Message) Recognised() bool {
	return m.ClaimsSDI || m.LookAlike != "" || slices.ContainsFunc(m.Files, func(f *File) bool { return f.Kind != KindOther || f.Parsed != nil })
}

// Invoices returns the files that are invoices.
func (m *Message) Invoices() []*File {
	return m.filter(func(f *File) bool { return f.Kind.IsInvoice() })
}

// Notifications returns the files that are notifications, metadata (MT)
// included.
func (m *Message) Notifications() []*File {
	return m.filter(func(f *File) bool { return f.Notification != nil })
}

func (m *Message) filter(keep func(*File) bool) []*File {
	var out []*File
	for _, f := range m.Files {
		if keep(f) {
			out = append(out, f)
		}
	}
	return out
}

func (m *Message) find(code, format string, args ...any) {
	m.Findings = append(m.Findings, Finding{Code: code, Detail: fmt.Sprintf(format, args...)})
}

// Inspect looks for invoices and notifications in a message that was read and,
// with r, verified. Without a report, and for one whose verdict is not valid,
// everything found is unverified, and a finding says so.
//
// The envelope says who sent the message, its signature that the files are those
// sent. Whether SDI made the notification inside is for its own signature:
// Options.Notifications. Certificates are judged at the time of the certified
// event unless Options.At is set.
//
// The error is ErrReport, or that the message's bytes cannot be read; anything
// else is a finding.
func Inspect(m *pec.Message, r *pec.Report, opt *Options) (*Message, error) {
	o := opt.withDefaults()
	out := &Message{Sender: m.Sender(), Identifier: m.Identifier(), Subject: ParseSubject(m.Subject())}
	out.MessageID = m.RefMessageID()
	if out.MessageID == "" {
		out.MessageID = m.MessageID()
	}
	if out.Why = unverified(m, r); errors.Is(out.Why, ErrReport) {
		return nil, out.Why
	}
	out.Verified = out.Why == nil
	if t, err := m.Time(); err == nil {
		out.Time = t
	}
	if o.At.IsZero() && out.Verified {
		o.At = out.Time
	}
	out.ClaimsSDI = o.isSDI(out.Sender)
	out.LookAlike = o.lookAlike(out.Sender)
	if m.Kind == pec.KindOrdinary && !out.ClaimsSDI && out.LookAlike == "" {
		out.LookAlike = o.displayName(m.Envelope.Header.Text("From"))
	}
	if err := out.open(m, o); err != nil {
		return nil, err
	}
	if out.Recognised() {
		out.judge(m, o)
	}
	return out, nil
}

// unverified says why nobody answers for the message; nil when somebody does.
func unverified(m *pec.Message, r *pec.Report) error {
	if r == nil {
		return fmt.Errorf("sdi: %w: not verified", pec.ErrNotValid)
	}
	c, err := r.Certified()
	switch {
	case err != nil:
		return err
	case m.Data == nil || c.Data != m.Data:
		if m.Data == nil && c.Data == nil {
			return fmt.Errorf("sdi: %w: a message of kind %s certifies no sender", pec.ErrNotValid, m.Kind)
		}
		return fmt.Errorf("sdi: %w", ErrReport)
	case m.Kind != pec.KindTransport:
		return fmt.Errorf("sdi: %w: a message of kind %s is no transport envelope", pec.ErrNotValid, m.Kind)
	}
	return nil
}

// open looks at the attachments.
func (m *Message) open(of *pec.Message, o *Options) error {
	var list []pec.Attachment
	var err error
	if of.Envelope.Original != nil {
		original, openErr := of.Original()
		if errors.Is(openErr, envelope.ErrSource) {
			return openErr
		}
		if openErr != nil {
			m.find("original-unreadable", "%v", openErr)
			return nil
		}
		defer original.Close()
		list, err = original.Attachments()
	} else {
		list, err = of.Attachments()
	}
	if errors.Is(err, envelope.ErrSource) {
		return err
	}
	if err != nil {
		m.find("attachments-unreadable", "%v", err)
		return nil
	}
	if len(list) > o.MaxAttachments {
		m.find("attachments-left-out", "%d attachments, of which %d are looked at", len(list), o.MaxAttachments)
		list = list[:o.MaxAttachments]
	}
	for i := range list {
		r, err := list[i].Open()
		var f *File
		if err == nil {
			f, err = Recognise(list[i].Name, r, o)
		}
		switch {
		case errors.Is(err, envelope.ErrSource):
			return err
		case err != nil:
			m.find("attachment-unreadable", "%q: %v", shorten(list[i].Name), err)
		default:
			m.Files = append(m.Files, f)
		}
	}
	return nil
}

// judge holds the parts against each other.
func (m *Message) judge(of *pec.Message, o *Options) {
	if !m.Verified {
		m.find("unverified", "nobody answers for sender and content: %v", m.Why)
	}
	if m.LookAlike != "" {
		m.find("sdi-look-alike-sender", "%q is not in %s, and could be taken for it", shorten(m.Sender), m.LookAlike)
	}
	if m.Subject.Simulation {
		m.find("simulation", "the subject says (SIMULAZIONE): a test, of no effect")
	}
	m.judgeSender(of, o)
	invoices, notifications := m.Invoices(), m.Notifications()
	for _, f := range notifications {
		n := f.Notification
		if m.Subject.ID != "" && n.ID != "" && m.Subject.ID != n.ID && (m.ClaimsSDI || n.Type == MT) {
			m.find("subject-id-mismatch", "the subject speaks of %s, %q of %s", m.Subject.ID, shorten(f.Name), shorten(n.ID))
		}
		if n.Type == MT {
			m.judgeMetadata(f)
		}
	}
	if !m.ClaimsSDI {
		return
	}
	for _, f := range invoices {
		if !slices.ContainsFunc(notifications, func(n *File) bool { return n.Notification.Type == MT && n.Notification.FileName == f.Name }) {
			m.find("invoice-without-metadata", "no metadata (MT) in the message speak of %q", shorten(f.Name))
		}
	}
}

// judgeMetadata looks for the invoice that metadata speak of.
func (m *Message) judgeMetadata(metadata *File) {
	n := metadata.Notification
	var named *File
	for _, f := range m.Files {
		if f != metadata && f.Name == n.FileName {
			named = f
			break
		}
	}
	switch {
	case named != nil && (named.Kind.IsInvoice() || named.Kind == KindArchive):
		if named.Invoice != nil && n.Format != "" && named.Invoice.Format != "" && n.Format != named.Invoice.Format {
			m.find("format-mismatch", "the metadata say %q, the invoice %q", shorten(n.Format), shorten(named.Invoice.Format))
		}
		return
	case named == nil && len(m.filter(func(f *File) bool { return f.Kind.IsInvoice() || f.Kind == KindArchive })) > 0:
		m.find("file-name-mismatch", "the metadata speak of %q, and no attachment has that name", shorten(n.FileName))
		return
	}
	m.find("metadata-without-invoice", "the metadata speak of %q, and no invoice of that name is attached", shorten(n.FileName))
}

// judgeSender flags content of SDI from anybody else.
func (m *Message) judgeSender(of *pec.Message, o *Options) {
	if m.ClaimsSDI {
		return
	}
	for _, f := range m.Notifications() {
		if t := f.Notification.Type; t != EC {
			m.find("sdi-content-from-non-sdi-sender", "%q is a notification %s, which SDI issues, and %q is not SDI: forwarded, or forged", shorten(f.Name), t, shorten(m.Sender))
			return
		}
	}
	if m.Subject.ID != "" && strings.EqualFold(m.Subject.Text, "Invio File") {
		m.find("sdi-content-from-non-sdi-sender", "the subject is that of a message of SDI, and %q is not SDI: forwarded, or forged", shorten(m.Sender))
		return
	}
	if of.Kind.IsReceipt() { // one's own message, come back in a receipt
		return
	}
	invoices := m.Invoices()
	if len(invoices) == 0 {
		return
	}
	for _, to := range of.Recipients() {
		if o.isSDI(to.Address) {
			return
		}
	}
	m.find("invoice-not-through-sdi", "%q came from %q, not through SDI: an invoice only counts when SDI delivers it", shorten(invoices[0].Name), shorten(m.Sender))
}

// displayName tells which domain of SDI the display name of an ordinary mail
// pretends to be ("Per conto di: sdi03@pec.fatturapa.it").
func (o *Options) displayName(from string) string {
	name := from
	if a, err := mail.ParseAddress(from); err == nil {
		name = a.Name
	}
	for _, d := range o.Domains {
		if strings.Contains(strings.ToLower(name), "@"+strings.ToLower(d)) {
			return d
		}
	}
	return ""
}
