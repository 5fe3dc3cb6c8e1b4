package envelope

import (
	"crypto"
	"crypto/ed25519"
	"crypto/x509"
	"io"
	"time"
)

// Draft is a signed provider message to be written: the header, the readable
// text, the certification data and the original (RFC 6109 §2.1, §4.3).
type Draft struct {
	// Header is written in order. MIME-Version and Content-Type are added.
	Header []Field
	// Text is the readable text in UTF-8 with LF line ends. It is written in
	// ISO-8859-1 as RFC 6109 §4.3.1 has it; what that charset lacks becomes a
	// question mark there (the certification data keep it).
	Text string
	// HTML, if not empty, makes the text a multipart/alternative. It must say
	// the same and refer to nothing.
	HTML string
	// CertificationData is daticert.xml; nil writes none (anomaly envelope).
	CertificationData []byte
	// Original is the message carried along, read once; nil for none.
	Original io.Reader
	// EightBit says that the original holds bytes above 127.
	EightBit bool
	// Extra are provider-specific parts.
	Extra []Attachment
	Style Style
	// Time is the signing time, for certified events the time of the event;
	// zero means the signer's clock.
	Time time.Time
}

// Attachment is a provider-specific part of a Draft.
type Attachment struct {
	Name, Type string
	Data       []byte
}

// Style holds the freedoms that real providers take. The zero value writes
// what all readers take.
type Style struct {
	// Protocol is the signature's type: "application/x-pkcs7-signature", the
	// spelling of nearly all real mail, unless set.
	Protocol string
	// Micalg is the value of that parameter; by default the RFC 8551 §3.5.3.2
	// name of the digest ("sha-256"; "sha1" for SHA-1, as real mail has it).
	Micalg string
	// CertificationName and OriginalName replace daticert.xml and
	// postacert.eml; "-" writes no name at all.
	CertificationName, OriginalName string
	// OriginalFirst puts the original before the certification data.
	OriginalFirst bool
	// PlainCertification writes the certification data in quoted-printable.
	PlainCertification bool
	// Reword changes the readable plain text before it is written: the wording
	// of real providers differs, and no reader may depend on it.
	Reword func(text string) string
	// OmitMessageID leaves msgid out of the certification data.
	OmitMessageID bool
	// Random names the boundaries; crypto/rand unless set.
	Random io.Reader
}

// Signer signs messages for one provider.
type Signer struct {
	// Key is the private key: a file, an HSM, a remote signer.
	Key crypto.Signer
	// Certificate belongs to Key. Its e-mail address must be the From address
	// of what is signed (RFC 6109 §2.1).
	Certificate *x509.Certificate
	// Chain is put into the signature so that others can build the path.
	Chain []*x509.Certificate
	// Hash is SHA-256 unless set (SHA-512 for Ed25519). SHA-1 is for compatibility tests only.
	Hash crypto.Hash
	// Now gives the signing time of drafts without one; time.Now unless set.
	Now func() time.Time
}

func (s *Signer) hash() crypto.Hash {
	if s.Hash != 0 {
		return s.Hash
	}
	if _, ok := s.Key.Public().(ed25519.PublicKey); ok {
		return crypto.SHA512 // the only one RFC 8419 allows
	}
	return crypto.SHA256
}

func (s *Signer) signingTime(d *Draft) time.Time {
	if !d.Time.IsZero() {
		return d.Time
	}
	if s.Now == nil {
		return time.Now()
	}
	return s.Now()
}
