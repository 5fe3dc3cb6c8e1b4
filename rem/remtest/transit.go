package remtest

import (
	"time"

	"github.com/certmail/certmail/rem/evidence"
)

// parcel is a message under way with its SMTP envelope.
type parcel struct {
	journey *Journey
	kind    Kind
	event   evidence.Event // of its first evidence
	from    string         // reverse path
	to      []string
	data    []byte
	by      *node    // the provider that issued it; nil for ordinary mail
	via     *node    // the one that sends it now
	about   []string // the recipients that it speaks of, nil for all
	spoiled bool     // by a fault
	since   time.Time
}

// travel applies the faults that befall a message between two points.
func (n *Network) travel(p *parcel, to *node, arrive func(*parcel)) {
	where := occasion{kind: p.kind, event: p.event, provider: p.by, mailboxes: append(append([]string(nil), p.about...), p.to...)}
	step := Step{Point: OnTheWay, Kind: p.kind, Recipients: p.about, Failed: true}
	if n.strikes(Lose, "", where) != nil {
		step.Detail = "lost"
		to.note(p.journey, step)
		return
	}
	wait := n.opt.Hop
	if f := n.strikes(Delay, "", where); f != nil {
		wait += f.For
		step.Detail = "delayed by " + f.For.String()
		to.note(p.journey, step)
	}
	copies := 1
	if n.strikes(Duplicate, "", where) != nil {
		copies = 2
		step.Detail = "duplicated"
		to.note(p.journey, step)
	}
	for range copies {
		part := *p
		n.after(wait, func() { arrive(&part) })
	}
}

// sendOff brings a receipt to another provider, which is tried again for a
// while when it is out of reach.
func (of *node) sendOff(p *parcel, to *node) {
	n := of.net
	if p.since.IsZero() || p.via != of {
		p.since, p.via = n.Now(), of
	}
	if code, why := of.outOfReach(to, p.about); code != "" {
		if n.Now().Sub(p.since) >= n.opt.Policy.RelayWait {
			of.note(p.journey, Step{Point: OnTheWay, Kind: p.kind, Recipients: p.about, Detail: "given up: " + why, Failed: true})
			return
		}
		n.later(n.opt.Policy.RetryEvery, func() { of.sendOff(p, to) })
		return
	}
	n.travel(p, to, func(p *parcel) { _ = to.receive(p) })
}

// outOfReach is why another provider's server cannot be handed a message now:
// the code of a RelayFailure, and why.
func (of *node) outOfReach(to *node, recipients []string) (code, why string) {
	n := of.net
	where := occasion{provider: to, mailboxes: recipients}
	for _, f := range [...]struct{ code, why string }{
		{"RB08", "no mail exchanger found"}, {"RB09", "server does not answer"}, {"RB07", "server answers 451"},
	} {
		if n.strikes(Refuse, f.code, where) != nil {
			return f.code, to.mx() + ": " + f.why
		}
	}
	return "", ""
}
