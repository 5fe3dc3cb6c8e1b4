package cms

import "bytes"

// CertificateOf returns the embedded certificate that signer i names, raw, or
// nil when it is not embedded. The certificate itself is not parsed: a bag
// with certificates that Go cannot read is no obstacle.
//
// Nothing vouches for the choice until Verify succeeds with the certificate.
func (sd *SignedData) CertificateOf(i int) []byte {
	if i < 0 || i >= len(sd.Signers) {
		return nil
	}
	for _, raw := range sd.Certificates {
		if sd.Signers[i].names(raw) {
			return raw
		}
	}
	return nil
}

// CandidatesOf returns every embedded certificate that signer i may mean: more
// than one when somebody added a certificate with the same issuer and serial
// number, or the same key identifier. Only one can verify.
func (sd *SignedData) CandidatesOf(i int) [][]byte {
	if i < 0 || i >= len(sd.Signers) {
		return nil
	}
	var out [][]byte
	for _, raw := range sd.Certificates {
		if sd.Signers[i].names(raw) {
			out = append(out, raw)
		}
	}
	return out
}

// Names reports whether signer i means this certificate (DER).
func (sd *SignedData) Names(i int, raw []byte) bool {
	return i >= 0 && i < len(sd.Signers) && sd.Signers[i].names(raw)
}

// names reports whether the signer identifier means the certificate.
func (si *SignerInfo) names(raw []byte) bool {
	id, ok := identify(raw, si.SubjectKeyID != nil)
	if !ok {
		return false
	}
	if si.SubjectKeyID != nil {
		return id.keyID != nil && bytes.Equal(id.keyID, si.SubjectKeyID)
	}
	return bytes.Equal(id.serial, si.Serial) && bytes.Equal(id.issuer, si.Issuer)
}

// identity is what a SignerInfo may name a certificate by.
type identity struct {
	issuer []byte // DER Name
	serial []byte // INTEGER content
	keyID  []byte // subjectKeyIdentifier, nil without the extension
}

// identify walks a certificate (RFC 5280 §4.1) just as far as needed.
func identify(raw []byte, keyID bool) (identity, bool) {
	var id identity
	p := parser{lim: Limits{Depth: 16}}
	certificate, _, err := p.expect(raw, tagSequence, "certificate")
	if err != nil {
		return id, false
	}
	tbs, _, err := p.expect(certificate.content, tagSequence, "tbsCertificate")
	if err != nil {
		return id, false
	}
	b := tbs.content
	if len(b) > 0 && b[0] == tagExplicit0 { // version
		if _, b, err = p.next(b); err != nil {
			return id, false
		}
	}
	serial, b, err := p.expect(b, tagInteger, "serialNumber")
	if err != nil {
		return id, false
	}
	if _, b, err = p.expect(b, tagSequence, "signature"); err != nil {
		return id, false
	}
	issuer, b, err := p.expect(b, tagSequence, "issuer")
	if err != nil {
		return id, false
	}
	id.issuer, id.serial = issuer.raw, shortInt(serial.content)
	if keyID {
		id.keyID = p.subjectKeyID(b)
	}
	return id, true
}

// subjectKeyID finds the key identifier in what follows the issuer.
func (p *parser) subjectKeyID(b []byte) []byte {
	for len(b) > 0 {
		e, rest, err := p.next(b)
		if err != nil {
			return nil
		}
		if b = rest; e.tag != tagExplicit3 {
			continue
		}
		extensions, _, err := p.expect(e.content, tagSequence, "extensions")
		if err != nil {
			return nil
		}
		for list := extensions.content; len(list) > 0; {
			extension, rest, err := p.expect(list, tagSequence, "extension")
			if err != nil {
				return nil
			}
			list = rest
			oid, value, err := p.expect(extension.content, tagOID, "extension")
			if err != nil || string(oid.content) != oidSubjectKeyID {
				continue
			}
			if len(value) > 0 && value[0] == tagBoolean {
				if _, value, err = p.next(value); err != nil {
					return nil
				}
			}
			wrapped, _, err := p.expect(value, tagOctetString, "extension value")
			if err != nil {
				return nil
			}
			id, _, err := p.expect(wrapped.content, tagOctetString, "key identifier")
			if err != nil {
				return nil
			}
			return id.content
		}
	}
	return nil
}
