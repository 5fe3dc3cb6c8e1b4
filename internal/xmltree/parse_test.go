package xmltree_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/internal/xmltree"
)

func parse(t testing.TB, s string) *xmltree.Document {
	t.Helper()
	d, err := xmltree.Parse([]byte(s), nil)
	require.NoError(t, err)
	return d
}

func TestElementsNamesAndOffsets(t *testing.T) {
	const src = "\uFEFF<?xml version='1.0' encoding=\"utf-8\"?>\r\n<!-- a --><?b c?>" +
		`<r xmlns="urn:r" xmlns:p="urn:p" a="1" p:a='2"'>x<p:b Id="i"/>y&amp;<c xmlns=""><![CDATA[<z>]]>` +
		"<!-- no -->\r\n&#x41;&#66;</c><p:b\n/></r>\n<!-- after -->"
	d := parse(t, src)
	r := d.Root
	require.True(t, r.Is("urn:r", "r"))
	require.Equal(t, "r", r.Local)
	require.Equal(t, []xmltree.Attr{{Local: "a", Value: "1"}, {Space: "urn:p", Local: "a", Prefix: "p", Value: `2"`}}, r.Attrs)
	require.Equal(t, "xy&", r.Text())
	v, ok := r.Attr("urn:p", "a")
	require.True(t, ok)
	require.Equal(t, `2"`, v)
	_, ok = r.Attr("urn:r", "a")
	require.False(t, ok, "an attribute without prefix has no namespace")

	var names []string
	for e := range r.Elements() {
		names = append(names, e.Space+"|"+e.Prefix+"|"+e.Local)
		require.Same(t, r, e.Parent)
	}
	require.Equal(t, []string{"urn:p|p|b", "||c", "urn:p|p|b"}, names)

	b := r.First("urn:p", "b")
	require.Equal(t, `<p:b Id="i"/>`, string(b.Bytes()))
	require.Equal(t, []*xmltree.Element{b}, d.ByID("i"))
	require.Empty(t, d.ByID("j"))
	require.Same(t, r.First("", "c"), b.NextSibling())

	c := r.First("", "c")
	require.Equal(t, "<z>\nAB", c.Text())
	require.True(t, c.Remarks())
	require.False(t, r.Remarks())
	uri, ok := c.Resolve("")
	require.True(t, ok)
	require.Empty(t, uri)
	uri, ok = c.Resolve("p")
	require.True(t, ok)
	require.Equal(t, "urn:p", uri)
	_, ok = c.Resolve("q")
	require.False(t, ok)

	n := 0
	for range r.All("urn:p", "b") {
		n++
	}
	require.Equal(t, 2, n)
	n = 0
	for range d.Elements() {
		n++
	}
	require.Equal(t, 4, n)
	require.True(t, d.Instructions())
	require.Equal(t, src[r.Start:r.End], string(r.Bytes()))
}

// TestParseString: of a string as of the same octets, but for Source.
func TestParseString(t *testing.T) {
	const text = "<a xmlns='urn:x'><b Id='1'>c&amp;d</b></a>"
	d, err := xmltree.ParseString(text, nil)
	require.NoError(t, err)
	same, err := xmltree.Parse([]byte(text), nil)
	require.NoError(t, err)
	require.Nil(t, d.Source)
	require.Equal(t, text, d.Text())
	require.Equal(t, text, same.Text())
	b := d.ByID("1")[0]
	require.Equal(t, "<b Id='1'>c&amp;d</b>", string(b.Bytes()))
	require.Equal(t, same.ByID("1")[0].Bytes(), b.Bytes())
	b.Bytes()[0] = 'x' // a copy
	require.Equal(t, "c&d", b.Text())
	one, err := d.AppendCanonical(nil, nil, xmltree.Canon{})
	require.NoError(t, err)
	two, err := same.AppendCanonical(nil, nil, xmltree.Canon{})
	require.NoError(t, err)
	require.Equal(t, string(two), string(one))
	for _, lim := range []*xmltree.Limits{{Bytes: len(text) - 1}, {Depth: 1}} {
		_, wantErr := xmltree.Parse([]byte(text), lim)
		_, err = xmltree.ParseString(text, lim)
		require.Error(t, err)
		require.Equal(t, wantErr, err)
	}
}
