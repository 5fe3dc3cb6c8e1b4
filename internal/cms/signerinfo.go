package cms

import (
	"crypto"
	"fmt"
)

// SignerInfo is one signer (RFC 5652 §5.3), as written: nothing of it is
// verified yet. Its slices are ranges of the input.
type SignerInfo struct {
	// Version: 1 with issuer and serial number, 3 with a key identifier.
	Version int
	// Issuer is the DER Name of the certificate's issuer; nil when the signer
	// is named by SubjectKeyID.
	Issuer []byte
	// Serial is the certificate's serial number: the content octets of an
	// INTEGER in shortest form.
	Serial []byte
	// SubjectKeyID names the signer by key identifier; nil with Issuer.
	SubjectKeyID []byte
	// Digest is the digest algorithm, 0 when it is not supported (see DigestOID).
	Digest crypto.Hash
	// DigestOID and SignatureOID are the algorithms as written, dotted.
	DigestOID, SignatureOID string
	// RawSignedAttributes are the signed attributes as received, from the
	// identifier octet A0 on; nil without signed attributes. The signature is
	// over these octets, with 31 in the place of A0.
	RawSignedAttributes []byte
	// Signature value.
	Signature []byte
	// RawUnsignedAttributes from the identifier octet A1 on; nobody vouches
	// for them.
	RawUnsignedAttributes []byte

	digestOID       []byte
	digestAlgorithm []byte // content of the AlgorithmIdentifier
	signatureOID    []byte
	signatureParams []byte // octets after the OID
	attributes      []byte // content of RawSignedAttributes
}

func (p *parser) signerInfos(sd *SignedData, b []byte) error {
	for n := 1; len(b) > 0; n++ {
		if n > p.lim.Signers {
			return &Error{Part: "signers", Err: fmt.Errorf("%w: more than %d", ErrTooLarge, p.lim.Signers)}
		}
		e, rest, err := p.expect(b, tagSequence, "SignerInfo")
		if err != nil {
			return signerError(n-1, "", err)
		}
		b = rest
		sd.Signers = append(sd.Signers, SignerInfo{})
		if err := p.signerInfo(sd, &sd.Signers[n-1], e.content); err != nil {
			return signerError(n-1, "", err)
		}
	}
	if len(sd.Signers) == 0 {
		return &Error{Part: "signed data", Err: ErrNoSigners}
	}
	return nil
}

// signerError names signer i (counted from one for the reader) and its part.
func signerError(i int, part string, err error) error {
	if part != "" {
		part = ": " + part
	}
	return &Error{Part: fmt.Sprintf("signer %d%s", i+1, part), Err: err}
}

func (p *parser) signerInfo(sd *SignedData, si *SignerInfo, b []byte) error {
	version, b, err := p.expect(b, tagInteger, "version")
	if err != nil {
		return err
	}
	si.Version = smallInt(version.content)
	if b, err = p.signerIdentifier(si, b); err != nil {
		return err
	}
	if want := 1 + 2*len(si.SubjectKeyID[:min(1, len(si.SubjectKeyID))]); si.Version != want {
		sd.finding("signer-version", "SignerInfo version %d where %d is due", si.Version, want)
	}
	digest, b, err := p.expect(b, tagSequence, "digestAlgorithm")
	if err != nil {
		return err
	}
	if si.digestOID, _, err = p.algorithm(digest.content); err != nil {
		return err
	}
	si.digestAlgorithm = digest.content
	si.DigestOID = dotted(si.digestOID)
	if len(b) > 0 && b[0] == tagExplicit0 {
		var attributes element
		if attributes, b, err = p.next(b); err != nil {
			return err
		}
		if err := p.checkAttributes(attributes.content); err != nil {
			return fmt.Errorf("signed attributes: %w", err)
		}
		si.RawSignedAttributes, si.attributes = attributes.raw, attributes.content
	}
	signature, b, err := p.expect(b, tagSequence, "signatureAlgorithm")
	if err != nil {
		return err
	}
	if si.signatureOID, si.signatureParams, err = p.algorithm(signature.content); err != nil {
		return err
	}
	si.SignatureOID = dotted(si.signatureOID)
	if len(b) == 0 || b[0]&^constructed != tagOctetString {
		return malformed("signature value is missing")
	}
	value, b, err := p.next(b)
	if err != nil {
		return err
	}
	if si.Signature, err = p.octets(value); err != nil {
		return err
	}
	if len(b) > 0 && b[0] == tagExplicit1 {
		var attributes element
		if attributes, b, err = p.next(b); err != nil {
			return err
		}
		if err := p.checkAttributes(attributes.content); err != nil {
			return fmt.Errorf("unsigned attributes: %w", err)
		}
		si.RawUnsignedAttributes = attributes.raw
	}
	if len(b) > 0 {
		return malformed("%d octets after the signer", len(b))
	}
	si.Digest = hashOf(si.digestOID)
	return nil
}

// signerIdentifier reads sid: issuer and serial number, or [0] key identifier.
func (p *parser) signerIdentifier(si *SignerInfo, b []byte) ([]byte, error) {
	if len(b) == 0 {
		return nil, malformed("signer identifier is missing")
	}
	sid, rest, err := p.next(b)
	if err != nil {
		return nil, err
	}
	switch sid.tag {
	case tagSequence:
		issuer, b, err := p.expect(sid.content, tagSequence, "issuer")
		if err != nil {
			return nil, err
		}
		serial, b, err := p.expect(b, tagInteger, "serial number")
		if err != nil {
			return nil, err
		}
		if len(b) > 0 {
			return nil, malformed("%d octets after the serial number", len(b))
		}
		si.Issuer, si.Serial = p.definite(issuer), shortInt(serial.content)
	case tagContext0, tagExplicit0:
		if si.SubjectKeyID, err = p.octets(sid); err != nil {
			return nil, err
		}
		if len(si.SubjectKeyID) == 0 {
			return nil, malformed("empty key identifier")
		}
	default:
		return nil, malformed("signer identifier %#02x", sid.tag)
	}
	return rest, nil
}

// algorithm reads the content of an AlgorithmIdentifier: its OID and the octets
// of its parameters.
func (p *parser) algorithm(b []byte) (oid, parameters []byte, err error) {
	e, rest, err := p.expect(b, tagOID, "algorithm")
	if err != nil {
		return nil, nil, err
	}
	if len(rest) > 0 {
		_, after, err := p.next(rest)
		if err != nil {
			return nil, nil, err
		}
		if len(after) > 0 {
			return nil, nil, malformed("%d octets after the parameters of %s", len(after), dotted(e.content))
		}
	}
	return e.content, rest, nil
}

// shortInt strips the superfluous leading octets of an INTEGER, which BER
// readers tolerate.
func shortInt(b []byte) []byte {
	for len(b) > 1 && (b[0] == 0 && b[1] < 0x80 || b[0] == 0xff && b[1] >= 0x80) {
		b = b[1:]
	}
	return b
}
