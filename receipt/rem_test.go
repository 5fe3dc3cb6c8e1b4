package receipt

import (
	"crypto/sha256"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// remEvent is an event of REM, proven by a document of its own.
func remEvent(kind EventKind, recipient string, hours int) Event {
	return Event{
		System: REM, Kind: kind, MessageID: "ua@client", Identifier: "d1@rem", Sender: anna, Recipient: recipient,
		Recipients: []Recipient{{Address: bruno}, {Address: carla}}, Time: after(time.Duration(hours) * time.Hour), Issuer: "Alfa REM",
		Proof: Proof{Name: string(kind) + recipient, Kind: "receipt", SHA256: sha256.Sum256([]byte(string(kind) + recipient)), Verdict: Valid},
	}
}

// TestREMStatus: the life cycle of EN 319 532-4 C.4.5 for the recipient bruno.
func TestREMStatus(t *testing.T) {
	for name, c := range map[string]struct {
		kinds    []EventKind
		status   Status
		conflict string
	}{
		"A.1":                 {[]EventKind{EventAccepted}, StatusAccepted, ""},
		"A.1 B.1":             {[]EventKind{EventAccepted, EventTakenInCharge}, StatusInTransit, ""},
		"A.1 B.1 D.1":         {[]EventKind{EventAccepted, EventTakenInCharge, EventDelivered}, StatusDelivered, ""},
		"A.1 B.1 D.2":         {[]EventKind{EventAccepted, EventTakenInCharge, EventNotDelivered}, StatusFailed, ""},
		"A.1 B.2":             {[]EventKind{EventAccepted, EventRelayRejected}, StatusFailed, ""},
		"A.1 B.2 B.3":         {[]EventKind{EventAccepted, EventRelayRejected, EventNotDelivered}, StatusFailed, ""},
		"A.1 B.1 B.2":         {[]EventKind{EventAccepted, EventTakenInCharge, EventRelayRejected}, StatusConflict, ConflictRelay},
		"A.1 B.2 D.1":         {[]EventKind{EventAccepted, EventRelayRejected, EventDelivered}, StatusConflict, ConflictOutcome},
		"A.1 B.1 D.2 D.1":     {[]EventKind{EventAccepted, EventTakenInCharge, EventNotDelivered, EventDelivered}, StatusConflict, ConflictOutcome},
		"A.1 B.1 RD03":        {[]EventKind{EventAccepted, EventTakenInCharge, EventTimedOut}, StatusFailed, ""},
		"A.1 B.1 RD03 D.1":    {[]EventKind{EventAccepted, EventTakenInCharge, EventTimedOut, EventDelivered}, StatusDelivered, ""},
		"A.1 C.1":             {[]EventKind{EventAccepted, EventNotified}, StatusInTransit, ""},
		"A.1 untrusted":       {[]EventKind{EventAccepted, EventUntrusted}, StatusExternal, ""},
		"A.1 untrusted B.1":   {[]EventKind{EventAccepted, EventUntrusted, EventTakenInCharge}, StatusInTransit, ""},
		"A.1 F.1":             {[]EventKind{EventAccepted, EventLeftNetwork}, StatusExternal, ""},
		"A.1 untrusted F.2":   {[]EventKind{EventAccepted, EventUntrusted, EventNotDelivered}, StatusFailed, ""},
		"A.1 F.1 F.2":         {[]EventKind{EventAccepted, EventLeftNetwork, EventNotDelivered}, StatusConflict, ConflictExternal},
		"A.2":                 {[]EventKind{EventNotAccepted}, StatusRejected, ""},
		"A.2 B.1":             {[]EventKind{EventNotAccepted, EventTakenInCharge}, StatusConflict, ConflictAcceptance},
		"D.1 alone":           {[]EventKind{EventDelivered}, StatusDelivered, ""},
		"F.1 alone":           {[]EventKind{EventLeftNetwork}, StatusExternal, ""},
		"B.2 without the A.1": {[]EventKind{EventRelayRejected}, StatusFailed, ""},
	} {
		l := NewLedger(nil)
		for i, kind := range c.kinds {
			recipient := bruno
			if kind == EventAccepted || kind == EventNotAccepted {
				recipient = ""
			}
			l.Add(remEvent(kind, recipient, i))
		}
		report := l.Snapshot(time.Time{})
		require.Empty(t, report.Orphans, name)
		require.Len(t, report.Messages, 1, name)
		m := report.Messages[0]
		require.Equal(t, "d1@rem", m.Identifier)
		require.Equal(t, bruno, m.Recipients[0].Address)
		require.Equal(t, c.status, m.Recipients[0].Status, name)
		require.True(t, m.Recipients[0].Verified, name)
		if c.conflict == "" {
			require.Empty(t, m.Conflicts, name)
		} else {
			require.Equal(t, c.conflict, m.Conflicts[0].Code, name)
		}
	}
}
