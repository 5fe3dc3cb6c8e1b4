package xmlsig

import (
	"bytes"
	"crypto/subtle"
	"slices"

	"github.com/certmail/certmail/internal/xmltree"
)

// certificates returns what the X509Data of a KeyInfo hold (XMLDSig §4.5.4), in the
// room. Other kinds of key information are not looked at.
func (m *room) certificatesOf(keyInfo *xmltree.Element) ([][]byte, *Error) {
	if keyInfo == nil {
		return nil, nil
	}
	var found [][]byte
	for data := keyInfo.FirstChild(); data != nil; data = data.NextSibling() {
		if !data.Is(DSNamespace, "X509Data") {
			continue
		}
		for e := data.FirstChild(); e != nil; e = e.NextSibling() {
			if !e.Is(DSNamespace, "X509Certificate") {
				continue
			}
			if len(found) == maxCertificates {
				return nil, fail(ErrStructure, "KeyInfo", "more than %d certificates", maxCertificates)
			}
			der, err := m.decoded(e, maxCertificateSize)
			if err != nil {
				return nil, err
			}
			if found == nil {
				found = make([][]byte, 0, 4)
			}
			found = append(found, der)
		}
	}
	return found, nil
}

// keep takes the certificates out of the room: it asks the policy for copies of
// them, or makes some. It returns the one that was named, or all of them. What is
// parsed and what is told are these copies alone.
func (v *verifier) keep(named []byte) [][]byte {
	all := v.result.Certificates
	v.kept = true
	if len(all) == 0 {
		return nil
	}
	if v.p.Intern != nil && named != nil {
		if own, list := v.p.Intern(named, all); bytes.Equal(own, named) && slices.EqualFunc(list, all, bytes.Equal) {
			v.result.Certificates = list
			return [][]byte{own}
		}
	}
	at := -1
	copies := make([][]byte, len(all))
	for i, der := range all {
		if copies[i] = bytes.Clone(der); at < 0 && named != nil && bytes.Equal(der, named) {
			at = i
		}
	}
	if v.result.Certificates = copies; at >= 0 {
		return copies[at : at+1]
	}
	return copies
}

// candidates returns the certificates whose key may have signed: the one that the
// signed properties name; only where they name none, those there are.
func (v *verifier) candidates() ([][]byte, *Error) {
	all := v.result.Certificates
	if len(all) == 0 {
		return nil, fail(ErrCertificate, "KeyInfo", "no X509Certificate")
	}
	named := v.properties.certificates
	if len(named) == 0 {
		if !v.p.PlainXMLDSig {
			return nil, fail(ErrSigningCertificate, "signed properties", "neither SigningCertificateV2 nor SigningCertificate")
		}
		return v.keep(nil)[:min(len(all), maxTries)], nil
	}
	v.named = true
	var buf [maxDigest]byte
	for _, der := range all {
		matches := true
		for i := range named {
			sum := v.p.digest(named[i].hash, der, &buf)
			matches = matches && subtle.ConstantTimeCompare(sum, named[i].digest) == 1
		}
		if matches {
			return v.keep(der), nil
		}
	}
	return nil, fail(ErrSigningCertificate, "signed properties", "none of the %d certificates has the digest given", len(all))
}
