package trust

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestAgIDGenerations(t *testing.T) {
	a := AgIDCA1()
	var domains []int
	for i, g := range a.Generations {
		domains = append(domains, len(g.EmailDomains))
		require.True(t, g.NotBefore.Before(g.NotAfter))
		require.Truef(t, i == 0 || a.Generations[i-1].NotBefore.Before(g.NotBefore), "generation %d", i)
		require.NotZero(t, g.SHA256)
		require.True(t, slices.IsSorted(slices.Compact(slices.Sorted(slices.Values(g.EmailDomains)))))
		require.Len(t, slices.Compact(slices.Sorted(slices.Values(g.EmailDomains))), len(g.EmailDomains))
	}
	require.Equal(t, []int{29, 33, 34, 34, 34, 34, 35, 37}, domains)
	AgIDCA1().Generations[0].EmailDomains[0] = "changed.example"
	require.Equal(t, "agid.gov.it", AgIDCA1().Generations[0].EmailDomains[0], "nobody shares the table")
}

func TestAgIDTableEqualsRealCertificates(t *testing.T) {
	a := AgIDCA1()
	for file, index := range map[string]int{"agid-ca1-2018.pem": 0, "agid-ca1-2025.pem": 7} {
		cert, g := refCert(t, file), a.Generations[index]
		require.Equal(t, a.SPKI, sha256.Sum256(cert.RawSubjectPublicKeyInfo))
		require.Same(t, &a.Generations[index], a.generation(cert))
		require.Equal(t, g.Serial, hex.EncodeToString(cert.SerialNumber.Bytes()))
		require.Equal(t, cert.PermittedEmailAddresses, g.EmailDomains)
		require.Equal(t, g.NotBefore.Format(time.DateOnly), cert.NotBefore.Format(time.DateOnly))
		require.Equal(t, g.NotAfter.Format(time.DateOnly), cert.NotAfter.Format(time.DateOnly))
	}
	root := refCert(t, "actalis-authentication-root-ca.pem")
	require.Equal(t, hash32(actalisRootSPKI), sha256.Sum256(root.RawSubjectPublicKeyInfo))
	require.Equal(t, hash32("55926084ec963a64b96e2abe01ce0ba86a64fbfebcc7aab5afc155b37fd76066"), sha256.Sum256(root.Raw))
}

