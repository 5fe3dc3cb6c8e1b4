package imap_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/pec/pectest"
	"github.com/certmail/certmail/transport"
	"github.com/certmail/certmail/transport/imap"
)

// bad is a line that breaks after a number of bytes, in either direction.
type bad struct {
	net.Conn
	left *atomic.Int64
}

func (b bad) Read(p []byte) (int, error) {
	n, err := b.Conn.Read(p)
	if b.left.Add(-int64(n)) < 0 {
		_ = b.Close()
		return 0, net.ErrClosed
	}
	return n, err
}

func (b bad) Write(p []byte) (int, error) {
	n := int64(len(p))
	if left := b.left.Add(-n); left < 0 {
		n, _ := b.Conn.Write(p[:max(0, n+left)])
		_ = b.Close()
		return n, net.ErrClosed
	}
	return b.Conn.Write(p)
}

// breaking breaks the lines after so many bytes each.
func breaking(after ...int64) func(context.Context, string, string) (net.Conn, error) {
	var n atomic.Int32
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		c, err := (&net.Dialer{}).DialContext(ctx, network, address)
		if i := int(n.Add(1)) - 1; err == nil && i < len(after) {
			left := new(atomic.Int64)
			left.Store(after[i])
			return bad{c, left}, nil
		}
		return c, err
	}
}

// The line breaks anywhere, twice: what was promised holds all the same.
func TestLineBreaksAnywhere(t *testing.T) {
	w := start(t, nil)
	box := w.anna()
	text := letter(strings.Repeat("long ", 200))
	step := int64(29)
	if testing.Short() {
		step = 211
	}
	uncertain, done, failed := 0, 0, 0
	for cut := int64(0); cut < 12000; cut += step { // TLS takes some 3,000 of them
		uid, err := box.Append(inbox, []byte(text), nil, day(1))
		require.NoError(t, err)
		id := w.id(inbox, uid)
		is := func(folder string) (n int) {
			all, err := box.List(folder)
			require.NoError(t, err)
			for _, m := range all {
				if string(m.Data) == text {
					n++
				}
			}
			return n
		}
		count := func(err error, before, after int, changed bool) {
			e, ok := errors.AsType[*transport.Error](err)
			switch {
			case err == nil:
				done++
				require.True(t, changed, "cut at %d: no error and nothing done", cut)
			case ok && e.Outcome == transport.Uncertain:
				uncertain++
			default:
				failed++
				require.Equal(t, before, after, "cut at %d: done, and the error is %v", cut, err)
			}
		}
		line := func() *imap.Mailbox {
			return w.open(func(o *imap.Options) { o.Dial, o.Timeout = breaking(cut, cut), 2*time.Second })
		}
		// Reading gives the very bytes, or an error.
		m := line()
		items, _, err := m.List(within(t), inbox, "", 5)
		if err == nil {
			require.Equal(t, []uint32{uid}, uids(t, items), "cut at %d", cut)
		}
		if r, err := m.Fetch(within(t), inbox, id); err == nil {
			data, err := io.ReadAll(r)
			require.True(t, err == nil && string(data) == text || err != nil && strings.HasPrefix(text, string(data)), "cut at %d: %d bytes, %v", cut, len(data), err)
			require.NoError(t, r.Close())
		}
		m = line()
		_, err = m.Append(within(t), pectest.Sent, nil, time.Time{}, strings.NewReader(text), int64(len(text)))
		sent := is(pectest.Sent)
		count(err, 0, sent, sent == 1)
		require.LessOrEqual(t, sent, 1, "never twice")
		m = line()
		err = m.Move(within(t), inbox, id, pectest.Sent)
		require.Equal(t, sent+1, is(pectest.Sent)+is(inbox), "never lost, never double")
		count(err, 1, is(inbox), is(inbox) == 0)
		if is(inbox) == 1 {
			err = line().Delete(within(t), inbox, id)
			count(err, 1, is(inbox), is(inbox) == 0)
		}
		for _, folder := range []string{inbox, pectest.Sent} {
			all, err := box.List(folder)
			require.NoError(t, err)
			for _, m := range all {
				require.NoError(t, box.Remove(folder, m.UID))
			}
		}
	}
	t.Logf("%d done, %d not done, %d uncertain", done, failed, uncertain)
	require.NotZero(t, uncertain)
	require.NotZero(t, done)
	require.NotZero(t, failed)
}

// slow passes on little at a time.
type slow struct{ net.Conn }

func (s slow) Read(p []byte) (int, error) {
	time.Sleep(2 * time.Millisecond)
	return s.Conn.Read(p[:min(len(p), 500)])
}

