package tsp_test

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"math/big"
	"testing"
	"time"

	"github.com/certmail/certmail/internal/testpki"
	"github.com/certmail/certmail/trust"
	"github.com/certmail/certmail/trust/tsp"
	"github.com/certmail/certmail/trust/tsp/tsptest"
	"github.com/digitorus/timestamp"
	"github.com/stretchr/testify/require"
)

// Another library reads our tokens and the kits' as we do.
func TestDigitorusReadsTheSame(t *testing.T) {
	same := func(name string, token []byte) {
		ours, err := tsp.Parse(token)
		require.NoError(t, err, name)
		theirs, err := timestamp.Parse(token)
		require.NoError(t, err, name)
		require.True(t, theirs.Time.Equal(ours.GenTime), name)
		require.Equal(t, theirs.Accuracy, ours.Accuracy)
		require.Equal(t, theirs.HashAlgorithm, ours.HashAlgorithm)
		require.Equal(t, theirs.HashedMessage, ours.Imprint)
		require.Equal(t, theirs.SerialNumber, ours.SerialNumber)
		require.Equal(t, theirs.Policy.String(), ours.Policy)
		require.Equal(t, theirs.Ordering, ours.Ordering)
		require.Equal(t, theirs.Nonce, ours.Nonce)
		require.Equal(t, theirs.Qualified, ours.ClaimsQualified)
		require.Len(t, ours.Certificates, len(theirs.Certificates))
		for i, c := range theirs.Certificates {
			require.True(t, bytes.Equal(c.Raw, ours.Certificates[i]))
		}
	}
	for name, c := range map[string]func(*tsptest.Config){
		"plain": nil, "qualified": func(c *tsptest.Config) { c.Qualified = true },
		"ecdsa":    func(c *tsptest.Config) { c.Key = ellipticKey(t) },
		"accuracy": func(c *tsptest.Config) { c.Accuracy = 2*time.Second + 3*time.Millisecond + 4*time.Microsecond },
		"none":     func(c *tsptest.Config) { c.Accuracy = 0 },
	} {
		same(name, stamp(t, authority(t, c)))
	}
	kitTokens(t, func(name string, token, _ []byte) { same(name, token) })
}

// Tokens that another library makes verify.
func TestDigitorusTokens(t *testing.T) {
	a := authority(t, nil)
	root := testpki.NewAuthority(seed, "Certmail Test TSA Root", nil)
	for name, c := range map[string]struct {
		key  crypto.Signer
		hash crypto.Hash
	}{
		"rsa": {testpki.RSAKey(seed, "tsa Certmail Test TSA", 2048), crypto.SHA256}, "rsa-512": {testpki.RSAKey(seed, "tsa Certmail Test TSA", 2048), crypto.SHA512},
		"ecdsa": {ellipticKey(t), crypto.SHA256},
	} {
		leaf := authority(t, func(cfg *tsptest.Config) { cfg.Key = c.key }).Certificate()
		digest, err := tsp.OfData(data)(c.hash)
		require.NoError(t, err)
		ts := timestamp.Timestamp{
			HashAlgorithm: c.hash, HashedMessage: digest, Time: moment, Nonce: big.NewInt(77), Policy: []int{2, 4, 5, 6},
			Ordering: true, Accuracy: 5 * time.Second, Qualified: true, AddTSACertificate: true, Certificates: []*x509.Certificate{root.Certificate},
			SerialNumber: big.NewInt(4),
		}
		answer, err := ts.CreateResponseWithOpts(leaf, c.key, c.hash)
		require.NoError(t, err, name)
		resp, err := tsp.ParseResponse(answer)
		require.NoError(t, err, name)
		q := full(storeOf(t, a))
		q.Nonce, q.Policies = big.NewInt(77), []string{"2.4.5.6"}
		r := tsp.Verify(resp.Token, q)
		require.NoError(t, r.Err, name)
		require.True(t, r.Trusted, name)
		require.Equal(t, trust.Valid, r.Verdict())
		require.True(t, resp.Token.ClaimsQualified)
		require.Equal(t, moment.Truncate(time.Second), resp.Token.GenTime.Truncate(time.Second))
	}
}
