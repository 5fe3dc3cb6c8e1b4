package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/pec/pectest"
	"github.com/certmail/certmail/transport"
	"github.com/certmail/certmail/transport/transporttest"
)

const anna = "anna@alfa.example"

func open(t *testing.T) (*pectest.Network, *pectest.Account, *gateway, func() *gateway) {
	t.Helper()
	network, err := pectest.NewNetwork(nil)
	require.NoError(t, err)
	account, err := network.Account(anna)
	require.NoError(t, err)
	service, err := serve(network, account)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, service.Close()) })
	again := func() *gateway { return newGateway(service.url, service.roots, account.Password) }
	return network, account, again(), again
}

func TestRun(t *testing.T) {
	var out strings.Builder
	require.NoError(t, run(t.Context(), &out))
	require.Equal(t, "bruno@beta.example delivered green\n", out.String())
}

func TestMailbox(t *testing.T) {
	transporttest.Mailbox(t, func(t *testing.T) transporttest.Fixture {
		_, account, g, again := open(t)
		return transporttest.Fixture{
			Mailbox:  g,
			Another:  func(*testing.T) transport.Mailbox { return again() },
			Renumber: func(t *testing.T, folder string) { require.NoError(t, account.ResetUIDValidity(folder)) },
		}
	})
}

func TestSender(t *testing.T) {
	transporttest.Sender(t, func(t *testing.T) transporttest.SenderFixture {
		network, _, g, _ := open(t)
		once := func(f pectest.Fault) func(*testing.T) {
			return func(t *testing.T) {
				f.Times = 1
				require.NoError(t, network.AddFault(f))
			}
		}
		return transporttest.SenderFixture{
			Sender:        g,
			RefuseForGood: once(pectest.Fault{Kind: pectest.RefuseForGood}), RefuseForNow: once(pectest.Fault{Kind: pectest.RefuseForNow}),
			RefuseLogin:  once(pectest.Fault{Kind: pectest.RefuseLogin}),
			CutBeforeDot: once(pectest.Fault{Kind: pectest.CutBeforeDot}), CutAfterDot: once(pectest.Fault{Kind: pectest.CutAfterDot}),
			Stall: once(pectest.Fault{Kind: pectest.Slow, For: time.Hour}),
		}
	})
}

// What is not the gateway's own word decides nothing.
func TestAnswerOfAProxy(t *testing.T) {
	for _, status := range []int{http.StatusFound, http.StatusTemporaryRedirect, http.StatusBadGateway, http.StatusForbidden, http.StatusUnauthorized, http.StatusServiceUnavailable} {
		proxy := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			if r.URL.Path == "/elsewhere" {
				return // taken, would a client say that was sent on
			}
			w.Header().Set("Location", "/elsewhere")
			http.Error(w, "<html>no</html>", status)
		}))
		defer proxy.Close()
		g := newGateway(proxy.URL, nil, func() string { return "s3cret" })
		g.client.Transport = proxy.Client().Transport
		err := g.Send(context.Background(), &transport.Message{From: anna, To: []string{"bruno@beta.example"}, Source: strings.NewReader("x"), Size: 1})
		known, ok := errors.AsType[*transport.Error](err)
		require.True(t, ok)
		require.Equal(t, transport.Uncertain, known.Outcome)
		require.NotContains(t, fmt.Sprintf("%v %+v %#v", err, g, g), "s3cret")
	}
	nobody := newGateway("https://127.0.0.1:1", nil, func() string { return "s3cret" })
	err := nobody.Send(context.Background(), &transport.Message{From: anna, To: []string{"bruno@beta.example"}, Source: strings.NewReader("x"), Size: 1})
	known, ok := errors.AsType[*transport.Error](err)
	require.True(t, ok)
	require.Equal(t, transport.Deferred, known.Outcome, "nothing was sent")
}
