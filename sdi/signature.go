package sdi

import (
	"crypto"
	"crypto/x509"
	"errors"
	"time"

	"github.com/certmail/certmail/internal/cms"
	"github.com/certmail/certmail/internal/xmlsig"
	"github.com/certmail/certmail/internal/xmltree"
	"github.com/certmail/certmail/trust"
)

// Signature is one signature over a file's content: of a layer (CAdES, .p7m) or
// inside the document (XAdES).
type Signature struct {
	// Certificate that verified, or that was tried; nil when there is none.
	Certificate *x509.Certificate
	// SigningTime is the signer's claim, zero without one.
	SigningTime time.Time
	// Integrity says whether the holder of the certificate's key signed this
	// content: Passed; Failed; Unknown when it cannot be judged, because the
	// certificate is missing or the form is one that is not read.
	Integrity trust.Status
	// IntegrityErr is the reason unless passed.
	IntegrityErr error
	// Trust says what Options made of the certificate; Skipped when nobody was
	// asked, as also for a signature that does not hold.
	Trust trust.Status
	// TrustErr is the reason for Failed and Unknown.
	TrustErr error
	// Findings are remarks that make nothing invalid.
	Findings []Finding
}

// OK tells that the signature holds and that its signer is trusted.
func (s *Signature) OK() bool {
	return s != nil && s.Integrity == trust.Passed && s.Trust == trust.Passed
}

// broken tells that something about the signature was proved wrong.
func (s *Signature) broken() bool {
	return s != nil && (s.Integrity == trust.Failed || s.Trust == trust.Failed)
}

// maxTries bounds the certificates that are tried for one signer: anybody can
// put a hundred of the same name into a file.
const maxTries = 8

// cmsSignatures judges every signer of a SignedData that carries its content.
func cmsSignatures(sd *cms.SignedData, t Trust, at time.Time) []Signature {
	var bag []*x509.Certificate
	if t != nil {
		bag = parseAll(sd.Certificates)
	}
	digests := map[crypto.Hash][]byte{} // of a large content, once per algorithm
	digest := func(h crypto.Hash) ([]byte, error) {
		if d, ok := digests[h]; ok {
			return d, nil
		}
		d, err := sd.ContentDigest(h)
		if err == nil {
			digests[h] = d
		}
		return d, err
	}
	all := make([]Signature, len(sd.Signers))
	for i := range all {
		s := &all[i]
		result := cms.Result{Err: cms.ErrCertificateMissing}
		candidates := sd.CandidatesOf(i)
		for _, cert := range parseAll(candidates[:min(len(candidates), maxTries)]) {
			r := sd.Verify(i, cert, digest)
			if s.Certificate == nil || r.Err == nil {
				s.Certificate, result = cert, r
			}
			if r.Err == nil {
				break
			}
		}
		s.SigningTime = result.SigningTime
		for _, f := range result.Findings {
			s.Findings = append(s.Findings, Finding{Code: f.Code, Detail: f.Detail})
		}
		if result.Digest == crypto.SHA1 {
			s.Findings = append(s.Findings, Finding{Code: "weak-digest", Detail: "signed with SHA-1"})
		}
		s.Trust = trust.Skipped
		if s.Integrity, s.IntegrityErr = integrity(result.Err, cms.ErrCertificateMissing, cms.ErrUnsupportedAlgorithm, cms.ErrNoSignedAttributes); s.Integrity == trust.Passed {
			s.Trust, s.TrustErr = t.ask(s.Certificate, bag, at)
		}
	}
	return all
}

// integrity turns an error into a status; those listed leave it open, unless
// something else is wrong as well.
func integrity(err error, open ...error) (trust.Status, error) {
	if err == nil {
		return trust.Passed, nil
	}
	for _, wrong := range []error{cms.ErrMessageDigest, cms.ErrSignature, cms.ErrContentType, xmlsig.ErrDigest, xmlsig.ErrSignature} {
		if errors.Is(err, wrong) {
			return trust.Failed, err
		}
	}
	for _, o := range open {
		if errors.Is(err, o) {
			return trust.Unknown, err
		}
	}
	return trust.Failed, err
}

func parseAll(list [][]byte) []*x509.Certificate {
	var out []*x509.Certificate
	for _, der := range list {
		if c, err := x509.ParseCertificate(der); err == nil {
			out = append(out, c)
		}
	}
	return out
}

// xmlSignature judges the XAdES signature of a document; nil when it has none.
// SDI's own form is a filter2 transform, no canonicalization transform and no
// SigningCertificate property, the certificate being bound by a reference to
// ds:KeyInfo. Invoices are signed with all kinds of software: what is not of a
// form that is read stays open.
func xmlSignature(doc *xmltree.Document, notification bool, t Trust, at time.Time) *Signature {
	s := &Signature{Trust: trust.Skipped}
	found, err := xmlsig.Verify(doc, &xmlsig.Policy{PlainXMLDSig: true, SHA1CertDigest: !notification, Instructions: true})
	if errors.Is(err, xmlsig.ErrNoSignature) {
		return nil
	}
	if err == nil {
		err = found.Err
		for _, f := range found.Findings {
			s.Findings = append(s.Findings, Finding{Code: f.Code, Detail: f.Detail})
		}
	}
	open := []error{xmlsig.ErrAlgorithm, xmlsig.ErrKey}
	if !notification {
		open = append(open, xmlsig.ErrSeveralSignatures, xmlsig.ErrMisplaced, xmlsig.ErrStructure, xmlsig.ErrReference, xmlsig.ErrTransform,
			xmlsig.ErrCertificate, xmlsig.ErrProperties)
	}
	if s.Integrity, s.IntegrityErr = integrity(err, open...); s.Integrity != trust.Passed {
		if found != nil {
			if certs := parseAll(found.Certificates); len(certs) == 1 {
				s.Certificate = certs[0]
			}
		}
		return s
	}
	s.Certificate, s.SigningTime = found.Parsed, found.SigningTime
	s.Trust, s.TrustErr = t.ask(found.Parsed, parseAll(found.Certificates), at)
	return s
}
