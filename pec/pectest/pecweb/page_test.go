package pecweb_test

import (
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"

	"github.com/certmail/certmail/pec/pectest/pecweb"
)

func TestEveryPageIsSound(t *testing.T) {
	pages := crawl(t, handler(t, busy(t)))
	kinds := map[string]int{}
	for path, body := range pages {
		u, err := url.Parse(path)
		require.NoError(t, err)
		if kinds[u.Path]++; strings.HasPrefix(body, "<!DOCTYPE html>") {
			checkPage(t, path, parse(t, body))
		}
	}
	for _, path := range []string{"/", "/mailbox", "/message", "/journey", "/log", "/download", "/ca.pem"} {
		require.Positive(t, kinds[path], path)
	}
}

// checkPage checks what holds for every page, whatever is on it.
func checkPage(t testing.TB, path string, doc *html.Node) {
	t.Helper()
	require.Equal(t, "en", attr(all(doc, "html")[0], "lang"))
	for name, n := range map[string]int{"h1": 1, "header": 1, "main": 1, "footer": 1, "title": 1, "style": 1, "script": 1} {
		require.Len(t, all(doc, name), n, "%s: %s", path, name)
	}
	require.Equal(t, "#main", attr(all(doc, "a")[0], "href"), "the skip link is first")
	ids, level, labels := map[string]bool{}, 0, map[string]bool{}
	for _, n := range all(doc, "label") {
		labels[attr(n, "for")] = true
	}
	for _, n := range all(doc, "") {
		if id := attr(n, "id"); id != "" {
			require.False(t, ids[id], "%s: id %s twice", path, id)
			ids[id] = true
		}
		for _, a := range n.Attr {
			require.False(t, strings.HasPrefix(a.Key, "on") || a.Key == "style", "%s: attribute %s", path, a.Key)
		}
		switch n.Data {
		case "h1", "h2", "h3", "h4":
			now := int(n.Data[1] - '0')
			require.LessOrEqual(t, now, level+1, "%s: %s under h%d", path, n.Data, level)
			level = now
		case "th":
			require.NotEmpty(t, attr(n, "scope"), path)
		case "table":
			require.True(t, attr(n, "aria-labelledby") != "" || len(all(n, "caption")) == 1, "%s: a table without a name", path)
		case "img", "iframe", "object", "embed", "base", "meta":
			require.NotEqual(t, "refresh", attr(n, "http-equiv"))
			require.Equal(t, "meta", n.Data, path)
		case "input", "select", "textarea":
			require.True(t, attr(n, "type") == "hidden" || labels[attr(n, "id")], "%s: %s has no label", path, attr(n, "name"))
		case "section", "nav":
			require.NotEmpty(t, attr(n, "aria-labelledby")+attr(n, "aria-label"), path)
		}
	}
	for _, n := range all(doc, "") {
		for _, key := range []string{"aria-labelledby", "aria-describedby", "list"} {
			if id := attr(n, key); id != "" {
				require.True(t, ids[id], "%s: %s=%s points nowhere", path, key, id)
			}
		}
		if attr(n, "data-live") != "" || n.Data == "a" && attr(n, "href") == "" {
			require.NotEmpty(t, attr(n, "id"))
		}
	}
}

func TestPagesSayWhatIsThere(t *testing.T) {
	h := handler(t, busy(t))
	for path, want := range map[string][]string{
		"/": {"anna@alfa.example", "Gestore Beta S.p.A.", "Offerta n. 12 anna@alfa.example bruno@beta.example", "delivered to 1 of 1", "lose,message=avvenuta-consegna,times=1 – struck 1 time",
			"2 Mar 2026, 09:30:00", "Outside the circuit fuori@posta.test" /* tables are between */},
		"/mailbox?address=anna%40alfa.example":                       {"CONSEGNA: Offerta n. 12", "delivery receipt", "valid", "UIDVALIDITY", "Sent 0"},
		"/mailbox?address=ANNA%40alfa.example&folder=inbox":          {"CONSEGNA: Offerta n. 12"},
		"/mailbox?address=anna%40alfa.example&folder=Sent":           {"Nothing is here."},
		"/message?address=bruno%40beta.example&uid=1":                {"transport envelope (posta-certificata)", "signer-chain passed", "daticert.xml", "certificato", "The original inside", "X-TipoRicevuta", "offerta.txt", "<?xml", "Journey 1: Offerta n. 12"},
		"/message?address=anna%40beta.example&uid=2":                 {"Ordinaria", "anomaly envelope"},
		"/journey?number=2":                                          {"lost", "time-out notice", "B17", "anomaly envelope", "transport envelope comes in; take-charge receipt is written"},
		"/log?domain=pec.gestore-alfa.example":                       {"acceptance", "submission", "Infected messages, kept apart", "EICAR"},
		"/message?address=ricevute%40pec.gestore-beta.example&uid=1": {"anomaly envelope"},
	} {
		doc, _ := read(t, h, path)
		got := text(doc)
		for _, w := range want {
			for part := range strings.SplitSeq(w, "  ") {
				if part == "Outside the circuit fuori@posta.test" {
					part = "fuori@posta.test"
				}
				require.Contains(t, got, part, path)
			}
		}
	}
}

