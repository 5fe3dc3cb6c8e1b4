package transporttest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"time"

	"github.com/certmail/certmail/transport"
)

type ctx = context.Context

// news waits until something is behind a cursor, and lists it. Wait may return
// without any.
func (m *mailboxTest) news(box transport.Mailbox, folder string, since transport.Cursor) ([]transport.Item, transport.Cursor, error) {
	c, cancel := context.WithTimeout(m.ctx, m.Patience)
	defer cancel()
	for {
		if err := box.Wait(c, folder, since); err != nil {
			return nil, since, err
		}
		items, next, err := box.List(c, folder, since, 100)
		if err != nil || len(items) > 0 {
			return items, next, err
		}
	}
}

func (m *mailboxTest) wait() {
	m.deliver(m.Folder, 0, 2)
	_, end := m.list(m.Mailbox, m.Folder, "", 10)
	_, middle := m.list(m.Mailbox, m.Folder, "", 1)
	for _, c := range []transport.Cursor{"", middle} {
		m.ok(m.within("Wait", func() error { return m.Mailbox.Wait(m.ctx, m.Folder, c) }), "Wait with something there")
	}
	done := make(chan error, 1)
	go func() {
		items, _, err := m.news(m.Mailbox, m.Folder, end)
		if err == nil && len(items) != 1 {
			err = errors.New("not one message behind the cursor")
		}
		done <- err
	}()
	time.Sleep(20 * time.Millisecond)
	// What happens elsewhere is no news.
	m.deliver(m.Other, 5, 6)
	time.Sleep(20 * time.Millisecond)
	m.deliver(m.Folder, 2, 3)
	m.ok(m.within("news", func() error { return <-done }), "Wait for a delivery")
	items, end := m.list(m.Mailbox, m.Folder, end, 10)
	m.are(m.Mailbox, m.Folder, items, 2)

	c, cancel := context.WithTimeout(m.ctx, 50*time.Millisecond)
	defer cancel()
	err := m.within("Wait", func() error {
		for {
			if err := m.Mailbox.Wait(c, m.Folder, end); err != nil {
				return err
			}
		}
	})
	m.is(err, context.DeadlineExceeded, "Wait with nothing there")
}

// waitForEach: no delivery between List and Wait is overlooked.
func (m *mailboxTest) waitForEach() {
	const count = 12
	for _, box := range m.clients() {
		_, since := m.all(box, m.Folder, "", 100)
		got := make(chan []transport.Item, 1)
		failed := make(chan error, 1)
		go func() {
			var all []transport.Item
			for cursor := since; len(all) < count; {
				items, next, err := m.news(box, m.Folder, cursor)
				if err != nil {
					failed <- err
					return
				}
				all, cursor = append(all, items...), next
			}
			got <- all
		}()
		want := make([]int, count)
		for n := range count {
			want[n] = n
			m.deliver(m.Folder, n, n+1)
			time.Sleep(time.Duration(n%4) * time.Millisecond)
		}
		select {
		case items := <-got:
			m.are(box, m.Folder, items, want...)
		case err := <-failed:
			m.Fatalf("Wait for each of %d deliveries: %v", count, err)
		}
	}
}

// every returns each call of a Mailbox, and adds what it appends to filed.
func (m *mailboxTest) every(box transport.Mailbox, id transport.ID, end transport.Cursor, data []byte) map[string]func(ctx) error {
	calls := m.calls(box, m.Folder, id)
	calls["List"] = func(c ctx) error { _, _, err := box.List(c, m.Folder, "", 10); return err }
	calls["Wait"] = func(c ctx) error { return box.Wait(c, m.Folder, end) }
	calls["Append"] = func(c ctx) error {
		_, err := box.Append(c, m.Folder, nil, time.Time{}, bytes.NewReader(data), int64(len(data)))
		return err
	}
	return calls
}

