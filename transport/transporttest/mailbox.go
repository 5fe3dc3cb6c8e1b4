// Package transporttest tests a transport: it checks that a
// transport.Mailbox or transport.Sender keeps every promise of that package,
// so that programs can rely on any of them. Run it in the tests of your own
// transport, best with the race detector.
//
// What a transport cannot do is said in the Fixture; a hook that is nil leaves
// out the tests that need it.
package transporttest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/certmail/certmail/transport"
)

// Fixture is a mailbox to test, made anew for each test. Its zero fields ask
// the most of a transport.
type Fixture struct {
	// Mailbox is a client of it.
	Mailbox transport.Mailbox
	// Folder and Other are two folders that are there and empty; INBOX and
	// Sent unless set.
	Folder, Other string
	// Another opens a further client of the same mailbox, as another process
	// would. Without it, what a cursor outlives is not tested.
	Another func(t *testing.T) transport.Mailbox
	// Deliver puts a message into a folder, as a provider does; by Append
	// unless set.
	Deliver func(t *testing.T, folder string, message []byte)
	// Renumber voids the IDs and cursors of a folder (IMAP: another
	// UIDVALIDITY). Leave it nil where that cannot happen.
	Renumber func(t *testing.T, folder string)
	// ReadOnly opens a client that may read Folder and change nothing.
	ReadOnly func(t *testing.T) transport.Mailbox
	// Flags are those that can be set; IMAP's \Seen, \Answered, \Flagged,
	// \Deleted and \Draft unless set.
	Flags []string
	// NoNUL, NoLoneCR and NoLoneLF say that the transport refuses or changes
	// messages with such bytes; lines end in CRLF.
	NoNUL, NoLoneCR, NoLoneLF bool
	// OneReader says that other calls wait while a message is being read.
	OneReader bool
	// Large is the size of the large message; 20 MiB unless set.
	Large int64
	// Patience is how long a call may take, and how long news; 30 s unless
	// set.
	Patience time.Duration
}

// Mailbox tests a transport.Mailbox. It calls open for each test.
func Mailbox(t *testing.T, open func(t *testing.T) Fixture) {
	for _, test := range []struct {
		name string
		run  func(*mailboxTest)
		need func(Fixture) bool
	}{
		{"Empty", (*mailboxTest).empty, nil},
		{"Paging", (*mailboxTest).paging, nil},
		{"Cursor", (*mailboxTest).cursor, nil},
		{"Expunged", (*mailboxTest).expunged, nil},
		{"NewClient", (*mailboxTest).newClient, func(f Fixture) bool { return f.Another != nil }},
		{"Renumbered", (*mailboxTest).renumbered, func(f Fixture) bool { return f.Renumber != nil }},
		{"NotFound", (*mailboxTest).notFound, nil},
		{"Hostile", (*mailboxTest).hostile, nil},
		{"Bytes", (*mailboxTest).bytes, nil},
		{"Large", (*mailboxTest).large, nil},
		{"EarlyClose", (*mailboxTest).earlyClose, nil},
		{"TwoReaders", (*mailboxTest).twoReaders, func(f Fixture) bool { return !f.OneReader }},
		{"ReadingChangesNothing", (*mailboxTest).reading, nil},
		{"ReadOnly", (*mailboxTest).readOnly, func(f Fixture) bool { return f.ReadOnly != nil }},
		{"Append", (*mailboxTest).append, nil},
		{"AppendFails", (*mailboxTest).appendFails, nil},
		{"SetFlags", (*mailboxTest).setFlags, nil},
		{"Move", (*mailboxTest).move, nil},
		{"Delete", (*mailboxTest).delete, nil},
		{"Wait", (*mailboxTest).wait, nil},
		{"WaitForEach", (*mailboxTest).waitForEach, nil},
		{"Cancelled", (*mailboxTest).cancelled, nil},
		{"CancelledDuring", (*mailboxTest).cancelledDuring, nil},
		{"Concurrent", (*mailboxTest).concurrent, nil},
		{"TwoClients", (*mailboxTest).twoClients, func(f Fixture) bool { return f.Another != nil }},
		{"Random", (*mailboxTest).random, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			f := open(t)
			if test.need != nil && !test.need(f) {
				t.Log("left out: the fixture has nothing for it")
				return
			}
			test.run(newMailboxTest(t, f))
		})
	}
}

// mailboxTest is one test. Its methods end it when something fails.
type mailboxTest struct {
	*testing.T
	Fixture
	ctx context.Context
}

func newMailboxTest(t *testing.T, f Fixture) *mailboxTest {
	if f.Folder == "" {
		f.Folder = "INBOX"
	}
	if f.Other == "" {
		f.Other = "Sent"
	}
	if f.Flags == nil {
		f.Flags = []string{`\Seen`, `\Answered`, `\Flagged`, `\Deleted`, `\Draft`}
	}
	if f.Large == 0 {
		f.Large = 20 << 20
	}
	if f.Patience == 0 {
		f.Patience = 30 * time.Second
	}
	m := &mailboxTest{T: t, Fixture: f, ctx: t.Context()}
	if f.Deliver == nil {
		m.Deliver = func(t *testing.T, folder string, message []byte) {
			t.Helper()
			if _, err := f.Mailbox.Append(m.ctx, folder, nil, time.Time{}, bytes.NewReader(message), int64(len(message))); err != nil {
				t.Fatalf("deliver by Append: %v", err)
			}
		}
	}
	return m
}

