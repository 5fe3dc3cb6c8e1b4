package xmlsig_test

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/internal/xmlsig"
)

// template is a signature for xmlsec1 to fill in.
type template struct {
	who, canon, method, digest string
	document                   string   // transform that leaves the signature out
	forms                      []string // canonical form of document, properties, key information; "" for none, "-" for no reference
	plain                      bool     // without SigningCertificate
	rootID                     bool     // URI="#root" instead of ""
}

const exclusiveWithList = `<ds:Transform Algorithm="` + xmlsig.ExclusiveC14N + `"><ec:InclusiveNamespaces xmlns:ec="` + xmlsig.ExclusiveC14N + `" PrefixList="u tns #default"/></ds:Transform>`

func form(uri string) string {
	switch uri {
	case "":
		return ""
	case "list":
		return exclusiveWithList
	}
	return `<ds:Transform Algorithm="` + uri + `"/>`
}

const (
	enveloped   = `<ds:Transform Algorithm="` + xmlsig.TransformEnveloped + `"/>`
	filterKit   = `<ds:Transform Algorithm="` + xmlsig.TransformFilter2 + `"><f:XPath xmlns:f="` + xmlsig.TransformFilter2 + `" Filter="subtract">/descendant::ds:Signature</f:XPath></ds:Transform>`
	filterPlain = `<ds:Transform Algorithm="` + xmlsig.TransformFilter2 + `"><XPath xmlns="` + xmlsig.TransformFilter2 + `" xmlns:other="` + xmlsig.DSNamespace + `" Filter="subtract">
		/descendant::other:Signature </XPath></ds:Transform>`
)

func (c template) xml() string {
	cert := people()[c.who].Certificate
	sum := sha256.Sum256(cert.Raw)
	reference := func(attributes, transforms string) string {
		if transforms != "" {
			transforms = "<ds:Transforms>" + transforms + "</ds:Transforms>"
		}
		return `<ds:Reference ` + attributes + `>` + transforms + `<ds:DigestMethod Algorithm="` + c.digest + `"/><ds:DigestValue></ds:DigestValue></ds:Reference>`
	}
	uri := ""
	if c.rootID {
		uri = "#root"
	}
	references := reference(`Id="doc" URI="`+uri+`"`, c.document+form(c.forms[0]))
	if c.forms[1] != "-" {
		references += reference(`Type="http://uri.etsi.org/01903#SignedProperties" URI="#props"`, form(c.forms[1]))
	}
	if c.forms[2] != "-" {
		references += "\n" + reference(`URI="#key"`, form(c.forms[2]))
	}
	signing := fmt.Sprintf(`<x:SigningCertificate><x:Cert><x:CertDigest><ds:DigestMethod Algorithm="%s"/><ds:DigestValue>%s</ds:DigestValue></x:CertDigest>
		<x:IssuerSerial><ds:X509IssuerName>CN=XML Test CA</ds:X509IssuerName><ds:X509SerialNumber>%d</ds:X509SerialNumber></x:IssuerSerial></x:Cert></x:SigningCertificate>`,
		xmlsig.DigestSHA256, base64.StdEncoding.EncodeToString(sum[:]), cert.SerialNumber)
	if c.plain {
		signing = ""
	}
	method := form(c.canon)
	method = strings.NewReplacer("ds:Transform ", "ds:CanonicalizationMethod ", "/ds:Transform>", "/ds:CanonicalizationMethod>").Replace(method)
	s := `<ds:Signature xmlns:ds="` + xmlsig.DSNamespace + `" Id="sig"><ds:SignedInfo>
		` + method + `<ds:SignatureMethod Algorithm="` + c.method + `"/>` + references + `
	</ds:SignedInfo><ds:SignatureValue></ds:SignatureValue><ds:KeyInfo Id="key"><ds:X509Data></ds:X509Data></ds:KeyInfo>
	<ds:Object><x:QualifyingProperties xmlns:x="` + xmlsig.XAdESNamespace + `" Target="#sig"><x:SignedProperties Id="props"><x:SignedSignatureProperties>
		<x:SigningTime>2026-01-15T10:30:02.5+01:00</x:SigningTime>` + signing + `</x:SignedSignatureProperties>
		<x:SignedDataObjectProperties><x:DataObjectFormat ObjectReference="#doc"><x:MimeType>text/xml</x:MimeType></x:DataObjectFormat></x:SignedDataObjectProperties>
	</x:SignedProperties></x:QualifyingProperties></ds:Object></ds:Signature>`
	doc := strings.Replace(small, "xml:lang=", `Id="root" xml:id="i" xml:base="http://base.example/d/" xml:space="preserve" xml:lang=`, 1)
	return strings.Replace(doc, "</tns:Evidence>", s+"</tns:Evidence>", 1)
}

