package receipt

import (
	"slices"
	"strings"
	"time"
)

// recipient fills in recipient i and reports whether proofs that are not valid
// would change its status if they were.
func (a *assembler) recipient(i int, proofs []ProofStatus) (rest []ProofStatus, open bool) {
	r := &a.msg.Recipients[i]
	r.Address, r.Type = a.set.list[i], a.types[i].value
	first := len(proofs)
	a.concerning(i, func(m *match) {
		proofs = append(proofs, ProofStatus{
			File: m.name, Kind: m.proofKind, SHA256: m.sha256, Verdict: m.verdict, Content: m.said,
			Event: m.Kind, Time: m.Time, Issuer: m.Issuer, Reason: m.reason.String(), Matched: m.by, Note: m.note,
		})
	})
	r.Proofs = proofs[first:len(proofs):len(proofs)]

	sure := a.decide(i, proven)
	if sure.final() {
		a.conclude(r, sure, true)
		return proofs, false
	}
	likely := a.decide(i, claimed)
	verified := likely.status == sure.status
	if verified {
		likely = sure
	}
	a.conclude(r, likely, verified && sure.by != nil)
	all := a.decide(i, worthless)
	return proofs, !verified || all.status != sure.status
}

// decide applies the rule of status to the events of one recipient that count
// at least as much as from. What only claims to be a refusal means nothing
// against a proven acceptance.
func (a *assembler) decide(i int, from tier) outcome {
	f := facts{dispatched: a.dispatched(from)}
	a.concerning(i, func(m *match) {
		if m.tier >= from && !(m.Kind == EventNotAccepted && m.tier < proven && a.provenAcceptance()) {
			f.enter(m)
		}
	})
	if f.taken != nil && f.refused != nil {
		f.relayed, f.against = a.bothWays(i, from)
	}
	for t := proven; t >= from && f.implied == nil; t-- {
		if m := a.implied[t]; m != nil && a.lists(m, i) {
			f.implied = m
		}
	}
	return f.decide(a.types[i].value == typeExternal && a.types[i].tier >= from)
}

// bothWays finds a taken-in-charge and a relay-rejected of one issuer for recipient
// i. Who does not say who he is may be anybody.
func (a *assembler) bothWays(i int, from tier) (taken, refused *match) {
	var first *match // of all
	by := map[string]*match{}
	a.concerning(i, func(m *match) {
		if issuer := foldIssuer(m.Issuer); m.tier >= from && m.Kind == EventTakenInCharge && by[issuer] == nil {
			by[issuer] = m
			if first == nil {
				first = m
			}
		}
	})
	a.concerning(i, func(m *match) {
		if m.tier < from || m.Kind != EventRelayRejected || taken != nil {
			return
		}
		other := by[foldIssuer(m.Issuer)]
		if other == nil {
			other = by[""]
		}
		if other == nil && foldIssuer(m.Issuer) == "" {
			other = first
		}
		if other != nil {
			taken, refused = other, m
		}
	})
	return taken, refused
}

func foldIssuer(name string) string { return strings.ToLower(strings.TrimSpace(name)) }

// typeExternal is the type of a recipient without certified mail.
const typeExternal = "esterno"

func (a *assembler) provenAcceptance() bool {
	return a.accepted[proven] != nil || a.implied[proven] != nil
}

// dispatched returns when the message left: at its acceptance, else at its
// submission.
func (a *assembler) dispatched(from tier) time.Time {
	for t := proven; t >= max(from, claimed); t-- {
		if m := a.accepted[t]; m != nil {
			return m.Time
		}
	}
	if a.sent != nil {
		return a.sent.Time
	}
	return time.Time{}
}

