package pec

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"strings"
	"time"

	"github.com/certmail/certmail/daticert"
	"github.com/certmail/certmail/envelope"
	"github.com/certmail/certmail/internal/catalogue"
	"github.com/certmail/certmail/receipt"
)

// ComposeOptions are the freedoms of composing. The zero value and nil are
// good for everyday use.
type ComposeOptions struct {
	// Account is the mailbox to submit from. Without one, whose mailbox it is,
	// its limits and its connection are not judged.
	Account *Account
	// Now is the clock for drafts without a Date; time.Now when nil.
	Now func() time.Time
	// Random feeds the Message-ID and the boundaries; crypto/rand when nil. The
	// same draft, date and random bytes give the same message.
	Random io.Reader
	// Envelope bounds what Compose keeps in memory (SpoolMemory, SpoolDir) and
	// how it reads its result.
	Envelope envelope.Options
}

// Submission is what SMTP and the outbox must know of a composed message.
type Submission struct {
	// MessageID without angle brackets. Store it: receipts come back with it.
	MessageID string
	// MailFrom is the address for MAIL FROM, Recipients those for RCPT TO: the
	// addresses of To and Cc, each once. Submit to all of them in one
	// transaction: the provider accepts or refuses the message as a whole.
	MailFrom   string
	Recipients []string
	// ReceiptType as asked for, "" when nothing was.
	ReceiptType daticert.ReceiptType
	// Size of the exact bytes, and their SHA-256 in hexadecimal.
	Size   int64
	SHA256 string
	// Body is the digest of what the message says (receipt.BodyHash), in
	// hexadecimal: receipts must carry the same.
	Body string
	// Findings do not stand in the way of a submission, but should be looked at.
	Findings []Finding

	subject string
	copies  map[string]bool // the addresses in Cc and not in To
}

// copiesOf are the addresses that stand in Cc and not in To.
func copiesOf(d *Draft) map[string]bool {
	copies := make(map[string]bool, len(d.Cc))
	for _, a := range d.Cc {
		copies[foldAddress(a.Address)] = true
	}
	for _, a := range d.To {
		delete(copies, foldAddress(a.Address))
	}
	return copies
}

// Sent describes the submission for a receipt.Ledger, submitted at that time.
func (s *Submission) Sent(at time.Time) receipt.Sent {
	sent := receipt.Sent{MessageID: s.MessageID, Sender: s.MailFrom, Subject: s.subject, Time: at}
	for _, address := range s.Recipients {
		sent.Recipients = append(sent.Recipients, receipt.SentRecipient{Address: address, Copy: s.copies[foldAddress(address)]})
	}
	for _, d := range [...]struct {
		to   *receipt.Digest
		from string
	}{{&sent.SHA256, s.SHA256}, {&sent.Body, s.Body}} {
		if sum, err := hex.DecodeString(d.from); err == nil {
			copy(d.to[:], sum)
		}
	}
	return sent
}

// Outgoing is a composed message with its exact bytes. Submit and keep those
// and no others: a brief receipt can only be verified against them (RFC 6109
// §3.3.2.2). Close it in the end.
type Outgoing struct {
	Submission
	// Message is the composed message as it was read back.
	Message *envelope.Message
}

// Source returns the exact bytes, as often as asked.
func (o *Outgoing) Source() *io.SectionReader { return o.Message.Source() }

// WriteTo writes the exact bytes.
func (o *Outgoing) WriteTo(w io.Writer) (int64, error) { return io.Copy(w, o.Source()) }

// Close removes the temporary file of a large message.
func (o *Outgoing) Close() error { return o.Message.Close() }

