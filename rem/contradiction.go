package rem

import (
	"bytes"
	"slices"
	"strings"
	"time"

	"github.com/certmail/certmail/receipt"
	"github.com/certmail/certmail/rem/evidence"
)

// contradict lists what cannot all be true of the records that count.
func (t *Transaction) contradict(list []Record, verified bool) {
	add := func(code, recipient, detail string, a, b Record) {
		if slices.ContainsFunc(t.Contradictions, func(c receipt.Contradiction) bool { return c.Code == code && c.Recipient == recipient }) {
			return
		}
		c := receipt.Contradiction{Code: code, Recipient: recipient, Verified: verified, Files: []string{a.Name}}
		c.Detail = detail + ": " + describe(a) + "; " + describe(b)
		if a.Name != b.Name {
			c.Files = append(c.Files, b.Name)
		}
		t.Contradictions = append(t.Contradictions, c)
	}
	for i := range list {
		for j := range i {
			t.compare(list[j], list[i], add)
		}
	}
	for i := range t.Recipients {
		compareWays(&t.Recipients[i], list, add)
	}
}

type adder func(code, recipient, detail string, a, b Record)

func describe(r Record) string {
	d := r.Document
	return string(d.Event) + " of " + d.Time.String() + ", " + excerpt(d.ID) + " (" + r.Name + ")"
}

// compare looks for what two documents of one transaction must have in common
// (EN 319 532-4 C.3.4, C.4.5; V-11 of the checklist).
func (t *Transaction) compare(a, b Record, add adder) {
	x, y := a.Document, b.Document
	// Official examples give one id to evidence about several recipients.
	if x.ID == y.ID && x.Event == y.Event && x.Raw != y.Raw && overlap(x, y) {
		add(ConflictEvidenceID, "", "one EvidenceIdentifier for two statements", a, b)
	}
	if !slices.EqualFunc(x.Recipients, y.Recipients, func(u, v evidence.User) bool { return receipt.SameAddress(address(&u), address(&v)) }) {
		add(ConflictRecipients, "", "they list other recipients, or in another order", a, b)
	}
	if p, q := originalPart(x), originalPart(y); p != nil && q != nil && p.DigestMethod == q.DigestMethod && !bytes.Equal(p.Digest, q.Digest) {
		add(ConflictDigest, "", "they state another digest of the original", a, b)
	}
	if x.Content != nil && y.Content != nil && bare(x.Content.AppLayerIdentifier) != bare(y.Content.AppLayerIdentifier) {
		add(ConflictMessageID, "", "they name another id of the sender's program", a, b)
	}
	if s, r := x.Sender.Address(), y.Sender.Address(); s != "" && r != "" && !receipt.SameAddress(s, r) {
		add(ConflictSender, "", "they name another sender", a, b)
	}
	if s, r := x.Submitted, y.Submitted; s != nil && r != nil && !s.UTC.Equal(r.UTC) {
		add(ConflictSubmission, "", "they state another time of submission", a, b)
	}
	if y.Submitted != nil && y.Submitted.Valid() && x.Time.Valid() && x.Time.UTC.Before(y.Submitted.UTC.Add(-clockSkew)) {
		add(ConflictOrder, "", "an event before the submission", a, b)
	}
}

// overlap tells whether two documents speak for one recipient.
func overlap(a, b *evidence.Evidence) bool {
	return slices.ContainsFunc(a.SpeaksFor(), func(n int) bool { return speaksFor(b, address(&a.Recipients[n-1])) })
}

// clockSkew is how far the clocks of two services may differ.
const clockSkew = time.Minute

// excluding are the pairs of events that exclude each other for one recipient.
var excluding = [...]struct {
	a, b evidence.Event
	code string
}{
	{evidence.SubmissionAcceptance, evidence.SubmissionRejection, receipt.ConflictAcceptance},
	{evidence.SubmissionRejection, evidence.RelayAcceptance, receipt.ConflictAcceptance},
	{evidence.SubmissionRejection, evidence.ContentConsignment, receipt.ConflictAcceptance},
	{evidence.RelayAcceptance, evidence.RelayRejection, receipt.ConflictRelay},
	{evidence.ContentConsignment, evidence.ContentConsignmentFailure, receipt.ConflictOutcome}, // RD03 by time-out, then a late D.1
	{evidence.ContentConsignment, evidence.RelayFailure, receipt.ConflictOutcome},
	{evidence.ContentConsignment, evidence.RelayRejection, receipt.ConflictOutcome},
	{evidence.ContentConsignment, evidence.ConsignmentRejection, receipt.ConflictOutcome},
	{evidence.ContentConsignment, evidence.AcceptanceRejectionExpiry, receipt.ConflictOutcome},
	{evidence.ContentHandover, evidence.ContentConsignmentFailure, receipt.ConflictOutcome},
	{evidence.ContentHandover, evidence.ContentHandoverFailure, receipt.ConflictOutcome},
	{evidence.ConsignmentAcceptance, evidence.ConsignmentRejection, receipt.ConflictOutcome},
	{evidence.RelayToNonERDS, evidence.RelayToNonERDSFailure, receipt.ConflictExternal},
}

// compareWays looks for events that exclude each other on the way to one
// recipient, and for a RelayFailure that gives another reason than the
// RelayRejection it reports (EN 319 532-4 C.4.5.2).
func compareWays(p *Path, list []Record, add adder) {
	var own []Record
	for _, r := range list {
		if speaksFor(r.Document, p.Address) {
			own = append(own, r)
		}
	}
	find := func(e evidence.Event) (Record, bool) {
		i := slices.IndexFunc(own, func(r Record) bool { return r.Document.Event == e })
		if i < 0 {
			return Record{}, false
		}
		return own[i], true
	}
	for _, pair := range excluding {
		a, okA := find(pair.a)
		b, okB := find(pair.b)
		if pair.code == receipt.ConflictRelay && okA && okB {
			a, b, okA = oneIssuer(own, pair.a, pair.b)
		}
		if okA && okB {
			recipient := p.Address
			if pair.code == receipt.ConflictAcceptance {
				recipient = ""
			}
			add(pair.code, recipient, "both cannot be", a, b)
		}
	}
	refusal, okA := find(evidence.RelayRejection)
	failure, okB := find(evidence.RelayFailure)
	if okA && okB && !sameReasons(refusal.Document, failure.Document) {
		add(ConflictReason, p.Address, "the failure gives another reason than the refusal", refusal, failure)
	}
}

// oneIssuer finds two events that one service states: of a RelayAcceptance and a
// RelayRejection, one may be of a service in between (the extended model of EN 319
// 522-1 §4). A document that names no issuer may be anybody's.
func oneIssuer(list []Record, first, second evidence.Event) (a, b Record, ok bool) {
	for _, a := range list {
		if a.Document.Event != first {
			continue
		}
		for _, b := range list {
			if b.Document.Event != second {
				continue
			}
			x, y := strings.TrimSpace(a.Document.Issuer.LegalName()), strings.TrimSpace(b.Document.Issuer.LegalName())
			if x == "" || y == "" || strings.EqualFold(x, y) {
				return a, b, true
			}
		}
	}
	return Record{}, Record{}, false
}

func sameReasons(a, b *evidence.Evidence) bool {
	return slices.EqualFunc(a.Reasons, b.Reasons, func(x, y evidence.Reason) bool { return x.URI == y.URI })
}
