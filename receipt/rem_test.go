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
		"A.1 B.1 D.1 E.2":     {[]EventKind{EventAccepted, EventTakenInCharge, EventDelivered, EventNotHandedOver}, StatusDelivered, ""},
		"A.1 E.2 D.1":         {[]EventKind{EventAccepted, EventNotHandedOver, EventDelivered}, StatusDelivered, ""},
		"A.1 E.2":             {[]EventKind{EventAccepted, EventNotHandedOver}, StatusFailed, ""},
		"E.2 alone":           {[]EventKind{EventNotHandedOver}, StatusFailed, ""},
		"A.1 D.2 E.2":         {[]EventKind{EventAccepted, EventNotDelivered, EventNotHandedOver}, StatusFailed, ""},
		"A.1 D.1 D.2 E.2":     {[]EventKind{EventAccepted, EventDelivered, EventNotDelivered, EventNotHandedOver}, StatusConflict, ConflictOutcome},
		"A.1 RD03 E.2":        {[]EventKind{EventAccepted, EventTimedOut, EventNotHandedOver}, StatusFailed, ""},
		"A.1 F.1 E.2":         {[]EventKind{EventAccepted, EventLeftNetwork, EventNotHandedOver}, StatusConflict, ConflictExternal},
		"A.2 E.2":             {[]EventKind{EventNotAccepted, EventNotHandedOver}, StatusConflict, ConflictAcceptance},
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

// TestREMNotFetched: what was consigned stays consigned when the recipient does not
// fetch it, and the explanation says both.
func TestREMNotFetched(t *testing.T) {
	l := NewLedger(nil)
	l.Add(remEvent(EventAccepted, "", 0), remEvent(EventDelivered, bruno, 1), remEvent(EventDelivered, carla, 1), remEvent(EventNotHandedOver, bruno, 700))
	m := l.Snapshot(after(1000 * time.Hour)).Messages[0]
	require.Equal(t, Green, m.Light)
	require.True(t, m.Settled)
	r := m.Recipients[0]
	require.Equal(t, after(time.Hour), r.Time, "that of the consignment")
	require.Contains(t, r.Explanation, "delivered, says Alfa REM")
	require.Contains(t, r.Explanation, "the recipient did not fetch it: not-handed-over, says Alfa REM")
	require.Len(t, r.Proofs, 3)
	require.Zero(t, r.Error)
	require.NotContains(t, m.Recipients[1].Explanation, "fetch")
}

// TestREMRelays: a service that takes a message and refuses it contradicts itself;
// two services that do not agree are two steps of one way.
func TestREMRelays(t *testing.T) {
	by := func(issuer string, e Event) Event {
		e.Issuer = issuer
		e.Proof.Name += issuer
		e.Proof.SHA256 = sha256.Sum256([]byte(e.Proof.Name))
		return e
	}
	taken := func(issuer string) Event { return by(issuer, remEvent(EventTakenInCharge, bruno, 1)) }
	refused := func(issuer string) Event { return by(issuer, remEvent(EventRelayRejected, bruno, 2)) }
	for name, c := range map[string]struct {
		events []Event
		status Status
	}{
		"one":                     {[]Event{taken("Beta REM"), refused("Beta REM")}, StatusConflict},
		"one, written otherwise":  {[]Event{taken("Beta REM"), refused(" BETA rem")}, StatusConflict},
		"two":                     {[]Event{taken("Gamma REM"), refused("Beta REM")}, StatusFailed},
		"two, and one of them":    {[]Event{taken("Gamma REM"), taken("Beta REM"), refused("Delta REM"), refused("Beta REM")}, StatusConflict},
		"nobody takes it":         {[]Event{taken(""), refused("Beta REM")}, StatusConflict},
		"nobody refuses it":       {[]Event{taken("Beta REM"), refused("")}, StatusConflict},
		"four of them, all apart": {[]Event{taken("A"), taken("B"), refused("C"), refused("D")}, StatusFailed},
	} {
		l := NewLedger(nil)
		l.Add(remEvent(EventAccepted, "", 0))
		l.Add(c.events...)
		m := l.Snapshot(time.Time{}).Messages[0]
		require.Equal(t, c.status, m.Recipients[0].Status, name)
		if c.status == StatusFailed {
			require.Empty(t, m.Conflicts, name)
			continue
		}
		require.Len(t, m.Conflicts, 1, name)
		require.Equal(t, ConflictRelay, m.Conflicts[0].Code, name)
		require.Equal(t, bruno, m.Conflicts[0].Recipient)
		require.Len(t, m.Conflicts[0].Files, 2)
	}
}
