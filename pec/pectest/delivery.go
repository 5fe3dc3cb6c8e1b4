package pectest

import (
	"bytes"
	"io"
	"strings"

	"github.com/certmail/certmail/daticert"
	"github.com/certmail/certmail/envelope"
	"github.com/certmail/certmail/receipt"
)

// The delivery point (punto di consegna, RFC 6109 §3.3): where messages are
// put into mailboxes.

// deliver puts a parcel into the mailboxes of its recipients. t is that of an
// envelope, for which there are receipts; m its message.
func (of *node) deliver(p *parcel, t *receipt.Transaction, m *envelope.Message) {
	for _, r := range p.to {
		of.deliverTo(p, t, m, r)
	}
}

// obstacle is why a mailbox cannot take a message: errore, code and text of
// AgID's note integrative, note 12. The codes of a disabled mailbox are not
// confirmed.
type obstacle struct {
	kind       daticert.ErrorKind
	code, text string
}

var (
	unknownMailbox  = obstacle{"no-dest", "5.1.1", "indirizzo non valido"}
	fullMailbox     = obstacle{"altro", "5.2.2", "casella piena"}
	disabledMailbox = obstacle{"altro", "5.2.1", "casella disabilitata"}
)

func (of *node) obstacleTo(m *Mailbox, address string, size int64) *obstacle {
	where := occasion{provider: of, mailbox: address}
	switch {
	case m == nil || m.node != of:
		return &unknownMailbox
	case of.net.strikes(MailboxDisabled, where) != nil:
		return &disabledMailbox
	case of.net.strikes(MailboxFull, where) != nil || m.size()+size > of.config.MaxMailbox:
		return &fullMailbox
	}
	return nil
}

func (of *node) deliverTo(p *parcel, t *receipt.Transaction, m *envelope.Message, address string) {
	n := of.net
	box := n.mailboxes[fold(address)]
	step := Step{Point: AtDelivery, Provider: of.Identity.Name, Kind: p.kind, Recipient: address}
	if t != nil {
		// A message that comes twice, over a connection that broke, say, is
		// delivered and answered once.
		key := [2]string{t.Identifier, fold(address)}
		if of.done[key] {
			step.Detail = "here already: dropped"
			n.note(p.journey, step)
			return
		}
		of.done[key] = true
	}
	if o := of.obstacleTo(box, address, int64(len(p.data))); o != nil {
		step.Branch, step.Failed, step.Detail = "B15", true, o.code+" "+o.text
		if t == nil {
			step.Branch = "B16"
			n.note(p.journey, step)
			return
		}
		n.note(p.journey, step)
		_ = of.issueTo(p.journey, AtDelivery, "B15", t, receipt.FormNonDelivery, receipt.Notice{
			Recipient: address, Error: of.config.Quirks.errorFor(o.code, o.kind), Detail: of.errorDetail(o.code, o.text),
		}, t.Sender)
		return
	}
	file := func() {
		s := describe(of.config.Quirks.stored(p.data))
		s.Time = n.now()
		box.put(Inbox, s)
		n.placed(p, address)
		n.note(p.journey, Step{Point: AtDelivery, Provider: of.Identity.Name, Kind: p.kind, Recipient: address, Branch: branchOf(t), Detail: "put into the mailbox"})
		of.record(LogEntry{Identifier: p.journey.Identifier, Sender: p.journey.Sender, Recipients: []string{address}, Subject: p.journey.Subject, Event: "delivery of " + string(p.kind)})
	}
	if n.strikes(Reorder, occasion{kind: p.kind, provider: p.by, mailbox: address, mailboxes: []string{p.about}}) != nil {
		// Later than the next message to the same mailbox.
		n.held[box] = append(n.held[box], file)
		n.note(p.journey, Step{Point: AtDelivery, Provider: of.Identity.Name, Kind: p.kind, Recipient: address, Detail: "held back behind the next message", Failed: true})
	} else {
		file()
		n.release(box)
	}
	if n.strikes(ResetUIDValidity, occasion{kind: p.kind, provider: of, mailbox: address}) != nil {
		_ = box.resetUIDs(Inbox)
	}
	if t == nil {
		return
	}
	notice := receipt.Notice{Recipient: address, Brief: of.config.Quirks.Brief}
	if form := t.DeliveryForm(address); form != receipt.FormDeliveryConcise {
		notice.Original = m.Original.Raw()
	}
	_ = of.issueTo(p.journey, AtDelivery, "B14", t, t.DeliveryForm(address), notice, t.Sender)
}

