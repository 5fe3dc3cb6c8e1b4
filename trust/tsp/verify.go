package tsp

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/subtle"
	"crypto/x509"
	"errors"
	"fmt"
	"math/big"
	"time"

	"github.com/certmail/certmail/internal/cms"
	"github.com/certmail/certmail/trust"
)

// DefaultSkew is how far a clock may be ahead of ours unless Query.Skew says
// otherwise.
const DefaultSkew = 5 * time.Minute

// Query says what a token is to be compared with.
type Query struct {
	// Imprint gives the digest of the data; see OfData, OfDigest, OfReader.
	// Without it the imprint stays unknown and Result.OK false: a token that
	// is compared with nothing proves nothing.
	Imprint ImprintFunc
	// Store has the authorities that are believed, for signers of the purpose
	// trust.ForTimeStamps; nil leaves signer-chain unknown. Give time-stamping
	// a store of its own.
	Store *trust.Store
	// Now is the present: the time stated must not be later than Now and Skew.
	// Zero leaves that out.
	Now time.Time
	// Skew: DefaultSkew when zero, none when negative.
	Skew time.Duration
	// Policies, if any, are those accepted (dotted).
	Policies []string
	// Nonce, if not nil, must be that of the token.
	Nonce *big.Int
	// Certificates (DER) may hold the signer's, for tokens that do not carry
	// it; what else is there helps to build the path. They are believed no
	// more than those of the token.
	Certificates [][]byte
	// AllowWeak accepts what was usual once: SHA-1 in imprint and signature,
	// RSA keys of 1024 to 2047 bits. Each use is a finding. The certificates'
	// own signatures are the business of trust.Policy.
	AllowWeak bool
	// FirstSeen, CRLs and OCSP are as in trust.Query.
	FirstSeen  time.Time
	CRLs, OCSP [][]byte
	// Qualify, if not nil, answers whether the signer was a qualified service
	// at that time; the name of the check is set here. path leads from the
	// certificate to what Store trusts, and is nil where that is unknown. It is
	// asked only about tokens that are OK.
	Qualify func(cert *x509.Certificate, path []*x509.Certificate, at time.Time) trust.Check
}

// Names of the checks of a Result, in this order. The first eight decide about
// integrity (Result.OK), the next two about trust; CheckQualification is that
// of Result.Qualification.
const (
	CheckExtensions         = "extensions"               // no unknown critical extension
	CheckDigestAlgorithm    = trust.CheckDigestAlgorithm // of imprint and signature
	CheckSignature          = trust.CheckSignature       // CMS, with its signed attributes
	CheckSigningCertificate = "signing-certificate"      // the attribute that names the certificate
	CheckSignerProfile      = "signer-profile"           // for time-stamping, in force at the time stated
	CheckImprint            = "imprint"
	CheckRequest            = "request" // policy and nonce, where asked
	CheckTime               = "time"    // not in the future
	CheckSignerChain        = trust.CheckSignerChain
	CheckRevocation         = trust.CheckRevocation
	CheckQualification      = "qualification"
)

// integrityChecks is how many checks come before trust.
const integrityChecks = 8

// Result is what Verify found about one token.
type Result struct {
	// Checks always has all of them, in the order of their constants.
	Checks []trust.Check
	// Findings decide nothing; first those of Parse.
	Findings []trust.Finding
	// Time is the time stated, Accuracy how far it may be off.
	Time     time.Time
	Accuracy time.Duration
	// Certificate is the signer's, nil when it is not at hand. It may be
	// shared: do not modify it.
	Certificate *x509.Certificate
	// SignatureAlgorithm in words ("RSA-PKCS1v15-SHA256").
	SignatureAlgorithm string
	// Signer is what the Store says, nil without a store or a certificate.
	Signer *trust.Signer
	// OK: the token holds and is over the data; whoever made it.
	OK bool
	// Trusted: OK, made by an authority that the Store trusts, not revoked as
	// far as was given.
	Trusted bool
	// Qualification is the answer of Query.Qualify, Skipped without one. It is
	// no part of Checks: a time-stamp that is not qualified is not wrong.
	Qualification trust.Check
	// Err says why OK is false, and wraps all the reasons; nil when OK.
	Err error

	checks [integrityChecks + 2]trust.Check
}

