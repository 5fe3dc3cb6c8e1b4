package remtest

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/certmail/certmail/rem/evidence"
)

// Fact is what one evidence attests, in short.
type Fact struct {
	Event evidence.Event
	// Reason is the short code, such as "RD01" (EN 319 522-2 §8.3.3).
	Reason string
	// Provider is the first domain of the provider that issued it.
	Provider string
	// Message is the MessageIdentifier of the transaction, ID the
	// EvidenceIdentifier; both without angle brackets.
	Message, ID string
	// Recipients are the numbers, from 1, of those that it speaks of; nil
	// stands for all.
	Recipients []int
	// Other is the legal name of the other provider for relay evidence; for
	// those about other systems, what ForwardedToExternalSystem says.
	Other string
	Time  time.Time
}

// String writes a fact as Scenario.Facts has it: the first label of the
// provider's domain, event, reason and recipients.
//
//	beta B.1 RB01 1,2
func (f *Fact) String() string {
	label, _, _ := strings.Cut(f.Provider, ".")
	out := label + " " + f.Event.Code() + " " + f.Reason
	for i, r := range f.Recipients {
		sep := ","
		if i == 0 {
			sep = " "
		}
		out += fmt.Sprint(sep, r)
	}
	return out
}

// about tells whether a fact speaks of a recipient.
func (f *Fact) about(number int) bool {
	return len(f.Recipients) == 0 || slices.Contains(f.Recipients, number)
}

// failure is a reason that a Refuse fault can give: where it strikes.
type failure struct {
	code string
	at   Point
}

// failures are the negative reasons of EN 319 522-2 §8.3.3, EN 319 532-4
// Table C.28 and, with 51, of REM-Policy-IT.
var failures = [...]failure{
	{"RA02", AtSubmission}, {"RA03", AtSubmission}, {"RA04", AtSubmission}, {"RA05", AtSubmission}, {"RA51", AtSubmission},
	{"RB02", AtReception}, {"RB03", AtReception}, {"RB04", AtReception}, {"RB05", AtReception}, {"RB06", AtReception}, {"RB21", AtReception},
	{"RB07", OnTheWay}, {"RB08", OnTheWay}, {"RB09", OnTheWay}, {"RB10", OnTheWay}, {"RB22", AtReception},
	{"RC03", AtNotification}, {"RC04", AtNotification}, {"RC05", AtNotification}, {"RC06", AtNotification},
	{"RD03", AtConsignment}, {"RD04", AtConsignment}, {"RD05", AtConsignment}, {"RD06", AtConsignment}, {"RD21", AtConsignment},
	{"RE03", AtHandover},
	{"RF02", AtOutside}, {"RF03", AtOutside}, {"RF51", AtOutside},
}

// Reasons lists the reason codes that a Refuse fault can have.
func Reasons() []string {
	var all []string
	for _, f := range failures {
		all = append(all, f.code)
	}
	return all
}
