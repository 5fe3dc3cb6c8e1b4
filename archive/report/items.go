package report

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/certmail/certmail/archive"
	"github.com/certmail/certmail/internal/htmlpage"
	"github.com/certmail/certmail/receipt"
	"github.com/certmail/certmail/trust"
)

// itemView is one proof.
type itemView struct {
	ID      string
	T       *words
	Tone    tone
	Title   string
	Verdict string
	Only    bool // what it says is only a claim
	Claim   []span
	Rows    []row
	Checks  []checkView
	Not     []span // not examined
	Differs []span
	Changes []span
}

// checkView is one thing that holds or does not.
type checkView struct {
	Tone   tone
	Name   string
	State  string
	Says   string
	Why    string
	By     []source
	Detail string
}

// telling are the checks whose details say something although they passed.
var telling = []string{trust.CheckDigestAlgorithm, trust.CheckSignerChain, trust.CheckProviderDirectory, trust.CheckRevocation, trust.CheckTrustedList, archive.ProofPackage}

// newCheckView shows a proof; iv is the item that it is about, nil for the
// package.
func newCheckView(t *words, p archive.Proof, iv *archive.ItemVerification) checkView {
	c := checkView{Tone: toneOfStatus(p.Status), Name: nameOf(t, p.Code), State: word(t.Status, p.Status), Says: sentenceOf(t, p)}
	// The note is in English: it stands only where it says more than the sentence.
	if (!p.Holds() || slices.Contains(telling, p.Code)) && p.Why != archive.WhyRecord && p.Why != archive.WhyNotCaptured {
		c.Detail = htmlpage.Prose(p.Detail)
	}
	if expired(p) {
		c.Tone, c.State = "step", t.ExpiredSince
	} else if p.Why != "" && p.Why != archive.WhyMessage {
		c.Why = word(t.Why, p.Why)
	}
	for _, by := range p.By {
		c.By = append(c.By, sourceOf(t, by, iv))
	}
	return c
}

// expired tells that a provider's certificate ran out after it signed, which
// happens to all of them and takes nothing away.
func expired(p archive.Proof) bool {
	return p.Code == archive.ProofSignerNow && p.Why == archive.WhyExpired
}

// sourceOf names a file that a proof rests on, as short as may be.
func sourceOf(t *words, file string, iv *archive.ItemVerification) source {
	if iv != nil {
		switch {
		case file == iv.Path:
			return source{Text: t.Itself}
		case file == "metadata/"+iv.Item.Name+".json":
			return source{Text: t.Record}
		}
		file = strings.TrimPrefix(file, evidenceOf(iv))
	}
	return source{Text: htmlpage.Named(file), File: true}
}

func evidenceOf(iv *archive.ItemVerification) string { return "evidence/" + iv.Item.Name + "/" }

// source is what a proof rests on: a file, or words for one.
type source struct {
	Text string
	File bool
}

func nameOf(t *words, code string) string {
	if c, ok := t.Checks[code]; ok {
		return c.Name
	}
	return htmlpage.Named(code)
}

// sentenceOf says what the state of a proof means. A certificate that cannot be
// judged today has run out, unless nobody who is believed vouches for it.
func sentenceOf(t *words, p archive.Proof) string {
	if says, ok := t.Unjudged[p.Code]; ok && p.Status == trust.Unknown && p.Why != archive.WhyExpired {
		return says
	}
	if c, ok := t.Checks[p.Code]; ok {
		return c.of(p.Status)
	}
	return htmlpage.Named(p.Code) + t.Colon + word(t.Status, p.Status)
}

func (v *view) items(x *Examination, t *words) {
	for i, iv := range x.Items {
		item := newItemView(x, iv, t)
		item.ID = "p" + t.number(int64(i+1))
		v.Items = append(v.Items, item)
		if f := x.facts[iv.Item]; f != nil && f.said.Role == archive.RoleEnvelope && iv.Verdict == trust.Valid {
			v.Received = append(v.Received, item)
		}
	}
}

