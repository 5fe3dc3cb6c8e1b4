package remtest

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/certmail/certmail/rem/evidence"
)

// The relay interface, from the side that receives (EN 319 532-4 §C.4.5.2,
// §D.4.3).

// receive takes a message from another server. The error is a *SMTPError.
func (of *node) receive(p *parcel) error {
	m, err := of.net.make.read(p.data)
	if err != nil {
		return &SMTPError{554, "5.6.0", "Not a message: " + oneLine(err.Error())}
	}
	switch m.kind {
	case KindDispatch, KindNotification:
		switch {
		case p.by == nil && of.knownSender(m) == nil:
			return of.ordinary(p)
		case m.t == nil:
			return &SMTPError{554, "5.6.0", "A " + string(m.kind) + " without readable evidence"}
		}
		return of.takeIn(p, m)
	case KindReceipt:
		return of.takeReceipt(p, m)
	}
	return of.ordinary(p)
}

// knownSender is the provider that accepted a message, by its
func (of *node) knownSender(m *content) *node {
	for _, f := range m.facts {
		if by := of.net.byDomain[fold(f.Provider)]; by != nil {
			return by
		}
	}
	return nil
}

// objects judges a message of another provider. What a fault spoiled may go
// unnoticed.
func (of *node) objects(p *parcel) *refusal {
	spoiled, checked := of.net.isSpoiled(p.data)
	p.spoiled = p.spoiled || spoiled
	if spoiled && !checked {
		return nil
	}
	err := of.net.make.judge(of, p.data)
	if err == nil {
		return nil
	}
	if r, ok := errors.AsType[*refusal](err); ok {
		return r
	}
	return &refusal{"RB04", err.Error()}
}

// takeIn accepts or rejects a dispatch, or a notification, for each of its
// recipients here.
func (of *node) takeIn(p *parcel, m *content) error {
	n := of.net
	numbers, strangers := m.t.numbers(p.to)
	if len(strangers) > 0 {
		return &SMTPError{550, "5.7.1", "Not a recipient of the message: " + oneLine(strangers[0])}
	}
	previous := p.by
	if previous == nil {
		previous = of.knownSender(m)
	}
	c := of.charges[m.t.identifier]
	if c == nil {
		if p.journey == nil {
			p.journey = n.newJourney(p.from, p.to)
			p.journey.Identifier, p.journey.Subject = m.t.identifier, m.t.subject
		}
		c = of.newCharge(m.t, p.journey, previous)
	}
	if m.kind == KindDispatch {
		c.dispatch, c.spoiled = p.data, p.spoiled
		if len(m.facts) > 0 {
			c.accepted, c.document = m.facts[0], m.documents[0]
		}
	}
	fresh := numbers[:0:0]
	for _, i := range numbers {
		s := c.state(i)
		if m.kind == KindDispatch && !s.seen {
			s.seen = true
			fresh = append(fresh, i)
		} else if m.kind == KindNotification { // each is another one
			fresh = append(fresh, i)
		}
	}
	if len(fresh) == 0 {
		of.note(c.journey, Step{Point: AtReception, Kind: m.kind, Recipients: p.to, Detail: "here already: dropped"})
		return nil
	}
	of.record(c.t, "reception", "", string(m.kind), fresh)
	accepted, rejected := of.sort(c, p, m, fresh)
	if len(accepted) > 0 {
		_ = of.tell(c, &Fact{Event: evidence.RelayAcceptance, Reason: "RB01", Recipients: accepted, Other: previous.config.Name}, AtReception)
	}
	for _, r := range rejected {
		_ = of.tell(c, &Fact{Event: evidence.RelayRejection, Reason: r.code, Recipients: r.numbers, Other: previous.config.Name}, AtReception)
	}
	of.onward(c, p, m.kind, accepted)
	return nil
}

// rejection groups recipients by why they are rejected.
type rejection struct {
	code    string
	numbers []int
}

