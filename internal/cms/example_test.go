package cms_test

import (
	"crypto"
	"crypto/sha256"
	"crypto/x509"
	"fmt"
	"time"

	"github.com/certmail/certmail/internal/cms"
	"github.com/certmail/certmail/internal/testpki"
)

// A message is signed and verified by its digest; the message itself is not
// needed again.
func Example() {
	ca := testpki.NewAuthority(1, "Example CA", nil)
	provider := ca.Provider("Gestore Alfa", "posta-certificata@alfa.example", nil)
	digest := sha256.Sum256([]byte("Content-Type: text/plain\r\n\r\nRicevuta\r\n"))

	p7s, err := cms.Sign(digest[:], &cms.Signing{
		Key:         provider.Key,
		Certificate: provider.Certificate,
		SigningTime: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC),
	})
	if err != nil {
		panic(err)
	}

	sd, err := cms.Parse(p7s, nil)
	if err != nil {
		panic(err)
	}
	for i := range sd.Signers {
		cert, err := x509.ParseCertificate(sd.CertificateOf(i))
		if err != nil {
			panic(err)
		}
		r := sd.Verify(i, cert, func(h crypto.Hash) ([]byte, error) {
			if h != crypto.SHA256 {
				return nil, fmt.Errorf("the message was not hashed with %v", h)
			}
			return digest[:], nil
		})
		fmt.Println(cert.EmailAddresses, r.SignatureAlgorithm, r.SigningTime, r.OK(), r.Err)
	}
	// Output: [posta-certificata@alfa.example] RSA-PKCS1v15-SHA256 2026-03-01 12:00:00 +0000 UTC true <nil>
}

// A file from a mail program may be in base64, once or twice, or in PEM.
func ExampleDecode() {
	_, err := cms.Decode([]byte("SGVsbG8="), nil)
	fmt.Println(err)
	// Output: cms: file: not a CMS SignedData: neither binary nor PEM nor base64: illegal base64 data at input byte 4
}
