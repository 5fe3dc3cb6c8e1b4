package imap_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/transport"
	"github.com/certmail/certmail/transport/imap"
)

// Whatever a server says in the middle, a message is whole or an error.
func TestOddFetches(t *testing.T) {
	const text = "From: a@b\r\n\r\nciao\r\n"
	literal := func(s string) string { return fmt.Sprintf("{%d}\r\n%s", len(s), s) }
	for _, c := range []struct {
		name, answer string
		want         string // "" for an error
	}{
		{"empty", "* 1 FETCH (UID 3 BODY[] {0}\r\n)\r\nTAG OK done\r\n", "EMPTY"},
		{"plain", "* 1 FETCH (UID 3 BODY[] " + literal(text) + ")\r\nTAG OK done\r\n", text},
		{"quoted", `* 1 FETCH (UID 3 BODY[] "a: b")` + "\r\nTAG OK done\r\n", "a: b"},
		{"lone LF lines", "* 1 FETCH (UID 3 BODY[] " + literal("a: b\n\nc\n") + ")\r\nTAG OK done\r\n", "a: b\n\nc\n"},
		{"UID behind", "* 1 FETCH (BODY[] " + literal(text) + " UID 3)\r\nTAG OK done\r\n", text},
		{"flags first, of another session", "* 1 FETCH (UID 3 FLAGS (\\Seen))\r\n* 1 FETCH (UID 3 BODY[] " + literal(text) + ")\r\nTAG OK done\r\n", text},
		{"other messages' flags", "* 2 FETCH (FLAGS (\\Seen))\r\n* 1 FETCH (UID 3 BODY[] " + literal(text) + ")\r\n* 2 FETCH (FLAGS ())\r\nTAG OK done\r\n", text},
		{"news", "* 9 EXISTS\r\n* OK still here\r\n* 1 FETCH (UID 3 BODY[] " + literal(text) + ")\r\n* 2 EXPUNGE\r\n* 0 RECENT\r\nTAG OK done\r\n", text},
		{"flags with it", "* 1 FETCH (UID 3 BODY[] " + literal(text) + " FLAGS (\\Seen))\r\nTAG OK done\r\n", text},
		{"wrong UID behind", "* 1 FETCH (BODY[] " + literal(text) + " UID 4)\r\nTAG OK done\r\n", ""},
		{"wrong UID", "* 1 FETCH (UID 4 BODY[] " + literal(text) + ")\r\nTAG OK done\r\n", ""},
		{"nothing", "TAG OK done\r\n", ""},
		{"NIL", "* 1 FETCH (UID 3 BODY[] NIL)\r\nTAG OK done\r\n", ""},
		{"NO behind", "* 1 FETCH (UID 3 BODY[] " + literal(text) + ")\r\nTAG NO [SERVERBUG] some of it was made up\r\n", ""},
		{"BAD", "TAG BAD what\r\n", ""},
		{"cut in the literal, politely", "* 1 FETCH (UID 3 BODY[] {1000}\r\n" + text + hangUp, ""},
		{"cut behind the literal", "* 1 FETCH (UID 3 BODY[] " + literal(text) + hangUp, ""},
		{"cut before OK", "* 1 FETCH (UID 3 BODY[] " + literal(text) + ")\r\n" + hangUp, ""},
		{"BYE before", "* BYE\r\n" + hangUp, ""},
		{"BYE behind", "* 1 FETCH (UID 3 BODY[] " + literal(text) + ")\r\n* BYE enough\r\n" + hangUp, ""},
		{"rubbish", "* 1 FETCH (UID 3 BODY[] {x}\r\n", ""},
		{"an answer of another kind", "* XYZZY plugh\r\nTAG OK done\r\n", ""},
		{"unknown tag", "T99 OK done\r\n", ""},
		{"empty lines", "\r\n\r\n", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := startFake(t, &fake{uids: []uint32{3, 4}, body: text})
			odd := func(args string) string {
				if !strings.Contains(args, "BODY") {
					return ""
				}
				return c.answer
			}
			answers := map[string]func(string) string{"UID FETCH": odd, "FETCH": odd}
			if strings.HasPrefix(c.name, "flags first") {
				delete(answers, "FETCH") // such news come once
			}
			f.answer(answers)
			m := f.client(nil)
			got, err := read(m, "7.3")
			if c.want != "" {
				require.NoError(t, err)
				require.Equal(t, strings.TrimPrefix(c.want, "EMPTY"), got)
			} else {
				require.Error(t, err)
			}
			f.answer(nil)
			got, err = read(m, "7.3")
			require.NoError(t, err, "the mailbox works on")
			require.Equal(t, f.body, got)
		})
	}
}

