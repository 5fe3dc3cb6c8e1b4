package archive

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/certmail/certmail/trust"
)

// Errors of this package, found with errors.Is.
var (
	// ErrItem: an item or a transaction is not complete, or contradicts itself.
	ErrItem = errors.New("archive: item")
	// ErrChanged: the bytes of an item are not those that were captured.
	ErrChanged = errors.New("archive: the bytes changed since they were captured")
	// ErrFormat: a package format that is not known, or that lacks what it needs.
	ErrFormat = errors.New("archive: format")
	// ErrPackage: what was opened is no package, or one that is refused as
	// hostile.
	ErrPackage = errors.New("archive: not a readable package")
	// ErrLimit: a package is above a limit (see Limits).
	ErrLimit = errors.New("archive: limit exceeded")
)

// Role is the place of an item in its transaction.
type Role string

// The roles.
const (
	RoleMessage    Role = "message"     // the own copy of what was sent, or ordinary mail
	RoleEnvelope   Role = "envelope"    // busta di trasporto or di anomalia, REM dispatch or payload
	RoleAcceptance Role = "acceptance"  // ricevuta di accettazione, SubmissionAcceptance
	RoleRefusal    Role = "refusal"     // avviso di non accettazione, SubmissionRejection
	RoleTakeCharge Role = "take-charge" // ricevuta di presa in carico, RelayAcceptance
	RoleDelivery   Role = "delivery"    // ricevuta di avvenuta consegna, ContentConsignment, ContentHandover
	RoleFailure    Role = "failure"     // avviso di mancata consegna, RelayFailure and their like
	RoleNotice     Role = "notice"      // preavviso, notification: nothing is decided yet
	RoleUnreadable Role = "unreadable"  // bytes that are no message
)

// Item is one message of a transaction with its evidence. Capture makes one;
// the fields are those of its side-car file, metadata/NAME.json.
type Item struct {
	// Name is the file name without extension: time, kind and the beginning of
	// the digest, nothing that comes from outside. Write sets it when empty.
	Name string `json:"name"`
	// Role is the place in the transaction, System "pec", "rem" or "mail", Kind
	// a pec.Kind or rem.Kind, Event the code of the first REM evidence.
	Role   Role   `json:"role"`
	System string `json:"system"`
	Kind   string `json:"kind"`
	Event  string `json:"event,omitempty"`

	// Size in bytes and digests (lower-case hexadecimal) of the exact bytes.
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
	SHA512 string `json:"sha512"`
	// LineEnds is "crlf", "lf", "mixed" or "none"; FinalNewline and EightBit
	// and NUL are what programs that handle mail are known to change.
	LineEnds     string `json:"line_endings"`
	FinalNewline bool   `json:"final_newline"`
	EightBit     bool   `json:"eight_bit,omitempty"`
	NUL          bool   `json:"nul,omitempty"`

	// FirstSeen is when the message came in, by the clock of the receiver;
	// Origin is from where.
	FirstSeen time.Time `json:"first_seen"`
	Origin    Origin    `json:"origin,omitzero"`

	// What the message says of itself; how far that is proved says Report.
	Identifier   string       `json:"identifier,omitempty"`
	MessageID    string       `json:"message_id,omitempty"`
	RefMessageID string       `json:"ref_message_id,omitempty"`
	Provider     string       `json:"provider,omitempty"`
	Time         time.Time    `json:"time,omitzero"` // of the certified event
	Sender       string       `json:"sender,omitempty"`
	Recipients   []Recipient  `json:"recipients,omitempty"`
	Recipient    string       `json:"recipient,omitempty"` // the one it speaks of
	Subject      string       `json:"subject,omitempty"`
	ReceiptType  string       `json:"receipt_type,omitempty"`
	Error        string       `json:"error,omitempty"` // why something failed, in words
	Attachments  []Attachment `json:"attachments,omitempty"`

	// Report is what the verification at reception said.
	Report *Report `json:"report,omitempty"`
	// Captures is the evidence about the signers, the message's own first, then
	// those of REM evidence and of its time-stamps. In a package the
	// certificates and revocation data are files of their own.
	Captures []SignerCapture `json:"-"`
	// Snapshots name the directory and the lists that the report rests on.
	Snapshots []Snapshot `json:"snapshots,omitempty"`
	// TimeStamp is an RFC 3161 token (a CMS ContentInfo) over the bytes.
	TimeStamp []byte `json:"-"`

	// Relations are set when a transaction is packed; see Relate.
	Relations []Relation `json:"relations,omitempty"`
	// Findings is what capturing met that is odd.
	Findings []trust.Finding `json:"findings,omitempty"`

	source *io.SectionReader
	crc    uint32
	hashed bool
}

