package xmlsig

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/asn1"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math/big"
	"time"

	"github.com/certmail/certmail/internal/xmltree"
)

// Signing says who signs and how.
type Signing struct {
	// Key signs: RSA of 2048 bits or more (PKCS #1 v1.5), or ECDSA on P-256,
	// P-384 or P-521; in memory, in an HSM or behind a network.
	Key crypto.Signer
	// Certificate of the key; it is embedded and named by
	// SigningCertificateV2.
	Certificate *x509.Certificate
	// Chain is embedded too, issuer first. Leave the root out: readers have it.
	Chain []*x509.Certificate
	// Time is the claimed SigningTime, written in UTC to the second. It must be
	// given.
	Time time.Time
	// Style is how the signature is left out of what it covers.
	Style TransformStyle
	// Hash of all digests and of the signature: SHA-256 when zero, or SHA-384
	// or SHA-512.
	Hash crypto.Hash
	// PSS signs with RSASSA-PSS instead of PKCS #1 v1.5.
	PSS bool
	// Rand for ECDSA and PSS; crypto/rand.Reader when nil.
	Rand io.Reader
	// TimeStamp gets an RFC 3161 token for an imprint with SHA-256: XAdES-B-T.
	// Nil makes XAdES-B-B.
	TimeStamp func(ctx context.Context, imprint []byte, h crypto.Hash) (token []byte, err error)
	// ID of the signature, a name without colon; the others are made of it.
	// Default is "id-" and a digest of the document, the certificate and the
	// time.
	ID string
	// MimeType of the document as DataObjectFormat states it; default text/xml.
	MimeType string
	// Limits for reading the document; nil for the defaults.
	Limits *xmltree.Limits
}

// Sign adds an enveloped XAdES baseline signature (EN 319 132-1 §6) to a document:
// level B-B, or B-T with Signing.TimeStamp. The document is not written anew: the
// signature goes in before the end tag of the root, and no other octet changes.
// It must not bear a signature yet.
//
// What is returned was verified. With an RSA key and PKCS #1 v1.5 the same input
// gives the same octets.
func Sign(ctx context.Context, xml []byte, s *Signing) ([]byte, error) {
	w, err := s.writer()
	if err != nil {
		return nil, err
	}
	doc, err := xmltree.Parse(xml, s.Limits)
	if err != nil {
		return nil, err
	}
	if _, err := Find(doc, nil); err == nil {
		return nil, fail(ErrSeveralSignatures, "document", "it is signed already")
	} else if !errors.Is(err, ErrNoSignature) {
		return nil, err
	}
	if err := w.describe(doc); err != nil {
		return nil, err
	}
	out, err := w.sign(xml, doc)
	if err != nil {
		return nil, err
	}
	out, err = w.stamp(ctx, out)
	if err != nil {
		return nil, err
	}
	if err := w.proof(out); err != nil {
		return nil, err
	}
	return out, nil
}

// proof verifies what was made: a key that is not the certificate's, identifiers
// that the document has already, a document that cannot be signed.
func (w *writer) proof(out []byte) error {
	doc, err := xmltree.Parse(out, w.limits(len(out)))
	if err != nil {
		return err
	}
	result, err := Verify(doc, &Policy{Instructions: true})
	if err != nil {
		return err
	}
	if result.Err != nil {
		return fmt.Errorf("%w: what was signed does not verify: %w", ErrSigning, result.Err)
	}
	return nil
}

func (s *Signing) writer() (*writer, error) {
	if s == nil || s.Key == nil || s.Certificate == nil || len(s.Certificate.Raw) == 0 {
		return nil, fail(ErrSigning, "", "key and certificate are needed")
	}
	if s.Time.IsZero() {
		return nil, fail(ErrSigning, "", "the time of signing is needed")
	}
	w := &writer{Signing: s, hash: s.Hash}
	if w.hash == 0 {
		w.hash = crypto.SHA256
	}
	if w.digestURI = digestURI(w.hash); w.digestURI == "" {
		return nil, fail(ErrAlgorithm, "", "digest %v", w.hash)
	}
	public := s.Key.Public()
	switch public.(type) {
	case *rsa.PublicKey:
		if w.method.scheme = schemePKCS1; s.PSS {
			w.method.scheme = schemePSS
		}
	case *ecdsa.PublicKey:
		w.method.scheme = schemeECDSA
	default:
		return nil, fail(ErrKey, "", "a key of type %T", public)
	}
	w.method.hash = w.hash
	if err := w.method.checkKey(public, defaultMinRSA); err != nil {
		return nil, err
	}
	if own, ok := public.(interface{ Equal(crypto.PublicKey) bool }); !ok || !own.Equal(s.Certificate.PublicKey) {
		return nil, fail(ErrKey, "", "the key is not the certificate's")
	}
	return w, nil
}

// describe works out the signature's identifier and the digest of the document.
func (w *writer) describe(doc *xmltree.Document) error {
	h := w.hash.New()
	if err := doc.WriteCanonical(h, nil, xmltree.Canon{Exclusive: true}); err != nil {
		return err
	}
	w.documentDigest = h.Sum(nil)
	w.id = w.ID
	if w.id == "" {
		h.Reset()
		h.Write(w.documentDigest)
		h.Write(w.Certificate.Raw)
		h.Write([]byte(w.time()))
		w.id = "id-" + hex.EncodeToString(h.Sum(nil)[:16])
	}
	if !isName(w.id) {
		return fail(ErrSigning, "", "%q is no identifier", w.id)
	}
	return nil
}

// signatureValue signs the canonical SignedInfo.
func (w *writer) signatureValue(signedInfo []byte) (string, error) {
	random := w.Rand
	if random == nil {
		random = rand.Reader
	}
	var buf [maxDigest]byte
	var options crypto.SignerOpts = w.hash
	if w.method.scheme == schemePSS {
		options = &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: w.hash}
	}
	signature, err := w.Key.Sign(random, digestOf(w.hash, signedInfo, &buf), options)
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrSigning, err)
	}
	if key, ok := w.Key.Public().(*ecdsa.PublicKey); ok {
		var rs struct{ R, S *big.Int }
		if rest, err := asn1.Unmarshal(signature, &rs); err != nil || len(rest) > 0 {
			return "", fail(ErrSigning, "", "the key made no ECDSA signature")
		}
		width := (key.Params().N.BitLen() + 7) / 8
		if rs.R.Sign() <= 0 || rs.S.Sign() <= 0 || rs.R.BitLen() > 8*width || rs.S.BitLen() > 8*width {
			return "", fail(ErrSigning, "", "the key made no ECDSA signature")
		}
		signature = rs.S.FillBytes(make([]byte, 2*width))
		rs.R.FillBytes(signature[:width])
	}
	return base64.StdEncoding.EncodeToString(signature), nil
}

// issuerSerialOf returns the DER IssuerSerial of a certificate (RFC 5035 §5.4.1).
func issuerSerialOf(cert *x509.Certificate) (string, error) {
	der, err := asn1.Marshal(struct {
		Names  []asn1.RawValue
		Serial *big.Int
	}{
		[]asn1.RawValue{{Class: asn1.ClassContextSpecific, Tag: directoryName, IsCompound: true, Bytes: cert.RawIssuer}},
		cert.SerialNumber,
	})
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrSigning, err)
	}
	return base64.StdEncoding.EncodeToString(der), nil
}
