package pectest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/certmail/certmail/daticert"
	"github.com/certmail/certmail/pec"
)

// Scenario is a test as a table: who sends what, what goes wrong, and what
// lies in each mailbox at the end.
type Scenario struct {
	Name string
	// Network describes the network; nil is the usual one.
	Network *NetworkOptions
	// Faults are added to those of the network.
	Faults []Fault
	Send   []Sending
	// For is how long the clock runs after the last message; 0 lets only what
	// is under way arrive.
	For time.Duration
	// Branches are those of the rules that the scenario reaches; see Branches.
	Branches []string
	// Want maps addresses to the kinds of message in their inbox at the end,
	// in the order of arrival, separated by spaces; "" is an empty inbox.
	// Inboxes that are not named are not looked at.
	Want map[string]string
}

// Sending is one message of a scenario.
type Sending struct {
	From   string
	To, Cc []string
	// Subject and Text have defaults.
	Subject, Text string
	Attachments   []pec.File
	ReceiptType   daticert.ReceiptType
	// Raw is the message as it is, instead of one composed from the fields
	// above; Make makes it when the network is there.
	Raw  []byte
	Make func(n *Network) ([]byte, error)
	// Outside brings it in as ordinary mail from outside the circuit.
	Outside bool
	// Password is used to log in, instead of the account's.
	Password string
	// After is how long the clock runs before it is sent.
	After time.Duration
	// Refused is the code that the server answers with, 0 when it takes the
	// message; -1 for a connection that breaks.
	Refused int
}

// ErrScenario is wrapped by the error of a scenario that ended otherwise.
var ErrScenario = errors.New("scenario ended otherwise")

// Play plays the scenario and returns the network as it is at the end, also
// together with an error. The error names every mailbox that does not hold
// what it should.
func (s *Scenario) Play(ctx context.Context) (*Network, error) {
	n, err := NewNetwork(s.Network)
	if err != nil {
		return nil, err
	}
	for _, f := range s.Faults {
		if err := n.AddFault(f); err != nil {
			return n, err
		}
	}
	var wrong []error
	for i := range s.Send {
		if s.Send[i].After > 0 {
			n.Advance(s.Send[i].After)
		}
		if err := s.Send[i].play(ctx, n); err != nil {
			wrong = append(wrong, fmt.Errorf("message %d from %s: %w", i+1, s.Send[i].From, err))
		}
	}
	n.Settle()
	n.Advance(s.For)
	n.Settle()
	addresses := make([]string, 0, len(s.Want))
	for address := range s.Want {
		addresses = append(addresses, address)
	}
	slices.Sort(addresses)
	for _, address := range addresses {
		var got []string
		if m, err := n.Mailbox(address); err == nil {
			for _, k := range m.Kinds() {
				got = append(got, string(k))
			}
		}
		if have := strings.Join(got, " "); have != strings.Join(strings.Fields(s.Want[address]), " ") {
			wrong = append(wrong, fmt.Errorf("%s holds %q, want %q", address, have, s.Want[address]))
		}
	}
	if len(wrong) > 0 {
		return n, fmt.Errorf("pectest: %s: %w: %w", s.Name, ErrScenario, errors.Join(wrong...))
	}
	return n, nil
}

// play sends the message and compares the answer.
func (s *Sending) play(ctx context.Context, n *Network) error {
	err := s.hand(ctx, n)
	refusal, refused := errors.AsType[*SMTPError](err)
	switch {
	case s.Refused == -1 && errors.Is(err, ErrCut), s.Refused == 535 && errors.Is(err, ErrLogin),
		refused && refusal.Code == s.Refused, err == nil && s.Refused == 0:
		return nil
	case err == nil:
		return fmt.Errorf("taken, want %d", s.Refused)
	}
	return err
}

func (s *Sending) hand(ctx context.Context, n *Network) error {
	raw := s.Raw
	if s.Make != nil {
		var err error
		if raw, err = s.Make(n); err != nil {
			return err
		}
	}
	if s.Outside {
		return n.Inject(s.From, append(slices.Clone(s.To), s.Cc...), raw)
	}
	a, err := n.Account(s.From)
	if err != nil {
		return err
	}
	if s.Password != "" {
		if a, err = n.Login(s.From, s.Password); err != nil {
			return err
		}
	}
	if raw != nil {
		return a.Submit(ctx, s.From, append(slices.Clone(s.To), s.Cc...), raw)
	}
	d := &pec.Draft{To: pec.Addresses(s.To...), Cc: pec.Addresses(s.Cc...), Subject: s.Subject, Text: s.Text, ReceiptType: s.ReceiptType, Attachments: s.Attachments}
	if d.Subject == "" {
		d.Subject = "Comunicazione"
	}
	if d.Text == "" {
		d.Text = "Si trasmette quanto in oggetto.\n"
	}
	_, err = a.Send(ctx, d)
	return err
}
