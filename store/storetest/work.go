package storetest

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/certmail/certmail/store"
)

func claimInOrder(t *testing.T, o Opened) {
	for i, priority := range []int{0, 5, 0, -1, 5, 1 << 40} {
		m := message(fmt.Sprint("k", i))
		m.Priority = priority
		put(t, o, m)
	}
	theirs := message("theirs")
	theirs.Account = "other"
	put(t, o, theirs)

	first := take(t, o, "w1", 3)
	equal(t, "first claimed", keys(first), []string{"k5", "k1", "k4"})
	for _, s := range first {
		equal(t, "worker", s.Worker, "w1")
		equal(t, "lease", s.Lease, at(time.Minute))
		equal(t, "state", s.State, store.Sending)
		equal(t, "attempts", s.Attempts, 1)
		equal(t, "changed", s.Changed, noon)
		equal(t, "as stored", get(t, o, s.Key), s)
	}
	equal(t, "limit 0 claims", keys(take(t, o, "w2", 0)), []string{"k0"})
	s := o.reopened(t)
	equal(t, "then claimed", keys(take(t, s, "w2", 9)), []string{"k2", "k3"})
	equal(t, "left", len(take(t, s, "w2", 9)), 0)
	c := claim("w2", 9)
	c.Account = ""
	rest, err := s.Claim(t.Context(), c)
	must(t, err)
	equal(t, "of any account", keys(rest), []string{"theirs"})
}

func claimWhenDue(t *testing.T, o Opened) {
	soon, now, never := message("soon"), message("now"), message("zero")
	soon.NotBefore, soon.Priority = at(1), 9
	never.NotBefore = time.Time{}
	put(t, o, soon)
	put(t, o, now)
	put(t, o, never)
	equal(t, "due", keys(take(t, o, "w", 9)), []string{"now", "zero"})
	equal(t, "due again", len(take(t, o, "w", 9)), 0)
	c := claim("w", 9)
	c.Now = at(1)
	got, err := o.Claim(t.Context(), c)
	must(t, err)
	equal(t, "a nanosecond later", keys(got), []string{"soon"})
}

// claimNeverTwice lets two clients with many workers each claim, retry and
// settle, while others enqueue.
func claimNeverTwice(t *testing.T, o Opened) {
	const workers, messages = 8, 60
	stores := []store.Store{o.Store, o.second()}
	var mu sync.Mutex
	held, sent := map[string]string{}, map[string]int{}
	var wg sync.WaitGroup
	for i := range 2 {
		wg.Go(func() {
			for j := range messages / 2 {
				if _, _, err := stores[i].Enqueue(t.Context(), message(fmt.Sprint("k", i, "-", j)), noon); err != nil {
					t.Error(err)
				}
			}
		})
	}
	work := func(s store.Store, worker string, limit int) (done bool) {
		claimed, err := s.Claim(t.Context(), claim(worker, limit))
		if err != nil {
			t.Error(err)
			return true
		}
		for _, c := range claimed {
			mu.Lock()
			if other := held[c.Key]; other != "" {
				t.Errorf("%s was given to %s while %s had it", c.Key, worker, other)
			}
			held[c.Key] = worker
			mu.Unlock()
		}
		for _, c := range claimed {
			r := store.Result{State: store.Sent, Reply: "250", At: noon}
			if c.Attempts == 1 {
				r.State, r.NotBefore = store.Queued, noon
			}
			mu.Lock()
			delete(held, c.Key)
			if r.State == store.Sent {
				sent[c.Key]++
			}
			done := len(sent) == messages
			mu.Unlock()
			if err := s.Settle(t.Context(), account, c.Key, worker, r); err != nil {
				t.Error(err)
			}
			if done {
				return true
			}
		}
		mu.Lock()
		defer mu.Unlock()
		return len(sent) == messages
	}
	deadline := time.Now().Add(time.Minute)
	for i := range workers {
		wg.Go(func() {
			for !work(stores[i%2], fmt.Sprint("w", i), 1+i%4) && time.Now().Before(deadline) {
			}
		})
	}
	wg.Wait()
	equal(t, "sent", len(sent), messages)
	for key, n := range sent {
		if n != 1 {
			t.Errorf("%s was sent %d times", key, n)
		}
	}
	list, err := o.Submissions(t.Context(), store.Filter{States: []store.State{store.Sent}})
	must(t, err)
	equal(t, "stored as sent", len(list), messages)
	for _, s := range list {
		equal(t, "attempts", s.Attempts, 2)
	}
}

