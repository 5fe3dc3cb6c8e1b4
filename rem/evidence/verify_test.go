package evidence

import (
	"bytes"
	"context"
	"crypto/x509"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/certmail/certmail/internal/testpki"
	"github.com/certmail/certmail/trust"
	"github.com/stretchr/testify/require"
)

func (r *Report) statuses() []trust.Status {
	var list []trust.Status
	for _, c := range r.Checks {
		list = append(list, c.Status)
	}
	return list
}

func TestV10_PersonIdentifierIsRecomputed(t *testing.T) {
	const written = "Anna.Bianchi@alfa-rem.example"
	for id, want := range map[string]Severity{
		PersonIdentifier("IT", "IT", written):                        Remark,
		strings.ToLower(PersonIdentifier("IT", "IT", written)):       Violation, // the countries too
		"IT/IT/" + strings.ToLower(userID(strings.ToLower(written))): Tolerated,
		"IT/IT/" + userID(written):                                   Tolerated,
		PersonIdentifier("IT", "IT", "bruno@alfa-rem.example"):       Violation,
		"IT/IT/anna":                             Violation,
		"IT/" + userID(strings.ToLower(written)): Violation,
		"IT/IT/" + strings.Repeat("G", 64):       Violation,
		PersonIdentifier("ES", "IT", written):    Tolerated, // REM-Policy-IT: IT/IT/
	} {
		for _, at := range []string{"I01", "I05"} {
			e := contentConsignment()
			user := Mailbox(written).WithPersonIdentifier(id)
			if at == "I01" {
				user.Assurance = e.Sender.Assurance
				e.Sender = user
			} else {
				e.Recipients[1] = user
			}
			require.Equal(t, want, e.worst(PolicyIT(), ""), id)
			for _, d := range e.Check(PolicyIT()) {
				require.Equal(t, at, d.Component)
			}
			require.Equal(t, Remark, e.worst(GenericERDS(), ""))
		}
	}
}

// Each of the three results changes alone.
func TestV12_ThreeResults(t *testing.T) {
	w := newWorld(t)
	signed := w.sign(t, submissionAcceptance())
	results := func(r *Report) [3]trust.Verdict { return [3]trust.Verdict{r.Integrity, r.Conformance, r.Trust} }
	_, r := w.verify(t, signed)
	require.Equal(t, [3]trust.Verdict{trust.Valid, trust.Valid, trust.Valid}, results(r))
	require.Equal(t, []trust.Status{trust.Passed, trust.Passed, trust.Passed, trust.Passed, trust.Skipped}, r.statuses())

	_, r = w.verify(t, bytes.Replace(signed, []byte("Offerta n. 42"), []byte("Offerta n. 43"), 1))
	require.Equal(t, [3]trust.Verdict{trust.Invalid, trust.Valid, trust.Indeterminate}, results(r))

	good := w.trust
	w.trust.Profile = Baseline()
	w.trust.Profile.LegalName = beta
	_, r = w.verify(t, signed)
	require.Equal(t, [3]trust.Verdict{trust.Valid, trust.Invalid, trust.Valid}, results(r))
	require.Equal(t, trust.Invalid, r.Verdict)

	w.trust = good
	w.trust.Store = nil
	_, r = w.verify(t, signed)
	require.Equal(t, [3]trust.Verdict{trust.Valid, trust.Valid, trust.Indeterminate}, results(r))
	require.Equal(t, trust.Unknown, r.Check(trust.CheckSignerChain).Status)
	require.Equal(t, trust.Indeterminate, r.Verdict)

	w.trust = good
	w.trust.At = testpki.Doomsday.AddDate(1, 0, 0)
	_, r = w.verify(t, signed)
	require.Equal(t, [3]trust.Verdict{trust.Valid, trust.Valid, trust.Invalid}, results(r))
	require.Equal(t, TimeGiven, r.Basis)

	// With nothing given, nothing is believed and nothing fails.
	_, r, err := Verify(context.Background(), signed, nil)
	require.NoError(t, err)
	require.Equal(t, [3]trust.Verdict{trust.Valid, trust.Valid, trust.Indeterminate}, results(r))

	// What the caller's list does not know is a finding.
	w.trust = good
	w.trust.LegalName = func(signer *x509.Certificate, at time.Time) (string, bool) {
		require.Equal(t, w.leaf.Certificate.Raw, signer.Raw)
		require.Equal(t, signingTime.Add(time.Second), at)
		return "", false
	}
	_, r = w.verify(t, signed)
	require.NoError(t, r.Err())
	require.Equal(t, "legal-name-unknown", r.Findings[len(r.Findings)-1].Code)
}

// A document that was opened once says the same as its octets, as often as it
// is asked, whatever the caller does to a value that it gave.
func TestDocument(t *testing.T) {
	w := newWorld(t)
	signed := w.sign(t, relayAcceptance())
	d, err := Open(signed, nil)
	require.NoError(t, err)
	want, wantReport := w.verify(t, signed)
	for range 2 {
		e := d.Evidence()
		require.Equal(t, want, e)
		e.MessageID, e.Recipients[0].Identifier.Value = "changed", "changed"
		got, r, err := d.Verify(context.Background(), &w.trust)
		require.NoError(t, err)
		require.Equal(t, want, got)
		require.Equal(t, wantReport.Checks, r.Checks)
		got.Reasons[0].Details[0] = "changed"
	}
	_, r, err := d.Verify(context.Background(), nil)
	require.NoError(t, err)
	require.Equal(t, trust.Indeterminate, r.Verdict)
	_, err = Open([]byte("<a/>"), nil)
	require.ErrorIs(t, err, ErrNotEvidence)
	_, err = Open(signed, &Options{Items: 1})
	require.ErrorIs(t, err, ErrLimit)
	over, cancel := context.WithCancel(context.Background())
	cancel()
	_, _, err = d.Verify(over, nil)
	require.ErrorIs(t, err, context.Canceled)
}

func TestReportErr(t *testing.T) {
	w := newWorld(t)
	_, r := w.verify(t, w.sign(t, submissionAcceptance()))
	require.NoError(t, r.Err())
	w.trust.Store = nil
	_, r = w.verify(t, w.sign(t, submissionAcceptance()))
	require.True(t, errors.Is(r.Err(), ErrNotValid))
	require.Contains(t, r.Err().Error(), "signer-chain unknown: no trust was given")
	require.NotContains(t, r.Err().Error(), "evidence-profile passed")
	require.Equal(t, trust.Skipped, r.Check("no such check").Status)
}
