package transporttest

import (
	"bytes"
	"errors"
	"io"
	"testing/iotest"
	"time"

	"github.com/certmail/certmail/transport"
)

// reading: listing, fetching and waiting leave everything as it is.
func (m *mailboxTest) reading() {
	m.deliver(m.Folder, 0, 3)
	before, end := m.all(m.Mailbox, m.Folder, "", 10)
	m.ok(m.Mailbox.SetFlags(m.ctx, m.Folder, before[1].ID, m.Flags[len(m.Flags)-1:]), "SetFlags")
	before, _ = m.all(m.Mailbox, m.Folder, "", 10)
	for range 2 {
		m.holds(m.Mailbox, m.Folder, 0, 1, 2)
		r, err := m.Mailbox.Fetch(m.ctx, m.Folder, before[0].ID)
		m.ok(err, "Fetch")
		_, _ = r.Read(make([]byte, 5))
		m.ok(r.Close(), "Close")
		m.ok(m.within("Wait", func() error { return m.Mailbox.Wait(m.ctx, m.Folder, "") }), "Wait")
	}
	for _, box := range m.clients() {
		after, again := m.all(box, m.Folder, "", 10)
		if len(after) != len(before) || again != end {
			m.Fatalf("%d items and cursor %q after reading, had %d and %q", len(after), again, len(before), end)
		}
		for i, it := range after {
			if it.ID != before[i].ID || it.Size != before[i].Size || !it.Time.Equal(before[i].Time) {
				m.Fatalf("after reading %v, was %v", it, before[i])
			}
			m.sameFlags(it.Flags, before[i].Flags, "after reading")
		}
	}
}

// readOnly: such a client reads everything and changes nothing.
func (m *mailboxTest) readOnly() {
	m.deliver(m.Folder, 0, 2)
	was := m.holds(m.Mailbox, m.Folder, 0, 1)
	box := m.ReadOnly(m.T)
	items := m.holds(box, m.Folder, 0, 1)
	first, cursor := m.list(box, m.Folder, "", 1)
	m.are(box, m.Folder, first, 0)
	for what, do := range m.calls(box, m.Folder, items[0].ID) {
		if err := do(m.ctx); what != "Fetch" && err == nil {
			m.Errorf("%s by a client that may only read: no error", what)
		}
	}
	data := letter(9)
	if _, err := box.Append(m.ctx, m.Folder, nil, time.Time{}, bytes.NewReader(data), int64(len(data))); err == nil {
		m.Errorf("Append by a client that may only read: no error")
	}
	for i, it := range m.holds(m.Mailbox, m.Folder, 0, 1) {
		m.sameFlags(it.Flags, was[i].Flags, "after reading")
	}
	m.holds(m.Mailbox, m.Other)
	m.deliver(m.Folder, 2, 3)
	m.ok(m.within("Wait", func() error { return box.Wait(m.ctx, m.Folder, cursor) }), "Wait")
	rest, _ := m.all(box, m.Folder, cursor, 1)
	m.are(box, m.Folder, rest, 1, 2)
}

func (m *mailboxTest) append() {
	at := time.Date(2026, 3, 2, 9, 30, 15, 0, time.FixedZone("", 3600))
	_, start := m.list(m.Mailbox, m.Folder, "", 10)
	for n, set := range [][]string{nil, m.Flags[:1], m.Flags} {
		data := letter(n)
		id, err := m.Mailbox.Append(m.ctx, m.Folder, set, at, iotest.OneByteReader(bytes.NewReader(data)), int64(len(data)))
		m.ok(err, "Append")
		for _, box := range m.clients() {
			items, _ := m.list(box, m.Folder, start, 10)
			m.are(box, m.Folder, items, n)
			if items[0].ID != id {
				m.Fatalf("listed as %s, Append said %s", items[0].ID, id)
			}
			if !items[0].Time.Truncate(time.Second).Equal(at) {
				m.Fatalf("time %s, want %s", items[0].Time, at)
			}
			m.sameFlags(items[0].Flags, set, "appended")
		}
		_, start = m.list(m.Mailbox, m.Folder, start, 10)
	}
	data := letter(3)
	_, err := m.Mailbox.Append(m.ctx, m.Folder, nil, time.Time{}, bytes.NewReader(data), int64(len(data)))
	m.ok(err, "Append without a time")
	m.holds(m.Mailbox, m.Folder, 0, 1, 2, 3)
	m.holds(m.Mailbox, m.Other)
}

