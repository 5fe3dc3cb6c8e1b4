package envelope

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/certmail/certmail/internal/cms"
)

// Signature is what the signature of a message shows by itself: that these
// bytes were signed with these keys. Whose keys they are and whether they may
// certify mail is judged by package trust.
type Signature struct {
	// Signers holds one result per signer. PEC has exactly one (RFC 6109
	// §2.1).
	Signers []SignerResult
	// Certificates are the certificates carried along, raw DER, not judged.
	Certificates [][]byte
	// CRLs are the revocation lists carried along, raw DER, not judged.
	CRLs [][]byte
	// LineEnds says which reading of the line ends the digest fits.
	LineEnds LineEnds
	// Findings is everything odd that was met.
	Findings []Finding
	// Err says why there is no result at all, or why there must not be one; it
	// wraps ErrSource when the message could not be read.
	Err error
}

// SignerResult is what was found out about one signer.
type SignerResult struct {
	// RawCertificate is the certificate that the signer names, DER; nil when
	// it was not carried along nor given.
	RawCertificate []byte
	Certificate    *x509.Certificate
	// Digest is the algorithm of the content digest, from the signature
	// itself; the micalg parameter of the message is only a hint.
	Digest crypto.Hash
	// Algorithm names the signature algorithm for people.
	Algorithm string
	// DigestOK: the signed part has the digest that was signed.
	// SignatureOK: the signed attributes verify under the certificate's key.
	// ContentTypeOK: they speak of the right kind of content.
	DigestOK, SignatureOK, ContentTypeOK bool
	// CertificateSigned says how far the signature itself names its certificate,
	// as CAdES-B-B wants (EN 319 122-1 §5.2.2).
	CertificateSigned CertificateSigned
	// SigningTime is the signer's claim, zero when it makes none.
	SigningTime time.Time
	// Err is nil only if everything holds.
	Err error
}

// CertificateSigned is what the signed attributes say about the certificate of
// the signer. An attribute that names another one makes the signature bad.
type CertificateSigned int

const (
	// CertificateNotSigned: there is no signing-certificate attribute. PEC does
	// without.
	CertificateNotSigned CertificateSigned = iota
	// CertificateSignedSHA1: only the first version (RFC 2634 §5.4), whose digest
	// is SHA-1.
	CertificateSignedSHA1
	// CertificateSignedV2: signing-certificate-v2 (RFC 5035 §3).
	CertificateSignedV2
)

// OK tells whether exactly one signer signed and everything about its
// signature holds. It says nothing about who that is.
func (s *Signature) OK() bool {
	return s.Err == nil && len(s.Signers) == 1 && s.Signers[0].Err == nil &&
		s.Signers[0].DigestOK && s.Signers[0].SignatureOK && s.Signers[0].ContentTypeOK
}

// Errors of VerifySignature beside ErrNotSigned.
var (
	// ErrAmbiguousContent says that a detached signature also carries content:
	// which of the two was meant cannot be told.
	ErrAmbiguousContent = errors.New("detached signature with content of its own")
	// ErrSeveralSigners says that a message has more than one signer.
	ErrSeveralSigners = errors.New("more than one signer")
	// ErrAltered says that the signed bytes are not those that were signed.
	ErrAltered = errors.New("content was altered after it was signed")
	// ErrSignerMissing says that the signer's certificate is not carried along
	// and was not given.
	ErrSignerMissing = errors.New("certificate of the signer is missing")
	// ErrUnsupported says that the signature uses an algorithm that we do not
	// have: it was not judged.
	ErrUnsupported = errors.New("algorithm is not supported")
	// ErrBadSignature says that the signature does not verify.
	ErrBadSignature = errors.New("signature does not verify")
)

// SignatureOptions are what VerifySignature may need from outside. A nil
// pointer means none.
type SignatureOptions struct {
	// Parse parses certificates; x509.ParseCertificate unless set. A trust
	// store offers one that remembers.
	Parse func(der []byte) (*x509.Certificate, error)
	// Prepared may return the public key of a certificate in a form that
	// verifies faster, as a trust store keeps one for the signers it knows, or
	// nil. What is no form of that very key is ignored.
	Prepared func(*x509.Certificate) crypto.PublicKey
	// CertificateDigest may return the digest of a certificate (DER) when it is
	// known already, as a trust store knows those of its signers, or nil.
	CertificateDigest func(der []byte, h crypto.Hash) []byte
	// Intern may return copies that it holds already of the certificates that
	// a message carries: the signer's and all of them. It must not keep what
	// it is given. Without it they are copied.
	Intern func(signer []byte, all [][]byte) ([]byte, [][]byte)
	// Certificates are tried when the message does not carry its signer's.
	Certificates []*x509.Certificate
}

