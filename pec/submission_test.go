package pec_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/pec"
	"github.com/certmail/certmail/pec/pectest"
	"github.com/certmail/certmail/receipt"
)

// composedPair is a message to one recipient and one copy, as it was submitted.
func composedPair() (*pec.Outgoing, time.Time, error) {
	at := time.Date(2026, 3, 3, 9, 15, 30, 0, time.UTC)
	out, err := pec.Compose(&pec.Draft{
		From: pec.Address{Address: "anna@pec.alfa.example"},
		To:   pec.Addresses("bruno@pec.beta.example"), Cc: pec.Addresses("carla@pec.beta.example"),
		Subject: "Contratto", Text: "In allegato.",
		MessageID: "7f3c@pec.alfa.example",
	}, &pec.ComposeOptions{Now: func() time.Time { return at }})
	return out, at, err
}

func TestSubmissionSentIsWhatTheCopySays(t *testing.T) {
	out, at, err := composedPair()
	require.NoError(t, err)
	defer out.Close()
	m, err := pec.Parse(out.Message.Source(), out.Message.Size(), nil)
	require.NoError(t, err)
	read, err := m.Sent()
	require.NoError(t, err)
	sent := out.Sent(at)
	require.True(t, read.Time.Equal(sent.Time))
	read.Time = sent.Time
	require.Equal(t, read, sent)
}

// From a message that was sent to what became of it: every receipt is
// verified, and the ledger says the rest.
func ExampleReport_Events() {
	out, at, err := composedPair()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer out.Close()
	ledger := receipt.NewLedger(nil)
	ledger.AddSent(out.Sent(at))

	// In a test the providers are ours; in life the receipts come by mail.
	ca := pectest.NewAuthority(1)
	alfa := ca.Provider("Gestore Alfa", "gestore-a.example", "pec.alfa.example")
	beta := ca.Provider("Gestore Beta", "gestore-b.example", "pec.beta.example")
	submitted, err := readAll(out)
	if err != nil {
		fmt.Println(err)
		return
	}
	envelope, transaction, err := alfa.Envelope(submitted, out.MailFrom, out.Recipients, at, beta)
	if err != nil {
		fmt.Println(err)
		return
	}
	acceptance, _ := alfa.Issue(receipt.FormAcceptance, transaction, receipt.Notice{Time: at})
	first, _ := beta.Deliver(envelope, transaction, "bruno@pec.beta.example", at.Add(5*time.Second))
	second, _ := beta.Deliver(envelope, transaction, "carla@pec.beta.example", at.Add(6*time.Second))

	store, err := ca.Store()
	if err != nil {
		fmt.Println(err)
		return
	}
	verifier := pec.NewVerifier(store, nil)
	for i, raw := range [][]byte{acceptance, first, second} {
		m, err := pec.ParseBytes(raw, nil)
		if err != nil {
			fmt.Println(err)
			return
		}
		report, err := verifier.Verify(context.Background(), m)
		if err != nil {
			fmt.Println(err)
			return
		}
		events, err := report.Events(fmt.Sprintf("receipt %d", i+1))
		if err != nil {
			fmt.Println(err)
			return
		}
		ledger.Add(events...)
	}
	for _, m := range ledger.Snapshot(at.Add(time.Hour)).Messages {
		fmt.Println(m.Light, m.Subject)
		for _, r := range m.Recipients {
			fmt.Println(r.Address, r.Status)
		}
	}
	// Output:
	// green Contratto
	// bruno@pec.beta.example delivered
	// carla@pec.beta.example delivered
}

func readAll(out *pec.Outgoing) ([]byte, error) {
	raw := make([]byte, out.Message.Size())
	_, err := out.Message.Source().ReadAt(raw, 0)
	return raw, err
}
