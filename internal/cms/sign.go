package cms

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"io"
	"slices"
	"time"

	"go.mozilla.org/pkcs7"
)

// Signing says who signs and how.
type Signing struct {
	// Key signs: RSA (PKCS #1 v1.5), ECDSA or Ed25519; in memory, in an HSM or
	// behind a network, as long as its Public method gives the usual type.
	Key crypto.Signer
	// Certificate of the key; it is embedded and names the signer.
	Certificate *x509.Certificate
	// Chain is embedded too, issuer first. Leave the root out: readers have
	// it, and it costs them time.
	Chain []*x509.Certificate
	// Hash algorithm of the content digest and of the signature: SHA-256 when
	// zero (SHA-512 for Ed25519, which takes no other, RFC 8419). SHA-1 only
	// when asked for by name.
	Hash crypto.Hash
	// SigningTime is what the signingTime attribute says, to the second; now
	// when zero.
	SigningTime time.Time
	// IncludeESS adds the signing-certificate-v2 attribute (RFC 5035), as
	// CAdES wants. PEC does without.
	IncludeESS bool
	// ContentType of what is signed: id-data when empty.
	ContentType asn1.ObjectIdentifier
	// Attributes are further signed attributes, each with one value.
	Attributes []Attribute
}

// Attribute is a signed attribute with one value (DER).
type Attribute struct {
	Type  asn1.ObjectIdentifier
	Value []byte
}

// Sign returns a detached SignedData (DER) over content with the given digest,
// of type id-data, as S/MIME wants it: attributes contentType, signingTime and
// messageDigest, the signer named by issuer and serial number.
//
// With an RSA key the same input gives the same octets. A signature from a key
// that is not in memory (not a Go private key) is verified before it is
// returned.
func Sign(contentDigest []byte, s *Signing) ([]byte, error) {
	a, err := s.algorithm()
	if err != nil {
		return nil, signingError(err)
	}
	if len(contentDigest) != a.hash.Size() {
		return nil, signingError(fmt.Errorf("%w: %d octets for %v", ErrMessageDigest, len(contentDigest), a.hash))
	}
	return s.signedData(a, contentDigest, nil)
}

// signedData signs and assembles; content that is not nil goes inside.
func (s *Signing) signedData(a algorithm, contentDigest, content []byte) ([]byte, error) {
	attributes, err := s.attributes(contentDigest)
	if err != nil {
		return nil, signingError(err)
	}
	signature, err := s.sign(a, attributes)
	if err != nil {
		return nil, signingError(err)
	}
	der, err := s.assemble(a, attributes, signature, content)
	if err != nil {
		return nil, signingError(err)
	}
	return der, nil
}

func signingError(err error) error { return &Error{Part: "sign", Err: err} }

// algorithm chooses the algorithm by the key and checks that everything fits.
func (s *Signing) algorithm() (algorithm, error) {
	if s == nil || s.Key == nil || s.Certificate == nil || len(s.Certificate.Raw) == 0 {
		return algorithm{}, fmt.Errorf("%w: key and certificate are needed", ErrCertificateMissing)
	}
	a := algorithm{hash: s.Hash}
	public := s.Key.Public()
	switch public.(type) {
	case *rsa.PublicKey:
		a.scheme = schemePKCS1
	case *ecdsa.PublicKey:
		a.scheme = schemeECDSA
	case ed25519.PublicKey:
		a.scheme = schemeEd25519
	default:
		return a, fmt.Errorf("%w: key of type %T", ErrUnsupportedAlgorithm, public)
	}
	if a.hash == 0 {
		if a.hash = crypto.SHA256; a.scheme == schemeEd25519 {
			a.hash = crypto.SHA512
		}
	}
	if digestName(a.hash) == nil {
		return a, fmt.Errorf("%w: digest %v", ErrUnsupportedAlgorithm, a.hash)
	}
	if a.scheme == schemeEd25519 && a.hash != crypto.SHA512 {
		return a, fmt.Errorf("%w: Ed25519 with %v, only SHA-512 is allowed", ErrAlgorithmMismatch, a.hash)
	}
	if err := a.checkKey(public); err != nil {
		return a, err
	}
	if key, ok := s.Certificate.PublicKey.(interface{ Equal(crypto.PublicKey) bool }); !ok || !key.Equal(public) {
		return a, ErrKeyMismatch
	}
	return a, nil
}

