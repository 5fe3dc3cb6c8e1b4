package cms

import (
	"bytes"
	"crypto"
	"crypto/subtle"
	"crypto/x509"
	"errors"
	"fmt"
	"time"
)

// Presence is the state of an optional attribute that is compared.
type Presence uint8

const (
	// Absent: the attribute is not there.
	Absent Presence = iota
	// Match: it is there and agrees.
	Match
	// Mismatch: it is there and disagrees, or cannot be read.
	Mismatch
	// Unchecked: it is there, but there was no certificate to compare it with.
	Unchecked
)

// String returns the state in lower case.
func (p Presence) String() string {
	switch p {
	case Absent:
		return "absent"
	case Match:
		return "match"
	case Mismatch:
		return "mismatch"
	default:
		return "unchecked"
	}
}

// Result is what Verify finds about one signer. Every check that can be made
// is made, also after another has failed.
type Result struct {
	// Digest algorithm of the content, 0 when it is not supported.
	Digest crypto.Hash
	// SignatureAlgorithm in words ("RSA-PKCS1v15-SHA256", "Ed25519"), or the
	// dotted OID of one that is not supported.
	SignatureAlgorithm string
	// SignedAttributes tells that there are some.
	SignedAttributes bool
	// ContentTypeOK: the contentType attribute is the type of the content.
	ContentTypeOK bool
	// DigestOK: the messageDigest attribute is the digest of the content. It
	// means something only together with SignatureOK.
	DigestOK bool
	// SignatureOK: the signature over the attributes verifies with the
	// certificate's key. With DigestOK false the content was altered after it
	// was signed.
	SignatureOK bool
	// MessageDigest is the digest that the signer claims, nil without one.
	MessageDigest []byte
	// SigningTime is the signer's claim (UTC), zero without one.
	SigningTime time.Time
	// ESSCertificate compares the signing-certificate attributes.
	ESSCertificate Presence
	// ESSVersion2 tells that one of those attributes is the second version (RFC
	// 5035), whose digest is not SHA-1. Without it ESSCertificate rests on SHA-1
	// alone.
	ESSVersion2 bool
	// AlgorithmProtection compares the CMSAlgorithmProtection attribute.
	AlgorithmProtection Presence
	// NonDERAttributes tells that the signed attributes are not encoded in
	// DER as RFC 5652 §5.3 wants (out of order, indefinite lengths).
	NonDERAttributes bool
	// Findings are remarks that make nothing invalid.
	Findings []Finding
	// Err is nil when everything holds. It may wrap several of the sentinels
	// at once; each part is an *Error.
	Err error
}

// OK tells that the content is what the certificate's holder signed.
func (r *Result) OK() bool {
	return r.Err == nil && r.SignedAttributes && r.ContentTypeOK && r.DigestOK && r.SignatureOK
}

// fail records one more trouble.
func (r *Result) fail(i int, part string, err error) {
	r.Err = add(r.Err, signerError(i, part, err))
}

// Verify checks signer i (RFC 5652 §5.6) with the signer's certificate and the
// digest of the content, which the digest function returns for the algorithm
// asked. A nil digest function means the content inside (ContentDigest).
//
// The certificate may come from CertificateOf or from anywhere else; it must be
// the one the signer names. Its chain, dates, usage and address are not looked
// at. With a nil certificate all that needs none is still checked.
//
// Signed attributes are required. Several signers are verified one by one:
// whether one is enough is the caller's policy.
func (sd *SignedData) Verify(i int, cert *x509.Certificate, digest func(crypto.Hash) ([]byte, error)) Result {
	return sd.VerifyPrepared(i, cert, nil, digest)
}

// VerifyPrepared is Verify where the certificate's key may have been prepared
// (a *rsakey.Key). Anything else than a form of that very key is ignored.
func (sd *SignedData) VerifyPrepared(i int, cert *x509.Certificate, prepared crypto.PublicKey, digest func(crypto.Hash) ([]byte, error)) Result {
	return sd.VerifyKnown(i, cert, Known{Key: prepared}, digest)
}

// Known is what is known about a certificate already. Each field may be nil.
type Known struct {
	// Key is its public key, prepared (a *rsakey.Key). Anything else than a form
	// of that very key is ignored.
	Key crypto.PublicKey
	// Digest may return the digest of a certificate (DER), or nil.
	Digest func(der []byte, h crypto.Hash) []byte
}

