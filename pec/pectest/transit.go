package pectest

import (
	"fmt"
	"time"

	"github.com/certmail/certmail/pec"
	"github.com/certmail/certmail/receipt"
)

// parcel is a message under way with its SMTP envelope.
type parcel struct {
	journey *Journey
	kind    pec.Kind
	from    string // reverse path
	to      []string
	data    []byte
	by      *node // the provider that sends it; nil for ordinary mail from outside
	// transaction is what by knows of the message, for envelopes.
	transaction *receipt.Transaction
	about       string // the recipient that a receipt speaks of
	spoiled     bool   // by a fault
	second      bool   // the second time-out notice
	since       time.Time
}

// Carrier takes a message from one provider to the incoming point of another,
// for instance over SMTP. It returns a *SMTPError for a refusal; any other
// error means that the other side was not reached. It is called in a goroutine
// of its own, without the network's lock; Settle and Advance wait for it, so it
// must come back and must not call them.
type Carrier func(from, to *Provider, reversePath string, recipients []string, message []byte) error

// CarryBy makes the providers hand over messages by a carrier, which must
// come back to Receive. nil is in process.
func (n *Network) CarryBy(c Carrier) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.carry = c
}

// route sends a parcel on, split by the provider of its recipients.
func (of *node) route(p *parcel) {
	n := of.net
	p.since = n.now()
	groups := map[*node][]string{}
	var order []*node
	for _, r := range p.to {
		to := n.managing(r)
		if groups[to] == nil {
			order = append(order, to)
		}
		groups[to] = append(groups[to], r)
	}
	for _, to := range order {
		part := *p
		part.to = groups[to]
		if to == nil {
			n.after(n.opt.Hop, func() { n.outside(&part) })
			continue
		}
		n.travel(&part, to)
	}
}

// travel applies the faults that befall a message between two points.
func (n *Network) travel(p *parcel, to *node) {
	where := occasion{kind: p.kind, provider: p.by, mailbox: p.about, mailboxes: p.to}
	if n.strikes(Lose, where) != nil {
		n.note(p.journey, Step{Point: OnTheWay, Provider: to.Identity.Name, Kind: p.kind, Recipient: p.about, Detail: "lost", Failed: true})
		return
	}
	wait := n.opt.Hop
	if f := n.strikes(Delay, where); f != nil {
		wait += f.For
		n.note(p.journey, Step{Point: OnTheWay, Provider: to.Identity.Name, Kind: p.kind, Recipient: p.about, Detail: "delayed by " + f.For.String(), Failed: true})
	}
	copies := 1
	if n.strikes(Duplicate, where) != nil {
		copies = 2
		n.note(p.journey, Step{Point: OnTheWay, Provider: to.Identity.Name, Kind: p.kind, Recipient: p.about, Detail: "duplicated", Failed: true})
	}
	for range copies {
		part := *p
		n.after(wait, func() { n.transfer(&part, to) })
	}
}

// retryEvery and giveUpAfter are those of SMTP between providers: the idle
// limit is 24 hours, so that the sender always learns the outcome in time (RFC
// 6109 §2.2.2).
const (
	retryEvery  = 30 * time.Minute
	giveUpAfter = 24 * time.Hour
)

// transfer hands a parcel to the incoming point of a provider.
func (n *Network) transfer(p *parcel, to *node) {
	if p.by != nil && n.strikes(Unreachable, occasion{provider: to, mailboxes: p.to}) != nil {
		n.handed(p, to, fmt.Errorf("pectest: %s: %w", to.Domain, ErrCut))
		return
	}
	if p.by != nil && n.strikes(RefuseTransfer, occasion{kind: p.kind, provider: to, mailboxes: p.to}) != nil {
		n.handed(p, to, &SMTPError{550, "5.7.1", "Refused by the provider"})
		return
	}
	if n.carry == nil || p.by == nil || p.by == to {
		n.handed(p, to, to.incoming(p))
		return
	}
	carry, from, dest := n.carry, p.by.Provider, to.Provider
	n.under++
	go func() {
		err := carry(from, dest, p.from, p.to, p.data)
		n.mu.Lock()
		defer n.mu.Unlock()
		n.handed(p, to, err)
		n.under--
		n.notify()
	}()
}

// handed looks at the outcome of a transfer.
func (n *Network) handed(p *parcel, to *node, err error) {
	if err == nil || p.by == nil {
		return
	}
	refusal, refused := err.(*SMTPError)
	if refused && !refusal.Temporary() {
		n.note(p.journey, Step{Point: OnTheWay, Provider: to.Identity.Name, Branch: "B19", Kind: p.kind, Detail: refusal.Error(), Failed: true})
		p.by.returned(p, refusal)
		return
	}
	if n.now().Sub(p.since) >= giveUpAfter {
		n.note(p.journey, Step{Point: OnTheWay, Provider: to.Identity.Name, Kind: p.kind, Detail: "given up after 24 hours", Failed: true})
		return // the sender has the second time-out notice
	}
	if p.since.Equal(n.now().Add(-n.opt.Hop)) {
		n.note(p.journey, Step{Point: OnTheWay, Provider: to.Identity.Name, Kind: p.kind, Detail: "not reached, tried again every " + retryEvery.String(), Failed: true})
	}
	n.plan(retryEvery, true, func() { n.transfer(p, to) })
}

// returned turns a refusal for good into certified notices: the sender always
// gets an outcome (RFC 6109 §2.2.2). Nothing answers a receipt or an anomaly.
func (of *node) returned(p *parcel, refusal *SMTPError) {
	if p.kind != pec.KindTransport || p.transaction == nil {
		return
	}
	for _, r := range p.to {
		_ = of.issueTo(p.journey, OnTheWay, "B19", p.transaction, receipt.FormNonDelivery, receipt.Notice{
			Recipient: r, Error: of.config.Quirks.errorFor("", "altro"), Detail: of.errorDetail(refusal.Status, oneLine(refusal.Text)),
		}, p.transaction.Sender)
		of.settled(p.journey.Identifier, r)
	}
}

// outside delivers to ordinary mailboxes, as they are: nothing more is ever
// heard of them (RFC 6109 §2.2.1).
func (n *Network) outside(p *parcel) {
	for _, r := range p.to {
		s := describe(p.data)
		s.Time = n.now()
		n.addMailbox(r, nil).put(Inbox, s)
		n.placed(p, r)
		n.note(p.journey, Step{Point: AtOutside, Branch: "B6", Kind: p.kind, Recipient: r, Detail: "delivered to an ordinary mailbox"})
	}
}
