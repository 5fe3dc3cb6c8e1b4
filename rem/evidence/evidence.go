package evidence

// Evidence is one tns:Evidence document (EN 319 522-3 §5): what a service
// attests about one event. It knows nothing of mail: other bindings carry the
// same documents.
//
// A value that came from [Parse] proves nothing; one from [Verify] is what its
// report says. The fields are in the order of the schema, which is also the
// order in which they are written.
type Evidence struct {
	// Version is @version, such as EN319522v1.1.1 (G02).
	Version string
	// XMLID is @Id, usually absent.
	XMLID string

	// ID is EvidenceIdentifier (G01), an RFC 5322 §3.6.4 id without brackets.
	ID string
	// EventID is ERDSEventId, the URI of the event (G03), and Event the event
	// that it stands for, empty when it is not in the table. Event alone is
	// enough to write.
	EventID string
	Event   Event
	// Reasons are EventReasons (G04).
	Reasons []Reason
	// Time is EventTime (G05).
	Time Time
	// Policies are the URIs of EvidenceIssuerPolicyID (R01).
	Policies []string
	// Issuer is EvidenceIssuerDetails (R02).
	Issuer Entity
	// Sender is SenderDetails (I01, I02, I10), SenderDelegate
	// SenderDelegateDetails (I03, I04, I11).
	Sender         User
	SenderDelegate *User
	// Recipients are RecipientDetails (I05, I06, I12). Their order is what
	// recipient numbers speak of: number 1 is Recipients[0].
	Recipients []User
	// RecipientDelegates are RecipientsDelegateDetails (I07, I08, I13).
	RecipientDelegates []Delegate
	// Submitted is SubmissionTime (M03).
	Submitted *Time
	// RefersTo is EvidenceRefersToRecipient (I09), a recipient number from 1. A
	// value that cannot be one is 0 or less; see [Evidence.Recipient].
	RefersTo *int
	// MessageID is MessageIdentifier (M01): the key of the transaction.
	MessageID string
	// Content is UserContentInfo (M02).
	Content *Content
	// ExternalERDS is ExternalERDSDetails (M05).
	ExternalERDS *Entity
	// External is ForwardedToExternalSystem (M04).
	External *string
	// Logs are the TransactionLogs (G06).
	Logs []Any
	// Extensions are E01.
	Extensions []Extension

	// Signatures counts the ds:Signature children of the root (R03).
	Signatures int
	// Raw is the document as it was read; empty for a value made by the caller.
	Raw string
	// Findings is what Parse met that was odd, in document order.
	Findings []Finding
}

// info is the row of the event: by its URI, without one by its name.
func (e *Evidence) info() *EventInfo {
	if e.EventID != "" {
		return EventByURI(e.EventID).info()
	}
	return e.Event.info()
}

// Recipient is the one recipient that evidence of consignment speaks for, and
// its number; ok is false when there is none, or the number is out of range.
func (e *Evidence) Recipient() (u User, number int, ok bool) {
	if e.RefersTo == nil || *e.RefersTo < 1 || *e.RefersTo > len(e.Recipients) {
		return User{}, 0, false
	}
	return e.Recipients[*e.RefersTo-1], *e.RefersTo, true
}

// Subject is the subject of the original message from the baseline's
// GeneralEvidenceInfo (EN 319 532-4 C.3.2.1), decoded text; empty when absent.
func (e *Evidence) Subject() string {
	for i := range e.Extensions {
		if g := e.Extensions[i].General; g != nil && g.Subject != nil {
			return *g.Subject
		}
	}
	return ""
}

// Untrusted are the numbers of UntrustedPathToRecipient (EN 319 532-4
// C.3.2.1): recipients that are not reachable through trusted services. They
// are as written: a number may be out of range.
func (e *Evidence) Untrusted() []int {
	var all []int
	for i := range e.Extensions {
		if g := e.Extensions[i].General; g != nil {
			all = append(all, g.Untrusted...)
		}
	}
	return all
}

// RelayRefersTo are the numbers of RelayEvidenceRefersTo (EN 319 532-4
// C.3.2.2): the recipients that relay evidence speaks for. ok is false when it
// names none, and so speaks for all. Numbers are as written.
func (e *Evidence) RelayRefersTo() (numbers []int, ok bool) {
	for i := range e.Extensions {
		if r := e.Extensions[i].Relay; r != nil {
			numbers = append(numbers, r.RefersTo...)
		}
	}
	return numbers, len(numbers) > 0
}

// SpeaksFor are the numbers of the recipients that the evidence is about, in
// range and without repetition: the one of consignment evidence, those that
// relay evidence names, or all. Evidence that names recipients and none of
// them exists speaks for nobody.
func (e *Evidence) SpeaksFor() []int {
	if e.RefersTo != nil {
		if _, n, ok := e.Recipient(); ok {
			return []int{n}
		}
		return nil
	}
	named, some := e.RelayRefersTo()
	if !some {
		all := make([]int, len(e.Recipients))
		for i := range all {
			all[i] = i + 1
		}
		return all
	}
	seen := make([]bool, len(e.Recipients))
	var out []int
	for _, n := range named {
		if n >= 1 && n <= len(seen) && !seen[n-1] {
			seen[n-1] = true
			out = append(out, n)
		}
	}
	return out
}
