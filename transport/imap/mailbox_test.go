package imap_test

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/pec/pectest"
	"github.com/certmail/certmail/transport"
	"github.com/certmail/certmail/transport/imap"
)

func TestListAndFetch(t *testing.T) {
	w := filled(t, "one", "three", "seventh")
	require.NoError(t, w.anna().SetFlags(inbox, 2, []string{`\Seen`, "Urgent"}))
	before, err := w.anna().Status(inbox)
	require.NoError(t, err)
	m := w.open(nil)
	items, next, err := m.List(within(t), "inbox", "", 2)
	require.NoError(t, err)
	require.Equal(t, []uint32{1, 2}, uids(t, items))
	require.EqualValues(t, items[1].ID, next)
	require.Equal(t, []string{`\Seen`, "Urgent"}, items[1].Flags)
	require.True(t, day(5).Equal(items[1].Time))
	require.EqualValues(t, len(letter("three")), items[1].Size)
	items, last, err := m.List(within(t), inbox, next, 2)
	require.NoError(t, err)
	require.Equal(t, []uint32{3}, uids(t, items))
	items, again, err := m.List(within(t), inbox, last, 2)
	require.NoError(t, err)
	require.Empty(t, items)
	require.Equal(t, last, again)

	for uid, subject := range map[uint32]string{1: "one", 2: "three", 3: "seventh"} {
		require.Equal(t, letter(subject), fetch(t, m, inbox, w.id(inbox, uid)))
	}
	after, err := w.anna().Status(inbox)
	require.NoError(t, err)
	require.Equal(t, before, after, "reading changes nothing")
}

func TestWhatIsNotThere(t *testing.T) {
	w := filled(t, "one")
	m := w.open(nil)
	for _, folder := range []string{"none", "", "a\r\nb"} {
		_, _, err := m.List(within(t), folder, "", 1)
		require.ErrorIs(t, err, transport.ErrNotFound)
		_, err = m.Fetch(within(t), folder, "1.1")
		require.ErrorIs(t, err, transport.ErrNotFound)
		_, err = m.Append(within(t), folder, nil, time.Time{}, strings.NewReader("x"), 1)
		require.ErrorIs(t, err, transport.ErrNotFound)
		require.ErrorIs(t, m.Move(within(t), inbox, w.id(inbox, 1), folder), transport.ErrNotFound)
		require.ErrorIs(t, m.Delete(within(t), folder, "1.1"), transport.ErrNotFound)
		require.ErrorIs(t, m.Wait(within(t), folder, ""), transport.ErrNotFound)
	}
	for _, id := range []transport.ID{w.id(inbox, 2), w.id(inbox, 0), w.id(inbox, 1<<32-1), "x"} {
		_, err := m.Fetch(within(t), inbox, id)
		require.ErrorIs(t, err, transport.ErrNotFound)
		require.ErrorIs(t, m.SetFlags(within(t), inbox, id, nil), transport.ErrNotFound)
		require.ErrorIs(t, m.Move(within(t), inbox, id, "Sent"), transport.ErrNotFound)
		require.ErrorIs(t, m.Delete(within(t), inbox, id), transport.ErrNotFound)
	}
	_, _, err := m.List(within(t), inbox, "rubbish", 1)
	require.ErrorIs(t, err, transport.ErrCursor)
	require.Len(t, w.anna().Messages(), 1)
}

func TestRenumbered(t *testing.T) {
	w := filled(t, "one", "two")
	m := w.open(nil)
	items, next, err := m.List(within(t), inbox, "", 1)
	require.NoError(t, err)
	require.NoError(t, w.anna().ResetUIDValidity(inbox))
	_, _, err = m.List(within(t), inbox, next, 1)
	require.ErrorIs(t, err, transport.ErrCursor)
	_, err = m.Fetch(within(t), inbox, items[0].ID)
	require.ErrorIs(t, err, transport.ErrCursor)
	require.ErrorIs(t, m.SetFlags(within(t), inbox, items[0].ID, []string{`\Seen`}), transport.ErrCursor)
	require.ErrorIs(t, m.Move(within(t), inbox, items[0].ID, "Sent"), transport.ErrCursor)
	require.ErrorIs(t, m.Delete(within(t), inbox, items[0].ID), transport.ErrCursor)
	require.ErrorIs(t, m.Wait(within(t), inbox, next), transport.ErrCursor)
	items, _, err = m.List(within(t), inbox, "", 9)
	require.NoError(t, err)
	require.Equal(t, letter("two"), fetch(t, m, inbox, items[1].ID))
}

func TestChanges(t *testing.T) {
	w := filled(t, "one", "two", "three", "four")
	require.NoError(t, w.anna().SetFlags(inbox, 4, []string{`\Deleted`}))
	m := w.open(nil)
	require.NoError(t, m.SetFlags(within(t), inbox, w.id(inbox, 1), []string{`\Seen`, "Urgent"}))
	require.NoError(t, m.SetFlags(within(t), inbox, w.id(inbox, 1), []string{`\Flagged`, `\Recent`}))
	require.Error(t, m.SetFlags(within(t), inbox, w.id(inbox, 1), []string{"two words"}))
	require.NoError(t, m.Move(within(t), inbox, w.id(inbox, 2), pectest.Sent))
	require.NoError(t, m.Delete(within(t), inbox, w.id(inbox, 3)))
	left := w.anna().Messages()
	require.Len(t, left, 2, "what others have marked stays")
	require.Equal(t, []string{`\Flagged`}, left[0].Flags)
	require.EqualValues(t, 4, left[1].UID)
	require.Equal(t, letter("two"), fetch(t, m, pectest.Sent, w.id(pectest.Sent, 1)))
}

