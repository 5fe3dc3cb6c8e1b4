package xmlsig_test

import (
	"bytes"
	"crypto"
	_ "crypto/sha1"
	_ "crypto/sha512"
	"encoding/asn1"
	"encoding/base64"
	"fmt"
	"math/big"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/internal/xmlsig"
)

// signedWith has xmlsec1 sign a document with these signature properties.
func signedWith(t *testing.T, properties string) []byte {
	t.Helper()
	e := xmlsig.ExclusiveC14N
	c := template{"RSA", e, xmlsig.RSASHA256, xmlsig.DigestSHA256, enveloped, []string{e, e, "-"}, false, false}
	xml := []byte(c.xml())
	own := between(t, xml, "<x:SignedSignatureProperties>", "</x:SignedSignatureProperties>")
	return xmlsecSign(t, changed(t, xml, own, "<x:SignedSignatureProperties>"+properties+"</x:SignedSignatureProperties>"), "RSA")
}

func issuerSerial(t *testing.T, issuer []byte, serial *big.Int) string {
	t.Helper()
	der, err := asn1.Marshal(struct {
		Names  []asn1.RawValue
		Serial *big.Int
	}{[]asn1.RawValue{{Class: asn1.ClassContextSpecific, Tag: 4, IsCompound: true, Bytes: issuer}}, serial})
	require.NoError(t, err)
	return base64.StdEncoding.EncodeToString(der)
}

// primitive is an IssuerSerial whose name is marked as primitive, which it is not.
func primitive(t *testing.T, issuerSerial string) string {
	t.Helper()
	der, err := base64.StdEncoding.DecodeString(issuerSerial)
	require.NoError(t, err)
	at := bytes.IndexByte(der, 0xA4) // [4], constructed
	require.Positive(t, at)
	der[at] = 0x84
	return base64.StdEncoding.EncodeToString(der)
}

// longer is an IssuerSerial with a NULL at its end, of short length.
func longer(t *testing.T, issuerSerial string) string {
	t.Helper()
	der, err := base64.StdEncoding.DecodeString(issuerSerial)
	require.NoError(t, err)
	require.Less(t, der[1], byte(0x7e))
	der[1] += 2
	return base64.StdEncoding.EncodeToString(append(der, 5, 0))
}

