package xmlsig_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/certmail/certmail/internal/testpki"
	"github.com/certmail/certmail/internal/xmlsig"
	"github.com/certmail/certmail/internal/xmltree"
)

func ExampleSign() {
	leaf := testpki.NewAuthority(7, "Example CA", nil).Provider("Provider", "rem@provider.example", nil)
	signed, err := xmlsig.Sign(context.Background(), []byte("<evidence>delivered</evidence>"), &xmlsig.Signing{
		Key: leaf.Key, Certificate: leaf.Certificate, Time: time.Date(2026, 1, 15, 9, 30, 2, 0, time.UTC), Style: xmlsig.Filter2, ID: "id-1",
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%s\n", signed[:100])
	// Output: <evidence>delivered<ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#" Id="id-1"><ds:SignedI
}

func ExampleVerify() {
	leaf := testpki.NewAuthority(7, "Example CA", nil).Provider("Provider", "rem@provider.example", nil)
	signed, err := xmlsig.Sign(context.Background(), []byte("<evidence>delivered</evidence>"), &xmlsig.Signing{
		Key: leaf.Key, Certificate: leaf.Certificate, Time: time.Date(2026, 1, 15, 9, 30, 2, 0, time.UTC),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, xml := range [][]byte{signed, bytes.Replace(signed, []byte("delivered"), []byte("not delivered"), 1)} {
		doc, err := xmltree.Parse(xml, nil)
		if err != nil {
			fmt.Println(err)
			return
		}
		s, err := xmlsig.Verify(doc, nil)
		if err != nil {
			fmt.Println(err) // there is no signature
			return
		}
		if s.OK() {
			fmt.Println(s.SignedElement.Text(), s.SigningTime, s.Parsed.Subject.CommonName)
		} else {
			fmt.Println(errors.Is(s.Err, xmlsig.ErrDigest), s.Err)
		}
	}
	// Output:
	// delivered 2026-01-15 09:30:02 +0000 UTC Posta Certificata Provider
	// true xml signature: reference 1: digest does not match: the document was altered
}
