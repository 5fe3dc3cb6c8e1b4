package xmlsig_test

import (
	"bytes"
	"context"
	"crypto"
	"encoding/asn1"
	"encoding/base64"
	"math/big"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/internal/reftest"
	"github.com/certmail/certmail/internal/testpki"
	"github.com/certmail/certmail/internal/xmlsig"
)

// signature returns the ds:Signature of a signed document.
func signature(tb testing.TB, xml []byte) string {
	return between(tb, xml, "<ds:Signature ", "</ds:Signature>")
}

func filtered() *xmlsig.Signing {
	s := signing("RSA")
	s.Style = xmlsig.Filter2
	return s
}

const root = `<tns:Evidence xmlns:tns="http://uri.etsi.org/19522/v1#" xmlns:u="urn:unused" version='EN319522v1.2.1' xml:lang="it">`

// X1: the signed original below a wrapper, a forged root in front.
func TestX01_Wrapping(t *testing.T) {
	for _, s := range []*xmlsig.Signing{signing("RSA"), filtered()} {
		signed := sign(t, small, s)
		original := between(t, signed, root, "</tns:Evidence>")
		refuse(t, []byte("<forged>"+original+"</forged>"), xmlsig.ErrMisplaced, "below a wrapper")
		sig := signature(t, signed)
		bare := strings.NewReplacer(sig, "", "<!-- not signed -->", "").Replace(original)
		refuse(t, []byte("<forged><evil/>"+bare+sig+"</forged>"), xmlsig.ErrDigest, "signature moved up")
		forged := root + "<tns:EvidenceIdentifier>forged</tns:EvidenceIdentifier>"
		refuse(t, []byte(forged+sig+"<keep>"+bare+"</keep></tns:Evidence>"), xmlsig.ErrDigest, "kept inside")
		inObject := strings.Replace(sig, "</ds:Object>", "</ds:Object><ds:Object>"+bare+"</ds:Object>", 1)
		refuse(t, []byte(forged+inObject+"</tns:Evidence>"), xmlsig.ErrStructure, "kept in an Object")
		inObject = strings.Replace(sig, "</ds:Object>", bare+"</ds:Object>", 1)
		refuse(t, []byte(forged+inObject+"</tns:Evidence>"), xmlsig.ErrStructure, "kept in the Object")
		inUnsigned := strings.Replace(sig, "</xades:QualifyingProperties>", "<xades:UnsignedProperties>"+bare+"</xades:UnsignedProperties></xades:QualifyingProperties>", 1)
		refuse(t, []byte(forged+inUnsigned+"</tns:Evidence>"), xmlsig.ErrDigest, "kept in the unsigned properties")
	}
	// A reference by name, and the name given to what was signed, out of the way.
	c := template{"RSA", xmlsig.ExclusiveC14N, xmlsig.RSASHA256, xmlsig.DigestSHA256, enveloped, []string{xmlsig.ExclusiveC14N, xmlsig.ExclusiveC14N, "-"}, false, true}
	signed := xmlsecSign(t, []byte(c.xml()), c.who)
	require.NoError(t, verify(t, signed, nil).Err)
	body := between(t, signed, "<tns:Evidence", "</tns:Evidence>")
	sig := signature(t, signed)
	moved := `<tns:Evidence xmlns:tns="http://uri.etsi.org/19522/v1#"><forged/>` + strings.Replace(body, sig, "", 1) + sig + `</tns:Evidence>`
	refuse(t, []byte(moved), xmlsig.ErrReference, "reference to a child")
}