func settle(t *testing.T, o Opened) {
	for _, state := range []store.State{store.Sent, store.Refused, store.Uncertain, store.Queued} {
		key := string(state)
		put(t, o, message(key))
		want := take(t, o, "w", 1)[0]
		must(t, o.Settle(t.Context(), account, key, "w",
			store.Result{State: state, NotBefore: at(time.Hour), Reply: "reply " + key, At: at(time.Second)}))
		want.State, want.Reply, want.Changed = state, "reply "+key, at(time.Second)
		want.Worker, want.Lease = "", time.Time{}
		switch state {
		case store.Sent, store.Uncertain:
			want.Sent.Time, want.Sent.Uncertain = at(time.Second), state == store.Uncertain
		case store.Queued:
			want.NotBefore = at(time.Hour)
		}
		equal(t, key, get(t, o, key), want)
	}
	s := o.reopened(t)
	c := claim("w", 9)
	c.Now, c.Lease = at(time.Hour), at(2*time.Hour)
	again, err := s.Claim(t.Context(), c)
	must(t, err)
	equal(t, "to try again", keys(again), []string{"queued"})
	equal(t, "attempts", again[0].Attempts, 2)
	equal(t, "uncertain", get(t, s, "uncertain").Sent.Uncertain, true)
}

func settleLost(t *testing.T, o Opened) {
	ok := store.Result{State: store.Sent, Reply: "250", At: noon}
	fails(t, o.Settle(t.Context(), account, "none", "w", ok), store.ErrNotFound)
	put(t, o, message("k1"))
	fails(t, o.Settle(t.Context(), account, "k1", "w", ok), store.ErrLost)
	fails(t, o.Settle(t.Context(), account, "k1", "", ok), store.ErrLost)
	take(t, o, "w", 1)
	before := get(t, o, "k1")
	fails(t, o.Settle(t.Context(), account, "k1", "v", ok), store.ErrLost)
	fails(t, o.Settle(t.Context(), account, "k1", "W", ok), store.ErrLost)
	fails(t, o.Settle(t.Context(), "other", "k1", "w", ok), store.ErrNotFound)
	for _, state := range []store.State{"", store.Sending, store.Cancelled, "lost"} {
		fails(t, o.Settle(t.Context(), account, "k1", "w", store.Result{State: state, At: noon}), store.ErrState)
	}
	equal(t, "unchanged", get(t, o, "k1"), before)
	must(t, o.Settle(t.Context(), account, "k1", "w", ok))
	fails(t, o.Settle(t.Context(), account, "k1", "w", ok), store.ErrLost)
}

func renew(t *testing.T, o Opened) {
	for i := range 3 {
		put(t, o, message(fmt.Sprint("k", i)))
	}
	renewed := func(worker string, lease time.Time, want int) {
		t.Helper()
		n, err := o.Renew(t.Context(), worker, lease)
		must(t, err)
		equal(t, "renewed", n, want)
	}
	renewed("w", at(time.Hour), 0)
	take(t, o, "w", 2)
	take(t, o, "v", 1)
	renewed("w", at(time.Hour), 2)
	renewed("v", at(time.Second), 1)
	equal(t, "longer", get(t, o, "k0").Lease, at(time.Hour))
	equal(t, "not shorter", get(t, o, "k2").Lease, at(time.Minute))
	must(t, o.Settle(t.Context(), account, "k0", "w", store.Result{State: store.Refused, At: noon}))
	renewed("w", at(2*time.Hour), 1)
	equal(t, "settled", get(t, o, "k0").Lease, time.Time{})
	expired, err := o.Expire(t.Context(), at(time.Hour))
	must(t, err)
	equal(t, "expired", keys(expired), []string{"k2"})
	renewed("v", at(2*time.Hour), 0)
}

func expire(t *testing.T, o Opened) {
	for i := range 4 {
		put(t, o, message(fmt.Sprint("k", i)))
	}
	take(t, o, "w", 3)
	must(t, o.Settle(t.Context(), account, "k1", "w", store.Result{State: store.Sent, At: noon}))
	early, err := o.Expire(t.Context(), at(time.Minute-1))
	must(t, err)
	equal(t, "before the lease ended", len(early), 0)
	late, err := o.Expire(t.Context(), at(time.Minute))
	must(t, err)
	equal(t, "when it ended", keys(late), []string{"k0", "k2"})
	for _, s := range late {
		equal(t, "state", s.State, store.Uncertain)
		equal(t, "worker", s.Worker, "")
		equal(t, "lease", s.Lease, time.Time{})
		equal(t, "changed", s.Changed, at(time.Minute))
		equal(t, "earliest time", s.Sent.Time, noon)
		equal(t, "uncertain", s.Sent.Uncertain, true)
		equal(t, "as stored", get(t, o, s.Key), s)
		if !strings.Contains(s.Reply, "lease") {
			t.Errorf("Reply %q does not say why", s.Reply)
		}
	}
	s := o.reopened(t)
	fails(t, s.Settle(t.Context(), account, "k0", "w", store.Result{State: store.Sent, At: noon}), store.ErrLost)
	equal(t, "never by itself again", keys(take(t, s, "w", 9)), []string{"k3"})
}

