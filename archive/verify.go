package archive

import (
	"context"
	"crypto"
	"crypto/x509"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/certmail/certmail/envelope"
	"github.com/certmail/certmail/pec"
	"github.com/certmail/certmail/rem"
	"github.com/certmail/certmail/trust"
	"github.com/certmail/certmail/trust/tsl"
	"github.com/certmail/certmail/trust/tsp"
)

// VerifyOptions say what is believed. A package is never believed about whom to
// trust: its certificates help to build paths, its revocation data are
// checked against their issuers.
type VerifyOptions struct {
	// Now is the time to judge at; needed.
	Now time.Time
	// Trust are the anchors for mail, and whatever the caller has besides; its
	// Keys, which are those of PEC, vouch for nothing else. TimeStamps are the
	// anchors for time-stamping authorities; Trust without its Keys when nil.
	Trust      trust.Material
	TimeStamps *trust.Material
	Policy     *trust.Policy
	// Lists are the trusted lists that signers of REM are looked up in.
	Lists *tsl.Set
	// BelieveRecord takes the first-seen time that the receiver noted for proved
	// where no time-stamp shows it: for packages that nobody else could write
	// to. It matters when a signer was revoked after the event.
	BelieveRecord bool
	// SHA1Until is when signatures with SHA-1 cease to count, unless a time-stamp
	// over the message or the package shows that it existed before; that of the
	// function SHA1Until when zero.
	SHA1Until time.Time
	// Judge, if not nil, verifies an item instead of packages pec and rem.
	Judge func(ctx context.Context, it *Item, src *io.SectionReader, e *Evidence) (*Report, error)
	// Envelope bounds the reading of messages.
	Envelope envelope.Options
}

// Evidence is what an item is verified with.
type Evidence struct {
	// Now is VerifyOptions.Now, Seen a time at which the message provably existed
	// already; zero when nothing proves one.
	Now, Seen time.Time
	// Trust and TimeStamps believe what the caller does and know the captured
	// certificates; REM is Trust without the keys of PEC. CRLs and OCSP are the
	// revocation data that were captured with this message.
	Trust, REM, TimeStamps *trust.Store
	CRLs, OCSP             [][]byte
	Lists                  *tsl.Set
	Envelope               envelope.Options
}

// Verify compares every byte of the package with its lists, and judges each
// message again at the given time: offline, by what was captured. The error is
// that of the context, the options or the files themselves; everything about
// the package is in the result.
func (p *Package) Verify(ctx context.Context, o *VerifyOptions) (*Verification, error) {
	if o == nil || o.Now.IsZero() {
		return nil, fmt.Errorf("%w: VerifyOptions.Now is needed", ErrItem)
	}
	v := &Verification{Format: p.Format, ID: p.Transaction.ID, Now: o.Now.UTC(), Transaction: p.Transaction, Created: p.Created, RetainUntil: p.RetainUntil}
	for _, f := range slices.Concat(p.Problems, p.Findings) {
		v.Findings = append(v.Findings, Finding(f))
	}
	integrity, have, err := p.integrity(ctx)
	if err != nil {
		return nil, err
	}
	v.Integrity = integrity
	e, err := p.evidence(o, v)
	if err != nil {
		return nil, err
	}
	stamped := p.verifyPackage(v, e, have)
	for _, it := range p.Transaction.Items {
		iv, err := p.verifyItem(ctx, it, e, o, have, stamped)
		if err != nil {
			return nil, err
		}
		v.Items = append(v.Items, iv)
		if len(iv.Differs) > 0 {
			v.Findings = append(v.Findings, Finding{"record-differs", it.Name + ": " + strings.Join(iv.Differs, ", ")})
		}
		if iv.FalseAtReception() {
			v.Findings = append(v.Findings, Finding{"false-at-reception", it.Name + ": it did not verify when it was received, and is kept as it was: nothing rests on it"})
		}
	}
	v.Verdict = v.verdict()
	return v, ctx.Err()
}

// evidence makes the stores.
func (p *Package) evidence(o *VerifyOptions, v *Verification) (*Evidence, error) {
	e := &Evidence{Now: o.Now, Lists: o.Lists, Envelope: o.Envelope}
	mail, stamps := o.Trust, o.Trust
	stamps.Keys = nil
	if o.TimeStamps != nil {
		stamps = *o.TimeStamps
	}
	mail.Intermediates, stamps.Intermediates = slices.Clip(mail.Intermediates), slices.Clip(stamps.Intermediates)
	for _, it := range p.Transaction.Items {
		for i := range it.Captures {
			var m trust.Material
			if err := it.Captures[i].AddTo(&m); err != nil {
				v.Findings = append(v.Findings, Finding{"evidence-not-readable", it.Name + ": " + err.Error()})
				continue
			}
			for _, c := range m.Intermediates {
				// A message may bring what no path can be built with.
				if _, err := trust.NewStore(trust.Material{Intermediates: []*x509.Certificate{c}}, nil); err != nil {
					v.Findings = append(v.Findings, Finding{"evidence-not-usable", it.Name + ": " + err.Error()})
					continue
				}
				mail.Intermediates = append(mail.Intermediates, c)
				stamps.Intermediates = append(stamps.Intermediates, c)
			}
		}
	}
	var err error
	if e.Trust, err = trust.NewStore(mail, o.Policy); err == nil {
		e.TimeStamps, err = trust.NewStore(stamps, o.Policy)
	}
	if err == nil {
		mail.Keys = nil
		e.REM, err = trust.NewStore(mail, o.Policy)
	}
	if err != nil {
		return nil, fmt.Errorf("archive: %w", err)
	}
	return e, nil
}

