package pec

import (
	"crypto"
	"crypto/sha256"
	"fmt"
	"io"

	"github.com/certmail/certmail/daticert"
	"github.com/certmail/certmail/envelope"
	"github.com/certmail/certmail/internal/catalogue"
	"github.com/certmail/certmail/receipt"
	"github.com/certmail/certmail/trust"
)

// Receipt returns the typed view of a receipt or notice (ricevuta, avviso).
// The error is a receipt.ErrNotReceipt for everything else, the transport
// envelope of one's own message included. Nothing in it is verified.
func (m *Message) Receipt() (receipt.Receipt, error) {
	if m.Data == nil {
		return nil, fmt.Errorf("pec: %s: %w: %w", m.Kind, receipt.ErrNotReceipt, ErrNoCertificationData)
	}
	if !m.Kind.IsReceipt() {
		return nil, fmt.Errorf("pec: %s: %w", m.Kind, receipt.ErrNotReceipt)
	}
	h := m.Envelope.Header
	date, _ := headerDate(h.Get("Date"))
	reference := h.Get(catalogue.HeaderReference)
	if sameClientID(reference, m.Data.MessageID) {
		reference = m.Data.MessageID // the same, encoded
	}
	return receipt.FromData(m.Data, receipt.Header{
		Ricevuta:          m.Envelope.Class.Value,
		VerificaSicurezza: h.Get(catalogue.HeaderSecurity),
		Reference:         reference,
		Date:              date,
	})
}

// Events are what the message says happened, for a receipt.Ledger, each with
// its proof: this message, under the given name, verified as far as the report
// says. Messages that are no receipts have no events. The error is that of
// reading the message's bytes.
//
// A complete delivery receipt brings the digest of its original, which the
// ledger compares with the sent copy (receipt.BodyHash says what counts). For a
// brief one see Report.EventsFor.
func (r *Report) Events(name string) ([]receipt.Event, error) {
	m := r.message
	if m == nil {
		return nil, nil
	}
	view, err := m.Receipt()
	if err != nil {
		return nil, nil // no receipt, no events
	}
	proof, err := r.Proof(name)
	if err != nil {
		return nil, err
	}
	return receipt.Events(view, proof), nil
}

// Proof describes the message as a proof, under the given name. The digests of
// its original are there where the message certifies it and carries it whole:
// in a transport envelope and in a complete delivery receipt.
func (r *Report) Proof(name string) (receipt.Proof, error) {
	m := r.message
	if m == nil {
		return receipt.Proof{Name: name, Kind: string(r.Kind), Verdict: proofVerdict(r.Verdict)}, nil
	}
	proof := receipt.Proof{Name: name, Kind: string(m.Kind), Verdict: proofVerdict(r.Verdict)}
	var err error
	if proof.SHA256, err = digestBytes(m.Envelope); err != nil || m.Data == nil || m.Envelope.Original == nil {
		return proof, err
	}
	if m.Kind == KindTransport || m.Kind == KindDelivery && !m.carriesBrief() {
		if proof.Content, err = m.originalContent(); err == nil {
			proof.Body, err = m.originalBody()
		}
	}
	return proof, err
}

func proofVerdict(v trust.Verdict) receipt.Verdict {
	switch v {
	case trust.Valid:
		return receipt.Valid
	case trust.Invalid:
		return receipt.Invalid
	}
	return receipt.Indeterminate
}

func digestBytes(e *envelope.Message) (sum receipt.Digest, err error) {
	h := crypto.SHA256.New()
	if _, err := io.Copy(h, e.Source()); err != nil {
		return sum, fmt.Errorf("pec: digest: %w", err)
	}
	copy(sum[:], h.Sum(nil))
	return sum, nil
}

// originalContent is the digest of the original with CR LF line ends.
func (m *Message) originalContent() (sum receipt.Digest, err error) {
	content, err := m.Envelope.Original.CanonicalDigest(crypto.SHA256)
	if err != nil {
		return sum, err
	}
	copy(sum[:], content)
	return sum, nil
}

// originalBody is the digest of what the original says. One that is wrongly
// transfer-encoded is decoded, with the limits of any message.
func (m *Message) originalBody() (receipt.Digest, error) {
	src := io.Reader(m.Envelope.Original.Raw())
	switch m.Envelope.Original.Encoding() {
	case "base64", "quoted-printable":
		o, err := m.Original()
		if err != nil {
			return receipt.Digest{}, err
		}
		defer o.Close()
		src = o.Source()
	}
	body, err := receipt.BodyDigest(src)
	if err != nil {
		return body, fmt.Errorf("pec: original: %w", err)
	}
	return body, nil
}

// Recipients returns all recipients with their type: destinatari of the
// certification data, else the addresses of To and Cc without a type.
func (m *Message) Recipients() []daticert.Recipient {
	if m.Data != nil {
		return m.Data.Recipients
	}
	var all []daticert.Recipient
	for _, name := range []string{"To", "Cc"} {
		for _, a := range m.Envelope.Header.Addresses(name) {
			all = append(all, daticert.Recipient{Address: a})
		}
	}
	return all
}

// Recipient returns the one recipient that a delivery receipt or a
// non-delivery notice speaks of (consegna), or "".
func (m *Message) Recipient() string {
	if m.Data == nil || len(m.Data.Deliveries) == 0 {
		return ""
	}
	return m.Data.Deliveries[0]
}

// Sent describes a plain copy of a submitted message for a receipt.Ledger; the
// time is that of its Date; where the copy is kept is for the caller to add.
// Submission.Sent does the same for a message that
// was just composed.
// It fails with ErrNotSubmission without a Message-ID, by which alone
// receipts can be matched, or when the message is itself certified mail.
func (m *Message) Sent() (receipt.Sent, error) {
	h := m.Envelope.Header
	s := receipt.Sent{MessageID: m.MessageID(), Sender: m.Sender(), Subject: m.Subject()}
	if m.Kind != KindOrdinary {
		return s, fmt.Errorf("pec: %s: %w", m.Kind, ErrNotSubmission)
	}
	if s.MessageID == "" {
		return s, fmt.Errorf("pec: %w: no Message-ID", ErrNotSubmission)
	}
	s.Time, _ = headerDate(h.Get("Date"))
	for _, a := range h.Addresses("To") {
		s.Recipients = append(s.Recipients, receipt.SentRecipient{Address: a})
	}
	for _, a := range h.Addresses("Cc") {
		s.Recipients = append(s.Recipients, receipt.SentRecipient{Address: a, Copy: true})
	}
	sum, body := sha256.New(), receipt.NewBodyHash()
	if _, err := io.Copy(io.MultiWriter(sum, body), m.Envelope.Source()); err != nil {
		return s, fmt.Errorf("pec: digest: %w", err)
	}
	sum.Sum(s.SHA256[:0])
	s.Body = body.Digest()
	return s, nil
}
