package xmlsig

import (
	"bytes"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"math/big"
)

// issuerSerial is the IssuerSerial of RFC 5035 §5.4.1.
type issuerSerial struct {
	Names  []asn1.RawValue
	Serial *big.Int
}

// directoryName is the GeneralName with a Name (RFC 5280 §4.2.1.6).
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
		var is issuerSerial
		if rest, err := asn1.Unmarshal(id.issuerSerial, &is); err != nil || len(rest) > 0 {
			return fail(ErrSigningCertificate, "IssuerSerialV2", "no DER IssuerSerial")
		}
		if is.Serial == nil || is.Serial.Cmp(cert.SerialNumber) != 0 {
			return fail(ErrSigningCertificate, "IssuerSerialV2", "serial number %s, the certificate's is %s", is.Serial, cert.SerialNumber)
		}
		for _, name := range is.Names {
			if name.Class == asn1.ClassContextSpecific && name.Tag == directoryName && !sameName(name.Bytes, cert.RawIssuer) {
				return fail(ErrSigningCertificate, "IssuerSerialV2", "another issuer than the certificate's")
			}
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
