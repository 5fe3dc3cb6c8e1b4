package store

import (
	"context"
	"fmt"
	"slices"

	"github.com/certmail/certmail/daticert"
	"github.com/certmail/certmail/transport"
)

// Cursor implements Store.
func (m *Memory) Cursor(ctx context.Context, account, folder string) (transport.Cursor, error) {
	if err := m.lock(ctx); err != nil {
		return "", err
	}
	defer m.mu.Unlock()
	return m.cursors[name{account, folder}], nil
}

// Collect implements Store.
func (m *Memory) Collect(ctx context.Context, b Batch) ([]Recorded, error) {
	if err := b.Check(); err != nil {
		return nil, err
	}
	if err := m.lock(ctx); err != nil {
		return nil, err
	}
	defer m.mu.Unlock()
	where := name{b.Account, b.Folder}
	if m.cursors[where] != b.Was {
		return nil, fmt.Errorf("folder %q: %w", b.Folder, ErrMoved)
	}
	m.cursors[where] = b.Cursor
	before := len(m.events)
	for i := range b.Messages {
		m.takeIn(&b, &b.Messages[i])
	}
	return m.clones(m.events[before:]), nil
}

func (m *Memory) takeIn(b *Batch, c *Collected) {
	key := messageKey{b.Account, b.Folder, identity(c)}
	if m.messages[key] == nil {
		m.arrived = append(m.arrived, key)
	}
	kept := *c
	kept.Events = nil
	m.messages[key] = &kept
	for i := range c.Events {
		id := name{b.Account, c.Events[i].ID()}
		if m.known[id] {
			continue
		}
		m.known[id] = true
		e := cloneEvent(c.Events[i])
		e.Time = e.Time.UTC()
		m.mark(b.Account, byMessageID, daticert.TrimMessageID(e.MessageID))
		m.mark(b.Account, byReference, daticert.TrimMessageID(e.Reference))
		m.mark(b.Account, byIdentifier, e.Identifier)
		m.events = append(m.events, Recorded{Seq: int64(len(m.events)) + 1, Account: b.Account, At: b.At.UTC(), Event: e})
	}
}

// mark notes what the next event is about.
func (m *Memory) mark(account string, by topicKind, value string) {
	if value != "" {
		t := topic{account, by, value}
		m.about[t] = append(m.about[t], len(m.events))
	}
}

func (m *Memory) clones(list []Recorded) []Recorded {
	out := slices.Clone(list)
	for i := range out {
		out[i].Event = cloneEvent(out[i].Event)
	}
	return out
}

// Unreadable implements Store.
func (m *Memory) Unreadable(ctx context.Context, account string) ([]Collected, error) {
	if err := m.lock(ctx); err != nil {
		return nil, err
	}
	defer m.mu.Unlock()
	var out []Collected
	for _, key := range m.arrived {
		if c := m.messages[key]; c.Finding != "" && (account == "" || account == key.account) {
			out = append(out, *c)
		}
	}
	return out, nil
}

// Events implements Store.
func (m *Memory) Events(ctx context.Context, account string, after int64, limit int) ([]Recorded, error) {
	if err := m.lock(ctx); err != nil {
		return nil, err
	}
	defer m.mu.Unlock()
	var out []Recorded
	for _, r := range m.events[min(max(after, 0), int64(len(m.events))):] {
		if len(out) == limited(limit) {
			break
		}
		if account == "" || account == r.Account {
			r.Event = cloneEvent(r.Event)
			out = append(out, r)
		}
	}
	return out, nil
}

// EventsAbout implements Store.
func (m *Memory) EventsAbout(ctx context.Context, account, messageID string) ([]Recorded, error) {
	if err := m.lock(ctx); err != nil {
		return nil, err
	}
	defer m.mu.Unlock()
	id := daticert.TrimMessageID(messageID)
	found := slices.Concat(m.about[topic{account, byMessageID, id}], m.about[topic{account, byReference, id}])
	seen := map[string]bool{}
	for _, i := range slices.Clone(found) {
		if identifier := m.events[i].Event.Identifier; !seen[identifier] {
			seen[identifier] = true
			found = append(found, m.about[topic{account, byIdentifier, identifier}]...)
		}
	}
	slices.Sort(found)
	var out []Recorded
	for _, i := range slices.Compact(found) {
		r := m.events[i]
		r.Event = cloneEvent(r.Event)
		out = append(out, r)
	}
	return out, nil
}
