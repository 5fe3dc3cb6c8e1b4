package storetest

import (
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/certmail/certmail/receipt"
	"github.com/certmail/certmail/store"
	"github.com/certmail/certmail/transport"
)

func cursor(t *testing.T, s store.Store) string {
	t.Helper()
	c, err := s.Cursor(t.Context(), account, folder)
	must(t, err)
	return string(c)
}

func collect(t *testing.T, o Opened) {
	equal(t, "cursor of an unknown folder", cursor(t, o), "")
	e1, e2, e3 := event("m1", "a@x.example"), event("m1", "b@x.example"), event("m2", "c@x.example")
	got := gather(t, o, batch("", "7", collected("1", e1, e2), collected("2"), collected("3", e3)))
	if len(got) != 3 {
		t.Fatalf("%d events, want 3", len(got))
	}
	for i, e := range []receipt.Event{e1, e2, e3} {
		equal(t, "recorded", got[i], store.Recorded{Seq: got[i].Seq, Account: account, At: noon, Event: e})
		if i > 0 && got[i].Seq <= got[i-1].Seq {
			t.Fatalf("Seq %d behind %d", got[i].Seq, got[i-1].Seq)
		}
	}
	s := o.reopened(t)
	equal(t, "cursor", cursor(t, s), "7")
	equal(t, "events", all(t, s, "", 2), got)
	// An empty batch moves the cursor; a cursor may go anywhere, also back.
	equal(t, "events of an empty batch", len(gather(t, s, batch("7", ""))), 0)
	equal(t, "cursor", cursor(t, s), "")
	gather(t, s, batch("", "9"))
	equal(t, "cursor", cursor(t, s), "9")
	// Folders and accounts are apart.
	other := batch("", "1")
	other.Folder = "Archivio"
	gather(t, s, other)
	other.Folder, other.Account = folder, "other"
	gather(t, s, other)
	equal(t, "cursor", cursor(t, s), "9")
}

func collectMoved(t *testing.T, o Opened) {
	_, err := o.Collect(t.Context(), batch("5", "7"))
	fails(t, err, store.ErrMoved)
	gather(t, o, batch("", "7"))
	for _, was := range []string{"", "5", "7 "} {
		_, err := o.Collect(t.Context(), batch(was, "8", collected("1", event("m", "a@x.example"))))
		fails(t, err, store.ErrMoved)
	}
	equal(t, "cursor", cursor(t, o), "7")
	equal(t, "events", len(all(t, o, "", 9)), 0)
	equal(t, "events now", len(gather(t, o, batch("7", "8", collected("1", event("m", "a@x.example"))))), 1)
}

// collectAtomic: what is refused leaves nothing, neither cursor nor events nor
// findings.
func collectAtomic(t *testing.T, o Opened) {
	bad := collected("2")
	bad.Finding = "no MIME"
	b := batch("", "7", collected("1", event("m", "a@x.example")), bad)
	_, err := o.Collect(ended(), b)
	if err == nil {
		t.Fatal("no error, though the context had ended")
	}
	b.Was = "1"
	_, err = o.Collect(t.Context(), b)
	fails(t, err, store.ErrMoved)
	s := o.reopened(t)
	equal(t, "cursor", cursor(t, s), "")
	equal(t, "events", len(all(t, s, "", 9)), 0)
	list, err := s.Unreadable(t.Context(), account)
	must(t, err)
	equal(t, "unreadable", len(list), 0)
}

