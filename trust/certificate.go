package trust

import (
	"bytes"
	"crypto/x509"
)

// Certificate parses a DER certificate, or returns the parsed form that the
// store remembers from judging the same bytes before. It is shared: do not
// modify it. Parsing says nothing about trust.
func (s *Store) Certificate(der []byte) (*x509.Certificate, error) {
	if s.cache != nil {
		set := s.cache.set(der)
		for i := range set.ways {
			if p := set.ways[i].Load(); p != nil && p.cert != nil && bytes.Equal(p.leaf, der) {
				return p.cert, nil
			}
		}
	}
	return x509.ParseCertificate(bytes.Clone(der))
}

// Intern returns the copies that the store remembers of a signer's
// certificate and of all that came with it, or makes copies. They are shared:
// do not modify them.
func (s *Store) Intern(signer []byte, all [][]byte) ([]byte, [][]byte) {
	if p := s.cache.get(signer, all); p != nil {
		return p.leaf, p.bag
	}
	clones := make([][]byte, len(all))
	for i, c := range all {
		clones[i] = bytes.Clone(c)
	}
	return bytes.Clone(signer), clones
}
