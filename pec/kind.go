package pec

import (
	"github.com/certmail/certmail/daticert"
	"github.com/certmail/certmail/envelope"
)

// Kind is what a message is, one of a closed set.
type Kind string

// The kinds of message, by their names in the rules (RFC 6109 §3).
const (
	// KindTransport is the busta di trasporto that carries a message.
	KindTransport Kind = "posta-certificata"
	// KindAnomaly is the busta di anomalia around something uncertified.
	KindAnomaly Kind = "anomalia"
	// KindAcceptance is the ricevuta di accettazione.
	KindAcceptance Kind = "accettazione"
	// KindNonAcceptance is the avviso di non accettazione, formal or for virus.
	KindNonAcceptance Kind = "non-accettazione"
	// KindTakeCharge is the ricevuta di presa in carico, between providers.
	KindTakeCharge Kind = "presa-in-carico"
	// KindDelivery is the ricevuta di avvenuta consegna.
	KindDelivery Kind = "avvenuta-consegna"
	// KindNonDelivery is the avviso di mancata consegna, for any reason.
	KindNonDelivery Kind = "errore-consegna"
	// KindTimeout is the avviso di mancata consegna per superamento dei tempi
	// massimi, after 12 and after 24 hours.
	KindTimeout Kind = "preavviso-errore-consegna"
	// KindVirusDetection is the avviso di rilevazione virus, between providers.
	KindVirusDetection Kind = "rilevazione-virus"
	// KindUnknown claims to be certified mail of a type the rules do not have.
	KindUnknown Kind = "unknown"
	// KindOrdinary is ordinary mail.
	KindOrdinary Kind = "ordinary"
)

// IsReceipt tells whether the kind is a ricevuta or an avviso.
func (k Kind) IsReceipt() bool {
	switch k {
	case KindTransport, KindAnomaly, KindUnknown, KindOrdinary:
		return false
	}
	return true
}

// System is the system of certified mail that a message belongs to.
type System string

// The systems.
const (
	SystemPEC  System = "pec"
	SystemREM  System = "rem"
	SystemMail System = "mail"
)

// System returns SystemPEC, or SystemMail for ordinary mail.
func (k Kind) System() System {
	if k == KindOrdinary {
		return SystemMail
	}
	return SystemPEC
}

// kindOf goes by the top-level headers, and by the certification data only
// where there are none (RFC 6109 appendix A).
func kindOf(c envelope.Class, d *daticert.Data) Kind {
	switch c.Kind {
	case envelope.KindOrdinary:
		return KindOrdinary
	case envelope.KindTransport:
		return KindTransport
	case envelope.KindAnomaly:
		return KindAnomaly
	case envelope.KindReceipt:
		return Kind(c.Value)
	case envelope.KindUnmarked:
		if d != nil && d.Type.Known() {
			return Kind(d.Type)
		}
	}
	return KindUnknown
}
