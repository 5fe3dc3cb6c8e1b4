package receipt

import (
	"crypto/sha256"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/daticert"
)

func codesOf(list []Finding) []string {
	var out []string
	for _, f := range list {
		out = append(out, f.Code)
	}
	return out
}

func TestS19_ReceiptOlderThanTheSubmission(t *testing.T) {
	s := sent(bruno)
	old := events(t, data("avvenuta-consegna", after(-48*time.Hour), to(bruno)), "old", Valid)
	m := only(t, ledger(&s, old), start)
	require.Equal(t, Grey, m.Light)
	require.Equal(t, []string{FindingEarly}, codesOf(m.Findings))
	require.False(t, m.Recipients[0].Verified)

	// A clock of ours that is some minutes fast is no replay.
	near := events(t, data("avvenuta-consegna", after(-9*time.Minute), to(bruno)), "near", Valid)
	m = only(t, ledger(&s, near), start)
	require.Equal(t, Green, m.Light)
	require.Empty(t, m.Findings)
}

func TestS19_ReceiptOfAnotherSenderWithOurMessageID(t *testing.T) {
	// Whoever got our message knows its Message-ID, may send one of his own under
	// it and gets genuine receipts, which he can forward to us.
	s := sent(bruno)
	evil := func(d *daticert.Data) { d.Sender, d.Identifier = "evil@gamma.example", "x@gestore-c.example" }
	report := ledger(&s,
		events(t, data("avvenuta-consegna", after(9*time.Second), both(to(bruno), evil)), "evil", Valid),
		events(t, data("accettazione", after(2*time.Second), nil), "acc", Valid)).Snapshot(start)
	require.Equal(t, StatusAccepted, report.Messages[0].Recipients[0].Status)
	require.Equal(t, Amber, report.Messages[0].Light)
	require.Empty(t, report.Messages[0].Conflicts)
	require.Equal(t, whySender, report.Orphans[0].Why)

	// Known from receipts only, they are two messages.
	report = ledger(nil,
		events(t, data("avvenuta-consegna", after(9*time.Second), both(to(bruno), evil)), "evil", Valid),
		events(t, data("accettazione", after(2*time.Second), nil), "acc", Valid)).Snapshot(start)
	require.Len(t, report.Messages, 2)
}

func TestS20_ReceiptForAnotherRecipient(t *testing.T) {
	s := sent(bruno)
	l := ledger(&s, events(t, data("avvenuta-consegna", after(9*time.Second), both(people(carla), to(carla))), "other", Valid))
	report := l.Snapshot(start)
	require.Equal(t, StatusSubmitted, report.Messages[0].Recipients[0].Status)
	require.Len(t, report.Messages[0].Recipients, 1)
	require.Len(t, report.Orphans, 1)
	require.Equal(t, whyRecipient, report.Orphans[0].Why)
	require.Equal(t, []string{carla}, report.Orphans[0].Recipients)
}

func TestS20_OrphanSaysNothingAboutTheMessage(t *testing.T) {
	s := sent(bruno)
	acc := events(t, data("accettazione", after(2*time.Second), nil), "acc", Valid)
	other := events(t, data("avvenuta-consegna", after(9*time.Second), both(people(carla), to(carla), func(d *daticert.Data) { d.Identifier = "other@x" })), "other", Valid)
	report := ledger(&s, other, acc).Snapshot(start)
	require.Equal(t, pecID, report.Messages[0].Identifier)
	require.Empty(t, report.Messages[0].Conflicts)
	require.Equal(t, StatusAccepted, report.Messages[0].Recipients[0].Status)
	require.Len(t, report.Orphans, 1)
}

func TestS20_ForgedReceiptAddsNoRecipient(t *testing.T) {
	acc := events(t, data("accettazione", after(2*time.Second), nil), "acc", Valid)
	forged := events(t, data("avvenuta-consegna", after(9*time.Second), both(people(bruno, carla), to(carla))), "forged", Indeterminate)
	m := only(t, ledger(nil, acc, forged), start)
	require.Equal(t, map[string]Status{bruno: StatusAccepted}, statuses(m))
}

func TestS21_SameIdentifierOtherContent(t *testing.T) {
	s := sent(bruno, carla)
	one := events(t, data("avvenuta-consegna", after(9*time.Second), both(people(bruno, carla), to(bruno))), "one", Valid)
	two := events(t, data("avvenuta-consegna", after(9*time.Second), both(people(bruno, carla), to(carla))), "two", Valid)
	one[0].Proof.Content = sha256.Sum256([]byte("a"))
	two[0].Proof.Content = one[0].Proof.Content
	require.Equal(t, Green, only(t, ledger(&s, one, two), start).Light)

	two[0].Proof.Content = sha256.Sum256([]byte("b"))
	m := only(t, ledger(&s, one, two), start)
	require.Equal(t, Red, m.Light)
	require.Equal(t, map[string]Status{bruno: StatusConflict, carla: StatusConflict}, statuses(m))
	require.Equal(t, ConflictContent, m.Conflicts[0].Code)
	require.Equal(t, []string{"one", "two"}, m.Conflicts[0].Files)

	two[0].Proof.Verdict = Indeterminate
	require.NotEqual(t, Red, only(t, ledger(&s, one, two), start).Light)
}

