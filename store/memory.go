package store

import (
	"cmp"
	"context"
	"fmt"
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
	list, err := m.EnqueueAll(ctx, []Submission{s}, now)
	if err != nil {
		return Submission{}, false, err
	}
	return list[0].Submission, list[0].Existed, list[0].Err
}

// EnqueueAll implements Store.
func (m *Memory) EnqueueAll(ctx context.Context, list []Submission, now time.Time) ([]Enqueued, error) {
	if err := m.lock(ctx); err != nil {
		return nil, err
	}
	defer m.mu.Unlock()
	out := make([]Enqueued, len(list))
	for i := range list {
		out[i] = m.admit(&list[i], now)
	}
	return out, nil
}

// admit takes in one submission.
func (m *Memory) admit(s *Submission, now time.Time) Enqueued {
	if err := s.Check(now); err != nil {
		return Enqueued{Err: err}
	}
	if have := m.byKey[name{s.Account, s.Key}]; have != nil {
		return Enqueued{Submission: Copied(have), Existed: true}
	}
	id := name{s.Account, daticert.TrimMessageID(s.Sent.MessageID)}
	if m.byID[id] != nil {
		return Enqueued{Err: fmt.Errorf("submission %q: %w", s.Key, ErrMessageID)}
	}
	kept := Admitted(s, now)
	kept.Order = int64(len(m.list)) + 1
	m.list = append(m.list, &kept)
	m.byKey[name{s.Account, s.Key}], m.byID[id] = &kept, &kept
	m.enqueue(&kept)
	return Enqueued{Submission: Copied(&kept)}
}

// Copied returns a copy that shares nothing with s.
func Copied(s *Submission) Submission {
	out := *s
	out.Sent.Recipients = slices.Clone(s.Sent.Recipients)
	return out
}

func copies(list []*Submission) []Submission {
	out := make([]Submission, len(list))
	for i, s := range list {
		out[i] = Copied(s)
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
		return Copied(s), nil
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
		if (f.Account == "" || f.Account == s.Account) && (len(f.States) == 0 || slices.Contains(f.States, s.State)) && !s.Changed.Before(f.Since) {
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
