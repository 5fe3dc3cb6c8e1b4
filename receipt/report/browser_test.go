package report_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"text/template"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/internal/reftest"
)

// bench is a page with a script that puts our pages into frames of several
// widths and measures them. Our page has no script of its own; as srcdoc it
// has the origin of the frame around it, so that it can be looked into.
var bench = template.Must(template.New("").Parse(`<!DOCTYPE html><meta charset="utf-8"><pre id="result">[]</pre>
{{range $p := .Pages}}{{range $.Widths}}<iframe data-page="{{$p.Name}}" width="{{.}}" height="900" srcdoc="{{html $p.HTML}}"></iframe>
{{end}}{{end}}<script>
function rgb(s) { return s.match(/[\d.]+/g).map(Number) }
function lum(c) { const f = v => (v /= 255) <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4; return .2126 * f(c[0]) + .7152 * f(c[1]) + .0722 * f(c[2]) }
function ratio(a, b) { const x = lum(a), y = lum(b); return (Math.max(x, y) + .05) / (Math.min(x, y) + .05) }
addEventListener("load", () => {
  const out = [];
  for (const f of document.querySelectorAll("iframe")) {
    const d = f.contentDocument, w = f.contentWindow, wide = d.documentElement.clientWidth;
    const r = {page: f.dataset.page, width: +f.width, view: wide, scroll: d.documentElement.scrollWidth, outside: [], contrast: 21, pale: "", texts: 0,
      styled: w.getComputedStyle(d.body).maxWidth != "none", dark: w.matchMedia("(prefers-color-scheme: dark)").matches, rows: d.querySelectorAll("tbody").length};
    const backs = new Map(), back = e => {
      if (!e) return [255, 255, 255];
      if (!backs.has(e)) { const c = rgb(w.getComputedStyle(e).backgroundColor); backs.set(e, c.length > 3 && c[3] == 0 ? back(e.parentElement) : c) }
      return backs.get(e) };
    for (const e of d.body.querySelectorAll("*")) {
      if (e.closest("svg, .unseen, .skip, thead")) continue;
      const box = e.getBoundingClientRect();
      if (box.width && (box.right > wide + 1 || box.left < -1)) r.outside.push(e.tagName + "." + e.className);
      if (![...e.childNodes].some(n => n.nodeType == 3 && n.data.trim()) || !box.width) continue;
      const k = ratio(rgb(w.getComputedStyle(e).color), back(e)); r.texts++;
      if (k < r.contrast) { r.contrast = k; r.pale = e.tagName + "." + e.className + " " + e.textContent.slice(0, 40) }
    }
    const only = d.getElementById("show-red");
    if (only) { only.checked = true; r.shown = [...d.querySelectorAll("tbody")].filter(b => b.getBoundingClientRect().height > 0).map(b => b.className) }
    r.outside = r.outside.slice(0, 5); out.push(r);
  }
  document.getElementById("result").textContent = JSON.stringify(out);
  document.querySelectorAll("iframe").forEach(f => f.remove());
})
</script>`))

type measured struct {
	Page                string
	Width, View, Scroll int
	Outside             []string
	Contrast            float64
	Pale                string
	Texts, Rows         int
	Styled, Dark        bool
	Shown               []string
}

// In a real browser the page applies its style sheet under its own policy, no
// element leaves the window sideways at any width, and every text stands out
// from what is behind it.
func TestPageInChromium(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: starts a browser; the full run does")
	}
	type shown struct{ Name, HTML string }
	normal := samplePage()
	normal.Open = true
	pages := []shown{{"sample", string(write(t, normal))}}
	for i, s := range []string{strings.Repeat("w", 3000), "<b>x</b>\u202e\u05e9\u05dc\u05d5\u05dd", strings.Repeat("a\u0301\u0302\u0303", 200)} {
		p := hostilePage(s)
		p.Open = true
		pages = append(pages, shown{fmt.Sprintf("hostile %d", i), string(write(t, p))})
	}
	file := filepath.Join(t.TempDir(), "bench.html")
	var b bytes.Buffer
	require.NoError(t, bench.Execute(&b, map[string]any{"Pages": pages, "Widths": []int{320, 360, 740, 1280}}))
	require.NoError(t, os.WriteFile(file, b.Bytes(), 0o600))

	for scheme, flag := range map[string]string{"light": "1", "dark": "0"} {
		began := time.Now()
		out := reftest.Chromium(t, file, "--dump-dom", "--virtual-time-budget=20000", "--window-size=1400,1000", "--blink-settings=preferredColorScheme="+flag)
		t.Logf("%s: %v", scheme, time.Since(began))
		var results []measured
		require.NoError(t, json.Unmarshal([]byte(text(all(parse(t, out), "pre")[0])), &results))
		require.Len(t, results, 4*len(pages))
		for _, r := range results {
			name := fmt.Sprintf("%s, %d pixels, %s", r.Page, r.Width, scheme)
			require.True(t, r.Styled, name)
			require.Equal(t, scheme == "dark", r.Dark, name)
			require.LessOrEqual(t, r.Scroll, r.View, "%s: scrolls sideways: %v", name, r.Outside)
			require.Empty(t, r.Outside, name)
			require.GreaterOrEqual(t, r.Contrast, 4.5, "%s: %s", name, r.Pale)
			require.Positive(t, r.Texts)
			if r.Page == "sample" {
				require.Equal(t, len(normal.Report.Messages), r.Rows)
				require.Len(t, r.Shown, 9, "the filter shows the red ones")
				for _, class := range r.Shown {
					require.Equal(t, "red", class, name)
				}
			}
		}
	}
}

// On paper all details are open, whatever the reader expanded.
func TestPrintOpensDetails(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: starts a browser; the full run does")
	}
	size := func(open bool) int {
		dir := t.TempDir()
		p := samplePage()
		p.Open = open
		page := write(t, p)
		file := filepath.Join(dir, "page.html")
		require.NoError(t, os.WriteFile(file, page, 0o600))
		pdf := filepath.Join(dir, "page.pdf")
		reftest.Chromium(t, file, "--print-to-pdf="+pdf, "--no-pdf-header-footer")
		data, err := os.ReadFile(pdf)
		require.NoError(t, err)
		return bytes.Count(data, []byte("/Type /Page\n"))
	}
	closed := size(false)
	require.Greater(t, closed, 5)
	require.Equal(t, size(true), closed)
}
