package tsp

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/subtle"
	"crypto/x509"
	"errors"
	"fmt"
	"time"

	"github.com/certmail/certmail/internal/cms"
	"github.com/certmail/certmail/trust"
)

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

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }
