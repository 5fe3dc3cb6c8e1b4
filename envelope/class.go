package envelope

import (
	"io"
	"strings"

	"github.com/certmail/certmail/internal/catalogue"
)

// Class is what a message says it is.
type Class struct {
	// Kind is one of the constants below.
	Kind Kind
	// Value is the value of the marker header as it was received, trimmed
	// and in lower case; "" when there is none.
	Value string
	// HeadersMissing says that the class was taken from the structure: a
	// signed message with certification data but no marker header.
	HeadersMissing bool
}

// Kind is the outcome of classification.
type Kind int

const (
	// KindOrdinary is a message without any mark of certified mail.
	KindOrdinary Kind = iota
	// KindTransport is the busta di trasporto, X-Trasporto: posta-certificata.
	KindTransport
	// KindAnomaly is the busta di anomalia, X-Trasporto: errore.
	KindAnomaly
	// KindReceipt is a ricevuta or an avviso: X-Ricevuta with a known value.
	KindReceipt
	// KindUnknownEnvelope has an X-Trasporto of another value.
	KindUnknownEnvelope
	// KindUnknownReceipt has an X-Ricevuta of another value.
	KindUnknownReceipt
	// KindUnmarked has no marker header but certification data under a signature;
	// its type is in the XML.
	KindUnmarked
)

func (k Kind) String() string {
	return [...]string{"ordinary", "transport envelope", "anomaly envelope", "receipt", "unknown envelope", "unknown receipt", "unmarked"}[k]
}

// classify follows the top-level headers, whatever the case of their names
// (RFC 6109 appendix A). X-Trasporto goes before X-Ricevuta, so that a
// forwarded receipt inside an envelope is never taken for one.
func (m *Message) classify(found *findings) {
	h := m.Header
	h.reportRepeated(found)
	trasporto, hasTrasporto := m.marker("X-Trasporto", found)
	ricevuta, hasRicevuta := m.marker("X-Ricevuta", found)
	switch {
	case hasTrasporto:
		m.Class = Class{Kind: KindUnknownEnvelope, Value: trasporto}
		if row, ok := catalogue.ByTrasporto(trasporto); ok {
			m.Class.Kind = KindTransport
			if row.ID == catalogue.AnomalyEnvelope {
				m.Class.Kind = KindAnomaly
			}
		}
		if hasRicevuta {
			found.add("conflicting-markers", "X-Trasporto and X-Ricevuta on one message: it is read as an envelope")
		}
	case hasRicevuta:
		m.Class = Class{Kind: KindUnknownReceipt, Value: ricevuta}
		if _, ok := catalogue.ByRicevuta(ricevuta, false); ok {
			m.Class.Kind = KindReceipt
		}
	case m.Certification != nil:
		m.Class = Class{Kind: KindUnmarked, HeadersMissing: true}
		found.add("headers-missing", "certification data, but neither X-Trasporto nor X-Ricevuta")
	}
}

// singular are the fields that a message has once, by their length: most
// fields are told apart by that alone.
var singular = [...]string{"From", "To", "Subject", "Date", "Message-ID", "X-Trasporto", "X-Ricevuta", "X-Riferimento-Message-ID", "X-VerificaSicurezza"}

func (h *Header) reportRepeated(found *findings) {
	var seen [len(singular)]uint8
	for _, f := range h.fields {
		for i, name := range singular {
			if int(f.name-f.start) == len(name) && h.match(f, name) {
				if seen[i]++; seen[i] == 2 {
					found.add("duplicate-header", name+" stands more than once at the top level")
				}
				break
			}
		}
	}
}

// marker reads a marker header; several that differ give no value to go by.
func (m *Message) marker(name string, found *findings) (string, bool) {
	raw, ok := m.Header.find(name)
	if !ok {
		return "", false
	}
	value := strings.ToLower(unfold(raw))
	if m.Header.Count(name) > 1 {
		for _, other := range m.Header.Values(name) {
			if strings.ToLower(other) != value {
				found.add("conflicting-markers", name+" has several values")
				return "", true
			}
		}
	}
	return value, true
}

func readFull(r io.Reader, buf []byte) (int, error) { return io.ReadFull(r, buf) }
