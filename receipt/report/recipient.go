package report

import (
	"slices"
	"strings"
	"time"

	"github.com/certmail/certmail/internal/htmlpage"
	"github.com/certmail/certmail/receipt"
)

// A recipientView is what became of one recipient.
type recipientView struct {
	T              *language
	Address, Type  string
	Tone           tone
	Status         string
	Unverified     bool
	Decided        *proofView // the proof that the status rests on, nil for none
	Explained      string     // what a proof does not say by itself
	Late           bool
	Due            stamp  // when an answer was due, of an overdue recipient
	Category, Text string // of the reason
	Technical      string
	Proofs         []proofView
}

// A proofView is one entry of the timeline.
type proofView struct {
	T            *language
	Event        string
	Tone         tone
	Time         stamp
	Claim        sentence
	Issuer, Says string
	To           string // the address at the end of the sentence, empty for none
	Reason       string
	Verdict, Key string
	Note         noteView
	Kind, SHA256 string
	File         fileView
	Decisive     bool
}

// A noteView says why a proof does not count; Foreign when the words are the
// ledger's own, which are English.
type noteView struct {
	Text    string
	Foreign bool
}

func newRecipientView(r *receipt.RecipientStatus, t *language, links *linker) recipientView {
	v := recipientView{
		T: t, Address: htmlpage.Named(r.Address), Type: word(t.Types, r.Type), Tone: toneOfRecipient(r), Status: word(t.Statuses, r.Status),
		Late: r.Late,
	}
	v.Unverified = v.Tone == grey
	if !r.Error.IsZero() {
		v.Text = htmlpage.Prose(r.Reason)
		if r.Error.Category != receipt.NoReason {
			v.Category = word(t.Reasons, r.Error.Category)
		}
	}
	decisive := decides(r)
	v.Proofs = make([]proofView, len(r.Proofs))
	for i := range r.Proofs {
		v.Proofs[i] = newProofView(&r.Proofs[i], r, i == decisive, t, links)
	}
	if decisive >= 0 {
		v.Decided = &v.Proofs[decisive]
	}
	v.explain(r)
	return v
}

// explain says what the deciding proof does not say by itself. The ledger's
// own explanation is shown where nothing else says the same, as conflicts do.
func (v *recipientView) explain(r *receipt.RecipientStatus) {
	said, due := splitDue(r.Explanation)
	v.Due = v.T.stamp(due)
	if words, ok := v.T.Waits[said]; ok {
		v.Explained = words
		if r.Status == receipt.StatusOverdue {
			v.Explained += " " + v.T.Explained[r.Status]
		}
		return
	}
	if v.Decided == nil && r.Status != receipt.StatusConflict {
		v.Technical = htmlpage.Prose(said)
	}
	switch r.Status {
	case receipt.StatusDelivered, receipt.StatusFailed, receipt.StatusRejected:
		if v.Decided != nil {
			return
		}
	}
	v.Explained = v.T.Explained[r.Status]
}

// splitDue takes the time by which an answer was due off the end of the
// explanation of an overdue recipient.
func splitDue(explanation string) (rest string, due time.Time) {
	const phrase = "; an answer was due by "
	i := strings.LastIndex(explanation, phrase)
	if i < 0 {
		return explanation, time.Time{}
	}
	due, err := time.Parse(time.RFC3339, explanation[i+len(phrase):])
	if err != nil {
		return explanation, time.Time{}
	}
	return explanation[:i], due
}

func newProofView(p *receipt.ProofStatus, r *receipt.RecipientStatus, decisive bool, t *language, links *linker) proofView {
	kind := p.Event
	if decisive && r.Status == receipt.StatusFailed && kind == receipt.EventDelayed {
		kind = receipt.EventTimedOut // the second notice has the first one's type
	}
	words, known := t.Events[kind]
	if !known {
		words.Name, words.Says = htmlpage.Named(string(kind)), htmlpage.Named(string(kind))
	}
	counts := p.Verdict == receipt.Valid && p.Note == ""
	v := proofView{
		T: t, Event: words.Name, Says: words.Says, Tone: toneOfProof(kind, counts), Time: t.stamp(p.Time), Issuer: htmlpage.Prose(p.Issuer),
		Reason: htmlpage.Prose(p.Reason), Verdict: t.Verdicts[p.Verdict], Kind: htmlpage.Strict(p.Kind), SHA256: p.SHA256.String(),
		File: links.file(p.File), Decisive: decisive && counts && settles(r.Status), Note: t.note(t.Notes, p.Note),
	}
	if p.Matched != "" {
		v.Key = word(t.Keys, p.Matched)
	}
	if words.To {
		v.To = htmlpage.Named(r.Address)
	}
	if v.Issuer == "" {
		v.Issuer = t.NoIssuer
	}
	switch {
	case counts:
		v.Claim = t.Certifies
	case p.Verdict == receipt.Valid:
		v.Claim = t.ValidUnused
	default:
		claim, ok := t.Claims[p.Verdict]
		if !ok {
			claim = t.Claims[receipt.Unverified]
		}
		v.Claim = claim
	}
	return v
}

// note translates a sentence of the ledger.
func (t *language) note(table map[string]string, s string) noteView {
	if s == "" {
		return noteView{}
	}
	if w, ok := table[s]; ok {
		return noteView{Text: w}
	}
	return noteView{Text: htmlpage.Prose(s), Foreign: true}
}

// decides returns which proof the status of a recipient rests on, -1 when it
// is not one of the recipient's own: the first that counts (or, for a status
// that is not verified, that might) with the kind and time of the status.
func decides(r *receipt.RecipientStatus) int {
	kinds := kindsOf(r.Status)
	return slices.IndexFunc(r.Proofs, func(p receipt.ProofStatus) bool {
		if p.Verdict == receipt.Invalid || r.Verified && (p.Verdict != receipt.Valid || p.Note != "") {
			return false
		}
		return p.Time.Equal(r.Time) && slices.Contains(kinds, p.Event)
	})
}

// kindsOf returns the kinds of event that make a status.
func kindsOf(s receipt.Status) []receipt.EventKind {
	switch s {
	case receipt.StatusDelivered:
		return []receipt.EventKind{receipt.EventDelivered}
	case receipt.StatusFailed:
		return []receipt.EventKind{receipt.EventNotDelivered, receipt.EventVirusDetected, receipt.EventRelayRejected, receipt.EventTimedOut, receipt.EventDelayed, receipt.EventNotHandedOver}
	case receipt.StatusRejected:
		return []receipt.EventKind{receipt.EventNotAccepted}
	case receipt.StatusAccepted:
		return []receipt.EventKind{receipt.EventAccepted}
	case receipt.StatusExternal:
		return []receipt.EventKind{receipt.EventAccepted, receipt.EventLeftNetwork, receipt.EventUntrusted}
	case receipt.StatusInTransit:
		return []receipt.EventKind{receipt.EventTakenInCharge, receipt.EventNotified}
	case receipt.StatusDelayed:
		return []receipt.EventKind{receipt.EventDelayed}
	case receipt.StatusOverdue:
		return []receipt.EventKind{receipt.EventAccepted, receipt.EventTakenInCharge, receipt.EventNotified, receipt.EventDelayed}
	}
	return nil
}

// settles reports whether a proof of the status decides the outcome, rather
// than one of the steps towards it.
func settles(s receipt.Status) bool {
	switch s {
	case receipt.StatusDelivered, receipt.StatusFailed, receipt.StatusRejected, receipt.StatusExternal:
		return true
	}
	return false
}
