package outbox_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/outbox"
	"github.com/certmail/certmail/store"
	"github.com/certmail/certmail/transport"
)

// counted counts a store's transactions, and may fail to settle.
type counted struct {
	store.Store
	claims, settles atomic.Int64
	fail            func(n int64, done func() error) error
}

func (c *counted) Claim(ctx context.Context, q store.Claim) ([]store.Submission, error) {
	c.claims.Add(1)
	return c.Store.Claim(ctx, q)
}

func (c *counted) SettleAll(ctx context.Context, worker string, list []store.Settlement) (each []error, err error) {
	time.Sleep(2 * time.Millisecond) // a disk
	n := c.settles.Add(1)
	settle := func() error {
		each, err = c.Store.SettleAll(ctx, worker, list)
		return err
	}
	if c.fail != nil {
		return each, c.fail(n, settle)
	}
	return each, settle()
}

func (w *world) in(state store.State) int {
	list, err := w.store.Submissions(context.Background(), store.Filter{States: []store.State{state}, Limit: 10_000})
	require.NoError(w.t, err)
	return len(list)
}

// TestAhead: claims and outcomes go to the store many at a time where the server
// is fast, and never more than allowed are open.
func TestAhead(t *testing.T) {
	const messages, ahead = 500, 20
	c := &counted{}
	w := newWorld(t, func(o *outbox.Options) {
		c.Store, o.Store, o.Ahead, o.Now = o.Store, c, ahead, time.Now
	})
	for i := range messages {
		w.submit(fmt.Sprint(i), "x")
	}
	most := 0
	w.server.answer = func(int) error {
		most = max(most, w.in(store.Sending))
		return nil
	}
	require.Equal(t, messages, w.drain())
	require.Equal(t, messages, w.in(store.Sent))
	require.LessOrEqual(t, most, ahead)
	require.Greater(t, most, 1)
	require.Less(t, c.claims.Load()+c.settles.Load(), int64(messages/2), "transactions")
	for i, m := range w.server.taken {
		require.Contains(t, m, anna, "%d", i)
	}
}

// TestOneByOne: to a server that takes its time, nothing is claimed ahead: what
// waits can be cancelled, and is nobody's when the process dies.
func TestOneByOne(t *testing.T) {
	w := newWorld(t, nil)
	for i := range 5 {
		w.submit(fmt.Sprint(i), "x")
	}
	w.server.answer = func(n int) error {
		require.Equal(t, 1, w.in(store.Sending))
		if n == 1 {
			require.NoError(t, w.Cancel(context.Background(), anna, "3"))
		}
		w.now = w.now.Add(time.Second)
		return nil
	}
	require.Equal(t, 4, w.drain())
	require.Equal(t, store.Cancelled, w.state("3").State)
}

// TestPauseGivesBack: what was claimed ahead of a pause, or of the end of the
// context, is as if it had not been.
func TestPauseGivesBack(t *testing.T) {
	for _, how := range []string{"pause", "cancel", "login"} {
		w := newWorld(t, func(o *outbox.Options) { o.Now = time.Now })
		for i := range 100 {
			w.submit(fmt.Sprint(i), "x")
		}
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		open := 0
		w.server.answer = func(n int) error {
			if n != 40 {
				return nil
			}
			open = w.in(store.Sending)
			switch how {
			case "pause":
				require.NoError(t, w.Pause(anna))
			case "cancel":
				cancel()
			case "login":
				return &transport.Error{Outcome: transport.Refused, Code: 535, Err: transport.ErrLogin}
			}
			return nil
		}
		n, err := w.Drain(ctx)
		if how == "cancel" {
			require.ErrorIs(t, err, context.Canceled)
		} else {
			require.NoError(t, err)
		}
		require.Equal(t, 40, n, how)
		require.Greater(t, open, 1, "some were claimed ahead")
		require.Zero(t, w.in(store.Sending))
		require.Zero(t, w.in(store.Uncertain))
		last := 41
		if how == "login" {
			last = 40
		}
		for i := last; i < 100; i++ {
			s := w.state(fmt.Sprint(i))
			require.Equal(t, store.Queued, s.State)
			require.Zero(t, s.Attempts)
		}
		w.server.answer = nil
		require.NoError(t, w.Resume(anna))
		w.drain()
		require.Len(t, w.server.taken, 100, "each once")
		require.Equal(t, 100, w.in(store.Sent))
	}
}

