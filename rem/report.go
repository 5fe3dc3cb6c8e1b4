package rem

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/certmail/certmail/envelope"
	"github.com/certmail/certmail/receipt"
	"github.com/certmail/certmail/rem/evidence"
	"github.com/certmail/certmail/trust"
	"github.com/certmail/certmail/trust/tsl"
)

// TimeBasis says which time the certificates were judged at.
type TimeBasis string

// The bases.
const (
	// TimeGiven: the caller's, VerifyOptions.At.
	TimeGiven TimeBasis = "given"
	// TimeStamp: that of a time-stamp in the evidence, from an authority that is
	// trusted (EN 319 532-4 C.4.4).
	TimeStamp TimeBasis = "timestamp"
	// TimeCertifiedEvent: the event's own time, or for a message without
	// evidence the signing time. The signer alone vouches for it.
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
	// Integrity, Conformance and Trust keep apart what Verdict puts together:
	// whether the bytes are those that were signed, and the original the one that
	// the evidence is about; whether evidence and header are as the profile has
	// them; whether the signers, those of the time-stamps included, are to be
	// believed.
	Integrity, Conformance, Trust trust.Verdict
	// Qualified says that by the trusted lists the service, and the authority of
	// a time-stamp in each evidence, were qualified at the time (EN 319 521
	// §5.3.2). It is no part of the verdict.
	Qualified bool
	// Time is the time that the certificates were judged at, Basis says why.
	Time  time.Time
	Basis TimeBasis
	// Checks are all checks, in a fixed order. Those of evidence occur once for
	// each document.
	Checks []trust.Check
	// Signature is what the signature of the message shows by itself:
	// integrity.
	Signature *envelope.Signature
	// Signer is who signed, and why it is or is not trusted.
	Signer *trust.Signer
	// Evidence are the reports on the evidence, one for each of
	// Message.Evidence; nil for a document that cannot be read.
	Evidence []*evidence.Report
	// TrustedList is what the trusted lists say of the signer; nil without any.
	TrustedList *tsl.Answer
	// Findings is everything odd, from reading and from verifying.
	Findings []Finding

	message *Message
	// documents are the evidence as it was read out of what was verified; nil
	// where it cannot be read.
	documents []*evidence.Evidence
}

// main is the evidence that the outer header speaks of, nil without any.
func (r *Report) main() *evidence.Evidence {
	if i := r.message.main(); i >= 0 {
		return r.documents[i]
	}
	return nil
}

// Check returns the first check of that name.
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
	err := fmt.Errorf("rem: %w: %s", ErrNotValid, r.Verdict)
	for _, c := range r.Checks {
		if c.Status == trust.Failed || c.Status == trust.Unknown && r.Verdict == trust.Indeterminate {
			err = fmt.Errorf("%w; %s %s: %s", err, c.Name, c.Status, c.Detail)
		}
	}
	return err
}

// Certified is the view of a message that verified: what the service
// certifies, and nothing that it does not.
type Certified struct {
	// Evidence are the documents.
	Evidence []*evidence.Evidence
	// Time is the time of the certified event, zero for a payload.
	Time time.Time
	// Provider is the name of the service that signed.
	Provider string
	message  *Message
}

// OpenOriginal opens the certified original; ErrNoOriginal when there is none.
func (c *Certified) OpenOriginal() (*Original, error) { return c.message.OpenOriginal() }

// Certified gives access to what was certified. It fails with ErrNotValid
// unless the verdict is valid.
func (r *Report) Certified() (*Certified, error) {
	if err := r.Err(); err != nil {
		return nil, err
	}
	if r.message == nil || r.Signer == nil {
		return nil, fmt.Errorf("rem: %w", errors.Join(ErrNotValid, envelope.ErrNotSigned))
	}
	c := &Certified{Provider: r.Signer.Provider, message: r.message}
	c.Evidence = append(c.Evidence, r.documents...)
	if d := r.main(); d != nil {
		c.Time, c.Provider = d.Time.UTC, d.Issuer.LegalName()
	}
	return c, nil
}

// required are the checks without which a message is not valid.
func (m *Message) required() []string {
	names := []string{trust.CheckSignature, trust.CheckSignerChain, trust.CheckSignerAddress, trust.CheckHeaders}
	if m.Kind == KindDispatch || m.Kind == KindReceipt || len(m.Evidence) > 0 {
		names = append(names, trust.CheckEvidenceSignature, trust.CheckEvidenceTimestamp, trust.CheckEvidenceProfile)
	}
	if m.Kind == KindDispatch || m.Kind == KindPayload || m.originals > 0 {
		names = append(names, trust.CheckOriginalDigest)
	}
	return names
}

func (r *Report) find(code, detail string) { r.add(Finding{Code: code, Detail: detail}) }

// add appends findings without touching the message's own slice.
func (r *Report) add(more ...Finding) {
	if len(more) > 0 {
		r.Findings = append(r.Findings[:len(r.Findings):len(r.Findings)], more...)
	}
}

func proofVerdict(v trust.Verdict) receipt.Verdict {
	switch v {
	case trust.Valid:
		return receipt.Valid
	case trust.Invalid:
		return receipt.Invalid
	}
	return receipt.Indeterminate
}

func digest(r io.Reader) (sum receipt.Digest, err error) {
	h := sha256.New()
	if _, err := io.Copy(h, r); err != nil {
		return sum, fmt.Errorf("rem: digest: %w", err)
	}
	h.Sum(sum[:0])
	return sum, nil
}
