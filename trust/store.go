package trust

import (
	"bytes"
	"crypto/sha256"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"time"
)

// Material is what a Store believes and works with. Every field may be empty.
// Nothing in it is fetched, refreshed or modified later; the Store keeps the
// certificates, so do not modify them either.
type Material struct {
	// Keys are issuing authorities trusted by their key, such as AgIDCA1().
	Keys []KeyAnchor
	// Anchors are certificates where a path may end; they need not be
	// self-signed. An anchor that is the signer's own certificate counts as a
	// pin.
	Anchors []*x509.Certificate
	// Intermediates only help to build a path and are never believed.
	Intermediates []*x509.Certificate
	// Pins are the SHA-256 fingerprints of single signer certificates.
	Pins [][32]byte
	// CRLs (DER or PEM) and OCSP responses (DER), for instance captured when
	// the messages arrived.
	CRLs, OCSP [][]byte
	// Directory is the provider directory (indice dei gestori), see LoadLDIF.
	// It adds a check and is never an anchor: without Keys, Anchors or Pins
	// signer-chain stays unknown. Several are put together by
	// MergeDirectories.
	Directory *Directory
	// Eras are the authorities of earlier periods (CNIPA, DigitPA), believed
	// only under Policy.AllowSHA1Certificates.
	Eras []Era
}

// Era is a period in which providers signed under authorities whose
// certificates, or those they issued, carry SHA-1 signatures. Their anchors
// are believed only for events of the period: today anybody with enough money
// makes a SHA-1 collision.
type Era struct {
	Name string
	// From and Until bound the event times; zero leaves that side open.
	From, Until time.Time
	Anchors     []*x509.Certificate
}

// Policy is what a Store accepts. The zero value, and a nil pointer, is the
// safe default.
type Policy struct {
	// AllowSHA1Certificates accepts certificates signed with SHA-1, as those
	// of the CNIPA and DigitPA authorities (about 2005-2016). Each use is a
	// finding. (SHA-1 in the signature of a message is another matter: see
	// RefuseSHA1 in pec.VerifyOptions.)
	AllowSHA1Certificates bool
	// CacheSize is how many signer certificates are remembered with the paths
	// above them: 0 means 256, a negative number none.
	CacheSize int
	// DirectoryMaxAge is the age after which the provider directory is
	// reported as stale: 0 means 24 hours (RFC 6109 §4.5: refreshed daily), a
	// negative duration never.
	DirectoryMaxAge time.Duration
}

// Store judges signer certificates against fixed material. It is immutable
// and safe for concurrent use; to change what is believed, make another.
type Store struct {
	policy        Policy
	keys          []KeyAnchor
	anchors       []anchor
	intermediates []*x509.Certificate
	keyed         []*x509.Certificate // held certificates that carry a key of keys
	pins          map[[32]byte]bool
	crls          []*crl
	ocsp          []*ocspResponse
	directory     *Directory
	publicRoots   [][32]byte
	cache         *cache
}

// anchor is a certificate where a path may end, with the era it is bound to.
type anchor struct {
	cert *x509.Certificate
	era  *Era
	pool *x509.CertPool // of this one
}

func poolOf(c *x509.Certificate) *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(c)
	return pool
}

// poolOf returns a pool with the one certificate where a path ends.
func (s *Store) poolOf(c *x509.Certificate) *x509.CertPool {
	for i := range s.anchors {
		if s.anchors[i].cert == c {
			return s.anchors[i].pool
		}
	}
	return poolOf(c)
}

