package tsl

import (
	"crypto/x509"
	"errors"
	"fmt"

	"github.com/certmail/certmail/internal/xmlsig"
	"github.com/certmail/certmail/trust"
)

// judgeSignature judges the one enveloped signature of the list. What it covers
// is the root that Parse read, in the same tree.
func (v *Verification) judgeSignature(certs []*x509.Certificate) result {
	policy := xmlsig.ForLists()
	policy.Certificate = func(der []byte) (*x509.Certificate, error) {
		for _, c := range certs {
			if c != nil && string(c.Raw) == string(der) {
				return c, nil
			}
		}
		return x509.ParseCertificate(der)
	}
	s, err := xmlsig.Verify(v.List.doc, policy)
	switch {
	case errors.Is(err, xmlsig.ErrNoSignature):
		return result{err: ErrUnsigned}
	case err != nil:
		return result{err: fmt.Errorf("%w: %w", ErrSignatures, err)}
	case s.Err != nil:
		return result{err: fmt.Errorf("%w: %w", ErrSignature, s.Err)}
	case s.Parsed == nil || s.SignedElement != v.List.doc.Root:
		return result{err: fmt.Errorf("%w: it does not cover the list", ErrSignature)}
	}
	v.Signer, v.SigningTime = s.Parsed, s.SigningTime
	for _, f := range s.Findings {
		v.Findings = append(v.Findings, trust.Finding{Code: f.Code, Detail: f.Detail})
	}
	v.profile()
	return result{status: trust.Passed, detail: "signed with " + s.SignatureMethod}
}
