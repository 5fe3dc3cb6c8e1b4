package receipt

import (
	"encoding/json"
	"time"
)

// A Status is what became of one recipient.
type Status string

// The statuses, from waiting to final.
const (
	StatusSubmitted Status = "submitted"  // handed to the provider, nothing heard yet
	StatusUncertain Status = "uncertain"  // perhaps handed to the provider: the connection died before its answer
	StatusAccepted  Status = "accepted"   // accettazione
	StatusInTransit Status = "in-transit" // presa in carico
	StatusDelayed   Status = "delayed"    // preavviso: the 12 h notice
	StatusOverdue   Status = "overdue"    // an answer should have come by now
	StatusExternal  Status = "external"   // accepted for ordinary mail; no receipt will ever come
	StatusDelivered Status = "delivered"  // avvenuta consegna
	StatusFailed    Status = "failed"     // mancata consegna, or 24 h without delivery
	StatusRejected  Status = "rejected"   // non accettazione
	StatusConflict  Status = "conflict"   // the proofs contradict each other
)

// A Light sums a message up.
type Light string

// The lights.
const (
	Green Light = "green" // delivered to all recipients, by valid proof
	Red   Light = "red"   // failed, rejected or in conflict for one at least, by valid proof
	Amber Light = "amber" // not all delivered, nothing failed; or it is open which of two contents was delivered
	Grey  Light = "grey"  // what is known rests on proofs that are not valid
)

// A Report is what a [Ledger] knows at one moment. Equal sets of submissions
// and events give equal reports.
type Report struct {
	// Messages are in the order of their time, the unknown first.
	Messages []Message `json:"messages"`
	// Orphans are receipts that belong to no message. They are kept because a
	// message may have been sent by other means than ours, and because a receipt
	// that was forged to fit is found here.
	Orphans []Orphan `json:"orphans"`
}

// A Message is what became of one message.
type Message struct {
	MessageID  string `json:"message_id"`
	Identifier string `json:"identifier"`
	Subject    string `json:"subject"`
	Sender     string `json:"sender"`
	// Submitted is when we submitted it, zero (null) when we know it from its
	// receipts only; Accepted is when the provider accepted it.
	Submitted time.Time `json:"submitted"`
	Accepted  time.Time `json:"accepted"`
	Light     Light     `json:"light"`
	// Settled reports whether nothing more is to be expected for any recipient.
	// A message to ordinary mailboxes settles without turning green.
	Settled    bool              `json:"settled"`
	Recipients []RecipientStatus `json:"recipients"`
	Conflicts  []Contradiction   `json:"conflicts"`
	Findings   []Finding         `json:"-"`
}

// A RecipientStatus is what became of one recipient, and why we say so.
type RecipientStatus struct {
	Address string `json:"address"`
	// Type is "certificato" or "esterno", empty until the provider said which.
	Type   string `json:"type"`
	Status Status `json:"status"`
	// Time is that of the event that decided, of the submission where none did.
	Time time.Time `json:"time"`
	// Reason is why it failed or is delayed, on one line; Error the same in
	// fields.
	Reason string `json:"reason"`
	Error  Reason `json:"error"`
	// Late reports a delivery after the notice that it had failed.
	Late bool `json:"late"`
	// Verified reports whether the status rests on valid proofs alone.
	Verified bool `json:"verified"`
	// Explanation says which proof decided and how it was matched, or what is
	// being waited for.
	Explanation string `json:"explanation"`
	// Proofs are all that concern the recipient, the oldest first, those that do
	// not count included.
	Proofs []ProofStatus `json:"proof"`
}

// A ProofStatus is one proof and what it is good for.
type ProofStatus struct {
	File    string  `json:"file"`
	Kind    string  `json:"kind"`
	SHA256  Digest  `json:"sha256"`
	Verdict Verdict `json:"verdict"`
	// Content says how the original inside it compares with the sent copies.
	Content ContentMatch `json:"content,omitempty"`
	Event   EventKind    `json:"event"`
	Time    time.Time    `json:"time"`
	Issuer  string       `json:"issuer"`
	Reason  string       `json:"reason,omitempty"`
	// Matched says by which key the proof was found to belong to the message.
	Matched MatchKey `json:"matched_by"`
	// Note says why it does not count as proven, empty when it does.
	Note string `json:"note,omitempty"`
}

// A MatchKey is how an event was found to belong to a message.
type MatchKey string

// The keys, the best first.
const (
	ByMessageID  MatchKey = "Message-ID"                                  // msgid, signed by the provider
	ByIdentifier MatchKey = "identifier learned from another receipt"     // identificativo
	ByOwnID      MatchKey = "identifier"                                  // the message is known by it only
	ByHeader     MatchKey = "X-Riferimento-Message-ID, which is unsigned" // a candidate, no more
)