// letter makes a small message, different for each n.
func letter(n int) []byte {
	return fmt.Appendf(nil, "From: anna@alfa.example\r\nTo: bruno@beta.example\r\nSubject: n. %d\r\nMessage-ID: <%d@alfa.example>\r\n\r\nciao %s\r\n",
		n, n, strings.Repeat("x", n%50))
}

// deliver puts letters from..to-1 into a folder.
func (m *mailboxTest) deliver(folder string, from, to int) {
	m.Helper()
	for n := from; n < to; n++ {
		m.Deliver(m.T, folder, letter(n))
	}
}

func (m *mailboxTest) ok(err error, what string, args ...any) {
	m.Helper()
	if err != nil {
		m.Fatalf("%s: %v", fmt.Sprintf(what, args...), err)
	}
}

func (m *mailboxTest) is(err, want error, what string, args ...any) {
	m.Helper()
	if !errors.Is(err, want) {
		m.Fatalf("%s: error is %v, want %v", fmt.Sprintf(what, args...), err, want)
	}
}

// list is one call of List, and what can be said of any.
func (m *mailboxTest) list(box transport.Mailbox, folder string, since transport.Cursor, limit int) ([]transport.Item, transport.Cursor) {
	m.Helper()
	items, next, err := box.List(m.ctx, folder, since, limit)
	m.ok(err, "List(%s, %q, %d)", folder, since, limit)
	if len(items) > limit {
		m.Fatalf("List(%s, %q, %d): %d items", folder, since, limit, len(items))
	}
	if len(items) == 0 && next != since {
		m.Fatalf("List(%s, %q, %d): nothing new, and another cursor %q", folder, since, limit, next)
	}
	if len(items) > 0 && next == since {
		m.Fatalf("List(%s, %q, %d): %d items, and the same cursor", folder, since, limit, len(items))
	}
	return items, next
}

// all lists everything behind a cursor, in pages.
func (m *mailboxTest) all(box transport.Mailbox, folder string, since transport.Cursor, limit int) ([]transport.Item, transport.Cursor) {
	m.Helper()
	var all []transport.Item
	seen := map[transport.ID]bool{}
	for {
		items, next := m.list(box, folder, since, limit)
		if len(items) == 0 {
			return all, next
		}
		for _, it := range items {
			if seen[it.ID] {
				m.Fatalf("List(%s, limit %d): %s is listed twice", folder, limit, it.ID)
			}
			seen[it.ID] = true
		}
		all, since = append(all, items...), next
	}
}

func (m *mailboxTest) fetch(box transport.Mailbox, folder string, id transport.ID) []byte {
	m.Helper()
	r, err := box.Fetch(m.ctx, folder, id)
	m.ok(err, "Fetch(%s, %s)", folder, id)
	data, err := io.ReadAll(r)
	m.ok(err, "read %s of %s", id, folder)
	m.ok(r.Close(), "close %s of %s", id, folder)
	return data
}

// holds checks that a folder holds these letters in this order, and returns
// their items.
func (m *mailboxTest) holds(box transport.Mailbox, folder string, want ...int) []transport.Item {
	m.Helper()
	items, _ := m.all(box, folder, "", 100)
	m.are(box, folder, items, want...)
	return items
}

func (m *mailboxTest) are(box transport.Mailbox, folder string, items []transport.Item, want ...int) {
	m.Helper()
	if len(items) != len(want) {
		m.Fatalf("%s: %d messages, want %d: %v", folder, len(items), len(want), items)
	}
	for i, it := range items {
		got := m.fetch(box, folder, it.ID)
		if !bytes.Equal(got, letter(want[i])) {
			m.Fatalf("%s: message %d of the list is %.80q, want letter %d", folder, i, got, want[i])
		}
		if it.Size != int64(len(got)) {
			m.Fatalf("%s: message %s: size %d, %d bytes", folder, it.ID, it.Size, len(got))
		}
		if it.Time.IsZero() {
			m.Fatalf("%s: message %s has no time", folder, it.ID)
		}
	}
}

// flags are in a form that can be compared: IMAP's \Recent is the server's.
func flags(list []string) string {
	var all []string
	for _, f := range list {
		if f = strings.ToLower(f); f != `\recent` {
			all = append(all, f)
		}
	}
	slices.Sort(all)
	return strings.Join(all, " ")
}

func (m *mailboxTest) sameFlags(got, want []string, what string) {
	m.Helper()
	if flags(got) != flags(want) {
		m.Fatalf("%s: flags %v, want %v", what, got, want)
	}
}

// clients are the mailbox, and another client of it if there can be one.
func (m *mailboxTest) clients() []transport.Mailbox {
	if m.Another == nil {
		return []transport.Mailbox{m.Mailbox}
	}
	return []transport.Mailbox{m.Mailbox, m.Another(m.T)}
}

// within fails the test when do takes longer than patience.
func (m *mailboxTest) within(what string, do func() error) error {
	m.Helper()
	done := make(chan error, 1)
	go func() { done <- do() }()
	select {
	case err := <-done:
		return err
	case <-time.After(m.Patience):
		m.Fatalf("%s: still busy after %s", what, m.Patience)
		return nil
	}
}
