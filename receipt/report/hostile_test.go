package report_test

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/receipt"
	"github.com/certmail/certmail/receipt/report"
)

// hostile are texts that have broken other people's pages.
var hostile = []string{
	`<script>alert(1)</script>`, `"><img src=x onerror=alert(1)>`, `' onmouseover='alert(1)`, `</title><script>alert(1)</script>`,
	`</style><script>alert(1)</script>`, `</bdi></td></tr></tbody></table><h1>Consegnato</h1>`, `<!--`, `--><svg/onload=alert(1)>`, `]]>`,
	`javascript:alert(1)`, `JaVaScRiPt:alert(1)`, "java\nscript:alert(1)", " javascript:alert(1)", "\x01javascript:alert(1)", `data:text/html,<script>alert(1)</script>`,
	`//evil.example/x`, `\\evil.example\x`, `/\evil.example/x`, `http://evil.example/`, `file:///etc/passwd`, `vbscript:x`, `../../etc/passwd`, `C:\posta\a.eml`,
	`{{.}}`, `{{template "head"}}`, `${7*7}`, `&lt;script&gt;`, `&#x202e;`, `%3Cscript%3E`, `a#b?c=d&e`, "a\x00b", "a\tb\r\nc",
	"fattura\u202egnp.exe", "\u2066\u2067\u2068abc\u2069", "\u061c\u200e\u200f", "a\u2028b\u2029c", "\xff\xfe\x80", "\u200bzero\ufeff", "\u00ad", "\U000E0041tag",
	"\u05e9\u05dc\u05d5\u05dd anna@alfa.example", "👩\u200d👧", "a\u200db@c.example", strings.Repeat("w", 100_000), strings.Repeat("a\u0301\u0302\u0303\u0304\u0305", 500),
	"", " ", "è à ù €",
}

// hostilePage is a page with s in every place that a stranger can fill.
func hostilePage(s string) *report.Page {
	digest := receipt.Digest{1}
	proof := receipt.ProofStatus{File: s, Kind: s, SHA256: digest, Verdict: receipt.Valid, Event: receipt.EventDelivered, Issuer: s, Reason: s, Matched: receipt.ByMessageID, Note: s}
	odd := proof
	odd.Event, odd.Matched, odd.Verdict = receipt.EventKind(s), receipt.MatchKey(s), receipt.Invalid
	return &report.Page{Title: s, Report: &receipt.Report{
		Messages: []receipt.Message{{
			MessageID: s, Identifier: s, Subject: s, Sender: s, Light: receipt.Light(s), Submitted: start,
			Recipients: []receipt.RecipientStatus{
				{Address: s, Type: s, Status: receipt.StatusDelivered, Explanation: s, Proofs: []receipt.ProofStatus{proof, odd}},
				{Address: s, Type: s, Status: receipt.Status(s), Reason: s, Error: receipt.Reason{Text: s, Category: receipt.Category(s)}, Explanation: s},
			},
			Conflicts: []receipt.Contradiction{{Code: s, Detail: s, Recipient: s, Files: []string{s, s}}},
			Findings:  []receipt.Finding{{Code: s, Detail: s}},
		}},
		Orphans: []receipt.Orphan{{File: s, Kind: s, Event: receipt.EventKind(s), MessageID: s, Identifier: s, Sender: s, Recipients: []string{s, s}, Subject: s, Issuer: s, Why: s}},
	}, Unreadable: []report.Unreadable{{File: s, Error: s}}}
}

func TestHostileTextStaysText(t *testing.T) {
	calm := parse(t, write(t, hostilePage("calm")))
	for _, s := range hostile {
		checkHostile(t, s)
		if strings.TrimSpace(s) == "" {
			continue
		}
		doc := parse(t, write(t, hostilePage(s)))
		for _, name := range []string{"h1", "h2", "section", "table", "tr", "td", "th", "li", "p", "details"} {
			require.Equal(t, len(all(calm, name)), len(all(doc, name)), "%.40q makes %s elements", s, name)
		}
	}
}

func checkHostile(t testing.TB, s string) {
	t.Helper()
	for _, link := range []func(string) string{nil, func(f string) string { return f }} {
		p := hostilePage(s)
		p.Link = link
		page := write(t, p)
		require.True(t, utf8.Valid(page))
		checkPage(t, page)
		for _, r := range string(page) {
			if r != '\n' && r != 0x200C && r != 0x200D && unicode.In(r, unicode.Cc, unicode.Cf) {
				t.Fatalf("%q leaves %U in the page", s, r)
			}
		}
		require.Less(t, len(page), 600_000, "each of some fifty texts is cut")
	}
}

func TestControlsAreShown(t *testing.T) {
	for s, want := range map[string]string{
		"fattura\u202egnp.exe": "fattura[␦U+202E]gnp.exe",
		"a\x00b":               "a[␦U+0000]b",
		"\u2066x\u2069":        "[␦U+2066]x[␦U+2069]",
		"a\r\nb":               "a b",
		"e\u0301\u0302\u0303\u0304\u0305\u0306x\u0301": "e\u0301\u0302\u0303\u0304[␦U+0305][␦U+0306]x\u0301",
	} {
		r := &receipt.Report{Messages: []receipt.Message{{Subject: s}}}
		require.Contains(t, text(parse(t, write(t, &report.Page{Report: r}))), want)
	}
}

func FuzzHostile(f *testing.F) {
	for _, s := range hostile {
		if len(s) < 1000 {
			f.Add(s)
		}
	}
	f.Fuzz(func(t *testing.T, s string) {
		if len(s) < 10_000 {
			checkHostile(t, s)
		}
	})
}
