package rem

import (
	"bytes"
	"crypto/x509"
	"time"

	"github.com/certmail/certmail/rem/evidence"
	"github.com/certmail/certmail/trust"
	"github.com/certmail/certmail/trust/tsl"
)

// checkList is the check trusted-list: what the lists say of the signer, as a
// service of registered mail, at the time of the signature (EN 319 532-4
// C.2.3.3.3).
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
	answer := v.opt.Lists.Judge(signer, v.bag(r), tsl.REM(), r.Time)
	r.TrustedList = answer
	r.add(answer.Findings...)
	return answer.Check()
}

// consult lets the trusted lists say by which name an issuer goes (EN 319 532-4
// C.3.4 g), and whether the authority of a time-stamp was qualified (EN 319 521
// §5.3.2). A name is any that the provider of the signing service is listed
// under.
func (v *Verifier) consult(o *evidence.VerifyOptions, r *Report, d *evidence.Document) {
	if v.opt.Lists == nil {
		return
	}
	claimed := d.Evidence().Issuer.LegalName()
	o.LegalName = func(signer *x509.Certificate, at time.Time) (string, bool) {
		answer := v.opt.Lists.Judge(signer, v.bag(r), tsl.REM(), at)
		switch {
		case answer.ProviderNamed(claimed) != nil:
			return claimed, true
		case answer.Best != nil:
			return answer.Best.Provider.Names.English(), true
		}
		return "", false
	}
	o.Qualify = func(cert *x509.Certificate, path []*x509.Certificate, at time.Time) trust.Check {
		answer := v.opt.Lists.Judge(cert, path, tsl.TimeStamping(), at)
		c := answer.Check()
		if c.Status == trust.Passed && !answer.Qualified() {
			c.Status = trust.Unknown // listed is not qualified
		}
		return c
	}
}

// bag are the other certificates that came with a message.
func (v *Verifier) bag(r *Report) (all []*x509.Certificate) {
	signer := r.signerOf()
	for _, der := range r.Signature.Certificates {
		if signer != nil && bytes.Equal(der, signer.Raw) {
			continue
		}
		if c, err := v.store.Certificate(der); err == nil {
			all = append(all, c)
		}
	}
	return all
}
