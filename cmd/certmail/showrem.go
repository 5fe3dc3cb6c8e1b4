package main

import (
	"strings"

	"github.com/certmail/certmail/pec"
	"github.com/certmail/certmail/receipt"
	"github.com/certmail/certmail/rem"
	"github.com/certmail/certmail/rem/evidence"
)

// shownEvent is one evidence of a REM message.
type shownEvent struct {
	// Event is the name of the event, its URI where EN 319 522 does not know it.
	Event      string `json:"event"`
	EvidenceID string `json:"evidence_id"`
	// Recipients are those that the evidence speaks for.
	Recipients []string `json:"recipients"`
	// Reasons are short codes (RB21), the URIs of those that have none.
	Reasons []string `json:"reasons"`
	Time    string   `json:"time"`
	// Issuer is the legal name of the service.
	Issuer string `json:"issuer"`
}

// showREM reads everything that there is to show of a REM message.
func showREM(in *input) *shown {
	m := in.rem
	s := &shown{
		File: in.name, System: string(pec.SystemREM), Kind: string(m.Kind), MessageID: m.MessageID(), RefMessageID: m.RefMessageID(),
		Identifier: m.Identifier(), Provider: m.Provider(), Sender: m.Sender(), Recipient: m.Recipient(), Subject: m.Subject(),
		Recipients: []recipient{}, Events: []shownEvent{}, Findings: trustFindings(m.Findings),
	}
	if t, err := m.Time(); err == nil {
		s.Time = stamp(t)
	}
	for _, address := range m.Recipients() {
		s.Recipients = append(s.Recipients, recipient{Address: address})
	}
	for i := range m.Evidence {
		if d := m.Evidence[i].Document; d != nil {
			s.Events = append(s.Events, showEvidence(d))
			if reason := rem.ReasonOf(d); s.Error == nil && !reason.IsZero() {
				s.Error = &receipt.Reason{Code: reason.Code, Text: reason.Text, Category: reason.Category}
			}
		}
	}
	if m.Original == nil {
		return s
	}
	o, err := m.OpenOriginal()
	if err != nil {
		s.find("original-unreadable", err.Error())
		return s
	}
	defer o.Close()
	s.readOriginal(o, findings("in the original: ", others(o.Findings)))
	return s
}

func showEvidence(d *evidence.Evidence) shownEvent {
	e := shownEvent{
		Event: string(d.Event), EvidenceID: d.ID, Recipients: []string{}, Reasons: []string{}, Issuer: d.Issuer.LegalName(),
	}
	if e.Event == "" {
		e.Event = d.EventID
	}
	if d.Time.Valid() {
		e.Time = stamp(d.Time.UTC)
	}
	for _, n := range d.SpeaksFor() {
		e.Recipients = append(e.Recipients, d.Recipients[n-1].Identifier.Value)
	}
	for _, r := range d.Reasons {
		code := r.Code()
		if code == "" {
			code = r.URI
		}
		e.Reasons = append(e.Reasons, code)
	}
	return e
}

// eventWords are what people call an event of REM.
var eventWords = map[string]string{
	"SubmissionAcceptance": "submission accepted (accettazione)", "SubmissionRejection": "submission refused (non accettazione)",
	"RelayAcceptance": "taken in charge (presa in carico)", "RelayRejection": "refused by the recipient's service",
	"RelayFailure": "not relayed (mancata trasmissione)", "ContentConsignment": "consigned (avvenuta consegna)",
	"ContentConsignmentFailure": "not consigned (mancata consegna)", "ContentHandover": "handed over (ritiro)",
	"ContentHandoverFailure": "not handed over (mancato ritiro)", "RelayToNonERDS": "handed to ordinary mail",
	"RelayToNonERDSFailure": "not handed to ordinary mail", "ReceivedFromNonERDS": "received from ordinary mail",
}

// remTitle says what a REM message is.
func remTitle(kind string, events []shownEvent) string {
	title := map[string]string{
		"dispatch": "REM dispatch (busta REM)", "payload": "REM payload", "receipt": "REM receipt (ricevuta REM)",
		"notification": "REM notification (avviso REM)",
	}[kind]
	if title == "" {
		return "REM message of an unknown type"
	}
	var words []string
	for _, e := range events {
		word := eventWords[e.Event]
		if word == "" {
			word = e.Event
		}
		words = append(words, word)
	}
	if len(words) > 0 {
		title += ": " + strings.Join(words, "; ")
	}
	return title
}

// evidenceRows shows the evidence to people.
func (p *page) evidenceRows(list []shownEvent) {
	for _, e := range list {
		p.row("Evidence (evidenza)", e.Event, strings.Join(e.Reasons, ", "), forPeople(e.Time))
		p.row("  its identifier", e.EvidenceID)
		p.row("  about", strings.Join(e.Recipients, ", "))
	}
}