// Check returns the check of that name, Skipped when there is none.
func (r *Result) Check(name string) trust.Check {
	for _, c := range r.Checks {
		if c.Name == name {
			return c
		}
	}
	if name == CheckQualification {
		return r.Qualification
	}
	return trust.Check{Name: name, Status: trust.Skipped}
}

// Verdict sums the checks up: Valid means OK and Trusted, Invalid that
// something is proved wrong.
func (r *Result) Verdict() trust.Verdict {
	return trust.Judge(r.Checks, CheckSignature, CheckSigningCertificate, CheckSignerProfile, CheckImprint, CheckSignerChain)
}

func (r *Result) pass(i int, name, detail string) {
	r.checks[i] = trust.Check{Name: name, Status: trust.Passed, Detail: detail}
}

// fail records a check that does not hold, and the reason.
func (r *Result) fail(i int, name string, err error) { r.refuse(i, name, trust.Failed, err) }

func (r *Result) refuse(i int, name string, status trust.Status, err error) {
	r.checks[i] = trust.Check{Name: name, Status: status, Detail: err.Error()}
	err = &Error{Part: name, Err: err}
	if r.Err != nil {
		err = fmt.Errorf("%w; %w", r.Err, err)
	}
	r.Err = err
}

// Verify judges a token (RFC 3161 §2.4.2, RFC 5816; EN 319 422). It never
// fails: what does not hold or cannot be judged is in the result. Every check
// that can be made is made, also after another has failed.
//
// All that is said about the signer concerns the one certificate whose key
// verifies the signature and that the signed attributes name.
func Verify(t *Token, q Query) *Result {
	r := &Result{Qualification: trust.Check{Name: CheckQualification, Status: trust.Skipped, Detail: "not asked"}}
	r.Checks = r.checks[:]
	if t == nil || t.sd == nil {
		return r.withoutToken()
	}
	r.Time, r.Accuracy = t.GenTime, t.Accuracy
	if len(t.Findings) > 0 {
		r.Findings = append(r.Findings, t.Findings...)
	}
	r.judgeExtensions(t)
	der, c := t.signer(&q)
	r.Certificate, r.SignatureAlgorithm = c.cert, c.result.SignatureAlgorithm
	r.judgeAlgorithms(t, &q, &c)
	r.judgeSignature(&c)
	r.judgeSigningCertificate(&c)
	r.judgeProfile(t, c.cert)
	r.judgeImprint(t, &q)
	r.judgeRequest(t, &q)
	r.judgeTime(t, &q)
	r.OK = r.Err == nil
	r.judgeTrust(t, &q, der)
	r.remarkName(t)
	if r.OK && q.Qualify != nil {
		var path []*x509.Certificate
		if r.Signer != nil && r.Signer.AtEvent.Status == trust.Passed {
			path = r.Signer.AtEvent.Path
		}
		r.Qualification = q.Qualify(r.Certificate, path, t.GenTime)
		r.Qualification.Name = CheckQualification
	}
	return r
}

func (r *Result) withoutToken() *Result {
	names := [...]string{CheckExtensions, CheckDigestAlgorithm, CheckSignature, CheckSigningCertificate, CheckSignerProfile,
		CheckImprint, CheckRequest, CheckTime, CheckSignerChain, CheckRevocation}
	for i, name := range names {
		r.checks[i] = trust.Check{Name: name, Status: trust.Unknown, Detail: "no token"}
	}
	r.Err = &Error{Part: "token", Err: fmt.Errorf("%w: it did not come from Parse", ErrNotToken)}
	return r
}

func (r *Result) remark(code, detail string) {
	r.Findings = append(r.Findings, trust.Finding{Code: code, Detail: detail})
}

