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
