package remtest_test

import (
	"bytes"
	"crypto/sha256"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/internal/reftest"
	"github.com/certmail/certmail/rem"
	"github.com/certmail/certmail/rem/evidence"
	"github.com/certmail/certmail/rem/remtest"
	"github.com/certmail/certmail/trust"
)

// The outside judges: OpenSSL for the messages, xmllint with ETSI's schemas and
// xmlsec1 for the evidence in them.

// odd is what a verifier may remark: a notification of the recipient's provider
// carries no evidence, and an intermediate provider states RB22, too.
var odd = map[string]bool{"time-from-signature": true, "not-the-senders-provider": true}

// judgeAll lets them judge every genuine message of a network, and what was
// attested without ever being put into a mailbox. It returns the transactions as
// the side of alfa.example knows them: what an intermediate provider keeps to
// itself is not part of them.
func judgeAll(t *testing.T, n *remtest.Network) []*rem.Transaction {
	t.Helper()
	var records []rem.Record
	anchors := n.Authority().PEM()
	documents, seen := [][]byte(nil), map[[32]byte]bool{}
	add := func(xml []byte) {
		if sum := sha256.Sum256(xml); !seen[sum] {
			seen[sum] = true
			documents = append(documents, xml)
		}
	}
	verifier, err := n.Verifier()
	require.NoError(t, err)
	judged := map[[32]byte]bool{}
	for _, box := range n.Mailboxes() {
		for _, s := range box.Messages() {
			sum := sha256.Sum256(s.Data)
			if s.Spoiled != "" || s.Kind == remtest.KindOrdinary || judged[sum] {
				continue
			}
			judged[sum] = true
			reftest.OpenSSLVerify(t, s.Data, anchors)
			m, err := rem.ParseBytes(s.Data, nil)
			require.NoError(t, err)
			require.Equal(t, string(s.Kind), string(m.Kind))
			r, err := verifier.Verify(t.Context(), m)
			require.NoError(t, err)
			require.NoError(t, r.Err(), "%s in %s", s.String(), box.Address)
			require.Equal(t, trust.Passed, r.Check(trust.CheckTrustedList).Status, r.Check(trust.CheckTrustedList).Detail)
			if !strings.HasPrefix(box.Address, "rem-service@rem-gamma") {
				records = append(records, r.Records(box.Address+"/"+string(s.ID))...)
			}
			for _, f := range r.Findings {
				if odd[f.Code] && (s.Kind == remtest.KindNotification || s.String() == "B.3/RB22") {
					continue
				}
				t.Errorf("%s in %s: %s: %s", s.String(), box.Address, f.Code, f.Detail)
			}
			for i := range m.Evidence {
				add(m.Evidence[i].Bytes())
			}
		}
	}
	for _, f := range n.Facts() {
		add(n.Evidence(f.ID))
	}
	for i, said := range validate(t, documents...) {
		require.Empty(t, said, string(documents[i]))
	}
	if len(documents) > 0 {
		xmlsec(t, anchors, documents...)
	}
	return rem.Transactions(records...)
}

// xmlsec lets xmlsec1 verify the signatures of evidence.
func xmlsec(t *testing.T, anchors []byte, documents ...[]byte) {
	t.Helper()
	tool, dir := reftest.Tool(t, "xmlsec1"), t.TempDir()
	ca := filepath.Join(dir, "ca.pem")
	require.NoError(t, os.WriteFile(ca, anchors, 0o600))
	for i, xml := range documents {
		file := filepath.Join(dir, strconv.Itoa(i)+".xml")
		require.NoError(t, os.WriteFile(file, xml, 0o600))
		out, err := exec.Command(tool, "--verify", "--enabled-key-data", "x509", "--trusted-pem", ca, "--id-attr:Id", "SignedProperties", file).CombinedOutput()
		require.NoError(t, err, "%s\n%s", out, xml)
	}
}

// validate lets xmllint judge documents by the schemas of EN 319 522-3 and EN
// 319 532-4, with stand-ins for those that they import. It returns what xmllint
// says of each, empty when valid.
func validate(t *testing.T, documents ...[]byte) []string {
	t.Helper()
	xmllint := reftest.Tool(t, "xmllint")
	here, err := filepath.Abs(filepath.Join("..", "evidence", "testdata", "schema"))
	require.NoError(t, err)
	dir := t.TempDir()
	var all strings.Builder
	all.WriteString(`<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema">`)
	for _, s := range [][2]string{ // the first import of a namespace counts
		{"http://www.w3.org/XML/1998/namespace", filepath.Join(here, "xml.xsd")},
		{evidence.NamespaceDS, filepath.Join(here, "ds.xsd")},
		{evidence.NamespaceSAML, filepath.Join(here, "saml.xsd")},
		{"http://www.w3.org/2001/04/xmlenc#", filepath.Join(here, "xenc.xsd")},
		{"http://uri.etsi.org/02231/v2#", filepath.Join(here, "tl.xsd")},
		{evidence.NamespaceLegalPerson, filepath.Join(here, "legalperson.xsd")},
		{evidence.NamespaceNaturalPerson, filepath.Join(here, "naturalperson.xsd")},
		{evidence.NamespaceERDS, reftest.Dir(t, "etsi", "en319522-3-xsd", "1952203xmlSchema.xsd")},
		{evidence.NamespaceREM, reftest.Dir(t, "etsi", "en319532-4-v1.2.1-kit", "NORMATIVE-XSD", "EVIDENCE19352v117-202201.xsd")},
	} {
		all.WriteString(`<xs:import namespace="` + s[0] + `" schemaLocation="` + s[1] + `"/>`)
	}
	all.WriteString(`</xs:schema>`)
	schema := filepath.Join(dir, "all.xsd")
	require.NoError(t, os.WriteFile(schema, []byte(all.String()), 0o600))
	args := []string{"--nonet", "--noout", "--schema", schema}
	for i, xml := range documents {
		file := filepath.Join(dir, strconv.Itoa(i)+".xml")
		require.NoError(t, os.WriteFile(file, xml, 0o600))
		args = append(args, file)
	}
	out, _ := exec.Command(xmllint, args...).CombinedOutput()
	said := make([]string, len(documents))
	for i := range documents {
		if file := filepath.Join(dir, strconv.Itoa(i)+".xml"); !bytes.Contains(out, []byte(file+" validates\n")) {
			said[i] = string(out)
		}
	}
	return said
}

// TestJudgesRefuse: judges that find everything good are none.
func TestJudgesRefuse(t *testing.T) {
	n := play(t, "T-BB-1 ")
	xml := n.Evidence(n.Facts()[0].ID)
	require.Empty(t, validate(t, xml)[0])
	require.NotEmpty(t, validate(t, bytes.Replace(xml, []byte("<EventTime>"), []byte("<EventTime><b/>"), 1))[0])
	tool := reftest.Tool(t, "xmlsec1")
	file := filepath.Join(t.TempDir(), "bad.xml")
	require.NoError(t, os.WriteFile(file, bytes.Replace(xml, []byte("RA01"), []byte("RA02"), 1), 0o600))
	require.Error(t, exec.Command(tool, "--verify", "--insecure", "--id-attr:Id", "SignedProperties", file).Run())
}