func read(m *imap.Mailbox, id transport.ID) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	r, err := m.Fetch(ctx, "INBOX", id)
	if err != nil {
		return "", err
	}
	data, err := io.ReadAll(r)
	return string(data), errors.Join(err, r.Close())
}

func TestTooLarge(t *testing.T) {
	f := startFake(t, &fake{uids: []uint32{1}, on: map[string]func(string) string{"UID FETCH": says("* 1 FETCH (UID 1 BODY[] {1000000000000}\r\nxxx")}})
	_, err := read(f.client(nil), "7.1")
	require.ErrorIs(t, err, imap.ErrTooLarge)
	require.Equal(t, 1, f.count("UID FETCH"), "not asked for again")
	f.answer(nil)
	got, err := read(f.client(func(o *imap.Options) { o.MaxSize = int64(len(f.body)) }), "7.1")
	require.NoError(t, err)
	require.Equal(t, f.body, got)
	_, err = read(f.client(func(o *imap.Options) { o.MaxSize = int64(len(f.body)) - 1 }), "7.1")
	require.ErrorIs(t, err, imap.ErrTooLarge)
}

// What a server sends without end is not kept in memory without end.
func TestFlood(t *testing.T) {
	junk := strings.Repeat("x", 8<<20)
	for name, answer := range map[string]string{
		"line":   "* OK " + junk,
		"quoted": `* 1 FETCH (UID 1 BODY[] "` + junk,
		"atom":   "* 1 FETCH (UID 1 FLAGS (" + junk,
	} {
		t.Run(name, func(t *testing.T) {
			f := startFake(t, &fake{uids: []uint32{1}, on: map[string]func(string) string{"UID FETCH": says(answer)}})
			var taken atomic.Int64
			_, err := read(f.client(func(o *imap.Options) { o.Dial = counting(&taken) }), "7.1")
			require.ErrorContains(t, err, "more than was asked for")
			require.Less(t, taken.Load(), int64(3<<20), "in two connections")
		})
	}
}

// counting opens connections that count what comes from the server.
func counting(taken *atomic.Int64) func(context.Context, string, string) (net.Conn, error) {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		c, err := (&net.Dialer{}).DialContext(ctx, network, address)
		return counter{c, taken}, err
	}
}

type counter struct {
	net.Conn
	n *atomic.Int64
}

func (c counter) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.n.Add(int64(n))
	return n, err
}

// A server that ends the session, at each step.
func TestByeAtEveryStep(t *testing.T) {
	for _, step := range []string{"greeting", "CAPABILITY", "AUTHENTICATE", "EXAMINE", "UID FETCH", "IDLE"} {
		for _, how := range []string{"* BYE shutting down\r\n" + hangUp, hangUp} {
			t.Run(step+" "+how[:4], func(t *testing.T) {
				f := &fake{uids: []uint32{1}, on: map[string]func(string) string{step: says(how)}}
				if step == "greeting" {
					f.greeting = how
				}
				startFake(t, f)
				m := f.client(nil)
				_, _, err := m.List(within(t), "INBOX", "", 5)
				if step != "IDLE" {
					require.Error(t, err)
					require.NotErrorIs(t, err, transport.ErrLogin)
					_, err = read(m, "7.1")
					require.Error(t, err)
				}
				ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
				defer cancel()
				require.ErrorIs(t, m.Wait(ctx, "INBOX", "7.1"), context.DeadlineExceeded)
				require.Less(t, f.count("AUTHENTICATE"), 20, "with pauses")
			})
		}
	}
}

