package archive_test

import (
	"context"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"math/big"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/archive"
	"github.com/certmail/certmail/internal/testpki"
	"github.com/certmail/certmail/trust"
)

// crl is a revocation list of the authority of the PEC fixtures.
func crl(t *testing.T, w *world, at time.Time, revoked map[string]time.Time) []byte {
	t.Helper()
	ca := testpki.NewAuthority(1, "Certmail Test CA", nil)
	require.Equal(t, w.anchors[0].Raw, ca.Certificate.Raw, "the authority of the fixtures")
	list := &x509.RevocationList{Number: big.NewInt(at.Unix()), ThisUpdate: at, NextUpdate: at.Add(24 * time.Hour)}
	for serial, when := range revoked {
		n, ok := new(big.Int).SetString(serial, 16)
		require.True(t, ok)
		list.RevokedCertificateEntries = append(list.RevokedCertificateEntries, x509.RevocationListEntry{SerialNumber: n, RevocationTime: when})
	}
	der, err := x509.CreateRevocationList(testpki.Reader(1, "crl"), list, ca.Certificate, ca.Key)
	require.NoError(t, err)
	return der
}

// Revocation data that were fetched at reception decide ten years later, when no
// authority publishes them any more, and are files that OpenSSL reads.
func TestStorage_RevocationDataAreCaptured(t *testing.T) {
	w := newWorld(t)
	data := w.fixture(t, "good/m1-accettazione.eml").Data
	asked := 0
	o := w.options(true)
	fresh := crl(t, w, w.received.Add(-time.Hour), nil)
	o.Revocation = func(_ context.Context, path []*x509.Certificate) ([][]byte, [][]byte, error) {
		asked++
		require.Len(t, path, 2)
		return [][]byte{fresh}, nil, nil
	}
	it := capture(t, data, o)
	require.Equal(t, 2, asked, "about the provider, and about the time-stamping authority")
	require.Equal(t, trust.Passed, it.Report.Check(trust.CheckRevocation).Status, "%+v", it.Report)
	name := w.write(t, archive.Folder, &archive.Transaction{Items: []*archive.Item{it}})
	v := verified(t, name, w.verify())
	p := v.Items[0].Proof(trust.CheckRevocation)
	require.Equal(t, trust.Passed, p.Status, describe(v))
	require.Equal(t, archive.WhyCaptured, p.Why)
	require.Contains(t, p.By[0], "/crl-01.der")
	raw, err := os.ReadFile(filepath.Join(name, p.By[0]))
	require.NoError(t, err)
	require.Equal(t, fresh, raw)
	run(t, name, "openssl", "crl", "-inform", "DER", "-in", p.By[0], "-noout", "-CAfile", pemFile(t, w.anchors[0].Raw), "-verify")

	// Revoked later, and the list of then is at hand: the message existed before,
	// which the time-stamp shows.
	later := w.verify()
	later.Trust.CRLs = [][]byte{crl(t, w, w.received.AddDate(0, 1, 0), map[string]time.Time{it.Report.Signer.Serial: w.received.AddDate(0, 0, 20)})}
	v = verified(t, name, later)
	require.Equal(t, trust.Valid, v.Verdict, describe(v))
	// Without a time-stamp only the record says so, which anybody can write; one
	// over the package does as well.
	bare := w.options(false)
	bare.Revocation = o.Revocation
	tx := &archive.Transaction{Items: []*archive.Item{capture(t, data, bare)}}
	unproved := w.write(t, archive.Folder, tx)
	v = verified(t, unproved, later)
	require.Equal(t, trust.Indeterminate, v.Verdict, describe(v))
	require.Equal(t, archive.SeenByRecord, v.Items[0].SeenBy)
	later.BelieveRecord = true
	require.Equal(t, trust.Valid, verified(t, unproved, later).Verdict)
	later.BelieveRecord = false
	v = verified(t, w.write(t, archive.ASiCE, tx), later)
	require.Equal(t, trust.Valid, v.Verdict, describe(v))
	require.Equal(t, archive.SeenByPackage, v.Items[0].SeenBy)
	// Revoked before the event: no list of then says so, this one does.
	later.Trust.CRLs = [][]byte{crl(t, w, w.received.AddDate(0, 1, 0), map[string]time.Time{it.Report.Signer.Serial: it.Time.Add(-time.Hour)})}
	require.Equal(t, trust.Invalid, verified(t, name, later).Verdict)

	// A source that fails is a finding.
	o.Revocation = func(context.Context, []*x509.Certificate) ([][]byte, [][]byte, error) {
		return nil, nil, errors.New("no network")
	}
	it = capture(t, data, o)
	require.Contains(t, findings(it), "no-revocation-data")
	require.NotEmpty(t, it.Captures)
	require.Equal(t, it.SHA256, it.Captures[0].MessageSHA256)
	_, err = hex.DecodeString(it.SHA512)
	require.NoError(t, err)

	// So is not a source of time-stamps: there is no second chance.
	broken, err := w.tsa.With("refuses")
	require.NoError(t, err)
	o.Source = broken
	_, err = archive.Capture(t.Context(), readerAt(data), int64(len(data)), o)
	require.Error(t, err)
	_, err = archive.Capture(t.Context(), readerAt(data), int64(len(data)), nil)
	require.ErrorIs(t, err, archive.ErrItem)
}

func findings(it *archive.Item) (codes []string) {
	for _, f := range it.Findings {
		codes = append(codes, f.Code)
	}
	return codes
}

func TestRetention(t *testing.T) {
	w := newWorld(t)
	tx := w.transaction(t, false, "good/m1-accettazione.eml")
	require.Equal(t, time.Date(2037, 1, 1, 0, 0, 0, 0, time.UTC), tx.RetainUntil(), "ten years after the end of 2026")
	tx.Retention = 3
	require.Equal(t, time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC), tx.RetainUntil())
	tx.Retention = -1
	require.True(t, tx.RetainUntil().IsZero())
}