// TestSignedByXmlsec1: documents that xmlsec1 signs, in every form of the
// allow-lists, hold; altered they do not. The inclusive forms of the properties
// and the key have to inherit what is above them.
func TestSignedByXmlsec1(t *testing.T) {
	e, i, i11 := xmlsig.ExclusiveC14N, xmlsig.C14N10, xmlsig.C14N11
	for name, c := range map[string]template{
		"baseline":          {"RSA", e, xmlsig.RSASHA256, xmlsig.DigestSHA256, enveloped, []string{e, e, "-"}, false, false},
		"filter":            {"RSA", e, xmlsig.RSASHA256, xmlsig.DigestSHA256, filterKit, []string{e, e, "-"}, false, false},
		"filter unprefixed": {"RSA", e, xmlsig.RSASHA384, xmlsig.DigestSHA384, filterPlain, []string{e, e, "-"}, false, false},
		"inclusive":         {"RSA", i, xmlsig.RSASHA512, xmlsig.DigestSHA512, enveloped, []string{i, i, i}, false, false},
		"inclusive 1.1":     {"RSA", i11, xmlsig.RSASHA256, xmlsig.DigestSHA256, filterKit, []string{i11, i11, i11}, false, false},
		"by default":        {"RSA3072", i, xmlsig.RSASHA256, xmlsig.DigestSHA256, filterKit, []string{"", "", ""}, false, false},
		"prefix lists":      {"P-256", "list", xmlsig.ECDSASHA256, xmlsig.DigestSHA256, enveloped, []string{"list", "list", "list"}, false, false},
		"the root by name":  {"P-384", e, xmlsig.ECDSASHA384, xmlsig.DigestSHA256, enveloped, []string{i, e, e}, false, true},
		"P-521":             {"P-521", e, xmlsig.ECDSASHA512, xmlsig.DigestSHA512, enveloped, []string{i11, i, e}, false, false},
		"SDI":               {"RSA", i, xmlsig.RSASHA256, xmlsig.DigestSHA256, filterPlain, []string{"", "", ""}, true, false},
		"plain":             {"RSA", i, xmlsig.RSASHA256, xmlsig.DigestSHA256, enveloped, []string{"", "-", "-"}, true, false},
	} {
		signed := xmlsecSign(t, []byte(c.xml()), c.who)
		p := &xmlsig.Policy{PlainXMLDSig: c.plain}
		s := verify(t, signed, p)
		require.NoError(t, s.Err, "%s\n%s", name, signed)
		require.Equal(t, people()[c.who].Certificate.Raw, s.Signer, name)
		var codes []string
		for _, f := range s.Findings {
			codes = append(codes, f.Code)
		}
		if c.forms[1] != "-" {
			require.Equal(t, int64(1768469402), s.SigningTime.Unix(), name)
			require.NotNil(t, s.Properties)
			require.Empty(t, codes, name)
		} else {
			require.True(t, s.SigningTime.IsZero())
			require.Nil(t, s.Properties)
			require.Equal(t, []string{"properties-not-signed", "signing-certificate-unprotected"}, codes)
		}
		if c.plain {
			refuse(t, signed, map[bool]error{true: xmlsig.ErrReference, false: xmlsig.ErrSigningCertificate}[c.forms[1] == "-"], name)
		}
		for _, alter := range [][2]string{{"09:30:00Z", "09:30:01Z"}, {`b="2"`, `b="3"`}, {"caffè", "caffe"}} {
			bad := verify(t, changed(t, signed, alter[0], alter[1]), p)
			require.ErrorIs(t, bad.Err, xmlsig.ErrDigest, name)
			require.NotErrorIs(t, bad.Err, xmlsig.ErrSignature, name)
			require.Nil(t, bad.SignedElement)
		}
		if c.forms[1] != "-" {
			bad := verify(t, changed(t, signed, "10:30:02.5", "10:30:02.6"), p)
			require.ErrorIs(t, bad.Err, xmlsig.ErrDigest, name)
			require.True(t, bad.SigningTime.IsZero())
		}
		// What is not signed may change.
		require.NoError(t, verify(t, changed(t, signed, "<!-- not signed -->", "<!-- changed -->", `<e xmlns="urn:e" b="2" a="&quot;1&quot;"/>`, `<e a='"1"'  b='2' xmlns="urn:e"></e >`), p).Err, name)
	}
}