func (r *Result) judgeExtensions(t *Token) {
	for i := range t.Extensions {
		if e := &t.Extensions[i]; e.Critical && e.OID != ExtensionQCStatements {
			r.fail(0, CheckExtensions, fmt.Errorf("%w: %s", ErrCriticalExtension, e.OID))
			return
		}
	}
	r.pass(0, CheckExtensions, "")
}

// candidate is one certificate that may be the signer's, and what the
// signature says to it.
type candidate struct {
	cert   *x509.Certificate
	result cms.Result
	err    error // the certificate cannot be read
}

// maxCandidates is how many certificates that call themselves the signer's are
// tried: one, unless somebody added more.
const maxCandidates = 8

// signer finds the signer's certificate: of those that go by the name in the
// token (RFC 5652 §5.3), the one under which everything holds. Certificates
// added with the same name and number neither help nor hurt.
func (t *Token) signer(q *Query) (der []byte, best candidate) {
	tried := 0
	for _, list := range [2][][]byte{t.Certificates, q.Certificates} {
		for _, raw := range list {
			if tried == maxCandidates {
				return der, best
			}
			if !t.sd.Names(0, raw) {
				continue
			}
			c := t.try(q, raw)
			if tried++; tried == 1 || c.result.OK() {
				der, best = raw, c
			}
			if c.result.OK() {
				return der, best
			}
		}
	}
	if tried == 0 {
		best.result = t.sd.Verify(0, nil, nil)
	}
	return der, best
}

func (t *Token) try(q *Query, raw []byte) candidate {
	var c candidate
	var prepared crypto.PublicKey
	if q.Store != nil {
		if c.cert, c.err = q.Store.Certificate(raw); c.err == nil {
			prepared = q.Store.PreparedKey(c.cert)
		}
	} else {
		c.cert, c.err = trust.ParseCertificate(raw)
	}
	if c.err != nil {
		c.cert = nil
	}
	c.result = t.sd.VerifyPrepared(0, c.cert, prepared, nil)
	return c
}

// judgeAlgorithms: SHA-2 in imprint and signature, keys of 2048 bits or, on
// elliptic curves, 256 (EN 319 422, TS 119 312).
func (r *Result) judgeAlgorithms(t *Token, q *Query, c *candidate) {
	weak := ""
	switch {
	case t.HashAlgorithm == 0:
		r.fail(1, CheckDigestAlgorithm, fmt.Errorf("%w: imprint by %s", ErrAlgorithm, t.HashOID))
		return
	case c.result.Digest == 0:
		r.fail(1, CheckDigestAlgorithm, fmt.Errorf("%w: digest of the signature", ErrAlgorithm))
		return
	case t.HashAlgorithm == crypto.SHA1:
		weak = "imprint by SHA-1"
	case c.result.Digest == crypto.SHA1:
		weak = "signature with SHA-1"
	}
	if c.cert != nil && weak == "" {
		switch key := c.cert.PublicKey.(type) {
		case *rsa.PublicKey:
			if bits := key.N.BitLen(); bits < 2048 {
				weak = fmt.Sprintf("RSA key of %d bits", bits)
			}
		case *ecdsa.PublicKey:
			if bits := key.Curve.Params().BitSize; bits < 256 {
				weak = fmt.Sprintf("ECDSA key of %d bits", bits)
			}
		}
	}
	switch {
	case weak != "" && !q.AllowWeak:
		r.fail(1, CheckDigestAlgorithm, fmt.Errorf("%w: %s", ErrAlgorithm, weak))
	case weak != "":
		r.pass(1, CheckDigestAlgorithm, weak+", allowed by the caller")
		r.remark("weak-algorithm", weak)
	default:
		r.pass(1, CheckDigestAlgorithm, "")
	}
}

