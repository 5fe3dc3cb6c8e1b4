package remtest

import (
	"fmt"
	"slices"

	"github.com/certmail/certmail/rem/evidence"
)

// Consignment: messages are put into mailboxes (EN 319 532-4 §C.4.5.3), and
// fetched from there.

// consign puts the dispatch into the mailbox of a recipient, and attests
// either that or why not.
func (of *node) consign(c *charge, number int) {
	n, s := of.net, c.state(number)
	address := c.t.address(number)
	to, reason := address, "RD01"
	if delegate := of.delegate(address); delegate != "" {
		to, reason = delegate, "RD02"
	}
	box := n.mailboxes[fold(to)]
	code := n.reason(AtConsignment, occasion{kind: KindDispatch, provider: of, mailboxes: []string{address}})
	if code == "RD03" && c.previous == nil {
		code = "RD05" // nobody waits for information from itself
	}
	switch {
	case code != "":
	case !of.holds(to):
		code = "RD21"
	case box.bytes+int64(len(c.dispatch)) > of.config.MaxMailbox:
		code = "RD04"
	}
	switch code {
	case "RD03":
		of.note(c.journey, Step{Point: AtConsignment, Kind: KindDispatch, Recipients: []string{address}, Detail: "taken, and nothing said about it", Failed: true})
		return
	case "":
	default:
		s.closed = true
		_ = of.tell(c, &Fact{Event: evidence.ContentConsignmentFailure, Reason: code, Recipients: []int{number}}, AtConsignment)
		return
	}
	of.file(box, &parcel{journey: c.journey, kind: KindDispatch, event: evidence.SubmissionAcceptance, to: []string{to}, data: c.dispatch, by: n.byDomain[fold(c.accepted.Provider)],
		about: []string{address}, spoiled: c.spoiled})
	s.closed = true
	of.record(c.t, "consignment", "", "", []int{number})
	_ = of.tell(c, &Fact{Event: evidence.ContentConsignment, Reason: reason, Recipients: []int{number}}, AtConsignment)
	if !of.config.Handover {
		return
	}
	n.later(n.opt.Policy.HandoverWait, func() {
		if !s.opened {
			s.opened = true
			_ = of.tell(c, &Fact{Event: evidence.ContentHandoverFailure, Reason: "RE04", Recipients: []int{number}}, AtHandover)
		}
	})
	if a := n.answerOf(address); a != nil && a.Fetch > 0 {
		n.later(a.Fetch, func() { _ = of.handOver(c, number) })
	}
}

// handOver attests that the recipient fetched what was consigned.
func (of *node) handOver(c *charge, number int) error {
	s := c.state(number)
	if s.opened {
		return fmt.Errorf("remtest: %s: fetched already, or too late", c.t.address(number))
	}
	s.opened = true
	f := &Fact{Event: evidence.ContentHandover, Reason: "RE01", Recipients: []int{number}}
	if of.delegate(c.t.address(number)) != "" {
		f.Reason = "RE02"
	}
	if code := of.net.reason(AtHandover, occasion{kind: KindDispatch, provider: of, mailboxes: []string{c.t.address(number)}}); code != "" {
		f.Event, f.Reason = evidence.ContentHandoverFailure, code
	}
	return of.tell(c, f, AtHandover)
}

// Fetch is what happens when the holder of the account opens a message that
// was consigned, by its MessageIdentifier: a provider with Handover attests it
// (E.1).
func (a *Account) Fetch(identifier string) error {
	n := a.net
	n.mu.Lock()
	defer n.mu.Unlock()
	c := a.of.charges[identifier]
	if c == nil || !a.of.config.Handover {
		return fmt.Errorf("remtest: %s: nothing to hand over of message %q", a.Address, identifier)
	}
	number := c.t.number(a.Address)
	if number == 0 || !c.state(number).closed || !slices.ContainsFunc(n.facts, func(f *Fact) bool {
		return f.Event == evidence.ContentConsignment && f.Message == identifier && f.about(number)
	}) {
		return fmt.Errorf("remtest: %s: message %q was not consigned", a.Address, identifier)
	}
	return a.of.handOver(c, number)
}
