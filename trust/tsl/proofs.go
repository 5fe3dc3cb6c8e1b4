package tsl

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/binary"
	"sync"
	"time"
)

// proofs remembers paths from certificates to listed authorities that hold, with
// the time in which they do. What is remembered follows from the bytes of the
// key alone, so that remembering it cannot change an answer.
type proofs struct {
	mu   sync.RWMutex
	held map[[32]byte]validity
}

type validity struct{ from, until time.Time }

// maxProofs bounds the memory; when it is reached, all is forgotten.
const maxProofs = 1024

// proofKey is a digest of a leaf, a listed authority and the certificates
// between as they were given.
func proofKey(leaf, authority *x509.Certificate, chain []*x509.Certificate) [32]byte {
	h := sha256.New()
	add := func(c *x509.Certificate) {
		var size [8]byte
		binary.BigEndian.PutUint64(size[:], uint64(len(c.Raw)))
		h.Write(size[:])
		h.Write(c.Raw)
	}
	add(leaf)
	add(authority)
	for _, c := range chain {
		add(c)
	}
	return [32]byte(h.Sum(nil))
}

func (p *proofs) holds(key [32]byte, at time.Time) bool {
	p.mu.RLock()
	defer p.mu.RUnlock()
	v, ok := p.held[key]
	return ok && !at.Before(v.from) && !at.After(v.until)
}

// remember keeps a path that crypto/x509 found: it holds as long as all its
// certificates are valid together.
func (p *proofs) remember(key [32]byte, path []*x509.Certificate) {
	v := validity{path[0].NotBefore, path[0].NotAfter}
	for _, c := range path[1:] {
		if c.NotBefore.After(v.from) {
			v.from = c.NotBefore
		}
		if c.NotAfter.Before(v.until) {
			v.until = c.NotAfter
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.held == nil || len(p.held) >= maxProofs {
		p.held = map[[32]byte]validity{}
	}
	p.held[key] = v
}