// appendFails: what cannot be filed as a whole is not filed at all.
func (m *mailboxTest) appendFails() {
	data := letter(0)
	broken := errors.New("broken")
	size := int64(len(data))
	for what, c := range map[string]struct {
		message io.Reader
		size    int64
		want    error
	}{
		"nothing":    {bytes.NewReader(nil), size, nil},
		"too short":  {bytes.NewReader(data), size + 1, nil},
		"cut":        {bytes.NewReader(data[:size/2]), size, nil},
		"broken":     {io.MultiReader(bytes.NewReader(data[:size/2]), iotest.ErrReader(broken)), size, broken},
		"broken end": {io.MultiReader(bytes.NewReader(data[:size-1]), iotest.ErrReader(broken)), size, broken},
	} {
		err := m.within("Append", func() error {
			_, err := m.Mailbox.Append(m.ctx, m.Folder, nil, time.Time{}, c.message, c.size)
			return err
		})
		if err == nil {
			m.Fatalf("Append of a message that is %s: no error", what)
		}
		if c.want != nil {
			m.is(err, c.want, "Append of a message that is %s", what)
		}
		m.holds(m.Mailbox, m.Folder)
	}
	// With more bytes than said it may file those, or refuse.
	id, err := m.Mailbox.Append(m.ctx, m.Folder, nil, time.Time{}, io.MultiReader(bytes.NewReader(data), bytes.NewReader(data)), size)
	if err != nil {
		m.holds(m.Mailbox, m.Folder)
	} else if items := m.holds(m.Mailbox, m.Folder, 0); items[0].ID != id {
		m.Fatalf("listed as %s, Append said %s", items[0].ID, id)
	}
}

func (m *mailboxTest) setFlags() {
	m.deliver(m.Folder, 0, 3)
	items, end := m.list(m.Mailbox, m.Folder, "", 10)
	for _, set := range [][]string{m.Flags, m.Flags[:1], m.Flags[len(m.Flags)-1:], nil, m.Flags[:1], m.Flags[:1]} {
		m.ok(m.Mailbox.SetFlags(m.ctx, m.Folder, items[1].ID, set), "SetFlags %v", set)
		for _, box := range m.clients() {
			now := m.holds(box, m.Folder, 0, 1, 2)
			for i := range now {
				if now[i].ID != items[i].ID {
					m.Fatalf("message %d is %s after SetFlags, was %s", i, now[i].ID, items[i].ID)
				}
			}
			m.sameFlags(now[0].Flags, items[0].Flags, "a neighbour")
			m.sameFlags(now[1].Flags, set, "after SetFlags")
			m.list(box, m.Folder, end, 10)
		}
	}
}

func (m *mailboxTest) move() {
	m.deliver(m.Folder, 0, 4)
	m.deliver(m.Other, 10, 11)
	items, end := m.list(m.Mailbox, m.Folder, "", 10)
	_, there := m.list(m.Mailbox, m.Other, "", 10)
	m.ok(m.Mailbox.SetFlags(m.ctx, m.Folder, items[1].ID, m.Flags[:1]), "SetFlags")
	m.ok(m.Mailbox.Move(m.ctx, m.Folder, items[1].ID, m.Other), "Move")
	m.is(m.Mailbox.Move(m.ctx, m.Folder, items[1].ID, m.Other), transport.ErrNotFound, "Move again")
	for _, box := range m.clients() {
		m.holds(box, m.Folder, 0, 2, 3)
		moved, _ := m.list(box, m.Other, there, 10)
		m.are(box, m.Other, moved, 1)
		m.sameFlags(moved[0].Flags, m.Flags[:1], "moved")
		m.list(box, m.Folder, end, 10)
	}
	// Back again it is new there.
	moved, _ := m.list(m.Mailbox, m.Other, there, 10)
	m.ok(m.Mailbox.Move(m.ctx, m.Other, moved[0].ID, m.Folder), "Move back")
	back, _ := m.list(m.Mailbox, m.Folder, end, 10)
	m.are(m.Mailbox, m.Folder, back, 1)
	m.holds(m.Mailbox, m.Other, 10)
	m.holds(m.Mailbox, m.Folder, 0, 2, 3, 1)
}

func (m *mailboxTest) delete() {
	m.deliver(m.Folder, 0, 4)
	items := m.holds(m.Mailbox, m.Folder, 0, 1, 2, 3)
	// Others that are marked as deleted stay.
	m.ok(m.Mailbox.SetFlags(m.ctx, m.Folder, items[0].ID, m.Flags), "SetFlags")
	m.ok(m.Mailbox.Delete(m.ctx, m.Folder, items[2].ID), "Delete")
	m.is(m.Mailbox.Delete(m.ctx, m.Folder, items[2].ID), transport.ErrNotFound, "Delete again")
	for _, box := range m.clients() {
		m.sameFlags(m.holds(box, m.Folder, 0, 1, 3)[0].Flags, m.Flags, "a neighbour")
	}
	m.ok(m.Mailbox.Delete(m.ctx, m.Folder, items[0].ID), "Delete")
	m.ok(m.Mailbox.Delete(m.ctx, m.Folder, items[3].ID), "Delete")
	m.holds(m.Mailbox, m.Folder, 1)
	m.holds(m.Mailbox, m.Other)
}