func TestSlowServer(t *testing.T) {
	w := start(t, nil)
	text := letter(strings.Repeat("long ", 40000))
	_, err := w.anna().Append(inbox, []byte(text), nil, day(1))
	require.NoError(t, err)
	m := w.open(func(o *imap.Options) {
		o.Timeout = time.Second // the message takes longer, and no pause does
		o.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
			c, err := (&net.Dialer{}).DialContext(ctx, network, address)
			return slow{c}, err
		}
	})
	started := time.Now()
	require.Equal(t, text, fetch(t, m, inbox, w.id(inbox, 1)))
	require.Greater(t, time.Since(started), 1500*time.Millisecond)

	// Slow to read is no reason to hang up either.
	m = w.open(func(o *imap.Options) { o.Timeout = time.Second })
	r, err := m.Fetch(within(t), inbox, w.id(inbox, 1))
	require.NoError(t, err)
	_, err = io.CopyN(io.Discard, r, 1000)
	require.NoError(t, err)
	time.Sleep(1500 * time.Millisecond)
	n, err := io.Copy(io.Discard, r)
	require.NoError(t, err)
	require.EqualValues(t, len(text)-1000, n)
	require.NoError(t, r.Close())

	// Nor is it for what is appended.
	_, err = m.Append(within(t), pectest.Sent, nil, time.Time{}, io.MultiReader(strings.NewReader("abc"), &pausing{1500 * time.Millisecond}, strings.NewReader("def")), 6)
	require.NoError(t, err)

	// A server that says nothing is left.
	f := startFake(t, &fake{uids: []uint32{1}, on: map[string]func(string) string{"UID FETCH": says("* OK wait\r\n")}})
	quiet := f.client(func(o *imap.Options) { o.Timeout = 200 * time.Millisecond })
	_, _, err = quiet.List(within(t), "INBOX", "", 1)
	require.ErrorIs(t, err, os.ErrDeadlineExceeded)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, _, err = quiet.List(ctx, "INBOX", "", 1)
	require.ErrorIs(t, err, context.DeadlineExceeded)

	// And so is one that does not even greet.
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer ln.Close()
	mute := open(t, &imap.Options{Host: "127.0.0.1", Port: ln.Addr().(*net.TCPAddr).Port, Credentials: imap.Password("a", "b"), Timeout: 200 * time.Millisecond})
	require.ErrorIs(t, list(t, mute), os.ErrDeadlineExceeded)
}

type pausing struct{ d time.Duration }

func (p *pausing) Read([]byte) (int, error) { time.Sleep(p.d); return 0, io.EOF }

// Many messages come in pages, and the pages hold when messages go meanwhile.
func TestTenThousand(t *testing.T) {
	const all = 10_000
	w := start(t, nil)
	box := w.anna()
	for i := range all {
		_, err := box.Append(inbox, fmt.Appendf(nil, "Subject: %d\r\n\r\n", i), nil, day(1))
		require.NoError(t, err)
	}
	m := w.open(nil)
	started := time.Now()
	var got []uint32
	var cursor transport.Cursor
	for {
		items, next, err := m.List(within(t), inbox, cursor, 300)
		require.NoError(t, err)
		if len(items) == 0 {
			break
		}
		got, cursor = append(got, uids(t, items)...), next
		if len(got) == 3000 { // some that were listed, and many that were not
			require.NoError(t, box.Remove(inbox, 1, 2999, 3000))
			var gone []uint32
			for uid := uint32(4000); uid < 9000; uid++ {
				gone = append(gone, uid)
			}
			require.NoError(t, box.Remove(inbox, gone...))
		}
	}
	t.Logf("paged in %v", time.Since(started))
	require.Len(t, got, all-5000)
	require.EqualValues(t, 1, got[0])
	require.EqualValues(t, all, got[len(got)-1])
	for i := 1; i < len(got); i++ {
		require.Greater(t, got[i], got[i-1])
	}
}

// Waiting survives broken lines, and misses nothing.
func TestWaitSurvives(t *testing.T) {
	w := start(t, nil)
	m := w.open(func(o *imap.Options) { o.Dial = breaking(0, 1000, 4200, 4500, 4800, 5000, 5500, 6000) })
	var cursor transport.Cursor
	for n := range 20 {
		waited := make(chan error, 1)
		go func() { waited <- m.Wait(within(t), inbox, cursor) }()
		time.Sleep(time.Duration(n%4) * 5 * time.Millisecond)
		w.put("x")
		require.NoError(t, <-waited)
		for {
			items, next, err := m.List(within(t), inbox, cursor, 5)
			if err != nil {
				continue // a line broke
			}
			require.Equal(t, []uint32{uint32(n + 1)}, uids(t, items))
			cursor = next
			break
		}
	}
}

// More watchers than connections: the others look now and then.
func TestManyWatchers(t *testing.T) {
	w := start(t, nil)
	m := w.open(func(o *imap.Options) { o.MaxConns, o.Poll = 2, 20*time.Millisecond })
	waited := make(chan error, 6)
	for range 6 {
		go func() { waited <- m.Wait(within(t), inbox, "") }()
	}
	time.Sleep(100 * time.Millisecond)
	require.NoError(t, list(t, m))
	w.put("x")
	for range 6 {
		require.NoError(t, <-waited)
	}
}

// The hint that never comes: Wait looks by itself.
func TestWaitLooksAgain(t *testing.T) {
	f := startFake(t, &fake{})
	m := f.client(func(o *imap.Options) { o.Idle = 50 * time.Millisecond })
	waited := make(chan error, 1)
	go func() { waited <- m.Wait(within(t), "INBOX", "") }()
	require.Eventually(t, func() bool { return f.count("IDLE") >= 3 }, 10*time.Second, 5*time.Millisecond, "asked anew")
	f.answer(map[string]func(string) string{
		"EXAMINE":   says("* 1 EXISTS\r\n* OK [UIDVALIDITY 7] x\r\n* OK [UIDNEXT 2] x\r\nTAG OK done\r\n"),
		"UID FETCH": says("* 1 FETCH (UID 1)\r\nTAG OK done\r\n"),
	})
	require.NoError(t, <-waited)
}