// VerifyKnown is Verify with what is known about the certificate.
func (sd *SignedData) VerifyKnown(i int, cert *x509.Certificate, known Known, digest func(crypto.Hash) ([]byte, error)) Result {
	var r Result
	if i < 0 || i >= len(sd.Signers) {
		r.fail(i, "", fmt.Errorf("%w: there are %d", ErrNoSigners, len(sd.Signers)))
		return r
	}
	si := &sd.Signers[i]
	p := parser{lim: sd.lim}
	r.Digest = si.Digest

	a, algorithmErr := p.resolve(si)
	if algorithmErr != nil {
		r.SignatureAlgorithm = si.SignatureOID
		r.fail(i, "algorithm", algorithmErr)
	} else {
		r.SignatureAlgorithm = a.name()
	}
	if cert == nil {
		r.fail(i, "certificate", ErrCertificateMissing)
	} else if !si.names(cert.Raw) {
		r.fail(i, "certificate", ErrCertificateMismatch)
		cert = nil
	}
	if len(si.attributes) == 0 {
		r.fail(i, "", ErrNoSignedAttributes)
		return r
	}
	r.SignedAttributes = true

	var s slots
	if err := p.readAttributes(&s, si.attributes); err != nil {
		r.fail(i, "signed attributes", err)
	}
	if err := sd.checkContentType(&s.contentType); err != nil {
		r.fail(i, "contentType", err)
	} else {
		r.ContentTypeOK = true
	}
	if digest == nil {
		digest = sd.ContentDigest
	}
	if err := p.checkMessageDigest(&r, &s.messageDigest, digest); err != nil {
		r.fail(i, "messageDigest", err)
	} else {
		r.DigestOK = true
	}
	if s.signingTime.single {
		t, ok := p.signingTime(s.signingTime.value)
		if r.SigningTime = t; !ok {
			r.Findings = append(r.Findings, Finding{Code: "signing-time-unreadable", Detail: fmt.Sprintf("%q", s.signingTime.value.content)})
		}
	}
	p.compare(&r, i, &s, si, cert, &known)

	_, _, indefinite, minimal, _ := header(si.RawSignedAttributes)
	r.NonDERAttributes = indefinite || !minimal || !isDER(si.attributes, true, p.lim.Depth)
	if algorithmErr != nil || cert == nil {
		return r
	}
	if err := a.checkKey(cert.PublicKey); err != nil {
		r.fail(i, "certificate", err)
		return r
	}
	if r.SignatureOK = p.verifySignature(a, si, a.formOf(cert.PublicKey, known.Key), r.NonDERAttributes); !r.SignatureOK {
		r.fail(i, "", ErrSignature)
	}
	return r
}

// checkContentType: exactly one contentType with one value, the OID of the
// content (RFC 5652 §11.1). OpenSSL refuses its absence, Go's libraries do not.
func (sd *SignedData) checkContentType(s *slot) error {
	switch {
	case !s.present:
		return fmt.Errorf("%w: it is missing", ErrContentType)
	case !s.single:
		return fmt.Errorf("%w: more than one", ErrContentType)
	case s.value.tag != tagOID || !bytes.Equal(s.value.content, sd.contentType):
		return fmt.Errorf("%w: want %s", ErrContentType, sd.EContentType)
	}
	return nil
}

// checkMessageDigest: exactly one messageDigest with one value, the digest of
// the content (RFC 5652 §11.2).
func (p *parser) checkMessageDigest(r *Result, s *slot, digest func(crypto.Hash) ([]byte, error)) error {
	switch {
	case !s.present:
		return fmt.Errorf("%w: it is missing", ErrMessageDigest)
	case !s.single:
		return fmt.Errorf("%w: more than one", ErrMessageDigest)
	case s.value.tag&^constructed != tagOctetString:
		return fmt.Errorf("%w: not an OCTET STRING", ErrMessageDigest)
	}
	claimed, err := p.octets(s.value)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrMessageDigest, err)
	}
	r.MessageDigest = claimed
	if r.Digest == 0 {
		return fmt.Errorf("%w: it cannot be computed", ErrMessageDigest)
	}
	computed, err := digest(r.Digest)
	if err != nil {
		return err
	}
	// An empty digest equals an empty attribute: the length counts too.
	if len(computed) != r.Digest.Size() {
		return fmt.Errorf("%w: a digest of %d octets was given for %v", ErrMessageDigest, len(computed), r.Digest)
	}
	if subtle.ConstantTimeCompare(claimed, computed) != 1 {
		return ErrMessageDigest
	}
	return nil
}

// compare looks at the optional attributes that tie the signature to one
// certificate and to its algorithms.
func (p *parser) compare(r *Result, i int, s *slots, si *SignerInfo, cert *x509.Certificate, known *Known) {
	for v, at := range [2]*slot{&s.essV1, &s.essV2} {
		if !at.present {
			continue
		}
		r.ESSVersion2 = r.ESSVersion2 || v == 1
		if cert == nil {
			r.ESSCertificate = max(r.ESSCertificate, Unchecked)
			continue
		}
		err := error(ErrESSCertificate)
		if at.single {
			err = p.checkESS(*at, v == 1, cert, known)
		}
		if err == nil {
			r.ESSCertificate = max(r.ESSCertificate, Match)
			continue
		}
		r.ESSCertificate = Mismatch
		r.fail(i, "signing-certificate", asserting(ErrESSCertificate, err))
	}
	if at := &s.protection; at.present {
		err := error(ErrAlgorithmProtection)
		if at.single {
			err = p.checkProtection(*at, si)
		}
		if r.AlgorithmProtection = Match; err != nil {
			r.AlgorithmProtection = Mismatch
			r.fail(i, "CMSAlgorithmProtection", asserting(ErrAlgorithmProtection, err))
		}
	}
}

// asserting makes sure that err is the sentinel too.
func asserting(sentinel, err error) error {
	if errors.Is(err, sentinel) {
		return err
	}
	return fmt.Errorf("%w: %w", sentinel, err)
}

// verifySignature checks the signature over the signed attributes: as
// received, with the identifier of a SET in the place of [0] (RFC 5652 §5.4);
// when that fails and they are not DER, over their DER encoding.
func (p *parser) verifySignature(a algorithm, si *SignerInfo, public crypto.PublicKey, nonDER bool) bool {
	var room [1024]byte
	received := append(append(room[:0], tagSet), si.RawSignedAttributes[1:]...)
	if a.verify(public, received, si.Signature) {
		return true
	}
	if !nonDER {
		return false
	}
	members, err := p.toDER(nil, si.attributes, true, p.lim.Depth)
	if err != nil {
		return false
	}
	return a.verify(public, appendTLV(nil, tagSet, members), si.Signature)
}
