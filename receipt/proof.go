package receipt

import "encoding/hex"

// A Verdict is how far a proof was verified. This package judges nothing: it
// is told.
type Verdict uint8

// The verdicts. The zero value is the cautious one.
const (
	Unverified    Verdict = iota // nobody looked
	Indeterminate                // intact, but who signed could not be judged
	Valid                        // every required check passed
	Invalid                      // a check failed
)

// String returns "unverified", "indeterminate", "valid" or "invalid".
func (v Verdict) String() string {
	switch v {
	case Valid:
		return "valid"
	case Invalid:
		return "invalid"
	case Indeterminate:
		return "indeterminate"
	default:
		return "unverified"
	}
}

// MarshalText writes what String returns.
func (v Verdict) MarshalText() ([]byte, error) { return []byte(v.String()), nil }

// A Digest is a SHA-256 digest; all zeros stand for none.
type Digest [32]byte

// IsZero reports whether there is no digest.
func (d Digest) IsZero() bool { return d == Digest{} }

// String returns the digest in lower-case hexadecimal, "" for none.
func (d Digest) String() string {
	if d.IsZero() {
		return ""
	}
	return hex.EncodeToString(d[:])
}

// MarshalText writes what String returns.
func (d Digest) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// A Proof is the message that carries an event.
type Proof struct {
	// Name is where the caller keeps it, a file name for instance.
	Name string
	// Kind is what kind of message it is, for PEC the value of postacert/@tipo.
	Kind string
	// SHA256 is the digest of the message's bytes.
	SHA256 Digest
	// Content is the digest of the whole original inside it, over bytes with CR
	// LF line ends so that the way of storing does not count. Leave it zero when
	// there is none, or only the brief form. Two valid proofs with one
	// identifier and different contents are in conflict.
	Content Digest
	// Verdict is how far the message was verified.
	Verdict Verdict
}