func newItemView(x *Examination, iv *archive.ItemVerification, t *words) itemView {
	f := x.facts[iv.Item]
	if f == nil { // the file is missing
		f = &fact{said: &archive.Item{Role: archive.RoleUnreadable, System: "mail"}}
	}
	s := f.said
	v := itemView{T: t, Tone: toneOf(iv.Verdict), Title: word(t.Roles, s.Role), Verdict: word(t.ItemVerdicts, iv.Verdict)}
	if title, ok := t.Kinds[s.Kind]; ok && s.System == "pec" {
		v.Title = title
	}
	certified := s.System != "mail" && s.Role != archive.RoleUnreadable
	switch {
	case certified:
	case iv.Intact:
		v.Tone, v.Verdict = grey, t.MailVerdict
	default:
		v.Tone, v.Verdict = red, t.MailAltered
	}
	v.Only = certified && iv.Verdict != trust.Valid
	v.Claim = claimOf(s, t)
	if len(f.differs) > 0 {
		v.Differs = fill(t.Differs, strings.Join(f.differs, ", "))
	}
	add := func(name string, mono bool, text string) {
		if text != "" {
			v.Rows = append(v.Rows, row{name, [][]span{{{text, true}}}, mono})
		}
	}
	add(t.File, true, htmlpage.Named(iv.Path))
	if s.SHA256 != "" {
		add(t.Digest, true, s.SHA256)
		v.Rows = append(v.Rows, row{t.Size, [][]span{fill(t.Bytes, t.number(s.Size))}, false})
	}
	if s.Provider != "" {
		add(t.Issuer, false, htmlpage.Named(s.Provider))
	}
	if iv.Report != nil && iv.Report.Signer != nil && certified {
		add(t.Signer, false, htmlpage.Named(iv.Report.Signer.Subject))
	}
	if s.Error != "" {
		add(t.ReasonName, false, htmlpage.Prose(s.Error))
	}
	add(t.Seen, false, t.when(iv.Seen)+" – "+word(t.SeenBy, iv.SeenBy))
	if slices.ContainsFunc(iv.Proofs, func(p archive.Proof) bool {
		return slices.ContainsFunc(p.By, func(by string) bool { return strings.HasPrefix(by, evidenceOf(iv)) })
	}) {
		add(t.Evidence, true, htmlpage.Named(evidenceOf(iv)))
	}
	v.checks(iv, t, certified)
	var changes []string
	for _, c := range iv.Changes {
		changes = append(changes, nameOf(t, c.Check)+t.Colon+word(t.Status, c.Then)+" → "+word(t.Status, c.Now))
	}
	if len(changes) > 0 {
		v.Changes = fill(t.Then, strings.Join(changes, ", "))
	}
	return v
}

func (v *itemView) checks(iv *archive.ItemVerification, t *words, certified bool) {
	var not []string
	for _, p := range iv.Proofs {
		switch {
		case !certified && p.Why == archive.WhyNotCertified, p.Code == archive.ProofRecord && p.Status != trust.Failed:
		case p.Status == trust.Skipped && p.Why != archive.WhyNotCaptured:
			if name := nameOf(t, p.Code); !slices.Contains(not, name) {
				not = append(not, name)
			}
		default:
			v.Checks = append(v.Checks, newCheckView(t, p, iv))
		}
	}
	if len(not) > 0 {
		v.Not = fill(t.NotExamined, strings.Join(not, ", "))
	}
}

// claimOf is what an item states, in a sentence.
func claimOf(s *archive.Item, t *words) []span {
	sentence, ok := t.Claims[s.Kind]
	if !ok {
		sentence = t.Claims[string(s.Role)]
	}
	named := func(text string) string {
		if text = strings.TrimSpace(htmlpage.Prose(text)); text == "" {
			return t.Unknown
		}
		return text
	}
	whom := s.Recipient
	if whom == "" {
		var all []string
		for _, r := range s.Recipients {
			all = append(all, r.Address)
		}
		whom = strings.Join(all, ", ")
	}
	return fill(sentence, named(s.Provider), named(s.Sender), t.when(s.Time), named(whom))
}

// journeyView is what became of one message.
type journeyView struct {
	T          *words
	Subject    string
	Recipients []recipientView
	Conflict   bool
	NotSettled bool
}

type recipientView struct {
	T               *words
	Tone            tone
	Address, Status string
	Type            string
	Verified, Late  bool
	Reason          []span
	By              []span
	Steps           []eventView
}

