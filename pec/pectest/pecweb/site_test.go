package pecweb_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"

	"github.com/certmail/certmail/pec"
	"github.com/certmail/certmail/pec/pectest"
	"github.com/certmail/certmail/pec/pectest/pecweb"
)

// network is one in which a good deal happened: every point and fault is in
// its journeys.
func network(t testing.TB, opt *pectest.NetworkOptions) *pectest.Network {
	t.Helper()
	n, err := pectest.NewNetwork(opt)
	require.NoError(t, err)
	return n
}

func send(t testing.TB, n *pectest.Network, from string, d *pec.Draft) {
	t.Helper()
	a, err := n.Account(from)
	require.NoError(t, err)
	_, err = a.Send(context.Background(), d)
	require.NoError(t, err)
}

// busy is a network with a journey through every point, with trouble.
func busy(t testing.TB) *pectest.Network {
	t.Helper()
	n := network(t, nil)
	send(t, n, "anna@alfa.example", &pec.Draft{To: pec.Addresses("bruno@beta.example"), Subject: "Offerta n. 12", Text: "Buongiorno.", ReceiptType: "breve",
		Attachments: []pec.File{pec.FileBytes("offerta.txt", "text/plain", []byte("cento euro\r\n"))}})
	n.Settle()
	require.NoError(t, n.AddFault(pectest.Fault{Kind: pectest.Lose, Message: pec.KindDelivery, Times: 1}))
	require.NoError(t, n.AddFault(pectest.Fault{Kind: pectest.Alter, Message: pec.KindTakeCharge, Times: 1, Checked: true}))
	send(t, n, "carla@beta.example", &pec.Draft{To: pec.Addresses("bruno@alfa.example", "nessuno@alfa.example"), Cc: pec.Addresses("anna@beta.example", "fuori@posta.test"), Subject: "Convocazione dell'assemblea", Text: "Si convoca."})
	n.Settle()
	n.Advance(25 * time.Hour)
	n.Settle()
	send(t, n, "anna@alfa.example", &pec.Draft{To: pec.Addresses("anna@beta.example"), Subject: "Con virus", Text: "x", Attachments: []pec.File{pec.FileBytes("eicar.com", "application/octet-stream", pectest.EICARFile())}})
	n.Settle()
	require.NoError(t, n.Receive("spam@posta.test", []string{"anna@beta.example"}, []byte("From: spam@posta.test\r\nTo: anna@beta.example\r\nSubject: Ordinaria\r\nMessage-ID: <o1@posta.test>\r\n\r\nciao\r\n")))
	n.Settle()
	return n
}

// visit asks the handler for a page.
func visit(t testing.TB, h http.Handler, path string) *http.Response {
	t.Helper()
	r := httptest.NewRequest(http.MethodGet, path, nil)
	r.Host = "localhost"
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result()
}

// read asks for a page that must be there.
func read(t testing.TB, h http.Handler, path string) (*html.Node, string) {
	t.Helper()
	resp := visit(t, h, path)
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, resp.StatusCode, "%s: %s", path, body)
	return parse(t, string(body)), string(body)
}

func parse(t testing.TB, page string) *html.Node {
	t.Helper()
	doc, err := html.Parse(strings.NewReader(page))
	require.NoError(t, err)
	return doc
}

// all returns the elements of a name, in order; any for "".
func all(n *html.Node, name string) []*html.Node {
	var out []*html.Node
	for d := range n.Descendants() {
		if d.Type == html.ElementNode && !(d.Namespace == "svg" && name == "title") && (name == "" || d.Data == name) {
			out = append(out, d)
		}
	}
	return out
}

func attr(n *html.Node, key string) string {
	for _, a := range n.Attr {
		if a.Key == key {
			return a.Val
		}
	}
	return ""
}

// text is what is below n, with single spaces.
func text(n *html.Node) string {
	var b strings.Builder
	for d := range n.Descendants() {
		if d.Type == html.TextNode && d.Parent.Data != "style" && d.Parent.Data != "script" {
			b.WriteString(d.Data + " ")
		}
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

// crawl visits every page that can be reached by links.
func crawl(t testing.TB, h http.Handler) map[string]string {
	t.Helper()
	pages := map[string]string{}
	todo := []string{"/"}
	for len(todo) > 0 {
		path := todo[0]
		todo = todo[1:]
		if _, seen := pages[path]; seen {
			continue
		}
		resp := visit(t, h, path)
		body, err := io.ReadAll(resp.Body)
		require.NoError(t, err)
		if resp.StatusCode == http.StatusUnprocessableEntity && strings.HasPrefix(path, "/download?") {
			continue // in an encoding that nobody knows
		}
		require.Equal(t, http.StatusOK, resp.StatusCode, path)
		pages[path] = string(body)
		if !strings.HasPrefix(resp.Header.Get("Content-Type"), "text/html") {
			continue
		}
		for _, a := range all(parse(t, string(body)), "a") {
			u, err := url.Parse(attr(a, "href"))
			require.NoError(t, err)
			require.Empty(t, u.Scheme+u.Host, "a link off the site")
			if u.Path != "" {
				todo = append(todo, u.String())
			}
		}
	}
	return pages
}

// form is the form of an action on a page, with what stands in its fields.
func form(t testing.TB, doc *html.Node, action string) url.Values {
	t.Helper()
	for _, f := range all(doc, "form") {
		if attr(f, "action") != action {
			continue
		}
		v := url.Values{}
		for _, in := range all(f, "input") {
			if attr(in, "type") == "checkbox" {
				continue
			}
			v.Set(attr(in, "name"), attr(in, "value"))
		}
		return v
	}
	require.Fail(t, "no form", action)
	return nil
}

func post(t testing.TB, h http.Handler, path string, v url.Values, header ...string) *http.Response {
	t.Helper()
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(v.Encode()))
	r.Host = "localhost"
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result()
}

func handler(t testing.TB, n *pectest.Network) http.Handler {
	t.Helper()
	return pecweb.Handler(n, nil)
}
