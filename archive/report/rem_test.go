package report_test

import (
	"bytes"
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

// TestPageOfREM: the same page over the European system; a key that is trusted
// for PEC does not vouch for it.
func TestPageOfREM(t *testing.T) {
	w := newWorld(t)
	fixtures, err := remtest.Fixtures(1)
	require.NoError(t, err)
	anchors, err := remtest.FixtureAnchors(1)
	require.NoError(t, err)
	roots, err := trust.ParseCertificates(anchors)
	require.NoError(t, err)
	store, err := trust.NewStore(trust.Material{Anchors: roots}, nil)
	require.NoError(t, err)
	seen := time.Date(2026, 3, 6, 8, 0, 0, 0, time.UTC)
	tx := &archive.Transaction{ID: "urn:example:rem"}
	for _, f := range fixtures {
		if !strings.HasPrefix(f.File, "rem/good/") && !strings.HasPrefix(f.File, "good/") || len(tx.Items) == 6 {
			continue
		}
		it, err := archive.Capture(t.Context(), bytes.NewReader(f.Data), int64(len(f.Data)), &archive.CaptureOptions{FirstSeen: seen, Trust: store})
		require.NoError(t, err)
		tx.Items = append(tx.Items, it)
	}
	require.NotEmpty(t, tx.Items)
	name := w.write(archive.Folder, tx)
	x := w.examineWith(name, &archive.VerifyOptions{Now: w.now, Trust: trust.Material{Anchors: roots}})
	for _, iv := range x.Items {
		require.Equal(t, trust.Valid, iv.Verdict, "%s %+v", iv.Path, iv.Report)
	}
	page := w.page(x, "it")
	has(t, plain(page), "OpenSSL da solo non legge")
	commands, wrong := follow(t, page, name)
	require.Empty(t, wrong)
	require.Contains(t, strings.Join(commands, "\n"), "openssl cms -verify")

	var keys []trust.KeyAnchor
	for _, it := range tx.Items {
		for _, capture := range it.Captures {
			for _, der := range capture.Certificates {
				c, err := x509.ParseCertificate(der)
				require.NoError(t, err)
				roots = append(roots, c)
			}
		}
	}
	for _, c := range roots {
		keys = append(keys, trust.KeyAnchor{Name: "PEC", SPKI: sha(c)})
	}
	x = w.examineWith(name, &archive.VerifyOptions{Now: w.now, Trust: trust.Material{Keys: keys}})
	for _, iv := range x.Items {
		require.NotEqual(t, trust.Valid, iv.Verdict, iv.Path)
		require.Equal(t, trust.Unknown, iv.Proof(trust.CheckSignerChain).Status, iv.Path)
	}
}

func sha(c *x509.Certificate) [32]byte { return sha256.Sum256(c.RawSubjectPublicKeyInfo) }
