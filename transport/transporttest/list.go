package transporttest

import (
	"errors"
	"io"
	"strings"
	"time"

	"github.com/certmail/certmail/transport"
)

func (m *mailboxTest) empty() {
	items, start := m.list(m.Mailbox, m.Folder, "", 10)
	if len(items) != 0 {
		m.Fatalf("%s is not empty: %v", m.Folder, items)
	}
	m.list(m.Mailbox, m.Folder, start, 10)
	m.holds(m.Mailbox, m.Other)
	m.deliver(m.Folder, 0, 1)
	items, _ = m.list(m.Mailbox, m.Folder, start, 10)
	m.are(m.Mailbox, m.Folder, items, 0)
	m.holds(m.Mailbox, m.Other)
}

func (m *mailboxTest) paging() {
	const count = 23
	m.deliver(m.Folder, 0, count)
	want := make([]int, count)
	for i := range want {
		want[i] = i
	}
	whole := m.holds(m.Mailbox, m.Folder, want...)
	if items, _ := m.list(m.Mailbox, m.Folder, "", 0); len(items) != 0 {
		m.Fatalf("List with limit 0: %d items", len(items))
	}
	var end transport.Cursor
	for _, limit := range []int{1, 2, 3, 7, count - 1, count, count + 1, 1 << 20} {
		items, last := m.all(m.Mailbox, m.Folder, "", limit)
		if len(items) != count {
			m.Fatalf("limit %d: %d items, want %d", limit, len(items), count)
		}
		for i := range items {
			if items[i].ID != whole[i].ID || items[i].Size != whole[i].Size || !items[i].Time.Equal(whole[i].Time) {
				m.Fatalf("limit %d: item %d is %v, was %v", limit, i, items[i], whole[i])
			}
		}
		if end != "" && last != end {
			m.Fatalf("limit %d: the cursor at the end is %q, was %q", limit, last, end)
		}
		end = last
	}
	m.deliver(m.Folder, count, count+2)
	items, _ := m.all(m.Mailbox, m.Folder, end, 1)
	m.are(m.Mailbox, m.Folder, items, count, count+1)
}

// cursor: each page's cursor stays good, in any order of use.
func (m *mailboxTest) cursor() {
	m.deliver(m.Folder, 0, 6)
	cursors := []transport.Cursor{""}
	for range 6 {
		items, next := m.list(m.Mailbox, m.Folder, cursors[len(cursors)-1], 1)
		if len(items) != 1 {
			m.Fatalf("%d items, want 1", len(items))
		}
		cursors = append(cursors, next)
	}
	m.deliver(m.Folder, 6, 7)
	for _, i := range []int{6, 0, 3, 5, 1} {
		items, _ := m.list(m.Mailbox, m.Folder, cursors[i], 1)
		m.are(m.Mailbox, m.Folder, items, i)
	}
}

// expunged: messages that went, the one at the cursor too, change nothing
// for the rest.
func (m *mailboxTest) expunged() {
	m.deliver(m.Folder, 0, 6)
	first, cursor := m.list(m.Mailbox, m.Folder, "", 3)
	rest, end := m.list(m.Mailbox, m.Folder, cursor, 10)
	m.are(m.Mailbox, m.Folder, first, 0, 1, 2)
	for _, gone := range []transport.ID{first[2].ID, first[1].ID, rest[1].ID} {
		m.ok(m.Mailbox.Delete(m.ctx, m.Folder, gone), "Delete")
		_, err := m.Mailbox.Fetch(m.ctx, m.Folder, gone)
		m.is(err, transport.ErrNotFound, "Fetch of a deleted message")
	}
	items, _ := m.all(m.Mailbox, m.Folder, cursor, 1)
	m.are(m.Mailbox, m.Folder, items, 3, 5)
	m.list(m.Mailbox, m.Folder, end, 10)
	for _, it := range m.holds(m.Mailbox, m.Folder, 0, 3, 5) {
		m.ok(m.Mailbox.Delete(m.ctx, m.Folder, it.ID), "Delete")
	}
	for _, c := range []transport.Cursor{"", cursor, end} {
		if items, _ := m.list(m.Mailbox, m.Folder, c, 10); len(items) != 0 {
			m.Fatalf("an empty folder lists %v", items)
		}
	}
	m.deliver(m.Folder, 6, 8)
	for _, c := range []transport.Cursor{"", cursor, end} {
		items, _ := m.all(m.Mailbox, m.Folder, c, 1)
		m.are(m.Mailbox, m.Folder, items, 6, 7)
	}
}

// newClient: cursors and IDs outlive the client that gave them.
func (m *mailboxTest) newClient() {
	m.deliver(m.Folder, 0, 5)
	items, cursor := m.list(m.Mailbox, m.Folder, "", 3)
	next := m.Another(m.T)
	rest, end := m.list(next, m.Folder, cursor, 10)
	m.are(next, m.Folder, rest, 3, 4)
	m.are(next, m.Folder, items, 0, 1, 2)
	m.list(m.Mailbox, m.Folder, end, 10)
	m.ok(next.Delete(m.ctx, m.Folder, items[2].ID), "Delete by the new client")
	m.deliver(m.Folder, 5, 6)
	third := m.Another(m.T)
	rest, _ = m.list(third, m.Folder, end, 10)
	m.are(third, m.Folder, rest, 5)
}

