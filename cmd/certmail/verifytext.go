package main

import (
	"fmt"
	"strings"

	"github.com/certmail/certmail/pec"
	"github.com/certmail/certmail/trust"
)

// checkNames are the names of the checks for people.
var checkNames = map[string]string{
	trust.CheckSignature:         "signature (firma)",
	trust.CheckDigestAlgorithm:   "digest algorithm (impronta)",
	trust.CheckSignerChain:       "signer's chain (certificati)",
	trust.CheckSignerAddress:     "signer's address (mittente)",
	trust.CheckProviderDirectory: "directory (indice dei gestori)",
	trust.CheckRevocation:        "revocation (revoca)",
	trust.CheckCertificationData: "data (dati di certificazione)",
	trust.CheckHeaders:           "headers (intestazioni)",
	trust.CheckOriginal:          "original (messaggio originale)",
}

var verdictWords = map[trust.Verdict]struct{ style, text string }{
	trust.Valid:         {green, "VALID"},
	trust.Invalid:       {red, "INVALID"},
	trust.Indeterminate: {yellow, "INDETERMINATE"},
}

var statusStyles = map[trust.Status]string{trust.Passed: green, trust.Failed: red, trust.Unknown: yellow, trust.Skipped: dim}

// verifyText writes the report for people. What it says is certified is what
// the verified view gives, and nothing else.
func (a *app) verifyText(in *input, r *pec.Report) {
	p := a.page()
	w := wordsFor(r.Kind)
	v := verdictWords[r.Verdict]
	p.line(p.paint(bold, title(in.name)), ": ", p.paint(v.style, v.text))
	p.line("  ", w.title())
	p.text("  ", sentence(in.msg, r, w))
	if r.Signer != nil && r.Signer.Certificate != nil {
		c := r.Signer.Certificate
		p.row("Signed by (firmatario)", c.Subject.String(), strings.Join(r.Signer.Emails, ", "))
		p.row("certified by (emittente)", c.Issuer.String())
		if path := r.Signer.AtEvent; path.Status == trust.Passed {
			p.row("whose chain ends at (ancora)", path.Anchor)
		}
	}
	p.row("Judged at (riferimento temporale)", judgedAt(r))
	for _, c := range r.Checks {
		if r.Kind == pec.KindOrdinary {
			break
		}
		name := checkNames[c.Name]
		if name == "" {
			name = c.Name
		}
		style := statusStyles[c.Status]
		status, detail := string(c.Status), plain(c.Detail)
		if detail != "" {
			status, detail = pad(status, 7), " "+detail
		}
		p.line("  ", pad(name, nameWidth), " ", p.paint(style, status), detail)
	}
	if r.Signer != nil && r.Signer.Now.Status == trust.Failed && r.Signer.AtEvent.Status == trust.Passed {
		p.row("Today (oggi)", "the same chain would fail: "+strings.TrimPrefix(r.Signer.Now.Detail, "trust: "), "what counts is the time it was judged at")
	}
	p.findings(findings("", r.Findings))
	p.line()
}

// sentence says what the message proves, or that it does not.
func sentence(m *pec.Message, r *pec.Report, w *words) string {
	if r.Kind == pec.KindOrdinary {
		return "Ordinary mail: no provider certifies anything about it."
	}
	certified, err := r.Certified()
	if err != nil {
		return notProven(r)
	}
	provider := "The provider " + certified.Provider
	if certified.Data == nil || w.certifies == nil {
		return provider + " certifies that this reached it as it is, and not as certified mail. It certifies nothing about the message inside."
	}
	if name := certified.Data.Provider; name != certified.Provider {
		provider += " (gestore-emittente: " + name + ")"
	}
	s := &statement{data: certified.Data}
	if r.Kind.IsReceipt() {
		if s.view, err = m.Receipt(); err != nil {
			return notProven(r)
		}
	}
	return fmt.Sprintf("%s certifies that on %s %s.", provider, when(certified.Time), strings.TrimRight(w.certifies(s), "."))
}

// notProven names the checks that stood in the way.
func notProven(r *pec.Report) string {
	list := func(status ...trust.Status) string {
		var names []string
		for _, c := range r.Checks {
			for _, s := range status {
				if c.Status == s {
					names = append(names, c.Name)
				}
			}
		}
		return strings.Join(names, ", ")
	}
	if r.Verdict == trust.Invalid {
		return "This message does not hold as proof: failed at " + list(trust.Failed) + "."
	}
	if open := list(trust.Unknown); open != "" {
		return "This message proves nothing so far: with what was given, " + open + " could not be judged."
	}
	return "This message proves nothing."
}

func judgedAt(r *pec.Report) string {
	why := map[pec.TimeBasis]string{
		pec.TimeGiven:          "as given with --at",
		pec.TimeCertifiedEvent: "the time of the event, as its provider states it",
		pec.TimeNow:            "now: the message names no time",
	}[r.Basis]
	if r.Time.IsZero() || r.Kind == pec.KindOrdinary {
		return ""
	}
	return when(r.Time) + ", " + why
}

// tally counts messages by verdict; those that could not be read have none.
type tally map[trust.Verdict]int

func (t tally) count(r *pec.Report) {
	if r == nil {
		t[""]++
		return
	}
	t[r.Verdict]++
}

// verifyTotal sums up several messages.
func (a *app) verifyTotal(t tally) {
	all := t[trust.Valid] + t[trust.Invalid] + t[trust.Indeterminate] + t[""]
	if all < 2 {
		return
	}
	fmt.Fprintf(a.stdout, "%d messages: %d valid, %d invalid, %d indeterminate, %d could not be read.\n",
		all, t[trust.Valid], t[trust.Invalid], t[trust.Indeterminate], t[""])
}