// X2: two signatures, one of them valid.
func TestX02_TwoSignatures(t *testing.T) {
	signed := sign(t, small, filtered())
	sig := signature(t, signed)
	other := strings.ReplaceAll(sig, "id-X", "id-Y")
	for what, xml := range map[string][]byte{
		"side by side":     changed(t, signed, sig, sig+other),
		"the other first":  changed(t, signed, sig, other+sig),
		"an empty one":     changed(t, signed, sig, sig+`<x:Signature xmlns:x="`+xmlsig.DSNamespace+`"/>`),
		"deep in the body": changed(t, signed, "</Details>", other+"</Details>"),
		"in the Object":    changed(t, signed, "</ds:Object>", other+"</ds:Object>"),
		"a counter-signature": changed(t, signed, "</xades:QualifyingProperties>", "<xades:UnsignedProperties><xades:UnsignedSignatureProperties><xades:CounterSignature>"+
			other+"</xades:CounterSignature></xades:UnsignedSignatureProperties></xades:UnsignedProperties></xades:QualifyingProperties>"),
	} {
		refuse(t, xml, xmlsig.ErrSeveralSignatures, what)
	}
	refuse(t, []byte(small), xmlsig.ErrNoSignature, "none")
	refuse(t, changed(t, signed, sig, "<a>"+sig+"</a>"), xmlsig.ErrMisplaced, "not a child of the root")
	refuse(t, []byte(sig), xmlsig.ErrMisplaced, "the root itself")
}

// X3: the same identifier twice.
func TestX03_DuplicateID(t *testing.T) {
	s := signing("RSA")
	signed := sign(t, `<a><b x="1"/></a>`, s)
	for _, name := range []string{"Id", "ID", "id"} {
		for _, value := range []string{"id-X", "xades-id-X", "r-id-X-1", "value-id-X"} {
			refuse(t, changed(t, signed, `x="1"`, name+`="`+value+`"`), xmlsig.ErrDuplicateID, name+" "+value)
		}
	}
	refuse(t, changed(t, signed, `x="1"`, `xml:id="xades-id-X"`), xmlsig.ErrDuplicateID, "xml:id")
	properties := between(t, signed, "<xades:SignedProperties", "</xades:SignedProperties>")
	properties = strings.Replace(properties, "<xades:SignedProperties", `<xades:SignedProperties xmlns:xades="`+xmlsig.XAdESNamespace+`" xmlns:ds="`+xmlsig.DSNamespace+`"`, 1)
	forged := strings.Replace(properties, "2026-01-15", "2020-01-15", 1)
	refuse(t, changed(t, signed, "</a>", forged+"</a>"), xmlsig.ErrDuplicateID, "properties outside the signature")
	refuse(t, changed(t, signed, "<xades:SignedProperties", strings.Replace(forged, "xades-id-X", "other", 1)+"<xades:SignedProperties"), xmlsig.ErrStructure, "properties twice")
}

// X4: a second ds:Signature, hidden by the filter, carries foreign content.
func TestX04_HiddenBySignatureName(t *testing.T) {
	signed := sign(t, small, filtered())
	hidden := `<ds:Signature xmlns:ds="` + xmlsig.DSNamespace + `"><tns:EvidenceIdentifier>forged</tns:EvidenceIdentifier></ds:Signature>`
	refuse(t, changed(t, signed, "<tns:EvidenceIdentifier>", hidden+"<tns:EvidenceIdentifier>"), xmlsig.ErrSeveralSignatures, "hidden")
	after := changed(t, signed, "</tns:Evidence>", hidden+"</tns:Evidence>")
	refuse(t, after, xmlsig.ErrSeveralSignatures, "hidden after it")
	out, err := xmlsecVerify(t, after)
	require.NoError(t, err, "that is why: xmlsec1 alone accepts it: %s", out)
}

// X5: references to somewhere else.
func TestX05_ForeignReferences(t *testing.T) {
	signed := sign(t, small, signing("RSA"))
	for _, uri := range []string{"http://evil.example/x.xml", "file:///etc/passwd", "x.xml", "#xpointer(/)", "#xpointer(id('id-X'))", "#", "#nobody", "#id-X", "#value-id-X", "#r-id-X-1", "?", "#a#b", "#a%20b"} {
		refuse(t, changed(t, signed, `URI=""`, `URI="`+uri+`"`), xmlsig.ErrReference, uri)
	}
	refuse(t, changed(t, signed, ` URI=""`, ``), xmlsig.ErrReference, "no URI")
	refuse(t, changed(t, signed, `URI="#xades-id-X"`, `URI=""`), xmlsig.ErrReference, "twice the document")
	refuse(t, changed(t, signed, `URI="#xades-id-X"`, `URI="#id-X"`), xmlsig.ErrReference, "to the signature")
	manifest := changed(t, signed, `Id="r-id-X-1" URI=""`, `Type="http://www.w3.org/2000/09/xmldsig#Manifest" URI="#m"`, "</tns:Evidence>", `<ds:Manifest xmlns:ds="`+xmlsig.DSNamespace+`" Id="m"/></tns:Evidence>`)
	refuse(t, manifest, xmlsig.ErrReference, "a Manifest")
}

