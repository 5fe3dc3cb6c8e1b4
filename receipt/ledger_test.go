package receipt

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/daticert"
)

func TestSND12_ExternalRecipientsEndAtAcceptance(t *testing.T) {
	s := sent(bruno, dario)
	l := ledger(&s, events(t, data("accettazione", after(2*time.Second), people(bruno, dario)), "acc", Valid))

	m := only(t, l, after(time.Hour))
	require.Equal(t, map[string]Status{bruno: StatusAccepted, dario: StatusExternal}, statuses(m))
	require.Equal(t, Amber, m.Light)

	m = only(t, l, after(72*time.Hour))
	require.Equal(t, map[string]Status{bruno: StatusOverdue, dario: StatusExternal}, statuses(m))

	l.Add(events(t, data("avvenuta-consegna", after(9*time.Second), both(people(bruno, dario), to(bruno))), "cons", Valid)...)
	m = only(t, l, after(72*time.Hour))
	require.Equal(t, map[string]Status{bruno: StatusDelivered, dario: StatusExternal}, statuses(m))
	require.Equal(t, Amber, m.Light, "not all were delivered")
	require.True(t, m.Settled, "and nothing more will come")
	require.Equal(t, "esterno", m.Recipients[1].Type)
	require.Contains(t, m.Recipients[1].Explanation, "ordinary mailbox")
}

func TestSND13_AnyOrderAndDuplicates(t *testing.T) {
	s := sent(bruno)
	acc := events(t, data("accettazione", after(2*time.Second), nil), "acc", Valid)
	cons := events(t, data("avvenuta-consegna", after(9*time.Second), to("BRUNO@beta.example")), "cons", Valid)
	want := asJSON(t, ledger(&s, acc, cons).Snapshot(start))
	for _, l := range []*Ledger{ledger(&s, cons, acc), ledger(&s, cons, cons, acc, acc, cons), ledger(&s, cons, acc, acc)} {
		require.Equal(t, want, asJSON(t, l.Snapshot(start)))
	}
	l := ledger(nil, cons)
	l.Add(acc...)
	l.AddSent(s, s)
	require.Equal(t, want, asJSON(t, l.Snapshot(start)))
	require.Zero(t, l.Add(acc...))

	m := only(t, l, after(100*time.Hour))
	require.Equal(t, Green, m.Light)
	require.True(t, m.Settled)
	require.Equal(t, pecID, m.Identifier)
	require.True(t, m.Accepted.Equal(after(2*time.Second)))
	r := m.Recipients[0]
	require.Equal(t, StatusDelivered, r.Status)
	require.True(t, r.Verified)
	require.False(t, r.Late)
	require.Equal(t, "certificato", r.Type)
	require.Len(t, r.Proofs, 2)
	require.Equal(t, "delivered, says Gestore Beta S.r.l. (valid proof cons), matched by Message-ID", r.Explanation)
}

func TestSND14_LateDeliveryAfterTheFinalNotice(t *testing.T) {
	s := sent(bruno)
	timeout := failure(bruno, "nessuno", "5.4.1 - Gestore Alfa S.p.A. - il messaggio non è stato consegnato nelle ventiquattro ore successive al suo invio")
	l := ledger(&s,
		events(t, data("accettazione", after(2*time.Second), nil), "acc", Valid),
		events(t, data("preavviso-errore-consegna", after(23*time.Hour), timeout), "pre", Valid))
	m := only(t, l, after(24*time.Hour))
	require.Equal(t, StatusFailed, m.Recipients[0].Status)
	require.Equal(t, Timeout, m.Recipients[0].Error.Category)
	require.Equal(t, Red, m.Light)

	l.Add(events(t, data("avvenuta-consegna", after(30*time.Hour), to(bruno)), "cons", Valid)...)
	m = only(t, l, after(31*time.Hour))
	require.Equal(t, StatusDelivered, m.Recipients[0].Status)
	require.True(t, m.Recipients[0].Late)
	require.Equal(t, Green, m.Light)
	require.Empty(t, m.Conflicts)
	require.Empty(t, m.Recipients[0].Reason)
}

