package cms

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"fmt"

	"github.com/certmail/certmail/internal/rsakey"
)

type scheme uint8

const (
	schemePKCS1 scheme = iota + 1 // RSASSA-PKCS1-v1_5
	schemePSS                     // RSASSA-PSS
	schemeECDSA
	schemeEd25519
)

// algorithm is a resolved signature algorithm.
type algorithm struct {
	scheme scheme
	hash   crypto.Hash
	salt   int // RSASSA-PSS: octets of salt
}

// name is what Result.SignatureAlgorithm shows.
func (a algorithm) name() string {
	names := [...][4]string{
		schemePKCS1:   {"RSA-PKCS1v15-SHA1", "RSA-PKCS1v15-SHA256", "RSA-PKCS1v15-SHA384", "RSA-PKCS1v15-SHA512"},
		schemePSS:     {"RSASSA-PSS-SHA1", "RSASSA-PSS-SHA256", "RSASSA-PSS-SHA384", "RSASSA-PSS-SHA512"},
		schemeECDSA:   {"ECDSA-SHA1", "ECDSA-SHA256", "ECDSA-SHA384", "ECDSA-SHA512"},
		schemeEd25519: {"Ed25519", "Ed25519", "Ed25519", "Ed25519"},
	}
	switch a.hash {
	case crypto.SHA1:
		return names[a.scheme][0]
	case crypto.SHA256:
		return names[a.scheme][1]
	case crypto.SHA384:
		return names[a.scheme][2]
	default:
		return names[a.scheme][3]
	}
}

// resolve reads the signature algorithm of a signer. The digest in it, where
// it names one, must be the one of digestAlgorithm (RFC 8933).
func (p *parser) resolve(si *SignerInfo) (algorithm, error) {
	a := algorithm{hash: si.Digest}
	var named crypto.Hash // by the signature algorithm's OID
	switch string(si.signatureOID) {
	case oidRSA:
		a.scheme = schemePKCS1
	case oidRSASHA1, oidRSASHA1OIW:
		a.scheme, named = schemePKCS1, crypto.SHA1
	case oidRSASHA256:
		a.scheme, named = schemePKCS1, crypto.SHA256
	case oidRSASHA384:
		a.scheme, named = schemePKCS1, crypto.SHA384
	case oidRSASHA512:
		a.scheme, named = schemePKCS1, crypto.SHA512
	case oidECPublicKey:
		a.scheme = schemeECDSA
	case oidECDSASHA1:
		a.scheme, named = schemeECDSA, crypto.SHA1
	case oidECDSASHA256:
		a.scheme, named = schemeECDSA, crypto.SHA256
	case oidECDSASHA384:
		a.scheme, named = schemeECDSA, crypto.SHA384
	case oidECDSASHA512:
		a.scheme, named = schemeECDSA, crypto.SHA512
	case oidEd25519:
		a.scheme, named = schemeEd25519, crypto.SHA512 // RFC 8419 §3.1
	case oidPSS:
		a.scheme = schemePSS
		var err error
		if named, a.salt, err = p.pssParameters(si.signatureParams); err != nil {
			return a, err
		}
	default:
		return a, fmt.Errorf("%w %s", ErrUnsupportedAlgorithm, si.SignatureOID)
	}
	if a.scheme != schemePSS && !noParameters(si.signatureParams) &&
		string(si.signatureOID) != oidECPublicKey { // there the curve may be named
		return a, fmt.Errorf("%w %s: unexpected parameters", ErrUnsupportedAlgorithm, si.SignatureOID)
	}
	if si.Digest == 0 {
		return a, fmt.Errorf("%w %s (digest)", ErrUnsupportedAlgorithm, si.DigestOID)
	}
	if named != 0 && named != si.Digest {
		return a, fmt.Errorf("%w: digest %v, signature with %v", ErrAlgorithmMismatch, si.Digest, named)
	}
	return a, nil
}