func TestContradictions(t *testing.T) {
	acc := events(t, data("accettazione", after(2*time.Second), nil), "acc", Valid)
	cons := events(t, data("avvenuta-consegna", after(9*time.Second), to(bruno)), "cons", Valid)
	fail := events(t, data("errore-consegna", after(10*time.Second), failure(bruno, "no-dest", "5.1.1 - B - x")), "fail", Valid)
	rej := events(t, data("non-accettazione", after(2*time.Second), failure("", "altro", "x")), "rej", Valid)
	timeout := events(t, data("preavviso-errore-consegna", after(23*time.Hour), failure(bruno, "altro", "5.4.1 - A - x")), "pre", Valid)
	second := events(t, data("accettazione", after(3*time.Second), func(d *daticert.Data) { d.Identifier = "second@gestore-a.example" }), "second", Valid)
	for _, tt := range []struct {
		name   string
		events [][]Event
		code   string
		files  []string
	}{
		{"delivered and failed", [][]Event{acc, cons, fail}, ConflictOutcome, []string{"cons", "fail"}},
		{"accepted and rejected", [][]Event{acc, rej}, ConflictAcceptance, []string{"rej", "acc"}},
		{"rejected and delivered", [][]Event{rej, cons}, ConflictAcceptance, []string{"rej", "cons"}},
		{"two identifiers", [][]Event{acc, second}, ConflictIdentifier, []string{"acc", "second"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := sent(bruno)
			m := only(t, ledger(&s, tt.events...), start)
			require.Equal(t, StatusConflict, m.Recipients[0].Status)
			require.Equal(t, Red, m.Light)
			require.Len(t, m.Conflicts, 1)
			require.Equal(t, tt.code, m.Conflicts[0].Code)
			require.Equal(t, tt.files, m.Conflicts[0].Files)
			require.True(t, m.Conflicts[0].Verified)

			// The same without trust is shown and is grey.
			var claimedEvents [][]Event
			for _, list := range tt.events {
				list = append([]Event(nil), list...)
				for i := range list {
					list[i].Proof.Verdict = Indeterminate
				}
				claimedEvents = append(claimedEvents, list)
			}
			m = only(t, ledger(&s, claimedEvents...), start)
			require.Equal(t, StatusConflict, m.Recipients[0].Status)
			require.Equal(t, Grey, m.Light)
			require.False(t, m.Conflicts[0].Verified)
		})
	}
	t.Run("time-out and non-delivery agree", func(t *testing.T) {
		m := only(t, ledger(nil, acc, timeout, fail), start)
		require.Equal(t, StatusFailed, m.Recipients[0].Status)
		require.Equal(t, "5.1.1", m.Recipients[0].Error.Code)
		require.Empty(t, m.Conflicts)
	})
	t.Run("one identifier for two messages", func(t *testing.T) {
		other := events(t, data("accettazione", after(5*time.Second), func(d *daticert.Data) { d.MessageID = "<other@alfa.example>" }), "other", Valid)
		report := ledger(nil, acc, other).Snapshot(start)
		require.Len(t, report.Messages, 2)
		for _, m := range report.Messages {
			require.Equal(t, Red, m.Light)
			require.Equal(t, ConflictShared, m.Conflicts[0].Code)
		}
	})
}

func TestAcceptanceOfOtherRecipientsIsReported(t *testing.T) {
	s := sent(bruno, carla)
	m := only(t, ledger(&s, events(t, data("accettazione", after(2*time.Second), nil), "acc", Valid)), start)
	require.Equal(t, map[string]Status{bruno: StatusAccepted, carla: StatusSubmitted}, statuses(m))
	require.Equal(t, []string{FindingAcceptedOthers}, codesOf(m.Findings))

	s = sent(carla)
	report := ledger(&s, events(t, data("accettazione", after(2*time.Second), nil), "acc", Valid)).Snapshot(start)
	require.Equal(t, StatusSubmitted, report.Messages[0].Recipients[0].Status)
	require.Equal(t, whyRecipient, report.Orphans[0].Why)
}

func TestReceiptWithoutSenderProvesNothing(t *testing.T) {
	s := sent(bruno)
	m := only(t, ledger(&s, events(t, data("avvenuta-consegna", after(9*time.Second), both(to(bruno), func(d *daticert.Data) { d.Sender = "" })), "cons", Valid)), start)
	require.Equal(t, Grey, m.Light)
	require.Equal(t, []string{FindingNoSender}, codesOf(m.Findings))
}

func TestVerdictsOfOneProofJoin(t *testing.T) {
	s := sent(bruno)
	with := func(v Verdict, name string) []Event {
		list := events(t, data("avvenuta-consegna", after(9*time.Second), to(bruno)), "cons", v)
		list[0].Proof.Name = name
		return list
	}
	m := only(t, ledger(&s, with(Unverified, "b"), with(Valid, "a"), with(Indeterminate, "c")), start)
	require.Equal(t, Green, m.Light)
	require.Len(t, m.Recipients[0].Proofs, 1)
	require.Equal(t, "a", m.Recipients[0].Proofs[0].File)
	m = only(t, ledger(&s, with(Invalid, "b"), with(Valid, "a")), start)
	require.Equal(t, Grey, m.Light)
}

func TestSubmittedTwice(t *testing.T) {
	one, two := sent(bruno), sent(carla, bruno)
	one.SHA256, two.SHA256 = sha256.Sum256([]byte("1")), sha256.Sum256([]byte("2"))
	two.Time = after(time.Minute)
	l := NewLedger(nil)
	l.AddSent(two, one)
	m := only(t, l, time.Time{})
	require.Equal(t, []string{FindingSubmittedTwice}, codesOf(m.Findings))
	require.Len(t, m.Recipients, 2)
	require.True(t, m.Submitted.Equal(start))

	foreign := sent(bruno)
	foreign.Sender = carla
	l.AddSent(foreign)
	require.Len(t, l.Snapshot(start).Messages, 2)
}
