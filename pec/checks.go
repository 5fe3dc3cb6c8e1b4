package pec

import (
	"errors"
	"fmt"
	"net/mail"
	"strings"
	"time"

	"github.com/certmail/certmail/daticert"
	"github.com/certmail/certmail/envelope"
	"github.com/certmail/certmail/internal/catalogue"
	"github.com/certmail/certmail/receipt"
	"github.com/certmail/certmail/trust"
)

// checkData judges whether there are certification data to speak of. What
// breaks the DTD without making them unreadable is a finding, not a failure:
// the provider signed them as they are.
func (m *Message) checkData() trust.Check {
	c := trust.Check{Name: trust.CheckCertificationData}
	switch d := m.Data; {
	case m.Kind == KindAnomaly && m.Envelope.Certification == nil:
		c.Status, c.Detail = trust.Skipped, "an anomaly envelope has none"
	case m.Kind == KindAnomaly:
		c.Status, c.Detail = trust.Failed, "an anomaly envelope with certification data, which it must not have"
	case m.Envelope.Certification == nil:
		c.Status, c.Detail = trust.Failed, "no daticert.xml, or several, among the direct parts of the signed entity"
	case d == nil:
		c.Status, c.Detail = trust.Failed, m.dataErr.Error()
	case !d.Type.Known():
		c.Status, c.Detail = trust.Unknown, fmt.Sprintf("tipo %q is none of the rules'", d.Type)
	case d.Identifier == "":
		c.Status, c.Detail = trust.Failed, "identificativo is missing: the data belong to no message"
	case d.Sender == "" || len(d.Recipients) == 0:
		c.Status, c.Detail = trust.Failed, "mittente or destinatari are missing"
	default:
		c.Status = trust.Passed
		if _, err := m.Time(); err != nil {
			c.Status, c.Detail = trust.Unknown, err.Error()
		}
	}
	return c
}

// checkHeaders compares the outer header, which nobody signs, with what is
// signed. The signed data win; a header that says something else fails.
func (r *Report) checkHeaders(from envelope.Mailbox) trust.Check {
	m := r.message
	c := trust.Check{Name: trust.CheckHeaders, Status: trust.Passed}
	fail := func(code, detail string) {
		r.find(code, detail)
		if c.Status != trust.Failed {
			c.Status, c.Detail = trust.Failed, detail
		}
	}
	for _, f := range m.Envelope.Findings {
		switch f.Code {
		case "duplicate-header", "conflicting-markers", "duplicate-content-type", "duplicate-parameter":
			if c.Status != trust.Failed {
				c.Status, c.Detail = trust.Failed, f.Detail
			}
		}
	}
	switch m.Envelope.Class.Kind {
	case envelope.KindUnmarked:
		c.Status, c.Detail = trust.Unknown, "neither X-Trasporto nor X-Ricevuta: the type is that of the certification data"
	case envelope.KindUnknownEnvelope, envelope.KindUnknownReceipt:
		fail("unknown-marker", fmt.Sprintf("marker value %q is none of the rules'", m.Envelope.Class.Value))
	}
	if name := behalfOf(from.Name); m.Data != nil && name != "" && !receipt.SameAddress(name, m.Data.Sender) {
		fail("display-name-mismatch", "From speaks for "+name+", the certified sender is "+m.Data.Sender)
	}
	if m.Data != nil {
		m.compareHeaders(fail)
		r.compareSoftly()
	}
	return c
}

// compareHeaders makes the comparisons that fail the check.
func (m *Message) compareHeaders(fail func(code, detail string)) {
	h, d := m.Envelope.Header, m.Data
	if m.Kind != KindAnomaly && m.Kind != KindUnknown && Kind(d.Type) != m.Kind {
		fail("type-mismatch", fmt.Sprintf("the header says %s, the certification data %s", m.Kind, d.Type))
	}
	if ref := daticert.TrimMessageID(h.Get(catalogue.HeaderReference)); ref != "" && d.MessageID != "" && !sameClientID(ref, d.MessageID) {
		fail("reference-mismatch", "X-Riferimento-Message-ID "+ref+" is not msgid "+d.MessageID)
	}
	if m.Kind == KindTransport {
		if id := m.MessageID(); id != "" && id != d.Identifier {
			fail("identifier-mismatch", "Message-ID "+id+" is not identificativo "+d.Identifier)
		}
	}
	security := strings.EqualFold(h.Get(catalogue.HeaderSecurity), catalogue.SecurityError)
	if security && d.Error != daticert.ErrorVirus && d.Error != "" {
		fail("security-mismatch", fmt.Sprintf("X-VerificaSicurezza says virus, errore is %q", d.Error))
	}
}