// X6: no reference to the signed properties, or one to something like them.
func TestX06_PropertiesReference(t *testing.T) {
	signed := sign(t, small, signing("RSA"))
	second := `<ds:Reference Type=` + between(t, signed, `"http://uri.etsi.org/01903#SignedProperties"`, "</ds:Reference>")
	refuse(t, changed(t, signed, second, ""), xmlsig.ErrReference, "removed")
	refuse(t, changed(t, signed, second, second+second), xmlsig.ErrReference, "twice")
	refuse(t, changed(t, signed, ` Type="http://uri.etsi.org/01903#SignedProperties"`, ``), xmlsig.ErrReference, "without its type")
	refuse(t, changed(t, signed, ` Type="http://uri.etsi.org/01903#SignedProperties"`, ` Type="http://uri.etsi.org/01903/v1.1.1#SignedProperties"`), xmlsig.ErrReference, "of another type")
	refuse(t, changed(t, signed, `Id="r-id-X-1"`, `Id="r-id-X-1" Type="http://uri.etsi.org/01903#SignedProperties"`), xmlsig.ErrReference, "the type on the document")
	properties := between(t, signed, "<xades:SignedProperties", "</xades:SignedProperties>")
	declared := strings.Replace(properties, "<xades:SignedProperties", `<xades:SignedProperties xmlns:xades="`+xmlsig.XAdESNamespace+`" xmlns:ds="`+xmlsig.DSNamespace+`"`, 1)
	// The genuine ones elsewhere, where the reference finds them; forged ones in their place.
	forged := strings.NewReplacer(`Id="xades-id-X"`, `Id="other"`, "2026-01-15", "2020-01-15").Replace(properties)
	for what, xml := range map[string][]byte{
		"moved into the body":         changed(t, signed, properties, forged, "</Details>", declared+"</Details>"),
		"moved to unsigned":           changed(t, signed, properties, forged+"<xades:UnsignedProperties>"+properties+"</xades:UnsignedProperties>"),
		"the document's is not there": changed(t, signed, properties, ""),
	} {
		refuse(t, xml, xmlsig.ErrReference, what)
	}
	refuse(t, changed(t, signed, "2026-01-15T09:30:02Z", "2026-01-15T09:30:03Z"), xmlsig.ErrDigest, "altered")
	object := between(t, signed, "<ds:Object>", "</ds:Object>")
	refuse(t, changed(t, signed, object, ""), xmlsig.ErrReference, "no Object")
	refuse(t, changed(t, signed, object, "<ds:Object>"+declared+"</ds:Object>"), xmlsig.ErrStructure, "without QualifyingProperties")
}

// X7: properties that are another signature's.
func TestX07_Target(t *testing.T) {
	signed := sign(t, small, signing("RSA"))
	refuse(t, changed(t, signed, `Target="#id-X"`, `Target="#id-Y"`), xmlsig.ErrProperties, "another target")
	refuse(t, changed(t, signed, ` Target="#id-X"`, ``), xmlsig.ErrProperties, "no target")
	refuse(t, changed(t, signed, ` Id="id-X"`, ``), xmlsig.ErrProperties, "no identifier")
	refuse(t, changed(t, signed, ` Id="id-X"`, ` Id=""`, `Target="#id-X"`, `Target="#"`), xmlsig.ErrProperties, "an empty identifier")
	refuse(t, changed(t, signed, `ObjectReference="#r-id-X-1"`, `ObjectReference="#xades-id-X"`), xmlsig.ErrProperties, "the format of something else")
	// Of another signature by the same signer.
	other := sign(t, strings.Replace(small, "09:30", "10:30", 1), signing("RSA"))
	refuse(t, changed(t, signed, signature(t, signed), signature(t, other)), xmlsig.ErrDigest, "another document's signature")
	later := signing("RSA")
	later.Time = later.Time.AddDate(0, 0, 1)
	properties := between(t, sign(t, small, later), "<xades:SignedProperties", "</xades:SignedProperties>")
	refuse(t, changed(t, signed, between(t, signed, "<xades:SignedProperties", "</xades:SignedProperties>"), properties), xmlsig.ErrDigest, "swapped properties")
}

