package trust

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"fmt"
	"math/big"
	"sync"
	"testing"
	"time"

	"github.com/certmail/certmail/internal/testpki"
	"github.com/stretchr/testify/require"
)

// report is what has to be the same, whatever the cache holds.
func report(r *Signer) string {
	anchor := func(p PathResult) string {
		s := fmt.Sprint(p.Status, p.Source, p.Anchor, p.Detail, p.Err)
		for _, c := range p.Path {
			s += c.SerialNumber.String() + " "
		}
		return s
	}
	return fmt.Sprint(r.Checks, r.Findings, r.Source, r.Provider, r.Emails, r.SHA256, anchor(r.AtEvent), anchor(r.Now))
}

func TestCacheCannotBePoisoned(t *testing.T) {
	ca := newCA("CA")
	key := keyAnchor(ca.Certificate)
	m := Material{Keys: []KeyAnchor{key}}
	forge := func(serial int64, change func(*x509.Certificate)) *x509.Certificate {
		template := *ca.Certificate
		template.SerialNumber = big.NewInt(serial)
		change(&template)
		der, err := x509.CreateCertificate(testpki.Reader(seed, "forge"), &template, ca.Certificate, ca.Key.Public(), ca.Key)
		require.NoError(t, err)
		c, err := x509.ParseCertificate(der)
		require.NoError(t, err)
		return c
	}
	leaf := ca.Provider("Gestore Alfa", fromAlfa, func(c *x509.Certificate) { c.NotAfter = today.AddDate(-1, 0, 0) }).Certificate
	hostile := []*x509.Certificate{
		forge(101, func(c *x509.Certificate) { c.NotBefore = testpki.Epoch.AddDate(-20, 0, 0) }),
		forge(102, func(c *x509.Certificate) { c.NotAfter = testpki.Doomsday.AddDate(20, 0, 0) }),
		forge(103, func(c *x509.Certificate) { c.PermittedEmailAddresses = []string{"evil.example"} }),
		forge(104, func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth} }),
	}
	var queries []Query
	for _, bag := range [][]*x509.Certificate{{ca.Certificate}, {}, {hostile[0]}, {hostile[1], ca.Certificate}, {hostile[2]}, {hostile[3]}, {ca.Certificate, hostile[2]}} {
		for _, at := range []time.Time{atEvent, today, testpki.Epoch.Add(-time.Hour), {}} {
			for _, from := range []string{fromAlfa, "x@evil.example"} {
				q := ask(leaf, bag...)
				q.At, q.From = at, from
				queries = append(queries, q)
			}
		}
	}
	flipped := ask(leaf, ca.Certificate)
	flipped.Leaf = bytes.Clone(flipped.Leaf)
	flipped.Leaf[len(flipped.Leaf)/2] ^= 4
	queries = append(queries, flipped)

	want := make([]string, len(queries))
	for i, q := range queries {
		want[i] = report(newStore(t, m, &Policy{CacheSize: -1}).Evaluate(q))
	}
	for _, size := range []int{0, 1, -1} {
		s := newStore(t, m, &Policy{CacheSize: size})
		var all sync.WaitGroup
		for worker := range 4 {
			all.Add(1)
			go func() {
				defer all.Done()
				for round := range 3 {
					for j := range queries {
						i := (j*(2*worker+1) + round*7) % len(queries)
						r := s.Evaluate(queries[i])
						if got := report(r); got != want[i] {
							t.Errorf("query %d: %s, want %s", i, got, want[i])
						}
						// What was handed out may be scribbled over.
						for k := range r.Findings {
							r.Findings[k] = Finding{}
						}
						for k := range r.Emails {
							r.Emails[k] = "x"
						}
						for k := range r.AtEvent.Path {
							r.AtEvent.Path[k] = nil
						}
					}
				}
			}()
		}
		all.Wait()
	}
}

