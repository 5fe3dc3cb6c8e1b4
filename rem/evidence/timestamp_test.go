package evidence

import (
	"context"
	"crypto/x509"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/certmail/certmail/internal/testpki"
	"github.com/certmail/certmail/trust"
	"github.com/certmail/certmail/trust/tsp/tsptest"
	"github.com/stretchr/testify/require"
)

func TestV03_TimeStamps(t *testing.T) {
	w := newWorld(t)
	for _, fault := range tsptest.Faults() {
		tsa, err := w.tsa.With(fault)
		require.NoError(t, err)
		w.signer.TimeStamp = tsa
		signed, err := Sign(context.Background(), must(submissionAcceptance().Marshal(Baseline())), w.signer)
		if fault == tsptest.Refuses {
			require.Error(t, err)
			continue
		}
		require.NoError(t, err, fault)
		_, r := w.verify(t, signed)
		want := trust.Failed
		switch fault {
		case tsptest.OtherNonce, tsptest.OtherPolicy, tsptest.DecoyFirst, tsptest.WithMods, tsptest.Unavailable, tsptest.Babbles: // not of the token
			want = trust.Passed
		case tsptest.NoCertificates, tsptest.Impostor:
			want = trust.Unknown
		case tsptest.ClockAhead: // not later than our present
			want = trust.Passed
		case tsptest.ClockBehind: // the token is sound; it contradicts the signature
			want = trust.Passed
			require.Equal(t, trust.Failed, r.Check(trust.CheckEvidenceProfile).Status)
		}
		require.Equal(t, want, r.Check(trust.CheckEvidenceTimestamp).Status, "%s: %s", fault, r.Check(trust.CheckEvidenceTimestamp).Detail)
		require.Equal(t, trust.Passed, r.Check(trust.CheckEvidenceSignature).Status, fault)
	}
}

func TestV03_TrustAndQualificationApart(t *testing.T) {
	w := newWorld(t)
	signed := w.sign(t, submissionAcceptance())
	// Without anchors for the authority.
	tsa := w.trust.TSA
	w.trust.TSA = nil
	_, r := w.verify(t, signed)
	require.Equal(t, trust.Unknown, r.Check(trust.CheckEvidenceTimestamp).Status)
	require.True(t, r.TimeStamp.OK)
	require.False(t, r.TimeStamp.Trusted)
	require.Equal(t, []trust.Verdict{trust.Valid, trust.Valid, trust.Indeterminate}, []trust.Verdict{r.Integrity, r.Conformance, r.Trust})
	require.Equal(t, TimeCertifiedEvent, r.Basis, "a time-stamp that is not trusted dates nothing")
	require.Equal(t, trust.Skipped, r.Qualification.Status)
	// Not qualified is not untrusted.
	w.trust.TSA = tsa
	w.trust.Qualify = func(cert *x509.Certificate, path []*x509.Certificate, at time.Time) trust.Check {
		require.Equal(t, w.tsa.Certificate().Raw, cert.Raw)
		require.NotEmpty(t, path)
		require.Equal(t, signingTime.Add(time.Second), at)
		return trust.Check{Status: trust.Failed, Detail: "not a qualified service"}
	}
	_, r = w.verify(t, signed)
	require.Equal(t, trust.Failed, r.Qualification.Status)
	require.Equal(t, trust.Valid, r.Trust)
	require.NoError(t, r.Err())

	// X15: the token of another signature; several tokens; none that can be read.
	token := func(xml []byte) string {
		s := string(xml)
		return s[strings.Index(s, "<xades:SignatureTimeStamp") : strings.Index(s, "</xades:SignatureTimeStamp>")+len("</xades:SignatureTimeStamp>")]
	}
	other := token(w.sign(t, contentConsignment()))
	swapped := strings.Replace(string(signed), token(signed), other, 1)
	_, r = w.verify(t, []byte(swapped))
	require.Equal(t, trust.Failed, r.Check(trust.CheckEvidenceTimestamp).Status)
	require.Contains(t, r.Check(trust.CheckEvidenceTimestamp).Detail, "imprint")
	require.Equal(t, trust.Invalid, r.Integrity)
	for _, both := range []string{token(signed) + other, other + token(signed)} {
		_, r = w.verify(t, []byte(strings.Replace(string(signed), token(signed), both, 1)))
		require.NoError(t, r.Err())
		require.Len(t, r.TimeStamps, 2)
		require.True(t, r.TimeStamp.OK)
	}
	removed := strings.Replace(string(signed), token(signed), "", 1)
	_, r = w.verify(t, []byte(removed))
	require.Equal(t, trust.Failed, r.Check(trust.CheckEvidenceTimestamp).Status)
	garbage := cutBetween(string(signed), "<xades:EncapsulatedTimeStamp", "</xades:EncapsulatedTimeStamp>", "AAAA")
	for _, w.trust.Profile = range []*Profile{nil, GenericERDS()} { // also where none is asked for
		_, r = w.verify(t, []byte(garbage))
		require.Equal(t, trust.Failed, r.Check(trust.CheckEvidenceTimestamp).Status)
		require.Equal(t, trust.Invalid, r.Integrity)
		require.Equal(t, trust.Invalid, r.Verdict)
	}
	_, r = w.verify(t, []byte(removed))
	require.Equal(t, trust.Skipped, r.Check(trust.CheckEvidenceTimestamp).Status, "the generic profile only recommends one")
	require.Equal(t, trust.Valid, r.Integrity)
	require.Equal(t, trust.Indeterminate, r.Verdict, "nothing proves when it was signed")
}