func TestSND15_FinalTimeoutOrWarning(t *testing.T) {
	for _, tt := range []struct {
		name   string
		detail string
		at     time.Duration
		want   Status
	}{
		{"code 5.4.1", "5.4.1 - Gestore Alfa S.p.A. - testo", 12 * time.Hour, StatusFailed},
		{"code with commas", "5.4.1, Gestore Alfa S.p.A., testo", 12 * time.Hour, StatusFailed},
		{"another code", "4.4.1 - Gestore Alfa S.p.A. - testo", 23 * time.Hour, StatusDelayed},
		{"text of the second notice", "il messaggio non è stato consegnato nelle  ventiquattro\nore successive al suo invio", 12 * time.Hour, StatusFailed},
		{"text of the first notice", "non è stato consegnato nelle prime dodici ore dal suo invio", 23 * time.Hour, StatusDelayed},
		{"silent, at 12 h", "", 12 * time.Hour, StatusDelayed},
		{"silent, a second before 22 h", "", 22*time.Hour + time.Second, StatusDelayed},
		{"silent, at 22 h after acceptance", "", 22*time.Hour + 2*time.Second, StatusFailed},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := sent(bruno)
			l := ledger(&s,
				events(t, data("preavviso-errore-consegna", after(tt.at), failure(bruno, "nessuno", tt.detail)), "pre", Valid),
				events(t, data("accettazione", after(2*time.Second), nil), "acc", Valid))
			require.Equal(t, tt.want, only(t, l, time.Time{}).Recipients[0].Status)
		})
	}
}

func TestSND16_ReceiptWithoutMessageID(t *testing.T) {
	s := sent(bruno)
	without := func(d *daticert.Data) { d.MessageID = "" }
	acc := events(t, data("accettazione", after(2*time.Second), nil), "acc", Valid)
	cons := events(t, data("avvenuta-consegna", after(9*time.Second), both(to(bruno), without)), "cons", Valid)

	m := only(t, ledger(&s, cons, acc), start)
	require.Equal(t, Green, m.Light)
	require.Equal(t, ByIdentifier, m.Recipients[0].Proofs[1].Matched)
	require.Equal(t, ByMessageID, m.Recipients[0].Proofs[0].Matched)

	// Before the acceptance came, it belongs to nothing we sent.
	report := ledger(&s, cons).Snapshot(start)
	require.Equal(t, StatusSubmitted, report.Messages[0].Recipients[0].Status)
	require.Len(t, report.Orphans, 1)
	require.Equal(t, whyUnknown, report.Orphans[0].Why)

	// A header that nobody signed makes it a candidate, not a proof.
	cons[0].Reference = client
	m = only(t, ledger(&s, cons), start)
	require.Equal(t, StatusDelivered, m.Recipients[0].Status)
	require.Equal(t, Grey, m.Light)
	require.Equal(t, ByHeader, m.Recipients[0].Proofs[0].Matched)

	// An acceptance that did not verify teaches nothing for certain.
	acc[0].Proof.Verdict = Indeterminate
	m = only(t, ledger(&s, cons, acc), start)
	require.Equal(t, Grey, m.Light)
}

func TestSND16_ForgedTeacherDoesNotTakeTheReceiptAway(t *testing.T) {
	s := sent(bruno)
	without := func(d *daticert.Data) { d.MessageID = "" }
	acc := events(t, data("accettazione", after(2*time.Second), nil), "acc", Valid)
	cons := events(t, data("avvenuta-consegna", after(9*time.Second), both(to(bruno), without)), "cons", Valid)
	forged := events(t, data("accettazione", after(2*time.Second), func(d *daticert.Data) { d.MessageID = "<other@evil.example>" }), "forged", Indeterminate)
	report := ledger(&s, forged, cons, acc).Snapshot(start)
	require.Equal(t, Green, report.Messages[0].Light)
	require.Len(t, report.Orphans, 1)
}

func TestSND17_EnvelopeIsNoReceipt(t *testing.T) {
	_, err := FromData(data("posta-certificata", start, nil), Header{})
	require.ErrorIs(t, err, ErrNotReceipt)
	var typed *TypeError
	require.ErrorAs(t, err, &typed)
	require.Equal(t, daticert.TypeTransport, typed.Type)
}

