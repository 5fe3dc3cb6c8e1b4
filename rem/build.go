package rem

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/certmail/certmail/envelope"
	"github.com/certmail/certmail/receipt"
	"github.com/certmail/certmail/rem/evidence"
)

// Service is a REM service (REMS) in the role of an author of messages.
type Service struct {
	// Name is the legal name, LegalName of its evidence and TSPName in the
	// trusted list.
	Name string
	// Address is its service address, the one in the signing certificate.
	Address string
}

// Frame is what all messages of a service have in common.
type Frame struct {
	Service Service
	// Time is that of Date and of the signature.
	Time time.Time
	// RelayDate is REM-RelayDate, left out when zero. A SubmissionAcceptance
	// receipt must not have one (EN 319 532-4 table C.26).
	RelayDate time.Time
	// Policies are REM-ApplicablePolicy, the REM baseline unless set.
	Policies []string
	// Mode and Assurance are REM-ModeOfConsignment and
	// REM-RecipientAssuranceLevel, left out when empty; InReplyTo the id of
	// In-Reply-To without angle brackets.
	Mode, Assurance, InReplyTo string
	// Extensions are written as extension parts (EN 319 532-3 §6.2.5).
	Extensions []ExtensionPart
	// PDF are evidence documents for people, beside the XML ones.
	PDF []PDFEvidence
	// Random names the boundaries; crypto/rand unless set.
	Random io.Reader
	// Lenient writes what no conforming service writes: evidence of another
	// signer or of another message, header fields that table C.26 of EN 319 532-4
	// has otherwise. It is for tests of those who have to notice.
	Lenient bool
}

// PolicyBaseline is the URI of the REM baseline (EN 319 532-4 C.1).
const PolicyBaseline = evidence.PolicyBaseline

// ExtensionPart is an extension to be written.
type ExtensionPart struct {
	// Name is the name of the extension and of its file.
	Name string
	// Type is application/xml or application/octet-stream (the default).
	Type string
	// Code and Namespace are REM-Extension-Code and
	// REM-Extension-Namespace-URI.
	Code, Namespace string
	Data            []byte
}

// PDFEvidence is a PDF evidence to be written.
type PDFEvidence struct {
	Event evidence.Event
	Data  []byte
}

// Dispatch is a REM dispatch to be written: a prepared original with the
// evidence of its submission.
type Dispatch struct {
	Frame
	Original *Prepared
	// Evidence is the signed evidence, the SubmissionAcceptance first: the same
	// bytes that go into the receipt (EN 319 532-4 C.4.5.1 g). For mail from
	// outside it is a ReceivedFromNonERDS.
	Evidence [][]byte
	// External marks mail that came from outside REM (REM-Policy-IT 1.2,
	// inflow): the subject begins with EXTERNAL.
	External bool
	// RelayToNonERDS marks a dispatch that also goes to ordinary mailboxes and
	// asks for evidence about that (REM-Policy-IT 1.2, outflow).
	RelayToNonERDS bool
}

// Payload is a REM payload to be written: an original without evidence. The
// REM baseline does not use it.
type Payload struct {
	Frame
	Original *Prepared
}

// Receipt is a REMS receipt to be written.
type Receipt struct {
	Frame
	// MessageID is the receipt's own id, without angle brackets.
	MessageID string
	// To is where it goes: the sender, or the service address of the sender's
	// provider for relay evidence.
	To []envelope.Mailbox
	// Sender is the sender of the original as REM-MD08 gives it; the evidence
	// gives the address when it is empty.
	Sender envelope.Mailbox
	// Evidence is the signed evidence, one document or more.
	Evidence [][]byte
}

// Notification is a REMS notification to be written (Store & Notify).
type Notification struct {
	Frame
	// MessageID is its own id; Identifier that of the transaction, without angle
	// brackets.
	MessageID, Identifier string
	To                    []envelope.Mailbox
	Sender                envelope.Mailbox
	Subject               string
	// UserAgentID and Digest are as in Prepared, where they are told.
	UserAgentID  string
	DigestMethod string
	Digest       []byte
	// Location is the https URL where the recipient accepts or refuses.
	Location string
	Evidence [][]byte
}

