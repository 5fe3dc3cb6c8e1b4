package memory

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/certmail/certmail/transport"
)

// begin is what each call begins with.
func (m *Mailbox) begin(ctx context.Context, name, folder string, id transport.ID) error {
	if m.opt.Before != nil {
		if err := m.opt.Before(ctx, Call{name, folder, id}); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// List returns the messages behind a cursor.
func (m *Mailbox) List(ctx context.Context, name string, since transport.Cursor, limit int) ([]transport.Item, transport.Cursor, error) {
	if err := m.begin(ctx, "List", name, ""); err != nil {
		return nil, since, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	f, at, err := m.behind(name, since)
	if err != nil {
		return nil, since, err
	}
	var items []transport.Item
	for _, s := range f.messages[at:][:max(0, min(limit, len(f.messages)-at))] {
		items = append(items, transport.Item{ID: transport.FormatID(f.validity, s.uid), Size: int64(len(s.data)), Time: s.time, Flags: slices.Clone(s.flags)})
		since = transport.Cursor(items[len(items)-1].ID)
	}
	return items, since, nil
}

// behind returns where what is behind a cursor begins.
func (m *Mailbox) behind(name string, since transport.Cursor) (*folder, int, error) {
	f, err := m.folder(name)
	if err != nil || since == "" {
		return f, 0, err
	}
	validity, uid, err := transport.ParseID(transport.ID(since))
	if err != nil || validity != f.validity {
		return nil, 0, fmt.Errorf("memory: folder %s: cursor %.100q: %w", name, since, transport.ErrCursor)
	}
	at, ok := f.search(uid)
	if ok {
		at++
	}
	return f, at, nil
}

// Fetch returns a reader of a message.
func (m *Mailbox) Fetch(ctx context.Context, name string, id transport.ID) (io.ReadCloser, error) {
	if err := m.begin(ctx, "Fetch", name, id); err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	f, at, err := m.find(name, id)
	if err != nil {
		return nil, err
	}
	return io.NopCloser(bytes.NewReader(f.messages[at].data)), nil
}

// Append files a message.
func (m *Mailbox) Append(ctx context.Context, name string, flags []string, at time.Time, r io.Reader, size int64) (transport.ID, error) {
	if err := m.begin(ctx, "Append", name, ""); err != nil {
		return "", err
	}
	if size < 0 || size > m.opt.MaxBytes {
		return "", fmt.Errorf("memory: append %d bytes: %w", size, ErrFull)
	}
	var data bytes.Buffer
	n, err := io.Copy(&data, io.LimitReader(r, size+1))
	switch {
	case err != nil:
		return "", fmt.Errorf("memory: append: %w", err)
	case n != size:
		return "", fmt.Errorf("memory: append: not %d bytes: %w", size, io.ErrUnexpectedEOF)
	case ctx.Err() != nil:
		return "", ctx.Err()
	}
	if at.IsZero() {
		at = m.opt.Clock()
	}
	return m.put(name, &message{data: data.Bytes(), time: at, flags: slices.Clone(flags)})
}

// SetFlags replaces the flags of a message.
func (m *Mailbox) SetFlags(ctx context.Context, name string, id transport.ID, flags []string) error {
	if err := m.begin(ctx, "SetFlags", name, id); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	f, at, err := m.find(name, id)
	if err == nil {
		f.messages[at].flags = slices.Clone(flags)
	}
	return err
}

// Move moves a message to another folder.
func (m *Mailbox) Move(ctx context.Context, name string, id transport.ID, to string) error {
	if err := m.begin(ctx, "Move", name, id); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	f, at, err := m.find(name, id)
	if err != nil {
		return err
	}
	target, err := m.folder(to)
	if err != nil {
		return err
	}
	s := *f.messages[at]
	f.messages = slices.Delete(f.messages, at, at+1)
	target.add(&s)
	return nil
}

// Delete removes a message for good.
func (m *Mailbox) Delete(ctx context.Context, name string, id transport.ID) error {
	if err := m.begin(ctx, "Delete", name, id); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	f, at, err := m.find(name, id)
	if err != nil {
		return err
	}
	m.messages--
	m.bytes -= int64(len(f.messages[at].data))
	f.messages = slices.Delete(f.messages, at, at+1)
	return nil
}

// Wait returns when something is behind the cursor.
func (m *Mailbox) Wait(ctx context.Context, name string, since transport.Cursor) error {
	if err := m.begin(ctx, "Wait", name, ""); err != nil {
		return err
	}
	for {
		m.mu.Lock()
		f, at, err := m.behind(name, since)
		if err != nil || at < len(f.messages) {
			m.mu.Unlock()
			return err
		}
		changed := f.changed
		m.mu.Unlock()
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-changed:
		}
	}
}
