package daticert

import (
	"errors"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/internal/reftest"
)

// Marks of XML put into a document at random: we call it well-formed exactly
// where xmllint does.
func TestWellFormednessAgreesWithXmllint(t *testing.T) {
	xmllint := reftest.Tool(t, "xmllint")
	dir := t.TempDir()
	pieces := []string{"<", ">", "&", ";", "\"", "'", "=", "/", "!", "?", "--", "<!--", "-->", "<?", "?>", "]]>", "<![CDATA[", "]]", " ", "\n", "x", "1",
		"&amp;", "&#10;", "&#x9;", "&#0;", "&#xD800;", "&#xFFFD;", "&#x10FFFF;", "&lt", "\x01", "\x7f", "\u0085", "\uFFFE", "é", "<a>", "</a>", "<a/>", "<a b='1'/>", "<a b='1'c='2'/>",
		"<a b='1' b='2'/>", "<a b=\"<\"/>", "<a b=1/>", "<!DOCTYPE postacert>", "<!DOCTYPE postacert SYSTEM 'x'>", "<?xml version='1.0'?>", "<?x y?>", "<-a/>", "<1/>", "</a >", "< a/>", "<a / >", "<a\n/>"}
	r := rand.New(rand.NewPCG(17, 4))
	args := []string{"--noout", "--nonet"}
	var documents []string
	var want []bool
	for i := range 6000 {
		document := delivery
		for range 1 + r.IntN(2) {
			at := r.IntN(len(document) + 1)
			cut := min(len(document), at+r.IntN(2))
			document = document[:at] + pieces[r.IntN(len(pieces))] + document[cut:]
		}
		d, err := Parse([]byte(document), nil)
		if err != nil && !errors.Is(err, ErrNotXML) {
			continue
		}
		if err == nil && (strings.Contains(strings.Join(codes(d.Findings), " "), "charset") || strings.HasPrefix(strings.Join(codes(d.Findings), " "), FindingLeadingSpace)) {
			continue // here we are kinder on purpose
		}
		if strings.HasPrefix(document, `<?xml version="1.`) && !strings.HasPrefix(document, `<?xml version="1.0"`) {
			continue // XML 1.10 and the like, which libxml2 takes for 1.0
		}
		name := filepath.Join(dir, strconv.Itoa(i)+".xml")
		require.NoError(t, os.WriteFile(name, []byte(document), 0o600))
		args, documents, want = append(args, name), append(documents, document), append(want, err == nil)
	}
	out, err := exec.Command(xmllint, args...).CombinedOutput()
	require.Error(t, err, "most of them are broken")
	broken := map[string]bool{}
	for line := range strings.Lines(string(out)) {
		if name, _, ok := strings.Cut(line, ": parser error"); ok {
			name, _, _ = strings.Cut(name, ":")
			broken[name] = true
		}
	}
	good := 0
	for i, name := range args[2:] {
		if want[i] {
			good++
		}
		require.Equal(t, !broken[name], want[i], "%s", documents[i])
	}
	require.Greater(t, good, 200)
	require.Greater(t, len(broken), 200)
}