// signedAttribute is one attribute, whole and in the pieces that the library
// wants.
type signedAttribute struct {
	kind asn1.ObjectIdentifier
	set  []byte // SET OF values
	der  []byte // the whole attribute
}

var (
	kindContentType   = pkcs7.OIDAttributeContentType
	kindMessageDigest = pkcs7.OIDAttributeMessageDigest
	kindSigningTime   = pkcs7.OIDAttributeSigningTime
	kindESSCertV2     = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 2, 47}
	nameEd25519       = asn1.ObjectIdentifier{1, 3, 101, 112}
)

func newAttribute(kind asn1.ObjectIdentifier, oid string, value []byte) signedAttribute {
	b := make([]byte, 0, len(oid)+len(value)+8)
	b = appendTLV(b, tagOID, []byte(oid))
	at := len(b)
	b = appendTLV(b, tagSet, value)
	return signedAttribute{kind: kind, set: b[at:], der: appendTLV(make([]byte, 0, len(b)+4), tagSequence, b)}
}

// attributes returns the signed attributes in DER order.
func (s *Signing) attributes(contentDigest []byte) ([]signedAttribute, error) {
	at := s.SigningTime
	if at.IsZero() {
		at = time.Now()
	}
	clock, err := asn1.Marshal(at.UTC()) // whole seconds; UTCTime up to 2049
	if err != nil {
		return nil, err
	}
	contentType := appendTLV(nil, tagOID, []byte(oidData))
	if len(s.ContentType) > 0 {
		if contentType, err = asn1.Marshal(s.ContentType); err != nil {
			return nil, fmt.Errorf("content type: %w", err)
		}
	}
	out := make([]signedAttribute, 0, 4+len(s.Attributes))
	out = append(out,
		newAttribute(kindContentType, oidContentType, contentType),
		newAttribute(kindSigningTime, oidSigningTime, clock),
		newAttribute(kindMessageDigest, oidMessageDigest, appendTLV(nil, tagOctetString, contentDigest)))
	if s.IncludeESS {
		var buf [maxDigest]byte
		id := appendTLV(nil, tagOctetString, digestOf(crypto.SHA256, s.Certificate.Raw, &buf))
		for range 3 { // ESSCertIDv2, the list of them, SigningCertificateV2
			id = appendTLV(nil, tagSequence, id)
		}
		out = append(out, newAttribute(kindESSCertV2, oidESSCertV2, id))
	}
	for _, attribute := range s.Attributes {
		oid, err := asn1.Marshal(attribute.Type)
		if err != nil {
			return nil, fmt.Errorf("attribute: %w", err)
		}
		out = append(out, newAttribute(attribute.Type, string(oid[2:]), attribute.Value))
	}
	slices.SortFunc(out, func(a, b signedAttribute) int { return bytes.Compare(a.der, b.der) })
	return out, nil
}

// sign signs the SET OF attributes.
func (s *Signing) sign(a algorithm, attributes []signedAttribute) ([]byte, error) {
	members := make([]byte, 0, 256)
	for _, attribute := range attributes {
		members = append(members, attribute.der...)
	}
	signed := appendTLV(make([]byte, 0, len(members)+4), tagSet, members)
	message, options := signed, crypto.SignerOpts(crypto.Hash(0)) // Ed25519 hashes itself
	if a.scheme != schemeEd25519 {
		var buf [maxDigest]byte
		message, options = digestOf(a.hash, signed, &buf), a.hash
	}
	signature, err := s.Key.Sign(rand.Reader, message, options)
	if err != nil {
		return nil, err
	}
	switch s.Key.(type) {
	case *rsa.PrivateKey, *ecdsa.PrivateKey, ed25519.PrivateKey:
	default:
		if !a.verify(s.Certificate.PublicKey, signed, signature) {
			return nil, fmt.Errorf("%w: the key returned it", ErrSignature)
		}
	}
	return signature, nil
}