// VerifySignature checks the signature of the message over the bytes that
// were scanned. The result is never nil; see its Err and OK.
func (m *Message) VerifySignature(opt *SignatureOptions) *Signature {
	if opt == nil {
		opt = &SignatureOptions{}
	}
	sig := &Signature{}
	room := signatures.Get().(*[]byte)
	defer signatures.Put(room)
	sd, err := m.signedData(room)
	if err != nil {
		sig.Err = err
		return sig
	}
	signer := sig.take(sd, opt)
	for _, f := range sd.Findings {
		sig.Findings = append(sig.Findings, Finding{Code: f.Code, Detail: f.Detail})
	}
	if sd.HasContent {
		sig.Err = &Error{Where: "signature", Offset: m.SignaturePart.Entity.Start, Err: ErrAmbiguousContent}
	}
	sig.Signers = make([]SignerResult, len(sd.Signers))
	for i := range sd.Signers {
		m.verifySigner(sig, sd, i, signer, opt)
		signer = nil
	}
	if len(sd.Signers) > 1 && sig.Err == nil {
		sig.Err = errorf("signature", m.SignaturePart.Entity.Start, ErrSeveralSigners, "%d, want 1", len(sd.Signers))
	}
	return sig
}

// signatures are reused between verifications: nothing in a Signature refers
// to the bytes of the part.
var signatures = sync.Pool{New: func() any { b := make([]byte, 0, 4096); return &b }}

// take copies what the result keeps of the signature part, and returns the
// certificate of the first signer.
func (s *Signature) take(sd *cms.SignedData, opt *SignatureOptions) (signer []byte) {
	signer = sd.CertificateOf(0)
	if opt.Intern != nil {
		signer, s.Certificates = opt.Intern(signer, sd.Certificates)
	} else {
		s.Certificates = make([][]byte, len(sd.Certificates))
		for i, c := range sd.Certificates {
			s.Certificates[i] = bytes.Clone(c)
		}
		signer = bytes.Clone(signer)
	}
	for _, crl := range sd.CRLs {
		s.CRLs = append(s.CRLs, bytes.Clone(crl))
	}
	return signer
}

// signedData reads the signature part into a borrowed buffer.
func (m *Message) signedData(room *[]byte) (*cms.SignedData, error) {
	p := m.SignaturePart
	if m.Signed == nil || p == nil {
		return nil, &Error{Where: "message", Offset: -1, Err: ErrNotSigned}
	}
	if !isSignaturePart(p) {
		return nil, errorf("signature", p.Entity.Start, ErrNotSigned, "the second part is %s, want application/pkcs7-signature", clip(p.Type.Value))
	}
	if p.Body.Len() > int64(m.opt.MaxSignature) {
		return nil, errorf("signature", p.Entity.Start, ErrTooLarge, "%d bytes, want at most %d", p.Body.Len(), m.opt.MaxSignature)
	}
	der, err := p.AppendBytes((*room)[:0], int64(m.opt.MaxSignature))
	if errors.Is(err, errBehindPadding) {
		filter := newBase64Filter(p.Raw())
		filter.lenient = true
		der, err = io.ReadAll(base64.NewDecoder(base64.StdEncoding, filter))
	}
	if err != nil {
		return nil, err
	}
	if cap(der) <= 64<<10 {
		*room = der[:0]
	}
	sd, err := cms.Parse(der, nil)
	if err != nil {
		return nil, &Error{Where: "signature", Offset: p.Entity.Start, Err: err}
	}
	return sd, nil
}

// isSignaturePart accepts both spellings of the type, whatever the protocol
// parameter says, and a file of the usual name without a type.
func isSignaturePart(p *Part) bool {
	switch p.Type.Value {
	case "application/pkcs7-signature", "application/x-pkcs7-signature":
		return true
	case "application/octet-stream":
		return strings.HasSuffix(strings.ToLower(p.Name()), ".p7s")
	}
	return false
}