// compareSoftly reports differences that real mail may have.
func (r *Report) compareSoftly() {
	m := r.message
	h, d := m.Envelope.Header, m.Data
	if v := daticert.ReceiptType(strings.ToLower(h.Get(catalogue.HeaderReceiptType))); v.Known() && d.ReceiptType != "" && v != d.ReceiptType {
		r.find("receipt-type-mismatch", fmt.Sprintf("X-TipoRicevuta %s, ricevuta %s", v, d.ReceiptType))
	}
	r.compareSubject()
	r.compareReplyTo()
	event, err := r.Time, error(nil)
	if r.Basis != TimeCertifiedEvent {
		event, err = d.Date.Time()
	}
	if err != nil {
		return
	}
	if s := r.Signature; len(s.Signers) == 1 && !s.Signers[0].SigningTime.IsZero() {
		if gap := s.Signers[0].SigningTime.Sub(event).Abs(); gap > 10*time.Minute {
			r.find("signing-time-gap", fmt.Sprintf("signed %s apart from the certified time", gap))
		}
	}
	if date, ok := headerDate(h.Get("Date")); ok && date.Sub(event).Abs() > 10*time.Minute {
		r.find("date-mismatch", "Date "+h.Get("Date")+" is not the certified time "+event.Format(time.RFC3339))
	}
}

// headerDate reads the one form that providers write fast, any other with
// net/mail.
func headerDate(v string) (time.Time, bool) {
	if v == "" {
		return time.Time{}, false
	}
	if t, ok := plainDate(v); ok {
		return t, true
	}
	t, err := mail.ParseDate(v)
	return t, err == nil
}

// plainDate reads "Tue, 03 Mar 2026 10:15:32 +0100" and nothing else.
func plainDate(v string) (time.Time, bool) {
	const form = "Www, 00 Mmm 0000 00:00:00 +0000"
	if len(v) != len(form) || v[26] != '+' && v[26] != '-' {
		return time.Time{}, false
	}
	for i := range len(form) {
		switch c := form[i]; c {
		case '0':
			if v[i] < '0' || v[i] > '9' {
				return time.Time{}, false
			}
		case ',', ' ', ':':
			if v[i] != c {
				return time.Time{}, false
			}
		}
	}
	number := func(at, digits int) (n int) {
		for _, c := range v[at : at+digits] {
			n = n*10 + int(c-'0')
		}
		return n
	}
	month := strings.Index("JanFebMarAprMayJunJulAugSepOctNovDec", v[8:11])
	day, hour, minute, second := number(5, 2), number(17, 2), number(20, 2), number(23, 2)
	if month < 0 || month%3 != 0 || day < 1 || hour > 23 || minute > 59 || second > 59 {
		return time.Time{}, false
	}
	t := time.Date(number(12, 4), time.Month(month/3+1), day, hour, minute, second, 0, time.UTC)
	if t.Day() != day {
		return time.Time{}, false
	}
	offset := time.Duration(number(27, 2))*time.Hour + time.Duration(number(29, 2))*time.Minute
	if v[26] == '-' {
		offset = -offset
	}
	return t.Add(-offset).In(time.FixedZone("", int(offset/time.Second))), true
}

// checkOriginal compares the embedded original with the certification data.
// The error is the source's.
func (r *Report) checkOriginal() (trust.Check, error) {
	m := r.message
	c := trust.Check{Name: trust.CheckOriginal}
	if m.Envelope.Original == nil {
		c.Status, c.Detail = trust.Skipped, "none embedded"
		if m.Kind == KindTransport || m.Kind == KindAnomaly {
			c.Status, c.Detail = trust.Failed, "an envelope must carry the original, one and no more (RFC 6109 §3.1.5, §3.2.2)"
		}
		return c, nil
	}
	if m.Kind != KindTransport && m.Kind != KindAnomaly && m.Kind != KindDelivery {
		r.find("unexpected-original", "a message of this kind must not carry the original")
	}
	id, ref, err := m.originalIDs()
	if errors.Is(err, envelope.ErrSource) {
		return c, err
	}
	switch d := m.Data; {
	case err != nil:
		c.Status, c.Detail = trust.Failed, err.Error()
	case m.Kind == KindAnomaly || d == nil:
		c.Status, c.Detail = trust.Passed, "whole message as received; nothing in it is certified"
	case id == "":
		c.Status, c.Detail = trust.Passed, "the original has no Message-ID to compare"
		r.find("original-without-id", "the original has no Message-ID, want the identifier")
	case id != d.Identifier:
		c.Status, c.Detail = trust.Failed, "Message-ID of the original "+id+" is not identificativo "+d.Identifier
		r.find("original-mismatch", c.Detail)
	case ref != "" && d.MessageID != "" && !sameClientID(ref, d.MessageID):
		c.Status, c.Detail = trust.Failed, "X-Riferimento-Message-ID of the original "+ref+" is not msgid "+d.MessageID
		r.find("original-mismatch", c.Detail)
	default:
		c.Status = trust.Passed
	}
	return c, nil
}

// originalIDs reads the ids in the header of the embedded original.
func (m *Message) originalIDs() (id, ref string, err error) {
	h, err := m.Envelope.OriginalHeader()
	if err != nil {
		return "", "", err
	}
	if h.Count("Message-ID") > 1 {
		return "", "", fmt.Errorf("the original has several Message-ID fields")
	}
	return daticert.TrimMessageID(h.Get("Message-ID")), daticert.TrimMessageID(h.Get(catalogue.HeaderReference)), nil
}
