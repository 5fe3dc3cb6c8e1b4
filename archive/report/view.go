package report

import (
	"cmp"
	"html/template"
	"slices"
	"strings"

	"github.com/certmail/certmail/archive"
	"github.com/certmail/certmail/internal/htmlpage"
	"github.com/certmail/certmail/trust"
)

// A tone is the class of a light in the style sheet, and the name of its shape.
type tone string

const (
	green = tone("green")
	red   = tone("red")
	amber = tone("amber")
	grey  = tone("grey")
)

func toneOf(v trust.Verdict) tone {
	switch v {
	case trust.Valid:
		return green
	case trust.Invalid:
		return red
	}
	return amber
}

func toneOfStatus(s trust.Status) tone {
	switch s {
	case trust.Passed:
		return green
	case trust.Failed:
		return red
	case trust.Unknown:
		return amber
	}
	return grey
}

// A line is a sentence with a light.
type line struct {
	Tone tone
	Text []span
}

// A row is a name with its values.
type row struct {
	Name   string
	Values [][]span
	Mono   bool
}

// view is the page as the templates see it.
type view struct {
	T           *words
	Policy      string
	Style       template.CSS
	Title       string
	Made        []span
	Judged      []span
	Tone        tone
	Verdict     verdictWords
	Brief       []line
	Parties     []row
	Attachments []attachmentView
	Enclosed    bool // the package has the message itself, not receipts alone
	Journeys    []journeyView
	Orphans     [][]span
	Received    []itemView
	Reserves    []line
	Items       []itemView
	Whole       []checkView
	WholeRows   []row
	Altered     []alterationView
	Findings    []findingView
	Steps       []stepView
	Unpack      bool
}

type attachmentView struct {
	Name   string
	Size   []span
	SHA256 string
}

type alterationView struct{ Path, Kind, Detail string }

type findingView struct{ Code, Detail string }

func newView(p *Page, t *words) *view {
	x := p.Examination
	v := &view{T: t, Title: strings.TrimSpace(htmlpage.Prose(p.Title)), Judged: fill(t.Judged, t.when(x.Now)), Tone: toneOf(x.Verdict), Verdict: t.Verdicts[x.Verdict], Unpack: x.Format.File()}
	if x.onlyFalseFromTheStart() {
		v.Verdict = t.FalseFromTheStart
	}
	if !p.Generated.IsZero() {
		v.Made = fill(t.Made, t.when(p.Generated))
	}
	main := x.main()
	if v.Title == "" && main != nil {
		v.Title = strings.TrimSpace(htmlpage.Prose(main.said.Subject))
	}
	if v.Title == "" {
		v.Title = t.NoSubject
	}
	v.journeys(x, t)
	v.items(x, t)
	v.reserves(x, t)
	v.brief(x, t)
	v.parties(x, t, main)
	v.whole(x, t)
	v.Steps = x.openssl(t)
	return v
}

// onlyFalseFromTheStart: nothing is open about the package but that a message in
// it was false when it came.
func (x *Examination) onlyFalseFromTheStart() bool {
	found := false
	for _, iv := range x.Items {
		switch {
		case iv.FalseAtReception():
			found = true
		case iv.Verdict != trust.Valid:
			return false
		}
	}
	return found && x.Verdict == trust.Indeterminate && x.Integrity.Intact
}

// main is the item that says best what the message was: one that verifies
// before one that does not, one with its content before one without.
func (x *Examination) main() *fact {
	order := map[archive.Role]int{
		archive.RoleDelivery: 1, archive.RoleEnvelope: 2, archive.RoleAcceptance: 3, archive.RoleFailure: 4, archive.RoleTakeCharge: 5,
		archive.RoleRefusal: 6, archive.RoleNotice: 7, archive.RoleMessage: 8, archive.RoleUnreadable: 9,
	}
	var best *archive.ItemVerification
	rank := func(iv *archive.ItemVerification) int {
		n := order[x.facts[iv.Item].said.Role]
		switch {
		case iv.Verdict != trust.Valid:
			n += 20
		case len(x.facts[iv.Item].said.Attachments) == 0 && x.facts[iv.Item].said.ReceiptType != "completa":
			n += 10
		}
		return n
	}
	for _, iv := range x.Items {
		if x.facts[iv.Item] != nil && (best == nil || rank(iv) < rank(best)) {
			best = iv
		}
	}
	if best == nil {
		return nil
	}
	return x.facts[best.Item]
}

func (v *view) brief(x *Examination, t *words) {
	if x.Integrity.Intact {
		v.Brief = append(v.Brief, line{green, fill(t.AllIntact, t.number(int64(x.Integrity.Files)))})
	} else {
		v.Brief = append(v.Brief, line{red, fill(t.NotIntact, t.number(int64(len(x.Integrity.Alterations))))})
	}
	for _, j := range v.Journeys {
		for _, r := range j.Recipients {
			sentence := t.OutcomeProved
			if !r.Verified {
				sentence = t.OutcomeClaim
			}
			text := fill(sentence, r.Address, r.Status)
			if len(r.By) > 0 && r.Verified {
				text = append(text, r.By...)
			}
			text = append(text, span{Text: "."})
			v.Brief = append(v.Brief, line{r.Tone, text})
		}
	}
	for _, i := range v.Received {
		v.Brief = append(v.Brief, line{i.Tone, i.Claim})
	}
	if n := len(v.Reserves); n > 0 {
		if x.Verdict == trust.Valid {
			v.Verdict.Title = t.HoldsWithReserves
		}
		v.Brief = append(v.Brief, line{amber, fill(t.WithReserves, t.number(int64(n)))})
	}
}