// sort decides about each recipient. One that is in neither list is not
// answered at all.
func (of *node) sort(c *charge, p *parcel, m *content, numbers []int) (accepted []int, rejected []rejection) {
	n := of.net
	var all string
	objection := of.objects(p)
	switch {
	case objection != nil:
		all = objection.code
		of.note(c.journey, Step{Point: AtReception, Kind: m.kind, Recipients: p.to, Detail: oneLine(objection.detail), Failed: true})
	case of.config.Scan(p.data) != "":
		all = "RB03"
	case int64(len(p.data)) > of.config.MaxSize:
		all = "RB06"
	}
	for _, i := range numbers {
		address := c.t.address(i)
		code := all
		if code == "" {
			code = n.reason(AtReception, occasion{kind: m.kind, event: evidence.SubmissionAcceptance, provider: of, mailboxes: []string{address}})
		}
		if code == "" && n.managing(address) == of && !of.holds(address) {
			code = "RB21"
		}
		switch {
		case code == "RB22":
			of.note(c.journey, Step{Point: AtReception, Kind: m.kind, Recipients: []string{address}, Detail: "taken, and never answered", Failed: true})
		case code == "":
			accepted = append(accepted, i)
		default:
			at := slices.IndexFunc(rejected, func(r rejection) bool { return r.code == code })
			if at < 0 {
				at = len(rejected)
				rejected = append(rejected, rejection{code: code})
			}
			rejected[at].numbers = append(rejected[at].numbers, i)
		}
	}
	return accepted, rejected
}

// holds tells whether a mailbox is one of the provider's.
func (of *node) holds(address string) bool {
	m := of.net.mailboxes[fold(address)]
	return m != nil && m.node == of && !m.service
}

// onward brings what was accepted to its recipients: into mailboxes here, or
// to the next provider.
func (of *node) onward(c *charge, p *parcel, kind Kind, numbers []int) {
	n := of.net
	order, groups := of.groups(c.t, numbers)
	for _, to := range order {
		some := groups[to]
		switch {
		case to == nil:
			of.note(c.journey, Step{Point: AtReception, Kind: kind, Recipients: c.t.addresses(some), Detail: "not a recipient in REM", Failed: true})
		case to != of:
			of.relay(c, to, kind, some, p.data, p.spoiled)
		case kind == KindNotification:
			n.after(n.opt.Hop, func() {
				for _, i := range some {
					of.deliverNotification(c, i, p.data, p.spoiled, 1)
				}
			})
		default:
			// Whom the sender's provider asked is not asked again (EN 319 532-1
			// §4.2.2).
			asked := func(i int) bool { return of.config.Style != StoreAndNotify || c.state(i).notices > 0 }
			of.ask(c, slices.DeleteFunc(slices.Clone(some), asked))
			of.forward(c, slices.DeleteFunc(slices.Clone(some), func(i int) bool { return !asked(i) }))
		}
	}
}

// takeReceipt learns from a receipt and passes it on, untouched.
func (of *node) takeReceipt(p *parcel, m *content) error {
	n := of.net
	if r := of.objects(p); r != nil {
		if p.journey != nil {
			of.note(p.journey, Step{Point: AtReception, Kind: KindReceipt, Recipients: p.about, Detail: "dropped: " + oneLine(r.detail), Failed: true})
		}
		return nil
	}
	if m.t == nil {
		return &SMTPError{554, "5.6.0", "A receipt without evidence"}
	}
	c := of.charges[m.t.identifier]
	if c == nil {
		return &SMTPError{550, "5.7.1", "A receipt about no message of ours"}
	}
	if p.journey == nil {
		p.journey = c.journey
	}
	by := p.by
	if by == nil {
		by = of.knownSender(m)
	}
	goOn := false
	for _, f := range m.facts {
		goOn = of.learn(c, f, by) || goOn
	}
	part := *p
	if !goOn {
		n.after(0, func() { of.file(of.service, &part) })
		return nil
	}
	of.pass(c, &part)
	return nil
}

// Receive takes a message at the server of the provider of the recipients, who
// must be of one: what its mail exchanger does when another server connects.
// The error is a *SMTPError.
func (n *Network) Receive(ctx context.Context, reversePath string, recipients []string, data []byte) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if len(recipients) == 0 {
		return &SMTPError{503, "5.5.1", "No recipients"}
	}
	of := n.managing(recipients[0])
	for _, r := range recipients {
		if other := n.managing(r); other == nil || other != of {
			return &SMTPError{550, "5.7.1", "Relaying denied for " + oneLine(r)}
		}
	}
	return of.receive(&parcel{from: reversePath, to: slices.Clone(recipients), data: slices.Clone(data)})
}

// Inject brings a message in from outside, as ordinary mail comes: to the
// servers of the providers of its recipients. The error is a *SMTPError when
// one refuses it.
func (n *Network) Inject(ctx context.Context, reversePath string, recipients []string, data []byte) error {
	groups := map[*node][]string{}
	var order []*node
	for _, r := range recipients {
		of := n.managing(r)
		if groups[of] == nil {
			order = append(order, of)
		}
		groups[of] = append(groups[of], r)
	}
	for _, of := range order {
		if err := n.Receive(ctx, reversePath, groups[of], data); err != nil {
			return fmt.Errorf("remtest: inject: %w", err)
		}
	}
	return nil
}
