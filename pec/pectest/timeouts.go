package pectest

import (
	"time"

	"github.com/certmail/certmail/daticert"
	"github.com/certmail/certmail/pec"
	"github.com/certmail/certmail/receipt"
)

// firstNotice is when the sender hears for the first time that a message was
// neither taken in charge nor delivered (RFC 6109 §3.1.6).
const firstNotice = 12 * time.Hour

// watch is what the sender's provider knows about an accepted message.
type watch struct {
	transaction *receipt.Transaction
	recipients  map[string]*watched
}

type watched struct {
	takenInCharge, delivered, failed, first, second bool
}

// watch starts the clock for the certified recipients of a message: of the
// others nothing is ever heard.
func (of *node) watch(j *Journey, t *receipt.Transaction) {
	w := &watch{transaction: t, recipients: map[string]*watched{}}
	of.watched[t.Identifier] = w
	for _, r := range t.Recipients {
		if r.Type != daticert.RecipientCertified || w.recipients[fold(r.Address)] != nil {
			continue
		}
		state := &watched{}
		w.recipients[fold(r.Address)] = state
		address := r.Address
		of.net.plan(firstNotice, true, func() {
			if !state.takenInCharge && !state.delivered && !state.failed {
				state.first = true
				of.timeout(j, t, address, receipt.FormTimeoutFirst, "B17")
			}
		})
		of.net.plan(of.config.SecondNotice, true, func() {
			if !state.delivered && !state.failed {
				state.second = true
				of.timeout(j, t, address, receipt.FormTimeoutSecond, "B18")
			}
		})
	}
}

// timeout issues one of the notices (avviso di mancata consegna per
// superamento dei tempi massimi). errore and the code of the first one are not
// confirmed: none and no code.
func (of *node) timeout(j *Journey, t *receipt.Transaction, address string, form receipt.Form, branch string) {
	n := receipt.Notice{Recipient: address}
	_ = of.issueTo(j, AtAccess, branch, t, form, n, t.Sender)
}

// learn reads what receipts from other providers say about watched messages,
// on their way through the sender's provider, and answers a virus detection
// with a notice to the sender (RFC 6109 §3.2.4).
func (of *node) learn(p *parcel, m *pec.Message) {
	w := of.watched[m.Identifier()]
	if w == nil || m.Data == nil {
		return
	}
	switch m.Kind {
	case pec.KindTakeCharge:
		for _, r := range m.Data.TakenInCharge {
			if state := w.recipients[fold(r)]; state != nil {
				state.takenInCharge = true
			}
		}
	case pec.KindDelivery:
		for _, r := range m.Data.Deliveries {
			if state := w.recipients[fold(r)]; state != nil {
				state.delivered = true
			}
		}
	case pec.KindNonDelivery:
		for _, r := range m.Data.Deliveries {
			of.settled(m.Identifier(), r)
		}
	case pec.KindVirusDetection:
		for _, r := range m.Data.Deliveries {
			if state := w.recipients[fold(r)]; state == nil || state.failed {
				continue
			}
			of.settled(m.Identifier(), r)
			_ = of.issueTo(p.journey, AtIncoming, "B12", w.transaction, receipt.FormNonDeliveryVirus, receipt.Notice{
				Recipient: r, Detail: of.errorDetail("5.5.1", "presenza di un virus nel messaggio"),
			}, w.transaction.Sender)
		}
	}
}

// settled ends the watch for a recipient that failed.
func (of *node) settled(identifier, recipient string) {
	if w := of.watched[identifier]; w != nil {
		if state := w.recipients[fold(recipient)]; state != nil {
			state.failed = true
		}
	}
}
