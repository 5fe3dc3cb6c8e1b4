package remtest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/certmail/certmail/pec"
)

// Scenario is a test as a table: who sends what, what goes wrong, what is
// attested, and what lies in each mailbox at the end.
type Scenario struct {
	// Name begins with the id of the checklist, such as T-4C-11, if it has one.
	Name string
	// Network describes the network; nil is the usual one.
	Network *NetworkOptions
	// Faults are added to those of the network.
	Faults []Fault
	Send   []Sending
	// For is how long the clock runs after the last message; 0 lets only what
	// is under way arrive.
	For time.Duration
	// Facts are all that was attested, each as Fact.String writes it, in the
	// order it was; nil is not looked at.
	Facts []string
	// Want maps addresses to what lies in their inbox at the end, as
	// Mailbox.Contents has it, in the order of arrival, separated by spaces; ""
	// is an empty inbox. Inboxes that are not named are not looked at.
	Want map[string]string
}

// Sending is one message of a scenario.
type Sending struct {
	From   string
	To, Cc []string
	// Subject and Text have defaults.
	Subject, Text string
	Attachments   []pec.File
	// Raw is the message as it is, instead of one composed from the fields
	// above.
	Raw []byte
	// Outside brings it in as ordinary mail from outside.
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
// together with an error. The error names every difference.
func (s *Scenario) Play(ctx context.Context) (*Network, error) {
	n, err := NewNetwork(s.Network)
	if err != nil {
		return nil, err
	}
	return n, s.play(ctx, n)
}

// play plays the scenario on a network. The error names every difference.
func (s *Scenario) play(ctx context.Context, n *Network) error {
	for _, f := range s.Faults {
		if err := n.AddFault(f); err != nil {
			return err
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
	if s.Facts != nil {
		var have []string
		for _, f := range n.Facts() {
			have = append(have, f.String())
		}
		if !slices.Equal(have, s.Facts) {
			wrong = append(wrong, fmt.Errorf("attested %q, want %q", have, s.Facts))
		}
	}
	addresses := make([]string, 0, len(s.Want))
	for address := range s.Want {
		addresses = append(addresses, address)
	}
	slices.Sort(addresses)
	for _, address := range addresses {
		have := ""
		if m, err := n.Mailbox(address); err == nil {
			have = strings.Join(m.Contents(), " ")
		}
		if have != strings.Join(strings.Fields(s.Want[address]), " ") {
			wrong = append(wrong, fmt.Errorf("%s holds %q, want %q", address, have, s.Want[address]))
		}
	}
	if len(wrong) > 0 {
		return fmt.Errorf("remtest: %s: %w: %w", s.Name, ErrScenario, errors.Join(wrong...))
	}
	return nil
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
	if s.Outside {
		return n.Inject(ctx, s.From, append(slices.Clone(s.To), s.Cc...), s.Raw)
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
	if s.Raw != nil {
		return a.Submit(ctx, s.From, append(slices.Clone(s.To), s.Cc...), s.Raw)
	}
	d := &pec.Draft{To: pec.Addresses(s.To...), Cc: pec.Addresses(s.Cc...), Subject: s.Subject, Text: s.Text, Attachments: s.Attachments}
	if d.Subject == "" {
		d.Subject = "Comunicazione"
	}
	if d.Text == "" {
		d.Text = "Si trasmette quanto in oggetto.\n"
	}
	_, err = a.Send(ctx, d)
	return err
}
