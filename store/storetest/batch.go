package storetest

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/certmail/certmail/store"
)

func settlement(key string, state store.State) store.Settlement {
	return store.Settlement{Account: account, Key: key, Result: store.Result{State: state, NotBefore: at(time.Hour), Reply: "reply " + key, At: at(time.Second)}}
}

// enqueueAll: each for itself as Enqueue says it, all in one.
func enqueueAll(t *testing.T, o Opened) {
	before := put(t, o, message("old"))
	taken, bad, theirs := message("taken"), message("bad"), message("k1")
	taken.Sent.MessageID = "<k2@certmail.example>"
	bad.Size = -1
	theirs.Account = "other"
	list := []store.Submission{message("k1"), message("old"), bad, message("k2"), taken, theirs, message("k1")}
	out, err := o.EnqueueAll(t.Context(), list, at(time.Second))
	must(t, err)
	equal(t, "answers", len(out), len(list))
	s := o.reopened(t)
	for i, existed := range []bool{false, true, false, false, false, false, true} {
		switch i {
		case 1:
			equal(t, "what was there", out[i].Submission, before)
		case 2:
			fails(t, out[i].Err, store.ErrInvalid)
			continue
		case 4:
			fails(t, out[i].Err, store.ErrMessageID)
			continue
		}
		must(t, out[i].Err)
		equal(t, "existed", out[i].Existed, existed)
		got, err := s.Submission(t.Context(), list[i].Account, list[i].Key)
		must(t, err)
		equal(t, "as stored", got, out[i].Submission)
	}
	equal(t, "new ones", keys(take(t, s, "w", 9)), []string{"old", "k1", "k2"})
	none, err := s.EnqueueAll(t.Context(), nil, noon)
	must(t, err)
	equal(t, "of nothing", len(none), 0)
}

// enqueueAllAtOnce lets two clients enqueue the same keys, in two orders.
func enqueueAllAtOnce(t *testing.T, o Opened) {
	const messages, callers = 40, 6
	stores := []store.Store{o.Store, o.second()}
	var fresh atomic.Int32
	var wg sync.WaitGroup
	for i := range callers {
		wg.Go(func() {
			var list []store.Submission
			for j := range messages {
				if i%2 == 1 {
					j = messages - 1 - j
				}
				list = append(list, message(fmt.Sprint("k", j)))
			}
			out, err := stores[i%2].EnqueueAll(t.Context(), list, noon)
			if err != nil {
				t.Error(err)
			}
			for j := range out {
				if out[j].Err != nil || out[j].Submission.Key != list[j].Key {
					t.Errorf("%s: %+v", list[j].Key, out[j])
				}
				if !out[j].Existed {
					fresh.Add(1)
				}
			}
		})
	}
	wg.Wait()
	equal(t, "new ones", int(fresh.Load()), messages)
}

func settleAll(t *testing.T, o Opened) {
	for _, key := range []string{"a", "b", "c", "d", "e"} {
		put(t, o, message(key))
	}
	claimed := take(t, o, "w", 4)
	must(t, o.Settle(t.Context(), account, "d", "w", store.Result{State: store.Refused, At: noon}))
	list := []store.Settlement{settlement("a", store.Sent), settlement("none", store.Sent), settlement("b", store.Queued),
		settlement("c", store.Cancelled), settlement("d", store.Sent), settlement("e", store.Sent), settlement("a", store.Refused)}
	each, err := o.SettleAll(t.Context(), "w", list)
	must(t, err)
	equal(t, "answers", len(each), len(list))
	for i, want := range []error{nil, store.ErrNotFound, nil, store.ErrState, store.ErrLost, store.ErrLost, store.ErrLost} {
		if want == nil {
			must(t, each[i])
			continue
		}
		fails(t, each[i], want)
	}
	s := o.reopened(t)
	a, b := claimed[0], claimed[1]
	a.State, a.Reply, a.Changed, a.Worker, a.Lease, a.Sent.Time = store.Sent, "reply a", at(time.Second), "", time.Time{}, at(time.Second)
	equal(t, "sent", get(t, s, "a"), a)
	b.State, b.Reply, b.Changed, b.Worker, b.Lease, b.NotBefore = store.Queued, "reply b", at(time.Second), "", time.Time{}, at(time.Hour)
	equal(t, "queued", get(t, s, "b"), b)
	equal(t, "not settled", get(t, s, "c"), claimed[2])
	other, err := s.SettleAll(t.Context(), "v", []store.Settlement{settlement("c", store.Sent)})
	must(t, err)
	fails(t, other[0], store.ErrLost)
	none, err := s.SettleAll(t.Context(), "w", nil)
	must(t, err)
	equal(t, "of nothing", len(none), 0)
}