// release puts what was held back into a mailbox.
func (n *Network) release(m *Mailbox) {
	held := n.held[m]
	delete(n.held, m)
	for _, file := range held {
		file()
	}
}

func branchOf(t *receipt.Transaction) string {
	if t != nil {
		return "B14"
	}
	return "B8"
}

// issueTo writes a receipt or notice and sends it on its way.
func (of *node) issueTo(j *Journey, point Point, branch string, t *receipt.Transaction, form receipt.Form, notice receipt.Notice, to string) error {
	n := of.net
	notice.Time = n.now()
	notice.MessageID = of.NewIdentifier(notice.Time)
	data, err := of.Issue(form, t, notice)
	if err != nil {
		n.note(j, Step{Point: point, Provider: of.Identity.Name, Branch: branch, Detail: oneLine(err.Error()), Failed: true})
		return err
	}
	kind := describe(data).Kind
	data, spoiled := n.spoil(of, kind, notice.Recipient, data, func(s *Provider) ([]byte, error) { return s.Issue(form, t, notice) })
	n.truth(j, notice.Recipient, func(r *RecipientOutcome) {
		switch form {
		case receipt.FormNonDelivery, receipt.FormNonDeliveryVirus:
			r.Failed = true
		case receipt.FormTimeoutFirst:
			r.First = true
		case receipt.FormTimeoutSecond:
			r.Second = true
		}
	})
	n.note(j, Step{Point: point, Provider: of.Identity.Name, Branch: branch, Issued: kind, Recipient: notice.Recipient, Detail: "to " + to})
	of.record(LogEntry{
		Identifier: t.Identifier, Sender: t.Sender, Recipients: addressesOf(t), Subject: t.Subject, Event: string(form),
		Related: []string{notice.MessageID}, Detail: notice.Detail,
	})
	of.route(&parcel{journey: j, kind: kind, from: of.Identity.Address, to: []string{to}, data: data, by: of, about: notice.Recipient, spoiled: spoiled,
		second: form == receipt.FormTimeoutSecond})
	return nil
}

func addressesOf(t *receipt.Transaction) []string {
	var all []string
	for _, r := range t.Recipients {
		all = append(all, r.Address)
	}
	return all
}

// errorDetail writes errore-esteso in the provider's way.
func (of *node) errorDetail(code, text string) string {
	return of.config.Quirks.detail(receipt.ErrorDetail(code, of.Identity.Name, text))
}

// EICAR looks for the harmless test virus of that name, in the message and in
// its decoded parts, and returns "EICAR" or "".
func EICAR(message []byte) string {
	if bytes.Contains(message, []byte(eicar)) || eicarIn(message, 0) {
		return "EICAR"
	}
	return ""
}

// eicar is written in two pieces so that no scanner takes this source for it.
const eicar = `X5O!P%@AP[4\PZX54(P^)7CC)7}$` + `EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*`

// EICARFile is the content of the test virus file.
func EICARFile() []byte { return []byte(eicar) }

func eicarIn(message []byte, depth int) bool {
	root, _, err := envelope.Structure(io.NewSectionReader(bytes.NewReader(message), 0, int64(len(message))), nil)
	if err != nil || depth > 5 {
		return false
	}
	return !root.Walk(func(part *envelope.Part) bool {
		if len(part.Parts) > 0 || strings.HasPrefix(part.Type.Value, "multipart/") {
			return true
		}
		content, err := part.Bytes(int64(len(message)) + 1)
		if err != nil {
			return true
		}
		if bytes.Contains(content, []byte(eicar)) {
			return false
		}
		return part.Type.Value != "message/rfc822" || !eicarIn(content, depth+1)
	})
}
