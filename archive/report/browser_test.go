package report_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"html"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/archive"
	"github.com/certmail/certmail/archive/report"
	"github.com/certmail/certmail/internal/reftest"
)

// measure is a script around our page, which has none: it puts it into frames
// of several widths.
const measure = `<!DOCTYPE html><meta charset="utf-8"><pre id="result">[]</pre>%s<script>
addEventListener("load", () => {
  const out = [];
  for (const f of document.querySelectorAll("iframe")) {
    const d = f.contentDocument, w = f.contentWindow, wide = d.documentElement.clientWidth, r = {width: +f.width, view: wide, scroll: d.documentElement.scrollWidth, outside: [], styled: w.getComputedStyle(d.body).maxWidth != "none"};
    for (const e of d.body.querySelectorAll("*")) {
      if (e.closest("svg")) continue;
      const box = e.getBoundingClientRect();
      if (box.width && (box.right > wide + 1 || box.left < -1)) r.outside.push(e.tagName + "." + e.className + " " + e.textContent.slice(0, 30));
    }
    r.outside = r.outside.slice(0, 3); out.push(r);
  }
  document.getElementById("result").textContent = JSON.stringify(out);
  document.querySelectorAll("iframe").forEach(f => f.remove());
})
</script>`

// TestPageInChromium: the style sheet applies under the page's own policy, and
// nothing leaves the window sideways at any width, whatever the texts are.
func TestPageInChromium(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: starts a browser; the full run does")
	}
	w := newWorld(t)
	x := w.examine(w.write(archive.Folder, w.sent(w.contract(), true)))
	var frames strings.Builder
	n := 0
	for _, title := range []string{"", strings.Repeat("w", 3000), strings.Repeat("é̂̃ ", 200)} {
		var b bytes.Buffer
		require.NoError(t, report.WriteHTML(&b, &report.Page{Examination: x, Title: title}))
		for _, width := range []int{320, 400, 800, 1200} {
			fmt.Fprintf(&frames, `<iframe width="%d" height="900" srcdoc="%s"></iframe>`, width, html.EscapeString(b.String()))
			n++
		}
	}
	file := filepath.Join(t.TempDir(), "bench.html")
	require.NoError(t, os.WriteFile(file, fmt.Appendf(nil, measure, frames.String()), 0o600))
	out := reftest.Chromium(t, file, "--dump-dom", "--virtual-time-budget=20000", "--window-size=1400,1000")
	m := regexp.MustCompile(`(?s)<pre id="result">(.*?)</pre>`).FindSubmatch(out)
	require.NotNil(t, m)
	var results []struct {
		Width, View, Scroll int
		Outside             []string
		Styled              bool
	}
	require.NoError(t, json.Unmarshal([]byte(html.UnescapeString(string(m[1]))), &results))
	require.Len(t, results, n)
	for _, r := range results {
		require.True(t, r.Styled, r.Width)
		require.LessOrEqual(t, r.Scroll, r.View, "%d pixels: %v", r.Width, r.Outside)
		require.Empty(t, r.Outside, r.Width)
	}
}

// TestPageOnPaper: a browser makes a PDF of it, with every section in it.
func TestPageOnPaper(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: starts a browser; the full run does")
	}
	w := newWorld(t)
	x := w.examine(w.write(archive.Folder, w.sent(w.contract(), true)))
	dir := t.TempDir()
	file, pdf := filepath.Join(dir, "page.html"), filepath.Join(dir, "page.pdf")
	require.NoError(t, os.WriteFile(file, []byte(w.page(x, "en")), 0o600))
	reftest.Chromium(t, file, "--print-to-pdf="+pdf, "--no-pdf-header-footer")
	data, err := os.ReadFile(pdf)
	require.NoError(t, err)
	pages := bytes.Count(data, []byte("/Type /Page\n"))
	require.Greater(t, pages, 4)
	require.Less(t, pages, 20)
}
