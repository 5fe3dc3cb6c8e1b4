package storetest

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/certmail/certmail/receipt"
	"github.com/certmail/certmail/store"
)

func events(t *testing.T, o Opened) {
	var list []receipt.Event
	for i := range 25 {
		list = append(list, event(fmt.Sprint("m", i), "a@x.example"))
	}
	gather(t, o, batch("", "1", collected("1", list[:10]...)))
	theirs := batch("", "1", collected("1", event("theirs", "a@x.example")))
	theirs.Account = "other"
	gather(t, o, theirs)
	gather(t, o, batch("1", "2", collected("2", list[10:]...)))
	s := o.reopened(t)
	for _, limit := range []int{1, 7, 25, 1000} {
		got := all(t, s, account, limit)
		equal(t, "events", len(got), len(list))
		for i := range got {
			equal(t, "event", got[i].Event, list[i])
		}
		equal(t, "of all accounts", len(all(t, s, "", limit)), len(list)+1)
	}
	got, err := s.Events(t.Context(), account, 0, 0)
	must(t, err)
	equal(t, "with the default limit", len(got), len(list))
	got, err = s.Events(t.Context(), account, got[24].Seq, 10)
	must(t, err)
	equal(t, "behind the last", len(got), 0)
	got, err = s.Events(t.Context(), "none", 0, 10)
	must(t, err)
	equal(t, "of no such account", len(got), 0)
	got, err = s.Events(t.Context(), "", -5, 3)
	must(t, err)
	equal(t, "behind a negative one", len(got), 3)
}

// eventsNeverMissed lets collectors take in events of several folders and
// accounts at a time while readers follow, each remembering the highest Seq that
// it saw: at the end they have seen all.
func eventsNeverMissed(t *testing.T, o Opened) {
	const collectors, steps, readers = 8, 12, 3
	stores := []store.Store{o.Store, o.second()}
	var running atomic.Int32
	running.Store(collectors)
	var collecting, reading sync.WaitGroup
	want := 0
	for i := range collectors {
		for j := range steps {
			want += 1 + (i+j)%5
		}
		collecting.Go(func() {
			defer running.Add(-1)
			for j := range steps {
				b := batch(fmt.Sprint(j), fmt.Sprint(j+1))
				if j == 0 {
					b.Was = ""
				}
				b.Account, b.Folder = fmt.Sprint("account", i%2), fmt.Sprint("folder", i)
				for k := range 1 + (i+j)%5 {
					name := fmt.Sprint(i, "-", j, "-", k)
					b.Messages = append(b.Messages, collected(name, event(name, "a@x.example")))
				}
				if _, err := stores[i/2%2].Collect(t.Context(), b); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	for i := range readers {
		reading.Go(func() {
			seen := map[string]bool{}
			for after, last := int64(0), false; ; {
				last = running.Load() == 0
				got, err := stores[i%2].Events(t.Context(), "", after, 1+10*i)
				if err != nil {
					t.Error(err)
					return
				}
				for _, r := range got {
					if r.Seq <= after {
						t.Errorf("Seq %d behind %d", r.Seq, after)
					}
					if seen[r.Event.MessageID] {
						t.Errorf("%s twice", r.Event.MessageID)
					}
					after, seen[r.Event.MessageID] = r.Seq, true
				}
				if last && len(got) == 0 {
					break
				}
			}
			if len(seen) != want {
				t.Errorf("reader %d saw %d events of %d", i, len(seen), want)
			}
		})
	}
	collecting.Wait()
	reading.Wait()
}

func eventsAbout(t *testing.T, o Opened) {
	var n int
	e := func(messageID, reference, identifier string) receipt.Event {
		n++
		one := event(messageID, fmt.Sprint(n, "@x.example"))
		one.Reference, one.Identifier = reference, identifier
		return one
	}
	list := []receipt.Event{
		e("m1", "", "i1"),     // 0: by Message-ID
		e("", "m1", "i2"),     // 1: by Reference
		e("", "", "i1"),       // 2: by an identifier that 0 bears
		e("", "", "i2"),       // 3: by an identifier that 1 bears
		e("m2", "", "i1"),     // 4: claims the same identifier
		e("m2", "m2", "i9"),   // 5
		e("", "", "i9"),       // 6
		e("m3", "", ""),       // 7: no identifier
		e("", "", ""),         // 8: nothing at all
		e("<m3>", "<m1>", ""), // 9: with angle brackets
		e("M1", "", "I1"),     // 10: another
	}
	gather(t, o, batch("", "1", collected("1", list...)))
	theirs := batch("", "1", collected("1", e("m1", "", "i9")))
	theirs.Account = "other"
	gather(t, o, theirs)
	s := o.reopened(t)
	about := func(account, id string, want ...int) {
		t.Helper()
		got, err := s.EventsAbout(t.Context(), account, id)
		must(t, err)
		var which []int
		for i, r := range got {
			if i > 0 && r.Seq <= got[i-1].Seq {
				t.Fatalf("Seq %d behind %d", r.Seq, got[i-1].Seq)
			}
			for j := range list {
				if list[j].Recipient == r.Event.Recipient {
					equal(t, "event", r.Event, list[j])
					which = append(which, j)
				}
			}
		}
		equal(t, "events about "+id, which, want)
	}
	about(account, "m1", 0, 1, 2, 3, 4, 9)
	about(account, "<m1>", 0, 1, 2, 3, 4, 9)
	about(account, "m2", 0, 2, 4, 5, 6)
	about(account, "m3", 7, 9)
	about(account, "i1")
	about(account, "")
	about("none", "m1")
	got, err := s.EventsAbout(t.Context(), "other", "m1")
	must(t, err)
	equal(t, "of the other account", len(got), 1)
}
