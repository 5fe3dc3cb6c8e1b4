package xmlsig_test

import (
	"crypto"
	"crypto/sha256"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/internal/reftest"
	"github.com/certmail/certmail/internal/xmlsig"
	"github.com/certmail/certmail/internal/xmltree"
)

func read(tb testing.TB, xml []byte) *xmltree.Document {
	tb.Helper()
	doc, err := xmltree.Parse(xml, nil)
	require.NoError(tb, err)
	return doc
}

// verify judges a document that must have a signature to judge.
func verify(tb testing.TB, xml []byte, p *xmlsig.Policy) *xmlsig.Signature {
	tb.Helper()
	s, err := xmlsig.Verify(read(tb, xml), p)
	require.NoError(tb, err)
	return s
}

// TestKitEvidence: the evidence of ETSI and AgID holds, with the imprint that its
// time-stamp has in it.
func TestKitEvidence(t *testing.T) {
	all := reftest.KitEvidence(t)
	require.Equal(t, 61, len(all))
	for _, e := range all {
		s := verify(t, e.XML, nil)
		require.NoError(t, s.Err, e.Name)
		require.True(t, s.OK())
		require.Empty(t, s.Findings, e.Name)
		require.Equal(t, xmlsig.Filter2, s.Style)
		require.Equal(t, xmlsig.RSASHA256, s.SignatureMethod)
		require.Equal(t, s.Certificates[0], s.Signer)
		require.Equal(t, "Evidence", s.SignedElement.Local)
		require.WithinDuration(t, time.Date(2022, 6, 1, 0, 0, 0, 0, time.UTC), s.SigningTime, 365*24*time.Hour)
		require.Len(t, s.TimeStamps, 1)
		imprint, err := s.TimeStamps[0].Imprint(crypto.SHA256)
		require.NoError(t, err)
		require.Contains(t, string(s.TimeStamps[0].Token), string(imprint), e.Name)
		require.Len(t, imprint, sha256.Size)
	}
}

func TestTrustedLists(t *testing.T) {
	for name, when := range map[string]string{
		"BE-seq66-2023-09.xml":       "2023-09-19T09:39:43Z",
		"EU-LOTL-seq332-2023-09.xml": "2023-09-27T16:10:15Z",
		"SI-seq69-2023-06.xml":       "2023-06-28T14:45:53Z",
	} {
		s := verify(t, reftest.File(t, "tsl", name), xmlsig.ForLists())
		require.NoError(t, s.Err, name)
		require.Empty(t, s.Findings)
		require.Equal(t, xmlsig.Enveloped, s.Style)
		require.Equal(t, when, s.SigningTime.Format(time.RFC3339))
		require.Equal(t, s.Certificates[0], s.Signer)
		require.Empty(t, s.TimeStamps)
	}
	_, err := xmlsig.Verify(read(t, reftest.File(t, "tsl", "odd-CZ-two-signatures.xml")), xmlsig.ForLists())
	require.ErrorIs(t, err, xmlsig.ErrSeveralSignatures)
}

// TestPlaceholders: the kits' lists and capability documents are not signed.
func TestPlaceholders(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(reftest.Dir(t, "etsi"), "*", "INFORMATIVE-EXAMPLES", "COMMON_SERVICE_INTERFACE", "*.xml"))
	require.NoError(t, err)
	require.Len(t, files, 6)
	for _, file := range files {
		data, err := os.ReadFile(file)
		require.NoError(t, err)
		s, err := xmlsig.Verify(read(t, data), xmlsig.ForLists())
		if strings.HasPrefix(filepath.Base(file), "TL_") {
			// Only a comment speaks of a signature.
			require.ErrorIs(t, err, xmlsig.ErrNoSignature, file)
			require.Nil(t, s)
			continue
		}
		require.NoError(t, err)
		require.ErrorIs(t, s.Err, xmlsig.ErrStructure, file)
		require.False(t, s.OK())
		require.Nil(t, s.Signer)
		require.Nil(t, s.SignedElement)
		require.True(t, s.SigningTime.IsZero())
		require.NotEmpty(t, strings.TrimSpace(s.Err.Error()))
	}
}
