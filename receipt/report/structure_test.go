package report_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"io"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"
)

func parse(t testing.TB, page []byte) *html.Node {
	t.Helper()
	doc, err := html.Parse(bytes.NewReader(page))
	require.NoError(t, err)
	return doc
}

// all returns the elements of a name, in order; any for "".
func all(n *html.Node, name string) []*html.Node {
	var out []*html.Node
	for d := range n.Descendants() {
		if d.Type == html.ElementNode && (name == "" || d.Data == name) {
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

// text returns the text below n with single spaces, without the style sheet.
func text(n *html.Node) string {
	var b strings.Builder
	for d := range n.Descendants() {
		if d.Type == html.TextNode && d.Parent.Data != "style" {
			b.WriteString(d.Data)
		}
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

func TestPagesAreSound(t *testing.T) {
	for _, lang := range []string{"", "it", "en"} {
		for _, open := range []bool{false, true} {
			p := samplePage()
			p.Lang, p.Open = lang, open
			page := write(t, p)
			checkPage(t, page)
			doc := parse(t, page)
			require.Equal(t, map[string]string{"": "it", "it": "it", "en": "en"}[lang], attr(all(doc, "html")[0], "lang"))
			require.Len(t, all(doc, "tbody"), len(p.Report.Messages))
			for _, d := range all(doc, "details") {
				isOpen := slices.ContainsFunc(d.Attr, func(a html.Attribute) bool { return a.Key == "open" })
				require.Equal(t, open && attr(d, "id") != "guide", isOpen)
			}
		}
	}
}

// checkPage checks what holds for every page, whatever is on it.
func checkPage(t testing.TB, page []byte) {
	t.Helper()
	checkWellFormed(t, page)
	doc := parse(t, page)
	ids := map[string]bool{}
	level := 0
	for _, n := range all(doc, "") {
		switch n.Data {
		case "script", "img", "iframe", "object", "embed", "link", "base", "form", "audio", "video", "foreignobject", "frame", "template", "math":
			t.Errorf("the page has a %s element", n.Data)
		case "th":
			require.NotEmpty(t, attr(n, "scope"))
		case "details":
			first := n.FirstChild
			for first.Type != html.ElementNode {
				first = first.NextSibling
			}
			require.Equal(t, "summary", first.Data)
		case "h1", "h2", "h3", "h4", "h5", "h6":
			this := int(n.Data[1] - '0')
			require.LessOrEqual(t, this, level+1, "heading %q after a heading of level %d", text(n), level)
			level = this
			require.NotEmpty(t, text(n))
		case "bdi":
			require.Contains(t, []string{"", "ltr"}, attr(n, "dir"))
		case "svg":
			require.Equal(t, "true", attr(n, "aria-hidden"))
		case "a":
			require.NotEmpty(t, attr(n, "href"))
		}
		for _, a := range n.Attr {
			switch {
			case a.Key == "id":
				require.False(t, ids[a.Val], "the id %q occurs twice", a.Val)
				ids[a.Val] = true
			case strings.HasPrefix(a.Key, "on"), a.Key == "style", a.Key == "src", a.Key == "srcset", a.Key == "action", a.Key == "srcdoc", a.Key == "ping":
				t.Errorf("%s has the attribute %s", n.Data, a.Key)
			case a.Key == "href":
				u, err := url.Parse(a.Val)
				require.NoError(t, err)
				require.Contains(t, []string{"", "file", "http", "https"}, u.Scheme, a.Val)
				require.True(t, n.Data == "a" || u.Scheme == "" && u.Path == "", "%s loads %s", n.Data, a.Val)
			}
			require.NotContains(t, a.Val, "ZgotmplZ")
		}
	}
	for _, n := range all(doc, "") { // references inside the page lead somewhere
		for _, key := range []string{"aria-labelledby", "href"} {
			if ref := attr(n, key); ref != "" && (key != "href" || ref[0] == '#') {
				require.True(t, ids[strings.TrimPrefix(ref, "#")], "nothing has the id %q", ref)
			}
		}
	}
	require.Len(t, all(doc, "h1"), 1)
	require.Len(t, all(doc, "title"), 1)
	require.NotEmpty(t, text(all(doc, "title")[0]))
	checkLights(t, doc)
	checkPolicy(t, doc, page)
}

// checkLights looks for the words beside the shapes.
func checkLights(t testing.TB, doc *html.Node) {
	t.Helper()
	for _, u := range all(doc, "use") {
		require.NotEmpty(t, text(u.Parent.Parent), "a light without a word")
	}
	for _, row := range all(doc, "tbody") {
		light := all(row, "td")[0]
		require.Equal(t, "#s-"+attr(row, "class"), attr(all(light, "use")[0], "href"))
		word := text(all(light, "b")[0])
		require.Contains(t, map[string][]string{"green": {"Verde", "Green"}, "red": {"Rosso", "Red"}, "amber": {"Giallo", "Amber"}, "grey": {"Grigio", "Grey"}}[attr(row, "class")], word)
	}
}

func checkPolicy(t testing.TB, doc *html.Node, page []byte) {
	t.Helper()
	styles := all(doc, "style")
	require.Len(t, styles, 1)
	style := styles[0].FirstChild.Data
	sum := sha256.Sum256([]byte(style))
	policy := ""
	for _, m := range all(doc, "meta") {
		if attr(m, "http-equiv") == "Content-Security-Policy" {
			policy = attr(m, "content")
		}
	}
	require.Equal(t, "default-src 'none'; style-src 'sha256-"+base64.StdEncoding.EncodeToString(sum[:])+"'; base-uri 'none'; form-action 'none'", policy)
	require.NotContains(t, style, "url(")
	require.NotContains(t, style, "@import")
	require.NotContains(t, style, "<")
	require.True(t, bytes.HasPrefix(page, []byte("<!DOCTYPE html>\n")))
}

// checkWellFormed wants every element closed, in order, with what the HTML
// standard lets one omit written out.
func checkWellFormed(t testing.TB, page []byte) {
	t.Helper()
	void := []string{"meta", "input", "br", "link", "hr"}
	var open []string
	z := html.NewTokenizer(bytes.NewReader(page))
	for {
		switch z.Next() {
		case html.ErrorToken:
			require.ErrorIs(t, z.Err(), io.EOF)
			require.Empty(t, open)
			return
		case html.StartTagToken:
			if name, _ := z.TagName(); !slices.Contains(void, string(name)) {
				open = append(open, string(name))
			}
		case html.EndTagToken:
			name, _ := z.TagName()
			require.NotEmpty(t, open, "</%s> closes nothing", name)
			require.Equal(t, open[len(open)-1], string(name))
			open = open[:len(open)-1]
		case html.CommentToken:
			t.Error("the page has a comment")
		}
	}
}

// The parser of browsers moves what it does not expect in a table out of it.
func TestTableIsNotBrokenByTheParser(t *testing.T) {
	doc := parse(t, write(t, samplePage()))
	for _, n := range all(doc, "td") {
		require.Equal(t, "tr", n.Parent.Data)
	}
	for _, n := range all(doc, "details") {
		if attr(n, "id") != "guide" {
			require.Equal(t, "td", n.Parent.Data)
		}
	}
	require.Len(t, all(doc, "main"), 1)
}
