package pecweb_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/pec/pectest/pecweb"
)

func TestHostsAreChecked(t *testing.T) {
	n := network(t, nil)
	for _, c := range []struct {
		bound, host string
		ok          bool
	}{
		{"", "localhost", true}, {"", "LOCALHOST:8080", true}, {"", "localhost.", true}, {"", "pec.localhost:1", true}, {"", "127.0.0.1:8080", true}, {"", "127.9.9.9", true},
		{"", "[::1]:8080", true}, {"", "[::1]", true}, {"", "[::ffff:127.0.0.1]:1", true},
		{"", "evil.example", false}, {"", "localhost.evil.example", false}, {"", "127.0.0.1.evil.example", false}, {"", "notlocalhost", false}, {"", "192.0.2.1", false},
		{"", "", false}, {"", "[::2]:80", false}, {"", "2130706433", false}, {"", "0.0.0.0:80", false}, {"", "localhost@evil.example", false},
		{"192.0.2.1", "192.0.2.1:80", true}, {"192.0.2.1", "192.0.2.2:80", false}, {"192.0.2.1", "localhost", true},
		{"test.example", "test.example:80", true}, {"test.example:80", "TEST.example", true}, {"test.example", "x.test.example", false},
		{"0.0.0.0", "192.0.2.7:80", true}, {"[::]", "192.0.2.7:80", true}, {"0.0.0.0", "evil.example", false},
	} {
		h := pecweb.Handler(n, &pecweb.Options{Host: c.bound})
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			r := httptest.NewRequest(method, "/", nil)
			r.Host = c.host
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			require.Equal(t, c.ok, w.Code != http.StatusMisdirectedRequest, "bound to %q, called %q", c.bound, c.host)
		}
	}
}

func TestFormsOfOthersAreRefused(t *testing.T) {
	n := network(t, nil)
	h := handler(t, n)
	doc, _ := read(t, h, "/")
	good := form(t, doc, "/fault")
	good.Set("fault", "lose")
	without := url.Values{"fault": {"lose"}}
	wrong := url.Values{"fault": {"lose"}, "token": {"x"}}
	for name, c := range map[string]struct {
		v      url.Values
		header []string
		status int
	}{
		"cross-site":                    {good, []string{"Sec-Fetch-Site", "cross-site"}, 403},
		"same-site":                     {good, []string{"Sec-Fetch-Site", "same-site"}, 403},
		"foreign origin":                {good, []string{"Origin", "http://evil.example"}, 403},
		"other port":                    {good, []string{"Origin", "http://localhost:99"}, 403},
		"null origin":                   {good, []string{"Origin", "null"}, 403},
		"no token":                      {without, []string{"Sec-Fetch-Site", "same-origin"}, 403},
		"wrong token":                   {wrong, []string{"Sec-Fetch-Site", "same-origin"}, 403},
		"token in the query is not one": {without, []string{"X-Query", "1"}, 403},
	} {
		path := "/fault"
		if len(c.header) > 0 && c.header[0] == "X-Query" {
			path += "?token=" + good.Get("token")
		}
		require.Equal(t, c.status, post(t, h, path, c.v, c.header...).StatusCode, name)
		require.Empty(t, n.Faults(), name)
	}
	for _, header := range [][]string{{"Sec-Fetch-Site", "same-origin"}, {"Origin", "http://localhost"}, nil} {
		require.Equal(t, http.StatusSeeOther, post(t, h, "/fault", good, header...).StatusCode)
		require.Len(t, n.Faults(), 1)
		n.ClearFaults()
	}
	// Nothing changes by a GET, and no form of one site works on another.
	for _, path := range []string{"/send", "/fault", "/clear", "/time"} {
		require.NotEqual(t, http.StatusOK, visit(t, h, path+"?"+good.Encode()).StatusCode, path)
	}
	require.Empty(t, n.Faults())
	require.Equal(t, http.StatusForbidden, post(t, handler(t, n), "/fault", good).StatusCode)
	good.Set("mailbox", string(make([]byte, 2<<20)))
	require.Equal(t, http.StatusBadRequest, post(t, h, "/fault", good).StatusCode)
}

func TestPolicyOfPages(t *testing.T) {
	h := handler(t, network(t, nil))
	seen := map[string]bool{}
	for range 3 {
		resp := visit(t, h, "/")
		policy := resp.Header.Get("Content-Security-Policy")
		require.Regexp(t, `^default-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'; connect-src 'self'; style-src 'nonce-[A-Z2-7]{26}'; script-src 'nonce-[A-Z2-7]{26}'$`, policy)
		require.False(t, seen[policy], "a nonce twice")
		seen[policy] = true
		require.Equal(t, "same-origin", resp.Header.Get("Cross-Origin-Resource-Policy"))
		require.Equal(t, "no-store", resp.Header.Get("Cache-Control"))
		require.Equal(t, "DENY", resp.Header.Get("X-Frame-Options"))
	}
}

func TestEMU25_StartStaysOnLoopback(t *testing.T) {
	n := network(t, nil)
	for _, address := range []string{":0", "0.0.0.0:0", "[::]:0", "192.0.2.1:0", "example.example:0"} {
		_, err := pecweb.Start(n, address, nil)
		require.ErrorIs(t, err, pecweb.ErrNotLoopback, address)
	}
	for _, address := range []string{"127.0.0.1", "127.0.0.1:x", "127.0.0.1:99999"} {
		_, err := pecweb.Start(n, address, nil)
		require.Error(t, err, address)
	}
	for address, remote := range map[string]bool{"": false, "127.0.0.1:0": false, "localhost:0": false, "0.0.0.0:0": true, ":0": true} {
		s, err := pecweb.Start(n, address, &pecweb.Options{AllowRemote: remote})
		require.NoError(t, err, address)
		resp, err := http.Get(s.URL)
		require.NoError(t, err, s.URL)
		require.Equal(t, http.StatusOK, resp.StatusCode)
		require.NoError(t, resp.Body.Close())
		require.NoError(t, s.Close())
		require.NoError(t, s.Close(), "again")
		_, err = http.Get(s.URL)
		require.Error(t, err)
	}
}
