package xmltree_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/internal/xmltree"
)

func seeds(f *testing.F) {
	for _, s := range tricky {
		f.Add([]byte(s))
	}
	for _, c := range refused {
		f.Add([]byte(c.xml))
	}
}

// FuzzParse: no input breaks the reader; what it accepts has its elements where
// they say they are, is read alike by encoding/xml, and its canonical forms are
// their own canonical forms.
func FuzzParse(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		d, err := xmltree.Parse(data, &xmltree.Limits{Bytes: 1 << 16})
		if err != nil {
			var typed *xmltree.Error
			require.ErrorAs(t, err, &typed)
			return
		}
		n := 0
		for e := range d.Elements() {
			n++
			raw := string(e.Bytes())
			require.True(t, strings.HasPrefix(raw, "<") && strings.HasSuffix(raw, ">"))
			from, end := e.Inner()
			require.True(t, e.Start < from && from <= end && end <= e.End)
			if p := e.Parent; p != nil {
				pFrom, pEnd := p.Inner()
				require.True(t, pFrom <= e.Start && e.End <= pEnd)
			}
			if next := e.NextSibling(); next != nil {
				require.LessOrEqual(t, e.End, next.Start)
			}
			uri, ok := e.Resolve(e.Prefix)
			require.True(t, ok)
			require.Equal(t, e.Space, uri)
		}
		require.LessOrEqual(t, n, bytes.Count(data, []byte("<")))
		for _, c := range []xmltree.Canon{{}, {Comments: true}, {Exclusive: true}, {Exclusive: true, Comments: true}} {
			once, err := d.AppendCanonical(nil, nil, c)
			if err != nil {
				require.ErrorIs(t, err, xmltree.ErrRelativeNamespace)
				continue
			}
			again, err := xmltree.Parse(once, nil)
			require.NoError(t, err, "%q", once)
			twice, err := again.AppendCanonical(nil, nil, c)
			require.NoError(t, err)
			require.Equal(t, string(once), string(twice))
			require.Equal(t, d.Root.Text(), again.Root.Text())
		}
		agreeWithStandardLibrary(t, data)
	})
}

// FuzzCanonicalAgainstXmllint: what we accept, libxml2 accepts, and writes the
// same canonical forms of it; what is not well-formed to us is not to it.
func FuzzCanonicalAgainstXmllint(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > 1<<14 {
			return
		}
		_, err := xmltree.Parse(data, nil)
		if errors.Is(err, xmltree.ErrMalformed) && !stricter(err.Error(), data) {
			_, err := xmllint(t, "--noout", data)
			require.Error(t, err, "libxml2 reads %q", data)
		}
		agreeWithXmllint(t, data)
	})
}

// stricter tells the places where we refuse more than well-formedness asks for,
// and those where libxml2 takes another character encoding or reads no further (a
// NUL octet ends the document for it).
func stricter(why string, data []byte) bool {
	for _, not := range []string{"xml:id", "XML version"} {
		if strings.Contains(why, not) {
			return true
		}
	}
	return bytes.IndexByte(data, 0) >= 0 || bytes.Contains(data, []byte("encoding")) || bytes.Contains(data, []byte("<!DOCTYPE"))
}