// A Contradiction is a set of proofs that cannot all be true, or one that is not
// about what was sent.
type Contradiction struct {
	Code   string `json:"code"`
	Detail string `json:"detail"`
	// Recipient is whom it concerns, empty for the whole message.
	Recipient string `json:"recipient,omitempty"`
	// Verified reports whether the proofs are valid.
	Verified bool `json:"verified"`
	// Files are the proofs and, where it contradicts them, the sent copy.
	Files []string `json:"files"`
}

// Codes of contradictions.
const (
	ConflictOutcome    = "delivered-and-failed"  // for one recipient
	ConflictAcceptance = "accepted-and-rejected" // for the whole message
	ConflictIdentifier = "two-identifiers"       // one Message-ID, two transactions
	ConflictShared     = "identifier-shared"     // one identifier, two Message-IDs
	ConflictRelay      = "relayed-and-refused"   // REM, for one recipient
	ConflictExternal   = "external-and-failed"   // REM, for one recipient: handed to ordinary mail and not handed
	ConflictContent    = "content-differs"       // one identifier, two originals; or an original that is not what we sent
)

// An Orphan is a receipt that belongs to no message.
type Orphan struct {
	File       string    `json:"file"`
	Kind       string    `json:"kind"`
	SHA256     Digest    `json:"sha256"`
	Verdict    Verdict   `json:"verdict"`
	Event      EventKind `json:"event"`
	MessageID  string    `json:"message_id"`
	Identifier string    `json:"identifier"`
	Sender     string    `json:"sender"`
	Recipients []string  `json:"recipients"`
	Subject    string    `json:"subject"`
	Time       time.Time `json:"time"`
	Issuer     string    `json:"issuer"`
	// Why says why it belongs nowhere.
	Why string `json:"why"`
}

// Codes of the findings of a [Message].
const (
	// FindingEarly: a receipt is older than the submission: a replay, or a clock
	// that is wrong.
	FindingEarly = "receipt-before-submission"
	// FindingAcceptedOthers: the acceptance does not list the recipients that we
	// submitted.
	FindingAcceptedOthers = "accepted-recipients-differ"
	// FindingSubmittedTwice: one Message-ID was submitted with two contents, or
	// with one content under two subjects. With two contents (Sent.Body) the
	// light is never green: a delivery is of one of them.
	FindingSubmittedTwice = "submitted-twice"
	// FindingNoSender: a receipt does not name the sender of the message.
	FindingNoSender = "sender-missing"
)

// jsonFinding gives findings the names of the command line.
type jsonFinding struct {
	Code   string `json:"code"`
	Detail string `json:"detail"`
}

// moment is a time that is null in JSON when zero.
type moment time.Time

func (m moment) MarshalJSON() ([]byte, error) {
	if time.Time(m).IsZero() {
		return []byte("null"), nil
	}
	return time.Time(m).MarshalJSON()
}

// reasonOrNull is a reason that is null in JSON when it says nothing.
type reasonOrNull Reason

func (r reasonOrNull) MarshalJSON() ([]byte, error) {
	if Reason(r).IsZero() {
		return []byte("null"), nil
	}
	return json.Marshal(Reason(r))
}

// MarshalJSON writes the message with the names of `certmail reconcile`; times
// that are not known are null.
func (m Message) MarshalJSON() ([]byte, error) {
	type plain Message
	if m.Conflicts == nil {
		m.Conflicts = []Contradiction{}
	}
	findings := make([]jsonFinding, len(m.Findings))
	for i, f := range m.Findings {
		findings[i] = jsonFinding(f)
	}
	return json.Marshal(struct {
		plain
		Submitted moment        `json:"submitted"`
		Accepted  moment        `json:"accepted"`
		Findings  []jsonFinding `json:"findings"`
	}{plain(m), moment(m.Submitted), moment(m.Accepted), findings})
}

// MarshalJSON writes null for what is not known.
func (r RecipientStatus) MarshalJSON() ([]byte, error) {
	type plain RecipientStatus
	return json.Marshal(struct {
		plain
		Time  moment       `json:"time"`
		Error reasonOrNull `json:"error"`
	}{plain(r), moment(r.Time), reasonOrNull(r.Error)})
}

// MarshalJSON writes null for what is not known.
func (p ProofStatus) MarshalJSON() ([]byte, error) {
	type plain ProofStatus
	return json.Marshal(struct {
		plain
		Time moment `json:"time"`
	}{plain(p), moment(p.Time)})
}

// MarshalJSON writes null for what is not known.
func (o Orphan) MarshalJSON() ([]byte, error) {
	type plain Orphan
	return json.Marshal(struct {
		plain
		Time moment `json:"time"`
	}{plain(o), moment(o.Time)})
}
