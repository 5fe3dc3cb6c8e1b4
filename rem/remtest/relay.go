package remtest

import (
	"errors"
	"slices"
	"time"

	"github.com/certmail/certmail/rem/evidence"
)

// The relay interface, from the side that relays (EN 319 532-4 §C.4.5.2).

// relaying is one copy of a message on its way to another provider.
type relaying struct {
	of      *node
	c       *charge
	to      *node
	kind    Kind
	numbers []int
	data    []byte
	spoiled bool
	since   time.Time
	told    string // why it did not go, as noted last
}

// relay sends a message to another provider for some recipients, in as many
// copies as the provider's habit is.
func (of *node) relay(c *charge, to *node, kind Kind, numbers []int, data []byte, spoiled bool) {
	size := of.config.Split
	if size <= 0 || kind != KindDispatch {
		size = len(numbers)
	}
	for some := range slices.Chunk(numbers, max(size, 1)) {
		r := &relaying{of: of, c: c, to: to, kind: kind, numbers: some, data: data, spoiled: spoiled, since: of.net.Now()}
		of.net.after(0, r.try)
	}
}

// try hands the copy over, or plans the next try.
func (r *relaying) try() {
	n, of := r.of.net, r.of
	code, why := of.mayRelay(r.to, r.c.t.addresses(r.numbers))
	if code != "" {
		left := n.opt.Policy.RelayWait - n.Now().Sub(r.since)
		if why != r.told {
			r.told = why
			of.note(r.c.journey, Step{Point: OnTheWay, Kind: r.kind, Recipients: r.c.t.addresses(r.numbers), Detail: why, Failed: true})
			of.record(r.c.t, "relay-check", "", code+" "+why, r.numbers)
		}
		if left <= 0 {
			of.failRelay(r.c, r.to, r.numbers, code)
			return
		}
		n.later(min(left, n.opt.Policy.RetryEvery), r.try)
		return
	}
	// Recipients that the other server refuses in the dialogue.
	var refused []int
	for _, i := range r.numbers {
		if n.strikes(Refuse, "RB10", occasion{kind: r.kind, provider: r.to, mailboxes: []string{r.c.t.address(i)}}) != nil {
			refused = append(refused, i)
		}
	}
	if len(refused) > 0 {
		of.failRelay(r.c, r.to, refused, "RB10")
		r.numbers = slices.DeleteFunc(slices.Clone(r.numbers), func(i int) bool { return slices.Contains(refused, i) })
	}
	if len(r.numbers) == 0 {
		return
	}
	to := r.c.t.addresses(r.numbers)
	of.record(r.c.t, "relay", "", "to "+r.to.mx(), r.numbers)
	p := &parcel{journey: r.c.journey, kind: r.kind, event: evidence.SubmissionAcceptance, from: r.c.t.sender.Address, to: to, data: r.data, by: of, about: to, spoiled: r.spoiled}
	n.travel(p, r.to, func(p *parcel) {
		if err := r.to.receive(p); err != nil {
			of.note(r.c.journey, Step{Point: OnTheWay, Kind: r.kind, Recipients: to, Detail: err.Error(), Failed: true})
			of.failRelay(r.c, r.to, r.c.open(r.numbers), "RB07")
		}
	})
	n.later(n.opt.Policy.AcceptanceWait, r.unanswered)
}

// mayRelay makes the checks before a relay: the other provider must be found,
// identified, trusted, capable and within reach (EN 319 531 REQ-REMS-5.5.1-02
// and -03).
func (of *node) mayRelay(to *node, recipients []string) (code, why string) {
	if err := of.net.make.relayable(of, to); err != nil {
		if r, ok := errors.AsType[*refusal](err); ok {
			return r.code, oneLine(r.detail)
		}
		return "RB08", oneLine(err.Error())
	}
	return of.outOfReach(to, recipients)
}

// failRelay attests that a message was not relayed, with the reason of whoever
// refused it (§C.4.5.2 a II).
func (of *node) failRelay(c *charge, to *node, numbers []int, code string) {
	if numbers = c.open(numbers); len(numbers) == 0 {
		return
	}
	for _, i := range numbers {
		c.state(i).closed = true
	}
	_ = of.tell(c, &Fact{Event: evidence.RelayFailure, Reason: code, Recipients: numbers, Other: to.config.Name}, OnTheWay)
}

// unanswered ends the wait for relay evidence: RB22.
func (r *relaying) unanswered() {
	var silent []int
	for _, i := range r.numbers {
		s := r.c.state(i)
		if heard := s.relayed || r.kind == KindNotification && s.heard; !heard && !s.closed {
			silent = append(silent, i)
		}
	}
	if len(silent) > 0 {
		r.of.failRelay(r.c, r.to, silent, "RB22")
	}
}

// learn takes in what evidence of other providers says. It reports whether
// the message is to go on towards the sender.
func (of *node) learn(c *charge, f *Fact, by *node) (goOn bool) {
	numbers := c.of(f)
	switch f.Event {
	case evidence.RelayAcceptance:
		for _, i := range numbers {
			of.relayAccepted(c, i)
		}
		return false
	case evidence.RelayRejection, evidence.RelayFailure:
		if by != nil {
			of.failRelay(c, by, numbers, f.Reason)
		}
		return false
	case evidence.NotificationForAcceptance, evidence.NotificationForAcceptanceFailure, evidence.ConsignmentAcceptance,
		evidence.ConsignmentRejection, evidence.AcceptanceRejectionExpiry:
		for _, i := range numbers {
			of.hearNotification(c, i, f)
		}
	case evidence.ContentConsignment, evidence.ContentConsignmentFailure:
		for _, i := range numbers {
			c.state(i).closed = true
		}
	}
	return true
}

// hearNotification takes in how far the asking of a recipient came: news that
// put off the end of the wait for consignment evidence, or the outcome.
func (of *node) hearNotification(c *charge, number int, f *Fact) {
	s, p := c.state(number), of.net.opt.Policy
	if s.asking {
		of.notified(c, number, f)
		return
	}
	switch f.Event {
	case evidence.NotificationForAcceptance, evidence.NotificationForAcceptanceFailure:
		s.deadline = f.Time.Add(p.AnswerWait + p.ConsignmentWait)
	case evidence.ConsignmentAcceptance:
		s.deadline = f.Time.Add(p.ConsignmentWait)
	default:
		s.closed = true
	}
}

// relayAccepted starts the wait for consignment evidence: RD03. Only the
// sender's provider ends it.
func (of *node) relayAccepted(c *charge, number int) {
	n, s := of.net, c.state(number)
	if s.relayed || s.asking {
		return
	}
	s.relayed = true
	if c.previous != nil {
		return
	}
	if d := s.since.Add(n.opt.Policy.ConsignmentWait); d.After(s.deadline) {
		s.deadline = d
	}
	of.awaitConsignment(c, number)
}

func (of *node) awaitConsignment(c *charge, number int) {
	n, s := of.net, c.state(number)
	at := s.deadline
	if now := n.Now(); at.Before(now) {
		at = now
	}
	n.plan(at, true, func() {
		switch {
		case s.closed:
		case s.deadline.After(n.Now()):
			of.awaitConsignment(c, number)
		default:
			s.closed = true
			_ = of.tell(c, &Fact{Event: evidence.ContentConsignmentFailure, Reason: "RD03", Recipients: []int{number}}, OnTheWay)
		}
	})
}
