package rem

import (
	"cmp"
	"slices"
	"strings"

	"github.com/certmail/certmail/receipt"
	"github.com/certmail/certmail/rem/evidence"
)

// Record is one evidence document with the message that carried it.
type Record struct {
	// Name is where the caller keeps the message, Kind what it is.
	Name string
	Kind Kind
	// Document is what the evidence says; Verdict how far the message that
	// carried it was verified.
	Document *evidence.Evidence
	Verdict  receipt.Verdict
}

// Records returns the evidence of the message that was verified, for
// Transactions: that of a dispatch too, which makes no events.
func (r *Report) Records(name string) []Record {
	if r.message == nil {
		return nil
	}
	var all []Record
	for _, d := range r.documents {
		if d != nil {
			all = append(all, Record{Name: name, Kind: r.Kind, Document: d, Verdict: proofVerdict(r.Verdict)})
		}
	}
	return all
}

// State is where a message has come to for one recipient (EN 319 522-1 §6, EN
// 319 532-4 C.4.5).
type State string

// The states, from the first to the last.
const (
	StateUnknown      State = "unknown"       // no evidence counts
	StateRejected     State = "rejected"      // A.2
	StateAccepted     State = "accepted"      // A.1
	StateRelayed      State = "relayed"       // B.1
	StateNotRelayed   State = "not-relayed"   // B.2, B.3, F.2
	StateAwaiting     State = "awaiting"      // C.1, C.3: the recipient has to answer, or has
	StateRefused      State = "refused"       // C.4, C.5: by the recipient, or not answered
	StateConsigned    State = "consigned"     // D.1
	StateNotConsigned State = "not-consigned" // D.2
	StateHandedOver   State = "handed-over"   // E.1
	StateNotHanded    State = "not-handed"    // E.2
	StateLeftNetwork  State = "left-network"  // F.1
)

// A Transaction is everything known about one MessageIdentifier. Nothing in it
// is overwritten: evidence that contradicts other evidence stands beside it.
type Transaction struct {
	// Identifier is MessageIdentifier, MessageID the sender's own id
	// (AppLayerIdentifier), both without angle brackets.
	Identifier, MessageID string
	Sender, Subject       string
	// DigestMethod and Digest are those of the original.
	DigestMethod string
	Digest       []byte
	Recipients   []Path
	// Records are all its evidence, the oldest first. A document that was met in
	// several messages, as that of a submission, stands once for each.
	Records []Record
	// Contradictions are what cannot all be true.
	Contradictions []receipt.Contradiction
}

// Path is the way of a message to one recipient.
type Path struct {
	// Number is the recipient's number in all evidence, from 1.
	Number  int
	Address string
	State   State
	// Untrusted says that no trusted service was found for the recipient.
	Untrusted bool
	// Verified says that State rests on valid evidence alone.
	Verified bool
	// Records are those that speak for the recipient.
	Records []Record
}

// Codes of the contradictions of a Transaction, beside those of package
// receipt that concern one recipient.
const (
	ConflictRecipients = "recipients-differ"    // two documents list other recipients
	ConflictDigest     = "digest-differs"       // or another content
	ConflictMessageID  = "message-id-differs"   // or another id of the sender's program
	ConflictSender     = "sender-differs"       // or another sender
	ConflictSubmission = "submission-differs"   // or another time of submission
	ConflictEvidenceID = "evidence-id-reused"   // one id, two documents that state the same event for one recipient
	ConflictReason     = "relay-reason-differs" // a RelayFailure gives another reason than the RelayRejection
	ConflictOrder      = "before-submission"    // an event before the submission
)

// Transactions groups evidence by MessageIdentifier, in the order of the first
// event of each. The order and repetition of records do not matter. What only
// invalid messages say is listed and never counts.
func Transactions(records ...Record) []*Transaction {
	byID := map[string]*Transaction{}
	for _, r := range records {
		if r.Document == nil {
			continue
		}
		id := bare(r.Document.MessageID)
		t := byID[id]
		if t == nil {
			t = &Transaction{Identifier: id}
			byID[id] = t
		}
		if !slices.ContainsFunc(t.Records, func(o Record) bool { return compareRecords(o, r) == 0 }) {
			t.Records = append(t.Records, r)
		}
	}
	all := make([]*Transaction, 0, len(byID))
	for _, t := range byID {
		slices.SortFunc(t.Records, compareRecords)
		t.assemble()
		all = append(all, t)
	}
	slices.SortFunc(all, func(a, b *Transaction) int {
		return cmp.Or(a.Records[0].Document.Time.UTC.Compare(b.Records[0].Document.Time.UTC), strings.Compare(a.Identifier, b.Identifier))
	})
	return all
}

