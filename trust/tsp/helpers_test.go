package tsp_test

import (
	"context"
	"crypto"
	"crypto/sha256"
	"testing"
	"time"

	"github.com/certmail/certmail/internal/testpki"
	"github.com/certmail/certmail/trust"
	"github.com/certmail/certmail/trust/tsp"
	"github.com/certmail/certmail/trust/tsp/tsptest"
	"github.com/stretchr/testify/require"
)

const seed = 23

var (
	moment = time.Date(2026, 3, 4, 5, 6, 7, 890_000_000, time.UTC)
	data   = []byte("Ricevuta di avvenuta consegna")
)

func clock() time.Time { return moment }

// authority makes one whose clock shows moment.
func authority(t testing.TB, change func(*tsptest.Config)) *tsptest.Authority {
	t.Helper()
	c := tsptest.Config{Seed: seed, Clock: clock, Accuracy: time.Second}
	if change != nil {
		change(&c)
	}
	a, err := tsptest.New(c)
	require.NoError(t, err)
	return a
}

func faulty(t testing.TB, f tsptest.Fault) *tsptest.Authority {
	return authority(t, func(c *tsptest.Config) { c.Fault = f })
}

func storeOf(t testing.TB, a *tsptest.Authority) *trust.Store {
	t.Helper()
	s, err := a.Store()
	require.NoError(t, err)
	return s
}

// stamp asks for a token over data.
func stamp(t testing.TB, a *tsptest.Authority) []byte {
	t.Helper()
	sum := sha256.Sum256(data)
	token, err := a.TimeStamp(context.Background(), sum[:], crypto.SHA256)
	require.NoError(t, err)
	return token
}

func parse(t testing.TB, token []byte) *tsp.Token {
	t.Helper()
	tok, err := tsp.Parse(token)
	require.NoError(t, err)
	return tok
}

// full is the query that a careful caller asks.
func full(s *trust.Store) tsp.Query {
	return tsp.Query{Imprint: tsp.OfData(data), Store: s, Now: moment.Add(time.Minute)}
}

func statuses(r *tsp.Result) map[string]trust.Status {
	m := map[string]trust.Status{}
	for _, c := range r.Checks {
		if c.Status != trust.Passed && c.Status != trust.Skipped {
			m[c.Name] = c.Status
		}
	}
	return m
}

func smallKey() crypto.Signer { return testpki.RSAKey(seed, "small", 1024) }
