package tsl

import (
	"bytes"
	"crypto/x509"
	"slices"
)

// Anchors returns the certificates of the services of a kind, for the anchors
// of a trust.Store. Make one store for each kind: a service is an anchor for
// what it is listed for and nothing else, and a time-stamping authority must
// not vouch for mail.
//
// Services that have ended are among them, because what they signed before
// still has to verify; a service that was never active is not. Whether a
// service was in good standing at the time in question is Judge's to say: the
// store alone does not know.
func (s *Set) Anchors(kind ServiceKind) []*x509.Certificate {
	var found []*x509.Certificate
	for _, service := range s.candidates(kind.Types()) {
		if !service.everActive(&kind) {
			continue
		}
		for _, c := range service.certificates() {
			if !slices.ContainsFunc(found, func(have *x509.Certificate) bool { return bytes.Equal(have.Raw, c.Raw) }) {
				found = append(found, c)
			}
		}
	}
	return found
}

func (l *listed) everActive(kind *ServiceKind) bool {
	for _, span := range l.service.Timeline() {
		if status, ok := meaning(span.Status); ok && status.active && span.doubt == "" && kind.counts(span.Type) {
			return true
		}
	}
	return false
}