func compareRecords(a, b Record) int {
	return cmp.Or(
		a.Document.Time.UTC.Compare(b.Document.Time.UTC), strings.Compare(a.Document.Event.Code(), b.Document.Event.Code()),
		strings.Compare(a.Document.ID, b.Document.ID), strings.Compare(a.Name, b.Name), strings.Compare(a.Document.Raw, b.Document.Raw),
		cmp.Compare(a.Verdict, b.Verdict), strings.Compare(string(a.Kind), string(b.Kind)),
	)
}

// counting returns the records that count: the valid ones; where there are
// none, those that are not invalid.
func (t *Transaction) counting() (list []Record, verified bool) {
	for _, want := range []func(receipt.Verdict) bool{
		func(v receipt.Verdict) bool { return v == receipt.Valid },
		func(v receipt.Verdict) bool { return v != receipt.Invalid },
	} {
		for _, r := range t.Records {
			if want(r.Verdict) {
				list = append(list, r)
			}
		}
		if len(list) > 0 {
			return list, list[0].Verdict == receipt.Valid
		}
	}
	return nil, false
}

// assemble fills in everything but the records.
func (t *Transaction) assemble() {
	list, verified := t.counting()
	for i := range list {
		t.learn(list[i].Document)
	}
	for i := range t.Recipients {
		t.follow(&t.Recipients[i], list, verified)
	}
	t.contradict(list, verified)
}

// learn takes what the first evidence that says it says.
func (t *Transaction) learn(d *evidence.Evidence) {
	if t.Sender == "" {
		t.Sender = d.Sender.Address()
	}
	if t.Subject == "" {
		t.Subject = d.Subject()
	}
	if t.MessageID == "" && d.Content != nil {
		t.MessageID = bare(d.Content.AppLayerIdentifier)
	}
	if p := originalPart(d); p != nil && t.Digest == nil {
		t.DigestMethod, t.Digest = p.DigestMethod, p.Digest
	}
	if t.Recipients == nil {
		for i := range d.Recipients {
			t.Recipients = append(t.Recipients, Path{Number: i + 1, Address: address(&d.Recipients[i]), State: StateUnknown})
		}
	}
}

// steps says which state an event makes, and how far it is along the way: the
// furthest decides.
var steps = [...]struct {
	event evidence.Event
	state State
	rank  int
}{
	{evidence.SubmissionAcceptance, StateAccepted, 1},
	{evidence.RelayAcceptance, StateRelayed, 2},
	{evidence.NotificationForAcceptance, StateAwaiting, 3},
	{evidence.NotificationForAcceptanceFailure, StateAwaiting, 3},
	{evidence.ConsignmentAcceptance, StateAwaiting, 4},
	{evidence.RelayToNonERDS, StateLeftNetwork, 5},
	{evidence.SubmissionRejection, StateRejected, 6},
	{evidence.RelayRejection, StateNotRelayed, 6},
	{evidence.RelayFailure, StateNotRelayed, 6},
	{evidence.RelayToNonERDSFailure, StateNotRelayed, 6},
	{evidence.ConsignmentRejection, StateRefused, 6},
	{evidence.AcceptanceRejectionExpiry, StateRefused, 6},
	{evidence.ContentConsignmentFailure, StateNotConsigned, 7},
	{evidence.ContentHandoverFailure, StateNotHanded, 8},
	{evidence.ContentConsignment, StateConsigned, 9}, // beside a failure it is a contradiction, too
	{evidence.ContentHandover, StateHandedOver, 10},
}

// follow finds the state of one recipient.
func (t *Transaction) follow(p *Path, list []Record, verified bool) {
	rank := 0
	for _, r := range t.Records {
		if speaksFor(r.Document, p.Address) {
			p.Records = append(p.Records, r)
		}
	}
	for _, r := range list {
		if !speaksFor(r.Document, p.Address) {
			continue
		}
		for i := range steps {
			if steps[i].event == r.Document.Event && steps[i].rank > rank {
				rank, p.State, p.Verified = steps[i].rank, steps[i].state, verified
			}
		}
		for _, n := range r.Document.Untrusted() {
			if n >= 1 && n <= len(r.Document.Recipients) && receipt.SameAddress(address(&r.Document.Recipients[n-1]), p.Address) {
				p.Untrusted = true
			}
		}
	}
}

// speaksFor tells whether an evidence is about a recipient. It goes by the
// address: numbers mean nothing where lists differ.
func speaksFor(d *evidence.Evidence, recipient string) bool {
	return slices.ContainsFunc(d.SpeaksFor(), func(n int) bool {
		return receipt.SameAddress(address(&d.Recipients[n-1]), recipient)
	})
}
