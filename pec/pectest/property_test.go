package pectest_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/daticert"
	"github.com/certmail/certmail/pec"
	"github.com/certmail/certmail/pec/pectest"
	"github.com/certmail/certmail/receipt"
)

// TestNetworkProperties drives random networks: senders, recipients, forms,
// faults and jumps of the clock. Whatever happens, the promises of certified
// mail hold, and the ledger of each sender says what the network knows that it
// was told.
func TestNetworkProperties(t *testing.T) {
	rounds := 150
	if testing.Short() {
		rounds = 25
	}
	for seed := range rounds {
		t.Run(fmt.Sprint(seed), func(t *testing.T) { randomNetwork(t, rand.New(rand.NewPCG(uint64(seed), 7))) })
	}
}

func randomNetwork(t *testing.T, r *rand.Rand) {
	domains := []string{"alfa.example", "beta.example", "gamma.example"}[:2+r.IntN(2)]
	n := network(t, &pectest.NetworkOptions{Seed: 1, Providers: pectest.ProvidersFor(domains...)})
	pick := func(of ...string) string { return of[r.IntN(len(of))] }
	address := func() string { return pick("anna", "bruno", "carla") + "@" + pick(domains...) }
	duration := func(most time.Duration) time.Duration {
		return time.Duration(r.Int64N(int64(most))).Truncate(time.Second)
	}
	for range r.IntN(5) {
		f := pectest.Fault{
			Kind: []pectest.FaultKind{pectest.Lose, pectest.Duplicate, pectest.Delay, pectest.Reorder, pectest.WrongSigner, pectest.Alter, pectest.Unreachable,
				pectest.RefuseTransfer, pectest.MailboxFull, pectest.MailboxDisabled, pectest.CutAfterDot, pectest.CutBeforeDot, pectest.RefuseForNow}[r.IntN(13)],
			Skip: r.IntN(3), Times: r.IntN(3), For: time.Second + duration(30*hour), Until: duration(60 * hour),
		}
		switch f.Kind {
		case pectest.WrongSigner, pectest.Alter:
			f.Message, f.Checked = []pec.Kind{pec.KindDelivery, pec.KindAcceptance, pec.KindNonDelivery, pec.KindTakeCharge}[r.IntN(4)], r.IntN(2) == 0
		case pectest.Lose, pectest.Duplicate, pectest.Delay, pectest.Reorder:
			f.Message = []pec.Kind{"", pec.KindTransport, pec.KindDelivery, pec.KindAcceptance, pec.KindTakeCharge, pec.KindTimeout}[r.IntN(6)]
		case pectest.Unreachable, pectest.RefuseTransfer:
			f.Provider = pick(domains...)
		case pectest.MailboxFull, pectest.MailboxDisabled:
			f.Mailbox = address()
		}
		require.NoError(t, n.AddFault(f))
	}
	ledgers, uncertain := map[string]*receipt.Ledger{}, map[string]bool{}
	for range 1 + r.IntN(4) {
		from := address()
		d := &pec.Draft{Subject: "Comunicazione", Text: "testo\n", ReceiptType: []daticert.ReceiptType{"", "breve", "sintetica"}[r.IntN(3)]}
		for range 1 + r.IntN(3) {
			d.To = append(d.To, pec.Address{Address: pick(address(), address(), "nessuno@"+pick(domains...), "ditta@mail.test")})
		}
		if r.IntN(3) == 0 {
			d.Cc = pec.Addresses(address())
		}
		before := n.Now()
		s, err := account(t, n, from).Send(context.Background(), d)
		refusal, refused := errors.AsType[*pectest.SMTPError](err)
		require.True(t, err == nil || errors.Is(err, pectest.ErrCut) || refused && refusal.Temporary(), "%v", err)
		if !refused {
			sent := s.Sent(before)
			sent.Uncertain = err != nil
			uncertain[sent.MessageID] = sent.Uncertain
			if ledgers[from] == nil {
				ledgers[from] = receipt.NewLedger(nil)
			}
			ledgers[from].AddSent(sent)
		}
		switch r.IntN(3) {
		case 0:
			n.Settle()
		case 1:
			n.Advance(duration(40 * hour))
		}
	}
	n.Advance(80 * hour)
	n.Settle()
	holdPromises(t, n)
	for from, l := range ledgers {
		readInbox(t, n, from, l)
	}
	for _, o := range n.Outcomes() {
		m, ok := ledgers[o.Sender].Message(o.MessageID, time.Time{})
		require.True(t, ok, o.MessageID)
		for _, r := range o.Recipients {
			i := slices.IndexFunc(m.Recipients, func(s receipt.RecipientStatus) bool { return receipt.SameAddress(s.Address, r.Address) })
			require.GreaterOrEqual(t, i, 0, r.Address)
			want := toldStatus(&o, &r)
			if want == receipt.StatusSubmitted && uncertain[o.MessageID] {
				want = receipt.StatusUncertain
			}
			require.Equal(t, want, m.Recipients[i].Status, "%s of %s: %s\n%+v\n%s", r.Address, o.Identifier, m.Recipients[i].Explanation, o, dump(n))
			if m.Recipients[i].Status == receipt.StatusDelivered {
				require.True(t, m.Recipients[i].Verified)
				require.NotZero(t, r.Placed, "a delivery that never was")
			}
		}
	}
}

