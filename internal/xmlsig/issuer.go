package xmlsig

import (
	"bytes"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"math/big"

	"golang.org/x/crypto/cryptobyte"
	tag "golang.org/x/crypto/cryptobyte/asn1"
)

// directoryName is the number of the GeneralName with a Name (RFC 5280 §4.2.1.6).
const directoryName = 4

// checkIssuer compares issuer and serial number with the certificate's. The
// digest has named the certificate already: this finds contradictions. An issuer
// in text (SigningCertificate) is not compared: there are many ways to write the
// same name.
func (p *properties) checkIssuer(cert *x509.Certificate) *Error {
	for i := range p.certificates {
		id := &p.certificates[i]
		if id.serial != nil {
			if id.serial.Cmp(cert.SerialNumber) != 0 {
				return fail(ErrSigningCertificate, "SigningCertificate", "serial number %s, the certificate's is %s", id.serial, cert.SerialNumber)
			}
		}
		if id.issuerSerial == nil {
			continue
		}
		if err := checkIssuerSerial(id.issuerSerial, cert); err != nil {
			return err
		}
	}
	return nil
}

// checkIssuerSerial compares an IssuerSerial (RFC 5035 §5.4.1) in DER.
func checkIssuerSerial(der cryptobyte.String, cert *x509.Certificate) *Error {
	var is, names cryptobyte.String
	serial := new(big.Int)
	if !der.ReadASN1(&is, tag.SEQUENCE) || !der.Empty() || !is.ReadASN1(&names, tag.SEQUENCE) || !is.ReadASN1Integer(serial) || !is.Empty() {
		return fail(ErrSigningCertificate, "IssuerSerialV2", "no DER IssuerSerial")
	}
	if serial.Cmp(cert.SerialNumber) != 0 {
		return fail(ErrSigningCertificate, "IssuerSerialV2", "serial number %s, the certificate's is %s", serial, cert.SerialNumber)
	}
	for !names.Empty() {
		var name cryptobyte.String
		var kind tag.Tag
		if !names.ReadAnyASN1(&name, &kind) {
			return fail(ErrSigningCertificate, "IssuerSerialV2", "no DER IssuerSerial")
		}
		if kind.Constructed() == tag.Tag(directoryName).ContextSpecific().Constructed() && !sameName(name, cert.RawIssuer) {
			return fail(ErrSigningCertificate, "IssuerSerialV2", "another issuer than the certificate's")
		}
	}
	return nil
}

// sameName compares two DER Names: by their octets, else by their text, so that
// a PrintableString equals the same UTF8String.
func sameName(a, b []byte) bool {
	if bytes.Equal(a, b) {
		return true
	}
	var x, y pkix.RDNSequence
	if rest, err := asn1.Unmarshal(a, &x); err != nil || len(rest) > 0 {
		return false
	}
	if rest, err := asn1.Unmarshal(b, &y); err != nil || len(rest) > 0 {
		return false
	}
	return x.String() == y.String()
}
