package receipt_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/receipt"
)

// TestEventLight: each kind has the light that a ledger of this one event by a
// valid proof agrees with, as far as it decides anything.
func TestEventLight(t *testing.T) {
	for kind, want := range map[receipt.EventKind]receipt.Light{
		receipt.EventAccepted: "", receipt.EventTakenInCharge: "", receipt.EventNotified: "", receipt.EventUntrusted: "", receipt.EventLeftNetwork: "",
		receipt.EventDelivered: receipt.Green, receipt.EventDelayed: receipt.Amber, receipt.EventNotHandedOver: receipt.Amber,
		receipt.EventNotAccepted: receipt.Red, receipt.EventNotDelivered: receipt.Red, receipt.EventTimedOut: receipt.Red,
		receipt.EventVirusDetected: receipt.Red, receipt.EventRelayRejected: receipt.Red, "unheard-of": "",
	} {
		require.Equal(t, want, kind.Light(), kind)
		if want != receipt.Green && want != receipt.Red {
			continue
		}
		l := receipt.NewLedger(nil)
		const bruno = "bruno@beta.example"
		e := receipt.Event{Kind: kind, MessageID: "1@alfa.example", Sender: "anna@alfa.example", Recipient: bruno, Recipients: []receipt.Recipient{{Address: bruno}}, Time: time.Date(2026, 3, 2, 9, 30, 0, 0, time.UTC), Proof: receipt.Proof{Verdict: receipt.Valid}}
		if kind == receipt.EventNotAccepted {
			e.Recipient = ""
		}
		l.Add(e)
		r := l.Snapshot(e.Time)
		require.Len(t, r.Messages, 1, kind)
		require.Equal(t, want, r.Messages[0].Light, "%s: %+v", kind, r.Messages[0])
	}
}
