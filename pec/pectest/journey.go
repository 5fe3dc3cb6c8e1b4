package pectest

import (
	"slices"
	"time"

	"github.com/certmail/certmail/pec"
)

// Point is where something happens to a message (RFC 6109 §1.2.3).
type Point string

// The points.
const (
	AtAccess   Point = "access"   // punto di accesso
	AtIncoming Point = "incoming" // punto di ricezione
	AtDelivery Point = "delivery" // punto di consegna
	OnTheWay   Point = "transit"  // between providers
	AtOutside  Point = "outside"  // ordinary mail
)

// Step is one thing that happened on a message's journey.
type Step struct {
	Time  time.Time
	Point Point
	// Provider is whose point it is, by name.
	Provider string
	// Branch is the branch of the rules, B1 to B20; see the package's table.
	Branch string
	// Kind is the message it is about, Issued the one that was written then.
	Kind, Issued pec.Kind
	// Recipient is whom it concerns, if one.
	Recipient string
	// Detail says it in words.
	Detail string
	// Failed marks what went wrong.
	Failed bool
}

// Journey is all that became of one message since it was submitted, or came
// in from outside.
type Journey struct {
	// MessageID is the one its author's program gave it, Identifier that of
	// the transaction; each may be empty.
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
	j := &Journey{Sender: sender, Recipients: slices.Clone(recipients), Start: n.now()}
	n.journeys = append(n.journeys, j)
	return j
}

// note adds a step.
func (n *Network) note(j *Journey, s Step) {
	s.Time = n.now()
	j.Steps = append(j.Steps, s)
	n.notify()
}
