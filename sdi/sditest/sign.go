package sditest

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"time"

	"github.com/certmail/certmail/internal/xmlsig"
	"github.com/certmail/certmail/internal/xmltree"
)

// template is a signature as SDI writes it: the document less every signature
// (XPath Filter 2.0, the filter in the default namespace), the signed properties
// and the key, none with a canonicalization transform, which means Canonical XML
// 1.0. Digests and value are filled in one after the other.
const template = `<ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#" Id="Signature1"><ds:SignedInfo>` +
	`<ds:CanonicalizationMethod Algorithm="http://www.w3.org/TR/2001/REC-xml-c14n-20010315"/>` +
	`<ds:SignatureMethod Algorithm="http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"/>` +
	`<ds:Reference Id="reference-document" URI=""><ds:Transforms><ds:Transform Algorithm="http://www.w3.org/2002/06/xmldsig-filter2">` +
	`<XPath xmlns="http://www.w3.org/2002/06/xmldsig-filter2" Filter="subtract">/descendant::ds:Signature</XPath></ds:Transform></ds:Transforms>` +
	digestOf + `<ds:DigestValue>{document}</ds:DigestValue></ds:Reference>` +
	`<ds:Reference Id="reference-signedpropeties" Type="http://uri.etsi.org/01903#SignedProperties" URI="#SignedProperties_1">` +
	digestOf + `<ds:DigestValue>{properties}</ds:DigestValue></ds:Reference>` +
	`<ds:Reference Id="reference-keyinfo" URI="#KeyInfoId">` +
	digestOf + `<ds:DigestValue>{key}</ds:DigestValue></ds:Reference></ds:SignedInfo>` +
	`<ds:SignatureValue Id="SignatureValue1">{value}</ds:SignatureValue>` +
	`<ds:KeyInfo Id="KeyInfoId"><ds:X509Data><ds:X509Certificate>{certificate}</ds:X509Certificate></ds:X509Data></ds:KeyInfo>` +
	`<ds:Object><xades:QualifyingProperties xmlns:xades="http://uri.etsi.org/01903/v1.3.2#" Target="#Signature1">` +
	`<xades:SignedProperties Id="SignedProperties_1"><xades:SignedSignatureProperties><xades:SigningTime>{time}</xades:SigningTime>` +
	`</xades:SignedSignatureProperties></xades:SignedProperties></xades:QualifyingProperties></ds:Object></ds:Signature>`

const digestOf = `<ds:DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/>`

// Sign puts a signature in SDI's form before the end tag of the root.
func (s *SDI) Sign(doc []byte, at time.Time) ([]byte, error) {
	tree, err := xmltree.Parse(doc, nil)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrDocument, err)
	}
	_, end := tree.Root.Inner()
	if end == len(doc) || end == tree.Root.End {
		return nil, fmt.Errorf("%w: an empty root", ErrDocument)
	}
	signature := fill([]byte(template), "certificate", s.leaf.Certificate.Raw)
	signature = bytes.Replace(signature, []byte("{time}"), []byte(at.Format(time.RFC3339)), 1)
	out := bytes.Join([][]byte{doc[:end], signature, doc[end:]}, nil)
	var parts struct{ document, properties, key, info []byte }
	if tree, err = xmltree.Parse(out, nil); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrDocument, err)
	}
	sum := func(e *xmltree.Element, c xmltree.Canon) []byte {
		h := sha256.New()
		if err == nil {
			err = tree.WriteCanonical(h, e, c)
		}
		return h.Sum(nil)
	}
	parts.document = sum(nil, xmltree.Canon{Without: func(e *xmltree.Element) bool { return e.Is(xmlsig.DSNamespace, "Signature") }})
	parts.properties = sum(one(tree, "SignedProperties"), xmltree.Canon{})
	parts.key = sum(one(tree, "KeyInfo"), xmltree.Canon{})
	out = fill(fill(fill(out, "document", parts.document), "properties", parts.properties), "key", parts.key)
	if err == nil {
		tree, err = xmltree.Parse(out, nil)
	}
	if err == nil {
		parts.info = sum(one(tree, "SignedInfo"), xmltree.Canon{})
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrDocument, err)
	}
	value, err := s.leaf.Key.Sign(rand.Reader, parts.info, crypto.SHA256)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrDocument, err)
	}
	return fill(out, "value", value), nil
}

// fill replaces the last place of that name, which is in the signature whatever
// the document says.
func fill(text []byte, name string, value []byte) []byte {
	at := bytes.LastIndex(text, []byte("{"+name+"}"))
	if at < 0 {
		return text
	}
	return bytes.Join([][]byte{text[:at], []byte(base64.StdEncoding.EncodeToString(value)), text[at+len(name)+2:]}, nil)
}

// one returns the last element of that name: that of the signature.
func one(tree *xmltree.Document, local string) *xmltree.Element {
	var found *xmltree.Element
	for e := range tree.Elements() {
		if e.Local == local {
			found = e
		}
	}
	return found
}