// NewStore checks the material and makes a Store of it. It fails on nil
// certificates, on a key anchor without a key, and on revocation data that
// cannot be read; signatures on them are checked when they are used.
func NewStore(m Material, p *Policy) (*Store, error) {
	s := &Store{directory: m.Directory, publicRoots: [][32]byte{hash32(actalisRootSPKI)}}
	if p != nil {
		s.policy = *p
	}
	if s.policy.DirectoryMaxAge == 0 {
		s.policy.DirectoryMaxAge = 24 * time.Hour
	}
	s.cache = newCache(s.policy.CacheSize)

	for i, k := range m.Keys {
		if k.SPKI == ([32]byte{}) {
			return nil, fmt.Errorf("trust: key anchor %d (%s): no key hash", i, k.Name)
		}
		s.keys = append(s.keys, k)
	}
	for i, c := range m.Anchors {
		c = withKey(c)
		if err := usable(c); err != nil {
			return nil, fmt.Errorf("trust: anchor %d: %w", i, err)
		}
		s.anchors = append(s.anchors, anchor{cert: c, pool: poolOf(c)})
	}
	for i := range m.Eras {
		era := m.Eras[i]
		for j, c := range era.Anchors {
			c = withKey(c)
			if err := usable(c); err != nil {
				return nil, fmt.Errorf("trust: era %s: anchor %d: %w", era.Name, j, err)
			}
			s.anchors = append(s.anchors, anchor{cert: c, era: &era, pool: poolOf(c)})
		}
	}
	for i, c := range m.Intermediates {
		c = withKey(c)
		if err := usable(c); err != nil {
			return nil, fmt.Errorf("trust: intermediate %d: %w", i, err)
		}
		if !s.isAnchor(c) && !selfIssued(c) {
			s.intermediates = append(s.intermediates, c)
		}
	}
	for i := range s.anchors {
		if s.keyOf(s.anchors[i].cert) != nil {
			s.keyed = append(s.keyed, s.anchors[i].cert)
		}
	}
	for _, c := range m.Intermediates {
		if c = withKey(c); !s.isAnchor(c) && s.keyOf(c) != nil {
			s.keyed = append(s.keyed, c)
		}
	}
	if len(m.Pins) > 0 {
		s.pins = make(map[[32]byte]bool, len(m.Pins))
		for _, pin := range m.Pins {
			s.pins[pin] = true
		}
	}
	for i, raw := range m.CRLs {
		c, err := parseCRL(raw)
		if err != nil {
			return nil, fmt.Errorf("trust: CRL %d: %w", i, err)
		}
		s.crls = append(s.crls, c)
	}
	for i, raw := range m.OCSP {
		r, err := parseOCSP(raw)
		if err != nil {
			return nil, fmt.Errorf("trust: OCSP response %d: %w", i, err)
		}
		s.ocsp = append(s.ocsp, r)
	}
	return s, nil
}

// WithoutKeys returns a store that believes what s does but for its key anchors
// (Material.Keys): those of PEC vouch neither for REM nor for time-stamps. It is
// s itself when there are none.
func (s *Store) WithoutKeys() *Store {
	if len(s.keys) == 0 {
		return s
	}
	c := *s
	c.keys, c.keyed, c.cache = nil, nil, newCache(s.policy.CacheSize)
	return &c
}

// ParseCertificates reads certificates from PEM (other blocks and text around
// them are ignored) or from DER, one after the other.
func ParseCertificates(data []byte) ([]*x509.Certificate, error) {
	var certs []*x509.Certificate
	if !bytes.Contains(data, []byte("-----BEGIN")) {
		certs, err := x509.ParseCertificates(bytes.Clone(data))
		if err == nil && len(certs) == 0 {
			err = errors.New("no certificate")
		}
		if err != nil {
			return nil, fmt.Errorf("trust: certificates: %w", err)
		}
		for i := range certs {
			certs[i] = withKey(certs[i])
		}
		return certs, nil
	}
	for n := 1; ; {
		var block *pem.Block
		if block, data = pem.Decode(data); block == nil {
			break
		}
		if block.Type != "CERTIFICATE" && block.Type != "X509 CERTIFICATE" {
			continue
		}
		c, err := ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("trust: certificate %d: %w", n, err)
		}
		certs = append(certs, c)
		n++
	}
	if len(certs) == 0 {
		return nil, errors.New("trust: certificates: no CERTIFICATE block")
	}
	return certs, nil
}

func usable(c *x509.Certificate) error {
	if c == nil || len(c.Raw) == 0 || c.PublicKey == nil {
		return errors.New("not a parsed certificate")
	}
	return nil
}

func (s *Store) isAnchor(c *x509.Certificate) bool {
	for i := range s.anchors {
		if bytes.Equal(s.anchors[i].cert.Raw, c.Raw) {
			return true
		}
	}
	return false
}

// keyOf finds the key anchor of a certificate's key.
func (s *Store) keyOf(c *x509.Certificate) *KeyAnchor {
	if len(s.keys) == 0 {
		return nil
	}
	sum := sha256.Sum256(c.RawSubjectPublicKeyInfo)
	for i := range s.keys {
		if s.keys[i].SPKI == sum {
			return &s.keys[i]
		}
	}
	return nil
}

func (s *Store) isPublicRoot(c *x509.Certificate) bool {
	sum := sha256.Sum256(c.RawSubjectPublicKeyInfo)
	for i := range s.publicRoots {
		if s.publicRoots[i] == sum {
			return true
		}
	}
	return false
}

func selfIssued(c *x509.Certificate) bool { return bytes.Equal(c.RawSubject, c.RawIssuer) }
