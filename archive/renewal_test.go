package archive_test

import (
	"crypto/x509"
	"math/big"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/archive"
	"github.com/certmail/certmail/internal/testpki"
	"github.com/certmail/certmail/trust"
	"github.com/certmail/certmail/trust/tsp/tsptest"
)

// Reasons of RFC 5280 §5.3.1.
const unspecified, keyCompromise, superseded = 0, 1, 4

// tsaRevoked is a list of the time-stamping authority's root that revokes the
// authority.
func (w *world) tsaRevoked(t *testing.T, when time.Time, reason int) []byte {
	t.Helper()
	ca := testpki.NewAuthority(7, "Certmail Test TSA Root", nil)
	require.Equal(t, w.stampRoot.Raw, ca.Certificate.Raw)
	at := when.AddDate(0, 1, 0)
	der, err := x509.CreateRevocationList(testpki.Reader(1, "tsa crl"), &x509.RevocationList{Number: big.NewInt(at.Unix()), ThisUpdate: at, NextUpdate: at.AddDate(0, 1, 0),
		RevokedCertificateEntries: []x509.RevocationListEntry{{SerialNumber: w.tsa.Certificate().SerialNumber, RevocationTime: when, ReasonCode: reason}}}, ca.Certificate, ca.Key)
	require.NoError(t, err)
	return der
}

// What holds when the time-stamping authority's certificate was revoked, and how
// the time-stamp of a second authority over the package saves that of the first
// (archive renewal: every file, the tokens too, is under the new one).
func TestStorage_TimeStampingKeyLost(t *testing.T) {
	w := newWorld(t)
	stamped := w.received.Add(time.Minute)
	first := w.write(t, archive.Zip, w.transaction(t, true, sha1Receipt))

	// Four years later the package is packed again, under another authority.
	renewedAt := w.received.AddDate(4, 0, 0)
	second, err := tsptest.New(tsptest.Config{Clock: func() time.Time { return renewedAt }, Seed: 8, Name: "Second TSA"})
	require.NoError(t, err)
	renewed := filepath.Join(t.TempDir(), "renewed.asice")
	require.NoError(t, archive.Write(t.Context(), renewed, open(t, first).Transaction, &archive.Options{Format: archive.ASiCE, TimeStamp: second}))

	judge := func(name string, crl []byte, believe bool) (*archive.Verification, *archive.ItemVerification) {
		o := w.verify()
		o.BelieveRecord = believe
		o.TimeStamps.Anchors = append(o.TimeStamps.Anchors, second.Root())
		o.TimeStamps.CRLs = [][]byte{crl}
		v := verified(t, name, o)
		return v, v.Items[0]
	}
	lost := renewedAt.AddDate(1, 0, 0)
	for _, c := range []struct {
		what    string
		when    time.Time
		reason  int
		name    string
		believe bool
		token   trust.Status
		seenBy  string
		seen    time.Time
		verdict trust.Verdict
	}{
		{"key lost later", lost, keyCompromise, first, false, trust.Failed, archive.SeenByRecord, w.received, trust.Indeterminate},
		{"key lost later, record believed", lost, keyCompromise, first, true, trust.Passed, archive.SeenByTimeStamp, stamped, trust.Valid},
		{"key lost later, renewed before", lost, keyCompromise, renewed, false, trust.Passed, archive.SeenByTimeStamp, stamped, trust.Valid},
		{"key lost before it was renewed", renewedAt.AddDate(0, -1, 0), keyCompromise, renewed, false, trust.Failed, archive.SeenByPackage, renewedAt, trust.Valid},
		{"key lost before the time-stamp", stamped.Add(-time.Hour), keyCompromise, first, false, trust.Failed, archive.SeenByRecord, w.received, trust.Indeterminate},
		{"key lost before the time-stamp, renewed", stamped.Add(-time.Hour), keyCompromise, renewed, false, trust.Failed, archive.SeenByPackage, renewedAt, trust.Valid},
		{"revoked later for no stated reason", lost, unspecified, first, false, trust.Unknown, archive.SeenByRecord, w.received, trust.Indeterminate},
		{"revoked later for no stated reason, renewed before", lost, unspecified, renewed, false, trust.Passed, archive.SeenByTimeStamp, stamped, trust.Valid},
		{"superseded later", lost, superseded, first, false, trust.Passed, archive.SeenByTimeStamp, stamped, trust.Valid},
		{"superseded before", stamped.Add(-time.Hour), superseded, first, false, trust.Failed, archive.SeenByRecord, w.received, trust.Indeterminate},
	} {
		v, it := judge(c.name, w.tsaRevoked(t, c.when, c.reason), c.believe)
		token := it.Proof(archive.ProofTimeStamp)
		require.Equal(t, c.token, token.Status, "%s\n%s\n%+v", c.what, describe(v), v.Proofs)
		require.Equal(t, c.seenBy, it.SeenBy, c.what)
		require.WithinDuration(t, c.seen, it.Seen, time.Second, c.what)
		require.Equal(t, c.verdict, v.Verdict, "%s\n%s", c.what, describe(v))
		require.Equal(t, trust.Passed, it.Proof(trust.CheckSignature).Status, "the provider's signature is not touched")
		if !token.Holds() {
			require.Contains(t, token.Detail, "revoked", c.what)
		}
	}

	// A message with SHA-256 does not need the time-stamp, which is said to be lost.
	o := w.verify()
	o.TimeStamps.CRLs = [][]byte{w.tsaRevoked(t, lost, keyCompromise)}
	v := verified(t, w.write(t, archive.Zip, w.transaction(t, true, "good/m1-accettazione.eml")), o)
	require.Equal(t, trust.Valid, v.Verdict, describe(v))
	require.Equal(t, trust.Failed, v.Items[0].Proof(archive.ProofTimeStamp).Status)

	// The time-stamp over the package falls with its authority, too.
	v = verified(t, w.write(t, archive.ASiCE, w.transaction(t, false, sha1Receipt)), o)
	require.Equal(t, trust.Failed, v.Proof(archive.ProofPackageStamp).Status, describe(v))
	require.Equal(t, archive.SeenByRecord, v.Items[0].SeenBy)
	require.NotEqual(t, trust.Valid, v.Verdict)
}