// X8: other certificates beside or instead of the signer's.
func TestX08_Certificates(t *testing.T) {
	signed := sign(t, small, signing("RSA"))
	own := between(t, signed, "<ds:X509Certificate>", "</ds:X509Certificate>")
	evil := "<ds:X509Certificate>" + base64.StdEncoding.EncodeToString(people()["other"].Certificate.Raw) + "</ds:X509Certificate>"
	for _, both := range []string{evil + own, own + evil, own + own, evil + evil + own} {
		s := verify(t, changed(t, signed, own, both), nil)
		require.NoError(t, s.Err)
		require.Equal(t, people()["RSA"].Certificate.Raw, s.Signer)
	}
	refuse(t, changed(t, signed, own, evil), xmlsig.ErrSigningCertificate, "only the other")
	refuse(t, changed(t, signed, own, ""), xmlsig.ErrCertificate, "none")
	refuse(t, changed(t, signed, between(t, signed, "<ds:KeyInfo>", "</ds:KeyInfo>"), ""), xmlsig.ErrCertificate, "no KeyInfo")
	refuse(t, changed(t, signed, own, strings.Repeat(evil, 16)+own), xmlsig.ErrStructure, "too many")
	// Another certificate for the very same key, with the same name and number.
	again := testpki.NewAuthority(seed, "XML Test CA", nil).Issue(people()["RSA"].Key, "Provider", "rem@evil.example", nil)
	twin := "<ds:X509Certificate>" + base64.StdEncoding.EncodeToString(again.Certificate.Raw) + "</ds:X509Certificate>"
	refuse(t, changed(t, signed, own, twin), xmlsig.ErrSigningCertificate, "another of the same key")
	// The attacker signs anew and names himself, or keeps the victim's name.
	mine := sign(t, small, signing("other"))
	s := verify(t, mine, nil)
	require.NoError(t, s.Err)
	require.Equal(t, people()["other"].Certificate.Raw, s.Signer, "it holds, and says who it was")
	refuse(t, changed(t, mine, between(t, mine, "<xades:SignedProperties", "</xades:SignedProperties>"), between(t, signed, "<xades:SignedProperties", "</xades:SignedProperties>"),
		evil, own), xmlsig.ErrDigest, "the victim's properties")
	value := between(t, signed, "<ds:SignatureValue", "</ds:SignatureValue>")
	refuse(t, changed(t, signed, value, between(t, mine, "<ds:SignatureValue", "</ds:SignatureValue>")), xmlsig.ErrSignature, "the attacker's value")
	require.NotEqual(t, value, between(t, mine, "<ds:SignatureValue", "</ds:SignatureValue>"))
}

