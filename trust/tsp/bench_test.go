package tsp_test

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"testing"
	"time"

	"github.com/certmail/certmail/internal/cms"
	"github.com/certmail/certmail/trust/tsp"
	"github.com/stretchr/testify/require"
)

// BenchmarkVerifyWarm reads and judges a token under a store that has met its
// signer before, and shows how near that comes to the one RSA verification of
// crypto/rsa that it replaces: of-limit 1 would mean that all the rest is free.
// The aim is 0.7.
func BenchmarkVerifyWarm(b *testing.B) {
	a := authority(b, nil)
	token := stamp(b, a)
	q := full(storeOf(b, a))
	q.Imprint = tsp.OfDigest(parse(b, token).Imprint, crypto.SHA256)
	verify := func() {
		t, err := tsp.Parse(token)
		if err != nil || !tsp.Verify(t, q).Trusted {
			b.Fatal("not trusted")
		}
	}
	verify()
	limit := limitOf(b, token, a.Certificate().PublicKey.(*rsa.PublicKey))
	b.ReportAllocs()
	var ours, theirs time.Duration
	for b.Loop() { // by turns, so that what else the machine does strikes both
		start := time.Now()
		verify()
		middle := time.Now()
		limit()
		ours += middle.Sub(start)
		theirs += time.Since(middle)
	}
	b.ReportMetric(float64(theirs)/float64(ours), "of-limit")
	b.ReportMetric(float64(ours.Nanoseconds())/float64(b.N), "ours-ns/op")
	b.ReportMetric(0, "ns/op")
}

func limitOf(b *testing.B, token []byte, key *rsa.PublicKey) func() {
	sd, err := cms.Parse(token, nil)
	require.NoError(b, err)
	signature := sd.Signers[0].Signature
	digest := sha256.Sum256(append([]byte{0x31}, sd.Signers[0].RawSignedAttributes[1:]...))
	return func() {
		if rsa.VerifyPKCS1v15(key, crypto.SHA256, digest[:], signature) != nil {
			b.Fatal("the limit does not verify")
		}
	}
}

// BenchmarkParse is the reading alone.
func BenchmarkParse(b *testing.B) {
	token := stamp(b, authority(b, nil))
	b.ReportAllocs()
	b.SetBytes(int64(len(token)))
	for b.Loop() {
		if _, err := tsp.Parse(token); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkVerifyCold reads the signer's certificate and builds its path anew.
func BenchmarkVerifyCold(b *testing.B) {
	a := authority(b, nil)
	token := stamp(b, a)
	b.ReportAllocs()
	for b.Loop() {
		b.StopTimer()
		q := full(storeOf(b, a))
		b.StartTimer()
		t, err := tsp.Parse(token)
		if err != nil || !tsp.Verify(t, q).Trusted {
			b.Fatal("not trusted")
		}
	}
}
