package pectest

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/certmail/certmail/pec"
)

// FaultKind is something that goes wrong in a network.
type FaultKind string

// The faults.
const (
	// Lose, Duplicate and Delay befall messages between two points; Reorder
	// puts one into the mailbox behind the next that comes there.
	Lose      FaultKind = "lose"
	Duplicate FaultKind = "duplicate"
	Delay     FaultKind = "delay"
	Reorder   FaultKind = "reorder"
	// WrongSigner, ExpiredCertificate and Alter spoil what a provider issues:
	// signed by somebody unknown in its name, with a certificate that is no
	// longer valid, or changed behind the signature.
	WrongSigner        FaultKind = "wrong-signer"
	ExpiredCertificate FaultKind = "expired-certificate"
	Alter              FaultKind = "alter"
	// Unreachable makes the incoming point of a provider answer nobody;
	// RefuseTransfer makes it refuse for good.
	Unreachable    FaultKind = "unreachable"
	RefuseTransfer FaultKind = "refuse-transfer"
	// MailboxFull and MailboxDisabled are found at the delivery point.
	MailboxFull     FaultKind = "mailbox-full"
	MailboxDisabled FaultKind = "mailbox-disabled"
	// RefuseLogin, RefuseForNow (451), RefuseForGood (550), CutBeforeDot,
	// CutAfterDot and Slow happen to a client that submits. Cut is the
	// connection: before the final dot of DATA nothing was accepted, behind it
	// everything was, and the client knows neither.
	RefuseLogin   FaultKind = "refuse-login"
	RefuseForNow  FaultKind = "refuse-for-now"
	RefuseForGood FaultKind = "refuse-for-good"
	CutBeforeDot  FaultKind = "cut-before-dot"
	CutAfterDot   FaultKind = "cut-after-dot"
	Slow          FaultKind = "slow"
	// ResetUIDValidity renumbers the inbox after a delivery.
	ResetUIDValidity FaultKind = "reset-uidvalidity"
)

// FaultKinds lists all faults.
func FaultKinds() []FaultKind {
	return []FaultKind{Lose, Duplicate, Delay, Reorder, WrongSigner, ExpiredCertificate, Alter, Unreachable, RefuseTransfer, MailboxFull, MailboxDisabled,
		RefuseLogin, RefuseForNow, RefuseForGood, CutBeforeDot, CutAfterDot, Slow, ResetUIDValidity}
}

// Fault says what goes wrong, and for whom. Empty fields match everything.
type Fault struct {
	Kind FaultKind
	// Message is the kind of message that it befalls.
	Message pec.Kind
	// Provider is a domain of the provider concerned: the one that issued the
	// message for what happens to messages, the one that is struck for
	// Unreachable, RefuseTransfer, the mailboxes and submission.
	Provider string
	// Mailbox is the address concerned: the recipient that a receipt speaks
	// of, or the mailbox that is struck.
	Mailbox string
	// Skip lets the first few cases pass, Times bounds how many are struck
	// after that; 0 means all.
	Skip, Times int
	// For is how long: a Delay, or Slow.
	For time.Duration
	// Checked lets the incoming point notice a WrongSigner, ExpiredCertificate
	// or Alter, and turn the message into an anomaly; else it lets the message
	// pass, as a careless provider would, and the mailbox gets it.
	Checked bool
	// From and Until bound the fault in time, since the start of the network;
	// 0 leaves that side open.
	From, Until time.Duration
}

// ErrFault is wrapped by the errors about faults.
var ErrFault = errors.New("fault")

// fault counts how often it was met.
type fault struct {
	Fault
	met int
}

