package remtest

import (
	"fmt"
	"slices"
	"time"

	"github.com/certmail/certmail/rem/evidence"
)

// Store & Notify (EN 319 532-1 §4.2.2): recipients are asked before the content
// is consigned to them.

// Answer is what a recipient does.
type Answer struct {
	// Mailbox is whose answer it is.
	Mailbox string
	// Reply is given After the notification came; none unless set.
	Reply Reply
	After time.Duration
	// Fetch is how long after consignment the message is fetched, for providers
	// with Handover; never unless set.
	Fetch time.Duration
}

// Reply is an answer to a notification.
type Reply string

// The replies.
const (
	Accept Reply = "accept"
	Reject Reply = "reject"
)

func (n *Network) answerOf(address string) *Answer {
	for i := range n.opt.Answers {
		if fold(n.opt.Answers[i].Mailbox) == fold(address) {
			return &n.opt.Answers[i]
		}
	}
	return nil
}

// link is where a recipient answers.
func (of *node) link(identifier string, number int) string {
	return fmt.Sprintf("https://accept.%s/%s/%d", of.config.Domain, identifier, number)
}

// ask notifies recipients, here or at another provider, and waits for their
// answers.
func (of *node) ask(c *charge, numbers []int) {
	n := of.net
	for _, i := range numbers {
		s := c.state(i)
		s.asking = true
		of.notify(c, i)
		if managing := n.managing(c.t.address(i)); managing != of {
			// Nothing may ever be heard of the notification.
			n.later(n.opt.Policy.ConsignmentWait+n.opt.Policy.AnswerWait, func() { of.expire(c, i) })
		}
	}
}

// notify sends one notification.
func (of *node) notify(c *charge, number int) {
	n := of.net
	d := &draft{kind: KindNotification, t: c.t, id: of.newID("N"), to: []string{c.t.address(number)}, link: of.link(c.t.identifier, number)}
	if c.previous == nil { // evidence of its own: a message has one signer
		d.facts, d.documents = []*Fact{c.accepted}, [][]byte{c.document}
	}
	data, spoiled, err := of.write(d, d.to)
	if err != nil {
		of.note(c.journey, Step{Point: AtNotification, Kind: KindNotification, Recipients: d.to, Detail: oneLine(err.Error()), Failed: true})
		return
	}
	if to := n.managing(d.to[0]); to != of {
		of.relay(c, of.next(to), KindNotification, []int{number}, data, spoiled)
	} else {
		n.after(n.opt.Hop, func() { of.deliverNotification(c, number, data, spoiled, 1) })
	}
	if every := n.opt.Policy.RemindAfter; every > 0 {
		n.later(every, func() {
			if s := c.state(number); s.asking && !s.closed {
				of.notify(c, number)
			}
		})
	}
}

// deliverNotification puts a notification into a mailbox, and attests that or
// why not.
func (of *node) deliverNotification(c *charge, number int, data []byte, spoiled bool, try int) {
	n, s := of.net, c.state(number)
	address := c.t.address(number)
	box := n.mailboxes[fold(address)]
	again := s.notices > 0
	code := n.reason(AtNotification, occasion{kind: KindNotification, provider: of, mailboxes: []string{address}})
	if code == "" && (!of.holds(address) || box.bytes+int64(len(data)) > of.config.MaxMailbox) {
		code = "RC03"
		if again {
			code = "RC04"
		}
	}
	f := &Fact{Event: evidence.NotificationForAcceptance, Reason: "RC01", Recipients: []int{number}}
	switch {
	case (code == "RC05" || code == "RC06") && try < n.opt.Policy.Retries:
		n.later(n.opt.Policy.RetryEvery, func() { of.deliverNotification(c, number, data, spoiled, try+1) })
		return
	case code != "":
		f.Event, f.Reason = evidence.NotificationForAcceptanceFailure, code
	default:
		if again {
			f.Reason = "RC02"
		}
		s.notices++
		of.file(box, &parcel{journey: c.journey, kind: KindNotification, event: evidence.SubmissionAcceptance, to: []string{address}, data: data, by: of, about: []string{address}, spoiled: spoiled})
	}
	if of.tell(c, f, AtNotification) == nil {
		of.notified(c, number, f)
	}
}

// notified takes in what became of a notification.
func (of *node) notified(c *charge, number int, f *Fact) {
	n, s := of.net, c.state(number)
	first := !s.heard
	s.heard = true
	if !s.asking || s.closed || !first {
		return
	}
	// The period runs from the first notification (RC09), also where that
	// failed: it ends the wait.
	n.plan(f.Time.Add(n.opt.Policy.AnswerWait), true, func() { of.expire(c, number) })
	if a := n.answerOf(c.t.address(number)); a != nil && a.Reply != "" && f.Event == evidence.NotificationForAcceptance {
		n.later(max(a.After-n.Now().Sub(f.Time), 0), func() { _ = of.answered(c, number, a.Reply) })
	}
}

// answered attests what the recipient answered and, when it accepted, lets the
// content go on.
func (of *node) answered(c *charge, number int, reply Reply) error {
	s := c.state(number)
	if !s.asking || s.closed {
		return fmt.Errorf("remtest: %s: not asked, or no longer", c.t.address(number))
	}
	s.asking = false
	if reply == Reject {
		s.closed = true
		return of.tell(c, &Fact{Event: evidence.ConsignmentRejection, Reason: "RC08", Recipients: []int{number}}, AtNotification)
	}
	s.since = of.net.Now()
	err := of.tell(c, &Fact{Event: evidence.ConsignmentAcceptance, Reason: "RC07", Recipients: []int{number}}, AtNotification)
	of.forward(c, []int{number})
	return err
}

// expire ends the wait for an answer.
func (of *node) expire(c *charge, number int) {
	s := c.state(number)
	if !s.asking || s.closed {
		return
	}
	s.asking, s.closed = false, true
	_ = of.tell(c, &Fact{Event: evidence.AcceptanceRejectionExpiry, Reason: "RC09", Recipients: []int{number}}, AtNotification)
}

// Answer accepts or rejects a message that the account was notified of, by its
// MessageIdentifier: what its holder does behind the link of the notification.
func (a *Account) Answer(identifier string, reply Reply) error {
	n := a.net
	n.mu.Lock()
	defer n.mu.Unlock()
	i := slices.IndexFunc(n.nodes, func(of *node) bool {
		c := of.charges[identifier]
		number := 0
		if c != nil {
			number = c.t.number(a.Address)
		}
		return number > 0 && c.state(number).asking
	})
	if i < 0 {
		return fmt.Errorf("remtest: %s: nobody asked for an answer about message %q", a.Address, identifier)
	}
	of := n.nodes[i]
	c := of.charges[identifier]
	return of.answered(c, c.t.number(a.Address), reply)
}