// judgeSignature: RFC 5652 §5.4 and §5.6 over the TSTInfo inside.
func (r *Result) judgeSignature(c *candidate) {
	res := &c.result
	holds := res.SignedAttributes && res.ContentTypeOK && res.DigestOK && res.SignatureOK
	switch {
	case c.err != nil:
		r.fail(2, CheckSignature, fmt.Errorf("%w: the signer's certificate cannot be read: %w", ErrSignature, c.err))
	case c.cert == nil:
		r.refuse(2, CheckSignature, trust.Unknown, ErrNoCertificate)
	case holds && (res.Err == nil || res.ESSCertificate == cms.Mismatch):
		// What else is wrong is the attribute of the next check.
		r.pass(2, CheckSignature, res.SignatureAlgorithm)
	case res.Err == nil:
		r.fail(2, CheckSignature, ErrSignature)
	default:
		r.fail(2, CheckSignature, fmt.Errorf("%w: %w", ErrSignature, res.Err))
	}
	if res.NonDERAttributes {
		r.remark("signed-attributes-not-der", "the signed attributes are not encoded in DER (RFC 5652 §5.3)")
	}
	for _, f := range res.Findings {
		r.remark(f.Code, f.Detail)
	}
}

// judgeSigningCertificate: the signed attribute that names the certificate
// must be there (RFC 3161 §2.4.2, RFC 5816 §2.2.1) and name this one.
func (r *Result) judgeSigningCertificate(c *candidate) {
	switch c.result.ESSCertificate {
	case cms.Match:
		r.pass(3, CheckSigningCertificate, "")
	case cms.Absent:
		r.fail(3, CheckSigningCertificate, fmt.Errorf("%w: there is none", ErrSigningCertificate))
	case cms.Unchecked:
		r.refuse(3, CheckSigningCertificate, trust.Unknown, ErrNoCertificate)
	default:
		err := c.result.Err
		if err == nil || !errors.Is(err, cms.ErrESSCertificate) {
			err = cms.ErrESSCertificate
		}
		r.fail(3, CheckSigningCertificate, fmt.Errorf("%w: %w", ErrSigningCertificate, err))
	}
}

// judgeProfile: RFC 3161 §2.3, at the time stated.
func (r *Result) judgeProfile(t *Token, cert *x509.Certificate) {
	if cert == nil {
		r.refuse(4, CheckSignerProfile, trust.Unknown, ErrNoCertificate)
		return
	}
	err := trust.ForTimeStamps.Fits(cert)
	switch {
	case err != nil:
	case t.GenTime.Before(cert.NotBefore):
		err = fmt.Errorf("%w: valid from %s", trust.ErrNotYetValid, stamp(cert.NotBefore))
	case t.GenTime.After(cert.NotAfter):
		err = fmt.Errorf("%w: on %s", trust.ErrExpired, stamp(cert.NotAfter))
	}
	if err != nil {
		r.fail(4, CheckSignerProfile, fmt.Errorf("%w: %w", ErrSigner, err))
		return
	}
	r.pass(4, CheckSignerProfile, "")
}

func (r *Result) judgeImprint(t *Token, q *Query) {
	switch {
	case q.Imprint == nil:
		r.refuse(5, CheckImprint, trust.Unknown, fmt.Errorf("%w: nothing to compare it with", ErrImprint))
		return
	case t.HashAlgorithm == 0 || t.HashAlgorithm == crypto.SHA1 && !q.AllowWeak:
		r.refuse(5, CheckImprint, trust.Unknown, fmt.Errorf("%w: imprint by %s", ErrAlgorithm, t.HashOID))
		return
	}
	digest, err := q.Imprint(t.HashAlgorithm)
	switch {
	case err != nil:
		r.refuse(5, CheckImprint, trust.Unknown, fmt.Errorf("%w: it cannot be computed: %w", ErrImprint, err))
	case len(digest) != t.HashAlgorithm.Size() || subtle.ConstantTimeCompare(digest, t.Imprint) != 1:
		r.fail(5, CheckImprint, fmt.Errorf("%w: the token is over other data", ErrImprint))
	default:
		r.pass(5, CheckImprint, "")
	}
}

