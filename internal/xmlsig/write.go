package xmlsig

import (
	"bytes"
	"context"
	"crypto"
	"encoding/base64"
	"html"
	"strings"

	"github.com/certmail/certmail/internal/xmltree"
)

// writer makes one signature. Each step inserts text into the document and reads
// it again, so that what is digested and signed is what a reader will see.
type writer struct {
	*Signing
	hash           crypto.Hash
	digestURI      string
	method         method
	id             string
	documentDigest []byte
}

func (w *writer) time() string { return w.Time.UTC().Format("2006-01-02T15:04:05Z") }

// limits allows for what a signature adds to the document.
func (w *writer) limits(size int) *xmltree.Limits {
	var l xmltree.Limits
	if w.Limits != nil {
		l = *w.Limits
	}
	if l.Bytes > 0 {
		l.Bytes = max(l.Bytes, size)
	}
	if l.Elements > 0 {
		l.Elements += 128
	}
	if l.Depth > 0 {
		l.Depth = max(l.Depth, 16)
	}
	return &l
}

// sign returns the document with a signature of level B-B.
func (w *writer) sign(source []byte, doc *xmltree.Document) ([]byte, error) {
	properties, err := w.signedProperties()
	if err != nil {
		return nil, err
	}
	// The properties' digest needs them in their place, the signature value
	// needs SignedInfo in its own: three rounds.
	propertiesDigest, value := "", ""
	var out []byte
	for round := range 3 {
		out = insert(source, doc, w.signature(propertiesDigest, value, properties))
		if round == 2 {
			break
		}
		inPlace, err := xmltree.Parse(out, w.limits(len(out)))
		if err != nil {
			return nil, err
		}
		at, err := Find(inPlace, nil)
		if err != nil {
			return nil, err
		}
		part := at.First(DSNamespace, "SignedInfo")
		if round == 0 {
			part = at.First(DSNamespace, "Object").First(XAdESNamespace, "QualifyingProperties").First(XAdESNamespace, "SignedProperties")
		}
		form, err := inPlace.AppendCanonical(nil, part, xmltree.Canon{Exclusive: true})
		if err != nil {
			return nil, err
		}
		if round == 0 {
			propertiesDigest = w.digest(form)
		} else if value, err = w.signatureValue(form); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (w *writer) digest(data []byte) string {
	var buf [maxDigest]byte
	return base64.StdEncoding.EncodeToString(digestOf(w.hash, data, &buf))
}

// insert puts text before the end tag of the root, which it gets if it has none.
func insert(source []byte, doc *xmltree.Document, text string) []byte {
	_, end := doc.Root.Inner()
	out := make([]byte, 0, len(source)+len(text)+64)
	if end < doc.Root.End {
		out = append(out, source[:end]...)
		out = append(out, text...)
		return append(out, source[end:]...)
	}
	out = append(out, source[:doc.Root.End-len("/>")]...)
	out = append(out, '>')
	out = append(out, text...)
	out = append(out, "</"...)
	if doc.Root.Prefix != "" {
		out = append(out, doc.Root.Prefix...)
		out = append(out, ':')
	}
	out = append(out, doc.Root.Local...)
	out = append(out, '>')
	return append(out, source[doc.Root.End:]...)
}

// signature writes the ds:Signature.
func (w *writer) signature(propertiesDigest, value, properties string) string {
	var b strings.Builder
	put := func(parts ...string) {
		for _, p := range parts {
			b.WriteString(p)
		}
	}
	put(`<ds:Signature xmlns:ds="`, DSNamespace, `" Id="`, w.id, `"><ds:SignedInfo>`)
	put(`<ds:CanonicalizationMethod Algorithm="`, ExclusiveC14N, `"/>`)
	put(`<ds:SignatureMethod Algorithm="`, w.method.uri(), `"/>`)
	put(`<ds:Reference Id="r-`, w.id, `-1" URI=""><ds:Transforms>`)
	if w.Style == Filter2 {
		put(`<ds:Transform Algorithm="`, TransformFilter2, `"><dsig-filter2:XPath xmlns:dsig-filter2="`, filter2Namespace,
			`" Filter="subtract">/descendant::ds:Signature</dsig-filter2:XPath></ds:Transform>`)
	} else {
		put(`<ds:Transform Algorithm="`, TransformEnveloped, `"/>`)
	}
	put(`<ds:Transform Algorithm="`, ExclusiveC14N, `"/></ds:Transforms>`)
	put(`<ds:DigestMethod Algorithm="`, w.digestURI, `"/><ds:DigestValue>`, base64.StdEncoding.EncodeToString(w.documentDigest), `</ds:DigestValue></ds:Reference>`)
	put(`<ds:Reference Type="`, typeSignedProperties, `" URI="#xades-`, w.id, `"><ds:Transforms><ds:Transform Algorithm="`, ExclusiveC14N, `"/></ds:Transforms>`)
	put(`<ds:DigestMethod Algorithm="`, w.digestURI, `"/><ds:DigestValue>`, propertiesDigest, `</ds:DigestValue></ds:Reference></ds:SignedInfo>`)
	put(`<ds:SignatureValue Id="value-`, w.id, `">`, value, `</ds:SignatureValue><ds:KeyInfo><ds:X509Data>`)
	put(`<ds:X509Certificate>`, base64.StdEncoding.EncodeToString(w.Certificate.Raw), `</ds:X509Certificate>`)
	for _, cert := range w.Chain {
		put(`<ds:X509Certificate>`, base64.StdEncoding.EncodeToString(cert.Raw), `</ds:X509Certificate>`)
	}
	put(`</ds:X509Data></ds:KeyInfo><ds:Object><xades:QualifyingProperties xmlns:xades="`, XAdESNamespace, `" Target="#`, w.id, `">`)
	put(properties, `</xades:QualifyingProperties></ds:Object></ds:Signature>`)
	return b.String()
}

// signedProperties writes the xades:SignedProperties.
func (w *writer) signedProperties() (string, error) {
	issuer, err := issuerSerialOf(w.Certificate)
	if err != nil {
		return "", err
	}
	mime := w.MimeType
	if mime == "" {
		mime = "text/xml"
	}
	return `<xades:SignedProperties Id="xades-` + w.id + `"><xades:SignedSignatureProperties><xades:SigningTime>` + w.time() +
		`</xades:SigningTime><xades:SigningCertificateV2><xades:Cert><xades:CertDigest><ds:DigestMethod Algorithm="` + w.digestURI +
		`"/><ds:DigestValue>` + w.digest(w.Certificate.Raw) + `</ds:DigestValue></xades:CertDigest><xades:IssuerSerialV2>` + issuer +
		`</xades:IssuerSerialV2></xades:Cert></xades:SigningCertificateV2></xades:SignedSignatureProperties>` +
		`<xades:SignedDataObjectProperties><xades:DataObjectFormat ObjectReference="#r-` + w.id + `-1"><xades:MimeType>` + html.EscapeString(mime) +
		`</xades:MimeType></xades:DataObjectFormat></xades:SignedDataObjectProperties></xades:SignedProperties>`, nil
}

// stamp adds the signature time-stamp, level B-T.
func (w *writer) stamp(ctx context.Context, signed []byte) ([]byte, error) {
	if w.TimeStamp == nil {
		return signed, nil
	}
	doc, err := xmltree.Parse(signed, w.limits(len(signed)))
	if err != nil {
		return nil, err
	}
	at, err := Find(doc, nil)
	if err != nil {
		return nil, err
	}
	t := TimeStamp{canon: xmltree.Canon{Exclusive: true}, value: at.First(DSNamespace, "SignatureValue")}
	imprint, err := t.Imprint(crypto.SHA256)
	if err != nil {
		return nil, err
	}
	token, err := w.TimeStamp(ctx, imprint, crypto.SHA256)
	if err != nil {
		return nil, err
	}
	if len(token) == 0 {
		return nil, fail(ErrSigning, "SignatureTimeStamp", "the token is empty")
	}
	_, end := at.First(DSNamespace, "Object").First(XAdESNamespace, "QualifyingProperties").Inner()
	return bytes.Join([][]byte{signed[:end], []byte(`<xades:UnsignedProperties><xades:UnsignedSignatureProperties><xades:SignatureTimeStamp Id="TS-` + w.id +
		`"><ds:CanonicalizationMethod Algorithm="` + ExclusiveC14N + `"/><xades:EncapsulatedTimeStamp Id="ETS-` + w.id + `">` +
		base64.StdEncoding.EncodeToString(token) + `</xades:EncapsulatedTimeStamp></xades:SignatureTimeStamp></xades:UnsignedSignatureProperties></xades:UnsignedProperties>`),
		signed[end:]}, nil), nil
}

// uri returns the URI of the signature method.
func (m method) uri() string {
	for _, uri := range [...]string{RSASHA256, RSASHA384, RSASHA512, RSAPSSSHA256, RSAPSSSHA384, RSAPSSSHA512, ECDSASHA256, ECDSASHA384, ECDSASHA512} {
		if known, _ := methodOf(uri); known == m {
			return uri
		}
	}
	return ""
}

// digestURI returns the URI of a digest algorithm, empty when it is not supported.
func digestURI(h crypto.Hash) string {
	for _, uri := range [...]string{DigestSHA256, DigestSHA384, DigestSHA512} {
		if hashOf(uri) == h {
			return uri
		}
	}
	return ""
}

// isName tells whether s can be an identifier: a name without colon, in ASCII.
func isName(s string) bool {
	for i := range len(s) {
		c := s[i]
		letter := c|0x20 >= 'a' && c|0x20 <= 'z' || c == '_'
		if !letter && (i == 0 || (c < '0' || c > '9') && c != '-' && c != '.') {
			return false
		}
	}
	return s != "" && len(s) <= 128
}
