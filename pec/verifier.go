package pec

import (
	"context"
	"crypto"
	"crypto/x509"
	"errors"
	"fmt"
	"time"

	"github.com/certmail/certmail/envelope"
	"github.com/certmail/certmail/trust"
)

// VerifyOptions are the freedoms of a verification. The zero value and nil
// judge a message at the time of its own event and accept SHA-1 digests, as
// real mail up to the end of 2024 has them.
type VerifyOptions struct {
	// At judges the certificates at this time instead of the event's.
	At time.Time
	// Now is the clock for the second judgement, at the present. Without one
	// that judgement is left out, and a message that names no time cannot be
	// judged.
	Now func() time.Time
	// RefuseSHA1 makes the digest-algorithm check fail for SHA-1. (SHA-1 in the
	// signatures on certificates is another matter: trust.Policy.)
	RefuseSHA1 bool
	// FirstSeen is when the message provably existed already, for instance
	// when it was archived; it matters when its signer was revoked later.
	FirstSeen time.Time
	// Certificates are tried as signers of messages that do not carry theirs.
	Certificates []*x509.Certificate
	// CRLs and OCSP are revocation data kept with the message.
	CRLs, OCSP [][]byte
}

// Verifier judges messages by the trust of one store. It is safe for
// concurrent use, and the store remembers chains between messages.
type Verifier struct {
	store *trust.Store
	opt   VerifyOptions
}

// NewVerifier makes a verifier. A nil store trusts nobody: signer-chain stays
// unknown. opt may be nil.
func NewVerifier(store *trust.Store, opt *VerifyOptions) *Verifier {
	if store == nil {
		store, _ = trust.NewStore(trust.Material{}, nil) // nothing in it can be wrong
	}
	v := &Verifier{store: store}
	if opt != nil {
		v.opt = *opt
	}
	return v
}

// Verify judges a message and never changes it. The error is that of the
// context or of the source; everything about the message is in the report.
func (v *Verifier) Verify(ctx context.Context, m *Message) (*Report, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	r := &Report{Kind: m.Kind, Findings: m.Findings, message: m}
	if m.Kind == KindOrdinary {
		return v.ordinary(r), nil
	}
	r.Signature = m.Envelope.VerifySignature(&envelope.SignatureOptions{Parse: v.store.Certificate, Prepared: v.store.PreparedKey, Intern: v.store.Intern, Certificates: v.opt.Certificates})
	if errors.Is(r.Signature.Err, envelope.ErrSource) {
		return nil, fmt.Errorf("pec: verify: %w", r.Signature.Err)
	}
	r.add(r.Signature.Findings)
	v.judgeTime(r)
	from, fromErr := m.Envelope.Header.Author()
	r.Signer = v.signer(r, from.Address)

	r.Checks = r.checks[:]
	r.checks[0] = checkSignature(r.Signature)
	r.checks[1] = v.checkDigest(r.Signature)
	copy(r.checks[2:6], r.Signer.Checks)
	if fromErr != nil {
		r.checks[3] = trust.Check{Name: trust.CheckSignerAddress, Status: trust.Failed, Detail: fromErr.Error()}
	}
	r.checks[6] = m.checkData()
	r.checks[7] = r.checkHeaders(from)
	var err error
	if r.checks[8], err = r.checkOriginal(); err != nil {
		return nil, fmt.Errorf("pec: verify: %w", err)
	}
	for _, f := range r.Signer.Findings {
		r.add([]Finding{{Code: f.Code, Detail: f.Detail}})
	}
	r.Verdict = trust.Judge(r.Checks, m.required()...)
	return r, ctx.Err()
}

// ordinary is the report on ordinary mail: there is nothing to judge.
func (v *Verifier) ordinary(r *Report) *Report {
	const why = "ordinary mail: no provider certifies anything about it"
	r.Basis, r.Verdict = TimeNow, trust.Indeterminate
	switch {
	case !v.opt.At.IsZero():
		r.Basis, r.Time = TimeGiven, v.opt.At
	case v.opt.Now != nil:
		r.Time = v.opt.Now()
	}
	for i, name := range [...]string{trust.CheckSignature, trust.CheckDigestAlgorithm, trust.CheckSignerChain, trust.CheckSignerAddress,
		trust.CheckProviderDirectory, trust.CheckRevocation, trust.CheckCertificationData, trust.CheckHeaders, trust.CheckOriginal} {
		r.checks[i] = trust.Check{Name: name, Status: trust.Skipped, Detail: why}
	}
	r.Checks = r.checks[:]
	return r
}

