package tsl

import (
	"crypto/x509"
	"encoding/asn1"
	"slices"
	"strings"

	"github.com/certmail/certmail/trust"
)

// tslSigning is id-tsl-kp-tslSigning (TS 119 612 §5.7.1).
func tslSigning() asn1.ObjectIdentifier { return asn1.ObjectIdentifier{0, 4, 0, 2231, 3, 0} }

// profile compares the certificate that signed a list with TS 119 612 §5.7.1.
// Real ones deviate: some are issued by authorities, some for persons.
func (v *Verification) profile() {
	c, l := v.Signer, v.List
	add := func(code, detail string) { v.Findings = append(v.Findings, trust.Finding{Code: code, Detail: detail}) }
	if !slices.ContainsFunc(c.UnknownExtKeyUsage, tslSigning().Equal) {
		add("tl-signer-purpose", "the signer's certificate is not marked for the signing of trusted lists ("+tslSigning().String()+")")
	}
	const allowed = x509.KeyUsageDigitalSignature | x509.KeyUsageContentCommitment
	if c.KeyUsage == 0 || c.KeyUsage&^allowed != 0 {
		add("tl-signer-key-usage", "the signer's key usage is not digitalSignature or nonRepudiation alone")
	}
	if c.IsCA {
		add("tl-signer-ca", "the signer's certificate is that of an authority")
	}
	if !slices.ContainsFunc(c.Subject.Country, func(country string) bool { return sameCountry(country, l.Territory) }) {
		add("tl-signer-country", "the signer's country is "+strings.Join(c.Subject.Country, ", ")+", the list's territory "+l.Territory)
	}
	if !slices.ContainsFunc(c.Subject.Organization, l.OperatorName.Has) {
		add("tl-signer-organization", "the signer's organisation "+strings.Join(c.Subject.Organization, ", ")+" is not a name of the scheme operator")
	}
	if !l.Issued.IsZero() && (l.Issued.Before(c.NotBefore) || l.Issued.After(c.NotAfter)) {
		add("tl-signer-validity", "the signer's certificate, valid from "+stamp(c.NotBefore)+" to "+stamp(c.NotAfter)+", was not valid when the list was issued")
	}
}

// sameCountry knows the two territories whose codes differ from ISO 3166.
func sameCountry(country, territory string) bool {
	fold := func(s string) string {
		switch s = strings.ToUpper(s); s {
		case "GR":
			return "EL"
		case "GB":
			return "UK"
		}
		return s
	}
	return fold(country) == fold(territory)
}
