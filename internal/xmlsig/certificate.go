package xmlsig

import (
	"crypto/subtle"

	"github.com/certmail/certmail/internal/xmltree"
)

// certificates returns what the X509Data of a KeyInfo hold (XMLDSig §4.5.4). Other
// kinds of key information are not looked at.
func certificates(keyInfo *xmltree.Element) ([][]byte, *Error) {
	if keyInfo == nil {
		return nil, nil
	}
	var found [][]byte
	for data := range keyInfo.All(DSNamespace, "X509Data") {
		for e := range data.All(DSNamespace, "X509Certificate") {
			if len(found) == maxCertificates {
				return nil, fail(ErrStructure, "KeyInfo", "more than %d certificates", maxCertificates)
			}
			der, err := decoded(e, maxCertificateSize)
			if err != nil {
				return nil, err
			}
			found = append(found, der)
		}
	}
	return found, nil
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
		return all[:min(len(all), maxTries)], nil
	}
	v.named = true
	var buf [maxDigest]byte
	for _, der := range all {
		matches := true
		for i := range named {
			sum := digestOf(named[i].hash, der, &buf)
			matches = matches && subtle.ConstantTimeCompare(sum, named[i].digest) == 1
		}
		if matches {
			return [][]byte{der}, nil
		}
	}
	return nil, fail(ErrSigningCertificate, "signed properties", "none of the %d certificates has the digest given", len(all))
}
