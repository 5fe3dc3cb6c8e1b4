package xmltree_test

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/internal/reftest"
	"github.com/certmail/certmail/internal/xmltree"
)

// copiesAlike: copying what stands in its canonical form already gives what
// making it anew gives, for whole documents and for elements of them, whatever
// is left out.
func copiesAlike(t *testing.T, d *xmltree.Document) {
	t.Helper()
	tops := []*xmltree.Element{nil}
	for e := range d.Elements() {
		if tops = append(tops, e); len(tops) == 40 {
			break
		}
	}
	for _, at := range tops {
		for _, c := range []xmltree.Canon{
			{}, {Comments: true}, {Version11: true}, {Exclusive: true}, {Exclusive: true, Comments: true},
			{Exclusive: true, Inclusive: []string{"#default", "a", "b", "ds", "xs"}},
			{Exclusive: true, Without: func(e *xmltree.Element) bool { return e.Local == "Signature" || e.Start%3 == 0 }},
			{Without: func(e *xmltree.Element) bool { return e.Start%5 == 1 }},
		} {
			want, wantErr := d.AppendCanonicalSlow([]byte("before"), at, c)
			got, err := d.AppendCanonical([]byte("before"), at, c)
			require.Equal(t, wantErr == nil, err == nil, "%v / %v", wantErr, err)
			if err != nil {
				require.ErrorIs(t, err, wantErr)
				continue
			}
			require.Equal(t, string(want), string(got))
			var pieces bytes.Buffer
			require.NoError(t, d.WriteCanonical(&pieces, at, c))
			require.Equal(t, string(want[len("before"):]), pieces.String())
		}
	}
}

func FuzzVerbatim(f *testing.F) {
	seeds(f)
	for _, s := range []string{
		`<a b="1" c="2"/>`, `<a c="1" b="2"></a>`, `<a  b="1"></a>`, `<a b="1" ></a>`, `<a b = "1"></a >`, `<a b='1'></a>`, "<a\nb=\"1\"></a>",
		`<a b="&lt;"></a>`, `<a xmlns="x:"><b><c xmlns=""><d/></c></b></a>`, `<p:a xmlns:p="x:"><p:b p:c="1"></p:b></p:a>`,
		`<a xmlns:p="x:" xmlns:q="y:"><b q:z="1" p:a="2"></b><b p:a="2" q:z="1"></b><p:b q:c="1">t</p:b></a>`,
		`<a xmlns:p="x:"><b xmlns:p="y:"><p:c><d p:e="1"></d></p:c></b><p:c></p:c></a>`, `<a xml:lang="it"><b xml:lang="en">x</b></a>`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if d, err := xmltree.Parse(data, &xmltree.Limits{Bytes: 1 << 14}); err == nil {
			copiesAlike(t, d)
		}
	})
}

func TestVerbatimEvidence(t *testing.T) {
	for _, one := range reftest.KitEvidence(t) {
		d, err := xmltree.Parse(one.XML, nil)
		require.NoError(t, err)
		copiesAlike(t, d)
	}
}

func TestVerbatimLists(t *testing.T) {
	for name, data := range lists(t) {
		d, err := xmltree.Parse(data, nil)
		require.NoError(t, err, name)
		for _, c := range []xmltree.Canon{{}, {Exclusive: true}} {
			want, err := d.AppendCanonicalSlow(nil, nil, c)
			require.NoError(t, err)
			got, err := d.AppendCanonical(nil, nil, c)
			require.NoError(t, err)
			require.True(t, bytes.Equal(want, got), name)
			var pieces bytes.Buffer
			require.NoError(t, d.WriteCanonical(&pieces, nil, c))
			require.True(t, bytes.Equal(want, pieces.Bytes()), name)
		}
	}
}
