package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/certmail/certmail/daticert"
	"github.com/certmail/certmail/pec"
	"github.com/certmail/certmail/receipt"
)

// words are what people call a kind of message.
type words struct {
	kind    pec.Kind
	english string
	italian string
	// certifies is what the provider states with such a message.
	certifies func(s *statement) string
}

// statement is what the sentence of a kind may speak of.
type statement struct {
	data *daticert.Data
	view receipt.Receipt // nil for envelopes
}

// kinds follow RFC 6109 §3.
var kinds = []words{
	{pec.KindTransport, "transport envelope", "busta di trasporto", func(s *statement) string {
		return s.message() + " was sent, and is enclosed in this envelope"
	}},
	{pec.KindAnomaly, "anomaly envelope", "busta di anomalia", nil},
	{pec.KindAcceptance, "acceptance receipt", "ricevuta di accettazione", func(s *statement) string {
		return "it accepted " + s.message()
	}},
	{pec.KindNonAcceptance, "notice of non-acceptance", "avviso di non accettazione", func(s *statement) string {
		return "it did not accept " + s.message() + s.because()
	}},
	{pec.KindTakeCharge, "take-charge receipt", "ricevuta di presa in carico", func(s *statement) string {
		return "it took charge of " + s.message() + s.whom("for")
	}},
	{pec.KindDelivery, "delivery receipt", "ricevuta di avvenuta consegna", func(s *statement) string {
		return s.message() + " was put into the mailbox" + s.whom("of")
	}},
	{pec.KindNonDelivery, "notice of non-delivery", "avviso di mancata consegna", func(s *statement) string {
		return s.message() + " was not delivered" + s.whom("to") + s.because()
	}},
	{pec.KindTimeout, "time-out notice", "avviso di mancata consegna per superamento dei tempi massimi", func(s *statement) string {
		return s.message() + s.timeout() + s.because()
	}},
	{pec.KindVirusDetection, "virus detection notice", "avviso di rilevazione virus informatico", func(s *statement) string {
		return "it found a virus in " + s.message() + s.whom("for") + s.because()
	}},
	{pec.KindUnknown, "certified mail of an unknown type", "tipo sconosciuto", nil},
	{pec.KindOrdinary, "ordinary mail", "posta ordinaria", nil},
}

func wordsFor(k pec.Kind) *words {
	if i := slices.IndexFunc(kinds, func(w words) bool { return w.kind == k }); i >= 0 {
		return &kinds[i]
	}
	return &words{kind: k, english: string(k)}
}

// title is the English name beside the Italian one.
func (w *words) title() string {
	if w.italian == "" {
		return w.english
	}
	return w.english + " (" + w.italian + ")"
}

func (s *statement) message() string {
	d := s.data
	var to []string
	for _, r := range d.Recipients {
		to = append(to, r.Address+" ("+string(r.Type)+")")
	}
	what := "the message without subject"
	if d.Subject != "" {
		what = "the message “" + d.Subject + "”"
	}
	return fmt.Sprintf("%s from %s to %s", what, d.Sender, strings.Join(to, ", "))
}

// whom names those that the receipt speaks of, after a preposition.
func (s *statement) whom(preposition string) string {
	var list []string
	if r, ok := s.view.(*receipt.TakeCharge); ok {
		list = r.TakenInCharge
	} else if s.view != nil {
		if one := about(s.view); one != "" {
			list = []string{one}
		}
	}
	if len(list) == 0 {
		return ""
	}
	return " " + preposition + " " + strings.Join(list, ", ")
}

func (s *statement) because() string {
	if reason := receipt.ReasonOf(s.data).String(); reason != "" {
		return ": " + reason
	}
	return ""
}

func (s *statement) timeout() string {
	r, ok := s.view.(*receipt.TimeoutNotice)
	switch {
	case ok && r.Reason.Category == receipt.Timeout:
		return " was not delivered" + s.whom("to") + " within 24 hours, and is to be considered as not delivered"
	case ok && r.Reason.Category == receipt.Delay:
		return " was not delivered" + s.whom("to") + " within the first 12 hours, and still may be"
	}
	return " was not delivered" + s.whom("to") + " in time"
}
