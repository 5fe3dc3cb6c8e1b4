package trust

import (
	"bytes"
	"cmp"
	"crypto/x509"
	"slices"
	"strconv"
	"sync"
	"time"
)

// Source says why a signer is taken for a certified-mail provider.
type Source string

// The sources, strongest first: the provider directory lists this very
// certificate; a trusted issuing key issued it; a path leads to an anchor of
// the caller's; the caller pinned it; nothing of the kind.
const (
	SourceDirectory  Source = "directory"
	SourceIssuingKey Source = "issuing-ca"
	SourceAnchor     Source = "anchor"
	SourcePin        Source = "pin"
	SourceNone       Source = "none"
)

// Limits on what one message can make us do.
const (
	maxPaths        = 16        // paths tried for one signer certificate
	maxPathSteps    = 256       // certificates looked at while searching them
	maxPathLength   = 7         // certificates of one path
	maxBag          = 32        // certificates read from one message
	maxCertificate  = 64 << 10  // bytes of one of them
	maxIssuerRSA    = 8192      // bits of an issuer's RSA key
	maxCachedAround = 128 << 10 // bytes of certificates kept with a cached signer
)

// candidate is a path from the signer's certificate (first) to something that
// the store trusts (last). All that does not depend on the judged time is
// found out once, when first needed.
type candidate struct {
	path        []*x509.Certificate
	source      Source
	purpose     Purpose
	key         *KeyAnchor // trusted issuing key, for SourceIssuingKey
	era         *Era
	public      bool // ends at a public root, through no trusted issuing key
	anchor      string
	from, until time.Time         // when all certificates are valid together
	early, late *x509.Certificate // that bound from and until
	detail      string            // of a check that this path passes

	once     sync.Once
	err      error     // why the path never holds
	findings []Finding // with those of the leaf

	bounds            sync.Once
	earlyErr, lateErr error // for times before and after the bounds
}

// covers says whether the path is in time at t.
func (c *candidate) covers(t time.Time) bool {
	return !t.Before(c.from) && !t.After(c.until) && c.era.covers(t)
}

// covers says whether events at t belong to the era; none bounds nothing.
func (e *Era) covers(t time.Time) bool {
	return e == nil || (e.From.IsZero() || !t.Before(e.From)) && (e.Until.IsZero() || !t.After(e.Until))
}

func newCandidate(s *Store, path []*x509.Certificate, source Source, purpose Purpose) *candidate {
	last := path[len(path)-1]
	c := &candidate{path: path, source: source, purpose: purpose, anchor: nameOf(last), early: path[0], late: path[0]}
	for _, cert := range path[1:] {
		if cert.NotBefore.After(c.early.NotBefore) {
			c.early = cert
		}
		if cert.NotAfter.Before(c.late.NotAfter) {
			c.late = cert
		}
	}
	c.from, c.until = c.early.NotBefore, c.late.NotAfter
	switch source {
	case SourcePin:
		c.anchor = nameOf(path[0])
		c.detail = "the certificate itself is trusted by the caller (pin or anchor)"
	case SourceIssuingKey:
		c.key = s.keyOf(last)
		if c.key.Name != "" {
			c.anchor = c.key.Name
		}
		c.detail = "issued by the trusted key of " + c.anchor + " (certificate " +
			last.NotBefore.Format(time.DateOnly) + " to " + last.NotAfter.Format(time.DateOnly) + ")"
	case SourceAnchor:
		c.detail = "path of " + strconv.Itoa(len(path)) + " certificates to the anchor " + c.anchor
		keyed := false
		for _, cert := range path[1:] {
			keyed = keyed || s.keyOf(cert) != nil
			c.public = c.public || s.isPublicRoot(cert)
		}
		c.public = c.public && !keyed && purpose == ForMail
	}
	return c
}

