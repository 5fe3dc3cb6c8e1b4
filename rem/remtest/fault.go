package remtest

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/certmail/certmail/rem/evidence"
)

// FaultKind is something that goes wrong in a network.
type FaultKind string

// The faults.
const (
	// Refuse makes the provider concerned fail with the Reason of the fault,
	// wherever that reason belongs: RA02 to its users, RB03 to another
	// provider, RB09 for being out of reach, RD04 to the recipient, and so on.
	// RB22 and RD03 are issued by the sender's provider for want of an answer:
	// here they make the recipient's silent, at reception and at consignment
	// (with one provider for both, RD03 is RD05).
	Refuse FaultKind = "refuse"
	// Lose, Duplicate and Delay befall messages between two points; Reorder
	// puts one into the mailbox behind the next that comes there.
	Lose      FaultKind = "lose"
	Duplicate FaultKind = "duplicate"
	Delay     FaultKind = "delay"
	Reorder   FaultKind = "reorder"

	// What follows spoils messages when they are issued: signed by somebody
	// unknown in the provider's name, or with a certificate that is no longer
	// valid;
	WrongSigner        FaultKind = "wrong-signer"
	ExpiredCertificate FaultKind = "expired-certificate"
	// evidence, original, or a REM-* header changed behind the signature;
	AlterEvidence FaultKind = "alter-evidence"
	AlterOriginal FaultKind = "alter-original"
	AlterHeader   FaultKind = "alter-header"
	// evidence of another transaction in a message signed anew;
	SwapEvidence FaultKind = "swap-evidence"
	// a signature that covers another element than the one that is read;
	WrapSignature FaultKind = "wrap-signature"
	// the time-stamp of another signature, or none;
	ForeignTimeStamp FaultKind = "foreign-time-stamp"
	NoTimeStamp      FaultKind = "no-time-stamp"
	// a LegalName that is not that of the trusted list.
	WrongName FaultKind = "wrong-name"

	// The trust in a provider: its service withdrawn in the trusted list or
	// not there at all, its capabilities (CSI) expired, unsigned or with a value
	// that is not the profile's, its server with another TLS certificate. They
	// last from From to Until: Skip and Times mean nothing.
	ServiceWithdrawn FaultKind = "service-withdrawn"
	ServiceUnlisted  FaultKind = "service-unlisted"
	CSIExpired       FaultKind = "csi-expired"
	CSIUnsigned      FaultKind = "csi-unsigned"
	CSIWrongValue    FaultKind = "csi-wrong-value"
	WrongTLS         FaultKind = "wrong-tls"

	// RefuseLogin, RefuseForNow (451), RefuseForGood (550), CutBeforeDot,
	// CutAfterDot and Slow happen to a client that submits.
	RefuseLogin   FaultKind = "refuse-login"
	RefuseForNow  FaultKind = "refuse-for-now"
	RefuseForGood FaultKind = "refuse-for-good"
	CutBeforeDot  FaultKind = "cut-before-dot"
	CutAfterDot   FaultKind = "cut-after-dot"
	Slow          FaultKind = "slow"
	// ResetUIDValidity renumbers the inbox after a delivery.
	ResetUIDValidity FaultKind = "reset-uidvalidity"
)

// Spoils lists the faults that spoil a message when it is issued.
func Spoils() []FaultKind {
	return []FaultKind{WrongSigner, ExpiredCertificate, AlterEvidence, AlterOriginal, AlterHeader, SwapEvidence, WrapSignature, ForeignTimeStamp, NoTimeStamp, WrongName}
}

// FaultKinds lists all faults.
func FaultKinds() []FaultKind {
	return slices.Concat([]FaultKind{Refuse, Lose, Duplicate, Delay, Reorder}, Spoils(),
		[]FaultKind{ServiceWithdrawn, ServiceUnlisted, CSIExpired, CSIUnsigned, CSIWrongValue, WrongTLS,
			RefuseLogin, RefuseForNow, RefuseForGood, CutBeforeDot, CutAfterDot, Slow, ResetUIDValidity})
}

// Fault says what goes wrong, and for whom. Empty fields match everything.
type Fault struct {
	Kind FaultKind
	// Reason is the code that a Refuse gives; see Reasons.
	Reason string
	// Message is the kind of message that it befalls, Event that of the
	// evidence in it.
	Message Kind
	Event   evidence.Event
	// Provider is a domain of the provider concerned: the one that issued the
	// message for what happens to messages, the one that fails for the others.
	Provider string
	// Mailbox is the address concerned: a recipient that a receipt speaks of,
	// or the mailbox that is struck.
	Mailbox string
	// Skip lets the first few cases pass, Times bounds how many are struck
	// after that; 0 means all.
	Skip, Times int
	// For is how long: a Delay, or Slow.
	For time.Duration
	// Checked lets other providers notice that a message is spoiled: they
	// refuse a dispatch and drop a receipt. Else they let it pass, as careless
	// ones would, and the mailbox gets it.
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
	met   int
	added time.Time
}

