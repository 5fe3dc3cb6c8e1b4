package report_test

import (
	"bytes"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/archive"
	"github.com/certmail/certmail/archive/report"
	"github.com/certmail/certmail/pec/pectest"
	"github.com/certmail/certmail/trust"
)

// TestSHA1OutlivedProvesNoDelivery: a delivery receipt whose signature is not worth
// anything any more does not prove the delivery on the page either.
func TestSHA1OutlivedProvesNoDelivery(t *testing.T) {
	fixtures, err := pectest.Fixtures(1)
	require.NoError(t, err)
	anchors, err := trust.ParseCertificates(pectest.FixtureAnchors(1))
	require.NoError(t, err)
	material := trust.Material{Anchors: anchors}
	store, err := trust.NewStore(material, nil)
	require.NoError(t, err)
	received := time.Date(2026, 9, 1, 8, 0, 0, 0, time.UTC)
	name := filepath.Join(t.TempDir(), "p")
	for _, f := range fixtures {
		if f.File == "good/m9-consegna-completa-sha1.eml" {
			it, err := archive.Capture(t.Context(), bytes.NewReader(f.Data), int64(len(f.Data)), &archive.CaptureOptions{FirstSeen: received, Trust: store})
			require.NoError(t, err)
			require.NoError(t, archive.Write(t.Context(), name, &archive.Transaction{Items: []*archive.Item{it}}, nil))
		}
	}
	p, err := archive.Open(t.Context(), name, nil)
	require.NoError(t, err)
	t.Cleanup(func() { _ = p.Close() })
	page := func(o archive.VerifyOptions) (trust.Verdict, string) {
		o.Trust = material
		x, err := report.Examine(t.Context(), p, &report.Options{VerifyOptions: o})
		require.NoError(t, err)
		var b bytes.Buffer
		require.NoError(t, report.WriteHTML(&b, &report.Page{Examination: x}))
		return x.Verdict, plain(b.String())
	}
	const proved, claimed = "consegnato (attestato", "consegnato – ma lo dicono soltanto prove non verificate o che non bastano"
	verdict, text := page(archive.VerifyOptions{Now: received.AddDate(1, 0, 0)})
	require.Equal(t, trust.Valid, verdict)
	has(t, text, proved)
	has(t, text, "apporne una finché è ancora accettato")
	verdict, text = page(archive.VerifyOptions{Now: received.AddDate(10, 0, 0)})
	require.Equal(t, trust.Indeterminate, verdict)
	hasNot(t, text, proved)
	has(t, text, claimed)
	has(t, text, "SHA-1, senza una marca temporale di quando era ancora accettato")
	verdict, text = page(archive.VerifyOptions{Now: received.AddDate(10, 0, 0), BelieveRecord: true})
	require.Equal(t, trust.Valid, verdict)
	has(t, text, proved)
}