func TestAppend(t *testing.T) {
	w := filled(t)
	m := w.open(nil)
	for _, size := range []int{1, 2, 4095, 4096, 4097, 1 << 20} {
		text := strings.Repeat("x", size)
		id, err := m.Append(within(t), pectest.Sent, []string{`\Seen`}, day(7), strings.NewReader(text), int64(size))
		require.NoError(t, err)
		require.Equal(t, text, fetch(t, m, pectest.Sent, id))
	}
	stored, err := w.anna().List(pectest.Sent)
	require.NoError(t, err)
	require.Equal(t, []string{`\Seen`}, stored[0].Flags)
	require.True(t, day(7).Equal(stored[0].Time))

	broken := errors.New("broken file")
	for _, c := range []struct {
		in   io.Reader
		size int64
	}{
		{strings.NewReader("short"), 6}, {strings.NewReader("long"), 3}, {strings.NewReader(""), 1}, {strings.NewReader("x"), 0}, {strings.NewReader("x"), -1},
		{io.MultiReader(strings.NewReader(strings.Repeat("x", 1<<18)), &failing{broken}), 1 << 19},
		{io.MultiReader(strings.NewReader("xx"), &failing{broken}), 2},
	} {
		_, err := m.Append(within(t), pectest.Sent, nil, time.Time{}, c.in, c.size)
		require.Error(t, err)
		_, ok := errors.AsType[*transport.Error](err)
		require.False(t, ok, "nothing uncertain about %v", err)
	}
	_, err = m.Append(within(t), pectest.Sent, nil, time.Time{}, &failing{broken}, 1)
	require.ErrorIs(t, err, broken)
	again, err := w.anna().List(pectest.Sent)
	require.NoError(t, err)
	require.Equal(t, len(stored), len(again))
}

type failing struct{ err error }

func (f *failing) Read([]byte) (int, error) { return 0, f.err }

func TestWaitIdles(t *testing.T) {
	w := filled(t, "one")
	m := w.open(nil)
	require.NoError(t, m.Wait(within(t), inbox, ""), "there is something")
	_, next, err := m.List(within(t), inbox, "", 9)
	require.NoError(t, err)
	waited := make(chan error, 1)
	go func() { waited <- m.Wait(within(t), inbox, next) }()
	select {
	case err := <-waited:
		require.Fail(t, "did not wait", err)
	case <-time.After(200 * time.Millisecond):
	}
	require.Equal(t, letter("one"), fetch(t, m, inbox, w.id(inbox, 1)), "an idle watcher blocks nobody")
	require.NoError(t, w.anna().SetFlags(inbox, 1, []string{`\Seen`}))
	w.put("two")
	require.NoError(t, <-waited)
	items, _, err := m.List(within(t), inbox, next, 9)
	require.NoError(t, err)
	require.Equal(t, []uint32{2}, uids(t, items))
}

func TestWaitEndsWithTheContext(t *testing.T) {
	w := filled(t)
	m := w.open(nil)
	ctx, cancel := context.WithCancel(within(t))
	waited := make(chan error, 1)
	go func() { waited <- m.Wait(ctx, inbox, "") }()
	time.Sleep(100 * time.Millisecond)
	started := time.Now()
	cancel()
	require.ErrorIs(t, <-waited, context.Canceled)
	require.Less(t, time.Since(started), 2*time.Second)
}

func TestClose(t *testing.T) {
	w := filled(t)
	m, err := imap.New(w.options())
	require.NoError(t, err)
	waited := make(chan error, 1)
	go func() { waited <- m.Wait(within(t), inbox, "") }()
	time.Sleep(100 * time.Millisecond)
	require.NoError(t, m.Close())
	require.NoError(t, m.Close())
	require.Error(t, <-waited)
	_, _, err = m.List(within(t), inbox, "", 1)
	require.ErrorIs(t, err, imap.ErrClosed)
}

// Dovecot 2.4 says so of a folder that was made anew, or renumbered, while a
// session had it open; a folder that there never was costs no second session.
func TestFolderMadeAnewUnderASession(t *testing.T) {
	n := 0
	f := startFake(t, &fake{uids: []uint32{1}, on: map[string]func(string) string{"EXAMINE": func(string) string {
		if n++; n == 2 {
			return "TAG NO [NONEXISTENT] Mailbox was deleted under us\r\n"
		}
		return ""
	}}})
	m := f.client(nil)
	require.NoError(t, list(t, m))
	require.NoError(t, list(t, m))
	require.Equal(t, 3, f.count("EXAMINE"))
	require.Equal(t, 2, f.count("AUTHENTICATE"))

	f = startFake(t, &fake{uids: []uint32{1}, on: map[string]func(string) string{"EXAMINE": says("TAG NO [NONEXISTENT] no such folder\r\n")}})
	m = f.client(nil)
	for range 3 {
		require.ErrorIs(t, list(t, m), transport.ErrNotFound)
	}
	require.Equal(t, 1, f.count("AUTHENTICATE"))
}