// Source returns the exact bytes, as often as asked; nil for an item that was
// made without any.
func (it *Item) Source() *io.SectionReader {
	if it.source == nil {
		return nil
	}
	return io.NewSectionReader(it.source, 0, it.source.Size())
}

// Recipient is an address with its type: "certificato" or "esterno" for PEC,
// empty for REM.
type Recipient struct {
	Address string `json:"address"`
	Type    string `json:"type,omitempty"`
}

// Attachment is a file of the message that was sent: its name is the sender's
// and never a path, the digest is that of the decoded bytes.
type Attachment struct {
	Name   string `json:"name"`
	Type   string `json:"type"`
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
}

// Origin is where a message was found.
type Origin struct {
	// Source is the host or the file that it came from, Mailbox the account,
	// Folder the folder in it.
	Source  string `json:"source,omitempty"`
	Mailbox string `json:"mailbox,omitempty"`
	Folder  string `json:"folder,omitempty"`
	// UIDValidity and UID are IMAP's, UIDL is POP3's.
	UIDValidity uint32 `json:"uid_validity,omitempty"`
	UID         uint32 `json:"uid,omitempty"`
	UIDL        string `json:"uidl,omitempty"`
	// InternalDate is IMAP's INTERNALDATE.
	InternalDate time.Time `json:"internal_date,omitzero"`
}

// Snapshot names a directory or list as it was used, so that a judgement can
// be repeated with the same one.
type Snapshot struct {
	// Kind is "provider-directory" or "trusted-list"; Name says which, a
	// territory for instance.
	Kind string `json:"kind"`
	Name string `json:"name,omitempty"`
	// Sequence is that of a trusted list, Date when the copy was taken.
	Sequence int       `json:"sequence,omitempty"`
	Date     time.Time `json:"date,omitzero"`
	// SHA256 is the digest of its file.
	SHA256 string `json:"sha256"`
}

// SignerCapture is the evidence about one signer.
type SignerCapture struct {
	// Of is what was signed: "message", "evidence", "time-stamp" for the
	// authority of a time-stamp in the evidence, "token" for that of TimeStamp.
	Of string
	trust.Capture

	sound [32]byte // of its bytes, when they were found readable
}

// validate is Validate, which reads everything, unless it was done already for
// the same bytes.
func (c *SignerCapture) validate() error {
	sum := c.sum()
	if c.sound == sum {
		return nil
	}
	if err := c.Validate(); err != nil {
		return err
	}
	c.sound = sum
	return nil
}

func (c *SignerCapture) sum() [32]byte {
	h := sha256.New()
	note := func(b []byte) {
		h.Write(binary.BigEndian.AppendUint64(nil, uint64(len(b))))
		h.Write(b)
	}
	note(fmt.Append(nil, c.Version, c.FirstSeen.IsZero(), c.Event.IsZero(), len(c.Certificates), len(c.CRLs), len(c.OCSP), c.MessageSHA256))
	note(c.Leaf)
	for _, list := range [...][][]byte{c.Certificates, c.CRLs, c.OCSP} {
		for _, der := range list {
			note(der)
		}
	}
	return [32]byte(h.Sum(nil))
}

const ofMessage, ofEvidence, ofTimeStamp, ofToken = "message", "evidence", "time-stamp", "token"

// Relation is a bond between two items of a transaction.
type Relation struct {
	// Type is "receipt-of", "delivery-of", "failure-of", "envelope-of" or
	// "reply-to".
	Type string `json:"type"`
	// To is the name of the other item; empty when it is not in the package,
	// and then MessageID or Identifier says which message is meant.
	To         string `json:"to,omitempty"`
	MessageID  string `json:"message_id,omitempty"`
	Identifier string `json:"identifier,omitempty"`
}

// Transaction is a message with everything that belongs to it, kept as one.
type Transaction struct {
	// ID is stable and unique, a URI for instance; Write derives one from the
	// items when it is empty.
	ID string `json:"id"`
	// Items in any order.
	Items []*Item `json:"-"`
	// Retention is how many years it shall be kept, counted from the end of the
	// year of the last entry; 10 when 0 (Codice civile art. 2220: for lawyers to
	// confirm), permanently when negative.
	Retention int `json:"retention_years"`
	// LegalHold says that it must not be destroyed whatever the retention is.
	LegalHold bool `json:"legal_hold,omitempty"`
	// Note is for people.
	Note string `json:"note,omitempty"`
}
