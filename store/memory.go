package store

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/certmail/certmail/daticert"
	"github.com/certmail/certmail/receipt"
	"github.com/certmail/certmail/transport"
)

// Memory is a Store in memory, for tests and for programs that need no more:
// what it holds ends with the process.
type Memory struct {
	mu     sync.Mutex
	closed bool

	list    []*Submission // by Order, which is the index and one
	byKey   map[name]*Submission
	byID    map[name]*Submission
	queue   []*Submission // what is queued, in the order of claiming
	sending map[*Submission]bool

	cursors  map[name]transport.Cursor
	messages map[messageKey]*Collected
	arrived  []messageKey // the keys of messages, as they came first
	events   []Recorded
	known    map[name]bool
	about    map[topic][]int // indexes of events
}

var _ Store = (*Memory)(nil)

// name is something's name within an account.
type name struct{ account, name string }

type messageKey struct{ account, folder, identity string }

// topic is what events may be about.
type topic struct {
	account string
	by      topicKind
	value   string
}

type topicKind byte

const (
	byMessageID topicKind = iota
	byReference
	byIdentifier
)

// NewMemory returns an empty store.
func NewMemory() *Memory {
	return &Memory{
		byKey: map[name]*Submission{}, byID: map[name]*Submission{}, sending: map[*Submission]bool{},
		cursors: map[name]transport.Cursor{}, messages: map[messageKey]*Collected{},
		known: map[name]bool{}, about: map[topic][]int{},
	}
}

// lock begins a method; unlock it when there is no error.
func (m *Memory) lock(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	m.mu.Lock()
	if m.closed {
		m.mu.Unlock()
		return ErrClosed
	}
	return nil
}

// Close ends the use of the store and lets go of what it held.
func (m *Memory) Close() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	fresh := NewMemory()
	m.list, m.byKey, m.byID, m.queue, m.sending = nil, fresh.byKey, fresh.byID, nil, fresh.sending
	m.cursors, m.messages, m.arrived, m.events, m.known, m.about = fresh.cursors, fresh.messages, nil, nil, fresh.known, fresh.about
	m.closed = true
	return nil
}

// Enqueue implements Store.
func (m *Memory) Enqueue(ctx context.Context, s Submission, now time.Time) (Submission, bool, error) {
	if err := s.Check(now); err != nil {
		return Submission{}, false, err
	}
	if err := m.lock(ctx); err != nil {
		return Submission{}, false, err
	}
	defer m.mu.Unlock()
	if have := m.byKey[name{s.Account, s.Key}]; have != nil {
		return copied(have), true, nil
	}
	id := name{s.Account, daticert.TrimMessageID(s.Sent.MessageID)}
	if m.byID[id] != nil {
		return Submission{}, false, fmt.Errorf("submission %q: %w", s.Key, ErrMessageID)
	}
	kept := &Submission{
		Account: s.Account, Key: s.Key, Sent: s.Sent, Size: s.Size, Priority: s.Priority, NotBefore: s.NotBefore.UTC(),
		State: Queued, Order: int64(len(m.list)) + 1, Enqueued: now.UTC(), Changed: now.UTC(),
	}
	kept.Sent.Recipients = slices.Clone(s.Sent.Recipients)
	kept.Sent.Time, kept.Sent.Uncertain = time.Time{}, false
	m.list = append(m.list, kept)
	m.byKey[name{s.Account, s.Key}], m.byID[id] = kept, kept
	m.enqueue(kept)
	return copied(kept), false, nil
}

// copied returns a copy that the caller may change.
func copied(s *Submission) Submission {
	out := *s
	out.Sent.Recipients = slices.Clone(s.Sent.Recipients)
	return out
}

func copies(list []*Submission) []Submission {
	out := make([]Submission, len(list))
	for i, s := range list {
		out[i] = copied(s)
	}
	return out
}

// inQueue is the order of claiming.
func inQueue(a, b *Submission) int {
	return cmp.Or(cmp.Compare(b.Priority, a.Priority), cmp.Compare(a.Order, b.Order))
}

func (m *Memory) enqueue(s *Submission) {
	i, _ := slices.BinarySearchFunc(m.queue, s, inQueue)
	m.queue = slices.Insert(m.queue, i, s)
}

func (m *Memory) dequeue(s *Submission) {
	if i, found := slices.BinarySearchFunc(m.queue, s, inQueue); found {
		m.queue = slices.Delete(m.queue, i, i+1)
	}
}

// Claim implements Store.
func (m *Memory) Claim(ctx context.Context, c Claim) ([]Submission, error) {
	if err := c.Check(); err != nil {
		return nil, err
	}
	if err := m.lock(ctx); err != nil {
		return nil, err
	}
	defer m.mu.Unlock()
	var claimed []*Submission
	kept := m.queue[:0]
	for i, s := range m.queue {
		if len(claimed) >= max(c.Limit, 1) {
			kept = append(kept, m.queue[i:]...)
			break
		}
		if c.Account != "" && s.Account != c.Account || s.NotBefore.After(c.Now) {
			kept = append(kept, s)
			continue
		}
		s.State, s.Worker, s.Lease, s.Changed = Sending, c.Worker, c.Lease.UTC(), c.Now.UTC()
		s.Attempts++
		m.sending[s] = true
		claimed = append(claimed, s)
	}
	clear(m.queue[len(kept):])
	m.queue = kept
	return copies(claimed), nil
}