func TestRealReceiptOf2018(t *testing.T) {
	leaf, bag := refSigner(t)
	event := time.Date(2018, 11, 13, 15, 39, 26, 0, time.UTC)
	q := Query{Leaf: leaf, Bag: bag, From: "posta-certificata@pec.aruba.it", At: event, Now: today}

	r := newStore(t, Material{Keys: []KeyAnchor{AgIDCA1()}}, nil).Evaluate(q)
	require.Equal(t, Passed, r.Check(CheckSignerChain).Status, r.Check(CheckSignerChain).Detail)
	require.Equal(t, Passed, r.Check(CheckSignerAddress).Status)
	require.Equal(t, Skipped, r.Check(CheckProviderDirectory).Status)
	require.Equal(t, Skipped, r.Check(CheckRevocation).Status)
	require.Equal(t, SourceIssuingKey, r.Source)
	require.Equal(t, "Aruba PEC S.p.A.", r.Provider)
	require.Equal(t, []string{"posta-certificata@pec.aruba.it"}, r.Emails)
	require.Len(t, r.AtEvent.Path, 2)
	require.Equal(t, "AgID CA1", r.AtEvent.Anchor)
	require.Empty(t, r.Findings)
	require.Equal(t, Failed, r.Now.Status, "the certificate ended in 2020")
	require.ErrorIs(t, r.Now.Err, ErrExpired)
	require.Equal(t, Valid, Judge(r.Checks, CheckSignerChain, CheckSignerAddress))

	// Issued in December 2017, before any published certificate of AgID CA1.
	q.At = time.Date(2018, 1, 10, 0, 0, 0, 0, time.UTC)
	r = newStore(t, Material{Keys: []KeyAnchor{AgIDCA1()}}, nil).Evaluate(q)
	require.Equal(t, Passed, r.AtEvent.Status, r.AtEvent.Detail)
	require.Contains(t, codes(r.Findings), "no-ca-certificate-valid-at-event")
	q.At = time.Date(2017, 12, 3, 0, 0, 0, 0, time.UTC)
	r = newStore(t, Material{Keys: []KeyAnchor{AgIDCA1()}}, nil).Evaluate(q)
	require.Equal(t, Failed, r.AtEvent.Status)
	require.ErrorIs(t, r.AtEvent.Err, ErrNotYetValid)
	q.At = event

	// Without the key, or with another one.
	r = newStore(t, Material{}, nil).Evaluate(q)
	require.Equal(t, Unknown, r.AtEvent.Status)
	require.ErrorIs(t, r.AtEvent.Err, ErrNoAnchor)
	other := newCA("Another CA")
	r = newStore(t, Material{Keys: []KeyAnchor{keyAnchor(other.Certificate)}, Anchors: certs(other.Certificate)}, nil).Evaluate(q)
	require.Equal(t, Unknown, r.AtEvent.Status)
	require.ErrorIs(t, r.AtEvent.Err, ErrNoPath)
	require.Equal(t, SourceNone, r.Source)

	// The public root alone is no proof; with the key it does no harm.
	root := refCert(t, "actalis-authentication-root-ca.pem")
	r = newStore(t, Material{Anchors: certs(root)}, nil).Evaluate(q)
	require.Equal(t, Unknown, r.AtEvent.Status)
	require.ErrorIs(t, r.AtEvent.Err, ErrPublicRoot)
	require.Equal(t, Indeterminate, Judge(r.Checks, CheckSignerChain, CheckSignerAddress))
	r = newStore(t, Material{Anchors: certs(root), Keys: []KeyAnchor{AgIDCA1()}}, nil).Evaluate(q)
	require.Equal(t, Passed, r.AtEvent.Status)
	require.Equal(t, SourceIssuingKey, r.AtEvent.Source)

	// AgID CA1's certificate as the caller's anchor, though not self-signed.
	r = newStore(t, Material{Anchors: certs(refCert(t, "agid-ca1-2018.pem"))}, nil).Evaluate(q)
	require.Equal(t, Passed, r.AtEvent.Status)
	require.Equal(t, SourceAnchor, r.AtEvent.Source)

	// The certificates left out of the message: the key's hash verifies
	// nothing alone, a supplied certificate does.
	q.Bag = nil
	r = newStore(t, Material{Keys: []KeyAnchor{AgIDCA1()}}, nil).Evaluate(q)
	require.ErrorIs(t, r.AtEvent.Err, ErrNoPath)
	r = newStore(t, Material{Keys: []KeyAnchor{AgIDCA1()}, Intermediates: certs(refCert(t, "agid-ca1-2018.pem"))}, nil).Evaluate(q)
	require.Equal(t, Passed, r.AtEvent.Status)
	// Only a later certificate over the same key at hand.
	r = newStore(t, Material{Keys: []KeyAnchor{AgIDCA1()}, Intermediates: certs(refCert(t, "agid-ca1-2025.pem"))}, nil).Evaluate(q)
	require.Equal(t, Passed, r.AtEvent.Status)
	require.Equal(t, []string{"no-ca-certificate-valid-at-event"}, codes(r.Findings))
}

func TestRealSignerOf2023UnderEveryGeneration(t *testing.T) {
	leaf := refCert(t, "aruba-pec-signer-2023.pem")
	for _, ca := range []string{"agid-ca1-2018.pem", "agid-ca1-2025.pem"} {
		q := Query{Leaf: leaf.Raw, Bag: [][]byte{refCert(t, ca).Raw}, From: "Posta-Certificata@PEC.aruba.it", At: time.Date(2025, 6, 1, 0, 0, 0, 0, time.UTC)}
		r := newStore(t, Material{Keys: []KeyAnchor{AgIDCA1()}}, nil).Evaluate(q)
		require.Equal(t, Passed, r.AtEvent.Status, r.AtEvent.Detail)
		require.Equal(t, Passed, r.Check(CheckSignerAddress).Status)
		require.Empty(t, r.Findings)
		require.Equal(t, Skipped, r.Now.Status)
	}
}
