package remtest

import (
	"slices"
	"time"
)

// Outcome is the truth about one submission, as only the network knows it:
// what a program under test should have found out by itself.
type Outcome struct {
	// MessageID is the one of the sender's program, Identifier that of the
	// transaction; both without angle brackets.
	MessageID, Identifier, Sender, Subject string
	Time                                   time.Time
	// Accepted is false for a message that was refused.
	Accepted   bool
	Recipients []RecipientOutcome
	// Told is what genuine receipts about the whole message say that lie in the
	// sender's mailbox, in the order they came.
	Told []Fact
}

// RecipientOutcome is the truth about one recipient.
type RecipientOutcome struct {
	Address string
	// Certified tells whether the mailbox is one in REM.
	Certified bool
	// Placed counts how often the message was put into the mailbox.
	Placed int
	// Attested is everything that was attested about the recipient, Told what
	// genuine receipts in the sender's mailbox say, in the order they came.
	Attested, Told []Fact
}

// Outcomes returns the truth about all submissions, in their order.
func (n *Network) Outcomes() []Outcome {
	n.mu.Lock()
	defer n.mu.Unlock()
	all := make([]Outcome, 0, len(n.outcomes))
	for _, o := range n.outcomes {
		c := *o
		c.Recipients, c.Told = slices.Clone(o.Recipients), slices.Clone(o.Told)
		for i := range c.Recipients {
			c.Recipients[i].Attested, c.Recipients[i].Told = slices.Clone(c.Recipients[i].Attested), slices.Clone(c.Recipients[i].Told)
		}
		all = append(all, c)
	}
	return all
}

// begin notes a submission.
func (n *Network) begin(c *charge, accepted bool) {
	o := &Outcome{MessageID: c.journey.MessageID, Identifier: c.t.identifier, Sender: c.t.sender.Address, Subject: c.t.subject, Time: n.Now(), Accepted: accepted}
	for _, p := range c.t.recipients {
		o.Recipients = append(o.Recipients, RecipientOutcome{Address: p.Address.Address, Certified: n.managing(p.Address.Address) != nil})
	}
	n.outcomes = append(n.outcomes, o)
	n.byIdentifier[c.t.identifier] = o
}

// learnTruth notes what is attested.
func (n *Network) learnTruth(c *charge, f *Fact) {
	o := n.byIdentifier[c.t.identifier]
	if o == nil || len(f.Recipients) == 0 {
		return
	}
	for _, i := range f.Recipients {
		o.Recipients[i-1].Attested = append(o.Recipients[i-1].Attested, f.clone())
	}
}

// placed notes that a message was put into a mailbox.
func (n *Network) placed(p *parcel, box *Mailbox) {
	m, err := n.make.read(p.data)
	if err != nil || m.t == nil {
		return
	}
	o := n.byIdentifier[p.journey.Identifier]
	if o == nil {
		return
	}
	if p.kind == KindDispatch {
		for i := range o.Recipients {
			if slices.ContainsFunc(p.about, func(a string) bool { return fold(a) == fold(o.Recipients[i].Address) }) {
				o.Recipients[i].Placed++
			}
		}
		return
	}
	if p.kind != KindReceipt || p.spoiled || fold(box.Address) != fold(o.Sender) {
		return
	}
	for _, f := range m.facts {
		if len(f.Recipients) == 0 {
			o.Told = append(o.Told, f.clone())
		}
		for _, i := range f.Recipients {
			if i >= 1 && i <= len(o.Recipients) {
				o.Recipients[i-1].Told = append(o.Recipients[i-1].Told, f.clone())
			}
		}
	}
}