// expireOnce lets two clients expire at once: each is told by one only.
func expireOnce(t *testing.T, o Opened) {
	const messages = 20
	for i := range messages {
		put(t, o, message(fmt.Sprint("k", i)))
	}
	take(t, o, "w", messages)
	stores := []store.Store{o.Store, o.second()}
	told := make([]int, 6)
	var wg sync.WaitGroup
	for i := range told {
		wg.Go(func() {
			list, err := stores[i%2].Expire(t.Context(), at(time.Hour))
			if err != nil {
				t.Error(err)
			}
			told[i] = len(list)
		})
	}
	wg.Wait()
	sum := 0
	for _, n := range told {
		sum += n
	}
	equal(t, "told", sum, messages)
}

// decide goes through all pairs of states.
func decide(t *testing.T, o Opened) {
	states := []store.State{store.Queued, store.Sending, store.Sent, store.Refused, store.Uncertain, store.Cancelled}
	allowed := map[[2]store.State]bool{
		{store.Queued, store.Cancelled}:  true,
		{store.Queued, store.Sent}:       true,
		{store.Uncertain, store.Sent}:    true,
		{store.Uncertain, store.Refused}: true,
		{store.Uncertain, store.Queued}:  true,
	}
	for _, is := range states {
		for _, to := range states {
			key := fmt.Sprint(is, "-", to)
			bring(t, o, key, is)
			before := get(t, o, key)
			for _, from := range states {
				if from != is {
					fails(t, o.Decide(t.Context(), account, key, from, to, "why", at(time.Hour)), store.ErrState)
				}
			}
			equal(t, "still "+key, get(t, o, key), before)
			err := o.Decide(t.Context(), account, key, is, to, "why", at(time.Hour))
			if !allowed[[2]store.State{is, to}] {
				fails(t, err, store.ErrState)
				equal(t, "still "+key, get(t, o, key), before)
				continue
			}
			must(t, err)
			want := before
			want.State, want.Reply, want.Changed, want.Sent.Uncertain = to, "why", at(time.Hour), false
			switch {
			case to != store.Sent:
				want.Sent.Time = time.Time{}
			case is == store.Queued:
				want.Sent.Time = at(time.Hour)
			}
			equal(t, key, get(t, o, key), want)
			if store.CanDecide(is, to) != allowed[[2]store.State{is, to}] {
				t.Errorf("CanDecide(%s, %s) says otherwise", is, to)
			}
		}
	}
	fails(t, o.Decide(t.Context(), account, "none", store.Queued, store.Cancelled, "", noon), store.ErrNotFound)
	fails(t, o.Decide(t.Context(), "other", "queued-queued", store.Queued, store.Cancelled, "", noon), store.ErrNotFound)
	s := o.reopened(t)
	left := []string{"uncertain-queued", "queued-queued", "queued-sending", "queued-refused", "queued-uncertain"}
	equal(t, "left to send", keys(take(t, s, "w", 99)), left)
}

// bring makes a submission that is in a state.
func bring(t *testing.T, s store.Store, key string, state store.State) {
	t.Helper()
	m := message(key)
	if state != store.Queued {
		before, err := s.Submissions(t.Context(), store.Filter{})
		must(t, err)
		m.Priority = 1 + len(before) // is claimed before what stays queued
	}
	put(t, s, m)
	switch state {
	case store.Queued:
	case store.Cancelled:
		must(t, s.Decide(t.Context(), account, key, store.Queued, store.Cancelled, "", noon))
	default:
		equal(t, "claimed", keys(take(t, s, "w", 1)), []string{key})
		if state != store.Sending {
			must(t, s.Settle(t.Context(), account, key, "w", store.Result{State: state, At: noon}))
		}
	}
}

// decideOnce lets cancelling race with claiming: one of them has it.
func decideOnce(t *testing.T, o Opened) {
	stores := []store.Store{o.Store, o.second()}
	for i := range 20 {
		key := fmt.Sprint("k", i)
		put(t, o, message(key))
		var claimed, cancelled bool
		var wg sync.WaitGroup
		wg.Go(func() {
			list, err := stores[0].Claim(t.Context(), claim("w", 1))
			if err != nil {
				t.Error(err)
			}
			claimed = len(list) == 1
		})
		wg.Go(func() {
			err := stores[1].Decide(t.Context(), account, key, store.Queued, store.Cancelled, "", noon)
			if err != nil && !errors.Is(err, store.ErrState) {
				t.Error(err)
			}
			cancelled = err == nil
		})
		wg.Wait()
		if claimed && cancelled {
			t.Fatalf("%s was claimed and cancelled", key)
		}
		if !cancelled && !claimed { // it was skipped while it was not cancelled: fine, but it must be left
			equal(t, "left", len(take(t, o, "w", 1)), 1)
		}
	}
}
