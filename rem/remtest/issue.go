package remtest

import (
	"crypto/sha256"
	"slices"

	"github.com/certmail/certmail/receipt"
	"github.com/certmail/certmail/rem/evidence"
)

// What providers issue: evidence, and the messages that carry it.

// attest makes the evidence of a fact, fills in what is missing of it, and
// remembers both.
func (of *node) attest(c *charge, f *Fact, at Point) error {
	n := of.net
	f.Provider, f.Message, f.ID, f.Time = of.domain(), c.t.identifier, of.newID("E"), n.Now()
	document, err := n.make.evidence(of, c.t, f)
	if err != nil {
		of.note(c.journey, Step{Point: at, Detail: oneLine(err.Error()), Failed: true})
		return err
	}
	n.documents[f.ID] = document
	n.facts = append(n.facts, f)
	of.note(c.journey, Step{Point: at, Fact: f, Recipients: c.t.addresses(f.Recipients), Failed: f.Event.Negative()})
	of.record(c.t, string(f.Event), f.ID, f.Reason, f.Recipients)
	n.learnTruth(c, f)
	return nil
}

// tell attests a fact and sends it towards whom it is for.
func (of *node) tell(c *charge, f *Fact, at Point) error {
	if err := of.attest(c, f, at); err != nil {
		return err
	}
	return of.receipt(c, f, of.net.documents[f.ID])
}

// toPrevious tells which events are for the previous provider alone (EN 319
// 522-1 §6.1 Table 1): relay evidence, unless the sender's provider issues it.
func (of *node) toPrevious(c *charge, f *Fact) bool {
	switch f.Event {
	case evidence.RelayAcceptance, evidence.RelayRejection, evidence.RelayFailure:
		return c.previous != nil
	}
	return false
}

// receipt puts evidence into a receipt and sends it on its way: to the
// previous provider or through it to the sender.
func (of *node) receipt(c *charge, f *Fact, document []byte) error {
	d := &draft{kind: KindReceipt, t: c.t, facts: []*Fact{f}, documents: [][]byte{document}, id: of.newID("R"), to: []string{c.t.sender.Address}}
	if of.toPrevious(c, f) {
		d.to = []string{c.previous.address()}
	}
	about := c.t.addresses(f.Recipients)
	data, spoiled, err := of.write(d, about)
	if err != nil {
		of.note(c.journey, Step{Point: OnTheWay, Kind: KindReceipt, Detail: oneLine(err.Error()), Failed: true})
		return err
	}
	p := &parcel{journey: c.journey, kind: KindReceipt, event: f.Event, from: of.address(), to: d.to, data: data, by: of, about: about, spoiled: spoiled}
	if len(f.Recipients) == 0 {
		p.about = nil
	}
	of.pass(c, p)
	return nil
}

// pass sends a receipt one step further: to the previous provider or, at the
// sender's, into the mailbox.
func (of *node) pass(c *charge, p *parcel) {
	if c.previous != nil {
		of.sendOff(p, c.previous)
		return
	}
	n := of.net
	box := n.mailboxes[fold(c.t.sender.Address)]
	if box == nil || box.node != of {
		return // ordinary mail has no sender here
	}
	n.travel(p, of, func(p *parcel) { of.file(box, p) })
}

// write writes a message and lets the faults spoil it.
func (of *node) write(d *draft, about []string) (data []byte, spoiled bool, err error) {
	n := of.net
	where := occasion{kind: d.kind, provider: of, mailboxes: about}
	if len(d.facts) > 0 {
		where.event = d.facts[0].Event
	}
	var by *fault
	for _, kind := range Spoils() {
		if by = n.strikes(kind, "", where); by != nil {
			break
		}
	}
	if data, err = n.make.message(of, d, by); err != nil {
		return nil, false, err
	}
	if by != nil {
		n.spoiled[receipt.Digest(sha256.Sum256(data))] = by.Fault
	}
	return data, by != nil, nil
}

// isSpoiled tells whether a fault spoiled a message, and whether that may be
// noticed.
func (n *Network) isSpoiled(data []byte) (spoiled, checked bool) {
	if len(n.spoiled) == 0 {
		return false, true
	}
	f, spoiled := n.spoiled[receipt.Digest(sha256.Sum256(data))]
	return spoiled, f.Checked
}

// file puts a message into a mailbox, or holds it back.
func (of *node) file(box *Mailbox, p *parcel) {
	n := of.net
	where := occasion{kind: p.kind, event: p.event, provider: p.by, mailboxes: append(slices.Clone(p.about), box.Address)}
	put := func() {
		box.put(p.data)
		n.placed(p, box)
		of.note(p.journey, Step{Point: AtConsignment, Kind: p.kind, Recipients: []string{box.Address}, Detail: "put into the mailbox"})
	}
	if n.strikes(Reorder, "", where) != nil {
		n.held[box] = append(n.held[box], put)
		of.note(p.journey, Step{Point: AtConsignment, Kind: p.kind, Recipients: []string{box.Address}, Detail: "held back behind the next message", Failed: true})
	} else {
		put()
		n.release(box)
	}
	if n.strikes(ResetUIDValidity, "", where) != nil {
		_ = box.ResetUIDValidity()
	}
}

// release puts what was held back into a mailbox.
func (n *Network) release(m *Mailbox) {
	held := n.held[m]
	delete(n.held, m)
	for _, put := range held {
		put()
	}
}
