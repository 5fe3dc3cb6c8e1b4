package trust

import (
	"crypto/x509"
	"testing"

	"github.com/certmail/certmail/internal/testpki"
)

func benchStore(b *testing.B, p *Policy) (*Store, Query) {
	ca := testpki.NewAuthority(seed, "CA", nil)
	leaf := ca.Provider("Gestore Alfa", fromAlfa, nil).Certificate
	return newStore(b, Material{Keys: []KeyAnchor{keyAnchor(ca.Certificate)}}, p), ask(leaf, ca.Certificate)
}

func BenchmarkEvaluateWarm(b *testing.B) {
	s, q := benchStore(b, nil)
	b.ReportAllocs()
	for b.Loop() {
		s.Evaluate(q)
	}
}

func BenchmarkEvaluateCold(b *testing.B) {
	s, q := benchStore(b, &Policy{CacheSize: -1})
	b.ReportAllocs()
	for b.Loop() {
		s.Evaluate(q)
	}
}

// BenchmarkLimitCold is what a cold evaluation cannot do without: reading two
// certificates and checking one signature.
func BenchmarkLimitCold(b *testing.B) {
	_, q := benchStore(b, nil)
	for b.Loop() {
		leaf, err := x509.ParseCertificate(q.Leaf)
		if err != nil {
			b.Fatal(err)
		}
		ca, err := x509.ParseCertificate(q.Bag[1])
		if err != nil || leaf.CheckSignatureFrom(ca) != nil {
			b.Fatal("not signed")
		}
	}
}

func BenchmarkEvaluateParallel(b *testing.B) {
	s, q := benchStore(b, nil)
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			s.Evaluate(q)
		}
	})
}
