package pectest_test

import (
	"bytes"
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/pec"
	"github.com/certmail/certmail/pec/pectest"
	"github.com/certmail/certmail/receipt"
	"github.com/certmail/certmail/trust"
)

var noon = time.Date(2026, 7, 3, 10, 0, 0, 0, time.UTC)

const submitted = "From: anna@pec.alfa.example\r\nTo: bruno@pec.beta.example\r\nCc: carla@pec.beta.example\r\nSubject: Contratto\r\n" +
	"Message-ID: <1@pc.alfa.example>\r\n\r\nciao\r\n"

func twoProviders() (*pectest.Authority, *pectest.Provider, *pectest.Provider) {
	ca := pectest.NewAuthority(5)
	return ca, ca.Provider("Gestore Alfa S.p.A.", "gestore-a.example", "pec.alfa.example"), ca.Provider("Gestore Beta S.r.l.", "gestore-b.example", "pec.beta.example")
}

func judge(t *testing.T, ca *pectest.Authority, message []byte) *pec.Report {
	t.Helper()
	store, err := ca.Store()
	require.NoError(t, err)
	m, err := pec.ParseBytes(message, nil)
	require.NoError(t, err)
	r, err := pec.NewVerifier(store, nil).Verify(context.Background(), m)
	require.NoError(t, err)
	return r
}

func TestProviderMessagesVerify(t *testing.T) {
	ca, alfa, beta := twoProviders()
	mail, tr, err := alfa.Envelope([]byte(submitted), "anna@pec.alfa.example", []string{"bruno@pec.beta.example", "carla@pec.beta.example", "dario@gamma.example"}, noon, beta)
	require.NoError(t, err)
	r := judge(t, ca, mail)
	require.Equal(t, trust.Valid, r.Verdict, "%v", r.Checks)
	require.Equal(t, "2026-07-03T12:00:00+02:00", r.Time.Format(time.RFC3339))
	require.Equal(t, "esterno", string(tr.Recipients[2].Type))

	whole, err := beta.Deliver(mail, tr, "bruno@pec.beta.example", noon.Add(time.Second))
	require.NoError(t, err)
	concise, err := beta.Deliver(mail, tr, "carla@pec.beta.example", noon.Add(time.Second))
	require.NoError(t, err)
	require.Contains(t, string(whole), "postacert.eml")
	require.NotContains(t, string(concise), "postacert.eml")
	anomaly, err := beta.Anomaly([]byte(submitted), "x@gamma.example", []string{"bruno@pec.beta.example"}, "messaggio non firmato", noon)
	require.NoError(t, err)
	for _, message := range [][]byte{whole, concise, anomaly} {
		require.Equal(t, trust.Valid, judge(t, ca, message).Verdict)
	}
}

func TestSameSeedSameBytes(t *testing.T) {
	write := func() []byte {
		_, alfa, beta := twoProviders()
		mail, _, err := alfa.Envelope([]byte(submitted), "anna@pec.alfa.example", []string{"bruno@pec.beta.example"}, noon, beta)
		require.NoError(t, err)
		return mail
	}
	require.True(t, bytes.Equal(write(), write()))
}

func TestRealDomainsAreRefused(t *testing.T) {
	require.Panics(t, func() { pectest.NewAuthority(5).Provider("Gestore", "pec.it") })
	require.False(t, pectest.Reserved("notexample"))
	require.True(t, pectest.Reserved("pec.alfa.Example."))
}

func ExampleAuthority_Provider() {
	ca := pectest.NewAuthority(5)
	alfa := ca.Provider("Gestore Alfa S.p.A.", "gestore-a.example", "pec.alfa.example")
	_, transaction, err := alfa.Envelope([]byte(submitted), "anna@pec.alfa.example", []string{"bruno@pec.alfa.example"}, noon)
	if err != nil {
		fmt.Println(err)
		return
	}
	acceptance, err := alfa.Issue(receipt.FormAcceptance, transaction, receipt.Notice{Time: noon})
	if err != nil {
		fmt.Println(err)
		return
	}
	m, err := pec.ParseBytes(acceptance, nil)
	fmt.Println(m.Kind, m.Identifier(), err)
	// Output: accettazione pec1.20260703120000.00001.1@gestore-a.example <nil>
}
