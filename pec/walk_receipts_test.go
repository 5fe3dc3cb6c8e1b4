package pec_test

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/pec"
	"github.com/certmail/certmail/pec/pectest"
	"github.com/certmail/certmail/receipt"
	keep "github.com/certmail/certmail/store"
)

// What the client must understand when receipts come back over IMAP. The rules
// by themselves are tested in package receipt.

func only(t testing.TB, m receipt.Message) receipt.RecipientStatus {
	t.Helper()
	require.Len(t, m.Recipients, 1)
	return m.Recipients[0]
}

// late are the Message-IDs of what is overdue.
func (r *road) late() (ids []string) {
	r.Helper()
	for m, err := range r.client.Overdue(r.within()) {
		require.NoError(r, err)
		ids = append(ids, m.MessageID)
	}
	return ids
}

func TestSND12_WalkEndsAtAcceptanceForOrdinaryMail(t *testing.T) {
	r := walk(t, func(p *plan) {
		p.network.Faults = []pectest.Fault{{Kind: pectest.Lose, Message: pec.KindDelivery}, {Kind: pectest.Lose, Message: pec.KindTimeout}}
	})
	r.send("external", agreement("ditta@mail.test"))
	both := r.send("both", agreement(bruno, "ditta@mail.test"))
	r.collect()
	require.Equal(t, receipt.StatusExternal, only(t, r.status("external")).Status)
	m := r.status("both")
	require.Equal(t, []receipt.Status{receipt.StatusAccepted, receipt.StatusExternal}, []receipt.Status{m.Recipients[0].Status, m.Recipients[1].Status})
	require.Empty(t, r.late())

	r.wait(72 * time.Hour)
	require.Equal(t, []string{both.Sent.MessageID}, r.late(), "one waits for bruno, and for nobody outside the circuit")
	m = r.status("both")
	require.Equal(t, []receipt.Status{receipt.StatusOverdue, receipt.StatusExternal}, []receipt.Status{m.Recipients[0].Status, m.Recipients[1].Status})
	external := r.status("external")
	require.Equal(t, receipt.StatusExternal, only(t, external).Status)
	require.True(t, external.Settled)
}

func TestSND13_WalkTakesAnyOrderAndDuplicates(t *testing.T) {
	r := walk(t, func(p *plan) {
		p.network.Faults = []pectest.Fault{
			{Kind: pectest.Delay, Message: pec.KindAcceptance, For: time.Hour},
			{Kind: pectest.Duplicate, Message: pec.KindAcceptance},
			{Kind: pectest.Duplicate, Message: pec.KindDelivery},
		}
	})
	r.send("7", agreement(bruno))
	all := r.collect()
	var came []receipt.EventKind
	for _, e := range all.Events {
		came = append(came, e.Event.Kind)
	}
	require.Equal(t, 4, all.Messages, "two of each: %v", r.account(anna).Kinds())
	require.Equal(t, pec.KindDelivery, r.account(anna).Kinds()[0], "the delivery came first")
	require.Equal(t, []receipt.EventKind{receipt.EventDelivered, receipt.EventAccepted}, came, "each once, whatever the order")
	m := r.status("7")
	require.Equal(t, receipt.StatusDelivered, only(t, m).Status)
	require.Equal(t, receipt.Green, m.Light)
	require.Empty(t, m.Conflicts)
	require.False(t, m.Accepted.IsZero())

	require.NoError(t, r.account(anna).ResetUIDValidity(pectest.Inbox))
	again := r.collect()
	require.Equal(t, 4, again.Messages)
	require.Empty(t, again.Events, "nothing is new the second time")
	require.Equal(t, m, r.status("7"))
}

// Nothing is closed by the notice of 24 hours: neither for a delivery that
// comes behind it, nor for one that was in time and whose receipt was late.
func TestSND14_WalkWaitsBehindTheFinalNotice(t *testing.T) {
	for name, c := range map[string]struct {
		fault pectest.Fault
		late  bool
	}{
		"late delivery": {pectest.Fault{Kind: pectest.Delay, Message: pec.KindTransport, For: 30 * time.Hour}, true},
		"late receipt":  {pectest.Fault{Kind: pectest.Delay, Message: pec.KindDelivery, For: 30 * time.Hour}, false},
	} {
		t.Run(name, func(t *testing.T) {
			r := walk(t, func(p *plan) { p.network.Faults = []pectest.Fault{c.fault} })
			r.send("7", agreement(bruno))
			r.Advance(25 * time.Hour)
			_, err := r.client.Collect(r.within())
			require.NoError(t, err)
			m := r.status("7")
			require.Equal(t, receipt.StatusFailed, only(t, m).Status)
			require.Contains(t, only(t, m).Reason, "5.4.1")
			require.Equal(t, receipt.Red, m.Light)

			r.wait(10 * time.Hour)
			m = r.status("7")
			require.Equal(t, receipt.StatusDelivered, only(t, m).Status)
			require.Equal(t, c.late, only(t, m).Late)
			require.True(t, only(t, m).Verified)
			require.Equal(t, receipt.Green, m.Light)
			require.Empty(t, m.Conflicts)
			require.Equal(t, 1, r.Outcomes()[0].Recipients[0].Placed)
			require.Len(t, r.ear.heard(), 1, "sent once")
		})
	}
}

