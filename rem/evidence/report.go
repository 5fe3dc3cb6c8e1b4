package evidence

import (
	"crypto/x509"
	"errors"
	"fmt"
	"time"

	"github.com/certmail/certmail/trust"
	"github.com/certmail/certmail/trust/tsp"
)

// TimeBasis says which time the certificates were judged at.
type TimeBasis string

// The bases, the most reliable first.
const (
	// TimeGiven: the caller's, VerifyOptions.At.
	TimeGiven TimeBasis = "given"
	// TimeStamped: that of a signature time-stamp which holds and is trusted.
	TimeStamped TimeBasis = "timestamp"
	// TimeCertifiedEvent: EventTime, for which the signer alone vouches.
	TimeCertifiedEvent TimeBasis = "certified-event"
	// TimeNow: the present, where nothing better is known.
	TimeNow TimeBasis = "now"
)

// Report is what a verification found. Three things are kept apart: whether the
// octets are what was signed, whether the document conforms to its profile, and
// whether the signers are to be believed.
type Report struct {
	// Verdict sums the checks up by the rule of [trust.Judge]: valid needs all
	// of evidence-signature, evidence-timestamp, evidence-profile, signer-chain.
	Verdict trust.Verdict
	// Checks are evidence-signature, evidence-timestamp, evidence-profile,
	// signer-chain and revocation, in this order. A time-stamp passes when it
	// holds and its authority is trusted.
	Checks []trust.Check

	// Integrity: the signature holds, and the time-stamp is one over it.
	Integrity trust.Verdict
	// Conformance: what the profile says.
	Conformance trust.Verdict
	// Trust: paths from the signer, and from the authority of the time-stamp,
	// to what the stores believe. Qualification is no part of it.
	Trust trust.Verdict
	// Qualification is what VerifyOptions.Qualify says of the time-stamp's
	// authority (EN 319 521 §5.3.2), Skipped without it.
	Qualification trust.Check

	// Time is the time that the certificates were judged at, Basis says why.
	Time  time.Time
	Basis TimeBasis
	// Signer says what the store makes of the signer; nil without a store or
	// when the signature does not hold. Certificate is the signer's, nil when
	// the signature does not hold; it may be shared: do not modify it.
	Signer      *trust.Signer
	Certificate *x509.Certificate
	// SigningTime is the signer's claim.
	SigningTime time.Time
	// TimeStamp is the time-stamp that counts: the earliest that is valid, else
	// the one that came nearest; nil without any. TimeStamps are all.
	TimeStamp  *tsp.Result
	TimeStamps []*tsp.Result

	// Profile is the name of the profile, Deviations what differs, Missing the
	// components that are required and not there.
	Profile    string
	Deviations []Deviation
	Missing    []string
	// Findings is everything odd, from reading and from verifying.
	Findings []Finding

	checks [5]trust.Check
	// SignatureErr says why the signature does not hold; nil when it does.
	SignatureErr error
}

// The places of the checks.
const (
	atSignature = iota
	atTimestamp
	atProfile
	atChain
	atRevocation
)

// Check returns the check of that name, Skipped when there is none.
func (r *Report) Check(name string) trust.Check {
	for _, c := range r.Checks {
		if c.Name == name {
			return c
		}
	}
	return trust.Check{Name: name, Status: trust.Skipped}
}

// ErrNotValid: the verdict is another one than valid.
var ErrNotValid = errors.New("evidence: not valid")

// Err returns nil for a valid evidence, else an ErrNotValid that names the
// checks that stood in the way.
func (r *Report) Err() error {
	if r.Verdict == trust.Valid {
		return nil
	}
	err := fmt.Errorf("%w: %s", ErrNotValid, r.Verdict)
	for _, c := range r.Checks {
		if c.Status != trust.Passed && (c.Status != trust.Skipped || c.Name != trust.CheckRevocation) {
			err = fmt.Errorf("%w; %s %s: %s", err, c.Name, c.Status, c.Detail)
		}
	}
	return err
}

func (r *Report) set(at int, name string, s trust.Status, detail string) {
	r.checks[at] = trust.Check{Name: name, Status: s, Detail: detail}
}
