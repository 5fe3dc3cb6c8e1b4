package main

import (
	"crypto/rsa"
	"crypto/x509"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/cmd/certmail/internal/bench"
	"github.com/certmail/certmail/internal/reftest"
	"github.com/certmail/certmail/rem"
	"github.com/certmail/certmail/rem/evidence"
	"github.com/certmail/certmail/rem/remtest"
)

// TestBenchQuick runs all of it: the contestants refuse to be measured on a
// message that they should not accept.
func TestBenchQuick(t *testing.T) {
	if testing.Short() {
		return
	}
	r := certmail("bench", "--quick", "--json")
	require.Equal(t, exitGood, r.code, r.stderr)
	var rows []bench.Row
	r.decode(t, &rows)
	goals := map[int]bool{}
	for _, row := range rows {
		goals[row.Goal] = true
		require.NotContains(t, row.What, "not part of this program")
	}
	for goal := 1; goal <= 14; goal++ {
		require.True(t, goals[goal], "goal %d", goal)
	}
}

// The small and the medium message are those that the goals speak of.
func TestBenchMessages(t *testing.T) {
	believed, err := newBenchTrust()
	require.NoError(t, err)
	s, err := newSubject(believed)
	require.NoError(t, err)
	small, err := s.Small()
	require.NoError(t, err)
	require.InDelta(t, 7500, len(small), 1000)
	medium, err := s.Medium()
	require.NoError(t, err)
	require.InDelta(t, 208_000, len(medium), 5000)
	for _, message := range [][]byte{small, medium} {
		require.NoError(t, s.VerifyWarm(message))
		require.NoError(t, s.VerifyCold(message))
		require.NoError(t, s.Parse(message))
	}
}

// The receipt of REM has the three signatures that its goal speaks of, with keys of
// the size that it is compared with.
func TestBenchREM(t *testing.T) {
	x, err := benchREM()
	require.NoError(t, err)
	require.NoError(t, x.Verify(x.Message))
	require.Greater(t, len(x.Message), 20_000)
	m, err := rem.ParseBytes(x.Message, nil)
	require.NoError(t, err)
	sig := m.Envelope.VerifySignature(nil)
	require.True(t, sig.OK())
	n, err := remtest.NewNetwork(&remtest.NetworkOptions{Providers: remtest.ProvidersFor("alfa.example", "beta.example")})
	require.NoError(t, err)
	_, r, err := evidence.Verify(t.Context(), x.Evidence, &evidence.VerifyOptions{Store: n.Store(), TSA: n.Store()})
	require.NoError(t, err)
	require.NoError(t, r.Err())
	for _, c := range []*x509.Certificate{sig.Signers[0].Certificate, r.Certificate, r.TimeStamp.Certificate} {
		require.Equal(t, 2048, c.PublicKey.(*rsa.PublicKey).N.BitLen())
	}
}

// The list is of the size of the largest real ones, and holds.
func TestBenchList(t *testing.T) {
	l, err := benchList(3 << 20)
	require.NoError(t, err)
	require.InEpsilon(t, 3<<20, len(l.XML), 0.05)
	require.GreaterOrEqual(t, len(l.XML), 3<<20)
	require.NoError(t, l.Verify(l.XML))
	reftest.ValidTrustedList(t, l.XML)
}