func TestSND15_WalkTellsTheWarningFromTheTimeout(t *testing.T) {
	r := walk(t, func(p *plan) {
		p.network.Faults = []pectest.Fault{{Kind: pectest.Unreachable, Provider: "beta.example"}}
	})
	r.send("7", agreement(bruno))
	r.wait(13 * time.Hour)
	m := r.status("7")
	require.Equal(t, receipt.StatusDelayed, only(t, m).Status)
	require.Equal(t, receipt.Amber, m.Light)
	require.False(t, m.Settled)

	r.wait(12 * time.Hour)
	m = r.status("7")
	require.Equal(t, receipt.StatusFailed, only(t, m).Status)
	require.Equal(t, receipt.Timeout, only(t, m).Error.Category)
	require.Contains(t, only(t, m).Reason, "5.4.1")
	require.Equal(t, receipt.Red, m.Light)
	events, err := r.store.Events(r.within(), anna, 0, 0)
	require.NoError(t, err)
	var kinds []receipt.EventKind
	for _, e := range events {
		kinds = append(kinds, e.Event.Kind)
	}
	require.Equal(t, []receipt.EventKind{receipt.EventAccepted, receipt.EventDelayed, receipt.EventTimedOut}, kinds)
}

// The provider of bruno leaves msgid out: what the acceptance taught is all
// there is.
func TestSND16_WalkLearnsTheIdentifier(t *testing.T) {
	r := walk(t, func(p *plan) {
		p.network.Providers = pectest.DefaultProviders()
		p.network.Providers[1].Quirks.OmitMessageID = true
		p.network.Faults = []pectest.Fault{{Kind: pectest.Reorder, Message: pec.KindAcceptance, Times: 1}}
	})
	s := r.send("7", agreement(bruno))
	all := r.collect()
	require.Len(t, all.Events, 2)
	delivered := all.Events[0].Event
	require.Equal(t, receipt.EventDelivered, delivered.Kind)
	require.Empty(t, delivered.MessageID, "no msgid")
	m := r.status("7")
	require.Equal(t, receipt.StatusDelivered, only(t, m).Status)
	require.True(t, only(t, m).Verified)
	require.Equal(t, receipt.Green, m.Light)
	i := slices.IndexFunc(only(t, m).Proofs, func(p receipt.ProofStatus) bool { return p.Kind == string(pec.KindDelivery) })
	require.Equal(t, receipt.ByIdentifier, only(t, m).Proofs[i].Matched)
	about, err := r.store.EventsAbout(r.within(), anna, s.Sent.MessageID)
	require.NoError(t, err)
	require.Len(t, about, 2)
}

// To oneself: the envelope bears our Message-ID, and is no receipt.
func TestSND17_WalkToOneself(t *testing.T) {
	r := walk(t, func(p *plan) {
		p.network.Faults = []pectest.Fault{{Kind: pectest.Delay, Message: pec.KindAcceptance, For: time.Hour}, {Kind: pectest.Delay, Message: pec.KindDelivery, For: time.Hour}}
	})
	s := r.send("7", agreement(anna))
	r.Advance(time.Minute)
	all, err := r.client.Collect(r.within())
	require.NoError(t, err)
	require.Equal(t, []pec.Kind{pec.KindTransport}, r.account(anna).Kinds())
	require.Equal(t, 1, all.Messages)
	require.Empty(t, all.Events, "the envelope alone says nothing of what became of the message")
	got, err := pec.ParseBytes(r.account(anna).Messages()[0].Data, nil)
	require.NoError(t, err)
	require.Equal(t, s.Sent.MessageID, got.RefMessageID(), "though it is the envelope of ours")
	require.Equal(t, receipt.StatusSubmitted, only(t, r.status("7")).Status)

	r.wait(2 * time.Hour)
	require.Equal(t, receipt.StatusDelivered, only(t, r.status("7")).Status)
	events, err := r.store.Events(r.within(), anna, 0, 0)
	require.NoError(t, err)
	require.Len(t, events, 2)
}

func TestSND19_WalkFlagsWhatIsNoProof(t *testing.T) {
	for kind, fault := range map[pectest.FaultKind]receipt.Verdict{
		pectest.Alter: receipt.Invalid, pectest.WrongSigner: receipt.Invalid, pectest.ExpiredCertificate: receipt.Invalid,
	} {
		t.Run(string(kind), func(t *testing.T) {
			r := walk(t, func(p *plan) {
				p.network.Faults = []pectest.Fault{{Kind: kind, Message: pec.KindDelivery}}
			})
			r.send("7", agreement(bruno))
			all := r.collect()
			verdicts := map[receipt.EventKind]receipt.Verdict{}
			for _, e := range all.Events {
				verdicts[e.Event.Kind] = e.Event.Proof.Verdict
			}
			require.Equal(t, map[receipt.EventKind]receipt.Verdict{receipt.EventAccepted: receipt.Valid, receipt.EventDelivered: fault}, verdicts)
			m := r.status("7")
			require.Equal(t, receipt.StatusAccepted, only(t, m).Status, "a delivery that is not proven is none")
			require.NotEqual(t, receipt.Green, m.Light)
			require.Len(t, only(t, m).Proofs, 2, "shown all the same")
			require.Equal(t, 1, r.Outcomes()[0].Recipients[0].Placed)
		})
	}

	// An uncertain submission is not resolved by what proves nothing either.
	r := walk(t, func(p *plan) {
		p.direct = true
		p.network.Faults = []pectest.Fault{{Kind: pectest.CutAfterDot, Times: 1}, {Kind: pectest.Alter}}
	})
	require.Equal(t, keep.Uncertain, r.send("7", agreement(bruno)).State)
	all := r.collect()
	require.Len(t, all.Events, 2)
	require.Zero(t, all.Resolved)
	require.Equal(t, keep.Uncertain, r.drain("7").State)
	require.NotEqual(t, receipt.Green, r.status("7").Light)
}
