package rem

import (
	"bytes"
	"crypto/x509"
	"time"

	"github.com/certmail/certmail/trust"
)

// TrustedLists are the trusted lists that a Verifier consults.
type TrustedLists interface {
	LegalName(signer *x509.Certificate, chain []*x509.Certificate, at time.Time, claimed string) (name string, ok bool)
	TimeStamping(cert *x509.Certificate, path []*x509.Certificate, at time.Time) trust.Check
	Service(cert *x509.Certificate, chain []*x509.Certificate, at time.Time) trust.Check
}

// checkList is the check trusted-list: what the lists say of the signer at the
// time of the signature.
func (v *Verifier) checkList(r *Report) trust.Check {
	c := trust.Check{Name: trust.CheckTrustedList, Status: trust.Skipped, Detail: "no trusted list was given"}
	if v.opt.Lists == nil {
		return c
	}
	signer := r.signerOf()
	if signer == nil {
		c.Detail = "no signer to look for"
		return c
	}
	return v.opt.Lists.Service(signer, bag(r), r.Time)
}

// bag are the other certificates that came with a message.
func bag(r *Report) (all []*x509.Certificate) {
	signer := r.signerOf()
	for _, der := range r.Signature.Certificates {
		if signer != nil && bytes.Equal(der, signer.Raw) {
			continue
		}
		if c, err := x509.ParseCertificate(der); err == nil {
			all = append(all, c)
		}
	}
	return all
}
