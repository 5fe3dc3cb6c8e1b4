package receipt

import (
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// random makes submissions and events out of small pools, so that they meet,
// contradict and repeat each other.
func random(r *rand.Rand) ([]Sent, []Event) {
	pick := func(list ...string) string { return list[r.IntN(len(list))] }
	ids := []string{"a@x", "b@x", "c@x", "d@x"}
	lists := [][]Recipient{
		nil,
		{{bruno, "certificato"}},
		{{bruno, "certificato"}, {carla, "certificato"}},
		{{carla, "certificato"}, {dario, "esterno"}, {bruno, "certificato"}},
	}
	kinds := []EventKind{EventAccepted, EventNotAccepted, EventTakenInCharge, EventDelivered, EventNotDelivered,
		EventDelayed, EventTimedOut, EventVirusDetected, EventRelayRejected, EventNotified, EventUntrusted, EventLeftNetwork, EventNotHandedOver, "unheard-of"}
	reasons := []Reason{{}, {Value: "altro", Category: Other}, {Code: "5.1.1", Category: UnknownRecipient}, {Value: "nessuno", Category: Delay}}
	var sents []Sent
	for range r.IntN(4) {
		s := Sent{MessageID: pick(ids...), Sender: pick(anna, anna, "Anna@Alfa.example", "other@alfa.example"),
			Time: after(time.Duration(r.IntN(3)) * time.Hour), Uncertain: r.IntN(3) == 0, Subject: pick("", "s"),
			Name: pick("", "copy1", "copy2")}
		if r.IntN(2) == 0 {
			s.Body = sha256.Sum256([]byte(pick("said", "said", "said", "other")))
		}
		for range r.IntN(3) {
			s.Recipients = append(s.Recipients, SentRecipient{Address: pick(bruno, carla, "BRUNO@beta.example"), Copy: r.IntN(2) == 0})
		}
		sents = append(sents, s)
	}
	var list []Event
	for range r.IntN(40) {
		e := Event{
			System: PEC, Kind: kinds[r.IntN(len(kinds))], MessageID: pick(append(ids, "")...), Identifier: pick("i1", "i2", "i3", ""),
			Reference: pick("", "", ids[0], ids[1]), Sender: pick(anna, anna, anna, "ANNA@alfa.example", "other@alfa.example", ""),
			Recipient: pick(bruno, carla, dario, "Carla@BETA.example", ""), Recipients: lists[r.IntN(len(lists))],
			Time: after(time.Duration(r.IntN(30)-1) * time.Hour), Issuer: pick("P1", "P2"), Subject: pick("s", "t"),
			Reason: reasons[r.IntN(len(reasons))],
		}
		if r.IntN(3) > 0 {
			e.Time = e.Time.UTC()
		}
		n := r.IntN(12)
		e.Proof = Proof{Name: fmt.Sprintf("f%d", n), Kind: string(e.Kind), SHA256: sha256.Sum256([]byte{byte(n)}), Verdict: Verdict(r.IntN(4))}
		if r.IntN(8) == 0 {
			e.Proof.Content = sha256.Sum256([]byte{byte(r.IntN(2))})
		}
		if r.IntN(4) == 0 {
			e.Proof.Body = sha256.Sum256([]byte(pick("said", "said", "said", "other")))
		}
		list = append(list, e)
	}
	return sents, list
}

// TestSND13_StatusIsAFunctionOfTheSet gives one set of events in many orders,
// with repetitions, some of it from several goroutines at once.
func TestSND13_StatusIsAFunctionOfTheSet(t *testing.T) {
	rounds := 800
	if testing.Short() {
		rounds = 200
	}
	for seed := range rounds {
		r := rand.New(rand.NewPCG(uint64(seed), 7))
		sents, list := random(r)
		now := after(time.Duration(r.IntN(50)) * time.Hour)
		first := NewLedger(nil)
		first.AddSent(sents...)
		first.Add(list...)
		want := asJSON(t, first.Snapshot(now))
		for round := range 3 {
			var all []Event
			for _, e := range list {
				for range 1 + r.IntN(3) {
					all = append(all, e)
				}
			}
			r.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
			again := append([]Sent(nil), sents...)
			again = append(again, sents...)
			r.Shuffle(len(again), func(i, j int) { again[i], again[j] = again[j], again[i] })
			l := NewLedger(nil)
			var wg sync.WaitGroup
			cut := r.IntN(len(all) + 1)
			for _, part := range [][]Event{all[:cut], all[cut:]} {
				if round == 0 {
					wg.Go(func() { l.Add(part...) })
				} else {
					l.Add(part...)
				}
				l.AddSent(again...)
				l.Snapshot(now) // looking changes nothing
			}
			wg.Wait()
			require.Equal(t, want, asJSON(t, l.Snapshot(now)), "seed %d", seed)
		}
	}
}

// TestSND19_GreenNeedsValidProofs checks on random sets that a green message
// has a valid delivery for each recipient, that nothing is lost, and that
// events without a valid proof never move a light to or from green or red.
func TestSND19_GreenNeedsValidProofs(t *testing.T) {
	greens, reds, differ := 0, 0, 0
	for seed := range 1500 {
		r := rand.New(rand.NewPCG(uint64(seed), 11))
		sents, list := random(r)
		l := NewLedger(nil)
		l.AddSent(sents...)
		l.Add(list...)
		report := l.Snapshot(time.Time{})
		seen := map[Digest]bool{}
		for _, o := range report.Orphans {
			seen[o.SHA256] = true
		}
		for _, m := range report.Messages {
			if m.Light == Green {
				greens++
			}
			if m.Light == Red {
				reds++
			}
			for _, rec := range m.Recipients {
				valid := false
				for _, p := range rec.Proofs {
					seen[p.SHA256] = true
					valid = valid || p.Verdict == Valid && p.Event == EventDelivered && p.Note == ""
					if p.Content == ContentDiffers {
						differ++
						require.False(t, m.Light == Green && p.Note == "", "seed %d", seed)
					}
				}
				require.NotEmpty(t, rec.Explanation)
				require.NotEmpty(t, rec.Status)
				if m.Light == Green {
					require.Equal(t, StatusDelivered, rec.Status)
					require.True(t, valid)
				}
			}
		}
		for _, e := range list {
			require.True(t, seen[e.Proof.SHA256], "seed %d: an event was lost: %+v", seed, e)
		}
	}
	require.NotZero(t, greens)
	require.NotZero(t, reds)
	require.NotZero(t, differ)
}

// TestSND19_UnprovenNeverOverridesProven adds events without valid proof to a
// set of valid ones: what was proven and final stays.
func TestSND19_UnprovenNeverOverridesProven(t *testing.T) {
	finals := 0
	for seed := range 1500 {
		r := rand.New(rand.NewPCG(uint64(seed), 13))
		_, list := random(r)
		s := sent(bruno, carla)
		s.Body = sha256.Sum256([]byte("said"))
		var valid, rest []Event
		for _, e := range list {
			e.MessageID, e.Sender = client, anna
			if e.Identifier != "" {
				e.Identifier = pecID
			}
			e.Proof.Content = Digest{}
			if e.Proof.Verdict == Valid {
				e.Proof.Body = [2]Digest{{}, s.Body}[r.IntN(2)]
				valid = append(valid, e)
			} else {
				// a forger's proofs are no copies of genuine ones
				e.Proof.SHA256[0]++
				e.Identifier = []string{"", pecID, "forged@x"}[r.IntN(3)]
				rest = append(rest, e)
			}
		}
		before := only(t, ledger(&s, valid), time.Time{})
		after := only(t, ledger(&s, valid, rest), time.Time{})
		for i, rec := range before.Recipients {
			if o := (outcome{status: rec.Status}); o.final() && rec.Verified {
				finals++
				require.Equal(t, rec.Status, after.Recipients[i].Status, "seed %d", seed)
				require.True(t, after.Recipients[i].Verified, "seed %d", seed)
			}
		}
		if before.Light == Green || before.Light == Red {
			require.Equal(t, before.Light, after.Light, "seed %d", seed)
		} else {
			require.Contains(t, []Light{before.Light, Grey}, after.Light, "seed %d", seed)
		}
	}
	require.NotZero(t, finals)
}
