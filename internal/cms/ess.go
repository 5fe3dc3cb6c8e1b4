package cms

import (
	"bytes"
	"crypto"
	"crypto/subtle"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
)

// digest returns the digest of a certificate, maybe in buf.
func (k *Known) digest(h crypto.Hash, der []byte, buf *[maxDigest]byte) []byte {
	if k.Digest != nil {
		if sum := k.Digest(der, h); len(sum) == h.Size() {
			return sum
		}
	}
	return digestOf(h, der, buf)
}

// checkESS compares the signing-certificate attribute (v1 of RFC 2634 §5.4 with
// SHA-1; v2 of RFC 5035 §3, by default with SHA-256) with the certificate: the
// first identifier must be the signer's.
func (p *parser) checkESS(s slot, v2 bool, cert *x509.Certificate, known *Known) error {
	outer, rest, err := p.expect(s.value.raw, tagSequence, "signing-certificate")
	if err != nil {
		return err
	}
	if len(rest) > 0 {
		return malformed("octets after the signing-certificate")
	}
	list, _, err := p.expect(outer.content, tagSequence, "certs")
	if err != nil {
		return err
	}
	id, _, err := p.expect(list.content, tagSequence, "ESSCertID")
	if err != nil {
		return err
	}
	b, hash := id.content, crypto.SHA1
	if v2 {
		hash = crypto.SHA256
		if len(b) > 0 && b[0] == tagSequence {
			var algorithm element
			if algorithm, b, err = p.next(b); err != nil {
				return err
			}
			oid, _, err := p.algorithm(algorithm.content)
			if err != nil {
				return err
			}
			if hash = hashOf(oid); hash == 0 {
				return fmt.Errorf("%w %s", ErrUnsupportedAlgorithm, dotted(oid))
			}
		}
	}
	if len(b) == 0 || b[0]&^constructed != tagOctetString {
		return malformed("certHash is missing")
	}
	value, b, err := p.next(b)
	if err != nil {
		return err
	}
	want, err := p.octets(value)
	if err != nil {
		return err
	}
	var buf [maxDigest]byte
	if subtle.ConstantTimeCompare(want, known.digest(hash, cert.Raw, &buf)) != 1 {
		return fmt.Errorf("%w: digest of another certificate", ErrESSCertificate)
	}
	if len(b) == 0 {
		return nil
	}
	return p.checkIssuerSerial(b, cert)
}

// checkIssuerSerial compares the optional IssuerSerial of an ESSCertID.
func (p *parser) checkIssuerSerial(b []byte, cert *x509.Certificate) error {
	issuerSerial, _, err := p.expect(b, tagSequence, "issuerSerial")
	if err != nil {
		return err
	}
	names, b, err := p.expect(issuerSerial.content, tagSequence, "issuer names")
	if err != nil {
		return err
	}
	serial, _, err := p.expect(b, tagInteger, "serial number")
	if err != nil {
		return err
	}
	id, ok := identify(cert.Raw, false)
	if !ok || !bytes.Equal(shortInt(serial.content), id.serial) {
		return fmt.Errorf("%w: another serial number", ErrESSCertificate)
	}
	named := false
	for b = names.content; len(b) > 0; {
		name, rest, err := p.next(b)
		if err != nil {
			return err
		}
		b = rest
		if name.tag != tagExplicit4 { // directoryName
			continue
		}
		if named = true; !sameName(name.content, id.issuer) {
			return fmt.Errorf("%w: another issuer", ErrESSCertificate)
		}
	}
	if !named {
		return fmt.Errorf("%w: no issuer beside the serial number", ErrESSCertificate)
	}
	return nil
}

// sameName compares two DER Names: by their octets, else by their text, so that
// a PrintableString equals the same UTF8String.
func sameName(a, b []byte) bool {
	if bytes.Equal(a, b) {
		return true
	}
	var x, y pkix.RDNSequence
	if rest, err := asn1.Unmarshal(a, &x); err != nil || len(rest) > 0 {
		return false
	}
	if rest, err := asn1.Unmarshal(b, &y); err != nil || len(rest) > 0 {
		return false
	}
	return x.String() == y.String()
}

// checkProtection compares CMSAlgorithmProtection (RFC 6211 §2) with the
// algorithms of the signer: both must be the same, parameters included; NULL
// and absent parameters count as one.
func (p *parser) checkProtection(s slot, si *SignerInfo) error {
	outer, rest, err := p.expect(s.value.raw, tagSequence, "CMSAlgorithmProtection")
	if err != nil {
		return err
	}
	if len(rest) > 0 {
		return malformed("octets after CMSAlgorithmProtection")
	}
	digest, b, err := p.expect(outer.content, tagSequence, "digestAlgorithm")
	if err != nil {
		return err
	}
	oid, params, err := p.algorithm(digest.content)
	if err != nil {
		return err
	}
	_, ownParams, err := p.algorithm(si.digestAlgorithm)
	if err != nil {
		return err
	}
	if !bytes.Equal(oid, si.digestOID) || !sameParameters(params, ownParams) {
		return fmt.Errorf("%w: digest algorithm %s, signer's %s", ErrAlgorithmProtection, dotted(oid), si.DigestOID)
	}
	signature, b, err := p.expect(b, tagExplicit1, "signatureAlgorithm")
	if err != nil {
		return err
	}
	if len(b) > 0 {
		return malformed("octets after signatureAlgorithm")
	}
	if oid, params, err = p.algorithm(signature.content); err != nil {
		return err
	}
	if !bytes.Equal(oid, si.signatureOID) || !sameParameters(params, si.signatureParams) {
		return fmt.Errorf("%w: signature algorithm %s, signer's %s", ErrAlgorithmProtection, dotted(oid), si.SignatureOID)
	}
	return nil
}

func sameParameters(a, b []byte) bool {
	return bytes.Equal(a, b) || noParameters(a) && noParameters(b)
}

// noParameters: absent or NULL, which writers use interchangeably (RFC 5754 §2).
func noParameters(b []byte) bool {
	return len(b) == 0 || len(b) == 2 && b[0] == tagNull && b[1] == 0
}