type eventView struct {
	T      *words
	Tone   tone
	Name   string
	Time   string
	By     []span
	File   string
	Link   string
	Verify string
	Counts bool
	Reason []span
}

func (v *view) journeys(x *Examination, t *words) {
	links := map[string]string{}
	for i, iv := range x.Items {
		links[iv.Path] = "#p" + t.number(int64(i+1))
	}
	for i := range x.Journey.Messages {
		m := &x.Journey.Messages[i]
		j := journeyView{T: t, Conflict: len(m.Conflicts) > 0, NotSettled: !m.Settled}
		if len(x.Journey.Messages) > 1 {
			j.Subject = htmlpage.Prose(m.Subject)
		}
		for k := range m.Recipients {
			j.Recipients = append(j.Recipients, newRecipientView(&m.Recipients[k], t, links))
		}
		v.Journeys = append(v.Journeys, j)
	}
	for i := range x.Journey.Orphans {
		v.Orphans = append(v.Orphans, fill(t.Orphan, htmlpage.Named(x.Journey.Orphans[i].File)))
	}
}

func newRecipientView(r *receipt.RecipientStatus, t *words, links map[string]string) recipientView {
	v := recipientView{T: t, Tone: amber, Address: htmlpage.Named(r.Address), Status: word(t.Statuses, r.Status), Verified: r.Verified, Late: r.Late}
	if r.Type != "" {
		v.Type = word(t.Types, r.Type)
	}
	switch {
	case !r.Verified && len(r.Proofs) > 0:
		v.Tone = grey
	case r.Status == receipt.StatusDelivered:
		v.Tone = green
	case r.Status == receipt.StatusFailed, r.Status == receipt.StatusRejected, r.Status == receipt.StatusConflict:
		v.Tone = red
	}
	if r.Reason != "" {
		v.Reason = fill(t.Reason, htmlpage.Prose(r.Reason))
	}
	for i := range r.Proofs {
		p := &r.Proofs[i]
		e := eventView{T: t, Tone: grey, Name: word(t.Events, p.Event), Time: t.when(p.Time), File: htmlpage.Named(p.File), Link: links[p.File], Counts: p.Note == "" && p.Verdict == receipt.Valid}
		e.By = fill(t.EventBy, orUnknown(p.Issuer, t))
		if e.Counts {
			e.Tone = toneOfEvent(p.Event)
		}
		if p.Reason != "" {
			e.Reason = fill(t.Reason, htmlpage.Prose(p.Reason))
		}
		v.Steps = append(v.Steps, e)
		if e.Counts && decides(p.Event, r.Status) && p.Time.Equal(r.Time) {
			v.By = fill(t.By, t.when(p.Time), orUnknown(p.Issuer, t))
		}
	}
	return v
}

func orUnknown(s string, t *words) string {
	if s = strings.TrimSpace(htmlpage.Prose(s)); s == "" {
		return t.Unknown
	}
	return s
}

// decides tells whether an event is the one that a final status rests on.
func decides(k receipt.EventKind, s receipt.Status) bool {
	switch s {
	case receipt.StatusDelivered:
		return k == receipt.EventDelivered
	case receipt.StatusFailed, receipt.StatusRejected:
		return k.Light() == receipt.Red || k == receipt.EventNotHandedOver
	case receipt.StatusExternal:
		return k == receipt.EventAccepted || k == receipt.EventLeftNetwork
	}
	return false
}

func toneOfEvent(k receipt.EventKind) tone { return cmp.Or(tone(k.Light()), "step") }

// sent is the earliest time at which a valid proof says that the message was on
// its way.
func (x *Examination) sent() (at time.Time, ok bool) {
	for i := range x.Journey.Messages {
		for _, r := range x.Journey.Messages[i].Recipients {
			for _, p := range r.Proofs {
				if p.Event == receipt.EventAccepted && p.Verdict == receipt.Valid && p.Note == "" && (!ok || p.Time.Before(at)) {
					at, ok = p.Time, true
				}
			}
		}
	}
	if ok {
		return at, true
	}
	for _, iv := range x.Items {
		if f := x.facts[iv.Item]; f != nil && iv.Verdict == trust.Valid && f.said.Role == archive.RoleEnvelope && !f.said.Time.IsZero() {
			return f.said.Time, true
		}
	}
	return at, false
}