// TestLeaseOfWhatWaits: a message takes longer than others may be kept waiting;
// these are claimed anew before they are sent.
func TestLeaseOfWhatWaits(t *testing.T) {
	w := newWorld(t, nil)
	hour := false
	for i := range 30 {
		w.submit(fmt.Sprint(i), "x")
	}
	var leases []time.Duration
	w.server.answer = func(n int) error {
		list, err := w.store.Submissions(context.Background(), store.Filter{States: []store.State{store.Sending}})
		require.NoError(t, err)
		s := list[0]
		leases = append(leases, s.Lease.Sub(w.now))
		if n == 10 && !hour {
			hour = true
			w.now = w.now.Add(10 * time.Minute)
		}
		return nil
	}
	require.Equal(t, 30, w.drain())
	for i, left := range leases {
		require.Greater(t, left, 7*time.Minute, "of message %d", i)
	}
	require.Equal(t, 30, w.in(store.Sent))
	require.Len(t, w.server.taken, 30)
}

// TestSettleFails: a store that fails for a moment is tried again, also when it
// did what it said it did not; one that goes on failing leaves what is not
// written down to the end of the lease: uncertain, and never sent again.
func TestSettleFails(t *testing.T) {
	down := errors.New("connection lost")
	for name, fail := range map[string]func(n int64, done func() error) error{
		"before": func(n int64, done func() error) error {
			if n%2 == 1 {
				return down
			}
			return done()
		},
		"behind": func(n int64, done func() error) error {
			err := done()
			if n%2 == 1 {
				return down
			}
			return err
		},
	} {
		c := &counted{fail: fail}
		w := newWorld(t, func(o *outbox.Options) { c.Store, o.Store, o.Now = o.Store, c, time.Now })
		for i := range 100 {
			w.submit(fmt.Sprint(i), "x")
		}
		n, err := w.Drain(context.Background())
		require.NoError(t, err, name)
		require.Equal(t, 100, n)
		require.Len(t, w.server.taken, 100)
		require.Equal(t, 100, w.in(store.Sent), name)
	}
	c := &counted{fail: func(int64, func() error) error { return store.ErrClosed }}
	w := newWorld(t, func(o *outbox.Options) { c.Store, o.Store = o.Store, c })
	for i := range 3 {
		w.submit(fmt.Sprint(i), "x")
	}
	_, err := w.Drain(context.Background())
	require.ErrorIs(t, err, store.ErrClosed)
	require.Len(t, w.server.taken, 1)
	c.fail = nil
	w.now = w.now.Add(time.Hour)
	require.Equal(t, 2, w.drain())
	require.Equal(t, store.Uncertain, w.state("0").State)
	require.Len(t, w.server.taken, 3)
}

func TestSubmitAll(t *testing.T) {
	w := newWorld(t, nil)
	w.submit("old", "x")
	wrong := message("wrong", "x")
	wrong.Sent.SHA256[0] = 1
	stranger := message("stranger", "x")
	stranger.Account = "nobody@alfa.example"
	taken := message("taken", "y")
	taken.Sent.MessageID = "new@pc.alfa.example"
	broken := message("broken", "")
	broken.Body = failed{}
	list := []outbox.Message{message("old", "x"), message("new", "x"), stranger, message("old", "another"), taken, wrong, message("new", "x")}
	for i := range 200 {
		list = append(list, message(fmt.Sprint(i), strings.Repeat("x", i)))
	}
	out, err := w.SubmitAll(context.Background(), list)
	require.NoError(t, err)
	require.Len(t, out, len(list))
	for i, want := range []error{nil, nil, outbox.ErrAccount, outbox.ErrKeyReused, store.ErrMessageID, store.ErrCorrupt, nil} {
		require.ErrorIs(t, out[i].Err, want, "%d", i)
		require.Equal(t, i == 0 || i == 3 || i == 6, out[i].Existed, "%d", i)
	}
	for i := 7; i < len(out); i++ {
		require.NoError(t, out[i].Err)
		require.Equal(t, fmt.Sprint(i-7), out[i].Submission.Key)
		require.Equal(t, int64(i-7), out[i].Submission.Size)
	}
	require.Equal(t, 202, w.drain())
	require.True(t, strings.HasSuffix(w.server.taken[201], " "+strings.Repeat("x", 199)))
	_, err = w.SubmitAll(context.Background(), []outbox.Message{broken})
	require.ErrorIs(t, err, errBroken)
}

var errBroken = errors.New("broken")

type failed struct{}

func (failed) Read([]byte) (int, error) { return 0, errBroken }