// AddFault makes something go wrong from now on.
func (n *Network) AddFault(f Fault) error {
	if !slices.Contains(FaultKinds(), f.Kind) {
		return fmt.Errorf("pectest: %w %q: no such kind, want one of %v", ErrFault, f.Kind, FaultKinds())
	}
	if f.Provider != "" && n.byDomain[fold(f.Provider)] == nil {
		return fmt.Errorf("pectest: %w %s: no provider of domain %q", ErrFault, f.Kind, f.Provider)
	}
	if (f.Kind == Delay || f.Kind == Slow) && f.For <= 0 {
		return fmt.Errorf("pectest: %w %s: say for how long", ErrFault, f.Kind)
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.faults = append(n.faults, &fault{Fault: f})
	n.notify()
	return nil
}

// ClearFaults lets everything work again.
func (n *Network) ClearFaults() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.faults = nil
	n.notify()
}

// occasion is a case in which a fault may strike.
type occasion struct {
	kind      pec.Kind
	provider  *node
	mailbox   string
	mailboxes []string
}

// strikes returns the first fault of a kind that strikes, and counts it.
func (n *Network) strikes(kind FaultKind, o occasion) *fault {
	since := n.now().Sub(n.start)
	for _, f := range n.faults {
		if f.Kind != kind || f.Message != "" && f.Message != o.kind {
			continue
		}
		if f.Provider != "" && n.byDomain[fold(f.Provider)] != o.provider {
			continue
		}
		if f.Mailbox != "" && fold(f.Mailbox) != fold(o.mailbox) && !slices.ContainsFunc(o.mailboxes, func(a string) bool { return fold(a) == fold(f.Mailbox) }) {
			continue
		}
		if since < f.From || f.Until > 0 && since >= f.Until {
			continue
		}
		if f.met++; f.met > f.Skip && (f.Times == 0 || f.met <= f.Skip+f.Times) {
			return f
		}
	}
	return nil
}

// ParseFault reads a fault as the command line writes it: the kind, then
// name=value pairs, separated by commas.
//
//	lose,message=avvenuta-consegna,mailbox=bruno@beta.example,times=1
//	delay,for=13h
//	unreachable,provider=beta.example,until=10h
func ParseFault(s string) (Fault, error) {
	parts := strings.Split(s, ",")
	f := Fault{Kind: FaultKind(strings.TrimSpace(parts[0]))}
	if !slices.Contains(FaultKinds(), f.Kind) {
		return f, fmt.Errorf("pectest: %w %q: no such kind, want one of %v", ErrFault, f.Kind, FaultKinds())
	}
	for _, part := range parts[1:] {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		var err error
		switch name {
		case "message":
			f.Message = pec.Kind(value)
		case "provider":
			f.Provider = value
		case "mailbox":
			f.Mailbox = value
		case "checked":
			f.Checked, err = strconv.ParseBool(value)
		case "skip":
			f.Skip, err = strconv.Atoi(value)
		case "times":
			f.Times, err = strconv.Atoi(value)
		case "for":
			f.For, err = time.ParseDuration(value)
		case "from":
			f.From, err = time.ParseDuration(value)
		case "until":
			f.Until, err = time.ParseDuration(value)
		default:
			err = errors.New("want message, provider, mailbox, checked, skip, times, for, from or until")
		}
		if err != nil {
			return f, fmt.Errorf("pectest: %w %s: %q: %w", ErrFault, f.Kind, part, err)
		}
	}
	return f, nil
}

// String writes the fault as ParseFault reads it.
func (f Fault) String() string {
	out := string(f.Kind)
	add := func(name, value string) { out += "," + name + "=" + value }
	for _, v := range [...][2]string{{"message", string(f.Message)}, {"provider", f.Provider}, {"mailbox", f.Mailbox}} {
		if v[1] != "" {
			add(v[0], v[1])
		}
	}
	if f.Checked {
		add("checked", "true")
	}
	for _, v := range [...]struct {
		name string
		n    int
	}{{"skip", f.Skip}, {"times", f.Times}} {
		if v.n != 0 {
			add(v.name, strconv.Itoa(v.n))
		}
	}
	for _, v := range [...]struct {
		name string
		d    time.Duration
	}{{"for", f.For}, {"from", f.From}, {"until", f.Until}} {
		if v.d != 0 {
			add(v.name, v.d.String())
		}
	}
	return out
}
