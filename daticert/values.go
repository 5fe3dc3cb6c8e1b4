package daticert

// Type is postacert/@tipo: the kind of message that the data certify
// (RFC 6109 §4.4). A value outside the constants is kept as read.
type Type string

// The eight types of the DTD.
const (
	// TypeAcceptance is the ricevuta di accettazione.
	TypeAcceptance Type = "accettazione"
	// TypeNonAcceptance is the avviso di non accettazione.
	TypeNonAcceptance Type = "non-accettazione"
	// TypeTakeCharge is the ricevuta di presa in carico, between providers.
	TypeTakeCharge Type = "presa-in-carico"
	// TypeDelivery is the ricevuta di avvenuta consegna.
	TypeDelivery Type = "avvenuta-consegna"
	// TypeTransport is the busta di trasporto.
	TypeTransport Type = "posta-certificata"
	// TypeNonDelivery is the avviso di mancata consegna, for any cause and for a virus.
	TypeNonDelivery Type = "errore-consegna"
	// TypeDelayNotice is the avviso di mancata consegna per superamento dei tempi massimi,
	// of 12 and of 24 hours. The value says "early warning"; the 24-hour one is final.
	TypeDelayNotice Type = "preavviso-errore-consegna"
	// TypeVirusDetection is the avviso di rilevazione virus, between providers.
	TypeVirusDetection Type = "rilevazione-virus"
)

// Known reports whether t is one of the eight values of the DTD, letter case
// included.
func (t Type) Known() bool {
	switch t {
	case TypeAcceptance, TypeNonAcceptance, TypeTakeCharge, TypeDelivery,
		TypeTransport, TypeNonDelivery, TypeDelayNotice, TypeVirusDetection:
		return true
	}
	return false
}

// ErrorKind is postacert/@errore: the kind of error that the message reports
// (RFC 6109 §4.4). Providers disagree on it: for the cause of a failed
// delivery trust the code of [ParseErrorDetail] first.
type ErrorKind string

// The five kinds of error of the DTD.
const (
	// ErrorNone is nessuno: no error.
	ErrorNone ErrorKind = "nessuno"
	// ErrorRecipient is no-dest: wrong recipient.
	ErrorRecipient ErrorKind = "no-dest"
	// ErrorDomain is no-dominio: wrong domain.
	ErrorDomain ErrorKind = "no-dominio"
	// ErrorVirus is virus: the message carries one.
	ErrorVirus ErrorKind = "virus"
	// ErrorOther is altro: any other error.
	ErrorOther ErrorKind = "altro"
)

// Known reports whether k is one of the five values of the DTD.
func (k ErrorKind) Known() bool {
	switch k {
	case ErrorNone, ErrorRecipient, ErrorDomain, ErrorVirus, ErrorOther:
		return true
	}
	return false
}

// ReceiptType is ricevuta/@tipo: how much of the original the delivery receipt
// carries (RFC 6109 §3.3.2).
type ReceiptType string

// The three forms of delivery receipt (ricevuta di avvenuta consegna).
const (
	// ReceiptComplete is completa: the whole original.
	ReceiptComplete ReceiptType = "completa"
	// ReceiptBrief is breve: the original with each attachment replaced by its hash.
	ReceiptBrief ReceiptType = "breve"
	// ReceiptConcise is sintetica: the certification data alone.
	ReceiptConcise ReceiptType = "sintetica"
)

// Known reports whether r is one of the three values of the DTD.
func (r ReceiptType) Known() bool {
	switch r {
	case ReceiptComplete, ReceiptBrief, ReceiptConcise:
		return true
	}
	return false
}

// RecipientType is destinatari/@tipo: whether the recipient's domain is in the
// provider directory (indice dei gestori).
type RecipientType string

// The two types of recipient.
const (
	// RecipientCertified is certificato: a PEC mailbox.
	RecipientCertified RecipientType = "certificato"
	// RecipientExternal is esterno: ordinary mail, for which no delivery receipt comes.
	RecipientExternal RecipientType = "esterno"
)

// Known reports whether r is one of the two values of the DTD.
func (r RecipientType) Known() bool {
	return r == RecipientCertified || r == RecipientExternal
}
