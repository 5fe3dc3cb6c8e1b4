package storetest

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/certmail/certmail/receipt"
	"github.com/certmail/certmail/store"
)

func enqueue(t *testing.T, o Opened) {
	m := message("k1")
	m.Priority = -3
	// What is the store's counts for nothing.
	m.State, m.Attempts, m.Worker, m.Reply, m.Order = store.Sent, 7, "w", "ok", 99
	m.Lease, m.Sent.Time, m.Sent.Uncertain = noon, noon, true
	stored, existed, err := o.Enqueue(t.Context(), m, at(time.Second))
	must(t, err)
	want := message("k1")
	want.Priority, want.State, want.Order = -3, store.Queued, stored.Order
	want.Enqueued, want.Changed = at(time.Second), at(time.Second)
	equal(t, "existed", existed, false)
	equal(t, "stored", stored, want)

	s := o.reopened(t)
	equal(t, "by key", get(t, s, "k1"), want)
	for _, id := range []string{"k1@certmail.example", "<k1@certmail.example>", " <k1@certmail.example>\r\n"} {
		got, err := s.ByMessageID(t.Context(), account, id)
		must(t, err)
		equal(t, "by Message-ID", got, want)
	}
	for _, key := range [][2]string{{account, "k2"}, {"other", "k1"}, {"", "k1"}, {account, ""}, {account, "K1"}, {account, "k%"}} {
		_, err = s.Submission(t.Context(), key[0], key[1])
		fails(t, err, store.ErrNotFound)
	}
	for _, key := range [][2]string{{account, "k2@certmail.example"}, {"other", "k1@certmail.example"}, {account, ""}, {account, "K1@certmail.example"}} {
		_, err = s.ByMessageID(t.Context(), key[0], key[1])
		fails(t, err, store.ErrNotFound)
	}
}

func enqueueIsIdempotent(t *testing.T, o Opened) {
	stored := put(t, o, message("k1"))
	other := message("k1")
	other.Sent.SHA256, other.Sent.MessageID, other.Priority = digest("another"), "another@certmail.example", 5
	got, existed, err := o.Enqueue(t.Context(), other, at(time.Hour))
	must(t, err)
	equal(t, "existed", existed, true)
	equal(t, "what was there", got, stored)
	equal(t, "what is there", get(t, o, "k1"), stored)
	_, err = o.ByMessageID(t.Context(), account, "another@certmail.example")
	fails(t, err, store.ErrNotFound)

	// For ever: also when it was sent.
	take(t, o, "w", 1)
	must(t, o.Settle(t.Context(), account, "k1", "w", store.Result{State: store.Sent, Reply: "250", At: noon}))
	s := o.reopened(t)
	got, existed, err = s.Enqueue(t.Context(), message("k1"), at(time.Hour))
	must(t, err)
	equal(t, "existed", existed, true)
	equal(t, "state", got.State, store.Sent)
	equal(t, "work left", len(take(t, s, "w", 9)), 0)

	// A key is an account's own.
	theirs := message("k1")
	theirs.Account = "other"
	put(t, s, theirs)
}

func messageIDIsTaken(t *testing.T, o Opened) {
	put(t, o, message("k1"))
	m := message("k2")
	m.Sent.MessageID = "<k1@certmail.example>"
	_, _, err := o.Enqueue(t.Context(), m, noon)
	fails(t, err, store.ErrMessageID)
	_, err = o.Submission(t.Context(), account, "k2")
	fails(t, err, store.ErrNotFound)
	m.Account = "other"
	put(t, o, m)
	// Bytes may be submitted twice, under two ids.
	m = message("k3")
	m.Sent.SHA256 = digest("k1")
	put(t, o, m)
}