// The connection is dead, and one sees it only when it is used.
func TestDeadConnectionIsReplaced(t *testing.T) {
	f := startFake(t, &fake{uids: []uint32{1}})
	m := f.client(nil)
	_, _, err := m.List(within(t), "INBOX", "", 5)
	require.NoError(t, err)
	once := true
	f.answer(map[string]func(string) string{"EXAMINE": func(string) string {
		if once {
			once = false
			return hangUp
		}
		return ""
	}})
	items, _, err := m.List(within(t), "INBOX", "", 5)
	require.NoError(t, err)
	require.Len(t, items, 1)
	require.Equal(t, 2, f.count("AUTHENTICATE"))
}

// What must not be done twice is asked for once, and its end is uncertain.
func TestUncertain(t *testing.T) {
	for _, c := range []struct {
		command, capability string
		do                  func(context.Context, *imap.Mailbox) error
	}{
		{"APPEND", "", func(ctx context.Context, m *imap.Mailbox) error {
			_, err := m.Append(ctx, "INBOX", nil, time.Time{}, strings.NewReader("a: b\r\n"), 6)
			return err
		}},
		{"UID MOVE", "", func(ctx context.Context, m *imap.Mailbox) error { return m.Move(ctx, "INBOX", "7.1", "Sent") }},
		{"UID COPY", "IMAP4rev1 UIDPLUS", func(ctx context.Context, m *imap.Mailbox) error { return m.Move(ctx, "INBOX", "7.1", "Sent") }},
		{"UID EXPUNGE", "IMAP4rev1 UIDPLUS", func(ctx context.Context, m *imap.Mailbox) error { return m.Move(ctx, "INBOX", "7.1", "Sent") }},
		{"UID STORE", "", func(ctx context.Context, m *imap.Mailbox) error { return m.Delete(ctx, "INBOX", "7.1") }},
		{"UID EXPUNGE", "", func(ctx context.Context, m *imap.Mailbox) error { return m.Delete(ctx, "INBOX", "7.1") }},
	} {
		t.Run(c.command, func(t *testing.T) {
			f := startFake(t, &fake{uids: []uint32{1}, capability: c.capability, on: map[string]func(string) string{c.command: says(hangUp)}})
			if c.command == "APPEND" { // read it first
				f.answer(map[string]func(string) string{"APPEND": func(string) string { return "+ go on\r\n" }, "a:": says(hangUp)})
			}
			err := c.do(within(t), f.client(nil))
			e, ok := errors.AsType[*transport.Error](err)
			require.True(t, ok, err)
			require.Equal(t, transport.Uncertain, e.Outcome)
			require.Equal(t, 1, f.count(c.command))

			// When the context ends instead.
			blocked := startFake(t, &fake{uids: []uint32{1}, capability: c.capability})
			ctx, cancel := context.WithCancel(within(t))
			blocked.answer(map[string]func(string) string{c.command: func(string) string { cancel(); return "* OK one moment\r\n" }})
			if c.command == "APPEND" {
				return // tested by cutting: it may or may not have been handed over
			}
			err = c.do(ctx, blocked.client(nil))
			require.ErrorIs(t, err, context.Canceled)
			e, ok = errors.AsType[*transport.Error](err)
			require.True(t, ok, err)
			require.Equal(t, transport.Uncertain, e.Outcome)
		})
	}
}