func (v *view) parties(x *Examination, t *words, main *fact) {
	add := func(name string, mono bool, values ...[]span) {
		if len(values) > 0 {
			v.Parties = append(v.Parties, row{name, values, mono})
		}
	}
	foreign := func(s string) []span { return []span{{s, true}} }
	if main != nil {
		s := main.said
		if s.Sender != "" {
			add(t.From, false, foreign(htmlpage.Named(s.Sender)))
		}
		var to [][]span
		for _, r := range s.Recipients {
			one := foreign(htmlpage.Named(r.Address))
			if r.Type != "" {
				one = append(one, span{Text: " – " + word(t.Types, r.Type)})
			}
			to = append(to, one)
		}
		add(t.To, false, to...)
		if subject := strings.TrimSpace(htmlpage.Prose(s.Subject)); subject != "" {
			add(t.Subject, false, foreign(subject))
		}
		if at, ok := x.sent(); ok {
			add(t.Sent, false, fill(t.when(at)))
		}
		if id := cmp.Or(s.RefMessageID, s.MessageID); id != "" {
			add(t.MessageID, true, foreign(htmlpage.Named(id)))
		}
		if s.Identifier != "" {
			add(t.Identifier, true, foreign(htmlpage.Named(s.Identifier)))
		}
		v.Enclosed = s.Role == archive.RoleEnvelope || s.Role == archive.RoleMessage || s.ReceiptType == "completa" || len(s.Attachments) > 0
		for _, a := range s.Attachments {
			v.Attachments = append(v.Attachments, attachmentView{htmlpage.Named(a.Name), fill(t.Bytes, t.number(a.Size)), a.SHA256})
		}
	}
}

func (v *view) whole(x *Examination, t *words) {
	add := func(name string, mono bool, text string) {
		v.WholeRows = append(v.WholeRows, row{name, [][]span{{{text, true}}}, mono})
	}
	add(t.Package, true, htmlpage.Named(x.ID))
	add(t.Format, false, word(t.Formats, x.Format))
	add(t.Created, false, t.when(x.Created))
	if x.RetainUntil.IsZero() {
		add(t.Retain, false, t.Permanent)
	} else {
		add(t.Retain, false, t.when(x.RetainUntil))
	}
	if x.Transaction != nil && x.Transaction.LegalHold {
		add("–", false, t.Hold)
	}
	for _, p := range x.Verification.Proofs {
		v.Whole = append(v.Whole, newCheckView(t, p, nil))
	}
	for i, a := range x.Integrity.Alterations {
		if i == maxListed {
			break
		}
		v.Altered = append(v.Altered, alterationView{htmlpage.Named(a.Path), word(t.Alterations, a.Kind), htmlpage.Prose(a.Detail)})
	}
	for i, f := range x.Verification.Findings {
		if i == maxListed {
			break
		}
		v.Findings = append(v.Findings, findingView{htmlpage.Strict(f.Code), htmlpage.Prose(f.Detail)})
	}
}

// maxListed bounds lists that a hostile package could make long.
const maxListed = 500

// reserves gathers what is not proved over all items.
func (v *view) reserves(x *Examination, t *words) {
	type reserve struct {
		code    string
		status  trust.Status
		expired bool
	}
	count, total := map[reserve]int{}, map[string]int{}
	var order []reserve
	take := func(p archive.Proof) {
		total[p.Code]++
		if p.Holds() || expired(p) || p.Status == trust.Skipped && p.Why != archive.WhyNotCaptured {
			return
		}
		k := reserve{p.Code, p.Status, p.Why == archive.WhyExpired}
		if count[k]++; count[k] == 1 {
			order = append(order, k)
		}
	}
	for _, p := range x.Verification.Proofs {
		take(p)
	}
	for _, iv := range x.Items {
		for _, p := range iv.Proofs {
			if p.Why != archive.WhyNotCertified {
				take(p)
			}
		}
	}
	worst := map[trust.Status]int{trust.Failed: 0, trust.Unknown: 1, trust.Skipped: 2}
	slices.SortStableFunc(order, func(a, b reserve) int { return cmp.Compare(worst[a.status], worst[b.status]) })
	for _, k := range order {
		p := archive.Proof{Code: k.code, Status: k.status}
		if k.expired {
			p.Why = archive.WhyExpired
		}
		says := sentenceOf(t, p)
		tone := toneOfStatus(k.status)
		if total[k.code] == 1 {
			v.Reserves = append(v.Reserves, line{tone, []span{{Text: says}}})
			continue
		}
		v.Reserves = append(v.Reserves, line{tone, fill(t.OfProofs, says, t.number(int64(count[k])), t.number(int64(total[k.code])))})
	}
}