// AddFault makes something go wrong from now on.
func (n *Network) AddFault(f Fault) error {
	fail := func(why string) error { return fmt.Errorf("remtest: %w %s: %s", ErrFault, f.Kind, why) }
	switch {
	case !slices.Contains(FaultKinds(), f.Kind):
		return fail(fmt.Sprintf("no such kind, want one of %v", FaultKinds()))
	case f.Provider != "" && n.byDomain[fold(f.Provider)] == nil:
		return fail(fmt.Sprintf("no provider of domain %q", f.Provider))
	case (f.Kind == Delay || f.Kind == Slow) && f.For <= 0:
		return fail("say for how long")
	case f.Kind == Refuse && !slices.Contains(Reasons(), f.Reason):
		return fail(fmt.Sprintf("reason %q, want one of %v", f.Reason, Reasons()))
	case f.Kind != Refuse && f.Reason != "":
		return fail("only refuse has a reason")
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.faults = append(n.faults, &fault{Fault: f, added: n.Now()})
	return nil
}

// ClearFaults lets everything work again.
func (n *Network) ClearFaults() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.faults = nil
}

// occasion is a case in which a fault may strike.
type occasion struct {
	kind      Kind
	event     evidence.Event
	provider  *node
	mailboxes []string
}

// strikes returns the first fault of a kind, and of a reason, that strikes,
// and counts it.
func (n *Network) strikes(kind FaultKind, reason string, o occasion) *fault {
	since := n.Now().Sub(n.start)
	for _, f := range n.faults {
		if f.Kind != kind || f.Reason != reason || f.Message != "" && f.Message != o.kind || f.Event != "" && f.Event != o.event {
			continue
		}
		if f.Provider != "" && n.byDomain[fold(f.Provider)] != o.provider {
			continue
		}
		if f.Mailbox != "" && !slices.ContainsFunc(o.mailboxes, func(a string) bool { return fold(a) == fold(f.Mailbox) }) {
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

// active returns the first fault of a kind that lasts for a provider now: those
// of trust, which nobody meets.
func (n *Network) active(kind FaultKind, of *node) *fault {
	since := n.Now().Sub(n.start)
	for _, f := range n.faults {
		if f.Kind == kind && (f.Provider == "" || n.byDomain[fold(f.Provider)] == of) && since >= f.From && (f.Until <= 0 || since < f.Until) {
			return f
		}
	}
	return nil
}

// reason returns the code of the first Refuse that strikes at a point, "" for
// none.
func (n *Network) reason(at Point, o occasion) string {
	for _, f := range failures {
		if f.at == at && n.strikes(Refuse, f.code, o) != nil {
			return f.code
		}
	}
	return ""
}

// ParseFault reads a fault as the command line writes it: the kind, then
// name=value pairs, separated by commas.
//
//	refuse,reason=RB21,mailbox=bruno@beta.example
//	lose,event=ContentConsignment,times=1
//	delay,for=13h
func ParseFault(s string) (Fault, error) {
	parts := strings.Split(s, ",")
	f := Fault{Kind: FaultKind(strings.TrimSpace(parts[0]))}
	if !slices.Contains(FaultKinds(), f.Kind) {
		return f, fmt.Errorf("remtest: %w %q: no such kind, want one of %v", ErrFault, f.Kind, FaultKinds())
	}
	for _, part := range parts[1:] {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		var err error
		switch name {
		case "reason":
			f.Reason = value
		case "message":
			f.Message = Kind(value)
		case "event":
			f.Event = evidence.Event(value)
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
			err = errors.New("want reason, message, event, provider, mailbox, checked, skip, times, for, from or until")
		}
		if err != nil {
			return f, fmt.Errorf("remtest: %w %s: %q: %w", ErrFault, f.Kind, part, err)
		}
	}
	return f, nil
}

// String writes the fault as ParseFault reads it.
func (f Fault) String() string {
	out := string(f.Kind)
	add := func(name, value string) {
		if value != "" && value != "0" && value != "0s" && value != "false" {
			out += "," + name + "=" + value
		}
	}
	add("reason", f.Reason)
	add("message", string(f.Message))
	add("event", string(f.Event))
	add("provider", f.Provider)
	add("mailbox", f.Mailbox)
	add("checked", strconv.FormatBool(f.Checked))
	add("skip", strconv.Itoa(f.Skip))
	add("times", strconv.Itoa(f.Times))
	add("for", f.For.String())
	add("from", f.From.String())
	add("until", f.Until.String())
	return out
}