// X9: comments inside values, one thing twice.
func TestX09_CommentsAndRepetition(t *testing.T) {
	signed := sign(t, small, signing("RSA"))
	digest := between(t, signed, "<ds:DigestValue>", "</ds:DigestValue>")
	info := between(t, signed, "<ds:SignedInfo>", "</ds:SignedInfo>")
	value := between(t, signed, "<ds:SignatureValue", "</ds:SignatureValue>")
	for what, xml := range map[string][]byte{
		"a comment in DigestValue":       changed(t, signed, "<ds:DigestValue>", "<ds:DigestValue><!--forged-->"),
		"a digest in a comment":          changed(t, signed, digest, strings.NewReplacer("<ds:DigestValue>", "<ds:DigestValue><!--", "</ds:", "-->AAAA</ds:").Replace(digest)),
		"an instruction in DigestValue":  changed(t, signed, "<ds:DigestValue>", "<ds:DigestValue><?a?>"),
		"a comment in SignatureValue":    changed(t, signed, "</ds:SignatureValue>", "<!-- --></ds:SignatureValue>"),
		"a comment in SignedInfo":        changed(t, signed, "<ds:SignedInfo>", "<ds:SignedInfo><!-- -->"),
		"a comment in the certificate":   changed(t, signed, "<ds:X509Certificate>", "<ds:X509Certificate><!-- -->"),
		"a comment in the filter":        changed(t, sign(t, small, filtered()), "/descendant::", "/descendant::<!-- -->"),
		"a comment in the properties":    changed(t, signed, "<xades:SigningTime>", "<xades:SigningTime><!-- -->"),
		"two SignedInfo":                 changed(t, signed, info, info+strings.Replace(info, "r-id-X-1", "r-id-X-2", 1)),
		"two SignatureValue":             changed(t, signed, value, value+strings.Replace(value, "value-id-X", "other", 1)),
		"two DigestValue":                changed(t, signed, digest, digest+digest),
		"SignedInfo after the value":     changed(t, signed, info, "", value, value+info),
		"SignedInfo of no namespace":     changed(t, signed, info, "<SignedInfo/>"+info),
		"an element in DigestValue":      changed(t, signed, "<ds:DigestValue>", "<ds:DigestValue><a/>"),
		"text in SignedInfo":             changed(t, signed, "<ds:SignedInfo>", "<ds:SignedInfo>x"),
		"text in Signature":              changed(t, signed, "</ds:KeyInfo>", "</ds:KeyInfo>x"),
		"text in the Transforms":         changed(t, signed, "</ds:Transforms>", "x</ds:Transforms>"),
		"a short digest":                 changed(t, signed, digest, "<ds:DigestValue>AAAA</ds:DigestValue>"),
		"an empty digest":                changed(t, signed, digest, "<ds:DigestValue/>"),
		"an empty signature":             changed(t, signed, value, "<ds:SignatureValue/>"),
		"base64 that is none":            changed(t, signed, digest, "<ds:DigestValue>*</ds:DigestValue>"),
		"an attribute of the method":     changed(t, signed, `<ds:SignatureMethod `, `<ds:SignatureMethod x="" `),
		"HMACOutputLength in the method": changed(t, signed, `#rsa-sha256"/>`, `#rsa-sha256"><ds:HMACOutputLength>1</ds:HMACOutputLength></ds:SignatureMethod>`),
	} {
		refuse(t, xml, xmlsig.ErrStructure, what)
	}
	// The same octets written in another way: spare bits, no padding.
	for what, end := range map[string]string{"spare bits": "B==</ds:", "no padding": "A</ds:"} {
		spare := base64.StdEncoding.EncodeToString(append(make([]byte, 255), 0))
		require.Equal(t, "A==", spare[len(spare)-3:])
		refuse(t, changed(t, signed, value, `<ds:SignatureValue>`+spare[:len(spare)-3]+end+"SignatureValue>"), xmlsig.ErrStructure, what)
	}
	// In what was signed, a comment splits nothing.
	s := verify(t, changed(t, signed, "6f1c.certmail@provider.example", "6f1c.certmail<!-- .evil -->@provider.example"), nil)
	require.NoError(t, s.Err)
	require.Equal(t, "6f1c.certmail@provider.example", s.SignedElement.First("http://uri.etsi.org/19522/v1#", "EvidenceIdentifier").Text())
	refuse(t, changed(t, signed, "6f1c.certmail", "6f1c.cert<?a?>mail"), xmlsig.ErrDigest, "an instruction is signed content")
	refuse(t, changed(t, signed, "<!-- before -->", "<?before?>"), xmlsig.ErrInstruction, "an instruction outside the root")
}

