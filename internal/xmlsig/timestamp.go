package xmlsig

import (
	"bytes"
	"crypto"
	"fmt"

	"github.com/certmail/certmail/internal/xmltree"
)

// TimeStamp is a SignatureTimeStamp (EN 319 132-1 §5.3). It is no part of what
// the signature covers: the token must be verified, and its imprint compared
// with Imprint, before it says anything.
type TimeStamp struct {
	// Token is the RFC 3161 token, DER.
	Token []byte
	// Canonicalization is the method by which the imprint is to be made.
	Canonicalization string

	canon xmltree.Canon
	value *xmltree.Element
}

// Imprint returns the digest that the token must have in it: that of the
// canonical form of the ds:SignatureValue element. The error is of a digest
// algorithm other than SHA-256, SHA-384 and SHA-512.
func (t *TimeStamp) Imprint(h crypto.Hash) ([]byte, error) {
	if h != crypto.SHA256 && h != crypto.SHA384 && h != crypto.SHA512 {
		return nil, fail(ErrAlgorithm, "SignatureTimeStamp", "imprint with %v", h)
	}
	sum := h.New()
	if err := t.value.Document().WriteCanonical(sum, t.value, t.canon); err != nil {
		return nil, fail(ErrTransform, "SignatureTimeStamp", "%v", err)
	}
	return sum.Sum(make([]byte, 0, maxDigest)), nil
}

// readTimeStamps collects the signature time-stamps. One that cannot be read is
// a finding: anybody may have added it.
func (v *verifier) readTimeStamps() {
	if v.parts.unsigned == nil || !v.properties.signed {
		return
	}
	properties := v.parts.unsigned.First(XAdESNamespace, "UnsignedSignatureProperties")
	if properties == nil {
		return
	}
	n := 0
	for e := range properties.All(XAdESNamespace, "SignatureTimeStamp") {
		if n++; n > maxTimeStamps {
			v.result.remark("timestamp-ignored", fmt.Sprintf("more than %d signature time-stamps", maxTimeStamps))
			return
		}
		t, why := v.readTimeStamp(e)
		if why != "" {
			v.result.remark("timestamp-unreadable", why)
			continue
		}
		v.result.TimeStamps = append(v.result.TimeStamps, t)
	}
}

// readTimeStamp reads one; why is not empty when it cannot be used.
func (v *verifier) readTimeStamp(e *xmltree.Element) (t TimeStamp, why string) {
	c := children{e.FirstChild()}
	t.value, t.Canonicalization = v.parts.value, C14N10
	if m := c.take(DSNamespace, "CanonicalizationMethod"); m != nil {
		var err *Error
		if t.Canonicalization, t.canon, err = canonicalization(m, v.p, "SignatureTimeStamp", ErrAlgorithm); err != nil {
			return t, err.Error()
		}
	}
	token := c.take(XAdESNamespace, "EncapsulatedTimeStamp")
	if token == nil || c.next != nil {
		return t, "SignatureTimeStamp with one EncapsulatedTimeStamp expected"
	}
	if encoding, given := token.Attr("", "Encoding"); given && encoding != derEncoding {
		return t, fmt.Sprintf("the encoding of the time-stamp is %q, DER expected", encoding)
	}
	der, err := v.room.decoded(token, maxTokenSize)
	if err != nil {
		return t, err.Error()
	}
	t.Token = bytes.Clone(der)
	return t, ""
}
