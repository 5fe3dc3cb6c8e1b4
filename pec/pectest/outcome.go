package pectest

import (
	"slices"
	"time"

	"github.com/certmail/certmail/daticert"
	"github.com/certmail/certmail/pec"
	"github.com/certmail/certmail/receipt"
)

// Outcome is the truth about one submission, as only the network knows it:
// what a program under test should have found out by itself.
type Outcome struct {
	MessageID, Identifier, Sender, Subject string
	Time                                   time.Time
	// Accepted is false for a message refused by a notice.
	Accepted   bool
	Recipients []RecipientOutcome
	// Told are the genuine receipts about the whole message that lie in the
	// sender's mailbox, in the order they came.
	Told []Told
}

// Told is a genuine receipt or notice that the sender got.
type Told struct {
	Kind pec.Kind
	// Second tells the second time-out notice from the first.
	Second bool
}

// RecipientOutcome is the truth about one recipient.
type RecipientOutcome struct {
	Address string
	// Certified tells whether the mailbox is one of the circuit; of others
	// nothing is ever heard.
	Certified bool
	// Placed counts how often the message was put into the mailbox, Failed
	// tells that a notice of non-delivery was issued, First and Second that a
	// time-out notice was.
	Placed                int
	Failed, First, Second bool
	// Told are the genuine receipts and notices about this recipient that lie
	// in the sender's mailbox, in the order they came.
	Told []Told
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
			c.Recipients[i].Told = slices.Clone(c.Recipients[i].Told)
		}
		all = append(all, c)
	}
	return all
}

// begin notes a submission.
func (n *Network) begin(j *Journey, accepted bool, t *receipt.Transaction) {
	o := &Outcome{MessageID: j.MessageID, Identifier: j.Identifier, Sender: j.Sender, Subject: j.Subject, Time: n.now(), Accepted: accepted}
	for _, r := range t.Recipients {
		o.Recipients = append(o.Recipients, RecipientOutcome{Address: r.Address, Certified: r.Type == daticert.RecipientCertified})
	}
	n.outcomes = append(n.outcomes, o)
	n.byIdentifier[j.Identifier] = o
}

// placed notes that a message was put into a mailbox.
func (n *Network) placed(p *parcel, address string) {
	o := n.byIdentifier[p.journey.Identifier]
	if o == nil || p.spoiled && p.kind.IsReceipt() {
		return
	}
	told := Told{p.kind, p.second}
	switch {
	case p.kind == pec.KindTransport:
		n.truth(p.journey, address, func(r *RecipientOutcome) { r.Placed++ })
	case !p.kind.IsReceipt() || fold(address) != fold(o.Sender):
	case p.about == "":
		o.Told = append(o.Told, told)
	default:
		n.truth(p.journey, p.about, func(r *RecipientOutcome) { r.Told = append(r.Told, told) })
	}
}

// truth changes what is known about a recipient.
func (n *Network) truth(j *Journey, recipient string, change func(*RecipientOutcome)) {
	o := n.byIdentifier[j.Identifier]
	if o == nil {
		return
	}
	for i := range o.Recipients {
		if fold(o.Recipients[i].Address) == fold(recipient) {
			change(&o.Recipients[i])
			return
		}
	}
}
