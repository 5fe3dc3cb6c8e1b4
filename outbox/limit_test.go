package outbox_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/outbox"
	"github.com/certmail/certmail/receipt"
	"github.com/certmail/certmail/store"
	"github.com/certmail/certmail/transport"
)

// limited is a world with a limit, where waiting moves the clock and nothing
// else; it notes when messages were handed over, from the start.
func limited(t *testing.T, l outbox.Limit, more func(*outbox.Options)) (w *world, times *[]time.Duration) {
	times = new([]time.Duration)
	w = newWorld(t, func(o *outbox.Options) {
		o.Limits = map[string]outbox.Limit{anna: l}
		o.Wait = func(ctx context.Context, d time.Duration) error {
			require.Positive(t, d)
			w.now = w.now.Add(d)
			return ctx.Err()
		}
		if more != nil {
			more(o)
		}
	})
	start := w.now
	w.server.answer = func(int) error {
		*times = append(*times, w.now.Sub(start))
		return nil
	}
	return w, times
}

func (w *world) submitTo(key string, recipients int) {
	w.t.Helper()
	m := message(key, "x")
	m.Sent.Recipients = nil
	for i := range recipients {
		m.Sent.Recipients = append(m.Sent.Recipients, receipt.SentRecipient{Address: fmt.Sprint("r", i, "@beta.example")})
	}
	_, _, err := w.Submit(context.Background(), m)
	require.NoError(w.t, err)
}

func TestLimitMessages(t *testing.T) {
	w, times := limited(t, outbox.Limit{Messages: 60, Per: time.Minute, Burst: 3}, nil)
	for i := range 6 {
		w.submit(fmt.Sprint(i), "x")
	}
	require.Equal(t, 6, w.drain())
	s := time.Second
	require.Equal(t, []time.Duration{0, 0, 0, s, 2 * s, 3 * s}, *times)
	// What was not used comes back, and no more than the burst.
	w.now = w.now.Add(time.Hour)
	*times = nil
	base := time.Hour + 3*s
	for i := range 5 {
		w.submit(fmt.Sprint("later ", i), "x")
	}
	require.Equal(t, 5, w.drain())
	require.Equal(t, []time.Duration{base, base, base, base + s, base + 2*s}, *times)
}

// TestInterval: the same with the older option; a limit of its own counts.
func TestInterval(t *testing.T) {
	w, times := limited(t, outbox.Limit{}, func(o *outbox.Options) { o.Limits, o.Interval = nil, 7*time.Second })
	for i := range 3 {
		w.submit(fmt.Sprint(i), "x")
	}
	require.Equal(t, 3, w.drain())
	require.Equal(t, []time.Duration{0, 7 * time.Second, 14 * time.Second}, *times)
	w, times = limited(t, outbox.Limit{}, func(o *outbox.Options) { o.Interval = 7 * time.Second })
	w.submit("1", "x")
	w.submit("2", "x")
	require.Equal(t, 2, w.drain())
	require.Equal(t, []time.Duration{0, 0}, *times)
}

// TestLimitWaits: nothing is claimed before its time, so that it can be
// cancelled; the end of the context ends the wait.
func TestLimitWaits(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	var w *world
	w, times := limited(t, outbox.Limit{Messages: 1, Per: time.Hour}, func(o *outbox.Options) {
		o.Wait = func(ctx context.Context, d time.Duration) error {
			require.Equal(t, time.Hour, d)
			require.Equal(t, store.Queued, w.state("2").State)
			require.NoError(t, w.Cancel(ctx, anna, "2"))
			cancel()
			return ctx.Err()
		}
	})
	for i := 1; i <= 3; i++ {
		w.submit(fmt.Sprint(i), "x")
	}
	n, err := w.Drain(ctx)
	require.ErrorIs(t, err, context.Canceled)
	require.Equal(t, 1, n)
	require.Len(t, *times, 1)
	require.Equal(t, store.Queued, w.state("3").State)
	require.Zero(t, w.state("3").Attempts)
	w.Outbox, err = outbox.New(outbox.Options{Store: w.store, Blobs: w.blobs, Senders: map[string]transport.Sender{anna: w.server}, Worker: "two", Interval: time.Hour,
		Wait: func(context.Context, time.Duration) error { return errors.New("no clock") }})
	require.NoError(t, err)
	w.submit("4", "x")
	n, err = w.Drain(context.Background())
	require.ErrorContains(t, err, "no clock")
	require.Equal(t, 1, n)
}

func TestLimitRecipients(t *testing.T) {
	w, times := limited(t, outbox.Limit{Recipients: 10}, nil)
	for i := range 4 {
		w.submitTo(fmt.Sprint(i), 4)
	}
	w.submitTo("too many", 11)
	w.submitTo("small", 1)
	require.Equal(t, 2, w.drain())
	require.Equal(t, 0, w.drain(), "nothing is claimed in vain")
	require.Equal(t, store.Queued, w.state("2").State)
	require.Zero(t, w.state("2").Attempts)
	require.Equal(t, store.Queued, w.state("small").State, "it does not overtake")

	// Another process knows of it.
	w.Outbox, _ = outbox.New(outbox.Options{Store: w.store, Blobs: w.blobs, Senders: map[string]transport.Sender{anna: w.server}, Worker: "two",
		Now: func() time.Time { return w.now }, Limits: map[string]outbox.Limit{anna: {Recipients: 10}}})
	require.Equal(t, 0, w.drain())
	w.now = w.now.Add(24 * time.Hour)
	require.Equal(t, 0, w.drain())
	w.now = w.now.Add(time.Minute)
	require.Equal(t, 4, w.drain(), "two, the one that is refused, and the small one")
	require.Len(t, *times, 5)
	require.Equal(t, store.Sent, w.state("small").State)
	require.Equal(t, store.Refused, w.state("too many").State)
	require.Contains(t, w.state("too many").Reply, "11 recipients")
}

// TestLimitRefused: whom the provider did not take is not written to.
func TestLimitRefused(t *testing.T) {
	w, _ := limited(t, outbox.Limit{Recipients: 4}, nil)
	answers := []error{&transport.Error{Outcome: transport.Refused, Code: 550}, nil, &transport.Error{Outcome: transport.Uncertain}, nil}
	w.server.answer = func(n int) error { return answers[n-1] }
	for i := range 4 {
		w.submitTo(fmt.Sprint(i), 2)
	}
	require.Equal(t, 3, w.drain())
	require.Equal(t, store.Queued, w.state("3").State, "what is uncertain counts")
}

func TestLimitOptions(t *testing.T) {
	for name, l := range map[string]map[string]outbox.Limit{
		"no time":    {anna: {Messages: 1}},
		"negative":   {anna: {Messages: -1, Per: time.Second}},
		"burst":      {anna: {Messages: 1, Per: time.Second, Burst: -1}},
		"recipients": {anna: {Recipients: -1}},
		"stranger":   {"nobody@alfa.example": {Recipients: 1}},
	} {
		_, err := outbox.New(outbox.Options{Store: store.NewMemory(), Blobs: store.NewMemoryBlobs(), Senders: map[string]transport.Sender{anna: &server{}}, Worker: "one", Limits: l})
		require.ErrorIs(t, err, outbox.ErrOptions, name)
	}
}