func (v *Verification) verdict() trust.Verdict {
	verdict := trust.Valid
	worse := func(w trust.Verdict) {
		if w == trust.Invalid || w == trust.Indeterminate && verdict == trust.Valid {
			verdict = w
		}
	}
	for _, a := range v.Integrity.Alterations {
		if a.Kind == Container {
			worse(trust.Indeterminate) // packed again, perhaps: the content is as it was
		} else {
			worse(trust.Invalid)
		}
	}
	genuine := slices.ContainsFunc(v.Items, func(it *ItemVerification) bool { return it.Verdict == trust.Valid && it.certified() })
	for _, it := range v.Items {
		if genuine && it.FalseAtReception() {
			worse(trust.Indeterminate)
			continue
		}
		worse(it.Verdict)
	}
	for _, p := range v.Proofs {
		if p.Status == trust.Failed && p.Code != ProofTimeStampNow {
			worse(trust.Invalid)
		}
	}
	if len(v.Items) == 0 {
		worse(trust.Indeterminate)
	}
	return verdict
}

// verifyPackage judges what the package is as a whole, and returns when all of
// it existed; zero when that is not proved.
func (p *Package) verifyPackage(v *Verification, e *Evidence, have map[string]digests) time.Time {
	whole := Proof{Code: ProofPackage, Status: trust.Passed, By: []string{sealName}, Detail: fmt.Sprintf("%d files, %d bytes: all are as listed", v.Integrity.Files, v.Integrity.Bytes)}
	if !v.Integrity.Intact {
		whole.Status, whole.Why, whole.Detail = trust.Failed, WhyAltered, fmt.Sprintf("%d things are not as they were written", len(v.Integrity.Alterations))
		if v.content() {
			whole.Status, whole.Detail = trust.Unknown, "all files are as listed; the zip file around them was written by something else"
		}
	}
	v.Proofs = append(v.Proofs, whole)
	over, token := asicManifest, asicTimestamp
	if p.Format != ASiCE {
		over = listSHA512
		if p.Format.bag() {
			over = "tag" + listSHA512
		}
		token = over + ".tst"
	}
	if p.tree.files[token] == nil {
		v.Proofs = append(v.Proofs, Proof{Code: ProofPackageStamp, Status: trust.Skipped, Why: WhyNotCaptured, Detail: "the package has no time-stamp of its own"})
		return time.Time{}
	}
	data, err := p.tree.small(token)
	sum := digestBytes(have[over].sha512)
	if err == nil && len(sum) == 0 {
		err = fmt.Errorf("%w: %s cannot be read", ErrPackage, over)
	}
	if err != nil {
		v.Proofs = append(v.Proofs, Proof{Code: ProofPackageStamp, Status: trust.Failed, Why: WhyAltered, By: []string{token, over}, Detail: err.Error()})
		return time.Time{}
	}
	proof, now, at := judgeToken(data, tsp.OfDigest(sum, crypto.SHA512), e, time.Time{})
	proof.Code, proof.By = ProofPackageStamp, []string{token, over}
	now.By = []string{token}
	v.Proofs = append(v.Proofs, proof, now)
	if v.content() {
		return at
	}
	return time.Time{}
}

// content tells whether all files are as they are listed.
func (v *Verification) content() bool {
	return !slices.ContainsFunc(v.Integrity.Alterations, func(a Alteration) bool { return a.Kind != Container })
}

// with returns the evidence with the revocation data of an item.
func (e *Evidence) with(it *Item, use func(of string) bool) *Evidence {
	c := *e
	c.CRLs, c.OCSP = nil, nil
	for i := range it.Captures {
		if use(it.Captures[i].Of) {
			c.CRLs = append(c.CRLs, it.Captures[i].CRLs...)
			c.OCSP = append(c.OCSP, it.Captures[i].OCSP...)
		}
	}
	return &c
}

// Judge verifies a message by packages pec and rem, as Package.Verify does
// without VerifyOptions.Judge.
func (e *Evidence) Judge(ctx context.Context, src *io.SectionReader) (*Report, error) {
	p, r, err := openMessage(src, e.Envelope)
	if err != nil {
		return nil, err
	}
	return e.judge(ctx, p, r)
}

func (e *Evidence) judge(ctx context.Context, p *pec.Message, r *rem.Message) (*Report, error) {
	now := func() time.Time { return e.Now }
	if r != nil {
		report, err := rem.NewVerifier(e.REM, &rem.VerifyOptions{Now: now, FirstSeen: e.Seen, TimeStamps: e.TimeStamps, Lists: e.Lists, CRLs: e.CRLs, OCSP: e.OCSP}).Verify(ctx, r)
		if err != nil {
			return nil, err
		}
		return ReportREM(report, e.Now), nil
	}
	report, err := pec.NewVerifier(e.Trust, &pec.VerifyOptions{Now: now, FirstSeen: e.Seen, CRLs: e.CRLs, OCSP: e.OCSP}).Verify(ctx, p)
	if err != nil {
		return nil, err
	}
	return ReportPEC(report, e.Now), nil
}

// Summary says it in one line.
func (v *Verification) Summary() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %d items, %d files", v.Verdict, len(v.Items), v.Integrity.Files)
	if n := len(v.Integrity.Alterations); n > 0 {
		fmt.Fprintf(&b, ", %d alterations", n)
	}
	return b.String()
}
