package sdi

import (
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"fmt"
	"time"

	"github.com/certmail/certmail/trust"
)

// Reasons why a signer is not trusted, found with errors.Is.
var (
	// ErrNoPath: no path leads from the certificate to an anchor.
	ErrNoPath = errors.New("no path to a trust anchor")
	// ErrNoTime: there is no time to judge the certificate at.
	ErrNoTime = errors.New("no time to judge the certificate at")
	// ErrKeyUsage: the certificate is not for signing.
	ErrKeyUsage = errors.New("certificate is not for signing")
)

// Trust judges the certificate of a signer at a time, with certificates that came
// along and that nobody vouches for. Nil means trusted; an error that wraps
// ErrNoPath or ErrNoTime leaves it open, any other one refuses. It must not
// modify the certificates, and may be called by several goroutines.
type Trust func(cert *x509.Certificate, others []*x509.Certificate, at time.Time) error

// maxRSA bounds the keys of certificates that came along: verifying with a
// larger one is a way to keep a machine busy.
const maxRSA = 8192

// Anchors trusts what these certificates issued, or are. They need not be
// self-signed: SDI signs under an authority of the tax agency (CA Agenzia delle
// Entrate) that stands on no public list, and invoices are signed under those of
// the EU trusted lists. The certificate has to be valid at the time and for
// signing; the extended key usage is not looked at, nor is revocation.
func Anchors(anchors ...*x509.Certificate) Trust {
	roots := x509.NewCertPool()
	for _, c := range anchors {
		if c != nil {
			roots.AddCert(c)
		}
	}
	return func(cert *x509.Certificate, others []*x509.Certificate, at time.Time) error {
		if at.IsZero() {
			return fmt.Errorf("sdi: %w", ErrNoTime)
		}
		if u := cert.KeyUsage; u != 0 && u&(x509.KeyUsageDigitalSignature|x509.KeyUsageContentCommitment) == 0 {
			return fmt.Errorf("sdi: %w", ErrKeyUsage)
		}
		middle := x509.NewCertPool()
		for _, c := range others {
			if key, ok := c.PublicKey.(*rsa.PublicKey); !ok || key.N.BitLen() <= maxRSA {
				middle.AddCert(c)
			}
		}
		_, err := cert.Verify(x509.VerifyOptions{Roots: roots, Intermediates: middle, CurrentTime: at, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny}})
		if _, unknown := errors.AsType[x509.UnknownAuthorityError](err); unknown {
			return fmt.Errorf("sdi: %w: %w", ErrNoPath, err)
		}
		if err != nil {
			return fmt.Errorf("sdi: signer's certificate: %w", err)
		}
		return nil
	}
}

// ask asks a Trust, which may be nil.
func (t Trust) ask(cert *x509.Certificate, others []*x509.Certificate, at time.Time) (trust.Status, error) {
	if t == nil || cert == nil {
		return trust.Skipped, nil
	}
	err := fmt.Errorf("sdi: %w", ErrNoTime)
	if !at.IsZero() {
		err = t(cert, others, at)
	}
	switch {
	case err == nil:
		return trust.Passed, nil
	case errors.Is(err, ErrNoPath), errors.Is(err, ErrNoTime):
		return trust.Unknown, err
	}
	return trust.Failed, err
}