func TestWhatIsNotThereIsNotFound(t *testing.T) {
	h := handler(t, busy(t))
	for _, path := range []string{
		"/x", "/mailbox", "/mailbox?address=nobody%40alfa.example", "/mailbox?address=anna%40alfa.example&folder=Nowhere", "/mailbox/anna",
		"/message?address=anna%40alfa.example", "/message?address=anna%40alfa.example&uid=99", "/message?address=anna%40alfa.example&uid=-1", "/message?address=anna%40alfa.example&uid=4294967297",
		"/message?address=anna%40alfa.example&uid=%00", "/journey", "/journey?number=0", "/journey?number=99", "/journey?number=1e3", "/journey?number=%3Cscript%3E",
		"/log", "/log?domain=alfa", "/download?address=anna%40alfa.example&uid=99", "/download?address=anna%40alfa.example&uid=1&part=9",
		"/download?address=anna%40alfa.example&uid=1&part=", "/download?address=anna%40alfa.example&uid=1&part=1&inside=1", "/send", "/favicon.ico", "/../../etc/passwd", "/page/style.css",
	} {
		resp := visit(t, h, path)
		if resp.StatusCode == http.StatusTemporaryRedirect || resp.StatusCode == http.StatusMovedPermanently {
			resp = visit(t, h, resp.Header.Get("Location"))
		}
		if path == "/send" {
			require.Contains(t, []int{http.StatusNotFound, http.StatusMethodNotAllowed}, resp.StatusCode)
			continue
		}
		body, err := io.ReadAll(resp.Body)
		require.NoError(t, err)
		require.Equal(t, http.StatusNotFound, resp.StatusCode, path)
		require.NotContains(t, string(body), "<script>")
		checkPage(t, path, parse(t, string(body)))
	}
}

// What is downloaded is exact, and no browser takes it for a page.
func TestDownloads(t *testing.T) {
	n := busy(t)
	h := handler(t, n)
	m, err := n.Mailbox("bruno@beta.example")
	require.NoError(t, err)
	envelope := m.Messages()[0].Data
	get := func(query string) (body []byte, name string) {
		resp := visit(t, h, "/download?address=bruno%40beta.example&uid=1"+query)
		require.Equal(t, http.StatusOK, resp.StatusCode)
		require.Equal(t, "application/octet-stream", resp.Header.Get("Content-Type"))
		require.Equal(t, "nosniff", resp.Header.Get("X-Content-Type-Options"))
		require.Contains(t, resp.Header.Get("Content-Security-Policy"), "sandbox")
		disposition, params, err := mime.ParseMediaType(resp.Header.Get("Content-Disposition"))
		require.NoError(t, err)
		require.Equal(t, "attachment", disposition)
		body, err = io.ReadAll(resp.Body)
		require.NoError(t, err)
		return body, params["filename"]
	}
	body, name := get("")
	require.Equal(t, string(envelope), string(body))
	require.Equal(t, "message-1.eml", name)
	body, name = get("&part=1.2")
	require.Equal(t, "daticert.xml", name)
	require.True(t, strings.HasPrefix(string(body), "<?xml"), "%s", body)
	body, name = get("&part=1.3")
	require.Equal(t, "postacert.eml", name)
	require.Contains(t, string(envelope), string(body))
	body, name = get("&part=2&inside=1")
	require.Equal(t, "offerta.txt", name)
	require.Equal(t, "cento euro\r\n", string(body))
	_, name = get("&part=1")
	require.Equal(t, "part-1.mime", name)

	resp := visit(t, h, "/ca.pem")
	body, err = io.ReadAll(resp.Body)
	require.NoError(t, err)
	require.Equal(t, n.Authority().PEM(), body)
}

// A list too long for one page goes on on another.
func TestLongListsGoOn(t *testing.T) {
	n := network(t, nil)
	for range 230 {
		require.NoError(t, n.Receive("a@posta.test", []string{"anna@alfa.example"}, []byte("From: a@posta.test\r\nSubject: x\r\n\r\nx\r\n")))
	}
	n.Settle()
	pages := crawl(t, handler(t, n))
	messages, journeys, entries := 0, 0, 0
	for path := range pages {
		switch {
		case strings.HasPrefix(path, "/message?"):
			messages++
		case strings.HasPrefix(path, "/journey?"):
			journeys++
		case strings.HasPrefix(path, "/log?"):
			entries++
		}
	}
	require.Equal(t, 230, messages)
	require.Equal(t, 230, journeys)
	require.Equal(t, 1+5, entries, "460 entries of one log, none of the other")
}

func TestServicesAndTheClockAreShown(t *testing.T) {
	n := network(t, nil)
	h := pecweb.Handler(n, &pecweb.Options{Services: []pecweb.Service{{Provider: "Gestore Alfa S.p.A.", Name: "IMAP", Host: "127.0.0.1", Port: 1993}}})
	doc, _ := read(t, h, "/")
	require.Contains(t, text(doc), "IMAP Gestore Alfa S.p.A. 127.0.0.1 1993")
	require.Contains(t, text(doc), "simulated: it stands still")
	a, err := n.Account("anna@alfa.example")
	require.NoError(t, err)
	require.Contains(t, text(doc), a.Password())
}
