package evidence

import (
	"context"
	"crypto/x509"
	"time"

	"github.com/certmail/certmail/internal/xmlsig"
	"github.com/certmail/certmail/internal/xmltree"
	"github.com/certmail/certmail/trust"
	"github.com/certmail/certmail/trust/tsp"
)

// VerifyOptions says whom to believe and what to compare with. Nothing is
// fetched, and no clock is read.
type VerifyOptions struct {
	// Options bound the document; nil for the defaults.
	Options *Options
	// Profile is what the evidence has to conform to; nil for the one that it
	// claims by its policies ([ProfileOf]).
	Profile *Profile
	// Store has the signers of evidence that are believed; without it
	// signer-chain is unknown. TSA has the time-stamping authorities, and should
	// be a store of its own; without it evidence-timestamp is unknown at best.
	Store, TSA *trust.Store
	// At, when not zero, is the time to judge certificates at, instead of that
	// of the time-stamp. Now is the present; zero leaves out what needs it.
	At, Now time.Time
	// FirstSeen, CRLs and OCSP are as in trust.Query.
	FirstSeen  time.Time
	CRLs, OCSP [][]byte
	// LegalName, if not nil, gives the name that the trusted list has for the
	// service of a signer at that time; the evidence's issuer has to bear it
	// (EN 319 532-4 C.3.4 g). ok is false when the list does not know it. It is
	// asked only about signatures that hold.
	LegalName func(signer *x509.Certificate, at time.Time) (name string, ok bool)
	// Qualify, if not nil, answers whether the authority of a time-stamp was
	// qualified: see tsp.Query.
	Qualify func(cert *x509.Certificate, path []*x509.Certificate, at time.Time) trust.Check
}

// Verify reads an evidence document and judges it: the XAdES signature
// (EN 319 532-4 C.4.3; EN 319 132-1), the signature time-stamp (C.4.4), the
// profile (C.4.5.4), and whether the signers are to be believed.
//
// The evidence that it returns was read from the very tree whose canonical form
// was verified, and holds nothing of the signature's own content. Whether it may
// be relied on is what the report says. An error means that it could not be
// read at all, or that ctx ended.
//
// The namespaces in [Any] and [AttributeValue] may depend on declarations that
// an exclusive canonical form does not cover; decide nothing by them.
func Verify(ctx context.Context, xml []byte, o *VerifyOptions) (*Evidence, *Report, error) {
	if o == nil {
		o = &VerifyOptions{}
	}
	if err := ctx.Err(); err != nil {
		return nil, nil, err
	}
	lim, most := o.Options.limits()
	doc, err := xmltree.Parse(xml, &lim)
	if err != nil {
		return nil, nil, err
	}
	e, err := fromTree(doc, most)
	if err != nil {
		return nil, nil, err
	}
	return e, verify(doc, e, o), nil
}

// verify judges a value by the tree that it was read from.
func verify(doc *xmltree.Document, e *Evidence, o *VerifyOptions) *Report {
	v := verifier{o: o, e: e, r: &Report{}}
	v.r.Checks = v.r.checks[:]
	v.r.Findings = append(v.r.Findings, e.Findings...)
	v.signature(doc)
	v.timeStamps()
	v.time()
	v.signer()
	v.profile()
	v.timestampCheck()
	v.sum()
	return v.r
}

type verifier struct {
	o      *VerifyOptions
	e      *Evidence
	r      *Report
	p      *Profile
	signed *xmlsig.Signature // nil unless it holds
}

func (v *verifier) find(code, detail string) {
	if len(v.r.Findings) <= maxFindings {
		v.r.Findings = append(v.r.Findings, Finding{Code: code, Detail: detail})
	}
}

func (v *verifier) signature(doc *xmltree.Document) {
	var policy xmlsig.Policy
	if s := v.o.Store; s != nil {
		policy.Certificate, policy.PreparedKey, policy.Intern = s.Certificate, s.PreparedKey, s.Intern
		policy.CertificateDigest = s.CertificateDigest
	}
	s, err := xmlsig.Verify(doc, &policy)
	if err == nil {
		for _, f := range s.Findings {
			v.find(f.Code, f.Detail)
		}
		err = s.Err
	}
	if err == nil && (!s.OK() || s.SignedElement != doc.Root) {
		err = xmlsig.ErrReference
	}
	if err != nil {
		v.r.SignatureErr = err
		v.r.set(atSignature, trust.CheckEvidenceSignature, trust.Failed, err.Error())
		return
	}
	v.signed = s
	v.r.Certificate, v.r.SigningTime = s.Parsed, s.SigningTime
	v.r.set(atSignature, trust.CheckEvidenceSignature, trust.Passed, "signed by "+name(s.Parsed))
}

// name is for people.
func name(c *x509.Certificate) string {
	if c.Subject.CommonName != "" {
		return c.Subject.CommonName
	}
	return c.Subject.String()
}

