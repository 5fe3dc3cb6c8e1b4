package remtest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/pec"
	"github.com/certmail/certmail/rem/evidence"
)

// TestSimulationProperties drives random networks: styles, ways, splits,
// faults and jumps of the clock. Whatever happens, what is attested follows
// the life cycle of EN 319 532-4 §C.4.5.
func TestSimulationProperties(t *testing.T) {
	rounds := 600
	if testing.Short() {
		rounds = 100
	}
	for seed := range rounds {
		r := rand.New(rand.NewPCG(uint64(seed), 5))
		n, err := plainNetwork(randomOptions(r))
		require.NoError(t, err)
		randomMail(t, r, n)
		holdPromises(t, n, fmt.Sprint("seed ", seed))
	}
}

var randomDomains = []string{"alfa.example", "beta.example", "gamma.example"}

func randomAddress(r *rand.Rand) string {
	return []string{"anna", "bruno", "carla"}[r.IntN(3)] + "@" + randomDomains[r.IntN(3)]
}

func randomOptions(r *rand.Rand) *NetworkOptions {
	opt := &NetworkOptions{Seed: 1, Providers: DefaultProviders()}
	if r.IntN(3) == 0 {
		opt.Providers[r.IntN(2)].Via = "gamma.example"
	}
	for i := range opt.Providers {
		p := &opt.Providers[i]
		p.Split = r.IntN(3)
		if r.IntN(4) == 0 {
			p.Style = StoreAndNotify
		}
		if r.IntN(4) == 0 {
			p.Profile = Baseline
		}
		p.Handover = r.IntN(4) == 0
		p.KeepInside = r.IntN(6) == 0
		if r.IntN(4) == 0 {
			p.Delegates = map[string]string{p.Accounts[0]: p.Accounts[1]}
		}
	}
	for range r.IntN(4) {
		opt.Answers = append(opt.Answers, Answer{Mailbox: randomAddress(r), Reply: []Reply{Accept, Reject, ""}[r.IntN(3)], After: randomDuration(r, 150*hour),
			Fetch: randomDuration(r, 40*24*hour)})
	}
	if r.IntN(3) == 0 {
		opt.Policy.RemindAfter = 30*hour + randomDuration(r, 48*hour)
	}
	return opt
}

func randomDuration(r *rand.Rand, most time.Duration) time.Duration {
	return time.Duration(r.Int64N(int64(most))).Truncate(time.Second)
}

func randomFault(r *rand.Rand) Fault {
	kinds := slices.Concat([]FaultKind{Refuse, Refuse, Refuse, Refuse, Lose, Duplicate, Delay, Reorder, ServiceWithdrawn, CSIExpired, CutAfterDot, CutBeforeDot, RefuseForNow},
		Spoils())
	f := Fault{Kind: kinds[r.IntN(len(kinds))], Skip: r.IntN(3), Times: r.IntN(3), Until: randomDuration(r, 60*hour)}
	if f.Kind == Refuse {
		f.Reason = Reasons()[r.IntN(len(Reasons()))]
	}
	if f.Kind == Delay {
		f.For = time.Second + randomDuration(r, 30*hour)
	}
	if r.IntN(2) == 0 {
		f.Message = []Kind{KindDispatch, KindReceipt, KindNotification}[r.IntN(3)]
	}
	if r.IntN(2) == 0 {
		f.Provider = randomDomains[r.IntN(3)]
	}
	if r.IntN(3) == 0 {
		f.Mailbox = randomAddress(r)
	}
	f.Checked = r.IntN(2) == 0 || f.Kind == SwapEvidence // else everybody speaks of another message
	return f
}

// randomMail sends some messages and lets everything come to its end.
func randomMail(t *testing.T, r *rand.Rand, n *Network) (sent []*pec.Submission) {
	t.Helper()
	for range r.IntN(5) {
		require.NoError(t, n.AddFault(randomFault(r)))
	}
	for range 1 + r.IntN(3) {
		a, err := n.Account(randomAddress(r))
		require.NoError(t, err)
		d := &pec.Draft{Subject: "Comunicazione", Text: "testo\n"}
		for range 1 + r.IntN(3) {
			one := randomAddress(r)
			switch r.IntN(5) {
			case 0:
				one = "nessuno@" + randomDomains[r.IntN(3)]
			case 1:
				one = "ditta@mail.test"
			}
			d.To = append(d.To, pec.Address{Address: one})
		}
		if r.IntN(3) == 0 {
			d.Cc = pec.Addresses(randomAddress(r))
		}
		s, err := a.Send(context.Background(), d)
		refusal, refused := errors.AsType[*SMTPError](err)
		require.True(t, err == nil || errors.Is(err, ErrCut) || refused && refusal.Temporary(), "%v", err)
		if !refused {
			sent = append(sent, s)
		}
		switch r.IntN(3) {
		case 0:
			n.Settle()
		case 1:
			n.Advance(randomDuration(r, 40*hour))
		}
	}
	n.Advance(60 * 24 * hour)
	n.Settle()
	return sent
}

