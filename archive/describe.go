package archive

import (
	"encoding/hex"

	"github.com/certmail/certmail/pec"
	"github.com/certmail/certmail/receipt"
	"github.com/certmail/certmail/rem"
	"github.com/certmail/certmail/rem/evidence"
)

// maxAttachments is how many are listed; the message has all of them.
const maxAttachments = 1000

var rolesPEC = map[pec.Kind]Role{
	pec.KindTransport: RoleEnvelope, pec.KindAnomaly: RoleEnvelope, pec.KindAcceptance: RoleAcceptance, pec.KindNonAcceptance: RoleRefusal,
	pec.KindTakeCharge: RoleTakeCharge, pec.KindDelivery: RoleDelivery, pec.KindNonDelivery: RoleFailure, pec.KindTimeout: RoleNotice,
	pec.KindVirusDetection: RoleFailure, pec.KindUnknown: RoleNotice, pec.KindOrdinary: RoleMessage,
}

// describePEC notes what a PEC message, or ordinary mail, says of itself.
func (it *Item) describePEC(m *pec.Message) {
	it.System, it.Kind, it.Role = string(m.Kind.System()), string(m.Kind), rolesPEC[m.Kind]
	it.Identifier, it.MessageID, it.RefMessageID = m.Identifier(), m.MessageID(), m.RefMessageID()
	it.Sender, it.Recipient, it.Subject = m.Sender(), m.Recipient(), m.Subject()
	if t, err := m.Time(); err == nil {
		it.Time = t
	}
	for _, r := range m.Recipients() {
		it.Recipients = append(it.Recipients, Recipient{r.Address, string(r.Type)})
	}
	if d := m.Data; d != nil {
		it.Provider, it.ReceiptType = d.Provider, string(d.ReceiptType)
		if it.Error = d.ErrorDetail; it.Error == "" && d.Error != "" && d.Error != "nessuno" {
			it.Error = string(d.Error)
		}
	}
	for _, f := range m.Findings {
		it.find(f.Code, f.Detail)
	}
	list, err := m.Attachments()
	if err != nil {
		it.find("attachments-not-readable", err.Error())
	}
	it.attach(list)
}

func (it *Item) attach(list []pec.Attachment) {
	for i := range list {
		if i == maxAttachments {
			it.find("many-attachments", "only the first are listed")
			return
		}
		a := &list[i]
		size, sum, err := a.Digest()
		if err != nil {
			it.find("attachment-not-readable", a.Name+": "+err.Error())
			continue
		}
		it.Attachments = append(it.Attachments, Attachment{a.Name, a.Type, size, sum})
	}
}

// describeREM notes what a REM message says of itself.
func (it *Item) describeREM(m *rem.Message) {
	it.System, it.Kind, it.Role = "rem", string(m.Kind), RoleEnvelope
	if m.Kind == rem.KindOrdinary {
		it.System, it.Role = "mail", RoleMessage
	}
	it.Identifier, it.MessageID, it.RefMessageID = m.Identifier(), m.MessageID(), m.RefMessageID()
	it.Sender, it.Recipient, it.Subject, it.Provider = m.Sender(), m.Recipient(), m.Subject(), m.Provider()
	if t, err := m.Time(); err == nil {
		it.Time = t
	}
	for _, r := range m.Recipients() {
		it.Recipients = append(it.Recipients, Recipient{Address: r})
	}
	for _, f := range m.Findings {
		it.find(f.Code, f.Detail)
	}
	var first *evidence.Evidence
	for i := range m.Evidence {
		if m.Evidence[i].Document != nil {
			first = m.Evidence[i].Document
			break
		}
	}
	if first != nil {
		it.Event, it.Error = string(first.Event), rem.ReasonOf(first).Text
	}
	switch m.Kind {
	case rem.KindReceipt:
		it.Role = RoleNotice
		if first != nil {
			it.Role = roleOf(first)
		}
	case rem.KindNotification:
		it.Role = RoleNotice
	case rem.KindDispatch, rem.KindPayload:
		original, err := m.OpenOriginal()
		if err != nil {
			return
		}
		defer original.Close()
		list, err := pec.Parse(original.Source(), original.Size(), nil)
		if err == nil {
			if files, err := list.Attachments(); err == nil {
				it.attach(files)
			}
		}
	}
}

// roleOf is the role of a receipt by its first evidence.
func roleOf(d *evidence.Evidence) Role {
	for _, e := range rem.EventsOf(d, receipt.Proof{}) {
		switch e.Kind {
		case receipt.EventAccepted:
			return RoleAcceptance
		case receipt.EventNotAccepted:
			return RoleRefusal
		case receipt.EventTakenInCharge:
			return RoleTakeCharge
		case receipt.EventDelivered:
			return RoleDelivery
		case receipt.EventNotDelivered, receipt.EventRelayRejected, receipt.EventNotHandedOver:
			return RoleFailure
		}
	}
	return RoleNotice
}

// digestBytes decodes the digest of an item.
func digestBytes(s string) []byte {
	b, err := hex.DecodeString(s)
	if err != nil {
		return nil
	}
	return b
}
