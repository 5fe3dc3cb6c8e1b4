package rem_test

import (
	"crypto/x509"
	"math/big"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/ocsp"

	"github.com/certmail/certmail/internal/testpki"
	"github.com/certmail/certmail/rem"
	"github.com/certmail/certmail/rem/evidence"
	"github.com/certmail/certmail/trust"
)

// TestV03_Revocation: what came with a message about its signer counts, for the
// message and for its evidence, by CRL and by OCSP.
func TestV03_Revocation(t *testing.T) {
	w := newWorld(t)
	message := w.receipt(w.beta, w.evidence(evidence.ContentConsignment, w.beta, "RD01"))
	serial := w.beta.leaf.Certificate.SerialNumber
	said := submitted.Add(time.Hour)
	crl := func(revoked ...x509.RevocationListEntry) [][]byte {
		der, err := x509.CreateRevocationList(testpki.Reader(1, "crl"), &x509.RevocationList{
			Number: big.NewInt(1), ThisUpdate: said, NextUpdate: said.AddDate(0, 2, 0), RevokedCertificateEntries: revoked,
		}, w.ca.Certificate, w.ca.Key)
		require.NoError(t, err)
		return [][]byte{der}
	}
	answer := func(status int, at time.Time) [][]byte {
		der, err := ocsp.CreateResponse(w.ca.Certificate, w.ca.Certificate, ocsp.Response{
			Status: status, SerialNumber: serial, ThisUpdate: said, NextUpdate: said.AddDate(0, 2, 0), RevokedAt: at,
		}, w.ca.Key)
		require.NoError(t, err)
		return [][]byte{der}
	}
	before, after := submitted.AddDate(0, 0, -1), submitted.Add(30*time.Minute)
	for name, c := range map[string]struct {
		crls, ocsp [][]byte
		status     trust.Status
	}{
		"CRL, not revoked":   {crls: crl(), status: trust.Passed},
		"CRL, before":        {crls: crl(x509.RevocationListEntry{SerialNumber: serial, RevocationTime: before}), status: trust.Failed},
		"OCSP, good":         {ocsp: answer(ocsp.Good, time.Time{}), status: trust.Passed},
		"OCSP, before":       {ocsp: answer(ocsp.Revoked, before), status: trust.Failed},
		"OCSP against a CRL": {crls: crl(), ocsp: answer(ocsp.Revoked, before), status: trust.Failed},
	} {
		_, r := verified(t, w.verifier(rem.VerifyOptions{CRLs: c.crls, OCSP: c.ocsp}), message)
		require.Equal(t, c.status, r.Check(trust.CheckRevocation).Status, "%s: %+v", name, r.Check(trust.CheckRevocation))
		require.Equal(t, c.status, r.Evidence[0].Check(trust.CheckRevocation).Status, "%s: of the evidence", name)
		require.Equal(t, c.status == trust.Passed, r.Verdict == trust.Valid, "%s: %+v", name, r.Checks)
		if c.status == trust.Failed {
			require.Contains(t, failed(r), trust.CheckEvidenceSignature, name)
		}
	}
	// Revoked afterwards: the time-stamp proves that the evidence was there
	// before; about the message around it only the caller can know.
	for name, opt := range map[string]rem.VerifyOptions{
		"CRL": {CRLs: crl(x509.RevocationListEntry{SerialNumber: serial, RevocationTime: after})}, "OCSP": {OCSP: answer(ocsp.Revoked, after)},
	} {
		_, r := verified(t, w.verifier(opt), message)
		require.Equal(t, trust.Passed, r.Evidence[0].Check(trust.CheckRevocation).Status, "%s: %+v", name, r.Evidence[0].Check(trust.CheckRevocation))
		require.Equal(t, trust.Valid, r.Evidence[0].Verdict, name)
		require.Equal(t, trust.Unknown, r.Check(trust.CheckRevocation).Status, name)
		require.Equal(t, trust.Indeterminate, r.Verdict, name)

		seen := opt
		seen.FirstSeen = submitted.Add(time.Minute)
		_, r = verified(t, w.verifier(seen), message)
		require.NoError(t, r.Err(), name)

		// A time-stamp of nobody we trust proves nothing.
		opt.TimeStamps = store(t)
		_, r = verified(t, w.verifier(opt), message)
		require.Equal(t, trust.Unknown, r.Evidence[0].Check(trust.CheckRevocation).Status, name)
	}
	// Revoked between the event and the time-stamp: it came too late.
	between := w.now.Add(-time.Second / 2)
	require.True(t, between.After(submitted) && between.Before(w.now.Add(time.Second)))
	_, r := verified(t, w.verifier(rem.VerifyOptions{OCSP: answer(ocsp.Revoked, between), FirstSeen: submitted.AddDate(0, 0, 3)}), message)
	require.Equal(t, trust.Invalid, r.Verdict, "%+v", r.Evidence[0].Checks)
}
