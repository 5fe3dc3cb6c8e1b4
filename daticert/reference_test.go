package daticert

import (
	"encoding/base64"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/internal/reftest"
)

// certificationData takes the daticert.xml out of a real message: the base64 lines
// after the header that names it.
func certificationData(tb testing.TB, file string) []byte {
	tb.Helper()
	message := strings.ReplaceAll(string(reftest.File(tb, "pec", file)), "\r\n", "\n")
	_, rest, ok := strings.Cut(message, `filename="daticert.xml"`)
	require.True(tb, ok)
	_, rest, ok = strings.Cut(rest, "\n\n")
	require.True(tb, ok)
	body, _, ok := strings.Cut(rest, "\n--")
	require.True(tb, ok)
	document, err := base64.StdEncoding.DecodeString(strings.ReplaceAll(body, "\n", ""))
	require.NoError(tb, err)
	return document
}

func TestRealMessages(t *testing.T) {
	for _, c := range []struct {
		file     string
		typ      Type
		provider string
		at       string
		receipt  ReceiptType
	}{
		{"aruba-2018-accettazione.eml", TypeAcceptance, "ARUBA PEC S.p.A.", "2018-11-13T16:39:26+01:00", ""},
		{"sogei-2018-posta-certificata-sdi.eml", TypeTransport, "Sogei SpA", "2018-12-08T12:26:18+01:00", ReceiptBrief},
		{"sogei-2018-posta-certificata-sdi-altered.eml", TypeTransport, "Sogei SpA", "2018-12-08T12:26:18+01:00", ReceiptBrief},
	} {
		t.Run(c.file, func(t *testing.T) {
			document := certificationData(t, c.file)
			require.True(t, requireReadersAgree(t, document, nil), "the scanner takes it")
			d := mustParse(t, string(document))
			require.Empty(t, d.Validate())
			require.Equal(t, c.typ, d.Type)
			require.Equal(t, ErrorNone, d.Error)
			require.Equal(t, c.provider, d.Provider)
			require.Equal(t, c.receipt, d.ReceiptType)
			require.Len(t, d.Recipients, 1)
			require.Equal(t, RecipientCertified, d.Recipients[0].Type)
			at, err := d.Date.Time()
			require.NoError(t, err)
			require.Equal(t, c.at, at.Format(time.RFC3339))
			require.NotEqual(t, d.MessageID, TrimMessageID(d.MessageID))
			out, err := d.Marshal()
			require.NoError(t, err)
			require.Equal(t, string(document), string(out), "we write as they do, byte for byte")
			valid, output := lint(t, []string{string(document)})
			require.True(t, valid[0], output)
		})
	}
}

func TestEveryReferenceMessageIsCovered(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(reftest.Dir(t, "pec"), "*.eml"))
	require.NoError(t, err)
	require.Len(t, files, 3)
}
