package pec

import (
	"errors"
	"fmt"
	"time"

	"github.com/certmail/certmail/daticert"
	"github.com/certmail/certmail/envelope"
	"github.com/certmail/certmail/trust"
)

// TimeBasis says which time the certificates were judged at.
type TimeBasis string

// The bases.
const (
	// TimeGiven: the caller's, VerifyOptions.At.
	TimeGiven TimeBasis = "given"
	// TimeCertifiedEvent: the message's own: the time in the certification
	// data, or for an anomaly envelope, which has none, the signing time. The
	// signer alone vouches for it: PEC has no time-stamps.
	TimeCertifiedEvent TimeBasis = "certified-event"
	// TimeNow: the present, where the message names no time.
	TimeNow TimeBasis = "now"
)

// Report is what a verification found: facts side by side, and a verdict that
// follows from them by a fixed rule.
type Report struct {
	Kind Kind
	// Verdict is Invalid when a check failed, Indeterminate when one that the
	// kind requires could not be made, else Valid (trust.Judge).
	Verdict trust.Verdict
	// Time is the time that the certificates were judged at, Basis says why.
	Time  time.Time
	Basis TimeBasis
	// Checks are all checks, in a fixed order.
	Checks []trust.Check
	// Signature is what the signature shows by itself: integrity.
	Signature *envelope.Signature
	// Signer is who signed, and why it is or is not taken for a provider.
	Signer *trust.Signer
	// Findings is everything odd, from reading and from verifying.
	Findings []Finding

	message *Message
	checks  [9]trust.Check
}

// Check returns the check of that name.
func (r *Report) Check(name string) trust.Check {
	for _, c := range r.Checks {
		if c.Name == name {
			return c
		}
	}
	return trust.Check{Name: name, Status: trust.Skipped}
}

// Err returns nil for a valid message, else an ErrNotValid that names the
// checks that stood in the way.
func (r *Report) Err() error {
	if r.Verdict == trust.Valid {
		return nil
	}
	err := fmt.Errorf("pec: %w: %s", ErrNotValid, r.Verdict)
	if r.Kind == KindOrdinary {
		err = fmt.Errorf("%w; ordinary mail: no provider certifies anything about it", err)
	}
	for _, c := range r.Checks {
		if c.Status == trust.Failed || c.Status == trust.Unknown && r.Verdict == trust.Indeterminate {
			err = fmt.Errorf("%w; %s %s: %s", err, c.Name, c.Status, c.Detail)
		}
	}
	return err
}

// Certified is the view of a message that verified: what the provider
// certifies, and nothing that it does not.
type Certified struct {
	// Data are the certification data; nil for an anomaly envelope, which
	// certifies nothing about the message inside.
	Data *daticert.Data
	// Time is the time of the certified event.
	Time time.Time
	// Provider is the name of the provider that signed, from its certificate
	// or the directory.
	Provider string
	message  *Message
}

// Original opens the certified original; ErrNoOriginal when there is none.
func (c *Certified) Original() (*Original, error) { return c.message.Original() }

// Certified gives access to what was certified. It fails with ErrNotValid
// unless the verdict is valid.
func (r *Report) Certified() (*Certified, error) {
	if err := r.Err(); err != nil {
		return nil, err
	}
	if r.message == nil || r.Signer == nil {
		return nil, fmt.Errorf("pec: %w", errors.Join(ErrNotValid, envelope.ErrNotSigned))
	}
	return &Certified{Data: r.message.Data, Time: r.Time, Provider: r.Signer.Provider, message: r.message}, nil
}

// required are the checks without which a message of the kind is not valid.
func (m *Message) required() []string {
	switch m.Kind {
	case KindAnomaly:
		if m.Envelope.Original == nil {
			return requiredAnomaly[:len(requiredAnomaly)-1]
		}
		return requiredAnomaly
	}
	if m.Envelope.Original == nil {
		return requiredCertified[:len(requiredCertified)-1]
	}
	return requiredCertified
}

// The last of each list is required only where an original is embedded.
var (
	requiredCertified = []string{trust.CheckSignature, trust.CheckSignerChain, trust.CheckSignerAddress, trust.CheckHeaders, trust.CheckCertificationData, trust.CheckOriginal}
	requiredAnomaly   = []string{trust.CheckSignature, trust.CheckSignerChain, trust.CheckSignerAddress, trust.CheckHeaders, trust.CheckOriginal}
)
