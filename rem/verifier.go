package rem

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"time"

	"github.com/certmail/certmail/envelope"
	"github.com/certmail/certmail/rem/evidence"
	"github.com/certmail/certmail/trust"
	"github.com/certmail/certmail/trust/tsl"
)

// VerifyOptions are the freedoms of a verification. The zero value and nil
// judge a message at the time of its own evidence.
type VerifyOptions struct {
	// At judges the certificates at this time instead of the evidence's.
	At time.Time
	// Now is the clock for the second judgement, at the present. Without one
	// that judgement is left out, and a message that names no time cannot be
	// judged.
	Now func() time.Time
	// FirstSeen is when the message provably existed already, for instance
	// when it was archived; it matters when its signer was revoked later.
	FirstSeen time.Time
	// Certificates are tried as signers of messages that do not carry theirs.
	Certificates []*x509.Certificate
	// CRLs and OCSP are revocation data kept with the message.
	CRLs, OCSP [][]byte
	// TimeStamps has the time-stamping authorities that are believed; the
	// verifier's own store unless set.
	TimeStamps *trust.Store
	// Lists, if set, are the trusted lists that signers are looked up in: the
	// check trusted-list is skipped without them.
	Lists *tsl.Set
	// Profile is what evidence has to conform to; nil for the one that each
	// document claims by its policies (evidence.ProfileOf).
	Profile *evidence.Profile
}

// Verifier judges messages by the trust of one store. It is safe for
// concurrent use, and the store remembers chains between messages.
type Verifier struct {
	store     *trust.Store
	opt       VerifyOptions
	signature envelope.SignatureOptions
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
	if v.opt.TimeStamps == nil {
		v.opt.TimeStamps = store
	}
	v.signature = envelope.SignatureOptions{
		Parse: store.Certificate, Prepared: store.PreparedKey, Intern: store.Intern,
		CertificateDigest: store.CertificateDigest, Certificates: v.opt.Certificates,
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
	r.Signature = m.Envelope.VerifySignature(&v.signature)
	if errors.Is(r.Signature.Err, envelope.ErrSource) {
		return nil, fmt.Errorf("rem: verify: %w", r.Signature.Err)
	}
	for _, f := range r.Signature.Findings {
		r.find(f.Code, f.Detail)
	}
	if err := v.judgeEvidence(ctx, r); err != nil {
		return nil, err
	}
	v.judgeTime(r)
	from, fromErr := m.Envelope.Header.Author()
	r.Signer = v.signer(r, from.Address)
	r.add(r.Signer.Findings...)

	r.Checks = make([]trust.Check, 0, 8+3*len(m.Evidence))
	r.Checks = append(r.Checks, checkSignature(r.Signature), checkAlgorithm(r.Signature), r.Signer.Check(trust.CheckSignerChain))
	address := r.Signer.Check(trust.CheckSignerAddress)
	if fromErr != nil {
		address = trust.Check{Name: trust.CheckSignerAddress, Status: trust.Failed, Detail: fromErr.Error()}
	}
	r.Checks = append(r.Checks, address, r.Signer.Check(trust.CheckRevocation), r.checkHeaders(from))
	r.Checks = append(r.Checks, r.evidenceChecks()...)
	original, err := r.checkOriginal()
	if err != nil {
		return nil, fmt.Errorf("rem: verify: %w", err)
	}
	r.Checks = append(r.Checks, original, v.checkList(r))
	r.Verdict = trust.Judge(r.Checks, m.required()...)
	r.aspects()
	return r, ctx.Err()
}

// ordinary is the report on what is no REM message: there is nothing to judge.
func (v *Verifier) ordinary(r *Report) *Report {
	const why = "not a REM message: no service certifies anything about it"
	r.Basis, r.Verdict = TimeNow, trust.Indeterminate
	r.Integrity, r.Conformance, r.Trust = trust.Indeterminate, trust.Indeterminate, trust.Indeterminate
	switch {
	case !v.opt.At.IsZero():
		r.Basis, r.Time = TimeGiven, v.opt.At
	case v.opt.Now != nil:
		r.Time = v.opt.Now()
	}
	for _, name := range [...]string{trust.CheckSignature, trust.CheckDigestAlgorithm, trust.CheckSignerChain, trust.CheckSignerAddress,
		trust.CheckRevocation, trust.CheckHeaders, trust.CheckOriginalDigest, trust.CheckTrustedList} {
		r.Checks = append(r.Checks, trust.Check{Name: name, Status: trust.Skipped, Detail: why})
	}
	return r
}

// judgeTime chooses the time to judge the message's own signature at: given,
// else that of the latest trusted time-stamp in its evidence (the message was
// signed after all of it), else of the event.
func (v *Verifier) judgeTime(r *Report) {
	if !v.opt.At.IsZero() {
		r.Time, r.Basis = v.opt.At, TimeGiven
		return
	}
	for _, e := range r.Evidence {
		if e != nil && e.Basis == evidence.TimeStamped && e.Time.After(r.Time) {
			r.Time, r.Basis = e.Time, TimeStamp
		}
	}
	if r.Basis == TimeStamp {
		return
	}
	if d := r.main(); d != nil && d.Time.Valid() {
		r.Time, r.Basis = d.Time.UTC, TimeCertifiedEvent
		return
	}
	if s := r.Signature; len(s.Signers) == 1 && s.Signers[0].SignatureOK && !s.Signers[0].SigningTime.IsZero() {
		r.Time, r.Basis = s.Signers[0].SigningTime, TimeCertifiedEvent
		r.find("time-from-signature", "there is no evidence with a time: judged at the signing time, a claim of the signer")
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

// signerOf is the certificate that signed the message, nil when none is known
// to have.
func (r *Report) signerOf() *x509.Certificate {
	if s := r.Signature; len(s.Signers) == 1 && s.Signers[0].SignatureOK {
		return s.Signers[0].Certificate
	}
	return nil
}