// X11: a canonical form with comments, another transform.
func TestX11_Transforms(t *testing.T) {
	signed := sign(t, small, signing("RSA"))
	c14n := `<ds:Transform Algorithm="` + xmlsig.ExclusiveC14N + `"/>`
	own := enveloped + c14n
	transform := func(uri, inside string) string {
		return `<ds:Transform Algorithm="` + uri + `">` + inside + `</ds:Transform>`
	}
	for what, with := range map[string]string{
		"none at all":                "",
		"only a canonical form":      c14n,
		"the other way round":        c14n + enveloped,
		"two canonical forms":        own + c14n,
		"twice enveloped":            enveloped + own,
		"both":                       filterKit + own,
		"XSLT":                       transform("http://www.w3.org/TR/1999/REC-xslt-19991116", `<x:stylesheet xmlns:x="http://www.w3.org/1999/XSL/Transform" version="1.0"/>`) + own,
		"XPath":                      transform("http://www.w3.org/TR/1999/REC-xpath-19991116", `<ds:XPath>not(ancestor-or-self::ds:Signature)</ds:XPath>`) + c14n,
		"base64":                     transform("http://www.w3.org/2000/09/xmldsig#base64", ""),
		"enveloped with more":        transform(xmlsig.TransformEnveloped, "<ds:XPath/>") + c14n,
		"another filter":             strings.Replace(filterKit, "/descendant::ds:Signature", "/descendant::*", 1) + c14n,
		"a filter that intersects":   strings.Replace(filterKit, "subtract", "intersect", 1) + c14n,
		"a filter of another prefix": strings.Replace(filterKit, "ds:Signature<", "tns:Signature<", 1) + c14n,
		"a filter without prefix":    strings.Replace(filterKit, "ds:Signature<", "Signature<", 1) + c14n,
		"a filter of a filter":       strings.Replace(filterKit, "ds:Signature<", "ds:Signature/..<", 1) + c14n,
		"two filters":                strings.Replace(filterKit, "</f:XPath>", `</f:XPath><f:XPath xmlns:f="`+xmlsig.TransformFilter2+`" Filter="union">/</f:XPath>`, 1) + c14n,
		"an empty filter":            transform(xmlsig.TransformFilter2, "") + c14n,
	} {
		refuse(t, changed(t, signed, own, with), xmlsig.ErrTransform, what)
	}
	for what, uri := range map[string]string{
		"exclusive with comments": xmlsig.ExclusiveC14N + "WithComments",
		"inclusive with comments": xmlsig.C14N10 + "#WithComments",
		"1.1 with comments":       xmlsig.C14N11 + "#WithComments",
		"2.0":                     "http://www.w3.org/2010/xml-c14n2",
		"nothing":                 "",
	} {
		refuse(t, changed(t, signed, own, enveloped+`<ds:Transform Algorithm="`+uri+`"/>`), xmlsig.ErrTransform, what)
		refuse(t, changed(t, signed, `CanonicalizationMethod Algorithm="`+xmlsig.ExclusiveC14N, `CanonicalizationMethod Algorithm="`+uri), xmlsig.ErrAlgorithm, what)
	}
	refuse(t, changed(t, signed, own, enveloped+strings.Replace(exclusiveWithList, "u tns", strings.Repeat("u ", 65), 1)), xmlsig.ErrStructure, "an endless PrefixList")
	// What the policy does not want.
	for _, p := range []*xmlsig.Policy{{Styles: []xmlsig.TransformStyle{xmlsig.Filter2}}, {Canonicalizations: []string{xmlsig.C14N10}}, {Digests: []string{xmlsig.DigestSHA512}},
		{Signatures: []string{xmlsig.RSASHA512}}, {MinRSA: 3072}, {MaxReferences: 1}} {
		s := verify(t, signed, p)
		require.Error(t, s.Err, "%+v", p)
		require.False(t, s.OK())
	}
}

