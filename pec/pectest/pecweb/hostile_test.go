package pecweb_test

import (
	"mime"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/pec/pectest"
)

// hostile are texts that have broken other people's pages.
var hostile = []string{
	`<script>alert(1)</script>`, `"><img src=x onerror=alert(1)>`, `' onmouseover='alert(1)`, `</title><script>alert(1)</script>`, `</style><script>alert(1)</script>`,
	`</bdi></td></tr></tbody></table><h1>Consegnato</h1>`, `<!--`, `--><svg/onload=alert(1)>`, `]]>`, `</text></svg><script>alert(1)</script>`, `javascript:alert(1)`,
	`{{.}}`, `{{template "head"}}`, `&lt;script&gt;`, `a#b?c=d&e`, "fattura\u202egnp.exe", "\u2066\u2067\u2068abc\u2069", "\u200bzero\ufeff", "\U000E0041tag", "a\x00b\x1b[2J",
	strings.Repeat("w", 100_000), strings.Repeat("a\u0301\u0302\u0303\u0304\u0305", 500), "\xff\xfe\x80", "",
}

// poisoned is a network with a text in every place that mail can fill.
func poisoned(t testing.TB, s string) *pectest.Network {
	t.Helper()
	n := network(t, nil)
	line := strings.NewReplacer("\r", "", "\n", "", "\x00", "").Replace(s)
	if len(line) > 900 {
		line = line[:900]
	}
	word := mime.BEncoding.Encode("utf-8", strings.ToValidUTF8(line, "?"))
	quoted := strings.NewReplacer(`\`, "", `"`, "").Replace(line)
	message := []byte("From: \"" + quoted + "\" <a@posta.test>\r\nTo: anna@alfa.example\r\nSubject: " + line + "\r\nX-" + "Odd: " + word + "\r\nMessage-ID: <" + quoted + "@x.test>\r\n" +
		"Content-Type: multipart/mixed; boundary=\"b\"; name=\"" + quoted + "\"\r\n\r\n--b\r\nContent-Type: text/html; charset=utf-8\r\nContent-Disposition: attachment; filename=\"" + quoted + "\"\r\n\r\n" + s +
		"\r\n--b\r\nContent-Type: " + quoted + "\r\nContent-Transfer-Encoding: " + quoted + "\r\n\r\n" + s + "\r\n--b--\r\n")
	m, err := n.Mailbox("anna@alfa.example")
	require.NoError(t, err)
	m.CreateFolder(s)
	for _, folder := range []string{pectest.Inbox, s} {
		_, err := m.Append(folder, message, []string{s}, time.Time{})
		require.NoError(t, err)
	}
	_, err = m.Append(pectest.Inbox, []byte(s), nil, time.Time{})
	require.NoError(t, err)
	_ = n.Receive(s, []string{"anna@alfa.example"}, message)
	_ = n.Receive("a@posta.test", []string{s + "@alfa.example"}, message)
	n.Settle()
	return n
}

func TestHostileTextStaysText(t *testing.T) {
	for _, s := range hostile {
		pages := crawl(t, handler(t, poisoned(t, s)))
		require.Greater(t, len(pages), 20, "%.40q", s)
		for path, body := range pages {
			if !strings.HasPrefix(body, "<!DOCTYPE html>") {
				continue
			}
			doc := parse(t, body)
			checkPage(t, path, doc)
			require.Empty(t, all(doc, "img"))
			require.NotContains(t, text(doc), "\u202e")
			for _, a := range all(doc, "a") {
				href := attr(a, "href")
				require.True(t, href == "#main" || strings.HasPrefix(href, "/") && !strings.HasPrefix(href, "//"), "%.80q", href)
				require.NotEmpty(t, text(a), "%s: a link that is not seen", path)
			}
			for _, r := range text(doc) {
				require.False(t, unicode.Is(unicode.Cc, r) || unicode.Is(unicode.Bidi_Control, r), "%s has %U", path, r)
			}
			require.Less(t, len(body), 2_000_000)
		}
	}
}

func TestNamesOfFilesAreSafe(t *testing.T) {
	for _, s := range hostile {
		h := handler(t, poisoned(t, s))
		for _, part := range []string{"0", "1", "2"} {
			resp := visit(t, h, "/download?address=anna%40alfa.example&uid=1&part="+part)
			disposition := resp.Header.Get("Content-Disposition")
			if resp.StatusCode != 200 {
				continue // an encoding that nobody knows
			}
			_, params, err := mime.ParseMediaType(disposition)
			require.NoError(t, err, disposition)
			require.Regexp(t, `^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$`, params["filename"], "%.40q", s)
		}
	}
}
