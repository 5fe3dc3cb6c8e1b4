package pecweb_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/pec"
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

// No address on the overview is broken in two where there is room for it: those
// of accounts never, at any width, and the long ones of providers not on a
// screen that is wide enough for a table. A time breaks between its parts only.
func TestAddressesAreNotBrokenInChromium(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: starts a browser; the full run does")
	}
	s, err := pecweb.Start(busy(t), "", nil)
	require.NoError(t, err)
	defer s.Close()
	b := startBrowser(t)
	for _, width := range []int{320, 400, 800, 896, 897, 1000, 1200} {
		b.size(width, 800)
		b.open(s.URL)
		b.picture(fmt.Sprint("addresses ", width))
		var broken []string
		b.eval(fmt.Sprintf(`[...document.querySelectorAll("table.boxes th bdi, td.whom bdi, td.when time")].filter(e => {
			const text = e.textContent.trim(), lines = new Set([...e.getClientRects()].map(r => Math.round(r.top))).size;
			if (text.includes(",")) return e.matches("time") && lines > 2;
			return lines > 1 && (text.length <= 20 || %d >= 800);
		}).map(e => e.textContent)`, width), &broken)
		require.Empty(t, broken, width)
		var shown int
		b.eval(`document.querySelectorAll("table.boxes th bdi, td.whom bdi, td.when time").length`, &shown)
		require.Greater(t, shown, 15)
		var wide bool
		b.eval(`[...document.querySelectorAll("table")].some(t => t.getBoundingClientRect().right > t.parentElement.getBoundingClientRect().right + 1)`, &wide)
		require.False(t, wide, "a table that leaves its place, %d", width)
	}
}

// The same holds of mail that wants to break the page, and nothing of it runs.
func TestHostilePagesInChromium(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: starts a browser; the full run does")
	}
	b := startBrowser(t)
	for _, s := range []string{strings.Repeat("w", 3000), `</bdi><script>document.title="broken"</script><img src=x onerror=document.title="broken">`, strings.Repeat("a\u0301\u0302\u0303", 200)} {
		n := poisoned(t, s)
		site, err := pecweb.Start(n, "", nil)
		require.NoError(t, err)
		for _, path := range []string{"/", "/mailbox?address=anna@alfa.example", "/message?address=anna@alfa.example&uid=1", "/message?address=anna@alfa.example&uid=3", "/journey?number=1", "/log?domain=pec.gestore-alfa.example"} {
			for _, width := range []int{360, 1280} {
				b.size(width, 800)
				b.open(site.URL[:len(site.URL)-1] + path)
				var r measured
				b.eval(measure, &r)
				require.LessOrEqual(t, r.Scroll, r.Width, "%s %d %.20q: scrolls sideways: %v", path, width, s, r.Outside)
				require.Empty(t, r.Outside, "%s %d %.20q", path, width, s)
				var title string
				b.eval("document.title", &title)
				require.NotEqual(t, "broken", title)
			}
		}
		require.NoError(t, site.Close())
	}
}

// focused is what has the keyboard's focus, and whether that can be seen.
type focused struct {
	Name, Tag, Outline string
	Shown, Inside      bool
}

const whoHasFocus = `(() => {
  const e = document.activeElement; e.dataset.reached = 1; const s = getComputedStyle(e), box = e.getBoundingClientRect();
  return {Name: (e.getAttribute("name") || "") + "|" + (e.textContent.trim() || e.value || "").slice(0, 60), Tag: e.tagName, Outline: s.outlineStyle + " " + s.outlineWidth,
    Shown: box.width > 0 && box.height > 0, Inside: box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth};
})()`

