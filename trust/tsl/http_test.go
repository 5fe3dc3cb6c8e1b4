package tsl_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/certmail/certmail/trust/tsl"
	"github.com/stretchr/testify/require"
)

func TestHTTPSource(t *testing.T) {
	var plain, secure *httptest.Server
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/TSL-IT.xml":
			require.Contains(t, r.Header.Get("Accept"), tsl.MediaTypeXML)
			_, _ = w.Write([]byte("list"))
		case "/large":
			_, _ = w.Write([]byte(strings.Repeat("x", 101)))
		case "/down":
			http.Redirect(w, r, plain.URL+"/TSL-IT.xml", http.StatusFound)
		case "/moved":
			http.Redirect(w, r, "/TSL-IT.xml", http.StatusFound)
		case "/loop":
			http.Redirect(w, r, "/loop", http.StatusFound)
		default:
			http.NotFound(w, r)
		}
	})
	plain, secure = httptest.NewServer(handler), httptest.NewTLSServer(handler)
	defer plain.Close()
	defer secure.Close()
	src := &tsl.HTTPSource{Client: secure.Client(), MaxBytes: 100}
	for _, path := range []string{"/TSL-IT.xml", "/moved"} {
		data, err := src.Fetch(background(), secure.URL+path)
		require.NoError(t, err)
		require.Equal(t, "list", string(data))
	}
	for _, url := range []string{secure.URL + "/large", secure.URL + "/down", secure.URL + "/loop", secure.URL + "/none", plain.URL + "/TSL-IT.xml", "file:///etc/hosts", ":", "ftp://x.example/"} {
		_, err := src.Fetch(background(), url)
		require.ErrorIs(t, err, tsl.ErrFetch, url)
	}
	_, err := src.Fetch(background(), secure.URL+"/large")
	require.ErrorIs(t, err, tsl.ErrLimit)

	src.Plain = true
	data, err := src.Fetch(background(), plain.URL+"/TSL-IT.xml")
	require.NoError(t, err)
	require.Equal(t, "list", string(data))
	_, err = src.Fetch(background(), secure.URL+"/down")
	require.ErrorIs(t, err, tsl.ErrFetch)

	ctx, cancel := context.WithCancel(background())
	cancel()
	_, err = src.Fetch(ctx, secure.URL+"/TSL-IT.xml")
	require.ErrorIs(t, err, context.Canceled)
	_, err = (&tsl.HTTPSource{}).Fetch(background(), secure.URL)
	require.ErrorIs(t, err, tsl.ErrFetch)
}
