package trust

import (
	"bytes"
	"crypto"
	"crypto/rsa"
	"crypto/sha512"
	"crypto/x509"

	"github.com/certmail/certmail/internal/rsakey"
)

// Certificate parses a DER certificate as ParseCertificate does, which must not be modified afterwards,
// or returns the parsed form that the store remembers from judging the same
// bytes before. It is shared: do not modify it. Parsing says nothing about
// trust.
func (s *Store) Certificate(der []byte) (*x509.Certificate, error) {
	if s.cache != nil {
		set := s.cache.set(der)
		for i := range set.ways {
			if p := set.ways[i].Load(); p != nil && p.cert != nil && bytes.Equal(p.leaf, der) {
				return p.cert, nil
			}
		}
	}
	return ParseCertificate(der)
}

// PreparedKey returns the public key of a certificate from Certificate in a
// form that verifies signatures faster, if the store remembers the signer and
// the key is of a kind that gains from it, else nil. It is for
// envelope.SignatureOptions, and means nothing to anybody else.
func (s *Store) PreparedKey(cert *x509.Certificate) crypto.PublicKey {
	if s.cache == nil || cert == nil {
		return nil
	}
	set := s.cache.set(cert.Raw)
	for i := range set.ways {
		if p := set.ways[i].Load(); p != nil && p.cert == cert {
			return p.preparedKey()
		}
	}
	return nil
}

// preparedKey prepares the key when a signer is met again.
func (p *plan) preparedKey() crypto.PublicKey {
	p.prepare.Do(func() {
		if public, ok := p.cert.PublicKey.(*rsa.PublicKey); ok {
			p.prepared = rsakey.New(public)
		}
	})
	if p.prepared == nil {
		return nil
	}
	return p.prepared
}

// CertificateDigest returns the SHA-256 or SHA-512 of a signer's certificate
// (DER) that the store remembers, nil for any other. It is shared: do not modify
// it.
func (s *Store) CertificateDigest(der []byte, h crypto.Hash) []byte {
	if s.cache == nil || h != crypto.SHA256 && h != crypto.SHA512 {
		return nil
	}
	set := s.cache.set(der)
	for i := range set.ways {
		p := set.ways[i].Load()
		switch {
		case p == nil || !bytes.Equal(p.leaf, der):
			continue
		case h == crypto.SHA256:
			return p.sha256[:]
		}
		sum := p.sha512.Load()
		if sum == nil {
			made := sha512.Sum512(p.leaf)
			sum = &made
			p.sha512.Store(sum)
		}
		return sum[:]
	}
	return nil
}

// Intern returns the copies that the store remembers of a signer's
// certificate and of all that came with it, or makes copies. They are shared:
// do not modify them.
func (s *Store) Intern(signer []byte, all [][]byte) ([]byte, [][]byte) {
	if p := s.cache.get(signer, all, ForMail); p != nil {
		return p.leaf, p.bag
	}
	return s.copies(signer, all)
}

// copies returns copies of a certificate and of a list that it is mostly part
// of. What the store holds anyway is not copied.
func (s *Store) copies(one []byte, all [][]byte) (own []byte, clones [][]byte) {
	clones = make([][]byte, len(all))
	for i, c := range all {
		if held := s.held(c); held != nil {
			clones[i] = held.Raw
		} else {
			clones[i] = bytes.Clone(c)
		}
		if len(c) == len(one) && len(c) > 0 && &c[0] == &one[0] {
			own = clones[i]
		}
	}
	if own == nil {
		own = bytes.Clone(one)
	}
	return own, clones
}