// TestV03_Revoked: what the parts of the report say of a signer who was revoked.
func TestV03_Revoked(t *testing.T) {
	w := newWorld(t)
	signed := w.sign(t, submissionAcceptance())
	for name, c := range map[string]struct {
		at   time.Duration // from the time-stamp
		want trust.Verdict
	}{"before the time-stamp": {-time.Millisecond, trust.Invalid}, "after it": {time.Minute, trust.Valid}} {
		list := &x509.RevocationList{Number: big.NewInt(1), ThisUpdate: signingTime.Add(time.Hour / 2), NextUpdate: signingTime.Add(24 * time.Hour),
			RevokedCertificateEntries: []x509.RevocationListEntry{{SerialNumber: w.leaf.Certificate.SerialNumber, RevocationTime: signingTime.Add(time.Second + c.at)}}}
		der, err := x509.CreateRevocationList(testpki.Reader(2, "crl"), list, w.root.Certificate, w.root.Key)
		require.NoError(t, err)
		w.trust.CRLs = [][]byte{der}
		for _, w.trust.FirstSeen = range []time.Time{{}, signingTime.Add(2 * time.Hour)} {
			_, r := w.verify(t, signed)
			require.Equal(t, []trust.Verdict{trust.Valid, trust.Valid, c.want}, []trust.Verdict{r.Integrity, r.Conformance, r.Trust}, name)
			require.Equal(t, c.want, r.Verdict, name)
		}
	}
}

func TestV09_TimesInOrder(t *testing.T) {
	w := newWorld(t)
	try := func(event, signing, stamp time.Duration) (*Report, []string) {
		e := submissionAcceptance()
		e.Time = At(submitted.Add(event))
		w.signer.Now = func() time.Time { return submitted.Add(signing) }
		tsa, err := tsptest.New(tsptest.Config{Clock: func() time.Time { return submitted.Add(stamp) }, Seed: 3})
		require.NoError(t, err)
		w.signer.TimeStamp = tsa
		w.trust.Now = time.Time{}
		signed, err := Sign(context.Background(), must(e.Marshal(Baseline())), w.signer)
		require.NoError(t, err)
		_, r := w.verify(t, signed)
		var found []string
		for _, d := range r.Deviations {
			found = append(found, d.Severity.String()+" "+d.Found)
		}
		return r, found
	}
	for _, c := range []struct {
		event, signing, stamp time.Duration
		found                 []string
	}{
		{0, 0, 0, nil},
		{time.Second, 2 * time.Second, 3 * time.Second, nil},
		{0, -30 * time.Second, -time.Minute, nil}, // clocks differ
		{0, time.Second, -2 * time.Minute, []string{"violation the time-stamp 2m1s before signing"}},
		{0, 2 * time.Hour, 2 * time.Hour, []string{"remark signing 2h0m0s after the event"}},
		{0, 0, 25 * time.Hour, []string{"remark the time-stamp 25h0m0s after signing"}},
	} {
		r, found := try(c.event, c.signing, c.stamp)
		require.Equal(t, c.found, found)
		want := trust.Passed
		if len(found) > 0 && strings.HasPrefix(found[0], "violation") {
			want = trust.Failed
		}
		require.Equal(t, want, r.Check(trust.CheckEvidenceProfile).Status)
	}
	// The event before the submission.
	e := contentConsignment()
	e.Time = At(submitted.Add(-2 * time.Minute))
	require.Equal(t, Violation, e.worst(Baseline(), ""))
	require.Equal(t, Violation, e.worst(GenericERDS(), ""))
	p := Baseline()
	p.Skew = 3 * time.Minute
	require.Equal(t, Remark, e.worst(p, ""))
	e.Time = At(submitted.Add(-time.Second))
	require.Equal(t, Remark, e.worst(Baseline(), ""))
	p.Skew = -1
	require.Equal(t, Violation, e.worst(p, ""))
}