// Where a server cannot remove one message alone, nothing is removed.
func TestNoPlainExpunge(t *testing.T) {
	f := startFake(t, &fake{uids: []uint32{1}, capability: "IMAP4rev1"})
	m := f.client(nil)
	require.ErrorIs(t, m.Delete(within(t), "INBOX", "7.1"), errors.ErrUnsupported)
	require.ErrorIs(t, m.Move(within(t), "INBOX", "7.1", "Sent"), errors.ErrUnsupported)
	require.Zero(t, f.count("UID STORE")+f.count("UID COPY"))

	// It had MOVE when asked, and takes it back in between.
	f = startFake(t, &fake{uids: []uint32{1}, on: map[string]func(string) string{
		"SELECT":    says("* 1 EXISTS\r\n* OK [UIDVALIDITY 7] x\r\n* OK [UIDNEXT 2] x\r\n* CAPABILITY IMAP4rev1\r\nTAG OK done\r\n"),
		"UID FETCH": says("* 1 FETCH (UID 1)\r\n* CAPABILITY IMAP4rev1\r\nTAG OK done\r\n"),
	}})
	require.Error(t, f.client(nil).Move(within(t), "INBOX", "7.1", "Sent"))
	require.Zero(t, f.count("EXPUNGE")+f.count("CLOSE"))

	// It says OK, and has not done it.
	f = startFake(t, &fake{uids: []uint32{1}})
	m = f.client(nil)
	require.ErrorIs(t, m.Delete(within(t), "INBOX", "7.1"), errors.ErrUnsupported)
	require.Equal(t, 2, f.count("UID STORE"), "the mark was taken off again")
	require.ErrorIs(t, m.Move(within(t), "INBOX", "7.1", "Sent"), errors.ErrUnsupported)
	require.ErrorIs(t, m.SetFlags(within(t), "INBOX", "7.1", []string{`\Flagged`}), errors.ErrUnsupported)
}

func TestOddFolders(t *testing.T) {
	list := func(f *fake) ([]transport.Item, error) {
		items, _, err := startFake(t, f).client(nil).List(within(t), "INBOX", "", 5)
		return items, err
	}
	one := "* 1 EXISTS\r\n* OK [UIDVALIDITY 7] x\r\nTAG OK done\r\n"
	items, err := list(&fake{uids: []uint32{4000000000}, on: map[string]func(string) string{"EXAMINE": says(one)}})
	require.NoError(t, err, "without UIDNEXT")
	require.Equal(t, []uint32{4000000000}, uids(t, items))
	require.Equal(t, []string{`\Seen`}, items[0].Flags)

	_, err = list(&fake{uids: []uint32{1}, on: map[string]func(string) string{"EXAMINE": says("* 1 EXISTS\r\nTAG OK done\r\n")}})
	require.ErrorContains(t, err, "no UIDVALIDITY")

	// A description that cannot be read must not hide the messages behind it.
	items, err = list(&fake{uids: []uint32{1, 2}, on: map[string]func(string) string{"UID FETCH": func(args string) string {
		if strings.Contains(args, "INTERNALDATE") {
			return "* 1 FETCH (UID 1 INTERNALDATE \"yesterday\" RFC822.SIZE 3 FLAGS ())\r\nTAG OK done\r\n"
		}
		return ""
	}}})
	require.NoError(t, err)
	require.Equal(t, []uint32{1, 2}, uids(t, items))

	// Sizes are hints.
	f := startFake(t, &fake{uids: []uint32{1}})
	m := f.client(nil)
	items, _, err = m.List(within(t), "INBOX", "", 5)
	require.NoError(t, err)
	require.EqualValues(t, 1, items[0].Size)
	got, err := read(m, items[0].ID)
	require.NoError(t, err)
	require.Equal(t, f.body, got)
}

