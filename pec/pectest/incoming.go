package pectest

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/certmail/certmail/daticert"
	"github.com/certmail/certmail/envelope"
	"github.com/certmail/certmail/pec"
	"github.com/certmail/certmail/receipt"
	"github.com/certmail/certmail/trust"
)

// The incoming point (punto di ricezione, RFC 6109 §3.2): where mail from
// other providers, and ordinary mail, comes in.

// incoming takes a parcel. The error is the answer of the SMTP dialogue.
func (of *node) incoming(p *parcel) error {
	n := of.net
	m, err := pec.ParseBytes(p.data, nil)
	if err != nil {
		return &SMTPError{554, "5.6.0", "Not a message: " + oneLine(err.Error())}
	}
	report, err := pec.NewVerifier(n.store, &pec.VerifyOptions{At: n.now()}).Verify(context.Background(), m)
	if err != nil {
		return &SMTPError{451, "4.3.0", oneLine(err.Error())}
	}
	n.follow(p, m)
	spoiled, checked := n.isSpoiled(p.data)
	p.spoiled = spoiled
	switch noticed := !spoiled || checked; {
	case noticed && !signedByProvider(report):
		return of.ordinary(p, report)
	case noticed && report.Verdict != trust.Valid:
		// The form is wrong, though a provider signed: it must go on (B9).
		of.anomaly(p, "B9", whyNot(report))
		return nil
	case m.Kind == pec.KindTransport:
		return of.takeCharge(p, m)
	}
	n.note(p.journey, Step{Point: AtIncoming, Provider: of.Identity.Name, Branch: "B8", Kind: m.Kind, Recipient: p.about, Detail: "correct, passed on untouched"})
	of.learn(p, m)
	of.forward(p, m, nil)
	return nil
}

// follow finds the journey of a message that came over a wire.
func (n *Network) follow(p *parcel, m *pec.Message) {
	p.kind = m.Kind
	if p.journey != nil {
		return
	}
	id := m.Identifier()
	for _, j := range n.journeys {
		if id != "" && j.Identifier == id {
			p.journey = j
			return
		}
	}
	p.journey = n.newJourney(p.from, p.to)
	p.journey.MessageID, p.journey.Subject = m.MessageID(), m.Subject()
}

// signedByProvider tells whether signature, origin and validity hold (RFC
// 6109 §2.2.2): all but the form.
func signedByProvider(r *pec.Report) bool {
	for _, name := range []string{trust.CheckSignature, trust.CheckSignerChain} {
		if r.Check(name).Status != trust.Passed {
			return false
		}
	}
	return r.Check(trust.CheckProviderDirectory).Status != trust.Failed
}

func whyNot(r *pec.Report) string {
	for _, c := range r.Checks {
		if c.Status == trust.Failed {
			return c.Name + ": " + oneLine(c.Detail)
		}
	}
	return "il formato del messaggio non è corretto"
}

// ordinary treats what no provider signed: by policy it is refused, or goes on
// in an anomaly envelope (RFC 6109 §2.2.2).
func (of *node) ordinary(p *parcel, r *pec.Report) error {
	n := of.net
	if virus := of.config.Scan(p.data); virus != "" {
		n.note(p.journey, Step{Point: AtIncoming, Provider: of.Identity.Name, Branch: "B13", Kind: p.kind, Detail: "virus " + virus + " in ordinary mail: discarded", Failed: true})
		return nil
	}
	if of.config.RefuseOrdinary {
		n.note(p.journey, Step{Point: AtIncoming, Provider: of.Identity.Name, Branch: "B10", Kind: p.kind, Detail: "not certified: refused", Failed: true})
		return &SMTPError{554, "5.7.1", "Messaggio rifiutato dal sistema. Indirizzo destinatario sconosciuto o non abilitato alla ricezione di posta non certificata"}
	}
	why := "messaggio non firmato da un gestore di posta certificata"
	if r.Kind != pec.KindOrdinary {
		why = whyNot(r)
	}
	of.anomaly(p, "B10", why)
	return nil
}

// anomaly puts what was received into a busta di anomalia (RFC 6109 §3.2.2).
func (of *node) anomaly(p *parcel, branch, why string) {
	n := of.net
	data, err := of.Anomaly(p.data, p.from, p.to, why, n.now())
	if err != nil {
		n.note(p.journey, Step{Point: AtIncoming, Provider: of.Identity.Name, Branch: branch, Kind: p.kind, Detail: oneLine(err.Error()), Failed: true})
		return
	}
	n.note(p.journey, Step{Point: AtIncoming, Provider: of.Identity.Name, Branch: branch, Kind: p.kind, Issued: pec.KindAnomaly, Detail: why, Failed: true})
	of.record(LogEntry{Identifier: p.journey.Identifier, Sender: p.from, Recipients: p.to, Subject: p.journey.Subject, Event: "anomaly envelope", Detail: why})
	wrapped := *p
	wrapped.kind, wrapped.data, wrapped.transaction = pec.KindAnomaly, data, nil
	n.after(n.opt.Hop, func() { of.deliver(&wrapped, nil, nil) })
}

