package xmltree_test

import (
	"bytes"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/internal/reftest"
	"github.com/certmail/certmail/internal/xmltree"
)

// forms are those xmllint can write, of a whole document, with comments.
var forms = []struct {
	option string
	canon  xmltree.Canon
}{
	{"--c14n", xmltree.Canon{Comments: true}},
	{"--c14n11", xmltree.Canon{Comments: true, Version11: true}},
	{"--exc-c14n", xmltree.Canon{Comments: true, Exclusive: true}},
}

// xmllint lets libxml2 write a canonical form.
func xmllint(tb testing.TB, option string, xml []byte) ([]byte, error) {
	cmd := exec.Command(reftest.Tool(tb, "xmllint"), "--nonet", option, "-")
	cmd.Stdin = bytes.NewReader(xml)
	return cmd.Output()
}

func canonical(tb testing.TB, d *xmltree.Document, at *xmltree.Element, c xmltree.Canon) string {
	tb.Helper()
	out, err := d.AppendCanonical(nil, at, c)
	require.NoError(tb, err)
	var w bytes.Buffer
	require.NoError(tb, d.WriteCanonical(&w, at, c))
	require.True(tb, bytes.Equal(out, w.Bytes()), "written in pieces, it is the same")
	return string(out)
}

// lists returns the reference documents that are XML: trusted lists, schemas,
// the kits' capability documents.
func lists(tb testing.TB) map[string][]byte {
	tb.Helper()
	all := map[string][]byte{}
	root := reftest.Dir(tb)
	require.NoError(tb, filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if ext := filepath.Ext(path); err != nil || entry.IsDir() || ext != ".xml" && ext != ".xsd" {
			return err
		}
		data, err := os.ReadFile(path)
		if err == nil && !bytes.Contains(data, []byte("Evidence>")) {
			all[filepath.Base(path)] = data
		}
		return err
	}))
	return all
}

func TestCanonicalFormsAreThoseOfXmllint(t *testing.T) {
	documents := lists(t)
	require.Greater(t, len(documents), 10)
	all := reftest.KitEvidence(t)
	require.Equal(t, 61, len(all), "distinct evidence documents among the reference data")
	if testing.Short() {
		all = all[:10]
	}
	for _, e := range all {
		documents[e.Name] = e.XML
	}
	for name, xml := range documents {
		d, err := xmltree.Parse(xml, nil)
		if strings.HasSuffix(name, ".xsd") && err != nil {
			require.ErrorIs(t, err, xmltree.ErrDoctype, name)
			continue
		}
		require.NoError(t, err, name)
		for _, f := range forms {
			want, err := xmllint(t, f.option, xml)
			require.NoError(t, err, name)
			require.True(t, string(want) == canonical(t, d, nil, f.canon), "%s %s", name, f.option)
		}
	}
}

// tricky are documents where canonical forms go wrong. They also seed the fuzz
// targets.
var tricky = []string{
	`<a/>`,
	`<a>&#00000000000000000000000000000000065;&#x0000000000000000000000000000000000041;</a>`,
	"<a b=' x\ty\nz\r\n\r'><![CDATA[x\r\ny\rz]]>u\r\nv\rw</a>",
	"<?xml version=\"1.0\"?>\r\n<?p  data \r\n here?>\n<!-- one\r\ntwo -->\n<a>\r\nx\ry\n</a>\n<?q?><!---->",
	`<a b="&#9;&#10;&#13;&lt;&gt;&quot;&apos;&amp;` + "\t\r\n" + `'>">&#13;&#x9;&#xA;&gt;&lt;&quot;"'></a>`,
	`<a><![CDATA[]]><![CDATA[&<>]]&gt;]]>]]&gt;<![CDATA[]]]]><![CDATA[>]]></a>`,
	`<a xmlns="urn:a" xmlns:b="urn:b"><b:c xmlns=""><d xmlns="urn:a" xmlns:b="urn:b"/><e b:f="" f=""/></b:c></a>`,
	`<a xmlns:z="urn:1" xmlns:y="urn:2"><y:b z:a="1" y:a="2" a="3" z:A="4"/><c xmlns:z="urn:3"><z:c/></c><z:d/></a>`,
	`<a xmlns:b="urn:b"><c xmlns:b="urn:b2"><b:d xmlns:b="urn:b"><b:e/></b:d></c></a>`,
	`<a xml:lang="it" xml:space="preserve" xml:base="urn:x"><b xml:lang="de"><c/></b></a>`,
	`<n0:a xmlns:n0="urn:0" xmlns:n10="urn:1" xmlns:n1="urn:1" n10:b="" n0:b="" b=""/>`,
	`<a xmlns="urn:a"><b xmlns=""><c xmlns=""/></b></a>`,
	`<a xmlns=""><b xmlns="urn:b"/></a>`,
	`<a xmlns:p="http://www.w3.org/&amp;x" p:b="è" è="&#x1F600;">è&#xE8;😀</a>`,
	`<a x="1"><?pi ?><?pi   x  ?><!-- - --><b/>t<!---->u</a>`,
	`<a xmlns:xml="http://www.w3.org/XML/1998/namespace" xml:id="i"/>`,
	`<a xmlns:p="u"/>`, `<a xmlns="x/y"><b/></a>`,
	`<a><b Id="1"/><c ID="1"/><d id="2"/></a>`,
	`<a p:b="" xmlns:p="urn:a" xmlns:q="urn:a" q:c=""/>`,
}

func TestCanonicalFormsOfTrickyDocuments(t *testing.T) {
	for _, s := range tricky {
		agreeWithXmllint(t, []byte(s))
	}
}

// agreeWithXmllint: what we read has the canonical form that libxml2 gives it.
func agreeWithXmllint(t *testing.T, xml []byte) {
	t.Helper()
	d, err := xmltree.Parse(xml, nil)
	if err != nil {
		return
	}
	for _, f := range forms {
		got, gotErr := d.AppendCanonical(nil, nil, f.canon)
		want, err := xmllint(t, f.option, xml)
		if gotErr != nil {
			require.ErrorIs(t, gotErr, xmltree.ErrRelativeNamespace)
			require.Empty(t, want, "%s has a form of %q", f.option, xml)
			continue
		}
		if len(want) == 0 || err != nil {
			// A namespace name that libxml2 takes for no URI: it reads the document.
			_, err := xmllint(t, "--noout", xml)
			require.NoError(t, err, "%q", xml)
			require.Contains(t, string(xml), "xmlns")
			continue
		}
		if oddNamespace(d) {
			continue
		}
		require.Equal(t, string(want), string(got), "%s of %q", f.option, xml)
	}
}

// oddNamespace tells whether a namespace name has a character in it that an
// attribute value cannot hold as it is: libxml2 does not escape it, against
// Canonical XML §2.3.
func oddNamespace(d *xmltree.Document) bool {
	for e := range d.Elements() {
		for _, n := range e.Namespaces() {
			if strings.ContainsAny(n.URI, "&<\"\t\r\n") {
				return true
			}
		}
	}
	return false
}