// WriteDispatch writes a dispatch as a stream: the original passes through once
// more, and memory does not grow with it. A dispatch that goes to several
// services is the same for all of them: write it once and send copies (EN 319
// 532-4 C.4.5.2 notes 3 and 4).
//
// The error is an ErrBuild for what no verifier would accept: evidence of
// another message, a digest that is not the original's, header fields that
// table C.26 of EN 319 532-4 does not allow.
func WriteDispatch(w io.Writer, d *Dispatch, s *envelope.Signer) error {
	b := &builder{Frame: d.Frame, kind: KindDispatch, original: d.Original, external: d.External}
	if err := b.take(d.Evidence, s); err != nil {
		return err
	}
	if len(b.documents) == 0 {
		return buildError("a dispatch needs evidence; a payload has none")
	}
	if err := b.firstFits(); err != nil && !b.Lenient {
		return err
	}
	if d.RelayToNonERDS {
		b.extra = append(b.extra, envelope.Field{Name: headerNonERDS, Value: "evidence-required"})
	}
	return b.dispatch(w, s)
}

// firstFits says whether the first evidence is one that a dispatch begins with.
func (b *builder) firstFits() error {
	switch first := b.documents[0].Event; {
	case b.external && first != evidence.ReceivedFromNonERDS:
		return buildError("the evidence of mail from outside is a %s, want %s", first, evidence.ReceivedFromNonERDS)
	case !b.external && first.Code() != "" && first.Code()[0] != 'A':
		return buildError("the first evidence is a %s, want %s", first, evidence.SubmissionAcceptance)
	case first == evidence.SubmissionRejection:
		return buildError("a rejected submission is not dispatched")
	}
	return nil
}

// WritePayload writes a payload, as WriteDispatch does.
func WritePayload(w io.Writer, p *Payload, s *envelope.Signer) error {
	b := &builder{Frame: p.Frame, kind: KindPayload, original: p.Original}
	if err := b.take(nil, s); err != nil {
		return err
	}
	return b.dispatch(w, s)
}

// WriteReceipt writes a receipt around signed evidence. What its header says it
// takes from the first document.
func WriteReceipt(w io.Writer, r *Receipt, s *envelope.Signer) error {
	b := &builder{Frame: r.Frame, kind: KindReceipt, id: r.MessageID, to: r.To, sender: r.Sender}
	if err := b.take(r.Evidence, s); err != nil {
		return err
	}
	if len(b.documents) == 0 {
		return buildError("a receipt needs evidence")
	}
	d := b.documents[0]
	b.identifier, b.title = bare(d.MessageID), "REM "+string(d.Event)+": "
	b.subject = d.Subject()
	return b.write(w, s)
}

// WriteNotification writes a notification.
func WriteNotification(w io.Writer, n *Notification, s *envelope.Signer) error {
	b := &builder{
		Frame: n.Frame, kind: KindNotification, id: n.MessageID, to: n.To, sender: n.Sender, subject: n.Subject,
		identifier: n.Identifier, title: "REM Notification: ", location: n.Location,
		userAgentID: n.UserAgentID, digestMethod: n.DigestMethod, digest: n.Digest,
	}
	if err := b.take(n.Evidence, s); err != nil {
		return err
	}
	if why := faultyURL(n.Location); why != "" {
		return buildError("the location %s", why)
	}
	return b.write(w, s)
}

// builder is a message that is being made.
type builder struct {
	Frame
	kind      Kind
	original  *Prepared
	external  bool
	documents []*evidence.Evidence

	id, identifier, title, subject string
	to                             []envelope.Mailbox
	sender                         envelope.Mailbox
	location                       string
	userAgentID, digestMethod      string
	digest                         []byte
	extra                          []envelope.Field
	fields                         []envelope.Field
}

func buildError(format string, args ...any) error {
	return fmt.Errorf("rem: %w: %s", ErrBuild, fmt.Sprintf(format, args...))
}

// take reads the evidence and looks whether all fits together.
func (b *builder) take(documents [][]byte, s *envelope.Signer) error {
	if s == nil || s.Certificate == nil || s.Key == nil {
		return buildError("a key and its certificate are needed")
	}
	if b.original == nil && (b.kind == KindDispatch || b.kind == KindPayload) {
		return buildError("a %s needs an original", b.kind)
	}
	if why := faultyAddress(b.Service.Address); why != "" {
		return buildError("the service address %s", why)
	}
	if b.Time.IsZero() {
		return buildError("a time is needed")
	}
	for i, xml := range documents {
		d, r, err := evidence.Verify(context.Background(), xml, nil)
		if err != nil {
			return fmt.Errorf("rem: %w: evidence %d: %w", ErrBuild, i+1, err)
		}
		if why := b.misfit(d); why != "" && !b.Lenient {
			return buildError("evidence %d %s", i+1, why)
		}
		if why := notOf(r, s); why != "" && !b.Lenient {
			return buildError("evidence %d %s", i+1, why)
		}
		b.documents = append(b.documents, d)
	}
	return nil
}