// candidates lists the paths that names allow from the leaf to what the store
// trusts, the most telling first. Signatures are not checked yet.
func (s *Store) candidates(leaf *x509.Certificate, leafHash [32]byte, bag []*x509.Certificate, purpose Purpose) []*candidate {
	var found []*candidate
	if s.pins[leafHash] || s.isAnchor(leaf) {
		found = append(found, newCandidate(s, []*x509.Certificate{leaf}, SourcePin, purpose))
	}
	found = append(found, s.keyCandidates(leaf, bag, purpose)...)
	search := pathSearch{store: s, bag: bag, purpose: purpose, steps: maxPathSteps, room: maxPaths - len(found)}
	search.extend([]*x509.Certificate{leaf})
	slices.SortStableFunc(search.found, func(a, b *candidate) int {
		return cmp.Or(boolCmp(a.public, b.public), boolCmp(a.era != nil, b.era != nil), cmp.Compare(len(a.path), len(b.path)))
	})
	return append(found, search.found...)
}

// keyCandidates finds the certificates over a trusted issuing key that name
// themselves as the leaf's issuer: known generations and held ones first,
// newest first, because what a message carries is believed only for its key.
func (s *Store) keyCandidates(leaf *x509.Certificate, bag []*x509.Certificate, purpose Purpose) []*candidate {
	if len(s.keys) == 0 {
		return nil
	}
	type issuer struct {
		cert *x509.Certificate
		rank int
	}
	var issuers []issuer
	add := func(c *x509.Certificate, rank int) {
		if !bytes.Equal(c.RawSubject, leaf.RawIssuer) || bytes.Equal(c.Raw, leaf.Raw) {
			return
		}
		key := s.keyOf(c)
		if key == nil || slices.ContainsFunc(issuers, func(i issuer) bool { return bytes.Equal(i.cert.Raw, c.Raw) }) {
			return
		}
		if key.generation(c) != nil {
			rank = 0
		}
		issuers = append(issuers, issuer{c, rank})
	}
	for _, c := range s.keyed {
		add(c, 1)
	}
	for _, c := range bag {
		add(c, 2)
	}
	slices.SortStableFunc(issuers, func(a, b issuer) int {
		return cmp.Or(cmp.Compare(a.rank, b.rank), b.cert.NotBefore.Compare(a.cert.NotBefore))
	})
	issuers = issuers[:min(len(issuers), maxPaths)]
	found := make([]*candidate, 0, len(issuers))
	for _, i := range issuers {
		found = append(found, newCandidate(s, []*x509.Certificate{leaf, i.cert}, SourceIssuingKey, purpose))
	}
	return found
}

// pathSearch walks upwards from a leaf by names alone.
type pathSearch struct {
	store       *Store
	bag         []*x509.Certificate
	purpose     Purpose
	steps, room int
	found       []*candidate
}

func (p *pathSearch) extend(path []*x509.Certificate) {
	child := path[len(path)-1]
	for i := range p.store.anchors {
		a := &p.store.anchors[i]
		if p.room > 0 && p.isParent(a.cert, child, path) {
			c := newCandidate(p.store, append(slices.Clip(path), a.cert), SourceAnchor, p.purpose)
			if c.era = a.era; c.era != nil {
				c.detail += " of the era " + a.era.Name
			}
			p.found = append(p.found, c)
			p.room--
		}
	}
	if len(path) == maxPathLength-1 {
		return
	}
	for _, list := range [2][]*x509.Certificate{p.store.intermediates, p.bag} {
		for _, keyMatch := range [2]bool{true, false} {
			for _, c := range list {
				if p.steps--; p.steps < 0 || p.room <= 0 {
					return
				}
				if bytes.Equal(c.SubjectKeyId, child.AuthorityKeyId) == keyMatch && !selfIssued(c) &&
					!p.store.isAnchor(c) && p.isParent(c, child, path) {
					p.extend(append(slices.Clip(path), c))
				}
			}
		}
	}
}

// isParent says whether c names itself as the issuer of child and is not in
// the path already, under whatever certificate.
func (p *pathSearch) isParent(c, child *x509.Certificate, path []*x509.Certificate) bool {
	return bytes.Equal(c.RawSubject, child.RawIssuer) && !slices.ContainsFunc(path, func(have *x509.Certificate) bool {
		return bytes.Equal(have.RawSubject, c.RawSubject) && bytes.Equal(have.RawSubjectPublicKeyInfo, c.RawSubjectPublicKeyInfo)
	})
}

func boolCmp(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}
