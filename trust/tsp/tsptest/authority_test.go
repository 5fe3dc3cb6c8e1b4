package tsptest_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/certmail/certmail/trust/tsp"
	"github.com/certmail/certmail/trust/tsp/tsptest"
	"github.com/stretchr/testify/require"
)

func noon() time.Time { return time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC) }

func Example() {
	clock := func() time.Time { return time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC) }
	authority, err := tsptest.New(tsptest.Config{Clock: clock, Seed: 7})
	if err != nil {
		fmt.Println(err)
		return
	}
	late, err := authority.With(tsptest.ClockAhead)
	if err != nil {
		fmt.Println(err)
		return
	}
	imprint := sha256.Sum256([]byte("il documento"))
	for _, a := range []*tsptest.Authority{authority, late} {
		token, err := a.TimeStamp(context.Background(), imprint[:], crypto.SHA256)
		if err != nil {
			fmt.Println(err)
			return
		}
		t, err := tsp.Parse(token)
		if err != nil {
			fmt.Println(err)
			return
		}
		r := tsp.Verify(t, tsp.Query{Imprint: tsp.OfDigest(imprint[:], crypto.SHA256), Now: clock()})
		fmt.Println(r.Check(tsp.CheckTime))
	}
	// Output:
	// {time passed 2026-11-01T12:00:00Z}
	// {time failed time not acceptable: 2026-11-01T13:00:00Z is in the future}
}

// The same seed gives the same bytes, in any order and from any goroutine.
func TestSameSeedSameBytes(t *testing.T) {
	d := make([]byte, 32)
	d[31] = 9
	key, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), d)
	require.NoError(t, err)
	for _, k := range []crypto.Signer{nil, key} {
		for _, f := range append([]tsptest.Fault{""}, tsptest.Faults()...) {
			make := func(seed uint64) *tsptest.Authority {
				a, err := tsptest.New(tsptest.Config{Clock: noon, Seed: seed, Key: k, Fault: f, Qualified: true})
				require.NoError(t, err)
				return a
			}
			a, b := make(1), make(1)
			require.Equal(t, a.Certificate().Raw, b.Certificate().Raw)
			var tokens [4][]byte
			var wait sync.WaitGroup
			for i := range tokens {
				wait.Go(func() {
					imprint := sha256.Sum256([]byte{byte(i / 2)})
					tokens[i], _ = []*tsptest.Authority{a, b}[i%2].TimeStamp(context.Background(), imprint[:], crypto.SHA256)
				})
			}
			wait.Wait()
			if f == tsptest.Refuses {
				require.Nil(t, tokens[0])
				continue
			}
			require.Equal(t, tokens[0], tokens[1])
			require.Equal(t, tokens[2], tokens[3])
			if f != tsptest.OtherToken {
				require.NotEqual(t, tokens[0], tokens[2])
			}
			if f == "" {
				require.NotEqual(t, a.Root().Raw, make(2).Root().Raw)
			}
		}
	}
}

func TestSetUp(t *testing.T) {
	_, err := tsptest.New(tsptest.Config{})
	require.ErrorContains(t, err, "no clock")
	_, err = tsptest.New(tsptest.Config{Clock: noon, Fault: "sloth"})
	require.ErrorContains(t, err, "sloth")
	a, err := tsptest.New(tsptest.Config{Clock: noon, Policy: "1.x"})
	require.NoError(t, err)
	_, err = a.TimeStamp(t.Context(), make([]byte, 32), crypto.SHA256)
	require.ErrorContains(t, err, "1.x")
	_, err = a.TimeStamp(t.Context(), make([]byte, 31), crypto.SHA256)
	require.ErrorIs(t, err, tsp.ErrRejected)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = a.TimeStamp(ctx, make([]byte, 32), crypto.SHA256)
	require.ErrorIs(t, err, context.Canceled)

	from, until := noon().Add(-time.Hour), noon().Add(time.Hour)
	a, err = tsptest.New(tsptest.Config{Clock: noon, NotBefore: from, NotAfter: until, Name: "Marca di prova"})
	require.NoError(t, err)
	require.Equal(t, from, a.Certificate().NotBefore)
	require.Equal(t, until, a.Certificate().NotAfter)
	require.Equal(t, "Marca di prova", a.Certificate().Subject.CommonName)
	require.Equal(t, "Marca di prova Root", a.Root().Subject.CommonName)
	require.NoError(t, a.Certificate().CheckSignatureFrom(a.Root()))
	bent, err := a.With(tsptest.Expired)
	require.NoError(t, err)
	require.Equal(t, a.Root().Raw, bent.Root().Raw)
	require.True(t, bent.Certificate().NotAfter.Before(noon()))
}

func TestServer(t *testing.T) {
	a, err := tsptest.New(tsptest.Config{Clock: noon})
	require.NoError(t, err)
	server := httptest.NewServer(a)
	t.Cleanup(server.Close)
	post := func(kind, body string) (int, string) {
		resp, err := http.Post(server.URL, kind, strings.NewReader(body))
		require.NoError(t, err)
		defer resp.Body.Close()
		answer, err := io.ReadAll(resp.Body)
		require.NoError(t, err)
		return resp.StatusCode, string(answer)
	}
	status, _ := post("text/plain", "x")
	require.Equal(t, http.StatusUnsupportedMediaType, status)
	status, _ = post(tsp.QueryType, strings.Repeat("x", 20<<10))
	require.Equal(t, http.StatusBadRequest, status)
	status, answer := post(tsp.QueryType, "x")
	require.Equal(t, http.StatusOK, status)
	resp, err := tsp.ParseResponse([]byte(answer))
	require.NoError(t, err)
	require.Equal(t, []tsp.Failure{tsp.BadDataFormat}, resp.Failures)
	got, err := http.Get(server.URL)
	require.NoError(t, err)
	require.NoError(t, got.Body.Close())
	require.Equal(t, http.StatusMethodNotAllowed, got.StatusCode)
}
