package trust

import (
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"slices"
)

var (
	oidSubjectKeyID     = asn1.ObjectIdentifier{2, 5, 29, 14}
	oidKeyUsage         = asn1.ObjectIdentifier{2, 5, 29, 15}
	oidSubjectAltName   = asn1.ObjectIdentifier{2, 5, 29, 17}
	oidBasicConstraints = asn1.ObjectIdentifier{2, 5, 29, 19}
	oidAuthorityKeyID   = asn1.ObjectIdentifier{2, 5, 29, 35}
	oidEmailAddress     = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 1}
)

// leafError says what makes a certificate unfit to sign messages at any time,
// whoever issued it: an authority's own certificate, a key usage without
// digitalSignature (RFC 6109 §5.5), an extended key usage without e-mail
// protection (RFC 8550 §4.4.4; the same authorities issue authentication and
// web server certificates to providers).
func leafError(c *x509.Certificate) error {
	switch {
	case c.IsCA:
		return ErrCACertificate
	case c.KeyUsage != 0 && c.KeyUsage&x509.KeyUsageDigitalSignature == 0:
		return fmt.Errorf("%w: digitalSignature is not set", ErrKeyUsage)
	case (len(c.ExtKeyUsage) > 0 || len(c.UnknownExtKeyUsage) > 0) && !slices.Contains(c.ExtKeyUsage, x509.ExtKeyUsageEmailProtection):
		return ErrEmailProtection
	}
	return nil
}

// profileFindings compares a signer certificate with the profile of RFC 6109
// §5.5. Real certificates of a quarter of a century deviate here and there:
// nothing of this decides.
func profileFindings(c *x509.Certificate) []Finding {
	var found []Finding
	add := func(code, detail string) { found = append(found, Finding{code, detail}) }

	if len(subjectEmails(c)) > 0 {
		add("email-in-subject", "the subject name holds an e-mail address (RFC 6109 §5.5: should not)")
	}
	if extension(c, oidBasicConstraints) != nil && !c.IsCA {
		add("basic-constraints-present", "basicConstraints is present (RFC 6109 §5.5: must be absent)")
	}
	switch san := extension(c, oidSubjectAltName); {
	case san == nil || len(c.EmailAddresses) == 0:
		add("san-missing", "no rfc822Name in subjectAltName (RFC 6109 §5.5: at least one)")
	case san.Critical:
		add("san-critical", "subjectAltName is critical (RFC 6109 §5.5: not critical)")
	}
	switch ku := extension(c, oidKeyUsage); {
	case ku == nil:
		add("key-usage-missing", "no keyUsage (RFC 6109 §5.5: digitalSignature, critical)")
	case !ku.Critical:
		add("key-usage-not-critical", "keyUsage is not critical (RFC 6109 §5.5: critical)")
	}
	if len(c.AuthorityKeyId) == 0 {
		add("authority-key-id-missing", "no authorityKeyIdentifier (RFC 6109 §5.5: mandatory)")
	} else if e := extension(c, oidAuthorityKeyID); e != nil && e.Critical {
		add("authority-key-id-critical", "authorityKeyIdentifier is critical (RFC 6109 §5.5: not critical)")
	}
	if len(c.SubjectKeyId) == 0 {
		add("subject-key-id-missing", "no subjectKeyIdentifier (RFC 6109 §5.5: mandatory)")
	} else if e := extension(c, oidSubjectKeyID); e != nil && e.Critical {
		add("subject-key-id-critical", "subjectKeyIdentifier is critical (RFC 6109 §5.5: not critical)")
	}
	return weakKeyFinding(found, c)
}

func weakKeyFinding(found []Finding, c *x509.Certificate) []Finding {
	if bits := keyBits(c); bits > 0 && weakKey(c, bits) {
		found = append(found, Finding{"weak-key", fmt.Sprintf("%s key of %d bits", c.PublicKeyAlgorithm, bits)})
	}
	return found
}

func extension(c *x509.Certificate, oid asn1.ObjectIdentifier) *pkix.Extension {
	for i := range c.Extensions {
		if c.Extensions[i].Id.Equal(oid) {
			return &c.Extensions[i]
		}
	}
	return nil
}

// subjectEmails returns the e-mail addresses of the subject name, where
// certificates of the first years carried them.
func subjectEmails(c *x509.Certificate) []string {
	var addrs []string
	for _, n := range c.Subject.Names {
		if s, ok := n.Value.(string); ok && n.Type.Equal(oidEmailAddress) {
			addrs = append(addrs, s)
		}
	}
	return addrs
}

func keyBits(c *x509.Certificate) int {
	switch k := c.PublicKey.(type) {
	case *rsa.PublicKey:
		return k.N.BitLen()
	case *ecdsa.PublicKey:
		return k.Curve.Params().BitSize
	}
	return 0
}

func weakKey(c *x509.Certificate, bits int) bool {
	if c.PublicKeyAlgorithm == x509.RSA {
		return bits < 2048
	}
	return bits < 224
}

// organization is the name by which people know the holder: the organisation,
// else the common name.
func organization(c *x509.Certificate) string {
	if len(c.Subject.Organization) > 0 {
		return c.Subject.Organization[0]
	}
	return c.Subject.CommonName
}

// nameOf is organization's counterpart for authorities: the common name first.
func nameOf(c *x509.Certificate) string {
	if c.Subject.CommonName != "" {
		return c.Subject.CommonName
	}
	return c.Subject.String()
}