func TestSND19_UnverifiedProofTurnsNoLightGreen(t *testing.T) {
	s := sent(bruno)
	acc := func(v Verdict) []Event {
		return events(t, data("accettazione", after(2*time.Second), nil), "acc", v)
	}
	cons := func(v Verdict) []Event {
		return events(t, data("avvenuta-consegna", after(9*time.Second), to(bruno)), "cons", v)
	}
	for _, tt := range []struct {
		acc, cons Verdict
		status    Status
		light     Light
	}{
		{Valid, Valid, StatusDelivered, Green},
		{Valid, Unverified, StatusDelivered, Grey},
		{Valid, Indeterminate, StatusDelivered, Grey},
		{Valid, Invalid, StatusAccepted, Grey},
		{Indeterminate, Valid, StatusDelivered, Green},
		{Invalid, Valid, StatusDelivered, Green},
		{Indeterminate, Indeterminate, StatusDelivered, Grey},
		{Invalid, Invalid, StatusSubmitted, Grey},
		{Unverified, Invalid, StatusAccepted, Grey},
	} {
		for _, known := range []bool{true, false} {
			p := &s
			if !known {
				p = nil
			}
			m := only(t, ledger(p, acc(tt.acc), cons(tt.cons)), time.Time{})
			require.Equal(t, tt.status, m.Recipients[0].Status, "%v %v known %v", tt.acc, tt.cons, known)
			require.Equal(t, tt.light, m.Light, "%v %v known %v", tt.acc, tt.cons, known)
			require.Len(t, m.Recipients[0].Proofs, 2, "shown all the same")
			require.Equal(t, tt.cons, m.Recipients[0].Proofs[1].Verdict)
			require.Equal(t, tt.cons == Valid, m.Recipients[0].Proofs[1].Note == "")
		}
	}
}

func TestSND19_ForgedFailureDoesNotTurnGreenRed(t *testing.T) {
	s := sent(bruno)
	genuine := [][]Event{
		events(t, data("accettazione", after(2*time.Second), nil), "acc", Valid),
		events(t, data("avvenuta-consegna", after(9*time.Second), to(bruno)), "cons", Valid),
	}
	for _, v := range []Verdict{Unverified, Indeterminate, Invalid} {
		for _, tipo := range []daticert.Type{"errore-consegna", "non-accettazione", "preavviso-errore-consegna", "rilevazione-virus"} {
			forged := events(t, data(tipo, after(3*time.Second), failure(bruno, "altro", "5.4.1 - X - y")), "forged", v)
			m := only(t, ledger(&s, append(genuine, forged)...), start)
			require.Equal(t, StatusDelivered, m.Recipients[0].Status)
			require.False(t, m.Recipients[0].Late)
			require.Equal(t, Green, m.Light)
			require.Empty(t, m.Conflicts)
			require.Len(t, m.Recipients[0].Proofs, 3)
		}
		// Nor does a forged refusal undo a proven acceptance.
		forged := events(t, data("non-accettazione", after(3*time.Second), failure("", "altro", "x")), "forged", v)
		m := only(t, ledger(&s, genuine[0], forged), start)
		require.Equal(t, StatusAccepted, m.Recipients[0].Status)
		require.Equal(t, Amber, m.Light, "verdict %v", v)
	}
}

func TestStatusesAndLights(t *testing.T) {
	acc := events(t, data("accettazione", after(2*time.Second), people(bruno, carla)), "acc", Valid)
	cons := events(t, data("avvenuta-consegna", after(9*time.Second), both(people(bruno, carla), to(bruno))), "cons", Valid)
	fail := events(t, data("errore-consegna", after(9*time.Second), both(people(bruno, carla), failure(carla, "altro", "5.1.1 - Gestore Beta S.r.l. - indirizzo non valido"))), "fail", Valid)
	rej := events(t, data("non-accettazione", after(2*time.Second), both(people(bruno, carla), failure("", "altro", "destinatario nel campo Ccn"))), "rej", Valid)
	take := events(t, data("presa-in-carico", after(5*time.Second), both(people(bruno, carla), func(d *daticert.Data) { d.TakenInCharge = []string{bruno, carla} })), "take", Valid)
	virus := events(t, data("errore-consegna", after(9*time.Second), both(people(bruno, carla), failure(carla, "virus", "5.5.1, Gestore Beta S.r.l., presenza di un virus"))), "virus", Valid)
	for _, tt := range []struct {
		name   string
		events [][]Event
		now    time.Duration
		bruno  Status
		carla  Status
		light  Light
	}{
		{"nothing", nil, time.Minute, StatusSubmitted, StatusSubmitted, Amber},
		{"nothing for hours", nil, 2 * time.Hour, StatusOverdue, StatusOverdue, Amber},
		{"accepted", [][]Event{acc}, time.Minute, StatusAccepted, StatusAccepted, Amber},
		{"in transit", [][]Event{acc, take}, time.Minute, StatusInTransit, StatusInTransit, Amber},
		{"one delivered", [][]Event{acc, take, cons}, time.Minute, StatusDelivered, StatusInTransit, Amber},
		{"one delivered, no acceptance seen", [][]Event{cons}, time.Minute, StatusDelivered, StatusAccepted, Amber},
		{"one failed", [][]Event{acc, cons, fail}, time.Minute, StatusDelivered, StatusFailed, Red},
		{"virus", [][]Event{acc, cons, virus}, time.Minute, StatusDelivered, StatusFailed, Red},
		{"rejected", [][]Event{rej}, time.Minute, StatusRejected, StatusRejected, Red},
		{"overdue in transit", [][]Event{acc, take, cons}, 26 * time.Hour, StatusDelivered, StatusOverdue, Amber},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := sent(bruno, carla)
			m := only(t, ledger(&s, tt.events...), after(tt.now))
			require.Equal(t, map[string]Status{bruno: tt.bruno, carla: tt.carla}, statuses(m))
			require.Equal(t, tt.light, m.Light)
			for _, r := range m.Recipients {
				require.NotEmpty(t, r.Explanation)
			}
		})
	}
	m := only(t, ledger(nil, acc, fail), start)
	require.Equal(t, "5.1.1 indirizzo non valido", m.Recipients[1].Reason)
	require.Equal(t, Reason{Value: "altro", Code: "5.1.1", Provider: "Gestore Beta S.r.l.", Text: "indirizzo non valido", Category: UnknownRecipient}, m.Recipients[1].Error)
}

