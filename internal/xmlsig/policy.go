package xmlsig

import (
	"crypto"
	"crypto/x509"
	"slices"
)

// Policy says what kind of signature is accepted. The zero value, and a nil
// *Policy, are the strict one for REM evidence: XAdES baseline, everything from
// the allow-lists below.
type Policy struct {
	// Canonicalizations accepted, out of ExclusiveC14N, C14N10 and C14N11; nil
	// for all. A form with comments is never accepted.
	Canonicalizations []string
	// Styles accepted: how the signature is left out of what it covers; nil for
	// both.
	Styles []TransformStyle
	// Digests accepted, out of those with SHA-256, SHA-384 and SHA-512; nil for
	// all.
	Digests []string
	// Signatures accepted, out of RSA (PKCS #1 v1.5 and PSS) and ECDSA (P-256,
	// P-384, P-521) with these digests; nil for all.
	Signatures []string
	// MinRSA is the size in bits from which an RSA key is accepted; 2048 if
	// less is given.
	MinRSA int
	// MaxReferences is how many references there may be; default 3, the most
	// that can have a meaning.
	MaxReferences int
	// PlainXMLDSig accepts a signature without XAdES properties, or without
	// SigningCertificate among them: nothing then binds the certificate, except
	// a reference to ds:KeyInfo.
	PlainXMLDSig bool
	// SHA1CertDigest accepts SHA-1 in SigningCertificate, as trusted lists of
	// version 5 have it; the certificate is compared with others anyhow then.
	SHA1CertDigest bool
	// Instructions accepts processing instructions outside the root.
	Instructions bool
	// Certificate parses a certificate (trust.Store.Certificate remembers); nil
	// is x509.ParseCertificate.
	Certificate func(der []byte) (*x509.Certificate, error)
	// PreparedKey returns the certificate's key in a form that verifies faster,
	// or nil (trust.Store.PreparedKey). Anything else than a form of that very
	// key is ignored.
	PreparedKey func(*x509.Certificate) crypto.PublicKey
	// Intern may return copies that it holds already of the certificates that a
	// signature carries: the signer's and all of them (trust.Store.Intern). It must
	// not keep what it is given. Without it they are copied.
	Intern func(signer []byte, all [][]byte) ([]byte, [][]byte)
	// CertificateDigest may return the digest of a certificate (DER), when it is
	// known already, or nil (trust.Store.CertificateDigest).
	CertificateDigest func(der []byte, h crypto.Hash) []byte
}

// ForLists is the policy for EU trusted lists (TS 119 612 §5.7.1, Annex B).
func ForLists() *Policy { return &Policy{SHA1CertDigest: true} }

// TransformStyle is how a document's signature is left out of what it covers.
type TransformStyle uint8

const (
	// Enveloped is the transform enveloped-signature (XMLDSig §6.6.4).
	Enveloped TransformStyle = iota
	// Filter2 is the XPath Filter 2.0 "subtract /descendant::ds:Signature",
	// which the kits of ETSI and AgID use.
	Filter2
)

// String returns the last part of the transform's URI.
func (s TransformStyle) String() string {
	if s == Filter2 {
		return "xmldsig-filter2"
	}
	return "enveloped-signature"
}

const (
	defaultMinRSA = 2048
	maxRSA        = 16384
	// What a ds:KeyInfo may hold, and one certificate in octets.
	maxCertificates    = 16
	maxCertificateSize = 64 << 10
	// maxTimeStamps are looked at; maxTokenSize in octets.
	maxTimeStamps = 16
	maxTokenSize  = 1 << 20
	// maxPrefixes is how long a PrefixList may be: each is looked for at each
	// element.
	maxPrefixes = 64
	// maxTries is how many certificates are tried where none is named.
	maxTries = 4
)

func (p *Policy) minRSA() int { return max(p.MinRSA, defaultMinRSA) }

func (p *Policy) maxReferences() int {
	if p.MaxReferences > 0 {
		return min(p.MaxReferences, 3)
	}
	return 3
}

func (p *Policy) allowsStyle(s TransformStyle) bool {
	return p.Styles == nil || slices.Contains(p.Styles, s)
}

func allows(list []string, uri string) bool {
	return list == nil || slices.Contains(list, uri)
}

// digest returns the digest of a certificate, maybe in buf.
func (p *Policy) digest(h crypto.Hash, der []byte, buf *[maxDigest]byte) []byte {
	if p.CertificateDigest != nil {
		if sum := p.CertificateDigest(der, h); len(sum) == h.Size() {
			return sum
		}
	}
	return digestOf(h, der, buf)
}

func (p *Policy) parseCertificate(der []byte) (*x509.Certificate, error) {
	if p.Certificate != nil {
		return p.Certificate(der)
	}
	return x509.ParseCertificate(der)
}
