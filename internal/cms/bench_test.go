package cms_test

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"io"
	"testing"

	"github.com/certmail/certmail/internal/cms"
)

func benchInput(b *testing.B) (p7s []byte, digest func(crypto.Hash) ([]byte, error)) {
	leaf := person("rsa2048")
	p7s, err := cms.Sign(sum(crypto.SHA256, content), &cms.Signing{Key: leaf.Key, Certificate: leaf.Certificate, Chain: leaf.Chain, SigningTime: noon})
	if err != nil {
		b.Fatal(err)
	}
	ready := sum(crypto.SHA256, content)
	return p7s, func(crypto.Hash) ([]byte, error) { return ready, nil }
}

// BenchmarkVerify: parse, choose the certificate, verify. Compare with
// BenchmarkBareVerify.
func BenchmarkVerify(b *testing.B) {
	p7s, digest := benchInput(b)
	cert := rsaCert()
	b.ReportAllocs()
	for b.Loop() {
		sd, err := cms.Parse(p7s, nil)
		if err != nil || sd.CertificateOf(0) == nil {
			b.Fatal(err)
		}
		if r := sd.Verify(0, cert, digest); !r.OK() {
			b.Fatal(r.Err)
		}
	}
}

func BenchmarkBareVerify(b *testing.B) {
	leaf := person("rsa2048")
	digest := sha256.Sum256(content)
	signature, err := rsa.SignPKCS1v15(nil, leaf.Key.(*rsa.PrivateKey), crypto.SHA256, digest[:])
	if err != nil {
		b.Fatal(err)
	}
	public := rsaCert().PublicKey.(*rsa.PublicKey)
	b.ReportAllocs()
	for b.Loop() {
		if rsa.VerifyPKCS1v15(public, crypto.SHA256, digest[:], signature) != nil {
			b.Fatal("signature")
		}
	}
}

// BenchmarkParse with the choice of the certificate, without cryptography.
func BenchmarkParse(b *testing.B) {
	p7s, _ := benchInput(b)
	b.ReportAllocs()
	for b.Loop() {
		sd, err := cms.Parse(p7s, nil)
		if err != nil || sd.CertificateOf(0) == nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkSign: compare with BenchmarkBareSign.
func BenchmarkSign(b *testing.B) {
	leaf := person("rsa2048")
	s := &cms.Signing{Key: leaf.Key, Certificate: leaf.Certificate, Chain: leaf.Chain, SigningTime: noon}
	digest := sum(crypto.SHA256, content)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := cms.Sign(digest, s); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkBareSign(b *testing.B) {
	key := person("rsa2048").Key.(*rsa.PrivateKey)
	digest := sha256.Sum256(content)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, digest[:]); err != nil {
			b.Fatal(err)
		}
	}
}

// replay is a key that costs nothing: what remains is our own work.
type replay struct {
	crypto.Signer
	signature []byte
}

func (k replay) Sign(io.Reader, []byte, crypto.SignerOpts) ([]byte, error) { return k.signature, nil }

// BenchmarkSignOverhead: everything about Sign but the RSA operation, and with
// the verification of what a remote key returns.
func BenchmarkSignOverhead(b *testing.B) {
	leaf := person("rsa2048")
	s := &cms.Signing{Key: leaf.Key, Certificate: leaf.Certificate, Chain: leaf.Chain, SigningTime: noon}
	digest := sum(crypto.SHA256, content)
	p7s, err := cms.Sign(digest, s)
	if err != nil {
		b.Fatal(err)
	}
	sd, err := cms.Parse(p7s, nil)
	if err != nil {
		b.Fatal(err)
	}
	s.Key = replay{Signer: leaf.Key, signature: sd.Signers[0].Signature}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := cms.Sign(digest, s); err != nil {
			b.Fatal(err)
		}
	}
}