func TestCacheIsBoundedAndKeepsItsOwnBytes(t *testing.T) {
	ca := newCA("CA")
	s := newStore(t, Material{Keys: []KeyAnchor{keyAnchor(ca.Certificate)}}, &Policy{CacheSize: 8})
	count := func() (n int) {
		for i := range s.cache.sets {
			for j := range s.cache.sets[i].ways {
				if s.cache.sets[i].ways[j].Load() != nil {
					n++
				}
			}
		}
		return n
	}
	key := testpki.RSAKey(seed, "many", 2048)
	for i := range 40 {
		leaf := ca.Issue(key, fmt.Sprint("Gestore ", i), fromAlfa, nil)
		require.Equal(t, Passed, s.Evaluate(ask(leaf.Certificate, ca.Certificate)).AtEvent.Status)
		require.LessOrEqual(t, count(), 8)
	}
	require.Equal(t, 8, count())

	// The caller's buffer is reused for another certificate of equal length.
	s = newStore(t, Material{Keys: []KeyAnchor{keyAnchor(ca.Certificate)}}, nil)
	q := ask(ca.Issue(key, "Gestore A", fromAlfa, nil).Certificate, ca.Certificate)
	q.Leaf = bytes.Clone(q.Leaf)
	q.Bag[0], q.Bag[1] = q.Leaf, bytes.Clone(q.Bag[1])
	r := s.Evaluate(q)
	before := bytes.Clone(r.Certificate.Raw)
	for i := range q.Leaf {
		q.Leaf[i] = 0
	}
	clear(q.Bag[1])
	require.Equal(t, before, r.Certificate.Raw)
	require.Equal(t, Failed, s.Evaluate(q).AtEvent.Status)
	q.Leaf, q.Bag = before, [][]byte{before, ca.Certificate.Raw}
	require.Equal(t, Passed, s.Evaluate(q).AtEvent.Status)
	require.Same(t, r.Certificate, s.Evaluate(q).Certificate, "a hit")

	// Only what passed is remembered, and nothing enormous.
	s = newStore(t, Material{Keys: []KeyAnchor{keyAnchor(ca.Certificate)}}, nil)
	stranger := newCA("Other").Provider("Gestore", fromAlfa, nil).Certificate
	require.NotSame(t, s.Evaluate(ask(stranger)).Certificate, s.Evaluate(ask(stranger)).Certificate)
	q.Bag = append(q.Bag, make([]byte, maxCachedAround))
	require.NotSame(t, s.Evaluate(q).Certificate, s.Evaluate(q).Certificate)
}

func TestCertificateIsTheRememberedOne(t *testing.T) {
	ca := newCA("CA")
	leaf := ca.Provider("Gestore Alfa", fromAlfa, nil).Certificate
	s := newStore(t, Material{Keys: []KeyAnchor{keyAnchor(ca.Certificate)}}, nil)
	c, err := s.Certificate(leaf.Raw)
	require.NoError(t, err)
	require.Equal(t, leaf.Raw, c.Raw)
	q := ask(leaf, ca.Certificate)
	q.Parsed = c
	r := s.Evaluate(q)
	require.Same(t, c, r.Certificate)
	q.Parsed = ca.Certificate // not the leaf
	require.Equal(t, report(r), report(newStore(t, Material{Keys: []KeyAnchor{keyAnchor(ca.Certificate)}}, nil).Evaluate(q)))
	c, err = s.Certificate(leaf.Raw)
	require.NoError(t, err)
	require.Same(t, r.Certificate, c)
	for _, bad := range [][]byte{nil, {0x30}, leaf.Raw[:100]} {
		_, err = s.Certificate(bad)
		require.Error(t, err)
	}
	_, err = newStore(t, Material{}, &Policy{CacheSize: -1}).Certificate(leaf.Raw)
	require.NoError(t, err)
}

// TestCertificateDigestIsOfTheVeryBytes: the store answers for signers that it
// remembers, and for no others that only resemble them.
func TestCertificateDigestIsOfTheVeryBytes(t *testing.T) {
	ca := newCA("CA")
	leaf := ca.Provider("Gestore Alfa", fromAlfa, nil).Certificate
	q := ask(leaf, ca.Certificate)
	q.At = atEvent
	for _, size := range []int{0, 1, -1} {
		s := newStore(t, Material{Anchors: []*x509.Certificate{ca.Certificate}}, &Policy{CacheSize: size})
		require.Nil(t, s.CertificateDigest(leaf.Raw, crypto.SHA256))
		require.Equal(t, Passed, s.Evaluate(q).AtEvent.Status)
		for range 2 {
			for _, h := range []crypto.Hash{crypto.SHA256, crypto.SHA512} {
				want := h.New()
				want.Write(leaf.Raw)
				if size < 0 {
					require.Nil(t, s.CertificateDigest(leaf.Raw, h))
				} else {
					require.Equal(t, want.Sum(nil), s.CertificateDigest(leaf.Raw, h))
				}
			}
			require.Nil(t, s.CertificateDigest(leaf.Raw, crypto.SHA1))
			require.Nil(t, s.CertificateDigest(leaf.Raw, crypto.SHA384))
		}
		for i := range leaf.Raw {
			other := bytes.Clone(leaf.Raw)
			other[i] ^= 1
			require.Nil(t, s.CertificateDigest(other, crypto.SHA256))
		}
		require.Nil(t, s.CertificateDigest(nil, crypto.SHA256))
		require.Nil(t, s.CertificateDigest(leaf.Raw[1:], crypto.SHA512))
	}
}

func TestWarmEvaluationAllocatesLittle(t *testing.T) {
	ca := newCA("CA")
	s := newStore(t, Material{Keys: []KeyAnchor{keyAnchor(ca.Certificate)}}, nil)
	for name, leaf := range map[string]*x509.Certificate{
		"still valid": ca.Provider("Gestore Alfa", fromAlfa, nil).Certificate,
		"expired now": ca.Provider("Gestore Alfa", fromAlfa, func(c *x509.Certificate) { c.NotAfter = atEvent.AddDate(0, 1, 0) }).Certificate,
	} {
		q := ask(leaf, ca.Certificate)
		s.Evaluate(q)
		require.LessOrEqual(t, testing.AllocsPerRun(100, func() { s.Evaluate(q) }), 5.0, name)
	}
}