// Compose checks a draft against the rules of submission and writes it. The
// message is kept in memory up to a limit, then in a temporary file.
//
// The error joins everything that is wrong: a *DraftError for each value that
// cannot be written, a *PreflightError for each broken rule. Nothing is
// repaired silently.
func Compose(d *Draft, opt *ComposeOptions) (*Outgoing, error) {
	c, err := newComposer(d, opt)
	if err != nil {
		return nil, err
	}
	type result struct {
		m   *envelope.Message
		err error
	}
	pr, pw := io.Pipe()
	read := make(chan result, 1)
	go func() {
		m, err := envelope.Read(pr, &c.opt.Envelope)
		_ = pr.CloseWithError(err) // wakes the writer when the reader gave up
		read <- result{m, err}
	}()
	finished := false
	defer func() {
		if !finished { // the caller's Open panicked
			_ = pw.CloseWithError(io.ErrUnexpectedEOF)
		}
	}()
	s, err := c.compose(pw)
	finished = true
	_ = pw.CloseWithError(err)
	back := <-read
	if err == nil {
		err = back.err
	}
	if err != nil {
		if back.m != nil {
			_ = back.m.Close()
		}
		if back.err != nil && errors.Is(err, back.err) {
			return nil, fmt.Errorf("pec: compose: %w", back.err)
		}
		return nil, err
	}
	return &Outgoing{Submission: *s, Message: back.m}, nil
}

// ComposeTo is Compose for a message that goes straight to w, such as the file
// of an outbox: attachments stream through, and memory does not grow with them.
// After an error, what w got is no message.
func ComposeTo(w io.Writer, d *Draft, opt *ComposeOptions) (*Submission, error) {
	c, err := newComposer(d, opt)
	if err != nil {
		return nil, err
	}
	return c.compose(w)
}

// composer is a draft that passed its checks.
type composer struct {
	draft  *Draft
	opt    ComposeOptions
	random io.Reader
	id     string
	facts  *submission
	header headerBlock
}