// UIDs with gaps take few commands, and none that asks for everything.
func TestSparseUIDs(t *testing.T) {
	var all []uint32
	add := func(from, n, step uint32) {
		for i := range n {
			all = append(all, from+i*step)
		}
	}
	add(1, 50, 1)
	add(1000, 300, 37)
	add(3_000_000, 1, 1)
	add(2_000_000_000, 1200, 1)
	add(4_294_967_000, 10, 29)
	f := startFake(t, &fake{uids: all})
	m := f.client(nil)
	for _, limit := range []int{100, 7, 100000} {
		var got []uint32
		var cursor transport.Cursor
		before := f.count("UID FETCH") + f.count("UID SEARCH")
		pages := 0
		for {
			items, next, err := m.List(within(t), "INBOX", cursor, limit)
			require.NoError(t, err)
			if len(items) == 0 {
				break
			}
			require.LessOrEqual(t, len(items), limit)
			got, cursor = append(got, uids(t, items)...), next
			pages++
		}
		require.Equal(t, all, got)
		commands := f.count("UID FETCH") + f.count("UID SEARCH") - before
		t.Logf("limit %d: %d messages, %d pages, %d commands", limit, len(got), pages, commands)
		require.Less(t, commands, 4*pages+60)
	}
}

func TestNoGoroutineStays(t *testing.T) {
	f := startFake(t, &fake{uids: []uint32{1}, body: strings.Repeat("x", 1<<20)})
	before := runtime.NumGoroutine()
	for range 20 {
		m, err := imap.New(f.options())
		require.NoError(t, err)
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		r, err := m.Fetch(ctx, "INBOX", "7.1")
		require.NoError(t, err)
		_, err = r.Read(make([]byte, 10))
		require.NoError(t, err)
		require.NoError(t, r.Close())
		require.NoError(t, r.Close())
		_, err = r.Read(make([]byte, 10))
		require.Error(t, err)
		_, err = m.Fetch(ctx, "INBOX", "7.1") // never closed
		require.NoError(t, err)
		cancel()
		require.NoError(t, m.Close())
	}
	require.Eventually(t, func() bool { return runtime.NumGoroutine() <= before+3 }, 10*time.Second, 20*time.Millisecond)
}

// Without UIDPLUS a message that was appended is looked for, and not guessed.
func TestAppendedIsFound(t *testing.T) {
	const text = "Subject: mine\r\n\r\nx\r\n"
	for _, c := range []struct {
		name  string
		other []string // what comes before and behind it
		want  transport.ID
	}{
		{"alone", nil, "7.5"},
		{"beside others", []string{"a: b\r\n\r\n"}, "7.6"},
		{"beside the same", []string{text}, ""},
		{"beside many", make([]string, 20), ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := &fake{uids: []uint32{4}, capability: "IMAP4rev1", bodies: map[uint32]string{4: text}}
			f.arrive = func() {
				for _, o := range c.other {
					f.put(o)
				}
			}
			m := startFake(t, f).client(nil)
			id, err := m.Append(within(t), "INBOX", nil, day(2), strings.NewReader(text), int64(len(text)))
			require.NoError(t, err)
			require.Equal(t, c.want, id)
		})
	}
	// It is filed, and the connection breaks when it is looked for.
	f := startFake(t, &fake{capability: "IMAP4rev1", bodies: map[uint32]string{}, arrive: func() {}, on: map[string]func(string) string{"EXAMINE": says(hangUp)}})
	id, err := f.client(nil).Append(within(t), "INBOX", nil, day(2), strings.NewReader(text), int64(len(text)))
	require.NoError(t, err)
	require.Empty(t, id)
	require.Equal(t, 1, f.count("APPEND"))
}

// Nor does it matter when that breaks in the middle of a message.
func TestAppendedIsCutWhileFound(t *testing.T) {
	const text = "Subject: mine\r\n\r\nx\r\n"
	f := &fake{capability: "IMAP4rev1", bodies: map[uint32]string{}}
	f.arrive = func() { f.put("a: b") }
	f.on = map[string]func(string) string{"UID FETCH": says("* 1 FETCH (UID 1 BODY[] {1000}\r\nxxx" + hangUp)}
	id, err := startFake(t, f).client(nil).Append(within(t), "INBOX", nil, day(2), strings.NewReader(text), int64(len(text)))
	require.NoError(t, err)
	require.Empty(t, id)
}
