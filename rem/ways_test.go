package rem_test

import (
	"crypto/sha256"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/receipt"
	"github.com/certmail/certmail/rem"
	"github.com/certmail/certmail/rem/evidence"
)

// TestV11_NotFetched: E.2 after D.1. The message was consigned, and stays so (EN 319
// 522-1 §6): no contradiction, in neither view. Without a D.1 it is a failure.
func TestV11_NotFetched(t *testing.T) {
	w := newWorld(t)
	record := func(event evidence.Event, by *party, reason string, after time.Duration) rem.Record {
		e := w.draft(event, by, reason)
		e.Time = evidence.At(submitted.Add(after))
		d, err := evidence.Parse(w.sign(e, by), nil)
		require.NoError(t, err)
		return rem.Record{Name: d.ID, Kind: rem.KindReceipt, Document: d, Verdict: receipt.Valid}
	}
	ledger := func(records ...rem.Record) *receipt.Message {
		l := receipt.NewLedger(nil)
		for _, r := range records {
			l.Add(rem.EventsOf(r.Document, receipt.Proof{Name: r.Name, Kind: string(r.Kind), SHA256: sha256.Sum256([]byte(r.Name)), Verdict: r.Verdict})...)
		}
		return &l.Snapshot(time.Time{}).Messages[0]
	}
	accepted := record(evidence.SubmissionAcceptance, w.alfa, "RA01", 0)
	consigned := record(evidence.ContentConsignment, w.beta, "RD01", time.Minute)
	for _, reason := range []string{"RE03", "RE04"} {
		late := record(evidence.ContentHandoverFailure, w.beta, reason, 30*24*time.Hour)
		tx := rem.Transactions(accepted, consigned, late)[0]
		require.Empty(t, tx.Contradictions)
		require.Equal(t, []rem.State{rem.StateConsigned, rem.StateAccepted}, states(tx))
		m := ledger(accepted, consigned, late)
		require.Empty(t, m.Conflicts)
		require.Equal(t, receipt.StatusDelivered, m.Recipients[0].Status)
		require.True(t, m.Recipients[0].Verified)
		require.Contains(t, m.Recipients[0].Explanation, "did not fetch it")

		tx = rem.Transactions(accepted, late)[0]
		require.Equal(t, rem.StateNotHanded, tx.Recipients[0].State)
		m = ledger(accepted, late)
		require.Equal(t, receipt.StatusFailed, m.Recipients[0].Status)
		require.Equal(t, reason, m.Recipients[0].Error.Code)
	}
	// Handed over and not handed over: the transaction says that both cannot be;
	// what one service attests to have handed over was consigned all the same.
	handed, not := record(evidence.ContentHandover, w.beta, "RE01", time.Hour), record(evidence.ContentHandoverFailure, w.beta, "RE03", 2*time.Hour)
	require.Equal(t, []string{receipt.ConflictOutcome}, conflicts(rem.Transactions(accepted, handed, not)[0]))
	require.Equal(t, receipt.StatusDelivered, ledger(accepted, handed, not).Recipients[0].Status)
}

// TestV11_Relays: a service in between accepts what the recipient's then refuses
// (the extended model of EN 319 522-1 §4): no contradiction. One service that does
// both contradicts itself.
func TestV11_Relays(t *testing.T) {
	w := newWorld(t)
	record := func(event evidence.Event, issuer string, reason string) rem.Record {
		e := w.draft(event, w.beta, reason)
		e.Issuer = evidence.Provider(issuer)
		d, err := evidence.Parse(w.sign(e, w.beta), nil)
		require.NoError(t, err)
		return rem.Record{Name: d.ID, Kind: rem.KindReceipt, Document: d, Verdict: receipt.Valid}
	}
	between := record(evidence.RelayAcceptance, "Gamma REM", "RB01")
	taken, refused := record(evidence.RelayAcceptance, "Beta REM", "RB01"), record(evidence.RelayRejection, "Beta REM", "RB06")
	tx := rem.Transactions(between, refused)[0]
	require.Empty(t, tx.Contradictions)
	require.Equal(t, []rem.State{rem.StateNotRelayed, rem.StateNotRelayed}, states(tx))
	for _, records := range [][]rem.Record{{taken, refused}, {between, taken, refused}, {record(evidence.RelayAcceptance, "beta rem", "RB01"), refused}} {
		tx = rem.Transactions(records...)[0]
		require.Equal(t, []string{receipt.ConflictRelay, receipt.ConflictRelay}, conflicts(tx))
		require.NotContains(t, tx.Contradictions[0].Detail, between.Name+")")
	}
}

// TestSendersProvider: RD03 is for the sender's provider to state; it may make its
// identifiers below the domain that it signs for.
func TestSendersProvider(t *testing.T) {
	w := newWorld(t)
	for id, odd := range map[string]bool{
		"D1@rem-service.alfa-rem.example": false, "D1@alfa-rem.example": false, "D1@ALFA-REM.example": false, "D1@example": true,
		"D1@beta-rem.example": true, "D1@notalfa-rem.example": true, "D1@rem-service.beta-rem.example": true,
	} {
		e := w.draft(evidence.ContentConsignmentFailure, w.alfa, "RD03")
		e.MessageID = id
		r := w.judge(w.receipt(w.alfa, w.sign(e, w.alfa)))
		require.Equal(t, odd, slices.Contains(codes(r), "not-the-senders-provider"), "%s: %v", id, r.Findings)
	}
}
