package evidence

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"io/fs"
	"mime"
	"mime/multipart"
	"net/mail"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/certmail/certmail/internal/reftest"
	"github.com/stretchr/testify/require"
)

// kitDocument is an evidence of the ETSI or AgID kit.
type kitDocument struct {
	Name string // path below the reference data
	XML  []byte
}

// kit returns every distinct evidence document of both kits: the files, and the
// parts of the mails.
func kit(tb testing.TB) []kitDocument {
	tb.Helper()
	root := reftest.Dir(tb, "etsi")
	var all []kitDocument
	seen := map[[32]byte]bool{}
	add := func(name string, xml []byte) {
		if sum := sha256.Sum256(xml); !seen[sum] {
			seen[sum] = true
			all = append(all, kitDocument{name, xml})
		}
	}
	require.NoError(tb, filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name, _ := filepath.Rel(root, path)
		switch filepath.Ext(path) {
		case ".xml":
			if strings.Contains(name, "standalone-evidence") {
				data, err := os.ReadFile(path)
				require.NoError(tb, err)
				add(name, data)
			}
		case ".eml":
			data, err := os.ReadFile(path)
			require.NoError(tb, err)
			m, err := mail.ReadMessage(bytes.NewReader(data))
			require.NoError(tb, err)
			for _, xml := range evidenceParts(tb, m.Header.Get("Content-Type"), m.Body) {
				add(name, xml)
			}
		}
		return nil
	}))
	return all
}

func evidenceParts(tb testing.TB, contentType string, body interface{ Read([]byte) (int, error) }) (list [][]byte) {
	kind, params, err := mime.ParseMediaType(contentType)
	if err != nil || !strings.HasPrefix(kind, "multipart/") {
		return nil
	}
	r := multipart.NewReader(body, params["boundary"])
	for {
		part, err := r.NextRawPart()
		if err != nil {
			return list
		}
		if strings.TrimSpace(part.Header.Get("REM-Section-Type")) == "rem_message/xml_evidence" {
			var raw bytes.Buffer
			_, err := raw.ReadFrom(part)
			require.NoError(tb, err)
			xml, err := base64.StdEncoding.DecodeString(strings.NewReplacer("\r", "", "\n", "").Replace(raw.String()))
			require.NoError(tb, err)
			list = append(list, xml)
			continue
		}
		list = append(list, evidenceParts(tb, part.Header.Get("Content-Type"), part)...)
	}
}

func TestKitParses(t *testing.T) {
	all := kit(t)
	require.Len(t, all, 61)
	for _, d := range all {
		e, err := Parse(d.XML, nil)
		require.NoError(t, err, d.Name)
		require.Empty(t, e.Findings, d.Name)
		require.NotEmpty(t, e.Event, d.Name)
		require.Equal(t, 1, e.Signatures, d.Name)
		require.True(t, e.Time.Valid(), d.Name)
		for _, r := range e.Reasons {
			require.NotNil(t, r.row(), d.Name)
			require.Equal(t, r.written(), r.Code(), d.Name)
		}
	}
}
