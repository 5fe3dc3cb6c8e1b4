package evidence

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/certmail/certmail/internal/reftest"
	"github.com/stretchr/testify/require"
)

// validate lets xmllint judge documents by ETSI's own schemas of EN 319 522-3
// and EN 319 532-4, with our stand-ins for the schemas that they import. It
// returns what xmllint says of each: empty when valid.
func validate(tb testing.TB, documents ...[]byte) []string {
	tb.Helper()
	xmllint := reftest.Tool(tb, "xmllint")
	dir := tb.TempDir()
	here, err := filepath.Abs("testdata/schema")
	require.NoError(tb, err)
	// The first import of a namespace counts, so the stand-ins come first.
	var all strings.Builder
	all.WriteString(`<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema">`)
	add := func(namespace, file string) {
		all.WriteString(`<xs:import namespace="` + namespace + `" schemaLocation="` + file + `"/>`)
	}
	for _, s := range [][2]string{
		{namespaceXML, "xml.xsd"},
		{NamespaceDS, "ds.xsd"},
		{NamespaceSAML, "saml.xsd"},
		{"http://www.w3.org/2001/04/xmlenc#", "xenc.xsd"},
		{"http://uri.etsi.org/02231/v2#", "tl.xsd"},
		{NamespaceLegalPerson, "legalperson.xsd"},
		{NamespaceNaturalPerson, "naturalperson.xsd"},
		{"http://vendor.example/v", "vendor.xsd"}, // not ETSI's: for testdata/full.xml
	} {
		add(s[0], filepath.Join(here, s[1]))
	}
	add(NamespaceERDS, reftest.Dir(tb, "etsi", "en319522-3-xsd", "1952203xmlSchema.xsd"))
	add(NamespaceREM, reftest.Dir(tb, "etsi", "en319532-4-v1.2.1-kit", "NORMATIVE-XSD", "EVIDENCE19352v117-202201.xsd"))
	all.WriteString(`</xs:schema>`)
	schema := filepath.Join(dir, "all.xsd")
	require.NoError(tb, os.WriteFile(schema, []byte(all.String()), 0o600))
	args := []string{"--nonet", "--noout", "--schema", schema}
	for i, xml := range documents {
		file := filepath.Join(dir, strconv.Itoa(i)+".xml")
		require.NoError(tb, os.WriteFile(file, xml, 0o600))
		args = append(args, file)
	}
	out, _ := exec.Command(xmllint, args...).CombinedOutput()
	said := make([]string, len(documents))
	for i := range documents {
		file := filepath.Join(dir, strconv.Itoa(i)+".xml")
		if strings.Contains(string(out), file+" validates\n") {
			continue
		}
		for line := range strings.Lines(string(out)) {
			if strings.HasPrefix(line, file) {
				said[i] += line
			}
		}
		if said[i] == "" {
			said[i] = string(out)
		}
	}
	return said
}

// requireValid fails unless ETSI's schemas accept the document.
func requireValid(tb testing.TB, xml []byte) {
	tb.Helper()
	require.Empty(tb, validate(tb, xml)[0], string(xml))
}

// The judge itself: it must refuse what breaks ETSI's schemas.
func TestJudgeRefuses(t *testing.T) {
	good, err := submissionAcceptance().Marshal(Baseline())
	require.NoError(t, err)
	change := func(old, new string) []byte {
		require.Contains(t, string(good), old)
		return []byte(strings.Replace(string(good), old, new, 1))
	}
	said := validate(t, good,
		change("<EventTime>", "<tns:EventTime>"),
		change(` IdentifierSchemeName="mailto"`, ""),
		change("ext:Subject>", "ext:Subjekt>"),
		change(` xmlns:elp="`+NamespaceLegalPerson+`"`, ""),
		change("<ComposingParts>1", "<ComposingParts>one"),
	)
	require.Empty(t, said[0])
	for _, s := range said[1:] {
		require.NotEmpty(t, s)
	}
}

func TestKitIsValidBySchema(t *testing.T) {
	all := kit(t)
	var documents [][]byte
	for _, d := range all {
		documents = append(documents, d.XML)
	}
	for i, said := range validate(t, documents...) {
		require.Empty(t, said, all[i].Name)
	}
}