// TestSigningCertificate: each way of naming the certificate, right and wrong. All
// of it was signed: the one who signs contradicts himself.
func TestSigningCertificate(t *testing.T) {
	own, other := people()["RSA"].Certificate, people()["other"].Certificate
	const clock = "<x:SigningTime>2026-01-15T09:30:02Z</x:SigningTime>"
	digest := func(uri string, sum []byte) string {
		return `<x:CertDigest><ds:DigestMethod Algorithm="` + uri + `"/><ds:DigestValue>` + base64.StdEncoding.EncodeToString(sum) + `</ds:DigestValue></x:CertDigest>`
	}
	sum := func(h crypto.Hash, der []byte) []byte {
		w := h.New()
		w.Write(der)
		return w.Sum(nil)
	}
	good := digest(xmlsig.DigestSHA512, sum(crypto.SHA512, own.Raw))
	bad := digest(xmlsig.DigestSHA512, sum(crypto.SHA512, other.Raw))
	v1 := func(inside string) string {
		return "<x:SigningCertificate><x:Cert>" + inside + "</x:Cert></x:SigningCertificate>"
	}
	v2 := func(inside string) string {
		return "<x:SigningCertificateV2><x:Cert>" + inside + "</x:Cert></x:SigningCertificateV2>"
	}
	text := func(serial *big.Int) string {
		return fmt.Sprintf("<x:IssuerSerial><ds:X509IssuerName>whatever</ds:X509IssuerName><ds:X509SerialNumber> %d\n</ds:X509SerialNumber></x:IssuerSerial>", serial)
	}
	der := func(s string) string { return "<x:IssuerSerialV2>" + s + "</x:IssuerSerialV2>" }
	right := issuerSerial(t, own.RawIssuer, own.SerialNumber)
	for name, c := range map[string]struct {
		properties string
		want       error
		finding    string
	}{
		"V1":                {clock + v1(good+text(own.SerialNumber)), nil, ""},
		"V2":                {clock + v2(good+der(right)), nil, ""},
		"V2 without serial": {clock + v2(good), nil, ""},
		"both":              {clock + v1(good) + v2(good), nil, ""},
		"with its chain":    {clock + "<x:SigningCertificateV2><x:Cert>" + good + "</x:Cert><x:Cert>" + bad + "</x:Cert></x:SigningCertificateV2>", nil, ""},
		"the chain first":   {clock + "<x:SigningCertificateV2><x:Cert>" + bad + "</x:Cert><x:Cert>" + good + "</x:Cert></x:SigningCertificateV2>", xmlsig.ErrSigningCertificate, ""},
		"no time":           {v2(good), nil, "signing-time-missing"},
		"no zone":           {"<x:SigningTime>2026-01-15T09:30:02</x:SigningTime>" + v2(good), nil, "signing-time-unreadable"},
		"a comma":           {"<x:SigningTime>2026-01-15T09:30:02,5Z</x:SigningTime>" + v2(good), nil, "signing-time-unreadable"},
		"two times":         {clock + clock + v2(good), xmlsig.ErrProperties, ""},
		"none":              {clock, xmlsig.ErrSigningCertificate, ""},
		"another's":         {clock + v2(bad), xmlsig.ErrSigningCertificate, ""},
		"V2 another's":      {clock + v1(good) + v2(bad), xmlsig.ErrSigningCertificate, ""},
		"V1 another's":      {clock + v1(bad) + v2(good), xmlsig.ErrSigningCertificate, ""},
		"twice":             {clock + v2(good) + v2(good), xmlsig.ErrProperties, ""},
		"empty":             {clock + "<x:SigningCertificateV2/>", xmlsig.ErrProperties, ""},
		"no digest":         {clock + v2(der(right)), xmlsig.ErrProperties, ""},
		"half a digest":     {clock + v2("<x:CertDigest/>"), xmlsig.ErrProperties, ""},
		"two serials":       {clock + v2(good+text(own.SerialNumber)+der(right)), xmlsig.ErrProperties, ""},
		"more":              {clock + v2(good+"<x:More/>"), xmlsig.ErrStructure, ""},
		"V1 another serial": {clock + v1(good+text(other.SerialNumber)), xmlsig.ErrSigningCertificate, ""},
		"V1 no number":      {clock + v1(good+"<x:IssuerSerial><ds:X509IssuerName/><ds:X509SerialNumber>1x</ds:X509SerialNumber></x:IssuerSerial>"), xmlsig.ErrProperties, ""},
		"V1 an endless one": {clock + v1(good+"<x:IssuerSerial><ds:X509IssuerName/><ds:X509SerialNumber>"+strings.Repeat("9", 1000)+"</ds:X509SerialNumber></x:IssuerSerial>"), xmlsig.ErrProperties, ""},
		"V2 another serial": {clock + v2(good+der(issuerSerial(t, own.RawIssuer, other.SerialNumber))), xmlsig.ErrSigningCertificate, ""},
		"V2 another issuer": {clock + v2(good+der(issuerSerial(t, own.RawSubject, own.SerialNumber))), xmlsig.ErrSigningCertificate, ""},
		"V2 primitive name": {clock + v2(good+der(primitive(t, issuerSerial(t, own.RawSubject, own.SerialNumber)))), xmlsig.ErrSigningCertificate, ""},
		"V2 and more":       {clock + v2(good+der(longer(t, right))), xmlsig.ErrSigningCertificate, ""},
		"V2 no DER":         {clock + v2(good+der("AAAA")), xmlsig.ErrSigningCertificate, ""},
		"SHA-1":             {clock + v1(digest("http://www.w3.org/2000/09/xmldsig#sha1", sum(crypto.SHA1, own.Raw))), xmlsig.ErrAlgorithm, ""},
		"an unknown digest": {clock + v1(digest("urn:x", sum(crypto.SHA1, own.Raw))), xmlsig.ErrAlgorithm, ""},
		"a cut-off digest":  {clock + v2(digest(xmlsig.DigestSHA512, sum(crypto.SHA512, own.Raw)[:20])), xmlsig.ErrSigningCertificate, ""},
	} {
		signed := signedWith(t, c.properties)
		if c.want != nil {
			refuse(t, signed, c.want, name)
			continue
		}
		s := verify(t, signed, nil)
		require.NoError(t, s.Err, name)
		require.Equal(t, own.Raw, s.Signer)
		if c.finding == "" {
			require.Empty(t, s.Findings, name)
			continue
		}
		require.Equal(t, c.finding, s.Findings[0].Code, name)
		require.True(t, s.SigningTime.IsZero(), name)
	}
	// Lists of version 5: SHA-1 is accepted as a name for a certificate that
	// the list of lists gives anyhow.
	old := signedWith(t, clock+v1(digest("http://www.w3.org/2000/09/xmldsig#sha1", sum(crypto.SHA1, own.Raw))))
	s := verify(t, old, xmlsig.ForLists())
	require.NoError(t, s.Err)
	require.Equal(t, "signing-certificate-sha1", s.Findings[0].Code)
}

// TestDataObjectFormat: what it says must be said of the document.
func TestDataObjectFormat(t *testing.T) {
	e := xmlsig.ExclusiveC14N
	c := template{"RSA", e, xmlsig.RSASHA256, xmlsig.DigestSHA256, enveloped, []string{e, e, "-"}, false, false}
	format := between(t, []byte(c.xml()), "<x:DataObjectFormat", "</x:DataObjectFormat>")
	s := verify(t, xmlsecSign(t, changed(t, []byte(c.xml()), format, ""), "RSA"), nil)
	require.NoError(t, s.Err)
	require.Equal(t, "data-object-format-missing", s.Findings[0].Code)
	refuse(t, xmlsecSign(t, changed(t, []byte(c.xml()), format, strings.Replace(format, "#doc", "#props", 1)), "RSA"), xmlsig.ErrProperties, "of something else")
	refuse(t, xmlsecSign(t, changed(t, []byte(c.xml()), format, strings.Replace(format, ` ObjectReference="#doc"`, "", 1)), "RSA"), xmlsig.ErrProperties, "of nothing")
	refuse(t, xmlsecSign(t, changed(t, []byte(c.xml()), ` Id="doc"`, ""), "RSA"), xmlsig.ErrProperties, "the reference has no name")
	refuse(t, xmlsecSign(t, changed(t, []byte(c.xml()), `Target="#sig"`, `Target="#props"`), "RSA"), xmlsig.ErrProperties, "signed, for another target")
}
