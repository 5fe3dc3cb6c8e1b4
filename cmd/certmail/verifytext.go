package main

import (
	"fmt"
	"strings"

	"github.com/certmail/certmail/pec"
	"github.com/certmail/certmail/rem"
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
	trust.CheckEvidenceSignature: "evidence: signature (firma)",
	trust.CheckEvidenceTimestamp: "evidence: time-stamp (marca)",
	trust.CheckEvidenceProfile:   "evidence: profile (profilo)",
	trust.CheckOriginalDigest:    "digest of the original",
	trust.CheckTrustedList:       "trusted list (elenco di fiducia)",
}

var verdictWords = map[trust.Verdict]struct{ style, text string }{
	trust.Valid:         {green, "VALID"},
	trust.Invalid:       {red, "INVALID"},
	trust.Indeterminate: {yellow, "INDETERMINATE"},
}

var statusStyles = map[trust.Status]string{trust.Passed: green, trust.Failed: red, trust.Unknown: yellow, trust.Skipped: dim}

// verifyText writes the report for people. What it says is certified is what
// the verified view gives, and nothing else.
func (a *app) verifyText(in *input, j *judgement) {
	p := a.page()
	v := verdictWords[j.verdict]
	p.line(p.paint(bold, title(in.name)), ": ", p.paint(v.style, v.text))
	if j.rem != nil {
		p.line("  ", remTitle(j.kind, showREM(in).Events))
		p.text("  ", remSentence(j.rem))
	} else {
		w := wordsFor(j.pec.Kind)
		p.line("  ", w.title())
		p.text("  ", sentence(in.msg, j.pec, w))
	}
	if j.signer != nil && j.signer.Certificate != nil {
		c := j.signer.Certificate
		p.row("Signed by (firmatario)", c.Subject.String(), strings.Join(j.signer.Emails, ", "))
		p.row("certified by (emittente)", c.Issuer.String())
		if path := j.signer.AtEvent; path.Status == trust.Passed {
			p.row("whose chain ends at (ancora)", path.Anchor)
		}
	}
	p.row("Judged at (riferimento temporale)", judgedAt(j))
	for _, c := range j.checks {
		if in.ordinary() {
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
	if j.signer != nil && j.signer.Now.Status == trust.Failed && j.signer.AtEvent.Status == trust.Passed {
		p.row("Today (oggi)", "the same chain would fail: "+strings.TrimPrefix(j.signer.Now.Detail, "trust: "), "what counts is the time it was judged at")
	}
	p.findings(j.findings)
	p.line()
}

// sentence says what the message proves, or that it does not.
func sentence(m *pec.Message, r *pec.Report, w *words) string {
	if r.Kind == pec.KindOrdinary {
		return "Ordinary mail: no provider certifies anything about it."
	}
	certified, err := r.Certified()
	if err != nil {
		return notProven(r.Verdict, r.Checks)
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
			return notProven(r.Verdict, r.Checks)
		}
	}
	return fmt.Sprintf("%s certifies that on %s %s.", provider, when(certified.Time), strings.TrimRight(w.certifies(s), "."))
}

// remSentence is the same for REM.
func remSentence(r *rem.Report) string {
	certified, err := r.Certified()
	if err != nil {
		return notProven(r.Verdict, r.Checks)
	}
	var said []string
	for _, d := range certified.Evidence {
		e := showEvidence(d)
		word := eventWords[e.Event]
		if word == "" {
			word = e.Event
		}
		about := "the message “" + d.Subject() + "” from " + d.Sender.Address()
		text := fmt.Sprintf("%s attests for %s of %s: %s, %s", e.Issuer, about, when(d.Time.UTC), word, strings.Join(e.Reasons, ", "))
		if len(e.Recipients) > 0 {
			text += ", for " + strings.Join(e.Recipients, ", ")
		}
		said = append(said, text+".")
	}
	if len(said) == 0 {
		return "The service " + certified.Provider + " signed this; it attests nothing about the message inside but that it is unchanged."
	}
	return strings.Join(said, " ")
}

// notProven names the checks that stood in the way.
func notProven(verdict trust.Verdict, checks []trust.Check) string {
	list := func(status ...trust.Status) string {
		var names []string
		for _, c := range checks {
			for _, s := range status {
				if c.Status == s {
					names = append(names, c.Name)
				}
			}
		}
		return strings.Join(names, ", ")
	}
	if verdict == trust.Invalid {
		return "This message does not hold as proof: failed at " + list(trust.Failed) + "."
	}
	if open := list(trust.Unknown); open != "" {
		return "This message proves nothing so far: with what was given, " + open + " could not be judged."
	}
	return "This message proves nothing."
}

func judgedAt(j *judgement) string {
	why := map[string]string{
		string(rem.TimeGiven):          "as given with --at",
		string(rem.TimeStamp):          "by the time-stamp in the evidence",
		string(rem.TimeCertifiedEvent): "the time of the event, as its provider states it",
		string(rem.TimeNow):            "now: the message names no time",
	}[j.basis]
	if j.time.IsZero() || j.kind == string(pec.KindOrdinary) {
		return ""
	}
	return when(j.time) + ", " + why
}

// tally counts messages by verdict; those that could not be read have none.
type tally map[trust.Verdict]int

func (t tally) count(j *judgement) {
	if j == nil {
		t[""]++
		return
	}
	t[j.verdict]++
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