// untried: what was given back is as it was, and any worker's.
func untried(t *testing.T, o Opened) {
	before := put(t, o, message("k"))
	take(t, o, "w", 1)
	for _, state := range []store.State{store.Sent, store.Refused, store.Uncertain} {
		fails(t, o.Settle(t.Context(), account, "k", "w", store.Result{State: state, Untried: true, At: noon}), store.ErrState)
	}
	back := store.Result{State: store.Queued, NotBefore: before.NotBefore, Untried: true, At: noon}
	must(t, o.Settle(t.Context(), account, "k", "w", back))
	equal(t, "given back", get(t, o, "k"), before)
	equal(t, "attempts", take(t, o, "v", 1)[0].Attempts, 1)
}

// turn: outcomes as SettleAll has them and claims as Claim has them, at once.
func turn(t *testing.T, o Opened) {
	both, ok := o.Store.(store.Turner)
	if !ok {
		return // it need not be one
	}
	for i, key := range []string{"a", "b", "c", "d", "e", "f"} {
		m := message(key)
		m.Priority = i / 5 // f before all
		put(t, o, m)
	}
	theirs := message("theirs")
	theirs.Account, theirs.Priority = "other", 9
	put(t, o, theirs)
	list := take(t, o, "w", 3) // f, a and b
	equal(t, "claimed", keys(list), []string{"f", "a", "b"})
	ask := store.Claim{Account: account, Worker: "w", Now: at(time.Minute), Lease: at(time.Hour), Limit: 2}
	back := settlement("b", store.Queued)
	back.Result.NotBefore = at(2 * time.Hour)
	each, claimed, err := both.Turn(t.Context(), []store.Settlement{settlement("f", store.Sent), settlement("none", store.Sent),
		settlement("a", store.Cancelled), back, settlement("c", store.Sent), settlement("f", store.Sent)}, ask)
	must(t, err)
	for i, want := range []error{nil, store.ErrNotFound, store.ErrState, nil, store.ErrLost, store.ErrLost} {
		if want == nil {
			must(t, each[i])
			continue
		}
		fails(t, each[i], want)
	}
	equal(t, "claimed next", keys(claimed), []string{"c", "d"})
	s := o.reopened(t)
	for i := range claimed {
		equal(t, "worker", claimed[i].Worker, "w")
		equal(t, "as stored", get(t, s, claimed[i].Key), claimed[i])
	}
	f := list[0]
	f.State, f.Reply, f.Changed, f.Worker, f.Lease, f.Sent.Time = store.Sent, "reply f", at(time.Second), "", time.Time{}, at(time.Second)
	equal(t, "sent", get(t, s, "f"), f)
	equal(t, "given back", get(t, s, "b").State, store.Queued)
	equal(t, "not settled", get(t, s, "a"), list[1])

	both = s.(store.Turner)
	ask.Account, ask.Limit = "", 9
	each, claimed, err = both.Turn(t.Context(), nil, ask)
	must(t, err)
	equal(t, "of nothing", len(each), 0)
	equal(t, "of all accounts", keys(claimed), []string{"theirs", "e"})
	ask.Worker = "v"
	each, claimed, err = both.Turn(t.Context(), []store.Settlement{settlement("e", store.Sent)}, ask)
	must(t, err)
	fails(t, each[0], store.ErrLost)
	equal(t, "nothing due", len(claimed), 0)

	ask.Lease = ask.Now
	_, _, err = both.Turn(t.Context(), []store.Settlement{settlement("d", store.Sent)}, ask)
	fails(t, err, store.ErrInvalid)
	equal(t, "none of both", get(t, s, "d").State, store.Sending)
}
