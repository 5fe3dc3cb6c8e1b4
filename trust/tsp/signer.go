package tsp

import (
	"bytes"
	"crypto/x509"

	"github.com/certmail/certmail/internal/cms"
	"github.com/certmail/certmail/trust"
)

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
	var known cms.Known
	if q.Store != nil {
		if c.cert, c.err = q.Store.Certificate(raw); c.err == nil {
			known = cms.Known{Key: q.Store.PreparedKey(c.cert), Digest: q.Store.CertificateDigest}
		}
	} else {
		c.cert, c.err = trust.ParseCertificate(raw)
	}
	if c.err != nil {
		c.cert = nil
	}
	c.result = t.sd.VerifyKnown(0, c.cert, known, nil)
	return c
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
