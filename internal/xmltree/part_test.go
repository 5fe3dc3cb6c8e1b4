package xmltree_test

import (
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/internal/xmltree"
)

// TestWithout: elements left out go with all that is in them; what stands around
// them stays. The wanted forms are those of documents that never had them.
func TestWithout(t *testing.T) {
	without := func(e *xmltree.Element) bool { return e.Local == "x" }
	for with, bare := range map[string]string{
		`<a> <x><b/></x> <b/></a>`:                                   `<a>  <b/></a>`,
		`<a><x/>t<x/><b><x/></b><x/></a>`:                            `<a>t<b/></a>`,
		`<a xmlns:p="urn:p"><p:x/><b p:c=""/></a>`:                   `<a xmlns:p="urn:p"><b p:c=""/></a>`,
		`<a><b xmlns:p="urn:p"><p:x xmlns:q="urn:q"/><p:c/></b></a>`: `<a><b xmlns:p="urn:p"><p:c/></b></a>`,
		"<?p?>\n<a><!-- --><x>&amp;</x>&amp;</a>":                    "<?p?>\n<a><!-- -->&amp;</a>",
	} {
		for _, c := range []xmltree.Canon{{}, {Exclusive: true}, {Comments: true}} {
			want := canonical(t, parse(t, bare), nil, c)
			c.Without = without
			require.Equal(t, want, canonical(t, parse(t, with), nil, c), "%s", with)
		}
	}
	require.Equal(t, "<?p?>\n", canonical(t, parse(t, "<?p?><x/>"), nil, xmltree.Canon{Without: without}), "the root left out")
	require.Equal(t, "<x></x>", canonical(t, parse(t, "<?p?><x/>"), parse(t, "<x/>").Root, xmltree.Canon{}))
}

// TestInheritedBase: joining xml:base is refused, not done wrong.
func TestInheritedBase(t *testing.T) {
	d := parse(t, `<a xml:base="http://a.example/"><b xml:base="b/"><c/></b><d/></a>`)
	b := d.Root.First("", "b")
	for _, at := range []*xmltree.Element{b, b.First("", "c")} {
		_, err := d.AppendCanonical(nil, at, xmltree.Canon{Version11: true})
		require.ErrorIs(t, err, xmltree.ErrInheritedBase)
		require.Error(t, d.WriteCanonical(io.Discard, at, xmltree.Canon{Version11: true}))
	}
	require.Equal(t, `<d xml:base="http://a.example/"></d>`, canonical(t, d, d.Root.First("", "d"), xmltree.Canon{Version11: true}))
	require.Equal(t, `<c xml:base="b/"></c>`, canonical(t, d, b.First("", "c"), xmltree.Canon{}))
	require.Contains(t, canonical(t, d, nil, xmltree.Canon{Version11: true}), `<b xml:base="b/">`)
}

type full struct{ left int }

var errFull = errors.New("full")

func (f *full) Write(p []byte) (int, error) {
	if f.left -= len(p); f.left < 0 {
		return 0, errFull
	}
	return len(p), nil
}

func TestWriterFails(t *testing.T) {
	d := parse(t, "<a>"+strings.Repeat("<b>some text</b>&amp;", 10_000)+strings.Repeat("x", 1<<16)+"</a>")
	for _, room := range []int{0, 100, 10_000, 200_000} {
		require.ErrorIs(t, d.WriteCanonical(&full{room}, nil, xmltree.Canon{}), errFull)
	}
	require.NoError(t, d.WriteCanonical(&full{1 << 20}, nil, xmltree.Canon{}))
}

func TestBlankAndRemarks(t *testing.T) {
	for xml, want := range map[string][2]bool{ // blank, remarks
		"<a/>":                         {true, false},
		"<a> \r\n\t<b>x</b>\n</a>":     {true, false},
		"<a>&#32;<![CDATA[ ]]></a>":    {true, false},
		"<a><!-- x --> <b/></a>":       {true, true},
		"<a><?x y?></a>":               {true, true},
		"<a><b><!-- --></b></a>":       {true, false},
		"<a> x</a>":                    {false, false},
		"<a><b/>&#160;</a>":            {false, false},
		"<a><b/><![CDATA[x]]><c/></a>": {false, false},
	} {
		e := parse(t, xml).Root
		require.Equal(t, want, [2]bool{e.Blank(), e.Remarks()}, xml)
	}
}
