package receipt

import (
	"time"

	"github.com/certmail/certmail/daticert"
)

// Finding is something odd that did not stop the reading.
type Finding = daticert.Finding

// A Receipt is the typed view of a receipt or notice. It is one of
// *[Acceptance], *[NonAcceptance], *[TakeCharge], *[Delivery], *[NonDelivery],
// *[TimeoutNotice] and *[VirusDetection], and nothing else.
type Receipt interface {
	// Info returns what all receipts have; it is never nil.
	Info() *Common

	events(Proof) []Event
}

// Common is what every receipt and notice says.
type Common struct {
	// Type is postacert/@tipo.
	Type daticert.Type
	// Provider (gestore-emittente) is who issued the receipt, in free text.
	Provider string
	// Time is when the certified event happened, in the zone the provider wrote.
	// It is zero, with a finding, where neither the data nor the header say.
	Time time.Time
	// Identifier (identificativo) is the transaction's, without angle brackets.
	Identifier string
	// MessageID (msgid) is the Message-ID that the sender's client set, without
	// angle brackets; empty where it set none.
	MessageID string
	// Reference is X-Riferimento-Message-ID, without angle brackets. No
	// signature covers it: it finds candidates and proves nothing.
	Reference string
	// Sender (mittente) is the address that the original was sent from.
	Sender string
	// Recipients (destinatari) are all recipients of the original, with their
	// type, in the order of the document.
	Recipients []daticert.Recipient
	// Subject (oggetto) is the original subject, decoded.
	Subject    string
	HasSubject bool
	// Data is what all this was read from.
	Data *daticert.Data
	// Findings is what was odd about this receipt, beyond Data.Findings.
	Findings []Finding
}

// Info returns c itself.
func (c *Common) Info() *Common { return c }

// Acceptance is the ricevuta di accettazione: the sender's provider took the
// message for all its recipients (RFC 6109 §3.1.4). From it the sender learns
// the identifier and which recipients have certified mail.
type Acceptance struct{ Common }

// NonAcceptance is the avviso di non accettazione: the sender's provider
// refused the message for all its recipients, for a breach of form (RFC 6109
// §3.1.2) or for a virus (§3.1.3).
type NonAcceptance struct {
	Common
	Reason Reason
	Virus  bool
}

// TakeCharge is the ricevuta di presa in carico: the recipients' provider took
// the envelope over for some recipients (RFC 6109 §3.2.1). It goes to a mailbox
// of the sender's provider; users seldom see one.
type TakeCharge struct {
	Common
	// TakenInCharge (ricezione) are those recipients.
	TakenInCharge []string
}

// Delivery is the ricevuta di avvenuta consegna: the message lies in the
// mailbox of one recipient (RFC 6109 §3.3.2).
type Delivery struct {
	Common
	// Recipient (consegna) is that recipient.
	Recipient string
	// Others are further recipients, which the rules do not foresee.
	Others []string
	// Requested is the form of receipt that the sender asked for. What the
	// receipt carries shows in its parts, not here.
	Requested daticert.ReceiptType
}

// NonDelivery is the avviso di mancata consegna: the message cannot be put in
// the mailbox of one recipient (RFC 6109 §3.3.3), or must not be because of a
// virus (§3.2.4).
type NonDelivery struct {
	Common
	Recipient string
	Others    []string
	Reason    Reason
	Virus     bool
}

// TimeoutNotice is the avviso di mancata consegna per superamento dei tempi
// massimi (RFC 6109 §3.1.6). There are two, after 12 and after 24 hours, that
// differ neither in header nor in tipo: Reason.Category is [Delay] for the
// first, [Timeout] for the second and [NoReason] where nothing tells; the
// [Ledger] then goes by the time since dispatch.
type TimeoutNotice struct {
	Common
	Recipient string
	Others    []string
	Reason    Reason
}

// Final reports whether this is the second notice, given when the message was
// dispatched; the zero time stands for unknown.
func (n *TimeoutNotice) Final(dispatched time.Time) bool {
	return finalTimeout(n.Reason.Category, n.Time, dispatched)
}

// finalTimeout tells the notices apart: by what they say, else by their age.
func finalTimeout(said Category, at, dispatched time.Time) bool {
	if said != NoReason {
		return said == Timeout
	}
	return !at.IsZero() && !dispatched.IsZero() && at.Sub(dispatched) >= finalAfter
}

// VirusDetection is the avviso di rilevazione virus informatico: the
// recipients' provider found a virus in the envelope and kept it (RFC 6109
// §3.2.3). It goes to a mailbox of the sender's provider, which turns it into a
// [NonDelivery].
type VirusDetection struct {
	Common
	Recipient string
	Others    []string
	Reason    Reason
}
