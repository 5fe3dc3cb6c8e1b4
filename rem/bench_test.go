package rem_test

import (
	"context"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/internal/reftest"
	"github.com/certmail/certmail/internal/testpki"
	"github.com/certmail/certmail/rem"
	"github.com/certmail/certmail/trust/tsp"
)

// kitReceipt is a receipt of AgID's kit: mail, evidence and time-stamp.
func kitReceipt(tb testing.TB) []byte {
	return reftest.File(tb, "etsi", "agid-rem-policy-it-1.2-kit", "Intra-REM-flow", "REM_ContentConsignment1.RD01.eml")
}

// plainVerification is what the receipt costs at the least, done by the
// standard library alone: an RSA verification for each of its three signatures
// (of the message, the evidence and the time-stamp, with keys of their sizes) and
// SHA-256 over the signed part and over the evidence.
func plainVerification(tb testing.TB, message []byte) func() {
	tb.Helper()
	m, err := rem.ParseBytes(message, nil)
	require.NoError(tb, err)
	sig := m.Envelope.VerifySignature(nil)
	require.True(tb, sig.OK())
	token, err := tsp.Parse(tokenOf(tb, m.Evidence[0].Bytes()))
	require.NoError(tb, err)
	sizes := []int{sig.Signers[0].Certificate.PublicKey.(*rsa.PublicKey).N.BitLen(), 0, 0}
	sizes[1] = sizes[0] // one service signs both
	for _, der := range token.Certificates {
		c, err := x509.ParseCertificate(der)
		require.NoError(tb, err)
		if !c.IsCA {
			sizes[2] = c.PublicKey.(*rsa.PublicKey).N.BitLen()
		}
	}
	require.Equal(tb, []int{2048, 2048, 2048}, sizes)
	key := testpki.RSAKey(60, "bench", 2048)
	digest := sha256.Sum256(message)
	signature, err := rsa.SignPKCS1v15(nil, key, crypto.SHA256, digest[:])
	require.NoError(tb, err)
	entity := message[m.Envelope.Signed.Entity.Start:m.Envelope.Signed.Entity.End]
	xml := m.Evidence[0].Bytes()
	return func() {
		for range sizes {
			if rsa.VerifyPKCS1v15(&key.PublicKey, crypto.SHA256, digest[:], signature) != nil {
				panic("does not verify")
			}
		}
		sha256.Sum256(entity)
		sha256.Sum256(xml)
	}
}

// BenchmarkVerifyReceipt measures a receipt with warm caches, from its bytes to
// its verdict, against plainVerification, one after the other in the same run,
// and compares the medians. The metric "x-plain"
// is how much of the limit is reached: 1 is as fast as the bare arithmetic; the
// goal is at least 0.6.
func BenchmarkVerifyReceipt(b *testing.B) {
	message := kitReceipt(b)
	v := kitVerifier(b, rem.VerifyOptions{})
	verify := func() {
		m, err := rem.ParseBytes(message, nil)
		if err != nil {
			b.Fatal(err)
		}
		r, err := v.Verify(context.Background(), m)
		if err != nil || r.Verdict != "valid" {
			b.Fatal(err, r.Err())
		}
	}
	plain := plainVerification(b, message)
	verify()
	plain()
	var ours, theirs []time.Duration
	b.ReportAllocs()
	for b.Loop() {
		t0 := time.Now()
		verify()
		t1 := time.Now()
		plain()
		ours, theirs = append(ours, t1.Sub(t0)), append(theirs, time.Since(t1))
	}
	b.ReportMetric(float64(median(theirs))/float64(median(ours)), "x-plain")
}

func median(list []time.Duration) time.Duration {
	slices.Sort(list)
	return list[len(list)/2]
}

func BenchmarkParseReceipt(b *testing.B) {
	message := kitReceipt(b)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := rem.ParseBytes(message, nil); err != nil {
			b.Fatal(err)
		}
	}
}