// pssParameters reads RSASSA-PSS-params (RFC 4055 §3.1): the digest and the
// length of the salt. MGF1 with another digest than the message's is not
// supported.
func (p *parser) pssParameters(b []byte) (crypto.Hash, int, error) {
	unsupported := func(what string) (crypto.Hash, int, error) {
		return 0, 0, fmt.Errorf("%w 1.2.840.113549.1.1.10: %s", ErrUnsupportedAlgorithm, what)
	}
	params, _, err := p.expect(b, tagSequence, "RSASSA-PSS parameters")
	if err != nil {
		return 0, 0, err
	}
	hash, mask, salt, trailer := crypto.SHA1, crypto.SHA1, 20, 1
	next := byte(tagExplicit0)
	for b = params.content; len(b) > 0; {
		field, rest, err := p.next(b)
		if err != nil {
			return 0, 0, err
		}
		if b = rest; field.tag < next || field.tag > tagExplicit3 {
			return 0, 0, malformed("RSASSA-PSS parameter %#02x", field.tag)
		}
		next = field.tag + 1
		value, after, err := p.next(field.content)
		if err != nil {
			return 0, 0, err
		}
		if len(after) > 0 {
			return 0, 0, malformed("octets after an RSASSA-PSS parameter")
		}
		switch field.tag {
		case tagExplicit0:
			if hash, err = p.hashAlgorithm(value); err != nil {
				return 0, 0, err
			}
		case tagExplicit1:
			if value.tag != tagSequence {
				return 0, 0, malformed("mask generation %#02x", value.tag)
			}
			oid, inner, err := p.algorithm(value.content)
			if err != nil {
				return 0, 0, err
			}
			if string(oid) != oidMGF1 {
				return unsupported("mask generation " + dotted(oid))
			}
			digest, _, err := p.expect(inner, tagSequence, "MGF1 digest")
			if err != nil {
				return 0, 0, err
			}
			if mask, err = p.hashAlgorithm(digest); err != nil {
				return 0, 0, err
			}
		case tagExplicit2:
			if salt = saltLength(value); salt < 0 {
				return unsupported("length of the salt")
			}
		case tagExplicit3:
			if trailer = smallInt(value.content); value.tag != tagInteger || trailer != 1 {
				return unsupported("trailer field")
			}
		}
	}
	if mask != hash {
		return unsupported("MGF1 with another digest")
	}
	return hash, salt, nil
}

func (p *parser) hashAlgorithm(e element) (crypto.Hash, error) {
	if e.tag != tagSequence {
		return 0, malformed("digest algorithm %#02x", e.tag)
	}
	oid, params, err := p.algorithm(e.content)
	if err != nil {
		return 0, err
	}
	h := hashOf(oid)
	if h == 0 || !noParameters(params) {
		return 0, fmt.Errorf("%w %s (digest)", ErrUnsupportedAlgorithm, dotted(oid))
	}
	return h, nil
}

// saltLength returns -1 when the length is out of range for any key accepted.
func saltLength(e element) int {
	b := shortInt(e.content)
	switch {
	case e.tag != tagInteger || len(b) == 0 || len(b) > 2 || b[0] > 0x7f:
		return -1
	case len(b) == 1:
		return int(b[0])
	default:
		return int(b[0])<<8 | int(b[1])
	}
}

// checkKey tells whether the key is of the algorithm's kind and of a size
// accepted here.
func (a algorithm) checkKey(public crypto.PublicKey) error {
	fits := false
	switch key := public.(type) {
	case *rsa.PublicKey:
		if bits := key.N.BitLen(); bits < minRSA || bits > maxRSA {
			return fmt.Errorf("%w: %d bits", ErrKeySize, bits)
		}
		fits = a.scheme == schemePKCS1 || a.scheme == schemePSS
	case *ecdsa.PublicKey:
		fits = a.scheme == schemeECDSA
	case ed25519.PublicKey:
		fits = a.scheme == schemeEd25519 && len(key) == ed25519.PublicKeySize
	}
	if !fits {
		return fmt.Errorf("%w: %s with a key of type %T", ErrAlgorithmMismatch, a.name(), public)
	}
	return nil
}

// RSA modulus sizes accepted, in bits. Below the first crypto/rsa refuses too;
// above the second a single verification becomes a weapon.
const (
	minRSA = 1024
	maxRSA = 16384
)

// formOf returns the prepared form of the key, if that is what prepared is and
// the algorithm has a use for it.
func (a algorithm) formOf(public, prepared crypto.PublicKey) crypto.PublicKey {
	if k, ok := prepared.(*rsakey.Key); ok && a.scheme == schemePKCS1 && k.Is(public.(*rsa.PublicKey)) {
		return k
	}
	return public
}

// verify checks a signature over octets. The key, or what it was prepared
// from, has passed checkKey.
func (a algorithm) verify(public crypto.PublicKey, signed, signature []byte) bool {
	var buf [maxDigest]byte
	switch a.scheme {
	case schemePKCS1:
		if prepared, ok := public.(*rsakey.Key); ok {
			return prepared.Verify(a.hash, digestOf(a.hash, signed, &buf), signature)
		}
		return rsa.VerifyPKCS1v15(public.(*rsa.PublicKey), a.hash, digestOf(a.hash, signed, &buf), signature) == nil
	case schemePSS:
		// crypto/rsa knows no "exactly no salt": 0 means any length there.
		options := rsa.PSSOptions{SaltLength: a.salt}
		return rsa.VerifyPSS(public.(*rsa.PublicKey), a.hash, digestOf(a.hash, signed, &buf), signature, &options) == nil
	case schemeECDSA:
		return ecdsa.VerifyASN1(public.(*ecdsa.PublicKey), digestOf(a.hash, signed, &buf), signature)
	case schemeEd25519:
		return ed25519.Verify(public.(ed25519.PublicKey), signed, signature)
	}
	return false
}
