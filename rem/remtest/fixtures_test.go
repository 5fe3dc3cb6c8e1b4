package remtest_test

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/internal/reftest"
	"github.com/certmail/certmail/rem"
	"github.com/certmail/certmail/rem/remtest"
	"github.com/certmail/certmail/trust"
)

// anchorsOf is a store that believes in the anchors of a seed's fixtures.
func anchorsOf(t *testing.T, seed uint64) (*trust.Store, []byte) {
	t.Helper()
	text, err := remtest.FixtureAnchors(seed)
	require.NoError(t, err)
	var m trust.Material
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		c, err := x509.ParseCertificate(block.Bytes)
		require.NoError(t, err)
		m.Anchors = append(m.Anchors, c)
	}
	require.Len(t, m.Anchors, 2)
	store, err := trust.NewStore(m, nil)
	require.NoError(t, err)
	return store, text
}

// TestFixtures: each is judged as its row says, and the good ones by OpenSSL,
// too.
func TestFixtures(t *testing.T) {
	fixtures, err := remtest.Fixtures(1)
	require.NoError(t, err)
	store, anchors := anchorsOf(t, 1)
	v := rem.NewVerifier(store, nil)
	names := map[string]bool{}
	for _, f := range fixtures {
		require.False(t, names[f.File], "%s twice", f.File)
		names[f.File] = true
		t.Run(f.File, func(t *testing.T) {
			m, err := rem.ParseBytes(f.Data, nil)
			require.NoError(t, err)
			require.Equal(t, f.Kind, string(m.Kind))
			r, err := v.Verify(t.Context(), m)
			require.NoError(t, err)
			failed := ""
			for _, c := range r.Checks {
				if c.Status == trust.Failed && failed == "" {
					failed = c.Name
				}
			}
			require.Equal(t, f.Verdict, string(r.Verdict), "%s: %v", f.Note, r.Err())
			require.Equal(t, f.Check, failed, "%s: %v", f.Note, r.Err())
			if strings.HasPrefix(f.File, "good/") {
				reftest.OpenSSLVerify(t, f.Data, anchors)
			}
		})
	}
	for _, code := range remtest.Reasons() {
		found := false
		for name := range names {
			found = found || strings.HasPrefix(name, "good/") && strings.HasSuffix(name, strings.ToLower(code)+".eml")
		}
		require.True(t, found, "no fixture with reason %s", code)
	}
}

func TestSameSeedSameFixtures(t *testing.T) {
	first, err := remtest.Fixtures(1)
	require.NoError(t, err)
	again, err := remtest.Fixtures(1)
	require.NoError(t, err)
	require.Equal(t, len(first), len(again))
	for i := range first {
		require.True(t, bytes.Equal(first[i].Data, again[i].Data), first[i].File)
	}
}