func enqueueAtOnce(t *testing.T, o Opened) {
	const messages, callers = 12, 8
	stores := []store.Store{o.Store, o.second()}
	var fresh, taken atomic.Int32
	var orders sync.Map
	var wg sync.WaitGroup
	for i := range callers {
		wg.Go(func() {
			for j := range messages {
				m := message(fmt.Sprint("k", (i+j)%messages))
				stored, existed, err := stores[i%2].Enqueue(t.Context(), m, noon)
				if err != nil {
					t.Error(err)
					return
				}
				if !existed {
					fresh.Add(1)
				}
				if before, ok := orders.LoadOrStore(m.Key, stored.Order); ok && before != stored.Order {
					t.Errorf("%s has two places, %d and %d", m.Key, before, stored.Order)
				}
				// The same Message-ID under a key of each caller's own.
				m.Key, m.Sent.MessageID = fmt.Sprint("own", i, j), fmt.Sprint("shared", j)
				switch _, _, err := stores[i%2].Enqueue(t.Context(), m, noon); {
				case err == nil:
				case errors.Is(err, store.ErrMessageID):
					taken.Add(1)
				default:
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	equal(t, "new ones", int(fresh.Load()), messages)
	equal(t, "refused Message-IDs", int(taken.Load()), (callers-1)*messages)
	list, err := o.Submissions(t.Context(), store.Filter{})
	must(t, err)
	equal(t, "rows", len(list), 2*messages)
}

func invalid(t *testing.T, o Opened) {
	far := time.Date(12026, 1, 1, 0, 0, 0, 0, time.UTC)
	long := strings.Repeat("x", store.MaxName+1)
	for what, change := range map[string]func(*store.Submission){
		"account":        func(m *store.Submission) { m.Account = "" },
		"long account":   func(m *store.Submission) { m.Account = long },
		"key":            func(m *store.Submission) { m.Key = "" },
		"long key":       func(m *store.Submission) { m.Key = long },
		"Message-ID":     func(m *store.Submission) { m.Sent.MessageID = " <>" },
		"digest":         func(m *store.Submission) { m.Sent.SHA256 = receipt.Digest{} },
		"size":           func(m *store.Submission) { m.Size = -1 },
		"far NotBefore":  func(m *store.Submission) { m.NotBefore = far },
		"NotBefore B.C.": func(m *store.Submission) { m.NotBefore = time.Date(-1, 1, 1, 0, 0, 0, 0, time.UTC) },
	} {
		m := message("k1")
		change(&m)
		if _, _, err := o.Enqueue(t.Context(), m, noon); !errors.Is(err, store.ErrInvalid) {
			t.Errorf("%s: error %v, want ErrInvalid", what, err)
		}
	}
	_, _, err := o.Enqueue(t.Context(), message("k1"), far)
	fails(t, err, store.ErrInvalid)
	for what, change := range map[string]func(*store.Claim){
		"worker":       func(c *store.Claim) { c.Worker = "" },
		"long worker":  func(c *store.Claim) { c.Worker = long },
		"long account": func(c *store.Claim) { c.Account = long },
		"lease":        func(c *store.Claim) { c.Lease = c.Now },
		"far lease":    func(c *store.Claim) { c.Lease = far },
	} {
		c := claim("w", 1)
		change(&c)
		if _, err := o.Claim(t.Context(), c); !errors.Is(err, store.ErrInvalid) {
			t.Errorf("%s: error %v, want ErrInvalid", what, err)
		}
	}
	for what, change := range map[string]func(*store.Batch){
		"account":     func(b *store.Batch) { b.Account = "" },
		"folder":      func(b *store.Batch) { b.Folder = "" },
		"long folder": func(b *store.Batch) { b.Folder = long },
		"far At":      func(b *store.Batch) { b.At = far },
	} {
		b := batch("", "1")
		change(&b)
		if _, err := o.Collect(t.Context(), b); !errors.Is(err, store.ErrInvalid) {
			t.Errorf("%s: error %v, want ErrInvalid", what, err)
		}
	}
	list, err := o.Submissions(t.Context(), store.Filter{})
	must(t, err)
	equal(t, "stored", len(list), 0)
}

func submissions(t *testing.T, o Opened) {
	for i := range 7 {
		m := message(fmt.Sprint("k", i))
		m.Priority = i % 3
		if i >= 5 {
			m.Account = "other"
		}
		put(t, o, m)
	}
	take(t, o, "w", 1) // k2
	list := func(f store.Filter) []string {
		t.Helper()
		found, err := o.Submissions(t.Context(), f)
		must(t, err)
		for i := 1; i < len(found); i++ {
			if found[i].Order <= found[i-1].Order {
				t.Fatalf("%v is not in order", keys(found))
			}
		}
		return keys(found)
	}
	equal(t, "all", list(store.Filter{}), []string{"k0", "k1", "k2", "k3", "k4", "k5", "k6"})
	equal(t, "of an account", list(store.Filter{Account: "other"}), []string{"k5", "k6"})
	equal(t, "of a state", list(store.Filter{States: []store.State{store.Sending}}), []string{"k2"})
	equal(t, "of states", list(store.Filter{Account: account, States: []store.State{store.Queued, store.Sent}}), []string{"k0", "k1", "k3", "k4"})
	equal(t, "changed since", len(list(store.Filter{Since: noon})), 7)
	must(t, o.Settle(t.Context(), account, "k2", "w", store.Result{State: store.Sent, At: at(time.Second)}))
	equal(t, "changed since then", list(store.Filter{Account: account, Since: at(1), States: []store.State{store.Queued, store.Sent}}), []string{"k2"})
	equal(t, "changed later", list(store.Filter{Since: at(time.Second + 1)}), []string{})
	equal(t, "of no such account", list(store.Filter{Account: "none"}), []string{})
	equal(t, "some", list(store.Filter{Limit: 2}), []string{"k0", "k1"})
	equal(t, "some more", list(store.Filter{Limit: 3, After: get(t, o, "k1").Order}), []string{"k2", "k3", "k4"})
	equal(t, "the last", list(store.Filter{After: get(t, o, "k4").Order, Account: account}), []string{})
}