// cancelled: with a context that has ended nothing is done.
func (m *mailboxTest) cancelled() {
	m.deliver(m.Folder, 0, 2)
	items, end := m.list(m.Mailbox, m.Folder, "", 10)
	gone, cancel := context.WithCancel(m.ctx)
	cancel()
	late, cancel := context.WithDeadline(m.ctx, time.Unix(1, 0))
	defer cancel()
	for what, do := range m.every(m.Mailbox, items[0].ID, end, letter(7)) {
		m.is(m.within(what, func() error { return do(gone) }), context.Canceled, "%s", what)
		m.is(m.within(what, func() error { return do(late) }), context.DeadlineExceeded, "%s", what)
	}
	for i, it := range m.holds(m.Mailbox, m.Folder, 0, 1) {
		m.sameFlags(it.Flags, items[i].Flags, "after calls that were cancelled")
	}
	m.holds(m.Mailbox, m.Other)
}

// cancelledDuring: a call that is cut off ends soon, did its work or did not,
// and leaves a mailbox that works.
func (m *mailboxTest) cancelledDuring() {
	random := rand.New(rand.NewPCG(1, 2))
	for what := range m.every(m.Mailbox, "", "", nil) {
		for range 6 {
			m.clear()
			m.deliver(m.Folder, 0, 2)
			items, end := m.list(m.Mailbox, m.Folder, "", 10)
			c, cancel := context.WithCancel(m.ctx)
			go func(after time.Duration) {
				time.Sleep(after)
				cancel()
			}(time.Duration(random.IntN(2000)) * time.Microsecond)
			err := m.within(what, func() error { return m.every(m.Mailbox, items[0].ID, end, letter(2))[what](c) })
			cancel()
			if err != nil {
				m.is(err, context.Canceled, "%s", what)
				// A server that had all of the command may still do it.
				time.Sleep(100 * time.Millisecond)
			}
			m.settled(what, err)
		}
	}
	// The reader of Append sees the end of the context before its last byte.
	m.clear()
	c, cancel := context.WithCancel(m.ctx)
	defer cancel()
	data := letter(2)
	message := io.MultiReader(bytes.NewReader(data[:50]), readerFunc(func([]byte) (int, error) { cancel(); return 0, io.EOF }), bytes.NewReader(data[50:]))
	err := m.within("Append", func() error {
		_, err := m.Mailbox.Append(c, m.Folder, nil, time.Time{}, message, int64(len(data)))
		return err
	})
	if err != nil {
		m.is(err, context.Canceled, "Append")
		m.holds(m.Mailbox, m.Folder)
	} else {
		m.holds(m.Mailbox, m.Folder, 2)
	}
}

type readerFunc func(p []byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

// settled checks that what was cut off happened as a whole or not at all. A
// call that failed may have been done all the same.
func (m *mailboxTest) settled(what string, err error) {
	m.Helper()
	items, _ := m.all(m.Mailbox, m.Folder, "", 10)
	there, _ := m.all(m.Mailbox, m.Other, "", 10)
	done := map[string]bool{"Move": len(there) == 1, "Delete": len(items) == 1, "Append": len(items) == 3}[what]
	switch {
	case err == nil && !done && (what == "Move" || what == "Delete" || what == "Append"):
		m.Fatalf("%s: no error, and not done", what)
	case what == "Move" && done:
		m.are(m.Mailbox, m.Folder, items, 1)
		m.are(m.Mailbox, m.Other, there, 0)
	case what == "Delete" && done:
		m.are(m.Mailbox, m.Folder, items, 1)
	case what == "Append" && done:
		m.are(m.Mailbox, m.Folder, items, 0, 1, 2)
	default:
		m.are(m.Mailbox, m.Folder, items, 0, 1)
		m.are(m.Mailbox, m.Other, there)
	}
}

// clear empties both folders.
func (m *mailboxTest) clear() {
	m.Helper()
	for _, folder := range []string{m.Folder, m.Other} {
		items, _ := m.all(m.Mailbox, folder, "", 100)
		for _, it := range items {
			m.ok(m.Mailbox.Delete(m.ctx, folder, it.ID), "Delete")
		}
	}
}