// collectAtOnce lets collectors of two clients race through one folder: each
// step is one collector's, and no event comes twice.
func collectAtOnce(t *testing.T, o Opened) {
	const collectors, steps = 6, 15
	stores := []store.Store{o.Store, o.second()}
	var mu sync.Mutex
	won, told := map[transport.Cursor]int{}, map[string]int{}
	var wg sync.WaitGroup
	for i := range collectors {
		wg.Go(func() {
			s := stores[i%2]
			for {
				was, err := s.Cursor(t.Context(), account, folder)
				if err != nil {
					t.Error(err)
					return
				}
				var n int
				fmt.Sscan(string(was), &n)
				if n == steps {
					return
				}
				cursor := transport.Cursor(fmt.Sprint(n + 1))
				b := batch(string(was), string(cursor), collected(fmt.Sprint(n), event(fmt.Sprint("m", n), "a@x.example"), event("same", "b@x.example")))
				recorded, err := s.Collect(t.Context(), b)
				if errors.Is(err, store.ErrMoved) {
					continue
				}
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				won[cursor]++
				for _, r := range recorded {
					told[r.Event.ID()]++
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	equal(t, "steps", len(won), steps)
	for c, n := range won {
		equal(t, "winners of step "+string(c), n, 1)
	}
	equal(t, "events told", len(told), steps+1)
	for id, n := range told {
		equal(t, "times that event "+id+" was told", n, 1)
	}
	equal(t, "events kept", len(all(t, o, "", 4)), steps+1)
}

func collectAgain(t *testing.T, o Opened) {
	e := event("m1", "a@x.example")
	first := gather(t, o, batch("", "1", collected("1", e, e)))
	equal(t, "events", len(first), 1)
	// The same proof found again says nothing new, whatever was made of it, and
	// in whatever case the recipient is written.
	again := e
	again.Proof.Verdict, again.Subject, again.Recipient = receipt.Invalid, "other", "A@x.example"
	fresh := event("m1", "b@x.example")
	got := gather(t, o, batch("1", "2", collected("1", again, fresh), collected("1", fresh)))
	equal(t, "new events", len(got), 1)
	equal(t, "new event", got[0].Event, fresh)
	if got[0].Seq <= first[0].Seq {
		t.Fatalf("Seq %d behind %d", got[0].Seq, first[0].Seq)
	}
	s := o.reopened(t)
	equal(t, "nothing new", len(gather(t, s, batch("2", "3", collected("1", e, fresh)))), 0)
	equal(t, "events", all(t, s, account, 1), []store.Recorded{first[0], got[0]})
	// Another account's copy of the proof is an event of its own, and Seq goes on.
	theirs := batch("", "1", collected("1", e))
	theirs.Account = "other"
	got = gather(t, s, theirs)
	equal(t, "events of another account", len(got), 1)
	list := all(t, s, "", 2)
	equal(t, "events of all", len(list), 3)
	equal(t, "the last", list[2], got[0])
	equal(t, "events of the other", all(t, s, "other", 2), got)
}

func unreadable(t *testing.T, o Opened) {
	list := func(s store.Store, account string) []store.Collected {
		t.Helper()
		found, err := s.Unreadable(t.Context(), account)
		must(t, err)
		return found
	}
	bad := func(id, finding string) store.Collected {
		return store.Collected{ID: transport.ID(id), SHA256: digest(id), Size: 3, Kind: "unknown", Verdict: receipt.Indeterminate, Finding: finding}
	}
	b1, b2, b3, noBytes := bad("1.1", "no header"), bad("1.2", "no MIME"), bad("1.3", "cut"), bad("1.4", "not given")
	noBytes.SHA256 = receipt.Digest{}
	alsoNot := noBytes
	alsoNot.ID = "1.5"
	gather(t, o, batch("", "1", b1, collected("1.9"), b2, noBytes))
	gather(t, o, batch("1", "2", b3, alsoNot))
	s := o.reopened(t)
	equal(t, "unreadable", list(s, account), []store.Collected{b1, b2, noBytes, b3, alsoNot})

	// Renumbered, and read better: the last word counts, the place is kept.
	b2.ID, b2.Finding = "2.2", "no MIME, still"
	read := b1
	read.ID, read.Finding, read.Verdict = "2.1", "", receipt.Valid
	noBytes.Finding = "still not given"
	gather(t, s, batch("2", "3", b2, read, noBytes, noBytes))
	equal(t, "still unreadable", list(s, account), []store.Collected{b2, noBytes, b3, alsoNot})

	theirs := batch("", "1", bad("1.1", "theirs"))
	theirs.Account = "other"
	gather(t, s, theirs)
	equal(t, "of the account", len(list(s, account)), 4)
	equal(t, "of the other", list(s, "other"), theirs.Messages)
	equal(t, "of all", len(list(s, "")), 5)
}
