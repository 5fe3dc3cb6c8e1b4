package pectest

import (
	"bytes"
	"fmt"
	"io"
	"net/mail"
	"strings"
	"sync"
	"time"
	_ "time/tzdata" // Italian legal time, wherever the test runs

	"github.com/certmail/certmail/daticert"
	"github.com/certmail/certmail/envelope"
	"github.com/certmail/certmail/receipt"
)

// Provider is a gestore: it signs envelopes, receipts and notices. Change its
// fields before use to give it the habits of a real one. It is safe for
// concurrent use.
type Provider struct {
	Identity envelope.Provider
	// Domain is its own, Domains are all that it handles, that one included.
	Domain  string
	Domains []string
	// ServiceMailbox is its casella di servizio.
	ServiceMailbox string
	Signer         *envelope.Signer
	// HTML adds the HTML alternative that most providers write.
	HTML bool
	// ReceiptHeaderName replaces X-TipoRicevuta.
	ReceiptHeaderName string
	// Style holds its habits of writing; its Random is not used.
	Style envelope.Style

	mu      sync.Mutex
	counter int
	random  io.Reader
}

// Handles tells whether the provider holds the mailbox of an address.
func (p *Provider) Handles(address string) bool {
	_, domain, _ := strings.Cut(address, "@")
	for _, d := range p.Domains {
		if strings.EqualFold(d, domain) {
			return true
		}
	}
	return false
}

// LegalTime returns t in Italian legal time, in which certified events are
// written (RFC 6109 §4.2).
func LegalTime(t time.Time) time.Time {
	rome, err := time.LoadLocation("Europe/Rome")
	if err != nil {
		return t // cannot happen: time/tzdata is linked in
	}
	return t.In(rome)
}

// NewIdentifier returns the next PEC identifier, without angle brackets, in
// the shape of a widespread provider software.
func (p *Provider) NewIdentifier(t time.Time) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.counter++
	return fmt.Sprintf("pec1.%s.%05d.1@%s", LegalTime(t).Format("20060102150405"), p.counter, p.Domain)
}

// style takes 64 bytes of the provider's randomness, so that concurrent
// messages do not share a stream.
func (p *Provider) style() envelope.Style {
	p.mu.Lock()
	defer p.mu.Unlock()
	buf := make([]byte, 64)
	_, _ = p.random.Read(buf)
	s := p.Style
	s.Random = bytes.NewReader(buf)
	return s
}

// Envelope accepts a submitted message: it returns the busta di trasporto and
// the transaction that receipts about it need. Recipients whose domain one of
// the known providers handles are certificato, the others esterno.
func (p *Provider) Envelope(submitted []byte, sender string, recipients []string, at time.Time, known ...*Provider) ([]byte, *receipt.Transaction, error) {
	return p.envelope(submitted, sender, recipients, at, p.NewIdentifier(at), known)
}

func (p *Provider) envelope(submitted []byte, sender string, recipients []string, at time.Time, identifier string, known []*Provider) ([]byte, *receipt.Transaction, error) {
	tr := &envelope.Transport{
		Provider: p.Identity, Identifier: identifier, Time: LegalTime(at), Sender: sender, HTML: p.HTML, ReceiptHeaderName: p.ReceiptHeaderName, Style: p.style(),
	}
	for _, r := range recipients {
		kind := daticert.RecipientExternal
		for _, k := range append(known, p) {
			if k.Handles(r) {
				kind = daticert.RecipientCertified
			}
		}
		tr.Recipients = append(tr.Recipients, daticert.Recipient{Address: r, Type: kind})
	}
	var out bytes.Buffer
	data, err := envelope.WriteTransport(&out, io.NewSectionReader(bytes.NewReader(submitted), 0, int64(len(submitted))), tr, p.Signer)
	if err != nil {
		return nil, nil, err
	}
	t := receipt.NewTransaction(data)
	markCopies(t, submitted)
	return out.Bytes(), t, nil
}

// markCopies notes who stands in Cc and not in To.
func markCopies(t *receipt.Transaction, submitted []byte) {
	m, err := mail.ReadMessage(bytes.NewReader(submitted))
	if err != nil {
		return
	}
	in := func(field, address string) bool {
		list, _ := m.Header.AddressList(field)
		for _, a := range list {
			if receipt.SameAddress(a.Address, address) {
				return true
			}
		}
		return false
	}
	for i := range t.Recipients {
		r := &t.Recipients[i]
		r.Copy = in("Cc", r.Address) && !in("To", r.Address)
	}
}

// Issue writes and signs a receipt or notice of the form. The provider, a
// fresh Message-ID and its habits are filled in where the notice leaves them
// out.
func (p *Provider) Issue(form receipt.Form, t *receipt.Transaction, n receipt.Notice) ([]byte, error) {
	n.Provider, n.Time, n.HTML, n.Style = p.Identity, LegalTime(n.Time), n.HTML || p.HTML, p.style()
	if n.MessageID == "" {
		n.MessageID = p.NewIdentifier(n.Time)
	}
	draft, _, err := receipt.Build(form, t, &n)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	if err := envelope.Write(&out, draft, p.Signer); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// Deliver issues the delivery receipt for one recipient of an envelope, in
// the form that the sender asked for.
func (p *Provider) Deliver(delivered []byte, t *receipt.Transaction, recipient string, at time.Time) ([]byte, error) {
	n := receipt.Notice{Time: at, Recipient: recipient}
	form := t.DeliveryForm(recipient)
	if form != receipt.FormDeliveryConcise {
		m, err := envelope.OpenBytes(delivered, nil)
		if err != nil {
			return nil, err
		}
		if m.Original == nil {
			return nil, fmt.Errorf("pectest: deliver: %w", envelope.ErrNoPart)
		}
		n.Original = m.Original.Raw()
	}
	return p.Issue(form, t, n)
}

// Anomaly puts a received message that is no certified mail into a busta di
// anomalia.
func (p *Provider) Anomaly(received []byte, sender string, recipients []string, reason string, at time.Time) ([]byte, error) {
	var out bytes.Buffer
	err := envelope.WriteAnomaly(&out, io.NewSectionReader(bytes.NewReader(received), 0, int64(len(received))), &envelope.Anomalous{
		Provider: p.Identity, Time: LegalTime(at), Sender: sender, Recipients: recipients, Reason: reason, HTML: p.HTML, Style: p.style(),
	}, p.Signer)
	return out.Bytes(), err
}
