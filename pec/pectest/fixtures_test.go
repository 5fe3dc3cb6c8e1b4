package pectest

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/pec"
	"github.com/certmail/certmail/trust"
)

// fixtureStore believes in what ca.pem holds.
func fixtureStore(t testing.TB, seed uint64) *trust.Store {
	t.Helper()
	anchors, err := trust.ParseCertificates(FixtureAnchors(seed))
	require.NoError(t, err)
	require.Len(t, anchors, 2)
	s, err := trust.NewStore(trust.Material{Anchors: anchors}, nil)
	require.NoError(t, err)
	return s
}

func checksOf(r *pec.Report, s trust.Status) []string {
	names := []string{}
	for _, c := range r.Checks {
		if c.Status == s {
			names = append(names, c.Name)
		}
	}
	return names
}

// TestFixturesVerifyAsTheIndexSays compares every fixture's kind, verdict and
// checks with the verifier's.
func TestFixturesVerifyAsTheIndexSays(t *testing.T) {
	fixtures, err := Fixtures(0)
	require.NoError(t, err)
	v := pec.NewVerifier(fixtureStore(t, 0), &pec.VerifyOptions{Now: func() time.Time { return time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC) }})
	for _, f := range fixtures {
		t.Run(f.File, func(t *testing.T) {
			m, err := pec.ParseBytes(f.Data, nil)
			require.NoError(t, err)
			r, err := v.Verify(context.Background(), m)
			require.NoError(t, err)
			require.Equal(t, f.Kind, string(r.Kind), "%+v", r.Findings)
			require.Equal(t, f.System, string(r.Kind.System()))
			require.Equal(t, f.Verdict, string(r.Verdict), "%+v\n%+v", r.Checks, r.Findings)
			failed := f.failed
			if failed == nil {
				failed = []string{}
			}
			require.Equal(t, failed, checksOf(r, trust.Failed), "%+v\n%+v", r.Checks, r.Findings)
			if f.unknown != "" {
				require.Equal(t, trust.Unknown, r.Check(f.unknown).Status, "%+v", r.Checks)
			}
			if strings.HasPrefix(f.File, "good/") {
				require.Empty(t, r.Findings)
			}
		})
	}
}

func TestSameSeedSameFixtures(t *testing.T) {
	one, err := Fixtures(0)
	require.NoError(t, err)
	two, err := Fixtures(0)
	require.NoError(t, err)
	three, err := Fixtures(1)
	require.NoError(t, err)
	for i := range one {
		require.Equal(t, one[i].File, two[i].File)
		require.True(t, bytes.Equal(one[i].Data, two[i].Data), one[i].File)
		if bytes.Contains(one[i].Data, []byte(`"smime.p7s"`)) {
			require.False(t, bytes.Equal(one[i].Data, three[i].Data), one[i].File)
		}
	}
	require.Equal(t, FixtureAnchors(0), FixtureAnchors(0))
	require.NotEqual(t, FixtureAnchors(0), FixtureAnchors(1))
}