// timeStamps verifies every token over the signature. Without a signature that
// holds there is nothing that a time-stamp could be over.
func (v *verifier) timeStamps() {
	if v.signed == nil {
		return
	}
	for i := range v.signed.TimeStamps {
		ts := &v.signed.TimeStamps[i]
		token, err := tsp.Parse(ts.Token)
		if err != nil {
			v.find("timestamp-unreadable", err.Error())
			continue
		}
		result := tsp.Verify(token, tsp.Query{
			Imprint: ts.Imprint, Store: v.o.TSA, Now: v.o.Now, FirstSeen: v.o.FirstSeen,
			CRLs: v.o.CRLs, OCSP: v.o.OCSP, Qualify: v.o.Qualify,
		})
		for _, f := range result.Findings {
			v.find(f.Code, "time-stamp: "+f.Detail)
		}
		v.r.TimeStamps = append(v.r.TimeStamps, result)
		if better(result, v.r.TimeStamp) {
			v.r.TimeStamp = result
		}
	}
	if v.r.TimeStamp != nil {
		v.r.Qualification = v.r.TimeStamp.Qualification
	}
}

// better: a valid one before one that cannot be judged before a broken one, and
// among equals the earlier.
func better(a, b *tsp.Result) bool {
	if b == nil {
		return true
	}
	rank := func(r *tsp.Result) int {
		switch r.Verdict() {
		case trust.Valid:
			return 2
		case trust.Indeterminate:
			return 1
		}
		return 0
	}
	if x, y := rank(a), rank(b); x != y {
		return x > y
	}
	return a.Time.Before(b.Time)
}

// time chooses the time to judge the signer at.
func (v *verifier) time() {
	r := v.r
	switch {
	case !v.o.At.IsZero():
		r.Time, r.Basis = v.o.At, TimeGiven
	case r.TimeStamp != nil && r.TimeStamp.Verdict() == trust.Valid:
		r.Time, r.Basis = r.TimeStamp.Time, TimeStamped
	case v.signed != nil && v.e.Time.Valid():
		r.Time, r.Basis = v.e.Time.UTC, TimeCertifiedEvent
	default:
		r.Time, r.Basis = v.o.Now, TimeNow
	}
}

func (v *verifier) signer() {
	r := v.r
	switch {
	case v.signed == nil:
		const why = "the signature does not hold"
		r.set(atChain, trust.CheckSignerChain, trust.Skipped, why)
		r.set(atRevocation, trust.CheckRevocation, trust.Skipped, why)
	case v.o.Store == nil:
		const why = "no trust was given"
		r.set(atChain, trust.CheckSignerChain, trust.Unknown, why)
		r.set(atRevocation, trust.CheckRevocation, trust.Skipped, why)
	default:
		r.Signer = v.o.Store.Evaluate(trust.Query{
			Leaf: v.signed.Signer, Parsed: v.signed.Parsed, Bag: v.signed.Certificates, At: r.Time, Now: v.o.Now,
			FirstSeen: v.firstSeen(), CRLs: v.o.CRLs, OCSP: v.o.OCSP,
		})
		r.checks[atChain] = r.Signer.Check(trust.CheckSignerChain)
		r.checks[atRevocation] = r.Signer.Check(trust.CheckRevocation)
		for _, f := range r.Signer.Findings {
			v.find(f.Code, f.Detail)
		}
	}
}

// firstSeen is when the signature provably existed: the caller's word or that of
// a time-stamp over it, whichever is earlier. It is what makes a signature
// outlive its signer's revocation (EN 319 102-1 §5.5).
func (v *verifier) firstSeen() time.Time {
	seen, ts := v.o.FirstSeen, v.r.TimeStamp
	if ts != nil && ts.Verdict() == trust.Valid && (seen.IsZero() || ts.Time.Before(seen)) {
		return ts.Time
	}
	return seen
}

// largeGap between steps that follow each other at once is worth a remark.
const largeGap = time.Hour

func (v *verifier) profile() {
	p := v.o.Profile
	if p == nil {
		p = ProfileOf(v.e)
	}
	p = p.orGeneric()
	if v.signed != nil && v.o.LegalName != nil {
		if want, ok := v.o.LegalName(v.signed.Parsed, v.r.Time); ok {
			named := *p
			named.LegalName = want
			p = &named
		} else {
			v.find("legal-name-unknown", "no name is known for the signer "+name(v.signed.Parsed))
		}
	}
	v.p = p
	c := checker{e: v.e, p: p, out: v.e.check(p)}
	if v.signed != nil { // EN 319 532-4 C.4.5: event, then signing, then time-stamp
		signing := v.signed.SigningTime
		c.order("R03", "signing", signing, "the event", v.e.Time.UTC)
		c.gap("signing", signing, "the event", v.e.Time.UTC)
		if ts := v.r.TimeStamp; ts != nil && ts.OK {
			c.order("R03", "the time-stamp", ts.Time, "signing", signing)
			c.gap("the time-stamp", ts.Time, "signing", signing)
			if signing.IsZero() {
				c.order("R03", "the time-stamp", ts.Time, "the event", v.e.Time.UTC)
			}
		}
	}
	v.r.Profile, v.r.Deviations = p.Name, c.out
	v.r.Missing = v.e.Missing(p)
	v.profileCheck()
}

