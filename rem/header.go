package rem

import (
	"net/mail"
	"strings"
	"time"

	"github.com/certmail/certmail/daticert"
	"github.com/certmail/certmail/envelope"
)

// Names of header fields (EN 319 532-3 §6.2.1 table 2).
const (
	headerVersion         = "REM-MetadataVersion"         // MD01
	headerRelayDate       = "REM-RelayDate"               // MD02
	headerExpiration      = "REM-ExpirationDate"          // MD03
	headerAssurance       = "REM-RecipientAssuranceLevel" // MD04
	headerPolicy          = "REM-ApplicablePolicy"        // MD05
	headerMode            = "REM-ModeOfConsignment"       // MD06
	headerScheduled       = "REM-ScheduledDelivery"       // MD07
	headerSender          = "REM-MD08"
	headerMessageType     = "REM-MessageType" // MD13
	headerDigestAlgorithm = "REM-DigestAlgorithm"
	headerDigestValue     = "REM-DigestValue"
	headerUserAgentID     = "REM-UAMessageIdentifier"
	headerEvent           = "REM-EventIdentifier"  // G03
	headerEvidenceID      = "REM-Evidence-ID"      // G01
	headerReason          = "REM-ReasonIdentifier" // G04
	headerLocation        = "REM-AcceptanceRejectionInterfaceLocation"
	headerNonERDS         = "REM-RelayToNonERDS" // REM-Policy-IT 1.2
	headerSection         = "REM-Section-Type"
	headerExtensionCode   = "REM-Extension-Code"
	headerExtensionSpace  = "REM-Extension-Namespace-URI"
)

// Metadata are the REMS relay metadata in the outer header of a message (EN 319
// 532-3 table 2). No signature covers them: whoever carries a message can
// change them. What is certified is in the evidence.
type Metadata struct {
	// Version is MD01, such as EN31953203V010201.
	Version string
	// RelayDate is MD02, Expiration MD03, Scheduled MD07; zero when absent or no
	// date.
	RelayDate, Expiration, Scheduled time.Time
	// Assurance is MD04, Mode MD06 as written.
	Assurance, Mode string
	// Policies are MD05.
	Policies []string
	// Sender is MD08, the sender of the original.
	Sender envelope.Mailbox
	// MessageType is MD13, the URI of the kind.
	MessageType string
	// DigestAlgorithm is a URI, DigestValue base64 (MD14).
	DigestAlgorithm, DigestValue string
	// UserAgentID is the id that the sender's program gave the message, without
	// angle brackets (MD14).
	UserAgentID string
	// EventID is G03, EvidenceID G01 without angle brackets, Reasons G04: of the
	// first evidence where there are several.
	EventID, EvidenceID string
	Reasons             []string
	// Location is where a recipient accepts or rejects (notifications).
	Location string
	// RelayToNonERDS is the Italian mark of a dispatch to ordinary mail:
	// "evidence-required".
	RelayToNonERDS string
	// Others are the REM-* fields that are none of these, in their order.
	Others []envelope.Field
}

// Metadata reads the REMS relay metadata of the outer header.
func (m *Message) Metadata() Metadata {
	h := m.Envelope.Header
	d := Metadata{
		Version: h.Get(headerVersion), Assurance: h.Get(headerAssurance), Mode: h.Get(headerMode),
		Policies: h.Values(headerPolicy), MessageType: h.Get(headerMessageType),
		DigestAlgorithm: h.Get(headerDigestAlgorithm), DigestValue: h.Get(headerDigestValue),
		UserAgentID: bare(h.Get(headerUserAgentID)), EventID: h.Get(headerEvent), EvidenceID: bare(h.Get(headerEvidenceID)),
		Reasons: h.Values(headerReason), Location: h.Get(headerLocation), RelayToNonERDS: h.Get(headerNonERDS),
	}
	for name, at := range map[string]*time.Time{headerRelayDate: &d.RelayDate, headerExpiration: &d.Expiration, headerScheduled: &d.Scheduled} {
		*at, _ = mail.ParseDate(h.Get(name))
	}
	d.Sender, _ = envelope.ParseMailbox(h.Get(headerSender))
	for name, value := range h.All() {
		if len(name) > 4 && strings.EqualFold(name[:4], "REM-") && !knownHeader(name) {
			d.Others = append(d.Others, envelope.Field{Name: name, Value: value})
		}
	}
	return d
}

func knownHeader(name string) bool {
	for i := range headerTable {
		if strings.EqualFold(headerTable[i].name, name) {
			return true
		}
	}
	return false
}

// bare takes white space and one pair of angle brackets off an id (EN 319 532-4
// C.3.4: headers have the brackets, the XML has not).
func bare(id string) string { return daticert.TrimMessageID(id) }

// excerpt bounds what a finding quotes.
func excerpt(s string) string {
	const most = 160
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "…"
}