// Every control is reached by Tab, in the order of the page, with a focus that
// can be seen; the skip link skips; a form goes off with Enter.
func TestKeyboardInChromium(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: starts a browser; the full run does")
	}
	n := busy(t)
	s, err := pecweb.Start(n, "", nil)
	require.NoError(t, err)
	defer s.Close()
	b := startBrowser(t)
	for _, page := range look {
		for _, width := range []int{360, 1280} {
			b.size(width, 800)
			// A page that is renewed meanwhile forgets what was reached.
			var controls, reached int
			for try := 0; try < 3 && (try == 0 || controls != reached); try++ {
				b.open(s.URL[:len(s.URL)-1] + page.path)
				b.eval(`[...document.querySelectorAll("a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex='0']")]
					.filter(e => e.getClientRects().length && !e.closest("details:not([open]) > :not(summary)")).length`, &controls)
				for range controls {
					b.press("Tab")
					var f focused
					b.eval(whoHasFocus, &f)
					name := fmt.Sprintf("%s %d: %s %s", page.name, width, f.Tag, f.Name)
					require.True(t, f.Shown && f.Inside, "%s cannot be seen", name)
					require.Equal(t, "solid 3px", f.Outline, name)
				}
				b.eval(`document.querySelectorAll("[data-reached]").length`, &reached)
			}
			require.Equal(t, controls, reached, "%s %d", page.name, width)
		}
	}

	b.open(s.URL)
	b.press("Tab")
	b.press("Enter")
	b.wait(`location.hash === "#main" && document.activeElement.id === "main"`)

	// A message is sent without a mouse, and mail moves without one.
	b.open(s.URL)
	b.eval(`document.getElementById("subject").focus(); document.getElementById("subject").select()`, nil)
	for _, letter := range "Da tastiera" {
		b.press(string(letter))
	}
	b.press("Enter")
	b.wait(`location.pathname === "/journey" && document.querySelector("h1").textContent.includes("Da tastiera")`)
	b.eval(`document.querySelector("button[value=settle]").focus()`, nil)
	b.press("Enter")
	b.wait(`document.body.textContent.includes("delivered to 1 of 1")`)
}

// The page follows the network while somebody writes in a form and has the
// focus somewhere.
func TestLiveInChromium(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: starts a browser; the full run does")
	}
	n := network(t, nil)
	send(t, n, "anna@alfa.example", &pec.Draft{To: pec.Addresses("bruno@beta.example"), Subject: "La prima", Text: "x"})
	s, err := pecweb.Start(n, "", nil)
	require.NoError(t, err)
	defer s.Close()
	b := startBrowser(t)
	b.open(s.URL)
	b.wait(`document.getElementById("live").textContent.includes("up to date")`)
	b.eval(`document.getElementById("subject").value = "half written"; [...document.querySelectorAll("#journeys a")][0].focus()`, nil)
	send(t, n, "anna@alfa.example", &pec.Draft{To: pec.Addresses("bruno@beta.example"), Subject: "Nuova <b>notizia</b>", Text: "x"})
	b.wait(`document.getElementById("journeys").textContent.includes("Nuova <b>notizia</b>")`)
	n.Settle()
	b.wait(`document.getElementById("journeys").textContent.includes("delivered to 1 of 1")`)
	var ok bool
	b.eval(`document.getElementById("subject").value === "half written" && document.activeElement.textContent === "La prima" && !document.querySelector("#journeys b")`, &ok)
	require.True(t, ok, "what was written and the focus stay")
	require.NoError(t, s.Close())
	b.wait(`document.getElementById("live").textContent.includes("cannot be reached")`)
}

// Without script every form works as well.
func TestWithoutScriptInChromium(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: starts a browser; the full run does")
	}
	n := network(t, nil)
	s, err := pecweb.Start(n, "", nil)
	require.NoError(t, err)
	defer s.Close()
	b := startBrowser(t)
	b.do("Emulation.setScriptExecutionDisabled", map[string]any{"value": true}, nil)
	b.open(s.URL)
	for range 9 { // skip link, crumb, four buttons of the clock, from, to, cc
		b.press("Tab")
	}
	b.press("Enter")
	require.Eventually(t, func() bool { return len(n.Journeys()) == 1 }, 10*time.Second, 50*time.Millisecond)
	var live string
	b.wait(`location.pathname === "/journey"`)
	b.eval(`document.getElementById("live").textContent`, &live)
	require.Empty(t, live, "the script did not run")
}