func (m *mailboxTest) renumbered() {
	m.deliver(m.Folder, 0, 3)
	items, cursor := m.list(m.Mailbox, m.Folder, "", 2)
	m.Renumber(m.T, m.Folder)
	for _, box := range m.clients() {
		_, _, err := box.List(m.ctx, m.Folder, cursor, 10)
		m.is(err, transport.ErrCursor, "List")
		for what, do := range m.calls(box, m.Folder, items[0].ID) {
			m.is(do(m.ctx), transport.ErrCursor, "%s", what)
		}
		m.is(m.within("Wait", func() error { return box.Wait(m.ctx, m.Folder, cursor) }), transport.ErrCursor, "Wait")
		m.holds(box, m.Folder, 0, 1, 2)
	}
	items, cursor = m.list(m.Mailbox, m.Folder, "", 2)
	m.Renumber(m.T, m.Folder)
	m.deliver(m.Folder, 3, 4)
	_, err := m.Mailbox.Fetch(m.ctx, m.Folder, items[0].ID)
	m.is(err, transport.ErrCursor, "Fetch when renumbered again")
	_, _, err = m.Mailbox.List(m.ctx, m.Folder, cursor, 2)
	m.is(err, transport.ErrCursor, "List when renumbered again")
	m.holds(m.Mailbox, m.Folder, 0, 1, 2, 3)
}

// calls are those that concern one message.
func (m *mailboxTest) calls(box transport.Mailbox, folder string, id transport.ID) map[string]func(ctx ctx) error {
	return map[string]func(ctx) error{
		"Fetch": func(c ctx) error {
			r, err := box.Fetch(c, folder, id)
			if err == nil {
				_, err = io.Copy(io.Discard, r)
				err = errors.Join(err, r.Close())
			}
			return err
		},
		"SetFlags": func(c ctx) error { return box.SetFlags(c, folder, id, m.Flags[:1]) },
		"Move":     func(c ctx) error { return box.Move(c, folder, id, m.Other) },
		"Delete":   func(c ctx) error { return box.Delete(c, folder, id) },
	}
}

func (m *mailboxTest) notFound() {
	const nowhere = "Nowhere"
	m.deliver(m.Folder, 0, 2)
	items := m.holds(m.Mailbox, m.Folder, 0, 1)
	_, _, err := m.Mailbox.List(m.ctx, nowhere, "", 10)
	m.is(err, transport.ErrNotFound, "List")
	m.is(m.within("Wait", func() error { return m.Mailbox.Wait(m.ctx, nowhere, "") }), transport.ErrNotFound, "Wait")
	_, err = m.Mailbox.Append(m.ctx, nowhere, nil, time.Time{}, strings.NewReader("a: b\r\n\r\n"), 8)
	m.is(err, transport.ErrNotFound, "Append")
	for what, do := range m.calls(m.Mailbox, nowhere, items[0].ID) {
		m.is(do(m.ctx), transport.ErrNotFound, "%s in no folder", what)
	}
	m.is(m.Mailbox.Move(m.ctx, m.Folder, items[0].ID, nowhere), transport.ErrNotFound, "Move to no folder")
	m.holds(m.Mailbox, m.Folder, 0, 1)
	m.ok(m.Mailbox.Delete(m.ctx, m.Folder, items[1].ID), "Delete")
	for what, do := range m.calls(m.Mailbox, m.Folder, items[1].ID) {
		m.is(do(m.ctx), transport.ErrNotFound, "%s of no message", what)
	}
	m.holds(m.Mailbox, m.Folder, 0)
	m.holds(m.Mailbox, m.Other)
}

// hostile: names that nobody gave out are errors, and harm nothing. A mailbox
// may number its messages plainly: then "1" can be one that it gave out.
func (m *mailboxTest) hostile() {
	m.deliver(m.Folder, 0, 1)
	items, end := m.list(m.Mailbox, m.Folder, "", 10)
	long := strings.Repeat("9", 5000)
	for _, id := range []transport.ID{"", "x", "1", "1.2.3", "-1.1", ".", "*", "1:*", "1.1:*", "../x", "1\r\n.1", "\x00", "é", transport.ID(long)} {
		if id == items[0].ID || string(id) == string(end) {
			continue
		}
		for what, do := range m.calls(m.Mailbox, m.Folder, id) {
			if err := do(m.ctx); !errors.Is(err, transport.ErrNotFound) && !errors.Is(err, transport.ErrCursor) {
				m.Fatalf("%s of message %.20q: %v, want ErrNotFound or ErrCursor", what, id, err)
			}
		}
		if id == "" {
			continue
		}
		if items, _, err := m.Mailbox.List(m.ctx, m.Folder, transport.Cursor(id), 10); err == nil {
			m.Fatalf("List since %.20q: %v", id, items)
		}
	}
	for _, name := range []string{"", ".", "..", "../x", "/", "/etc", "*", "%", "a\r\nb", "\x00", "\xff", long} {
		if _, _, err := m.Mailbox.List(m.ctx, name, "", 10); err == nil {
			m.Fatalf("List of folder %.20q: no error", name)
		}
		if _, err := m.Mailbox.Append(m.ctx, name, nil, time.Time{}, strings.NewReader("a: b\r\n\r\n"), 8); err == nil {
			m.Fatalf("Append to folder %.20q: no error", name)
		}
	}
	m.holds(m.Mailbox, m.Folder, 0)
	m.holds(m.Mailbox, m.Other)
}