// move puts a submission into another state than it is in.
func (m *Memory) move(s *Submission, to State, reply string, at time.Time) {
	switch s.State {
	case Queued:
		m.dequeue(s)
	case Sending:
		delete(m.sending, s)
	}
	s.State, s.Reply, s.Changed = to, reply, at.UTC()
	s.Worker, s.Lease = "", time.Time{}
	if to != Sent && to != Uncertain {
		s.Sent.Time = time.Time{}
	}
	s.Sent.Uncertain = to == Uncertain
	if to == Queued {
		m.enqueue(s)
	}
}

// Settle implements Store.
func (m *Memory) Settle(ctx context.Context, account, key, worker string, r Result) error {
	if err := r.Check(); err != nil {
		return err
	}
	if err := m.lock(ctx); err != nil {
		return err
	}
	defer m.mu.Unlock()
	s := m.byKey[name{account, key}]
	switch {
	case s == nil:
		return fmt.Errorf("submission %q: %w", key, ErrNotFound)
	case s.State != Sending || s.Worker != worker:
		return fmt.Errorf("submission %q: %w", key, ErrLost)
	}
	if r.State == Queued {
		s.NotBefore = r.NotBefore.UTC()
	}
	s.Sent.Time = r.At.UTC()
	m.move(s, r.State, r.Reply, r.At)
	return nil
}

// Renew implements Store.
func (m *Memory) Renew(ctx context.Context, worker string, lease time.Time) (int, error) {
	if err := CheckTime(lease); err != nil {
		return 0, err
	}
	if err := m.lock(ctx); err != nil {
		return 0, err
	}
	defer m.mu.Unlock()
	n := 0
	for s := range m.sending {
		if s.Worker == worker {
			n++
			if lease.After(s.Lease) {
				s.Lease = lease.UTC()
			}
		}
	}
	return n, nil
}

// Expire implements Store.
func (m *Memory) Expire(ctx context.Context, now time.Time) ([]Submission, error) {
	if err := CheckTime(now); err != nil {
		return nil, err
	}
	if err := m.lock(ctx); err != nil {
		return nil, err
	}
	defer m.mu.Unlock()
	expired := slices.SortedFunc(maps.Keys(m.sending), func(a, b *Submission) int { return cmp.Compare(a.Order, b.Order) })
	expired = slices.DeleteFunc(expired, func(s *Submission) bool { return s.Lease.After(now) })
	for _, s := range expired {
		s.Sent.Time = s.Changed
		m.move(s, Uncertain, ExpiredReply, now)
	}
	return copies(expired), nil
}

// ExpiredReply is the Reply of a submission whose worker did not come back.
const ExpiredReply = "the worker's lease ended before it said what became of it"

// Decide implements Store.
func (m *Memory) Decide(ctx context.Context, account, key string, from, to State, why string, at time.Time) error {
	if err := CheckTime(at); err != nil {
		return err
	}
	if err := m.lock(ctx); err != nil {
		return err
	}
	defer m.mu.Unlock()
	s := m.byKey[name{account, key}]
	switch {
	case s == nil:
		return fmt.Errorf("submission %q: %w", key, ErrNotFound)
	case s.State != from || !CanDecide(from, to):
		return fmt.Errorf("submission %q: %s, not from %s to %s: %w", key, s.State, from, to, ErrState)
	}
	m.move(s, to, why, at)
	if to == Sent && s.Sent.Time.IsZero() {
		s.Sent.Time = at.UTC()
	}
	return nil
}

// Submission implements Store.
func (m *Memory) Submission(ctx context.Context, account, key string) (Submission, error) {
	return m.find(ctx, m.byKey, name{account, key})
}

// ByMessageID implements Store.
func (m *Memory) ByMessageID(ctx context.Context, account, messageID string) (Submission, error) {
	return m.find(ctx, m.byID, name{account, daticert.TrimMessageID(messageID)})
}

func (m *Memory) find(ctx context.Context, in map[name]*Submission, what name) (Submission, error) {
	if err := m.lock(ctx); err != nil {
		return Submission{}, err
	}
	defer m.mu.Unlock()
	if s := in[what]; s != nil {
		return copied(s), nil
	}
	return Submission{}, fmt.Errorf("submission %q: %w", what.name, ErrNotFound)
}

// Submissions implements Store.
func (m *Memory) Submissions(ctx context.Context, f Filter) ([]Submission, error) {
	if err := m.lock(ctx); err != nil {
		return nil, err
	}
	defer m.mu.Unlock()
	var found []*Submission
	for _, s := range m.list[min(max(f.After, 0), int64(len(m.list))):] {
		if len(found) == limited(f.Limit) {
			break
		}
		if (f.Account == "" || f.Account == s.Account) && (len(f.States) == 0 || slices.Contains(f.States, s.State)) {
			found = append(found, s)
		}
	}
	return copies(found), nil
}

func limited(n int) int {
	if n <= 0 {
		return DefaultLimit
	}
	return n
}

// identity is what a message is known by in its folder.
func identity(c *Collected) string {
	if c.SHA256.IsZero() {
		return "id " + string(c.ID)
	}
	return c.SHA256.String()
}

func cloneEvent(e receipt.Event) receipt.Event {
	e.Recipients = slices.Clone(e.Recipients)
	return e
}
