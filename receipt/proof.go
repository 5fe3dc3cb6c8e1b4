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

// A ContentMatch is how the original inside a proof compares with what was
// submitted.
type ContentMatch uint8

// The outcomes.
const (
	ContentNotCompared ContentMatch = iota // one of the two was not at hand, or the proof carries no original
	ContentSame                            // the proof carries what a sent copy says
	ContentDiffers                         // it carries something that no sent copy says
)

// String returns "not-compared", "same" or "differs".
func (c ContentMatch) String() string {
	switch c {
	case ContentSame:
		return "same"
	case ContentDiffers:
		return "differs"
	default:
		return "not-compared"
	}
}

// MarshalText writes what String returns.
func (c ContentMatch) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

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
	// Body is the digest of what that original says ([BodyDigest]), which is
	// compared with Sent.Body: a valid proof with another one is in conflict with
	// the submission. Leave it zero when there is no original. For the brief
	// form, which cannot have the same digest, it is that of the sent copy that
	// [VerifyBrief] found it to be of; where it is of none of them, that of the
	// brief original itself; zero where there was no copy to compare with.
	Body Digest
	// Verdict is how far the message was verified.
	Verdict Verdict
}
