package remtest

import (
	"slices"
	"time"
)

// Point is where something happens to a message.
type Point string

// The points.
const (
	AtSubmission   Point = "submission"   // message submission interface of the sender's REMS
	OnTheWay       Point = "relay"        // relay interface, between providers
	AtReception    Point = "reception"    // where a relayed message comes in
	AtNotification Point = "notification" // where a recipient is asked for acceptance
	AtConsignment  Point = "consignment"  // where a message is put into a mailbox
	AtHandover     Point = "handover"     // where the recipient fetches it
	AtOutside      Point = "outside"      // ordinary mail
)

// Step is one thing that happened on a message's journey.
type Step struct {
	Time  time.Time
	Point Point
	// Provider is whose point it is, by the first of its domains.
	Provider string
	// Kind is the message it is about.
	Kind Kind
	// Fact is what was attested then, nil for nothing.
	Fact *Fact
	// Recipients are those whom it concerns, if not all.
	Recipients []string
	// Detail says it in words.
	Detail string
	// Failed marks what went wrong.
	Failed bool
}

// Journey is all that became of one message since it was submitted, or came
// in from outside.
type Journey struct {
	// MessageID is the one its author's program gave it, Identifier that of
	// the transaction (MessageIdentifier); each may be empty.
	MessageID, Identifier string
	Sender                string
	Recipients            []string
	Subject               string
	Start                 time.Time
	Steps                 []Step
}

// Journeys returns the journeys of all messages so far, in their order.
func (n *Network) Journeys() []Journey {
	n.mu.Lock()
	defer n.mu.Unlock()
	all := make([]Journey, len(n.journeys))
	for i, j := range n.journeys {
		all[i] = *j
		all[i].Recipients, all[i].Steps = slices.Clone(j.Recipients), slices.Clone(j.Steps)
	}
	return all
}

func (n *Network) newJourney(sender string, recipients []string) *Journey {
	j := &Journey{Sender: sender, Recipients: slices.Clone(recipients), Start: n.Now()}
	n.journeys = append(n.journeys, j)
	return j
}

// note adds a step.
func (of *node) note(j *Journey, s Step) {
	s.Time = of.net.Now()
	s.Provider = of.domain()
	j.Steps = append(j.Steps, s)
}

// Facts returns everything that was attested so far, in its order.
func (n *Network) Facts() []Fact {
	n.mu.Lock()
	defer n.mu.Unlock()
	all := make([]Fact, len(n.facts))
	for i, f := range n.facts {
		all[i] = f.clone()
	}
	return all
}

func (f *Fact) clone() Fact {
	c := *f
	c.Recipients = slices.Clone(f.Recipients)
	return c
}