// notOf says why an evidence was not signed by who signs the message: a service
// signs both with one certificate (EN 319 532-4 C.2.3.3.2 b.2.3.2).
func notOf(r *evidence.Report, s *envelope.Signer) string {
	switch {
	case r.SignatureErr != nil:
		return "does not verify: " + r.SignatureErr.Error()
	case !r.Certificate.Equal(s.Certificate):
		return "was signed by " + subject(r.Certificate) + ", the message would be by " + subject(s.Certificate)
	}
	return ""
}

// misfit says why an evidence cannot go into this message.
func (b *builder) misfit(d *evidence.Evidence) string {
	switch {
	case d.Signatures != 1:
		return fmt.Sprintf("has %d signatures, want one", d.Signatures)
	case d.Event == "":
		return "has an unknown event " + excerpt(d.EventID)
	case d.ID == "" || d.MessageID == "":
		return "lacks EvidenceIdentifier or MessageIdentifier"
	case len(b.documents) > 0 && d.MessageID != b.documents[0].MessageID:
		return "is of another transaction than the first"
	}
	if b.original != nil {
		switch p := originalPart(d); {
		case d.MessageID != b.original.MessageID:
			return "is of the message " + excerpt(d.MessageID) + ", not of " + b.original.MessageID
		case p == nil:
			return "does not state the digest of the original"
		case p.DigestMethod != b.original.DigestMethod || !bytes.Equal(p.Digest, b.original.Digest):
			return "states another digest than that of the original"
		case d.Event == evidence.SubmissionAcceptance && !receipt.SameAddress(d.Sender.Address(), b.original.Author.Address):
			return "is about the sender " + excerpt(d.Sender.Address()) + ", the original is from " + b.original.Author.Address
		case d.Event == evidence.SubmissionAcceptance && !sameRecipients(d, b.original.Recipients):
			return "has other recipients than To and Cc of the original, or in another order"
		}
	}
	return ""
}

func sameRecipients(d *evidence.Evidence, list []string) bool {
	return slices.EqualFunc(d.Recipients, list, func(u evidence.User, a string) bool { return receipt.SameAddress(u.Address(), a) })
}

// originalPart is the part of UserContentInfo that is the original; nil when
// it states no digest.
func originalPart(d *evidence.Evidence) *evidence.Part {
	if d.Content == nil {
		return nil
	}
	for i := range d.Content.Parts {
		p := &d.Content.Parts[i]
		if len(p.Digest) > 0 && (len(d.Content.Parts) == 1 || strings.EqualFold(p.ContentType, evidence.ContentTypeRFC822)) {
			return p
		}
	}
	return nil
}

// dispatch writes what carries an original.
func (b *builder) dispatch(w io.Writer, s *envelope.Signer) error {
	o := b.original
	b.id, b.identifier, b.subject, b.sender = o.MessageID, o.MessageID, o.Subject, o.Author
	b.userAgentID, b.digestMethod, b.digest = o.UserAgentID, o.DigestMethod, o.Digest
	if b.title = prefixDispatch; b.external {
		b.title = prefixExternal
	}
	return b.write(w, s)
}

// fill takes what the header says from the first evidence, where the message
// itself does not say it.
func (b *builder) fill() {
	if len(b.documents) == 0 {
		return
	}
	d := b.documents[0]
	if b.sender.Address == "" {
		b.sender.Address = d.Sender.Address()
	}
	if b.userAgentID == "" && d.Content != nil {
		b.userAgentID = bare(d.Content.AppLayerIdentifier)
	}
	if p := originalPart(d); p != nil && b.digest == nil {
		b.digestMethod, b.digest = p.DigestMethod, p.Digest
	}
	if b.subject == "" {
		b.subject = d.Subject()
	}
}

func (b *builder) write(w io.Writer, s *envelope.Signer) error {
	b.fill()
	if why := faultyID(b.id); why != "" {
		return buildError("the Message-ID %s", why)
	}
	if err := b.header(); err != nil {
		return err
	}
	return envelope.WriteWrap(w, &envelope.Wrap{Header: b.fields, Entity: b.entity(), Time: b.Time, Random: b.Random}, s)
}

func (b *builder) digestValue() string { return base64.StdEncoding.EncodeToString(b.digest) }
