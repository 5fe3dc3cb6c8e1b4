package trust

import (
	"bytes"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
)

// ParseCertificate is x509.ParseCertificate that also reads RSA keys marked as
// being for RSASSA-PSS only (id-RSASSA-PSS, RFC 4055 §1.2), as some qualified
// authorities have them and Go's library knows them not.
func ParseCertificate(der []byte) (*x509.Certificate, error) {
	c, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, err
	}
	if key := pssKey(c); key != nil {
		c.PublicKey, c.PublicKeyAlgorithm = key, x509.RSA
	}
	return c, nil
}

// withKey returns the certificate itself, or a copy of it that has the key that
// Go's library could not read.
func withKey(c *x509.Certificate) *x509.Certificate {
	if c == nil {
		return nil
	}
	key := pssKey(c)
	if key == nil {
		return c
	}
	other := *c
	other.PublicKey, other.PublicKeyAlgorithm = key, x509.RSA
	return &other
}

var oidRSASSAPSS = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 10}

// derRSASSAPSS is oidRSASSAPSS in DER, without its length.
const derRSASSAPSS = "\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0a"

// subjectKey is a SubjectPublicKeyInfo.
type subjectKey struct {
	Algorithm pkix.AlgorithmIdentifier
	Key       asn1.BitString
}

// pssKey reads an id-RSASSA-PSS key that is not read yet, nil if it is none.
func pssKey(c *x509.Certificate) *rsa.PublicKey {
	if c.PublicKey != nil || c.PublicKeyAlgorithm != x509.UnknownPublicKeyAlgorithm {
		return nil
	}
	var info subjectKey
	if rest, err := asn1.Unmarshal(c.RawSubjectPublicKeyInfo, &info); err != nil || len(rest) > 0 || !info.Algorithm.Algorithm.Equal(oidRSASSAPSS) {
		return nil
	}
	key, err := x509.ParsePKCS1PublicKey(info.Key.RightAlign())
	if err != nil {
		return nil
	}
	return key
}

// pssParameters are RSASSA-PSS-params (RFC 4055 §3.1).
type pssParameters struct {
	Hash    pkix.AlgorithmIdentifier `asn1:"optional,explicit,tag:0"`
	MGF     pkix.AlgorithmIdentifier `asn1:"optional,explicit,tag:1"`
	Salt    int                      `asn1:"optional,explicit,tag:2,default:20"`
	Trailer int                      `asn1:"optional,explicit,tag:3,default:1"`
}

var pssHashes = []struct {
	algorithm x509.SignatureAlgorithm
	oid       asn1.ObjectIdentifier
}{
	{x509.SHA256WithRSAPSS, asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 1}},
	{x509.SHA384WithRSAPSS, asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 2}},
	{x509.SHA512WithRSAPSS, asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 3}},
}

// pssOnly: what a key for RSASSA-PSS only signed must be signed so, with the
// digest that the key's parameters name, if they do (RFC 4055 §1.2).
func pssOnly(child, parent *x509.Certificate) error {
	head := parent.RawSubjectPublicKeyInfo[:min(32, len(parent.RawSubjectPublicKeyInfo))]
	if parent.PublicKeyAlgorithm != x509.RSA || !bytes.Contains(head, []byte(derRSASSAPSS)) {
		return nil
	}
	var info subjectKey
	if _, err := asn1.Unmarshal(parent.RawSubjectPublicKeyInfo, &info); err != nil || !info.Algorithm.Algorithm.Equal(oidRSASSAPSS) {
		return nil
	}
	var wanted pssParameters
	if full := info.Algorithm.Parameters.FullBytes; len(full) > 0 {
		if rest, err := asn1.Unmarshal(full, &wanted); err != nil || len(rest) > 0 {
			return fmt.Errorf("%w: parameters of the key of %s", ErrAlgorithm, nameOf(parent))
		}
	}
	for _, h := range pssHashes {
		if child.SignatureAlgorithm == h.algorithm &&
			(len(info.Algorithm.Parameters.FullBytes) == 0 || wanted.Hash.Algorithm.Equal(h.oid)) {
			return nil
		}
	}
	return fmt.Errorf("%w: %s by the key of %s, which is for another form of RSASSA-PSS only", ErrAlgorithm, child.SignatureAlgorithm, nameOf(parent))
}