// profileCheck: a violation fails, what is undecided leaves it unknown.
func (v *verifier) profileCheck() {
	status, at, worst := trust.Passed, 0, Remark
	for i := range v.r.Deviations {
		if s := v.r.Deviations[i].Severity; s > worst {
			worst, at = s, i
		}
	}
	detail := "conforms to " + v.p.Name
	switch n := len(v.r.Deviations); worst {
	case Violation:
		status = trust.Failed
		detail = "does not conform to " + v.p.Name + ": " + v.r.Deviations[at].String()
	case Undecided:
		status = trust.Unknown
		detail = "cannot be judged by " + v.p.Name + ": " + v.r.Deviations[at].String()
	default:
		if n > 0 {
			detail += ", with remarks: " + v.r.Deviations[at].String()
		}
	}
	v.r.set(atProfile, trust.CheckEvidenceProfile, status, detail)
}

// timestampCheck: the baseline requires a time-stamp (EN 319 532-4 C.4.4 e);
// evidence of a failure may be incomplete (C.4.5.1 h).
func (v *verifier) timestampCheck() {
	const check = trust.CheckEvidenceTimestamp
	r := v.r
	switch ts := r.TimeStamp; {
	case v.signed == nil:
		r.set(atTimestamp, check, trust.Unknown, "the signature does not hold")
	case ts == nil && len(v.signed.TimeStamps) > 0:
		r.set(atTimestamp, check, trust.Failed, "no time-stamp of the signature can be read")
	case ts == nil && v.p.baseline && !v.e.Event.Negative():
		r.set(atTimestamp, check, trust.Failed, "no time-stamp, which the REM baseline requires (EN 319 532-4 C.4.4)")
	case ts == nil && v.p.baseline:
		r.set(atTimestamp, check, trust.Unknown, "no time-stamp: incomplete evidence of a failure (EN 319 532-4 C.4.5.1 h)")
	case ts == nil:
		r.set(atTimestamp, check, trust.Skipped, "no time-stamp (EN 319 522-2 §7.2 recommends one)")
	default:
		detail := ts.Time.Format(time.RFC3339)
		if ts.Certificate != nil {
			detail += " by " + name(ts.Certificate)
		}
		switch ts.Verdict() {
		case trust.Valid:
			r.set(atTimestamp, check, trust.Passed, detail)
		case trust.Invalid:
			r.set(atTimestamp, check, trust.Failed, detail+": "+reason(ts, trust.Failed))
		default:
			r.set(atTimestamp, check, trust.Unknown, detail+": "+reason(ts, trust.Unknown))
		}
	}
}

// reason is the first check of that status.
func reason(ts *tsp.Result, s trust.Status) string {
	for _, c := range ts.Checks {
		if c.Status == s {
			return c.Name + ": " + c.Detail
		}
	}
	if ts.Err != nil {
		return ts.Err.Error()
	}
	return "not all of it could be judged"
}

// sum makes the three results and the verdict.
func (v *verifier) sum() {
	r := v.r
	r.Integrity = trust.Valid
	if v.signed == nil || r.TimeStamp == nil && len(v.signed.TimeStamps) > 0 || r.TimeStamp != nil && !r.TimeStamp.OK {
		r.Integrity = trust.Invalid
	}
	r.Conformance = verdict(r.checks[atProfile].Status)
	if v.signed != nil && r.TimeStamp == nil && v.p.baseline && r.Conformance == trust.Valid {
		r.Conformance = verdict(r.checks[atTimestamp].Status)
	}
	r.Trust = verdict(r.checks[atChain].Status)
	switch {
	case v.signed == nil:
		r.Trust = trust.Indeterminate
	case r.checks[atRevocation].Status == trust.Failed:
		r.Trust = trust.Invalid
	case r.Trust != trust.Valid:
	case r.checks[atRevocation].Status == trust.Unknown, r.TimeStamp != nil && r.TimeStamp.Verdict() == trust.Indeterminate:
		r.Trust = trust.Indeterminate
	case r.TimeStamp != nil && r.TimeStamp.Verdict() == trust.Invalid:
		r.Trust = trust.Invalid
	}
	if r.Qualification.Name == "" {
		r.Qualification = trust.Check{Name: tsp.CheckQualification, Status: trust.Skipped}
	}
	r.Verdict = trust.Judge(r.Checks, trust.CheckEvidenceSignature, trust.CheckEvidenceTimestamp, trust.CheckEvidenceProfile, trust.CheckSignerChain)
}

func verdict(s trust.Status) trust.Verdict {
	switch s {
	case trust.Passed:
		return trust.Valid
	case trust.Failed:
		return trust.Invalid
	}
	return trust.Indeterminate
}

// gap remarks on a long time between two steps.
func (c *checker) gap(later string, t time.Time, earlier string, u time.Time) {
	if !t.IsZero() && !u.IsZero() && t.Sub(u) > largeGap {
		c.add(Remark, "R03", "EN 319 532-4 C.4.5", later+" "+t.Sub(u).String()+" after "+earlier, "at once")
	}
}
