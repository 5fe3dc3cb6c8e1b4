package archive_test

import (
	"crypto/sha256"
	"crypto/x509"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/archive"
	"github.com/certmail/certmail/rem/remtest"
	"github.com/certmail/certmail/trust"
)

// What vouches for PEC by its key vouches neither for REM nor for time-stamps,
// even if it is their very authority.
func TestKeysOfPECVouchForNothingElse(t *testing.T) {
	anchors, err := remtest.FixtureAnchors(1)
	require.NoError(t, err)
	roots, err := trust.ParseCertificates(anchors)
	require.NoError(t, err)
	store, err := trust.NewStore(trust.Material{Anchors: roots}, nil)
	require.NoError(t, err)
	fixtures, err := remtest.Fixtures(1)
	require.NoError(t, err)
	now := time.Date(2026, 3, 6, 8, 0, 0, 0, time.UTC)
	tried := 0
	for _, f := range fixtures {
		if f.Verdict != string(trust.Valid) || tried == 5 {
			continue
		}
		tried++
		it, err := archive.Capture(t.Context(), strings.NewReader(string(f.Data)), int64(len(f.Data)), &archive.CaptureOptions{FirstSeen: now, Trust: store})
		require.NoError(t, err)
		keys := []trust.KeyAnchor{}
		believe := roots
		for _, capture := range it.Captures {
			for _, der := range capture.Certificates {
				c, err := x509.ParseCertificate(der)
				require.NoError(t, err)
				believe = append(believe, c)
			}
		}
		for _, c := range believe {
			keys = append(keys, trust.KeyAnchor{Name: "PEC", SPKI: sha256.Sum256(c.RawSubjectPublicKeyInfo)})
		}
		name := t.TempDir() + "/package.zip"
		require.NoError(t, archive.Write(t.Context(), name, &archive.Transaction{ID: "urn:example:rem", Items: []*archive.Item{it}}, &archive.Options{Format: archive.Zip}))
		p, err := archive.Open(t.Context(), name, nil)
		require.NoError(t, err)
		for want, material := range map[trust.Verdict]trust.Material{trust.Valid: {Anchors: roots}, trust.Indeterminate: {Keys: keys}} {
			v, err := p.Verify(t.Context(), &archive.VerifyOptions{Now: now, Trust: material})
			require.NoError(t, err)
			require.Equal(t, want, v.Items[0].Verdict, f.File)
		}
		require.NoError(t, p.Close())
	}
	require.Equal(t, 5, tried)
}

// A store with keys of PEC, given for everything, makes no report that believes
// a REM message or a time-stamp by them.
func TestCapture_KeysOfPECVouchForNothingElse(t *testing.T) {
	w := newWorld(t)
	anchors, err := remtest.FixtureAnchors(1)
	require.NoError(t, err)
	roots, err := trust.ParseCertificates(anchors)
	require.NoError(t, err)
	keys := []trust.KeyAnchor{}
	held := append([]*x509.Certificate{w.stampRoot}, roots...)
	for _, f := range w.rem { // whatever is above any signer
		for _, c := range capture(t, f.Data, w.options(false)).Captures {
			for _, der := range c.Certificates {
				cert, err := x509.ParseCertificate(der)
				require.NoError(t, err)
				held = append(held, cert)
			}
		}
	}
	for _, c := range held {
		keys = append(keys, trust.KeyAnchor{Name: "PEC", SPKI: sha256.Sum256(c.RawSubjectPublicKeyInfo)})
	}
	store, err := trust.NewStore(trust.Material{Keys: keys, Intermediates: held}, nil)
	require.NoError(t, err)
	tried := 0
	for _, f := range w.rem {
		if f.Verdict != string(trust.Valid) || tried == 5 {
			continue
		}
		tried++
		it := capture(t, f.Data, &archive.CaptureOptions{FirstSeen: w.received, Trust: store})
		require.Equal(t, trust.Indeterminate, it.Report.Verdict, f.File)
		require.Equal(t, trust.Unknown, it.Report.Check(trust.CheckSignerChain).Status, f.File)
		// Told so, it is believed.
		it = capture(t, f.Data, &archive.CaptureOptions{FirstSeen: w.received, Trust: store, REM: w.store, TimeStamps: w.store})
		require.Equal(t, trust.Valid, it.Report.Verdict, f.File)
	}
	require.Equal(t, 5, tried)
}