// judgeRequest compares with what was asked (RFC 3161 §2.2).
func (r *Result) judgeRequest(t *Token, q *Query) {
	const name = CheckRequest
	if q.Nonce == nil && len(q.Policies) == 0 {
		r.checks[6] = trust.Check{Name: name, Status: trust.Skipped, Detail: "neither policy nor nonce asked"}
		return
	}
	known := len(q.Policies) == 0
	for _, p := range q.Policies {
		known = known || p == t.Policy
	}
	switch {
	case q.Nonce != nil && t.Nonce == nil:
		r.fail(6, name, fmt.Errorf("%w: there is none", ErrNonce))
	case q.Nonce != nil && q.Nonce.Cmp(t.Nonce) != 0:
		r.fail(6, name, ErrNonce)
	case !known:
		r.fail(6, name, fmt.Errorf("%w: %s", ErrPolicy, t.Policy))
	default:
		r.pass(6, name, "")
	}
}

func (r *Result) judgeTime(t *Token, q *Query) {
	if q.Now.IsZero() {
		r.checks[7] = trust.Check{Name: CheckTime, Status: trust.Skipped, Detail: "no present time given"}
		return
	}
	if t.GenTime.After(q.Now.Add(skew(q.Skew))) {
		r.fail(7, CheckTime, fmt.Errorf("%w: %s is in the future", ErrTime, stamp(t.GenTime)))
		return
	}
	r.pass(7, CheckTime, stamp(t.GenTime))
}

func skew(d time.Duration) time.Duration {
	switch {
	case d == 0:
		return DefaultSkew
	case d < 0:
		return 0
	}
	return d
}

// judgeTrust asks the store about the signer at the time stated, and now.
func (r *Result) judgeTrust(t *Token, q *Query, der []byte) {
	const chain = integrityChecks
	unknown := func(detail string) {
		r.checks[chain] = trust.Check{Name: CheckSignerChain, Status: trust.Unknown, Detail: detail}
		r.checks[chain+1] = trust.Check{Name: CheckRevocation, Status: trust.Skipped, Detail: detail}
	}
	switch {
	case r.Certificate == nil:
		unknown(ErrNoCertificate.Error())
		return
	case q.Store == nil:
		unknown(trust.ErrNoAnchor.Error())
		return
	}
	bag, crls := t.Certificates, q.CRLs
	if len(q.Certificates) > 0 {
		bag = append(bag[:len(bag):len(bag)], q.Certificates...)
	}
	if len(t.sd.CRLs) > 0 {
		crls = append(crls[:len(crls):len(crls)], t.sd.CRLs...)
	}
	r.Signer = q.Store.Evaluate(trust.Query{
		Leaf: der, Parsed: r.Certificate, Bag: bag, Purpose: trust.ForTimeStamps,
		At: t.GenTime, Now: q.Now, FirstSeen: q.FirstSeen, CRLs: crls, OCSP: q.OCSP,
	})
	r.checks[chain] = r.Signer.Check(trust.CheckSignerChain)
	r.checks[chain+1] = r.Signer.Check(trust.CheckRevocation)
	r.Trusted = r.OK && r.checks[chain].Status == trust.Passed &&
		(r.checks[chain+1].Status == trust.Passed || r.checks[chain+1].Status == trust.Skipped)
	r.Findings = append(r.Findings, r.Signer.Findings...)
}

// remarkName: the name inside should be one of the certificate's (RFC 3161
// §2.4.2); the certificate's is what counts.
func (r *Result) remarkName(t *Token) {
	if name := t.directoryName(); name != nil && r.Certificate != nil && !bytes.Equal(name, r.Certificate.RawSubject) &&
		t.TSA() != r.Certificate.Subject.ToRDNSequence().String() {
		r.remark("tsa-name-differs", "the token says "+t.TSA()+", the certificate "+r.Certificate.Subject.String())
	}
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }
