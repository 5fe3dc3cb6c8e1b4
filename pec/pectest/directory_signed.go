package pectest

import (
	"crypto/x509"
	"fmt"
	"math/big"
	"time"

	"github.com/certmail/certmail/envelope"
	signeddata "github.com/certmail/certmail/internal/cms"
	"github.com/certmail/certmail/internal/testpki"
)

// DirectorySigner is who signs the provider directory of the authority's test
// network, in the place of the centre that runs the real one. It is the same at
// every call.
func (a *Authority) DirectorySigner() *envelope.Signer {
	return a.issue("Indice dei gestori", "igpec@igpec.example", "directory", nil)
}

// SignLDIF puts a directory into its published form: LDIF inside a SignedData
// (busta crittografica, .p7m; DER) with signature and certificate, signed by
// the DirectorySigner at the given time (RFC 6109 §4.5). It is what
// trust.LoadSignedLDIF reads. The content is signed as it is, faults included.
func (a *Authority) SignLDIF(ldif []byte, at time.Time) ([]byte, error) {
	return signLDIF(ldif, a.DirectorySigner(), at)
}

// SignLDIF signs as the provider, who publishes its own records at their
// LDIFLocationURL for the centre to collect.
func (p *Provider) SignLDIF(ldif []byte, at time.Time) ([]byte, error) {
	return signLDIF(ldif, p.Signer, at)
}

func signLDIF(ldif []byte, s *envelope.Signer, at time.Time) ([]byte, error) {
	switch {
	case s == nil:
		return nil, fmt.Errorf("%w: nobody to sign it", ErrDirectory)
	case at.IsZero():
		return nil, fmt.Errorf("%w: no signing time", ErrDirectory)
	}
	p7m, err := signeddata.SignAttached(ldif, &signeddata.Signing{Key: s.Key, Certificate: s.Certificate, Chain: s.Chain, Hash: s.Hash, SigningTime: at})
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrDirectory, err)
	}
	return p7m, nil
}

// Renew issues a further certificate to a provider (rinnovo del certificato di
// firma), over a new key, valid in the given period. The period has to overlap
// that of the certificate in use, as a directory lists both meanwhile (RFC 6109
// §4.5). The provider goes on signing with the old one until its Signer is set
// to the one returned:
//
//	next, err := ca.Renew(alfa, march, march.AddDate(3, 0, 0))
//	record := pectest.DirectoryRecord{Provider: alfa, Certificates: []*x509.Certificate{next.Certificate}}
//
// A renewal has no effect on what the authority issues otherwise, and the same
// period gives the same certificate. Its RSA key takes a moment to find.
func (a *Authority) Renew(p *Provider, from, until time.Time) (*envelope.Signer, error) {
	if p.Signer == nil || p.Signer.Certificate == nil {
		return nil, fmt.Errorf("pectest: renew: %s has no certificate", p.Identity.Name)
	}
	switch old := p.Signer.Certificate; {
	case !from.Before(until):
		return nil, fmt.Errorf("pectest: renew: from %v until %v is no period", from, until)
	case from.After(old.NotAfter) || until.Before(old.NotBefore):
		return nil, fmt.Errorf("pectest: renew: the period does not overlap that of the certificate in use, %v to %v", old.NotBefore, old.NotAfter)
	}
	label := fmt.Sprintf("renewal %s <%s> %d-%d", p.Identity.Name, p.Identity.Address, from.Unix(), until.Unix())
	next := a.issue(p.Identity.Name, p.Identity.Address, label, func(t *x509.Certificate) { t.NotBefore, t.NotAfter = from, until })
	s := *p.Signer
	s.Key, s.Certificate, s.Chain = next.Key, next.Certificate, next.Chain
	return &s, nil
}

// issue makes a certificate whose key and serial number follow from the label,
// whatever the authority issued before.
func (a *Authority) issue(organization, address, label string, change func(*x509.Certificate)) *envelope.Signer {
	uncounted := testpki.Authority{Key: a.ca.Key, Certificate: a.ca.Certificate}
	leaf := uncounted.Issue(testpki.RSAKey(a.seed, label, 2048), organization, address, func(t *x509.Certificate) {
		t.SerialNumber = new(big.Int).SetUint64(number(a.seed, "serial of "+label) >> 1)
		if change != nil {
			change(t)
		}
	})
	return &envelope.Signer{Key: leaf.Key, Certificate: leaf.Certificate, Chain: leaf.Chain}
}