// X14: weak keys, weak algorithms, a public key for a secret.
func TestX14_Algorithms(t *testing.T) {
	signed := sign(t, small, signing("RSA"))
	for _, uri := range []string{"http://www.w3.org/2000/09/xmldsig#rsa-sha1", "http://www.w3.org/2001/04/xmldsig-more#rsa-md5", "http://www.w3.org/2000/09/xmldsig#dsa-sha1",
		"http://www.w3.org/2009/xmldsig11#dsa-sha256", "http://www.w3.org/2000/09/xmldsig#hmac-sha1", "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256", "http://www.w3.org/2001/04/xmldsig-more#rsa-sha224",
		"http://www.w3.org/2007/05/xmldsig-more#rsa-pss", "", "none"} {
		refuse(t, changed(t, signed, xmlsig.RSASHA256, uri), xmlsig.ErrAlgorithm, uri)
	}
	for _, uri := range []string{"http://www.w3.org/2000/09/xmldsig#sha1", "http://www.w3.org/2001/04/xmldsig-more#md5", "http://www.w3.org/2001/04/xmldsig-more#sha224", ""} {
		refuse(t, changed(t, signed, `DigestMethod Algorithm="`+xmlsig.DigestSHA256, `DigestMethod Algorithm="`+uri), xmlsig.ErrAlgorithm, uri)
	}
	e := xmlsig.ExclusiveC14N
	for who, method := range map[string]string{"RSA1024": xmlsig.RSASHA256, "P-224": xmlsig.ECDSASHA256} {
		c := template{who, e, method, xmlsig.DigestSHA256, enveloped, []string{e, e, "-"}, false, false}
		refuse(t, xmlsecSign(t, []byte(c.xml()), who), xmlsig.ErrKey, who)
	}
	for _, c := range []template{
		{"RSA", e, "http://www.w3.org/2000/09/xmldsig#rsa-sha1", xmlsig.DigestSHA256, enveloped, []string{e, e, "-"}, false, false},
		{"RSA", e, xmlsig.RSASHA256, "http://www.w3.org/2000/09/xmldsig#sha1", enveloped, []string{e, e, "-"}, false, false},
	} {
		refuse(t, xmlsecSign(t, []byte(c.xml()), c.who), xmlsig.ErrAlgorithm, c.method)
	}
	// The key of one kind, the method of another.
	refuse(t, changed(t, signed, xmlsig.RSASHA256, xmlsig.ECDSASHA256), xmlsig.ErrKey, "RSA as ECDSA")
	refuse(t, changed(t, sign(t, small, signing("P-256")), xmlsig.ECDSASHA256, xmlsig.RSASHA256), xmlsig.ErrKey, "ECDSA as RSA")
	refuse(t, changed(t, signed, xmlsig.RSASHA256, xmlsig.RSASHA512), xmlsig.ErrSignature, "another digest")
	// ECDSA values: r and s side by side, neither DER nor another width.
	signed = sign(t, small, signing("P-256"))
	value := between(t, signed, `<ds:SignatureValue Id="value-id-X">`, "</ds:SignatureValue>")
	own, err := base64.StdEncoding.DecodeString(strings.TrimSuffix(strings.TrimPrefix(value, `<ds:SignatureValue Id="value-id-X">`), "</ds:SignatureValue>"))
	require.NoError(t, err)
	require.Len(t, own, 64)
	wide := append(append(make([]byte, 1, 66), own[:32]...), append([]byte{0}, own[32:]...)...)
	der, err := asn1.Marshal(struct{ R, S *big.Int }{new(big.Int).SetBytes(own[:32]), new(big.Int).SetBytes(own[32:])})
	require.NoError(t, err)
	for _, b := range [][]byte{append(bytes.Clone(own), 0), own[:63], wide, der, make([]byte, 64), make([]byte, 63), make([]byte, 65), make([]byte, 128), bytes.Repeat([]byte{0xff}, 64)} {
		refuse(t, changed(t, signed, value, `<ds:SignatureValue Id="value-id-X">`+base64.StdEncoding.EncodeToString(b)+"</ds:SignatureValue>"), xmlsig.ErrSignature, "r and s")
	}
}