// conclude writes an outcome down; one that says nothing leaves the recipient
// where the submission put it.
func (a *assembler) conclude(r *RecipientStatus, o outcome, verified bool) {
	r.Status, r.Verified, r.Late = o.status, verified, o.late
	switch {
	case o.conflict != "":
		a.conflict(o.conflict, verified, r.Address, o.by, o.against)
		r.Time = later(o.by.Time, o.against.Time)
		r.Explanation = "contradictory proofs: " + o.by.explain() + "; " + o.against.explain()
		return
	case o.by != nil:
		r.Time = o.by.Time
		r.Explanation = o.by.explain()
		switch {
		case o.late:
			r.Explanation += "; delivered after the notice that it had failed"
		case o.unfetched != nil:
			r.Explanation += "; the recipient did not fetch it: " + o.unfetched.explain()
		case o.status == StatusExternal:
			r.Explanation += "; an ordinary mailbox, of which no receipt comes"
		case o.status == StatusAccepted && o.by.Kind != EventAccepted:
			r.Explanation += "; it shows that the message was accepted"
		}
		if o.status == StatusFailed || o.status == StatusRejected || o.status == StatusDelayed {
			r.Error = *o.by.reason
			r.Reason = r.Error.String()
		}
	case a.sent != nil && a.sent.Uncertain:
		r.Status, r.Time = StatusUncertain, a.sent.Time
		r.Explanation = "the connection ended before the provider answered, and no receipt counts yet"
	case a.sent != nil:
		r.Status, r.Time = StatusSubmitted, a.sent.Time
		r.Explanation = "submitted, and no receipt counts yet"
	default:
		r.Status = StatusSubmitted
		r.Explanation = "known only from proofs that do not count"
	}
	a.overdue(r, o)
}

// overdue turns a wait that lasts too long into a status of its own.
func (a *assembler) overdue(r *RecipientStatus, o outcome) {
	if a.now.IsZero() {
		return
	}
	var deadline time.Time
	switch r.Status {
	case StatusSubmitted:
		if r.Time.IsZero() {
			return
		}
		deadline = r.Time.Add(a.l.opt.AcceptanceWindow)
	case StatusAccepted, StatusInTransit, StatusDelayed:
		since := a.dispatched(claimed)
		if since.IsZero() && o.by != nil {
			since = o.by.Time
		}
		if since.IsZero() {
			return
		}
		deadline = since.Add(a.l.opt.DeliveryWindow)
	default:
		return
	}
	if a.now.After(deadline) {
		r.Status = StatusOverdue
		r.Explanation += "; an answer was due by " + deadline.Format(time.RFC3339)
	}
}

// explain says which proof an event rests on and how it was matched.
func (m *match) explain() string {
	says, not := "", ""
	if m.Issuer != "" {
		says = ", says "
	}
	if m.note != "" {
		not = "; not proven: "
	}
	return string(m.Kind) + says + m.Issuer + " (" + m.verdict.String() + " proof " + m.name + "), matched by " + string(m.by) + not + m.note
}

// settle sums the recipients up.
func (a *assembler) settle(unproven bool) {
	m := &a.msg
	m.Settled = len(m.Recipients) > 0
	green, red := len(m.Recipients) > 0, false
	for i := range m.Recipients {
		r := &m.Recipients[i]
		o := outcome{status: r.Status}
		m.Settled = m.Settled && r.Verified && o.final()
		green = green && r.Verified && r.Status == StatusDelivered
		switch r.Status {
		case StatusFailed, StatusRejected, StatusConflict:
			red = red || r.Verified
		}
	}
	switch {
	case red:
		m.Light = Red
	case unproven:
		m.Light = Grey
	case green && !a.several:
		m.Light = Green
	default:
		m.Light = Amber
	}
}

