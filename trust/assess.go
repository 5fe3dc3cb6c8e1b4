package trust

import (
	"bytes"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"time"
)

// assess finds out, once, whether the path holds at any time at all:
// signatures, basic constraints, path lengths, key usages, name constraints,
// critical extensions. What depends on the judged time is left to covers.
func (c *candidate) assess(s *Store, base []Finding) {
	c.once.Do(func() {
		c.findings = base
		if len(c.path) > 1 {
			c.err = c.verify(s)
		}
		if c.err == nil {
			c.findings = c.appendFindings(slices.Clip(base))
		}
	})
}

// verify is crypto/x509's verification of exactly this path, at a moment when
// all its certificates are valid. What x509 says too little about is looked at
// again to tell why.
func (c *candidate) verify(s *Store) error {
	for i, cert := range c.path[1:] {
		if keyBits(cert) > maxIssuerRSA && cert.PublicKeyAlgorithm == x509.RSA {
			return fmt.Errorf("%w: %s has an RSA key of more than %d bits", ErrAlgorithm, nameOf(cert), maxIssuerRSA)
		}
		if err := pssOnly(c.path[i], cert); err != nil {
			return err
		}
	}
	if c.era != nil && !s.policy.AllowSHA1Certificates {
		return fmt.Errorf("%w: anchor %s of the era %s", ErrSHA1, c.anchor, c.era.Name)
	}
	if c.from.After(c.until) {
		err := walkPath(c.path, s.policy.AllowSHA1Certificates)
		switch {
		case err != nil:
			return err
		case c.key == nil:
			return fmt.Errorf("%w: the certificates of the path were never valid together", ErrExpired)
		}
		return checkPath(c.path, c.purpose) // another certificate over the same key
	}
	roots, middle := s.poolOf(c.path[len(c.path)-1]), (*x509.CertPool)(nil)
	if mid := c.path[1 : len(c.path)-1]; len(mid) > 0 {
		middle = x509.NewCertPool()
		for _, cert := range mid {
			middle.AddCert(cert)
		}
	}
	usage, _ := c.purpose.usage()
	_, err := c.path[0].Verify(x509.VerifyOptions{
		Roots: roots, Intermediates: middle, CurrentTime: c.from,
		KeyUsages: []x509.ExtKeyUsage{usage},
	})
	if err == nil {
		// x509 lets the constraint "host" also permit the hosts below it.
		return checkEmailConstraints(c.path)
	}
	if _, unknown := errors.AsType[x509.UnknownAuthorityError](err); unknown {
		// A signature did not verify, was made with SHA-1, or an issuer may not
		// issue: x509 does not say which.
		if err := walkPath(c.path, s.policy.AllowSHA1Certificates); err != nil {
			return err
		}
		if c.usesSHA1() {
			return checkPath(c.path, c.purpose)
		}
		return fmt.Errorf("%w: %w", ErrNoPath, err)
	}
	return classify(err, c.purpose)
}

// classify gives x509's errors our names.
func classify(err error, purpose Purpose) error {
	if _, ok := errors.AsType[x509.UnhandledCriticalExtension](err); ok {
		return ErrCriticalExtension
	}
	if invalid, ok := errors.AsType[x509.CertificateInvalidError](err); ok {
		switch invalid.Reason {
		case x509.CANotAuthorizedForThisName, x509.TooManyConstraints, x509.UnconstrainedName, x509.NameConstraintsWithoutSANs:
			return fmt.Errorf("%w: %s", ErrNameConstraint, invalid.Detail)
		case x509.IncompatibleUsage, x509.CANotAuthorizedForExtKeyUsage:
			_, unfit := purpose.usage()
			return fmt.Errorf("%w: a certificate of the path excludes it", unfit)
		case x509.NotAuthorizedToSign, x509.TooManyIntermediates:
			return ErrNotCA
		}
	}
	return fmt.Errorf("%w: %w", ErrNoPath, err)
}

