package receipt

import (
	"errors"
	"strings"
	"time"

	"github.com/certmail/certmail/daticert"
	"github.com/certmail/certmail/internal/catalogue"
)

// ErrNotReceipt is wrapped by the errors of [FromData]: the certification data
// belong to no receipt or notice. A transport envelope (busta di trasporto) is
// none, though it carries the Message-ID of the original.
var ErrNotReceipt = errors.New("not a receipt or notice")

// A TypeError says which type of certification data is no receipt. It wraps
// [ErrNotReceipt].
type TypeError struct{ Type daticert.Type }

func (e *TypeError) Error() string {
	return `receipt: certification data of type "` + string(e.Type) + `": not a receipt or notice`
}

// Unwrap returns [ErrNotReceipt].
func (e *TypeError) Unwrap() error { return ErrNotReceipt }

// A Header is what a receipt's header says. None of it is signed: it is
// compared with the certification data, which win, and helps where they are
// silent. Zero fields are left out.
type Header struct {
	Ricevuta          string    // X-Ricevuta
	VerificaSicurezza string    // X-VerificaSicurezza
	Reference         string    // X-Riferimento-Message-ID, with or without angle brackets
	Date              time.Time // Date
}

// Codes of the findings of [FromData].
const (
	// FindingTypeMismatch: X-Ricevuta is not the type of the certification data.
	FindingTypeMismatch = "type-mismatch"
	// FindingSecurityMismatch: X-VerificaSicurezza and errore disagree about a virus.
	FindingSecurityMismatch = "security-mismatch"
	// FindingReferenceMismatch: X-Riferimento-Message-ID is not msgid.
	FindingReferenceMismatch = "msgid-mismatch"
	// FindingDateMissing: neither the data nor the header say when it happened.
	FindingDateMissing = "date-missing"
	// FindingDateFromHeader: the time is the header's, which is not signed.
	FindingDateFromHeader = "date-from-header"
	// FindingRecipientMissing: a receipt about one recipient does not name it.
	FindingRecipientMissing = "recipient-missing"
	// FindingRecipientInferred: it does not, but the message had only one.
	FindingRecipientInferred = "recipient-inferred"
	// FindingSeveralRecipients: a receipt about one recipient names several.
	FindingSeveralRecipients = "several-recipients"
	// FindingRecipientUnknown: a receipt names a recipient that the message had not.
	FindingRecipientUnknown = "recipient-unknown"
)

// FromData returns the typed view of certification data. Where header and data
// disagree the data are followed and a finding says so. The error, a
// [*TypeError], means that the data are those of a transport envelope or of a
// type that the rules do not know. The result keeps d and shares its memory.
func FromData(d *daticert.Data, h Header) (Receipt, error) {
	if d == nil {
		return nil, &TypeError{}
	}
	c := readCommon(d, h)
	switch d.Type {
	case daticert.TypeAcceptance:
		return &Acceptance{c}, nil
	case daticert.TypeNonAcceptance:
		virus := c.virus(h)
		return &NonAcceptance{Common: c, Reason: ReasonOf(d), Virus: virus}, nil
	case daticert.TypeTakeCharge:
		taken := d.TakenInCharge
		if len(taken) == 0 {
			first, others := c.about()
			taken = joined(first, others)
		}
		return &TakeCharge{Common: c, TakenInCharge: taken}, nil
	case daticert.TypeDelivery:
		first, others := c.about()
		return &Delivery{Common: c, Recipient: first, Others: others, Requested: d.ReceiptType}, nil
	case daticert.TypeNonDelivery:
		first, others := c.about()
		virus := c.virus(h)
		return &NonDelivery{Common: c, Recipient: first, Others: others, Reason: ReasonOf(d), Virus: virus}, nil
	case daticert.TypeDelayNotice:
		first, others := c.about()
		return &TimeoutNotice{Common: c, Recipient: first, Others: others, Reason: ReasonOf(d)}, nil
	case daticert.TypeVirusDetection:
		first, others := c.about()
		return &VirusDetection{Common: c, Recipient: first, Others: others, Reason: ReasonOf(d)}, nil
	default:
		return nil, &TypeError{d.Type}
	}
}

func readCommon(d *daticert.Data, h Header) Common {
	c := Common{
		Type: d.Type, Provider: d.Provider,
		Identifier: daticert.TrimMessageID(d.Identifier),
		MessageID:  daticert.TrimMessageID(d.MessageID),
		Reference:  daticert.TrimMessageID(h.Reference),
		Sender:     d.Sender, Recipients: d.Recipients,
		Subject: d.Subject, HasSubject: d.HasSubject, Data: d,
	}
	if h.Ricevuta != "" && !strings.EqualFold(strings.TrimSpace(h.Ricevuta), string(d.Type)) {
		c.found(FindingTypeMismatch, "X-Ricevuta is "+strings.TrimSpace(h.Ricevuta)+", the certification data say "+string(d.Type))
	}
	if c.Reference != "" && c.Reference != c.MessageID && d.MessageID != "" {
		c.found(FindingReferenceMismatch, "X-Riferimento-Message-ID is "+c.Reference+", msgid is "+c.MessageID)
	}
	at, err := d.Date.Time()
	switch {
	case err == nil:
		c.Time = at
	case !h.Date.IsZero():
		c.Time = h.Date
		c.found(FindingDateFromHeader, "the time is that of the Date field, which is not signed: "+err.Error())
	default:
		c.found(FindingDateMissing, err.Error())
	}
	return c
}

func (c *Common) found(code, detail string) {
	c.Findings = append(c.Findings, Finding{Code: code, Detail: detail})
}

// virus reports whether the notice is of the virus form by the data, the code
// before errore. A header that disagrees is a finding.
func (c *Common) virus(h Header) bool {
	data := c.Data.Error == daticert.ErrorVirus
	if category, ok := byCode(c.Data.ExtendedError().Code); ok && category == VirusFound {
		data = true
	}
	header := strings.EqualFold(strings.TrimSpace(h.VerificaSicurezza), catalogue.SecurityError)
	if h.Ricevuta != "" && data != header {
		c.found(FindingSecurityMismatch, "X-VerificaSicurezza and the certification data disagree about a virus")
	}
	return data
}

// about returns the recipients that a receipt speaks of. Some providers name
// those of a virus detection in ricezione.
func (c *Common) about() (first string, others []string) {
	d := c.Data
	named := d.Deliveries
	if len(named) == 0 {
		named = d.TakenInCharge
	}
	switch {
	case len(named) == 1:
		first = named[0]
	case len(named) > 1:
		first, others = named[0], named[1:]
		c.found(FindingSeveralRecipients, "a receipt about one recipient names several")
	case len(d.Recipients) == 1:
		first = d.Recipients[0].Address
		c.found(FindingRecipientInferred, "consegna is missing; the message had one recipient")
	default:
		c.found(FindingRecipientMissing, "consegna is missing and the message had several recipients")
	}
	for _, address := range named {
		if len(d.Recipients) > 0 && !c.has(address) {
			c.found(FindingRecipientUnknown, address+" is not among destinatari")
		}
	}
	return first, others
}

func (c *Common) has(address string) bool {
	for i := range c.Recipients {
		if SameAddress(c.Recipients[i].Address, address) {
			return true
		}
	}
	return false
}

func joined(first string, others []string) []string {
	if first == "" {
		return others
	}
	return append([]string{first}, others...)
}