// X15: the imprint is that of this very signature value, in the form declared.
func TestX15_TimeStamp(t *testing.T) {
	one := sign(t, small, stamped(signing("RSA")))
	two := sign(t, strings.Replace(small, "09:30", "10:30", 1), stamped(signing("RSA")))
	stamp := between(t, two, "<xades:UnsignedProperties>", "</xades:UnsignedProperties>")
	moved := changed(t, one, between(t, one, "<xades:UnsignedProperties>", "</xades:UnsignedProperties>"), stamp)
	s := verify(t, moved, nil)
	require.NoError(t, s.Err)
	require.Len(t, s.TimeStamps, 1)
	imprint, err := s.TimeStamps[0].Imprint(crypto.SHA256)
	require.NoError(t, err)
	require.NotContains(t, string(s.TimeStamps[0].Token), string(imprint))
	_, err = s.TimeStamps[0].Imprint(crypto.SHA1)
	require.ErrorIs(t, err, xmlsig.ErrAlgorithm)
	// Several are told, each with its form; what cannot be read is a remark.
	ts := between(t, one, "<xades:SignatureTimeStamp", "</xades:SignatureTimeStamp>")
	method := `<ds:CanonicalizationMethod Algorithm="` + xmlsig.ExclusiveC14N + `"/>`
	inclusive := strings.NewReplacer(method, "", `Id="TS-id-X"`, "", `Id="ETS-id-X"`, "").Replace(ts)
	s = verify(t, changed(t, one, ts, ts+inclusive), nil)
	require.NoError(t, s.Err)
	require.Len(t, s.TimeStamps, 2)
	require.Equal(t, xmlsig.ExclusiveC14N, s.TimeStamps[0].Canonicalization)
	require.Equal(t, xmlsig.C14N10, s.TimeStamps[1].Canonicalization)
	first, err := s.TimeStamps[0].Imprint(crypto.SHA256)
	require.NoError(t, err)
	second, err := s.TimeStamps[1].Imprint(crypto.SHA256)
	require.NoError(t, err)
	require.NotEqual(t, first, second)
	for what, with := range map[string]string{
		"a form with comments": strings.Replace(ts, xmlsig.ExclusiveC14N, xmlsig.ExclusiveC14N+"WithComments", 1),
		"no token":             strings.Replace(ts, between(t, one, "<xades:Encapsulated", "</xades:EncapsulatedTimeStamp>"), "", 1),
		"an include":           strings.Replace(ts, method, `<xades:Include URI="#x"/>`+method, 1),
		"not base64":           strings.Replace(ts, `Id="ETS-id-X">`, `Id="ETS-id-X">*`, 1),
		"another encoding":     strings.Replace(ts, `Id="ETS-id-X"`, `Encoding="http://uri.etsi.org/01903/v1.2.2#PER"`, 1),
	} {
		s := verify(t, changed(t, one, ts, with), nil)
		require.NoError(t, s.Err, what)
		require.Empty(t, s.TimeStamps, what)
		require.Len(t, s.Findings, 1, what)
		require.Equal(t, "timestamp-unreadable", s.Findings[0].Code)
	}
	s = verify(t, changed(t, one, ts, strings.Repeat(inclusive, 40)), nil)
	require.Len(t, s.TimeStamps, 16)
	require.Equal(t, "timestamp-ignored", s.Findings[0].Code)
	// The stamp is made over the octets that OpenSSL digests.
	var got []byte
	again := signing("RSA")
	again.TimeStamp = func(_ context.Context, imprint []byte, h crypto.Hash) ([]byte, error) {
		require.Equal(t, crypto.SHA256, h)
		got = imprint
		return []byte("x"), nil
	}
	value := between(t, sign(t, small, again), "<ds:SignatureValue", "</ds:SignatureValue>")
	value = strings.Replace(value, "<ds:SignatureValue", `<ds:SignatureValue xmlns:ds="`+xmlsig.DSNamespace+`"`, 1)
	cmd := exec.Command(reftest.Tool(t, "openssl"), "dgst", "-sha256", "-binary")
	cmd.Stdin = strings.NewReader(value)
	want, err := cmd.Output()
	require.NoError(t, err)
	require.Equal(t, want, got)
}
