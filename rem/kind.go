package rem

import (
	"strings"

	"github.com/certmail/certmail/receipt"
)

// Kind is what a message is, one of a closed set (EN 319 532-1 §3).
type Kind string

// The kinds of message.
const (
	// KindDispatch is the REM dispatch: the original and evidence about it.
	KindDispatch Kind = "dispatch"
	// KindPayload is the REM payload: the original without evidence.
	KindPayload Kind = "payload"
	// KindReceipt is the REMS receipt (ricevuta): evidence without the original.
	KindReceipt Kind = "receipt"
	// KindNotification is the REMS notification: a reference to content that
	// waits to be accepted (Store & Notify).
	KindNotification Kind = "notification"
	// KindUnknown claims to be REM and is none of these.
	KindUnknown Kind = "unknown"
	// KindOrdinary is no REM message: ordinary mail, or PEC.
	KindOrdinary Kind = "ordinary"
)

// System is the system of certified mail that a message belongs to, as the
// ledger names it; empty for ordinary mail.
func (k Kind) System() receipt.System {
	if k == KindOrdinary {
		return ""
	}
	return receipt.REM
}

// typePrefix begins the values of REM-MessageType (EN 319 522-3 §4.2.2, EN 319
// 532-3 table 2).
const typePrefix = "http://uri.etsi.org/19522/v1#/ERDMessageType/"

// URI is the kind as REM-MessageType states it, empty for the last two kinds.
func (k Kind) URI() string {
	switch k {
	case KindDispatch, KindPayload, KindReceipt, KindNotification:
		return typePrefix + string(k)
	}
	return ""
}

// kindOfURI reads REM-MessageType.
func kindOfURI(uri string) Kind {
	name, ok := strings.CutPrefix(uri, typePrefix)
	if !ok {
		return KindUnknown
	}
	switch k := Kind(name); k {
	case KindDispatch, KindPayload, KindReceipt, KindNotification:
		return k
	case "serviceInfo": // what EN 319 522-3 calls a notification
		return KindNotification
	}
	return KindUnknown
}

// kindOfParts goes by what the signed entity holds (EN 319 532-2 table 1).
func (m *Message) kindOfParts() Kind {
	switch original, some := m.Original != nil || m.originals > 1, len(m.Evidence) > 0; {
	case original && some:
		return KindDispatch
	case original:
		return KindPayload
	case some:
		return KindReceipt
	case m.Introduction != nil:
		return KindNotification
	}
	return KindUnknown
}

// classify goes by REM-MessageType, and by the parts where it is absent or
// says nothing we know. The two contradicting each other is a finding here and a
// failed check of a verification.
func (m *Message) classify() {
	parts := m.kindOfParts()
	uri := m.Envelope.Header.Get(headerMessageType)
	if uri == "" {
		m.Kind, m.HeadersMissing = parts, true
		m.find("headers-missing", "the parts are those of "+parts.inWords()+", but there is no "+headerMessageType)
		return
	}
	m.Kind = kindOfURI(uri)
	switch {
	case m.Kind == KindUnknown:
		m.Kind, m.contradiction = parts, headerMessageType+" "+excerpt(uri)+" is no type of message"
		m.find("unknown-message-type", m.contradiction)
	case m.Kind == parts:
	case m.Kind == KindNotification && m.Original == nil && m.originals == 0: // evidence 0..n
	default:
		m.contradiction = headerMessageType + " says " + string(m.Kind) + ", the parts are those of " + parts.inWords()
		m.find("type-mismatch", m.contradiction)
	}
}

// inWords is the kind with its article.
func (k Kind) inWords() string {
	if k == KindUnknown {
		return "no kind of message"
	}
	return "a " + string(k)
}