// verifySigner tries the certificates that the signer may mean: a message can
// carry a decoy with the same issuer and serial number.
func (m *Message) verifySigner(sig *Signature, sd *cms.SignedData, i int, raw []byte, opt *SignatureOptions) {
	r := &sig.Signers[i]
	if raw == nil {
		raw = bytes.Clone(sd.CertificateOf(i))
	}
	if raw == nil {
		m.tryGiven(sig, sd, i, opt)
		return
	}
	if *r = m.try(sig, sd, i, raw, opt); r.SignatureOK {
		return
	}
	for _, other := range sd.CandidatesOf(i)[1:] {
		if again := m.try(sig, sd, i, bytes.Clone(other), opt); again.SignatureOK {
			*r = again
			return
		}
	}
}

// tryGiven verifies with a certificate of the caller's.
func (m *Message) tryGiven(sig *Signature, sd *cms.SignedData, i int, opt *SignatureOptions) {
	r := &sig.Signers[i]
	for _, cert := range opt.Certificates {
		if *r = m.tryParsed(sig, sd, i, cert, opt); !errors.Is(r.Err, cms.ErrCertificateMismatch) {
			return
		}
	}
	*r = m.tryParsed(sig, sd, i, nil, opt)
}

func (m *Message) try(sig *Signature, sd *cms.SignedData, i int, raw []byte, opt *SignatureOptions) SignerResult {
	parse := opt.Parse
	if parse == nil {
		parse = x509.ParseCertificate
	}
	cert, err := parse(raw)
	r := m.tryParsed(sig, sd, i, cert, opt)
	r.RawCertificate = raw
	if err != nil {
		r.Err = &Error{Where: "signature", Offset: -1, Err: fmt.Errorf("%w: certificate of the signer: %w", ErrBadSignature, err)}
	}
	return r
}

func (m *Message) tryParsed(sig *Signature, sd *cms.SignedData, i int, cert *x509.Certificate, opt *SignatureOptions) SignerResult {
	known := cms.Known{Digest: opt.CertificateDigest}
	if opt.Prepared != nil && cert != nil {
		known.Key = opt.Prepared(cert)
	}
	ends := CanonicalLineEnds
	digest := func(h crypto.Hash) ([]byte, error) {
		sum, err := m.Digest(h, ends)
		if errors.Is(err, ErrSource) {
			sig.Err = err
		}
		return sum, err
	}
	result := sd.VerifyKnown(i, cert, known, digest)
	if result.SignatureOK && !result.DigestOK && (m.digest.bareLF || m.digest.runs) {
		// The signer may have digested other line ends than we did.
		for _, other := range []LineEnds{CollapsedLineEnds, RawLineEnds} {
			if ends = other; m.sameBytes(other) {
				continue
			}
			if again := sd.VerifyKnown(i, cert, known, digest); again.DigestOK {
				result, sig.LineEnds = again, other
				sig.Findings = append(sig.Findings, Finding{Code: "line-endings-as-signed", Detail: "the digest fits the " + other.String() + " line ends"})
				break
			}
		}
	}
	if result.NonDERAttributes {
		sig.Findings = append(sig.Findings, Finding{Code: "non-der-attributes", Detail: "the signed attributes are not in DER"})
	}
	r := SignerResult{
		Certificate: cert,
		Digest:      result.Digest, Algorithm: result.SignatureAlgorithm, SigningTime: result.SigningTime,
		DigestOK: result.DigestOK, SignatureOK: result.SignatureOK, ContentTypeOK: result.ContentTypeOK,
	}
	switch {
	case result.ESSCertificate != cms.Match:
	case result.ESSVersion2:
		r.CertificateSigned = CertificateSignedV2
	default:
		r.CertificateSigned = CertificateSignedSHA1
	}
	if cert != nil {
		r.RawCertificate = cert.Raw
	}
	if result.Err != nil {
		r.Err = explain(&result)
	}
	return r
}

// explain puts the outcomes into words of our own; errors.Is finds both.
func explain(r *cms.Result) error {
	reason := ErrBadSignature
	switch {
	case r.SignatureOK && !r.DigestOK:
		reason = ErrAltered
	case errors.Is(r.Err, cms.ErrCertificateMissing):
		reason = ErrSignerMissing
	case errors.Is(r.Err, cms.ErrUnsupportedAlgorithm):
		reason = ErrUnsupported
	}
	return &Error{Where: "signature", Offset: -1, Err: fmt.Errorf("%w: %w", reason, r.Err)}
}