func newComposer(d *Draft, opt *ComposeOptions) (*composer, error) {
	if d == nil {
		return nil, &DraftError{Field: "Draft", Detail: "is nil"}
	}
	c := &composer{draft: d}
	if opt != nil {
		c.opt = *opt
	}
	if c.random = c.opt.Random; c.random == nil {
		c.random = rand.Reader
	}
	date := d.Date
	switch {
	case !date.IsZero():
	case c.opt.Now != nil:
		date = c.opt.Now()
	default:
		date = time.Now()
	}
	c.facts = d.submission()
	errs := d.faults()
	if err := c.setMessageID(date); err != nil {
		errs = append(errs, err)
	}
	if _, err := c.facts.judge(c.opt.Account); err != nil {
		errs = append(errs, err)
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	c.facts.findings = d.nameFindings()
	c.writeHeader(date)
	return c, nil
}

// setMessageID takes the caller's id or makes one.
func (c *composer) setMessageID(date time.Time) error {
	c.facts.messageIDs = []string{"one"} // what is wrong with it is told here
	if c.draft.MessageID != "" {
		c.id = daticert.TrimMessageID(c.draft.MessageID)
		if why := faultyMessageID(c.id); why != "" {
			return &PreflightError{Rule: "SND-09", Clause: "RFC 5322 §3.6.4", Detail: "MessageID " + why, Err: ErrMessageID}
		}
		c.facts.messageIDs[0] = c.id
		return nil
	}
	if c.facts.authorErr != nil {
		return nil // there is no domain to make it of, and that is reported
	}
	_, domain, _ := strings.Cut(c.draft.From.Address, "@")
	id, err := NewMessageID(c.random, date, domain)
	if err != nil {
		return err
	}
	c.id, c.facts.messageIDs[0] = id, id
	return nil
}

// submission states what the rules look at.
func (d *Draft) submission() *submission {
	s := &submission{mailFrom: d.From.Address, author: d.From.Address, blind: len(d.Bcc) > 0, size: -1}
	if why := faultyAddress(d.From.Address); why != "" {
		s.authorErr = fmt.Errorf("%w: From.Address %s", ErrAuthor, why)
	}
	seen := map[string]bool{}
	for _, l := range [...]struct {
		from []Address
		to   *[]string
	}{{d.To, &s.to}, {d.Cc, &s.cc}} {
		for _, a := range l.from {
			*l.to = append(*l.to, a.Address)
			if k := foldAddress(a.Address); !seen[k] {
				seen[k] = true
				s.recipients = append(s.recipients, a.Address)
			}
		}
	}
	if d.ReceiptType != "" {
		s.receiptTypes = []string{string(d.ReceiptType)}
	}
	return s
}

// nameFindings looks at the names of the attachments.
func (d *Draft) nameFindings() []Finding {
	var found []Finding
	seen := map[string]bool{}
	for i := range d.Attachments {
		name := d.Attachments[i].Name
		if strings.ContainsAny(name, `/\`) {
			found = append(found, Finding{Code: FindingFileName, Detail: quoteClipped(name) + " looks like a path: the recipient sees all of it"})
		}
		if seen[name] {
			found = append(found, Finding{Code: FindingFileName, Detail: "two attachments have the name " + quoteClipped(name) + ": a brief receipt cannot tell them apart"})
		}
		seen[name] = true
	}
	return found
}

func (c *composer) writeHeader(date time.Time) {
	d, h := c.draft, &c.header
	addresses := func(name string, list []Address) {
		if len(list) > 0 {
			h.add(name, addressTokens(list)...)
		}
	}
	addresses("From", []Address{d.From})
	addresses("To", d.To)
	addresses("Cc", d.Cc)
	addresses("Reply-To", d.ReplyTo)
	if d.Subject != "" {
		h.add("Subject", textTokens("Subject", d.Subject)...)
	}
	h.add("Date", date.Format("Mon, 02 Jan 2006 15:04:05 -0700"))
	h.add("Message-ID", bracketed(c.id))
	if len(d.InReplyTo) > 0 {
		h.add("In-Reply-To", idTokens(d.InReplyTo)...)
	}
	if len(d.References) > 0 {
		h.add("References", idTokens(d.References)...)
	}
	if d.ReceiptType != "" {
		h.add(catalogue.HeaderReceiptType, string(d.ReceiptType))
	}
	for _, f := range d.Header {
		h.add(f.Name, textTokens(f.Name, f.Value)...)
	}
	h.add("MIME-Version", "1.0")
}

// compose writes the message and judges its size.
func (c *composer) compose(w io.Writer) (*Submission, error) {
	out := &composeWriter{w: w, sum: sha256.New(), body: receipt.NewBodyHash(), most: c.mostBytes()}
	err := c.writeMessage(out)
	out.form.finish()
	c.facts.size = out.form.size
	if err != nil && !errors.Is(err, errStopped) {
		return nil, err
	}
	findings, broken := c.facts.judge(c.opt.Account)
	if broken != nil {
		return nil, broken
	}
	if err != nil {
		return nil, err
	}
	if odd := out.form.findings(); len(odd) > 0 {
		return nil, fmt.Errorf("pec: compose: %w: %s", ErrDraft, odd[0].Detail)
	}
	return &Submission{
		MessageID: c.id, MailFrom: c.facts.mailFrom, Recipients: c.facts.recipients, ReceiptType: c.draft.ReceiptType,
		Size: out.form.size, SHA256: hex.EncodeToString(out.sum.Sum(nil)), Body: out.body.Digest().String(), Findings: findings,
		subject: c.draft.Subject, copies: copiesOf(c.draft),
	}, nil
}

// mostBytes is the size beyond which a message cannot be submitted anyway, 0
// when that is not known.
func (c *composer) mostBytes() int64 {
	if c.opt.Account == nil {
		return 0
	}
	lim := c.opt.Account.Limits
	most := lim.MaxSize
	if lim.MaxLoad > 0 {
		if share := lim.MaxLoad / int64(max(c.facts.count(), 1)); most <= 0 || share < most {
			most = max(share, 1)
		}
	}
	return most
}

// errStopped ends the writing of a message that is over a limit.
var errStopped = errors.New("pec: compose: over the limit")

// composeWriter measures what goes through it, and stops beyond a limit.
type composeWriter struct {
	w    io.Writer
	form wireForm
	sum  hash.Hash
	body *receipt.BodyHash
	most int64
}

func (o *composeWriter) Write(p []byte) (int, error) {
	_, _ = o.form.Write(p)
	if o.most > 0 && o.form.size > o.most {
		return 0, errStopped
	}
	_, _ = o.sum.Write(p)
	if _, err := o.body.Write(p); err != nil {
		return 0, err
	}
	return o.w.Write(p)
}
