package crashtest

import (
	"fmt"
	"slices"
	"strconv"
	"testing"

	"github.com/certmail/certmail/store"
)

// model is what one account must hold, from what its processes said.
type model struct {
	account string
	state   map[string]store.State
	claims  map[string]int // how often each was claimed, at least
	step    int            // as many steps were collected
	began   []string       // what was begun and is not known to be done

	open int // how many of those that were begun turned out to be done

	seq  int64 // the highest that was seen
	seen int   // how many events
}

func newModel(account string) *model {
	return &model{account: account, state: map[string]store.State{}, claims: map[string]int{}}
}

func (m *model) pending() string {
	if len(m.began) == 0 {
		return "nothing"
	}
	return m.began[0]
}

// hear takes in a line that a process said.
func (m *model) hear(line []string) error {
	if len(line) < 2 || line[0] != "begin" && line[0] != "done" {
		return fmt.Errorf("worker %s said %q", m.account, line)
	}
	if line[0] == "begin" {
		m.began = line[1:]
		return nil
	}
	m.began = nil
	switch args := line[2:]; line[1] {
	case "enqueue":
		for _, key := range args {
			m.state[key] = store.Queued
		}
	case "claim":
		for _, key := range args {
			if m.state[key] != store.Queued {
				return fmt.Errorf("%s was claimed, and is %q", key, m.state[key])
			}
			m.state[key] = store.Sending
			m.claims[key]++
		}
	case "settle":
		m.state[args[0]] = store.State(args[1])
	case "settleall":
		for _, key := range args[1:] {
			m.state[key] = store.State(args[0])
		}
	case "collect":
		m.step++
	}
	return nil
}

// compare asks the store, takes over what the crash left open and complains
// about all else.
func (m *model) compare(t *testing.T, s store.Store) {
	t.Helper()
	have := map[string]bool{}
	m.open = 0
	for after := int64(0); ; {
		list, err := s.Submissions(t.Context(), store.Filter{Account: m.account, After: after})
		if err != nil {
			t.Fatal(err)
		}
		if len(list) == 0 {
			break
		}
		for i := range list {
			after = list[i].Order
			if have[list[i].Key] {
				t.Errorf("%s is there twice", list[i].Key)
			}
			have[list[i].Key] = true
			m.compareOne(t, &list[i])
		}
	}
	for key := range m.state {
		if !have[key] {
			t.Errorf("%s is lost", key)
		}
	}
	// What was begun for many at once was done for all or for none.
	if n := map[string]int{"enqueue": 1, "settleall": 2}[m.pending()]; n > 0 && m.open > 0 && m.open != len(m.began)-n {
		t.Errorf("%v: done for %d", m.began, m.open)
	}
	m.compareEvents(t, s)
}

func (m *model) compareOne(t *testing.T, s *store.Submission) {
	t.Helper()
	begun := func(what string) bool { return m.pending() == what }
	want, known := m.state[s.Key]
	switch {
	case !known && begun("enqueue") && slices.Contains(m.began[1:], s.Key) && s.State == store.Queued:
		m.open++
	case !known:
		t.Errorf("%s is there, and nobody enqueued it", s.Key)
	case s.State == want:
	case begun("claim") && want == store.Queued && s.State == store.Sending:
		m.claims[s.Key]++
	case begun("settleall") && slices.Contains(m.began[2:], s.Key) && s.State == store.State(m.began[1]):
		m.open++
	case begun("settle") && m.began[1] == s.Key && s.State == store.State(m.began[2]):
	default:
		t.Errorf("%s is %s, want %s; begun was %v", s.Key, s.State, want, m.began)
	}
	if s.Attempts != m.claims[s.Key] {
		t.Errorf("%s has %d attempts, want %d", s.Key, s.Attempts, m.claims[s.Key])
	}
	if (s.State == store.Sending) != (s.Worker != "") || s.Sent.SHA256 != digest(s.Key) || s.Sent.Subject != s.Key {
		t.Errorf("%s is half there: %+v", s.Key, *s)
	}
	m.state[s.Key] = s.State
}

// compareEvents: the cursor, the events and the findings are those of the same
// steps.
func (m *model) compareEvents(t *testing.T, s store.Store) {
	t.Helper()
	cursor, err := s.Cursor(t.Context(), m.account, folder)
	if err != nil {
		t.Fatal(err)
	}
	step, _ := strconv.Atoi(string(cursor)) // 0 for none
	if step != m.step && (m.pending() != "collect" || step != m.step+1) {
		t.Errorf("the cursor is at %d, want %d; begun was %v", step, m.step, m.began)
	}
	m.step = step
	var want []string
	for i := range step {
		want = append(want, news(i)...)
	}
	for {
		list, err := s.Events(t.Context(), m.account, m.seq, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range list {
			if m.seen >= len(want) || r.Event.MessageID != want[m.seen] {
				t.Fatalf("event %d is %s; there are %d steps", m.seen, r.Event.MessageID, step)
			}
			m.seen++
			m.seq = r.Seq
		}
		if len(list) == 0 {
			break
		}
	}
	if m.seen != len(want) {
		t.Errorf("%d events, want %d", m.seen, len(want))
	}
	bad, err := s.Unreadable(t.Context(), m.account)
	if err != nil {
		t.Fatal(err)
	}
	if len(bad) != step {
		t.Errorf("%d findings, want %d", len(bad), step)
	}
}