func TestUncertainIsResolvedByReceipts(t *testing.T) {
	s := sent(bruno)
	s.Uncertain = true
	m := only(t, ledger(&s), after(100*time.Hour))
	require.Equal(t, StatusUncertain, m.Recipients[0].Status)
	require.Equal(t, Amber, m.Light)
	m = only(t, ledger(&s, events(t, data("accettazione", after(2*time.Second), nil), "acc", Valid)), after(time.Minute))
	require.Equal(t, StatusAccepted, m.Recipients[0].Status)

	again := sent(bruno)
	again.Time = after(time.Minute)
	l := ledger(&s)
	l.AddSent(again)
	require.Equal(t, StatusSubmitted, only(t, l, after(2*time.Minute)).Recipients[0].Status)
}

func TestD30_OrphansAreKept(t *testing.T) {
	s := sent(bruno)
	other := events(t, data("avvenuta-consegna", after(9*time.Second), both(to(bruno), func(d *daticert.Data) { d.MessageID = "<webmail@alfa.example>" })), "web", Valid)
	bare := events(t, data("accettazione", after(9*time.Second), func(d *daticert.Data) { d.MessageID, d.Identifier = "", "" }), "bare", Valid)
	report := ledger(&s, other, bare).Snapshot(start)
	require.Len(t, report.Messages, 1)
	require.Len(t, report.Orphans, 2)
	whys := map[string]string{}
	for _, o := range report.Orphans {
		whys[o.File] = o.Why
		require.Equal(t, []string{bruno}, o.Recipients)
	}
	require.Equal(t, map[string]string{"web": whyUnknown, "bare": whyNoKey}, whys)

	// Without any submission the same receipt makes its message.
	report = ledger(nil, other).Snapshot(start)
	require.Len(t, report.Messages, 1)
	require.Equal(t, "webmail@alfa.example", report.Messages[0].MessageID)
	require.Equal(t, Green, report.Messages[0].Light)
}

func TestMessageKnownByItsIdentifierOnly(t *testing.T) {
	without := func(d *daticert.Data) { d.MessageID = "" }
	acc := events(t, data("accettazione", after(2*time.Second), both(without, people(bruno, carla))), "acc", Valid)
	cons := events(t, data("avvenuta-consegna", after(9*time.Second), both(without, people(bruno, carla), to(carla))), "cons", Valid)
	m := only(t, ledger(nil, cons, acc), start)
	require.Empty(t, m.MessageID)
	require.Equal(t, pecID, m.Identifier)
	require.Equal(t, anna, m.Sender)
	require.Equal(t, map[string]Status{bruno: StatusAccepted, carla: StatusDelivered}, statuses(m))
	require.Equal(t, ByOwnID, m.Recipients[0].Proofs[0].Matched)
}

func TestLedgerMessage(t *testing.T) {
	s := sent(bruno)
	l := ledger(&s, events(t, data("avvenuta-consegna", after(9*time.Second), to(bruno)), "cons", Valid))
	m, ok := l.Message("<"+client+">", start)
	require.True(t, ok)
	require.Equal(t, only(t, l, start), m)
	_, ok = l.Message("unknown@alfa.example", start)
	require.False(t, ok)
}
