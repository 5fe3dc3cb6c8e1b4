package report_test

import (
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/receipt"
	"github.com/certmail/certmail/receipt/report"
)

// hrefOf returns the link of a page with one unreadable file, "" for none.
func hrefOf(t testing.TB, name string, link func(string) string) string {
	t.Helper()
	doc := parse(t, write(t, &report.Page{Report: &receipt.Report{}, Unreadable: []report.Unreadable{{File: name, Error: "x"}}, Link: link}))
	for _, a := range all(doc, "a") {
		if attr(a, "rel") != "" {
			return attr(a, "href")
		}
	}
	return ""
}

func TestLinksAreMadeOfNames(t *testing.T) {
	base, err := url.Parse("file:///home/anna/pagina.html")
	require.NoError(t, err)
	for name, want := range map[string]string{
		"a.eml":                   "a.eml",
		"ricevute/bruno beta.eml": "ricevute/bruno%20beta.eml",
		"50%#1?.eml":              "50%25%231%3F.eml",
		"città.eml":               "citt%C3%A0.eml",
		"javascript:alert(1)":     "javascript%3Aalert%281%29",
		"//evil.example/x":        "/evil.example/x",
		"/var/mail/x:2,S":         "/var/mail/x%3A2%2CS",
		`\\evil.example\x`:        "%5C%5Cevil.example%5Cx",
		"a\x00\u202eb":            "a%00%E2%80%AEb",
		"../a//b":                 "../a/b",
		"":                        "",
		"-":                       "",
	} {
		got := hrefOf(t, name, nil)
		require.Equal(t, want, got, "%q", name)
		u, err := base.Parse(got)
		require.NoError(t, err)
		require.Equal(t, "file", u.Scheme)
		require.Empty(t, u.Host)
	}
}

func TestLinksOfTheCallerAreChecked(t *testing.T) {
	for raw, ok := range map[string]bool{
		"prove/a.eml": true, "../a.eml": true, "/a.eml": true, "file:///a/b%20c.eml": true, "file://server/share/a.eml": true,
		"https://archivio.example/a?x=1&y=2": true, "HTTP://archivio.example/": true, "a.eml#x": true, "./a:b": true,
		"": false, "javascript:alert(1)": false, "JavaScript:alert(1)": false, " javascript:alert(1)": false, "java\tscript:alert(1)": false,
		"data:text/html,x": false, "vbscript:x": false, "blob:x": false, "mailto:a@b.example": false, "//evil.example/x": false,
		`\\evil.example\x`: false, `/\evil.example`: false, "http:evil.example": false, "https:///x": false, "file:x": false, "a b": false, "%zz": false, "///x": false,
	} {
		got := hrefOf(t, "nome.eml", func(string) string { return raw })
		if ok {
			require.Equal(t, raw, got)
		} else {
			require.Empty(t, got, "%q", raw)
		}
	}
}