// takeCharge answers a correct envelope and passes it on (RFC 6109 §3.2.1),
// or keeps it when it is infected (§3.2.3).
func (of *node) takeCharge(p *parcel, m *pec.Message) error {
	n := of.net
	t := receipt.NewTransaction(m.Data)
	t.ReceiptType = requested(m)
	original, err := m.Envelope.Original.Bytes(m.Envelope.Size())
	if err != nil {
		return &SMTPError{554, "5.6.0", oneLine(err.Error())}
	}
	markCopies(t, original)
	if t.MessageID == "" { // left out by the provider, and still in the header
		t.MessageID = m.RefMessageID()
	}
	listed := func(address string) bool {
		return slices.ContainsFunc(t.Recipients, func(r receipt.TransactionRecipient) bool { return receipt.SameAddress(r.Address, address) })
	}
	if i := slices.IndexFunc(p.to, func(r string) bool { return !listed(r) }); i >= 0 {
		// Nothing is certified about a recipient that the envelope does not name.
		stranger := *p
		stranger.to = slices.DeleteFunc(slices.Clone(p.to), listed)
		of.anomaly(&stranger, "B9", "il destinatario "+p.to[i]+" non è tra quelli della busta")
		known := *p
		known.to = slices.DeleteFunc(slices.Clone(p.to), func(r string) bool { return !listed(r) })
		if p = &known; len(p.to) == 0 {
			return nil
		}
	}
	sender := n.senderOf(m)
	of.record(LogEntry{Identifier: t.Identifier, Sender: t.Sender, Recipients: p.to, Subject: t.Subject, Event: "reception", Provider: m.Data.Provider})
	if virus := of.config.Scan(original); virus != "" {
		of.keepInfected(t.Identifier, virus, p.data)
		for _, r := range p.to {
			n.note(p.journey, Step{Point: AtIncoming, Provider: of.Identity.Name, Branch: "B11", Kind: m.Kind, Recipient: r, Detail: "virus " + virus, Failed: true})
			if sender != nil {
				_ = of.issueTo(p.journey, AtIncoming, "B11", t, receipt.FormVirusDetection, receipt.Notice{
					To: sender.ServiceMailbox, Recipient: r, Detail: of.errorDetail("5.5.1", "presenza di un virus nel messaggio: "+virus),
				}, sender.ServiceMailbox)
			}
		}
		return nil
	}
	if sender == of {
		n.note(p.journey, Step{Point: AtIncoming, Provider: of.Identity.Name, Branch: "B20", Kind: m.Kind, Detail: "sender and recipient have one provider: processed alike"})
	}
	if sender != nil {
		err := of.issueTo(p.journey, AtIncoming, "B7", t, receipt.FormTakeCharge, receipt.Notice{To: sender.ServiceMailbox, TakenInCharge: p.to}, sender.ServiceMailbox)
		if err != nil {
			return &SMTPError{451, "4.3.0", oneLine(err.Error())}
		}
	}
	of.forward(p, m, t)
	return nil
}

// requested is the form of receipt that an envelope asks for; an unknown value
// counts as complete.
func requested(m *pec.Message) daticert.ReceiptType {
	if m.Data.ReceiptType != "" {
		return m.Data.ReceiptType
	}
	return daticert.ReceiptType(strings.ToLower(m.Envelope.Header.Get("X-TipoRicevuta")))
}

// senderOf is the provider that signed a message, by its address.
func (n *Network) senderOf(m *pec.Message) *node {
	for _, of := range n.nodes {
		if strings.Contains(fold(m.Envelope.Header.Get("From")), fold(of.Identity.Address)) {
			return of
		}
	}
	return nil
}

// forward passes a message on to the delivery point.
func (of *node) forward(p *parcel, m *pec.Message, t *receipt.Transaction) {
	part := *p
	of.net.after(of.net.opt.Hop, func() { of.deliver(&part, t, m.Envelope) })
}

// Receive takes a message at the incoming point of the provider of the
// recipients, who must be of one: what its mail exchanger does when another
// server connects. The error is a *SMTPError.
func (n *Network) Receive(reversePath string, recipients []string, data []byte) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if len(recipients) == 0 {
		return &SMTPError{503, "5.5.1", "No recipients"}
	}
	if slices.ContainsFunc(recipients, malformed) {
		return &SMTPError{501, "5.1.3", "Bad recipient address"}
	}
	of := n.managing(recipients[0])
	for _, r := range recipients {
		if other := n.managing(r); other == nil || other != of {
			return &SMTPError{550, "5.7.1", "Relaying denied for " + oneLine(r)}
		}
	}
	if m, err := envelope.OpenBytes(data, nil); err != nil || m.Header.Len() == 0 {
		return &SMTPError{554, "5.6.0", fmt.Sprintf("Not a message: %v", err)}
	}
	return of.incoming(&parcel{from: reversePath, to: recipients, data: data, about: ""})
}