// assemble builds the SignedData around attributes, signature and, unless it is
// nil, the content.
//
// go.mozilla.org/pkcs7 hashes content that it holds in memory, with the time of
// its own clock, and looks at the key's Go type. So it is asked for a signature
// without attributes from a stand-in key, and what we made is put in its place.
func (s *Signing) assemble(a algorithm, attributes []signedAttribute, signature, content []byte) ([]byte, error) {
	builder, err := pkcs7.NewSignedData(content)
	if err != nil {
		return nil, err
	}
	identifier, parameters := signatureName(a)
	builder.SetDigestAlgorithm(digestName(a.hash))
	builder.SetEncryptionAlgorithm(identifier)
	if err := builder.SignWithoutAttr(s.Certificate, standIn{s.Key.Public()}, pkcs7.SignerInfoConfig{}); err != nil {
		return nil, err
	}
	whole := builder.GetSignedData()
	if len(s.ContentType) > 0 && !s.ContentType.Equal(pkcs7.OIDData) {
		whole.ContentInfo.ContentType, whole.Version = s.ContentType, 3 // RFC 5652 §5.1
	}
	info := &whole.SignerInfos[0]
	info.DigestEncryptionAlgorithm = pkix.AlgorithmIdentifier{Algorithm: identifier, Parameters: parameters}
	info.EncryptedDigest = signature
	info.AuthenticatedAttributes = room(info.AuthenticatedAttributes, len(attributes))
	for i, attribute := range attributes {
		info.AuthenticatedAttributes[i].Type = attribute.kind
		info.AuthenticatedAttributes[i].Value = asn1.RawValue{FullBytes: attribute.set}
	}
	for i, c := range s.Chain {
		if c != nil && !c.Equal(s.Certificate) && !slices.ContainsFunc(s.Chain[:i], c.Equal) {
			builder.AddCertificate(c)
		}
	}
	if content == nil {
		builder.Detach()
	}
	return builder.Finish()
}

// room makes a slice of a type that the library does not export.
func room[T any](_ []T, n int) []T { return make([]T, n) }

// standIn is a key that signs nothing.
type standIn struct{ public crypto.PublicKey }

func (k standIn) Public() crypto.PublicKey { return k.public }

func (k standIn) Sign(io.Reader, []byte, crypto.SignerOpts) ([]byte, error) { return nil, nil }

// digestName returns the OID of a digest, nil when it is not supported.
func digestName(h crypto.Hash) asn1.ObjectIdentifier {
	switch h {
	case crypto.SHA1:
		return pkcs7.OIDDigestAlgorithmSHA1
	case crypto.SHA256:
		return pkcs7.OIDDigestAlgorithmSHA256
	case crypto.SHA384:
		return pkcs7.OIDDigestAlgorithmSHA384
	case crypto.SHA512:
		return pkcs7.OIDDigestAlgorithmSHA512
	}
	return nil
}

// signatureName returns the signature algorithm: for RSA rsaEncryption with
// NULL, as PEC providers write it (RFC 3370 §3.2), for ECDSA the one with the
// digest (RFC 5753 §2.1.1), Ed25519 without parameters (RFC 8419 §2.2).
func signatureName(a algorithm) (asn1.ObjectIdentifier, asn1.RawValue) {
	switch a.scheme {
	case schemePKCS1:
		return pkcs7.OIDEncryptionAlgorithmRSA, asn1.NullRawValue
	case schemeEd25519:
		return nameEd25519, asn1.RawValue{}
	}
	switch a.hash {
	case crypto.SHA1:
		return pkcs7.OIDDigestAlgorithmECDSASHA1, asn1.RawValue{}
	case crypto.SHA384:
		return pkcs7.OIDDigestAlgorithmECDSASHA384, asn1.RawValue{}
	case crypto.SHA512:
		return pkcs7.OIDDigestAlgorithmECDSASHA512, asn1.RawValue{}
	}
	return pkcs7.OIDDigestAlgorithmECDSASHA256, asn1.RawValue{}
}
