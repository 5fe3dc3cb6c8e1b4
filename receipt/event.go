package receipt

import (
	"crypto/sha256"
	"encoding/hex"
	"time"
)

// A System is a kind of certified mail.
type System string

// The systems.
const (
	PEC System = "pec" // posta elettronica certificata
	REM System = "rem" // registered electronic mail, EN 319 532
)

// An EventKind is what happened.
type EventKind string

// The kinds of event.
const (
	EventAccepted      EventKind = "accepted"        // accettazione, SubmissionAcceptance: for the whole message
	EventNotAccepted   EventKind = "not-accepted"    // non-accettazione, SubmissionRejection: for the whole message
	EventTakenInCharge EventKind = "taken-in-charge" // presa in carico, RelayAcceptance
	EventDelivered     EventKind = "delivered"       // avvenuta consegna, ContentConsignment, ContentHandover
	EventNotDelivered  EventKind = "not-delivered"   // mancata consegna, RelayFailure, ContentConsignmentFailure and their like
	EventDelayed       EventKind = "delayed"         // preavviso; a Reason without category leaves open which notice it is
	EventTimedOut      EventKind = "timed-out"       // superamento dei tempi massimi, 24 hours
	EventVirusDetected EventKind = "virus-detected"  // rilevazione virus

	// The others are of REM alone (EN 319 522-1 §6).
	EventRelayRejected EventKind = "relay-rejected" // RelayRejection: the recipient's service does not take it
	EventNotified      EventKind = "notified"       // the recipient was told, or answered: nothing is decided yet
	EventUntrusted     EventKind = "untrusted-path" // UntrustedPathToRecipient: no service of REM serves the recipient
	EventLeftNetwork   EventKind = "left-network"   // RelayToNonERDS: handed to ordinary mail
	// EventNotHandedOver is ContentHandoverFailure: the recipient did not fetch
	// the message. What was consigned before stays consigned.
	EventNotHandedOver EventKind = "not-handed-over"
)

// Light is what the kind by itself says of a delivery: Green that there was one,
// Red that there is none, Amber that it is late or was not fetched; empty for a
// step on the way. What became of a recipient is for the [Ledger] to say, out of
// all events.
func (k EventKind) Light() Light {
	switch k {
	case EventDelivered:
		return Green
	case EventNotAccepted, EventNotDelivered, EventTimedOut, EventVirusDetected, EventRelayRejected:
		return Red
	case EventDelayed, EventNotHandedOver:
		return Amber
	}
	return ""
}

// A Recipient is an address with its type.
type Recipient struct {
	Address string `json:"address"`
	// Type is "certificato" or "esterno" for PEC, empty for REM and where it is
	// not known.
	Type string `json:"type"`
}

// An Event is one fact about one message, with its proof. Ids are without angle
// brackets.
type Event struct {
	System System
	Kind   EventKind
	// MessageID is the id that the sender's client gave the message.
	MessageID string
	// Reference is the same out of a header that no signature covers. It is used
	// only where nothing else matches, and never counts as proven.
	Reference string
	// Identifier is the provider's id of the transaction.
	Identifier string
	// Recipient is whom it concerns; empty for what concerns the whole message.
	Recipient string
	// Recipients are all recipients of the message.
	Recipients []Recipient
	Sender     string
	Subject    string
	Time       time.Time
	// Issuer is the provider that says so.
	Issuer string
	Reason Reason
	// ReceiptType is the form of delivery receipt that was asked for.
	ReceiptType string
	Proof       Proof
}

// ID returns a stable id for queues and hooks, in hexadecimal: SHA-256 over the
// digest of the proof, the recipient in lower case and the kind. One message
// read twice gives the same ids.
func (e *Event) ID() string {
	buf := make([]byte, 0, 256)
	buf = append(buf, e.Proof.SHA256[:]...)
	buf = append(buf, 0)
	buf = append(buf, foldAddress(e.Recipient)...)
	buf = append(buf, 0)
	buf = append(buf, e.Kind...)
	sum := sha256.Sum256(buf)
	return hex.EncodeToString(sum[:])
}

// Events returns what a receipt says as events: one for an acceptance or
// non-acceptance, else one per recipient it speaks of. A receipt that should
// name a recipient and does not gives one event without.
func Events(r Receipt, p Proof) []Event {
	if r == nil {
		return nil
	}
	if p.Kind == "" {
		p.Kind = string(r.Info().Type)
	}
	return r.events(p)
}

func (c *Common) event(kind EventKind, p Proof, reason Reason) Event {
	e := Event{
		System: PEC, Kind: kind, MessageID: c.MessageID, Reference: c.Reference, Identifier: c.Identifier,
		Sender: c.Sender, Subject: c.Subject, Time: c.Time, Issuer: c.Provider, Reason: reason,
		ReceiptType: string(c.Data.ReceiptType), Proof: p,
	}
	if len(c.Recipients) > 0 {
		e.Recipients = make([]Recipient, len(c.Recipients))
		for i, rec := range c.Recipients {
			e.Recipients[i] = Recipient{rec.Address, string(rec.Type)}
		}
	}
	return e
}

// each gives the event to every recipient.
func (c *Common) each(kind EventKind, p Proof, reason Reason, first string, others []string) []Event {
	e := c.event(kind, p, reason)
	e.Recipient = first
	out := append(make([]Event, 0, 1+len(others)), e)
	for _, other := range others {
		e.Recipient = other
		out = append(out, e)
	}
	return out
}

func (r *Acceptance) events(p Proof) []Event {
	return []Event{r.event(EventAccepted, p, Reason{})}
}

func (r *NonAcceptance) events(p Proof) []Event {
	return []Event{r.event(EventNotAccepted, p, r.Reason)}
}

func (r *TakeCharge) events(p Proof) []Event {
	if len(r.TakenInCharge) == 0 {
		return r.each(EventTakenInCharge, p, Reason{}, "", nil)
	}
	return r.each(EventTakenInCharge, p, Reason{}, r.TakenInCharge[0], r.TakenInCharge[1:])
}

func (r *Delivery) events(p Proof) []Event {
	return r.each(EventDelivered, p, Reason{}, r.Recipient, r.Others)
}

func (r *NonDelivery) events(p Proof) []Event {
	return r.each(EventNotDelivered, p, r.Reason, r.Recipient, r.Others)
}

func (r *TimeoutNotice) events(p Proof) []Event {
	kind := EventDelayed
	if r.Reason.Category == Timeout {
		kind = EventTimedOut
	}
	return r.each(kind, p, r.Reason, r.Recipient, r.Others)
}

func (r *VirusDetection) events(p Proof) []Event {
	return r.each(EventVirusDetected, p, r.Reason, r.Recipient, r.Others)
}
