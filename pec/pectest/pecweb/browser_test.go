package pecweb_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/pec/pectest/pecweb"
)

// measure looks at the page that is open: what leaves the window sideways, how
// well each text stands out from what is behind it, and which controls have
// no name.
const measure = `(() => {
  const rgb = s => s.match(/[\d.]+/g).map(Number);
  const lum = c => { const f = v => (v /= 255) <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4; return .2126 * f(c[0]) + .7152 * f(c[1]) + .0722 * f(c[2]) };
  const ratio = (a, b) => { const x = lum(a), y = lum(b); return (Math.max(x, y) + .05) / (Math.min(x, y) + .05) };
  const back = e => { if (!e) return [255, 255, 255]; const c = rgb(getComputedStyle(e).backgroundColor); return c.length > 3 && c[3] == 0 ? back(e.parentElement) : c };
  const wide = document.documentElement.clientWidth, out = {Width: wide, Scroll: document.documentElement.scrollWidth, Outside: [], Contrast: 21, Pale: "", Small: 99, Texts: 0, Nameless: [],
    Styled: getComputedStyle(document.body).maxWidth != "none"};
  for (const e of document.body.querySelectorAll("*")) {
    if (e.closest(".unseen, .skip, thead, symbol, script, option, datalist")) continue;
    const box = e.getBoundingClientRect();
    if (!box.width) continue;
    if (!e.parentElement.closest("svg.lanes") && (box.right > wide + 1 || box.left < -1)) out.Outside.push(e.tagName + "." + e.className + " " + e.textContent.slice(0, 30));
    if (e.matches("input:not([type=hidden]), select, textarea") && !e.labels.length) out.Nameless.push(e.name);
    if (![...e.childNodes].some(n => n.nodeType == 3 && n.data.trim())) continue;
    const svg = e.closest("svg.lanes"), style = getComputedStyle(e), k = ratio(rgb(svg ? style.fill : style.color), back(e)); out.Texts++;
    if (k < out.Contrast) { out.Contrast = k; out.Pale = e.tagName + "." + e.className + " " + e.textContent.slice(0, 40) }
    const size = parseFloat(style.fontSize) * (svg ? svg.getBoundingClientRect().width / svg.viewBox.baseVal.width : 1);
    if (size < out.Small) out.Small = size;
  }
  out.Outside = out.Outside.slice(0, 5);
  return out;
})()`

type measured struct {
	Width, Scroll     int
	Outside, Nameless []string
	Contrast, Small   float64
	Pale              string
	Texts             int
	Styled            bool
}

// look are the pages to look at.
var look = []struct{ name, path string }{
	{"overview", "/"},
	{"mailbox", "/mailbox?address=anna@alfa.example"},
	{"message", "/message?address=bruno@beta.example&uid=1"},
	{"receipt", "/message?address=anna@alfa.example&uid=2"},
	{"journey", "/journey?number=2"},
	{"log", "/log?domain=pec.gestore-alfa.example"},
	{"problem", "/nothing"},
}

// In a real browser every page applies its style sheet under its policy, no
// element leaves the window sideways at any width, in light and dark every
// text stands out, none is too small to read, and every control has a name.
func TestPagesInChromium(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: starts a browser; the full run does")
	}
	s, err := pecweb.Start(busy(t), "", nil)
	require.NoError(t, err)
	defer s.Close()
	b := startBrowser(t)
	for _, page := range look {
		for _, width := range []int{320, 360, 700, 1000, 1280} {
			for _, scheme := range []string{"light", "dark"} {
				b.size(width, 800)
				b.scheme(scheme)
				b.open(s.URL[:len(s.URL)-1] + page.path)
				name := fmt.Sprintf("%s %d %s", page.name, width, scheme)
				var r measured
				b.eval(measure, &r)
				b.picture(name)
				require.True(t, r.Styled, name)
				require.Equal(t, width, r.Width, name)
				require.LessOrEqual(t, r.Scroll, r.Width, "%s: scrolls sideways: %v", name, r.Outside)
				require.Empty(t, r.Outside, name)
				require.Empty(t, r.Nameless, name)
				require.GreaterOrEqual(t, r.Contrast, 4.5, "%s: %s", name, r.Pale)
				require.GreaterOrEqual(t, r.Small, 9.5, name)
				require.Positive(t, r.Texts)
			}
		}
	}
}
