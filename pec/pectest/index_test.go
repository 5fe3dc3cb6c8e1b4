package pectest

import (
	"bytes"
	"encoding/json"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/envelope"
	"github.com/certmail/certmail/pec"
	"github.com/certmail/certmail/trust"
)

func TestIndexListsWhatIsThere(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "b")
	fixtures, err := WriteFixtures(dir, nil)
	require.NoError(t, err)
	anchors, err := os.ReadFile(filepath.Join(dir, "ca.pem"))
	require.NoError(t, err)
	require.Equal(t, FixtureAnchors(0), anchors)

	raw, err := os.ReadFile(filepath.Join(dir, "index.json"))
	require.NoError(t, err)
	var index []map[string]any
	require.NoError(t, json.Unmarshal(raw, &index))
	require.Len(t, index, len(fixtures))
	kinds := []string{}
	seen := map[string]bool{}
	for i, entry := range index {
		f := fixtures[i]
		require.Len(t, entry, 6)
		require.Equal(t, f.File, entry["file"])
		require.Equal(t, f.System, entry["system"])
		require.Equal(t, f.Kind, entry["kind"])
		require.Equal(t, f.Verdict, entry["verdict"])
		require.Equal(t, f.Note, entry["note"])
		require.NotEmpty(t, f.Note)
		check, present := entry["check"]
		require.True(t, present)
		if f.Verdict == string(trust.Invalid) {
			require.Equal(t, f.Check, check)
			require.NotEmpty(t, check)
		} else {
			require.Nil(t, check)
		}
		require.Contains(t, []string{"pec", "mail"}, f.System)
		require.Contains(t, []string{"good", "odd", "tampered"}, path.Dir(f.File))
		require.Regexp(t, `^[a-z0-9-]+\.eml$`, path.Base(f.File))
		require.False(t, seen[f.File], f.File)
		seen[f.File] = true
		kinds = append(kinds, f.Kind)
		written, err := os.ReadFile(filepath.Join(dir, f.File))
		require.NoError(t, err)
		require.True(t, bytes.Equal(f.Data, written), f.File)
	}
	for _, k := range []pec.Kind{pec.KindTransport, pec.KindAnomaly, pec.KindAcceptance, pec.KindNonAcceptance, pec.KindTakeCharge, pec.KindDelivery,
		pec.KindNonDelivery, pec.KindTimeout, pec.KindVirusDetection, pec.KindUnknown, pec.KindOrdinary} {
		require.Contains(t, kinds, string(k))
	}
}

// TestWriteFixturesKeepsOtherFiles: what is not its own stays, what is its own
// is replaced.
func TestWriteFixturesKeepsOtherFiles(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "mine.txt"), []byte("mine"), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "ca.pem"), []byte("old"), 0o600))
	_, err := WriteFixtures(dir, nil)
	require.NoError(t, err)
	mine, err := os.ReadFile(filepath.Join(dir, "mine.txt"))
	require.NoError(t, err)
	require.Equal(t, "mine", string(mine))
	anchors, err := os.ReadFile(filepath.Join(dir, "ca.pem"))
	require.NoError(t, err)
	require.NotEqual(t, "old", string(anchors))

	_, err = WriteFixtures(filepath.Join(dir, "mine.txt"), nil)
	require.ErrorContains(t, err, "pectest: fixtures: ")
}

// TestFixturesNameReservedDomainsOnly looks for addresses and links in the
// messages, their certification data and their certificates.
func TestFixturesNameReservedDomainsOnly(t *testing.T) {
	domain := regexp.MustCompile(`(?i)(?:[a-z0-9._+-]@|https?://)([a-z0-9-]+(?:\.[a-z0-9-]+)*\.[a-z]{2,}\.?)`)
	fixtures, err := Fixtures(0)
	require.NoError(t, err)
	found := map[string]bool{}
	for _, f := range fixtures {
		texts := [][]byte{bytes.ReplaceAll(bytes.ReplaceAll(f.Data, []byte("\r\n"), []byte("\n")), []byte("=\n"), nil)} // soft line breaks
		if e, err := envelope.OpenBytes(f.Data, nil); err == nil && e.Signed != nil {
			if der, err := e.SignaturePart.Bytes(1 << 20); err == nil {
				texts = append(texts, der)
			}
			if e.Certification != nil {
				doc, err := e.Certification.Bytes(1 << 20)
				require.NoError(t, err, f.File)
				texts = append(texts, doc)
			}
		}
		for _, text := range texts {
			for _, m := range domain.FindAllSubmatch(text, -1) {
				found[string(m[1])] = true
				require.True(t, Reserved(string(m[1])), "%s: %s", f.File, m[0])
			}
		}
	}
	require.True(t, found["gestore-a.example"])
	require.Greater(t, len(found), 10)
}
