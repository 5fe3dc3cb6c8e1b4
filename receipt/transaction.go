package receipt

import (
	"strings"

	"github.com/certmail/certmail/daticert"
	"github.com/certmail/certmail/internal/catalogue"
)

// A Form is one of the receipts and notices that [Build] can write.
type Form string

// The forms, numbered as in the table of messages.
const (
	FormAcceptance         = Form(catalogue.Acceptance)         // ricevuta di accettazione, RFC 6109 §3.1.4
	FormNonAcceptance      = Form(catalogue.NonAcceptance)      // avviso di non accettazione, §3.1.2
	FormNonAcceptanceVirus = Form(catalogue.NonAcceptanceVirus) // avviso di non accettazione per virus, §3.1.3
	FormTakeCharge         = Form(catalogue.TakeCharge)         // ricevuta di presa in carico, §3.2.1
	FormVirusDetection     = Form(catalogue.VirusDetection)     // avviso di rilevazione virus, §3.2.3
	FormNonDeliveryVirus   = Form(catalogue.NonDeliveryVirus)   // avviso di mancata consegna per virus, §3.2.4
	FormDeliveryComplete   = Form(catalogue.DeliveryComplete)   // ricevuta completa di avvenuta consegna, §3.3.2.1
	FormDeliveryBrief      = Form(catalogue.DeliveryBrief)      // ricevuta breve di avvenuta consegna, §3.3.2.2
	FormDeliveryConcise    = Form(catalogue.DeliveryConcise)    // ricevuta sintetica di avvenuta consegna, §3.3.2.3
	FormNonDelivery        = Form(catalogue.NonDelivery)        // avviso di mancata consegna, §3.3.3
	FormTimeoutFirst       = Form(catalogue.TimeoutFirst)       // superamento dei tempi massimi, 12 h, §3.1.6
	FormTimeoutSecond      = Form(catalogue.TimeoutSecond)      // superamento dei tempi massimi, 24 h, §3.1.6
)

// Forms lists what [Build] can write, in the order of the rules.
func Forms() []Form {
	var out []Form
	for _, row := range catalogue.Rows() {
		if !row.Envelope() {
			out = append(out, Form(row.ID))
		}
	}
	return out
}

// A Transaction is one accepted (or refused) message, as all the messages
// about it describe it.
type Transaction struct {
	// Sender is the reverse path of the original.
	Sender string
	// Recipients are all its forward paths.
	Recipients []TransactionRecipient
	// ReplyTo is the original's Reply-To; empty stands for the sender, as real
	// providers write it.
	ReplyTo string
	// Subject is the original's, decoded.
	Subject    string
	HasSubject bool
	// MessageID is the one the sender's client set, with or without angle
	// brackets; empty for none.
	MessageID string
	// Identifier is the PEC identifier of the envelope, without angle brackets.
	// A refused message has one too, though no envelope carries it.
	Identifier string
	// ReceiptType is the form of delivery receipt that the sender asked for;
	// empty, and any value that the rules do not know, count as "completa".
	ReceiptType daticert.ReceiptType
}

// A TransactionRecipient is a forward path with what the provider knows of it.
type TransactionRecipient struct {
	Address string
	Type    daticert.RecipientType
	// Copy says that the address stands in Cc and not in To. Where that is
	// not clear the recipient is a primary one (RFC 6109 §3.3.2.1).
	Copy bool
}

// NewTransaction takes over what the certification data of an envelope say.
// They do not tell who stands in Cc.
func NewTransaction(d *daticert.Data) *Transaction {
	t := &Transaction{
		Sender: d.Sender, ReplyTo: d.ReplyTo, Subject: d.Subject, HasSubject: d.HasSubject,
		MessageID: d.MessageID, Identifier: d.Identifier, ReceiptType: d.ReceiptType,
	}
	for _, r := range d.Recipients {
		t.Recipients = append(t.Recipients, TransactionRecipient{Address: r.Address, Type: r.Type})
	}
	return t
}

// deliveryForms is the rule of RFC 6109 §3.3.2: the sender chooses for the
// recipients in To; those in Cc always give the concise receipt. A value of
// X-TipoRicevuta that is not here counts as "completa" (the rules are silent).
var deliveryForms = [...]struct {
	asked         daticert.ReceiptType
	primary, copy Form
}{
	{daticert.ReceiptComplete, FormDeliveryComplete, FormDeliveryConcise},
	{daticert.ReceiptBrief, FormDeliveryBrief, FormDeliveryConcise},
	{daticert.ReceiptConcise, FormDeliveryConcise, FormDeliveryConcise},
}

// DeliveryForm returns the form of the delivery receipt for a recipient, by
// what the sender asked for and where the recipient stands.
func DeliveryForm(asked daticert.ReceiptType, copied bool) Form {
	chosen := deliveryForms[0]
	for _, row := range deliveryForms {
		if strings.EqualFold(string(row.asked), strings.TrimSpace(string(asked))) {
			chosen = row
		}
	}
	if copied {
		return chosen.copy
	}
	return chosen.primary
}

// DeliveryForm returns the form of the delivery receipt for one of the
// recipients. An address that stands in both To and Cc, or in neither, is a
// primary recipient.
func (t *Transaction) DeliveryForm(address string) Form {
	copied := false
	for _, r := range t.Recipients {
		if SameAddress(r.Address, address) {
			if !r.Copy {
				return DeliveryForm(t.ReceiptType, false)
			}
			copied = true
		}
	}
	return DeliveryForm(t.ReceiptType, copied)
}

func (t *Transaction) has(address string) bool {
	for _, r := range t.Recipients {
		if SameAddress(r.Address, address) {
			return true
		}
	}
	return false
}

// asked returns the receipt type to write.
func (t *Transaction) asked() daticert.ReceiptType {
	asked := daticert.ReceiptType(strings.ToLower(strings.TrimSpace(string(t.ReceiptType))))
	if !asked.Known() {
		return daticert.ReceiptComplete
	}
	return asked
}
