package store

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"time"
)

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
	each, err := m.SettleAll(ctx, worker, []Settlement{{account, key, r}})
	if err != nil {
		return err
	}
	return each[0]
}

// SettleAll implements Store.
func (m *Memory) SettleAll(ctx context.Context, worker string, list []Settlement) ([]error, error) {
	if err := m.lock(ctx); err != nil {
		return nil, err
	}
	defer m.mu.Unlock()
	each := make([]error, len(list))
	for i := range list {
		each[i] = m.settle(worker, &list[i])
	}
	return each, nil
}

func (m *Memory) settle(worker string, it *Settlement) error {
	r := &it.Result
	if err := r.Check(); err != nil {
		return err
	}
	s, err := m.keyed(it.Account, it.Key)
	if err != nil {
		return err
	}
	if s.State != Sending || s.Worker != worker {
		return fmt.Errorf("submission %q: %w", it.Key, ErrLost)
	}
	if r.State == Queued {
		s.NotBefore = r.NotBefore.UTC()
	}
	if r.Untried {
		s.Attempts--
	}
	s.Sent.Time = r.At.UTC()
	m.move(s, r.State, r.Reply, r.At)
	return nil
}

// keyed returns the submission of a key.
func (m *Memory) keyed(account, key string) (*Submission, error) {
	if s := m.byKey[name{account, key}]; s != nil {
		return s, nil
	}
	return nil, fmt.Errorf("submission %q: %w", key, ErrNotFound)
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
	s, err := m.keyed(account, key)
	if err != nil {
		return err
	}
	if s.State != from || !CanDecide(from, to) {
		return fmt.Errorf("submission %q: %s, not from %s to %s: %w", key, s.State, from, to, ErrState)
	}
	m.move(s, to, why, at)
	if to == Sent && s.Sent.Time.IsZero() {
		s.Sent.Time = at.UTC()
	}
	return nil
}
