package remtest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/pec"
	"github.com/certmail/certmail/receipt"
	"github.com/certmail/certmail/rem"
	"github.com/certmail/certmail/rem/evidence"
	"github.com/certmail/certmail/trust"
)

// TestNetworkProperties drives random networks with genuine messages. Whatever
// happens, a message that a fault spoiled is never valid and one that none
// spoiled is, and the ledger of each sender says what the network knows that it
// was told.
func TestNetworkProperties(t *testing.T) {
	rounds := 60
	if testing.Short() {
		rounds = 10
	}
	for seed := range rounds {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			r := rand.New(rand.NewPCG(uint64(seed), 5))
			n, err := NewNetwork(randomOptions(r))
			require.NoError(t, err)
			start := n.Now()
			sent := randomMail(t, r, n)
			holdPromises(t, n, "")
			compareLedgers(t, n, sent, start)
		})
	}
}

// compareLedgers reads all mailboxes.
func compareLedgers(t *testing.T, n *Network, sent []*pec.Submission, start time.Time) {
	t.Helper()
	n.ClearFaults() // those of trust: what was signed was signed by a listed service
	v, err := n.Verifier()
	require.NoError(t, err)
	ledgers := map[string]*receipt.Ledger{}
	for _, s := range sent {
		if ledgers[s.MailFrom] == nil {
			ledgers[s.MailFrom] = receipt.NewLedger(nil)
		}
		ledgers[s.MailFrom].AddSent(s.Sent(start))
	}
	for _, box := range n.Mailboxes() {
		for i, s := range box.Messages() {
			if s.Kind == KindOrdinary {
				continue
			}
			m, err := rem.ParseBytes(s.Data, nil)
			require.NoError(t, err)
			r, err := v.Verify(context.Background(), m)
			require.NoError(t, err)
			require.Equal(t, s.Spoiled == "", r.Verdict == trust.Valid, "%s of %s, spoiled by %q: %v", s.String(), box.Address, s.Spoiled, r.Err())
			events, err := r.Events(fmt.Sprint(i))
			require.NoError(t, err)
			if l := ledgers[box.Address]; l != nil && s.Kind == KindReceipt {
				l.Add(events...)
			}
		}
	}
	for _, o := range n.Outcomes() {
		m, ok := ledgers[o.Sender].Message(o.MessageID, time.Time{})
		require.True(t, ok, o.MessageID)
		for _, r := range o.Recipients {
			i := slices.IndexFunc(m.Recipients, func(s receipt.RecipientStatus) bool { return receipt.SameAddress(s.Address, r.Address) })
			require.GreaterOrEqual(t, i, 0, r.Address)
			got := m.Recipients[i]
			// What only an unproven message claims is shown, and not verified.
			if !got.Verified && slices.ContainsFunc(got.Proofs, func(p receipt.ProofStatus) bool { return p.Verdict != receipt.Valid }) {
				continue
			}
			want := n.toldStatus(&o, &r)
			require.Contains(t, want, got.Status, "%s of %s: %s\n%+v\n%s", r.Address, o.Identifier, got.Explanation, r, dump(n))
			if got.Status == receipt.StatusDelivered {
				require.NotZero(t, r.Placed, "a delivery that never was")
			}
		}
	}
}

// toldStatus is what a sender must conclude from what it was told. Where
// evidence for want of information, or of a handover that failed, comes beside a
// consignment, the consignment stands.
func (n *Network) toldStatus(o *Outcome, r *RecipientOutcome) []receipt.Status {
	told := func(events ...evidence.Event) bool {
		return slices.ContainsFunc(r.Told, func(f Fact) bool { return slices.Contains(events, f.Event) })
	}
	whole := func(e evidence.Event) bool {
		return slices.ContainsFunc(o.Told, func(f Fact) bool { return f.Event == e })
	}
	known := whole(evidence.SubmissionAcceptance)
	for _, other := range o.Recipients {
		known = known || len(other.Told) > 0
	}
	var failures []string
	for _, f := range r.Told {
		if f.Event.Negative() && f.Event != evidence.NotificationForAcceptanceFailure {
			failures = append(failures, f.Reason)
		}
	}
	delivered := told(evidence.ContentConsignment, evidence.ContentHandover)
	untrusted := n.managing(o.Sender).config.Profile == Baseline && whole(evidence.SubmissionAcceptance) && !r.Certified
	switch {
	case delivered && len(failures) > 0:
		failures = slices.DeleteFunc(failures, func(code string) bool {
			return code == "RD03" || code == "RB22" || code == "RE03" || code == "RE04"
		})
		if len(failures) == 0 {
			return []receipt.Status{receipt.StatusDelivered} // late, or not fetched
		}
		return []receipt.Status{receipt.StatusConflict}
	case delivered:
		return []receipt.Status{receipt.StatusDelivered}
	case len(failures) > 0:
		return []receipt.Status{receipt.StatusFailed}
	case whole(evidence.SubmissionRejection):
		return []receipt.Status{receipt.StatusRejected}
	case told(evidence.RelayToNonERDS), untrusted:
		return []receipt.Status{receipt.StatusExternal}
	case told(evidence.NotificationForAcceptance, evidence.NotificationForAcceptanceFailure, evidence.ConsignmentAcceptance):
		return []receipt.Status{receipt.StatusInTransit}
	case known:
		return []receipt.Status{receipt.StatusAccepted}
	}
	return []receipt.Status{receipt.StatusSubmitted}
}
