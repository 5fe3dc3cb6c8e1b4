package xmltree_test

import (
	"bytes"
	"encoding/xml"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/internal/reftest"
	"github.com/certmail/certmail/internal/xmltree"
)

// tokens writes down what the standard library reads: names with namespaces,
// attributes, character data.
func tokens(data []byte) (string, error) {
	var b strings.Builder
	d := xml.NewDecoder(bytes.NewReader(bytes.TrimPrefix(data, []byte("\uFEFF"))))
	d.CharsetReader = func(_ string, in io.Reader) (io.Reader, error) { return in, nil } // "utf-8" in other cases
	depth := 0
	for {
		token, err := d.Token()
		if err == io.EOF {
			return b.String(), nil
		}
		if err != nil {
			return b.String(), err
		}
		switch t := token.(type) {
		case xml.StartElement:
			depth++
			b.WriteString("<{" + blanks.Replace(t.Name.Space) + "}" + t.Name.Local)
			for _, a := range t.Attr {
				if a.Name.Space != "xmlns" && (a.Name.Space != "" || a.Name.Local != "xmlns") {
					b.WriteString(" {" + blanks.Replace(a.Name.Space) + "}" + a.Name.Local + "=" + blanks.Replace(a.Value))
				}
			}
			b.WriteString(">")
		case xml.EndElement:
			depth--
			b.WriteString("</>")
		case xml.CharData:
			if depth > 0 {
				b.WriteString(escaped.Replace(string(t)))
			}
		}
	}
}

// The standard library does not normalise attribute values; blanks hides that.
var (
	blanks  = strings.NewReplacer("\r", " ", "\n", " ", "\t", " ", "<", "&lt;")
	escaped = strings.NewReplacer("<", "&lt;")
)

// written writes down the same of a tree.
func written(e *xmltree.Element, b *strings.Builder) {
	b.WriteString("<{" + blanks.Replace(e.Space) + "}" + e.Local)
	for _, a := range e.Attrs {
		b.WriteString(" {" + blanks.Replace(a.Space) + "}" + a.Local + "=" + blanks.Replace(a.Value))
	}
	b.WriteString(">")
	// The text between the children is taken from a parse of its own.
	src := e.Document().Source
	from, end := e.Inner()
	piece := func(to int) {
		inside, err := xmltree.Parse([]byte("<a>"+string(src[from:to])+"</a>"), nil)
		if err != nil {
			b.WriteString("!" + err.Error())
			return
		}
		b.WriteString(escaped.Replace(inside.Root.Text()))
	}
	for c := range e.Elements() {
		piece(c.Start)
		written(c, b)
		from = c.End
	}
	piece(end)
	b.WriteString("</>")
}

// agreeWithStandardLibrary: what we accept, encoding/xml reads the same way.
func agreeWithStandardLibrary(t *testing.T, data []byte) {
	t.Helper()
	d, err := xmltree.Parse(data, nil)
	if err != nil {
		return
	}
	for _, c := range data {
		if c >= 0x80 {
			return // names of the fourth edition; the text is compared elsewhere
		}
	}
	want, err := tokens(data)
	require.NoError(t, err, "%q", data)
	var got strings.Builder
	written(d.Root, &got)
	require.Equal(t, want, got.String(), "%q", data)
}

func TestReadsWhatTheStandardLibraryReads(t *testing.T) {
	for _, s := range tricky {
		agreeWithStandardLibrary(t, []byte(s))
	}
	for _, c := range refused {
		agreeWithStandardLibrary(t, []byte(c.xml))
	}
	for _, e := range reftest.KitEvidence(t) {
		agreeWithStandardLibrary(t, e.XML)
	}
	compared := 0
	for name, data := range lists(t) {
		if !strings.HasSuffix(name, ".xsd") && len(data) < 1<<18 {
			agreeWithStandardLibrary(t, data)
			compared++
		}
	}
	require.Positive(t, compared)
}
