package trust

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"slices"
)

// Purpose is what a signer's certificate must be good for.
type Purpose uint8

const (
	// ForMail: messages of certified-mail providers (RFC 6109 §5.5, RFC 8550
	// §4.4.4). It is the zero value.
	ForMail Purpose = iota
	// ForTimeStamps: time-stamp tokens (marche temporali; RFC 3161 §2.3). Of
	// the checks only signer-chain and revocation apply then.
	ForTimeStamps
)

// Fits says what makes a certificate unfit for the purpose at any time,
// whoever issued it; nil if nothing does. The error wraps ErrCACertificate,
// ErrKeyUsage, ErrEmailProtection, ErrTimeStamping or ErrCriticalExtension.
//
//   - ForMail: not a CA; digitalSignature, where there is a key usage; e-mail
//     protection, where there is an extended key usage.
//   - ForTimeStamps: not a CA; an extended key usage that is critical and
//     timeStamping alone; no other key usage than digitalSignature and
//     nonRepudiation; no critical extension that is not understood.
func (p Purpose) Fits(c *x509.Certificate) error {
	if p == ForTimeStamps {
		return timeStampingError(c)
	}
	return leafError(c)
}

// usage is the extended key usage that the purpose goes by, unfit the reason
// when it is missing.
func (p Purpose) usage() (usage x509.ExtKeyUsage, unfit error) {
	if p == ForTimeStamps {
		return x509.ExtKeyUsageTimeStamping, ErrTimeStamping
	}
	return x509.ExtKeyUsageEmailProtection, ErrEmailProtection
}

var oidExtKeyUsage = asn1.ObjectIdentifier{2, 5, 29, 37}

// timeStampingError: RFC 3161 §2.3, and what OpenSSL asks besides of a
// certificate of the purpose timestampsign.
func timeStampingError(c *x509.Certificate) error {
	if err := timeStampingUsage(c); err != nil {
		return err
	}
	if len(c.UnhandledCriticalExtensions) > 0 {
		return fmt.Errorf("%w: %s", ErrCriticalExtension, c.UnhandledCriticalExtensions[0])
	}
	return nil
}

func timeStampingUsage(c *x509.Certificate) error {
	const allowed = x509.KeyUsageDigitalSignature | x509.KeyUsageContentCommitment
	var usage, extended *pkix.Extension
	for i := range c.Extensions {
		switch e := &c.Extensions[i]; {
		case e.Id.Equal(oidKeyUsage):
			usage = e
		case e.Id.Equal(oidExtKeyUsage):
			extended = e
		}
	}
	switch {
	case c.IsCA:
		return ErrCACertificate
	case usage != nil && (c.KeyUsage == 0 || c.KeyUsage&^allowed != 0):
		return fmt.Errorf("%w: digitalSignature or nonRepudiation and nothing else", ErrKeyUsage)
	case extended == nil:
		return fmt.Errorf("%w: no extended key usage", ErrTimeStamping)
	case !extended.Critical:
		return fmt.Errorf("%w: the extended key usage is not critical (RFC 3161 §2.3)", ErrTimeStamping)
	case len(c.UnknownExtKeyUsage) > 0 || !slices.Equal(c.ExtKeyUsage, []x509.ExtKeyUsage{x509.ExtKeyUsageTimeStamping}):
		return fmt.Errorf("%w: the extended key usage is not timeStamping alone (RFC 3161 §2.3)", ErrTimeStamping)
	}
	return nil
}

// findings remarks on what is unusual in a certificate of the purpose.
func (p Purpose) findings(c *x509.Certificate) []Finding {
	if p == ForMail {
		return profileFindings(c)
	}
	return weakKeyFinding(nil, c)
}