// holdPromises checks what must be true of every network.
func holdPromises(t *testing.T, n *Network, name string) {
	t.Helper()
	about := map[string]map[evidence.Event]int{}
	ids := map[string]bool{}
	for _, f := range n.Facts() {
		require.False(t, ids[f.ID], "one evidence, one identifier")
		ids[f.ID] = true
		for _, number := range append([]int{0}, f.Recipients...) {
			key := fmt.Sprint(f.Message, " ", number)
			if about[key] == nil {
				about[key] = map[evidence.Event]int{}
			}
			about[key][f.Event]++
		}
	}
	for _, o := range n.Outcomes() {
		whole := about[o.Identifier+" 0"]
		require.Equal(t, 1, whole[evidence.SubmissionAcceptance]+whole[evidence.SubmissionRejection], "one answer to each submission\n%s %s", name, dump(n))
		require.Equal(t, o.Accepted, whole[evidence.SubmissionAcceptance] == 1)
		managing := n.managing(o.Sender)
		for i, r := range o.Recipients {
			had := about[fmt.Sprint(o.Identifier, " ", i+1)]
			text := fmt.Sprintf("%s: %s of %s\n%s", name, r.Address, o.Identifier, dump(n))
			if !o.Accepted {
				require.Zero(t, r.Placed, text)
				require.Empty(t, had, text)
				continue
			}
			require.LessOrEqual(t, r.Placed, 1, text)
			require.LessOrEqual(t, had[evidence.ContentConsignment], 1, text)
			require.LessOrEqual(t, had[evidence.ConsignmentAcceptance]+had[evidence.ConsignmentRejection]+had[evidence.AcceptanceRejectionExpiry], 1, text)
			if r.Certified {
				require.Equal(t, r.Placed, had[evidence.ContentConsignment], "what is placed is attested\n%s", text)
				ends := had[evidence.ContentConsignment] + had[evidence.ContentConsignmentFailure] + had[evidence.RelayFailure] +
					had[evidence.ConsignmentRejection] + had[evidence.AcceptanceRejectionExpiry]
				require.NotZero(t, ends, "every recipient has an end\n%s", text)
				require.Zero(t, had[evidence.RelayToNonERDS]+had[evidence.RelayToNonERDSFailure], text)
			} else {
				want := 0
				if managing.config.Profile == Italian {
					want = 1
				}
				require.Equal(t, want, had[evidence.RelayToNonERDS]+had[evidence.RelayToNonERDSFailure], text)
				require.Zero(t, had[evidence.ContentConsignment]+had[evidence.RelayAcceptance], text)
			}
			if n.managing(r.Address) == managing {
				require.Zero(t, had[evidence.RelayAcceptance]+had[evidence.RelayRejection]+had[evidence.RelayFailure], "one provider, no relay evidence\n%s", text)
			}
			if had[evidence.ContentHandover]+had[evidence.ContentHandoverFailure] > 0 {
				require.Equal(t, 1, had[evidence.ContentConsignment], text)
				require.Equal(t, 1, had[evidence.ContentHandover]+had[evidence.ContentHandoverFailure], text)
			}
		}
	}
}

// dump tells the whole story of a network, for a test that failed.
func dump(n *Network) string {
	out := ""
	for _, f := range n.Faults() {
		out += fmt.Sprintf("fault %s, struck %d\n", f.Fault, f.Struck)
	}
	for _, j := range n.Journeys() {
		out += fmt.Sprintf("%s %s -> %v\n", j.Identifier, j.Sender, j.Recipients)
		for _, s := range j.Steps {
			what := s.Detail
			if s.Fact != nil {
				what = s.Fact.String()
			}
			out += fmt.Sprintf("  %s %-12s %-14s %-12s %v %s\n", s.Time.Format("02 15:04:05"), s.Point, s.Provider, s.Kind, s.Recipients, what)
		}
	}
	return out
}
