package tsltest

import (
	"context"
	"crypto"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"time"

	"github.com/certmail/certmail/internal/testpki"
	"github.com/certmail/certmail/internal/xmlsig"
	"github.com/certmail/certmail/trust/tsl"
)

// Operator is a scheme operator who signs lists.
type Operator struct {
	Key         crypto.Signer
	Certificate *x509.Certificate
}

// NewOperator makes an operator with a self-signed certificate of the profile
// of TS 119 612 §5.7.1. The same seed and territory give the same key and
// certificate. Its organisation is the name that Write gives to an operator
// without one.
func NewOperator(seed uint64, territory string) *Operator {
	tslSigning := asn1.ObjectIdentifier{0, 4, 0, 2231, 3, 0}
	a := testpki.NewAuthority(seed, "Scheme operator "+territory, func(c *x509.Certificate) {
		c.Subject = pkix.Name{Country: []string{territory}, Organization: []string{"Test scheme operator " + territory}, CommonName: "List signer " + territory}
		c.IsCA, c.BasicConstraintsValid = false, true
		c.KeyUsage = x509.KeyUsageDigitalSignature
		c.UnknownExtKeyUsage = []asn1.ObjectIdentifier{tslSigning}
		c.SubjectKeyId = []byte("list signer " + territory)
	})
	return &Operator{Key: a.Key, Certificate: a.Certificate}
}

// Sign writes and signs a list with an enveloped XAdES-B-B signature. The
// claimed time is that of the list's issue.
func (o *Operator) Sign(ctx context.Context, l *tsl.List) ([]byte, error) {
	return o.SignXML(ctx, Write(l), l.Issued)
}

// SignXML signs what the caller wrote or altered.
func (o *Operator) SignXML(ctx context.Context, xml []byte, at time.Time) ([]byte, error) {
	signed, err := xmlsig.Sign(ctx, xml, &xmlsig.Signing{Key: o.Key, Certificate: o.Certificate, Time: at})
	if err != nil {
		return nil, fmt.Errorf("tsltest: %w", err)
	}
	return signed, nil
}

// Pointer is an entry for a list of lists that leads to a list of the operator's.
func (o *Operator) Pointer(territory, kind, location string) tsl.Pointer {
	return tsl.Pointer{Location: location, Type: kind, Territory: territory, MediaType: tsl.MediaTypeXML, Certificates: [][]byte{o.Certificate.Raw}}
}
