package xmltree_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/internal/xmltree"
)

// dump tells all of a document.
func dump(d *xmltree.Document) string {
	var out strings.Builder
	for e := range d.Elements() {
		out.WriteString(e.Space + "|" + e.Prefix + "|" + e.Local + "|" + e.Text() + "\n")
		for _, a := range e.Attrs {
			out.WriteString("@" + a.Space + "|" + a.Prefix + "|" + a.Local + "|" + a.Value + "\n")
		}
		for _, n := range e.Namespaces() {
			out.WriteString("#" + n.Prefix + "|" + n.URI + "\n")
		}
	}
	form, err := d.AppendCanonical(nil, nil, xmltree.Canon{})
	if err != nil {
		return out.String() + err.Error()
	}
	return out.String() + string(form)
}

// FuzzRelease: what memory was used for before does not matter, and what was
// taken out of a document stays.
func FuzzRelease(f *testing.F) {
	for i, a := range tricky {
		f.Add([]byte(a), []byte(tricky[(i+7)%len(tricky)]))
	}
	many := "<a xmlns:p='x:'>" + strings.Repeat("<b c='1' d='2'><p:e xmlns='y:'/></b>", 300) + "</a>"
	f.Add([]byte(many), []byte("<a/>"))
	f.Add([]byte("<a/>"), []byte(many))
	f.Fuzz(func(t *testing.T, one, two []byte) {
		fresh := func(xml []byte) (*xmltree.Document, string) {
			d, err := xmltree.Parse(xml, &xmltree.Limits{Bytes: 1 << 16})
			if err != nil {
				return nil, err.Error()
			}
			return d, dump(d)
		}
		a, want := fresh(one) // never released
		b, _ := fresh(two)
		if b != nil {
			b.Release()
			b.Release() // once is enough
		}
		again, got := fresh(one)
		require.Equal(t, want, got)
		if a == nil {
			return
		}
		text, all := again.Root.Text(), again.Root.Bytes()
		kept := strings.Clone(text + string(all))
		again.Release()
		fresh(two)
		require.Equal(t, kept, text+string(all))
		require.Equal(t, want, dump(a))
	})
}
