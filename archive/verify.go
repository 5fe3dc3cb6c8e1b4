package archive

import (
	"context"
	"crypto"
	"crypto/x509"
	"errors"
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
	for _, it := range v.Items {
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
	proof, now, at := judgeToken(data, tsp.OfDigest(sum, crypto.SHA512), e)
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

// judgeToken judges a time-stamp at the time it states, and its authority's
// certificate now.
func judgeToken(token []byte, imprint tsp.ImprintFunc, e *Evidence) (proof, now Proof, at time.Time) {
	proof, now = Proof{Code: ProofTimeStamp}, Proof{Code: ProofTimeStampNow, Status: trust.Skipped}
	t, err := tsp.Parse(token)
	if err != nil {
		proof.Status, proof.Why, proof.Detail = trust.Failed, WhyAltered, err.Error()
		return proof, now, at
	}
	r := tsp.Verify(t, tsp.Query{Imprint: imprint, Store: e.TimeStamps, Now: e.Now, CRLs: e.CRLs, OCSP: e.OCSP})
	proof.At = r.Time
	switch {
	case !r.OK:
		proof.Status, proof.Why, proof.Detail = trust.Failed, WhyWrong, r.Err.Error()
	case !r.Trusted:
		proof.Status, proof.Why, proof.Detail = trust.Unknown, WhyNotTrusted, "signed by an authority that is not trusted here"
		for _, c := range r.Checks {
			if c.Status == trust.Failed {
				proof.Status, proof.Why, proof.Detail = trust.Failed, WhyWrong, c.Name+": "+c.Detail
			}
		}
		if c := r.Check(tsp.CheckSignerChain); c.Status != trust.Passed && proof.Status == trust.Unknown {
			proof.Detail = c.Detail
		}
	default:
		proof.Status, proof.Why, at = trust.Passed, WhyTimeStamp, r.Time
		proof.Detail = "the data existed at " + r.Time.UTC().Format(time.RFC3339)
	}
	if r.Certificate != nil {
		now.At = r.Certificate.NotAfter
		switch {
		case e.Now.After(r.Certificate.NotAfter):
			now.Status, now.Why = trust.Unknown, WhyExpired
			now.Detail = "the authority's certificate ran out on " + r.Certificate.NotAfter.UTC().Format(time.DateOnly) + ": whether its key was safe until then, a later time-stamp or a preservation service has to show"
		case r.Signer != nil && r.Signer.Now.Status == trust.Passed:
			now.Status, now.Why, now.Detail = trust.Passed, WhyTimeStamp, "the authority's certificate is in force"
		case r.Signer != nil:
			now.Status, now.Why, now.Detail = r.Signer.Now.Status, WhyNotTrusted, r.Signer.Now.Detail
		}
	}
	return proof, now, at
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

func (p *Package) verifyItem(ctx context.Context, it *Item, base *Evidence, o *VerifyOptions, have map[string]digests, stamped time.Time) (*ItemVerification, error) {
	s := p.data[it]
	iv := &ItemVerification{Item: it, Path: s.data, Seen: it.FirstSeen, SeenBy: SeenByRecord, Verdict: trust.Indeterminate}
	d, there := have[s.data]
	same := Proof{Code: ProofBytes, By: []string{s.data, s.metadata}, Status: trust.Passed, Detail: "SHA-256 " + d.sha256}
	iv.Intact = there && d.sha256 == it.SHA256 && d.sha512 == it.SHA512 && it.source != nil && it.source.Size() == it.Size
	if !iv.Intact {
		same.Status, same.Why, same.Detail = trust.Failed, WhyAltered, "the bytes are not those that were captured"
		if !there {
			same.Detail = "the file is missing or cannot be read"
		}
	}
	iv.Proofs = append(iv.Proofs, same)
	iv.judgeSeen(it, s, base, d)
	if iv.SeenBy == SeenByRecord && !stamped.IsZero() {
		iv.seenInPackage(stamped)
	}
	if !there || it.source == nil {
		iv.Verdict = trust.Invalid
		return iv, nil
	}
	e := base.with(it, func(of string) bool { return of != ofToken })
	if iv.SeenBy != SeenByRecord || o.BelieveRecord {
		e.Seen = iv.Seen
	}
	judge := o.Judge
	if judge == nil {
		judge = func(ctx context.Context, it *Item, src *io.SectionReader, e *Evidence) (*Report, error) {
			return e.Judge(ctx, src)
		}
	}
	report, err := judge(ctx, it, it.Source(), e)
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case err != nil && (errors.Is(err, envelope.ErrSource)):
		return nil, fmt.Errorf("archive: %s: %w", s.data, err)
	case err != nil:
		iv.Proofs = append(iv.Proofs, Proof{Code: trust.CheckSignature, Status: trust.Unknown, Why: WhyNotCertified, By: []string{s.data}, Detail: err.Error()})
	default:
		iv.Report = report
		iv.judgeReport(it, s)
	}
	switch {
	case !iv.Intact:
		iv.Verdict = trust.Invalid
	case it.System == "mail" || it.Role == RoleUnreadable:
		iv.Verdict = trust.Valid // its bytes are all that there is
	case report != nil:
		iv.Verdict = report.Verdict
	}
	return iv, nil
}

// judgeSeen finds since when the message existed.
func (v *ItemVerification) judgeSeen(it *Item, s *sources, e *Evidence, d digests) {
	seen := Proof{Code: ProofFirstSeen, Status: trust.Unknown, Why: WhyRecord, By: []string{s.metadata}, At: it.FirstSeen,
		Detail: "by the record of the receiver alone: whoever can rewrite the package can change it"}
	if s.token == "" || len(it.TimeStamp) == 0 {
		v.Proofs = append(v.Proofs, seen, Proof{Code: ProofTimeStamp, Status: trust.Skipped, Why: WhyNotCaptured, Detail: "no time-stamp was made of the message"})
		return
	}
	proof, now, at := judgeToken(it.TimeStamp, tsp.OfDigest(digestBytes(d.sha256), crypto.SHA256), e.with(it, func(of string) bool { return of == ofToken }))
	proof.By = []string{s.token}
	now.By = proof.By
	if proof.Holds() {
		v.Seen, v.SeenBy = at, SeenByTimeStamp
		seen.Status, seen.Why, seen.At, seen.By, seen.Detail = trust.Passed, WhyTimeStamp, at, proof.By, proof.Detail
	}
	v.Proofs = append(v.Proofs, seen, proof, now)
}

// seenInPackage takes the time-stamp of the package for the message in it.
func (v *ItemVerification) seenInPackage(at time.Time) {
	v.Seen, v.SeenBy = at, SeenByPackage
	for i := range v.Proofs {
		if p := &v.Proofs[i]; p.Code == ProofFirstSeen {
			p.Status, p.Why, p.At, p.Detail = trust.Passed, WhyTimeStamp, at, "the package with the message existed at "+at.UTC().Format(time.RFC3339)
		}
	}
}

// judgeReport says of each check by what it holds.
func (v *ItemVerification) judgeReport(it *Item, s *sources) {
	var certs, revocation []string
	for i := range s.side.Captures {
		c := &s.side.Captures[i]
		if c.Of == ofToken {
			continue
		}
		certs = append(append(certs, c.Leaf), c.Certificates...)
		revocation = append(append(revocation, c.CRLs...), c.OCSP...)
	}
	slices.Sort(certs)
	slices.Sort(revocation)
	certs, revocation = slices.Compact(certs), slices.Compact(revocation)
	count := map[string]int{}
	for _, c := range v.Report.Checks {
		p := Proof{Code: c.Name, Status: c.Status, Detail: c.Detail, By: []string{s.data}, Why: WhyMessage}
		switch c.Name {
		case trust.CheckSignerChain:
			p.By, p.Why = append(p.By, certs...), WhyCaptured
			if c.Status == trust.Unknown {
				p.Why = WhyNotTrusted
			}
		case trust.CheckRevocation:
			p.By, p.Why = append(revocation, s.metadata), WhyCaptured
			if len(revocation) == 0 {
				p.Why = WhyNotCaptured
			}
		case trust.CheckDigestAlgorithm:
			if v.Report.Digest == "SHA-1" && c.Status == trust.Passed {
				if p.Status, p.Why = trust.Unknown, WhyWeak; v.SeenBy != SeenByRecord {
					p.Status, p.Why = trust.Passed, WhyWeakStamped
					if s.token != "" {
						p.By = append(p.By, s.token)
					}
				}
			}
		}
		if c.Status == trust.Failed {
			p.Why = WhyWrong
		}
		if it.System == "mail" {
			p.Why = WhyNotCertified
		}
		v.Proofs = append(v.Proofs, p)
		if it.Report != nil {
			then := nthCheck(it.Report.Checks, c.Name, count[c.Name])
			if then != c.Status {
				v.Changes = append(v.Changes, Change{c.Name, then, c.Status})
			}
		}
		count[c.Name]++
	}
	if g := v.Report.Signer; g != nil && it.System != "mail" {
		p := Proof{Code: ProofSignerNow, Status: g.Now, By: certs, At: g.NotAfter, Detail: g.NowDetail, Why: WhyCaptured}
		if v.Report.Judged.After(g.NotAfter) {
			p.Status, p.Why = trust.Unknown, WhyExpired
			p.Detail = "the signer's certificate ran out on " + g.NotAfter.Format(time.DateOnly) + ": it was in force when it signed, which is what counts"
		}
		v.Proofs = append(v.Proofs, p)
	}
}

func nthCheck(checks []Check, name string, n int) trust.Status {
	for _, c := range checks {
		if c.Name == name {
			if n == 0 {
				return c.Status
			}
			n--
		}
	}
	return trust.Skipped
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