// judgeTime chooses the time to judge at.
func (v *Verifier) judgeTime(r *Report) {
	m := r.message
	if !v.opt.At.IsZero() {
		r.Time, r.Basis = v.opt.At, TimeGiven
		return
	}
	if t, err := m.Time(); err == nil {
		r.Time, r.Basis = t, TimeCertifiedEvent
		return
	}
	if s := r.Signature; len(s.Signers) == 1 && s.Signers[0].SignatureOK && !s.Signers[0].SigningTime.IsZero() {
		r.Time, r.Basis = s.Signers[0].SigningTime, TimeCertifiedEvent
		if m.Kind != KindAnomaly {
			r.find("time-from-signature", "the certification data give no time: judged at the signing time, a claim of the signer")
		}
		return
	}
	r.Basis = TimeNow
	if v.opt.Now != nil {
		r.Time = v.opt.Now()
	}
}

func (v *Verifier) signer(r *Report, from string) *trust.Signer {
	q := trust.Query{Bag: r.Signature.Certificates, From: from, At: r.Time, FirstSeen: v.opt.FirstSeen, CRLs: v.opt.CRLs, OCSP: v.opt.OCSP}
	if v.opt.Now != nil {
		q.Now = v.opt.Now()
	}
	if len(r.Signature.Signers) == 1 {
		q.Leaf, q.Parsed = r.Signature.Signers[0].RawCertificate, r.Signature.Signers[0].Certificate
	}
	return v.store.Evaluate(q)
}

func checkSignature(s *envelope.Signature) trust.Check {
	c := trust.Check{Name: trust.CheckSignature, Status: trust.Failed}
	switch {
	case s.OK():
		c.Status, c.Detail = trust.Passed, "the signed part is as it was signed"
	case s.Err != nil:
		c.Detail = s.Err.Error()
	case len(s.Signers) != 1:
		c.Detail = fmt.Sprintf("%d signers, want 1", len(s.Signers))
	case s.Signers[0].Certificate == nil && s.Signers[0].RawCertificate == nil:
		// Nothing is wrong yet, but nothing can be verified either.
		c.Status, c.Detail = trust.Unknown, s.Signers[0].Err.Error()
		if !s.Signers[0].DigestOK || !s.Signers[0].ContentTypeOK {
			c.Status = trust.Failed
		}
	case errors.Is(s.Signers[0].Err, envelope.ErrUnsupported):
		c.Status, c.Detail = trust.Unknown, s.Signers[0].Err.Error()
		if s.Signers[0].Digest != 0 && !s.Signers[0].DigestOK {
			c.Status = trust.Failed // whoever signed, it was not this
		}
	case s.Signers[0].Err != nil:
		c.Detail = s.Signers[0].Err.Error()
	default:
		c.Detail = "the signature does not hold"
	}
	return c
}

// checkDigest reports the strength of the content digest.
func (v *Verifier) checkDigest(s *envelope.Signature) trust.Check {
	c := trust.Check{Name: trust.CheckDigestAlgorithm, Status: trust.Skipped, Detail: "no readable signature"}
	if len(s.Signers) == 0 {
		return c
	}
	switch s.Signers[0].Digest {
	case crypto.SHA256:
		c.Status, c.Detail = trust.Passed, "SHA-256"
	case crypto.SHA384:
		c.Status, c.Detail = trust.Passed, "SHA-384"
	case crypto.SHA512:
		c.Status, c.Detail = trust.Passed, "SHA-512"
	case crypto.SHA1:
		c.Status, c.Detail = trust.Passed, "SHA-1, weak: accepted because real certified mail up to the end of 2024 has no other"
		if v.opt.RefuseSHA1 {
			c.Status, c.Detail = trust.Failed, "SHA-1, refused by the caller"
		}
	default:
		c.Status, c.Detail = trust.Unknown, "the digest algorithm is not supported"
	}
	return c
}

// add appends findings without touching the message's own slice.
func (r *Report) add(more []Finding) {
	if len(more) > 0 {
		r.Findings = append(r.Findings[:len(r.Findings):len(r.Findings)], more...)
	}
}

func (r *Report) find(code, detail string) { r.add([]Finding{{Code: code, Detail: detail}}) }