// holdPromises checks what must be true of every network.
func holdPromises(t *testing.T, n *pectest.Network) {
	t.Helper()
	issued := map[string]map[pec.Kind]int{}
	deliveries := map[[2]string]int{}
	for _, j := range n.Journeys() {
		if j.Identifier == "" {
			continue
		}
		count := map[pec.Kind]int{}
		for _, s := range j.Steps {
			count[s.Issued]++
			if s.Issued == pec.KindDelivery {
				deliveries[[2]string{j.Identifier, s.Recipient}]++
			}
		}
		issued[j.Identifier] = count
	}
	for _, o := range n.Outcomes() {
		c := issued[o.Identifier]
		require.Equal(t, 1, c[pec.KindAcceptance]+c[pec.KindNonAcceptance], "one answer to each submission\n%s", dump(n))
		require.Equal(t, o.Accepted, c[pec.KindAcceptance] == 1)
		for _, r := range o.Recipients {
			require.LessOrEqual(t, deliveries[[2]string{o.Identifier, r.Address}], 1, "one delivery receipt per recipient\n%s", dump(n))
			require.LessOrEqual(t, r.Placed, 1)
			if r.Placed > 0 {
				require.True(t, o.Accepted, "delivered and not accepted")
			}
			if o.Accepted && r.Certified {
				require.True(t, r.Placed > 0 || r.Failed || r.Second, "%s has no end\n%s", r.Address, dump(n))
			}
			if !r.Certified {
				require.False(t, r.Failed || r.First || r.Second, "ordinary mail is answered by nobody")
			}
		}
	}
}

func readInbox(t *testing.T, n *pectest.Network, address string, l *receipt.Ledger) {
	t.Helper()
	for i, s := range inbox(t, n, address) {
		m, err := pec.ParseBytes(s.Data, nil)
		require.NoError(t, err)
		r, err := n.Verifier().Verify(context.Background(), m)
		require.NoError(t, err)
		events, err := r.Events(fmt.Sprint(i))
		require.NoError(t, err)
		l.Add(events...)
	}
}

// toldStatus is what a sender must conclude from what it was told.
func toldStatus(o *pectest.Outcome, r *pectest.RecipientOutcome) receipt.Status {
	told := func(list []pectest.Told, kind pec.Kind, second bool) bool {
		return slices.Contains(list, pectest.Told{Kind: kind, Second: second})
	}
	delivered, failed := told(r.Told, pec.KindDelivery, false), told(r.Told, pec.KindNonDelivery, false)
	known := told(o.Told, pec.KindAcceptance, false)
	for _, other := range o.Recipients {
		known = known || len(other.Told) > 0 // any of them lists all recipients with their types
	}
	switch {
	case delivered && failed:
		return receipt.StatusConflict
	case delivered:
		return receipt.StatusDelivered
	case failed, told(r.Told, pec.KindTimeout, true):
		return receipt.StatusFailed
	case told(o.Told, pec.KindNonAcceptance, false):
		return receipt.StatusRejected
	case !r.Certified && known:
		return receipt.StatusExternal
	case told(r.Told, pec.KindTimeout, false):
		return receipt.StatusDelayed
	case known:
		return receipt.StatusAccepted
	}
	return receipt.StatusSubmitted
}