// conflict lists a contradiction, once for each recipient or message.
func (a *assembler) conflict(code string, verified bool, recipient string, proofs ...*match) {
	if code == ConflictAcceptance {
		recipient = "" // it concerns the whole message
	}
	for i := range a.msg.Conflicts {
		if c := &a.msg.Conflicts[i]; c.Code == code && c.Recipient == recipient && c.Verified == verified {
			return
		}
	}
	c := Contradiction{Code: code, Recipient: recipient, Verified: verified}
	details := make([]string, len(proofs))
	for i, m := range proofs {
		details[i] = m.explain()
		if m.Identifier != "" {
			details[i] += ", identifier " + m.Identifier
		}
		if !slices.Contains(c.Files, m.name) {
			c.Files = append(c.Files, m.name)
		}
	}
	c.Detail = strings.Join(details, "; ")
	a.msg.Conflicts = append(a.msg.Conflicts, c)
}

// contradict looks for contradictions about the whole message, which put all
// its recipients in conflict.
func (a *assembler) contradict() {
	best := a.best()
	if best == worthless {
		return
	}
	before := len(a.msg.Conflicts)
	if len(a.ids) > 1 {
		a.conflict(ConflictIdentifier, best == proven, "", a.witnesses(best)...)
	}
	unlike := a.contradictSubmission(best)
	a.contradictContent(best)
	if best == proven {
		a.contradictShared()
	}
	if len(a.msg.Conflicts) == before {
		return
	}
	for i := range a.msg.Recipients {
		r := &a.msg.Recipients[i]
		r.Status, r.Verified, r.Late = StatusConflict, best == proven, false
		r.Explanation = a.msg.Conflicts[before].Code + ": " + r.Explanation
		if unlike != nil {
			r.Explanation += "; " + a.says(unlike)
		}
	}
}

// witnesses returns one event for each identifier.
func (a *assembler) witnesses(at tier) []*match {
	out := make([]*match, 0, len(a.ids))
	for _, id := range a.ids {
		for i := range a.matches {
			if m := &a.matches[i]; m.tier == at && m.Identifier == id {
				out = append(out, m)
				break
			}
		}
	}
	return out
}

// contradictSubmission looks for a receipt that carries something else than we
// sent, and returns the first.
func (a *assembler) contradictSubmission(at tier) *match {
	for i := range a.matches {
		if m := &a.matches[i]; m.tier == at && m.said == ContentDiffers {
			a.conflict(ConflictContent, at == proven, "", m)
			c := &a.msg.Conflicts[len(a.msg.Conflicts)-1]
			c.Detail += "; " + a.says(m)
			if name := a.copies.differing().Name; name != "" {
				c.Files = append(c.Files, name)
			}
			return m
		}
	}
	return nil
}

// says tells what is wrong with the content of a proof.
func (a *assembler) says(m *match) string {
	sent := a.copies.differing()
	name := ""
	if sent.Name != "" {
		name = " " + sent.Name
	}
	return "the original in " + m.name + " is not what the sent copy" + name + " says"
}

// contradictContent compares the originals that the receipts of one
// identifier carry.
func (a *assembler) contradictContent(at tier) {
	var first *match
	for i := range a.matches {
		m := &a.matches[i]
		if m.tier != at || m.content == nil || m.content.whole.IsZero() || m.Identifier != a.msg.Identifier {
			continue
		}
		if first == nil {
			first = m
		} else if m.content.whole != first.content.whole {
			a.conflict(ConflictContent, at == proven, "", first, m)
			return
		}
	}
}

// contradictShared looks for another message with the same identifier.
func (a *assembler) contradictShared() {
	for _, id := range a.ids {
		var other *record
		o := a.l.owners[id]
		if o == nil || len(o.threads) == 1 && o.threads[0].id == a.msg.MessageID {
			continue
		}
		for _, t := range o.threads {
			if t.id == a.msg.MessageID {
				continue
			}
			if r := t.proof(id); r != nil && (other == nil || compareRecords(r, other) < 0) {
				other = r
			}
		}
		if other != nil {
			m := newMatch(other, ByMessageID, true)
			a.conflict(ConflictShared, true, "", append(a.witnesses(proven), &m)...)
			return
		}
	}
}