// walkPath checks every signature of a path and whether each issuer may
// issue. It is the slow way to say why x509 did not accept a path.
func walkPath(path []*x509.Certificate, allowSHA1 bool) error {
	for i, cert := range path[:len(path)-1] {
		parent := path[i+1]
		// CheckSignature, unlike CheckSignatureFrom, still verifies SHA-1.
		err := parent.CheckSignature(cert.SignatureAlgorithm, cert.RawTBSCertificate, cert.Signature)
		_, insecure := errors.AsType[x509.InsecureAlgorithmError](err)
		switch {
		case insecure, errors.Is(err, x509.ErrUnsupportedAlgorithm):
			return fmt.Errorf("%w: %s on %s", ErrAlgorithm, cert.SignatureAlgorithm, nameOf(cert))
		case err != nil && len(path) == 2 && len(cert.AuthorityKeyId) > 0 && bytes.Equal(cert.AuthorityKeyId, parent.SubjectKeyId):
			return fmt.Errorf("%w: %s", ErrForged, nameOf(parent))
		case err != nil:
			return errNotIssuer
		case isSHA1(cert) && !allowSHA1:
			return fmt.Errorf("%w: %s (%s)", ErrSHA1, nameOf(cert), cert.SignatureAlgorithm)
		}
	}
	for i, parent := range path[1:] {
		switch {
		case parent.Version == 3 && !parent.BasicConstraintsValid, parent.BasicConstraintsValid && !parent.IsCA:
			return fmt.Errorf("%w: %s is not a CA certificate", ErrNotCA, nameOf(parent))
		case i < len(path)-2 && !parent.IsCA:
			return fmt.Errorf("%w: %s is not a CA certificate", ErrNotCA, nameOf(parent))
		case parent.KeyUsage != 0 && parent.KeyUsage&x509.KeyUsageCertSign == 0:
			return fmt.Errorf("%w: %s must not sign certificates", ErrKeyUsage, nameOf(parent))
		case parent.BasicConstraintsValid && parent.MaxPathLen >= 0 && i > parent.MaxPathLen:
			return fmt.Errorf("%w: path length of %s exceeded", ErrNotCA, nameOf(parent))
		case len(parent.UnhandledCriticalExtensions) > 0:
			return fmt.Errorf("%w: in %s", ErrCriticalExtension, nameOf(parent))
		}
	}
	return nil
}

func isSHA1(c *x509.Certificate) bool {
	switch c.SignatureAlgorithm {
	case x509.SHA1WithRSA, x509.ECDSAWithSHA1, x509.DSAWithSHA1:
		return true
	}
	return false
}

// usesSHA1 says whether a signature that the path rests on is a SHA-1 one;
// the anchor's own does not count.
func (c *candidate) usesSHA1() bool {
	return slices.ContainsFunc(c.path[:len(c.path)-1], isSHA1)
}

// appendFindings adds what a path that holds has of the unusual.
func (c *candidate) appendFindings(found []Finding) []Finding {
	leaf, issuer := c.path[0], c.path[len(c.path)-1]
	if c.usesSHA1() {
		found = append(found, Finding{"sha1-certificate", "certificates signed with SHA-1 accepted by the policy"})
	}
	if c.era != nil {
		found = append(found, Finding{"legacy-era", "judged under the authorities of the era " + c.era.Name})
	}
	if c.key == nil {
		return found
	}
	if len(c.key.Generations) > 0 && c.key.generation(issuer) == nil {
		found = append(found, Finding{"unknown-ca-generation", "the certificate of " + c.anchor + ", " +
			issuer.NotBefore.Format(time.DateOnly) + " to " + issuer.NotAfter.Format(time.DateOnly) +
			", is none of the known ones; it is believed for its key only"})
	}
	if c.purpose != ForMail {
		return found
	}
	if c.key.Policy != "" && !slices.ContainsFunc(leaf.Policies, func(p x509.OID) bool { return p.String() == c.key.Policy }) {
		found = append(found, Finding{"policy-missing", "the certificate does not carry the policy " + c.key.Policy})
	}
	for _, a := range signerAddresses(leaf) {
		if !c.key.permits(a.domain) {
			found = append(found, Finding{"domain-not-listed", a.domain + " is not among the domains permitted to " + c.anchor})
		}
	}
	return found
}
