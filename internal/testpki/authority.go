package testpki

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/sha1"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"time"
)

// Authority is a certification authority with its key.
type Authority struct {
	Key         crypto.Signer
	Certificate *x509.Certificate
	seed        uint64
	serial      int64
}

// Leaf is a signing certificate with its key and the chain above it (issuer
// first, root last).
type Leaf struct {
	Key         crypto.Signer
	Certificate *x509.Certificate
	Chain       []*x509.Certificate
}

// PolicyPEC is the policy of provider certificates, 1.3.76.16.3.1.1.
func PolicyPEC() x509.OID {
	oid, err := x509.OIDFromInts([]uint64{1, 3, 76, 16, 3, 1, 1})
	if err != nil {
		panic("testpki: " + err.Error())
	}
	return oid
}

// Epoch and Doomsday bound the validity of what is made here by default.
var (
	Epoch    = time.Date(2017, 1, 1, 0, 0, 0, 0, time.UTC)
	Doomsday = time.Date(2046, 1, 1, 0, 0, 0, 0, time.UTC)
)

// NewAuthority makes a self-signed RSA-2048 authority. change, if not nil,
// edits the template before it is signed.
func NewAuthority(seed uint64, name string, change func(*x509.Certificate)) *Authority {
	key := RSAKey(seed, name, 2048)
	template := caTemplate(name, 1)
	if change != nil {
		change(template)
	}
	return &Authority{Key: key, Certificate: sign(template, template, key.Public(), key), seed: seed, serial: 1}
}

// Sub makes an authority below this one.
func (a *Authority) Sub(name string, change func(*x509.Certificate)) *Authority {
	key := RSAKey(a.seed, name, 2048)
	a.serial++
	template := caTemplate(name, a.serial)
	if change != nil {
		change(template)
	}
	return &Authority{Key: key, Certificate: sign(template, a.Certificate, key.Public(), a.Key), seed: a.seed, serial: a.serial * 1000}
}

// Provider makes a certificate of the PEC provider profile (RFC 6109 §5.5): one
// rfc822Name, critical digitalSignature, e-mail protection, no
// basicConstraints. change, if not nil, edits the template.
func (a *Authority) Provider(organization, address string, change func(*x509.Certificate)) *Leaf {
	return a.Issue(RSAKey(a.seed, "leaf "+organization, 2048), organization, address, change)
}

// Issue is Provider for a key of the caller's.
func (a *Authority) Issue(key crypto.Signer, organization, address string, change func(*x509.Certificate)) *Leaf {
	a.serial++
	template := &x509.Certificate{
		SerialNumber:   big.NewInt(a.serial),
		Subject:        pkix.Name{Country: []string{"IT"}, Organization: []string{organization}, CommonName: "Posta Certificata " + organization},
		NotBefore:      Epoch,
		NotAfter:       Doomsday,
		KeyUsage:       x509.KeyUsageDigitalSignature,
		ExtKeyUsage:    []x509.ExtKeyUsage{x509.ExtKeyUsageEmailProtection},
		EmailAddresses: []string{address},
		Policies:       []x509.OID{PolicyPEC()},
		SubjectKeyId:   keyID(key.Public()),
	}
	if change != nil {
		change(template)
	}
	return &Leaf{Key: key, Certificate: sign(template, a.Certificate, key.Public(), a.Key), Chain: []*x509.Certificate{a.Certificate}}
}

// PEM returns the authority's certificate in PEM.
func (a *Authority) PEM() []byte { return PEM(a.Certificate) }

// PEM encodes certificates one after the other.
func PEM(certs ...*x509.Certificate) []byte {
	var b bytes.Buffer
	for _, c := range certs {
		_ = pem.Encode(&b, &pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})
	}
	return b.Bytes()
}

func caTemplate(name string, serial int64) *x509.Certificate {
	return &x509.Certificate{
		SerialNumber:          big.NewInt(serial),
		Subject:               pkix.Name{Country: []string{"IT"}, Organization: []string{"Certmail Test"}, CommonName: name},
		NotBefore:             Epoch,
		NotAfter:              Doomsday,
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
		BasicConstraintsValid: true,
		IsCA:                  true,
	}
}

func sign(template, parent *x509.Certificate, public crypto.PublicKey, key crypto.Signer) *x509.Certificate {
	if template.IsCA && template.SubjectKeyId == nil {
		template.SubjectKeyId = keyID(public)
	}
	if template.AuthorityKeyId == nil && parent.SubjectKeyId != nil {
		template.AuthorityKeyId = parent.SubjectKeyId
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, public, key)
	if err != nil {
		panic("testpki: " + err.Error()) // a mistake in a test's template
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		panic("testpki: " + err.Error())
	}
	return cert
}

func keyID(public crypto.PublicKey) []byte {
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		panic("testpki: " + err.Error())
	}
	sum := sha1.Sum(der)
	return sum[:]
}
