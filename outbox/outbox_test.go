package outbox_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/outbox"
	"github.com/certmail/certmail/receipt"
	"github.com/certmail/certmail/store"
	"github.com/certmail/certmail/transport"
)

const anna = "anna@alfa.example"

// server is a sender that remembers what it was given.
type server struct {
	mu     sync.Mutex
	taken  []string
	answer func(n int) error // to the n-th message
	calls  int
}

func (s *server) Send(_ context.Context, m *transport.Message) error {
	data, err := io.ReadAll(m.Reader())
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls++
	if s.answer != nil {
		if err := s.answer(s.calls); err != nil {
			return err
		}
	}
	s.taken = append(s.taken, m.From+" "+strings.Join(m.To, ",")+" "+string(data))
	return nil
}

// world is an outbox with a clock that only tests move.
type world struct {
	*outbox.Outbox
	t      *testing.T
	store  store.Store
	blobs  store.Blobs
	server *server
	now    time.Time
}

func newWorld(t *testing.T, change func(*outbox.Options)) *world {
	w := &world{t: t, store: store.NewMemory(), blobs: store.NewMemoryBlobs(), server: &server{}, now: time.Date(2026, 3, 2, 8, 30, 0, 0, time.UTC)}
	opt := outbox.Options{Store: w.store, Blobs: w.blobs, Senders: map[string]transport.Sender{anna: w.server}, Worker: "one", Now: func() time.Time { return w.now }}
	if change != nil {
		change(&opt)
	}
	var err error
	w.Outbox, err = outbox.New(opt)
	require.NoError(t, err)
	return w
}

func message(key, body string) outbox.Message {
	return outbox.Message{
		Account: anna, Key: key, Body: strings.NewReader(body),
		Sent: receipt.Sent{MessageID: key + "@pc.alfa.example", Sender: anna, Recipients: []receipt.SentRecipient{{Address: "bruno@beta.example"}, {Address: "carla@beta.example"}}},
	}
}

func (w *world) submit(key, body string) {
	w.t.Helper()
	_, _, err := w.Submit(context.Background(), message(key, body))
	require.NoError(w.t, err)
}

func (w *world) drain() int {
	w.t.Helper()
	n, err := w.Drain(context.Background())
	require.NoError(w.t, err)
	return n
}

func (w *world) state(key string) store.Submission {
	w.t.Helper()
	s, err := w.store.Submission(context.Background(), anna, key)
	require.NoError(w.t, err)
	return s
}

func TestSentOnce(t *testing.T) {
	w := newWorld(t, nil)
	w.submit("7", "bytes as they are\r\n")
	require.Equal(t, store.Queued, w.state("7").State)
	require.Empty(t, w.server.taken, "nothing before Drain")
	require.Equal(t, 1, w.drain())
	require.Equal(t, []string{anna + " bruno@beta.example,carla@beta.example bytes as they are\r\n"}, w.server.taken)
	s := w.state("7")
	require.Equal(t, store.Sent, s.State)
	require.True(t, s.Sent.Time.Equal(w.now))
	require.Equal(t, 0, w.drain())

	again, existed, err := w.Submit(context.Background(), message("7", "bytes as they are\r\n"))
	require.NoError(t, err)
	require.True(t, existed)
	require.Equal(t, store.Sent, again.State)
	_, existed, err = w.Submit(context.Background(), message("7", "other bytes"))
	require.ErrorIs(t, err, outbox.ErrKeyReused)
	require.True(t, existed)
	require.Equal(t, 0, w.drain())
	require.Len(t, w.server.taken, 1)
}

func TestRefusedForNowAndForGood(t *testing.T) {
	w := newWorld(t, nil)
	w.server.answer = func(int) error { return &transport.Error{Outcome: transport.Deferred, Code: 451, Text: "later"} }
	w.submit("7", "x")
	var waits []time.Duration
	for range 40 {
		before := w.server.calls
		w.drain()
		s := w.state("7")
		if s.State != store.Queued {
			break
		}
		require.Equal(t, before+1, w.server.calls)
		waits = append(waits, s.NotBefore.Sub(w.now))
		w.now = s.NotBefore.Add(-time.Second)
		require.Equal(t, 0, w.drain(), "not before its time")
		w.now = s.NotBefore
	}
	require.Equal(t, []time.Duration{time.Minute, 2 * time.Minute, 4 * time.Minute}, waits[:3])
	require.Equal(t, time.Hour, waits[len(waits)-1])
	require.Equal(t, store.Refused, w.state("7").State)
	require.Contains(t, w.state("7").Reply, "given up after 24h")

	w.server.answer = func(int) error { return &transport.Error{Outcome: transport.Refused, Code: 550, Text: "never"} }
	w.submit("8", "x")
	w.drain()
	require.Equal(t, store.Refused, w.state("8").State)
	require.Contains(t, w.state("8").Reply, "550 never")
	require.Empty(t, w.server.taken)
}

// TestUncertain: never sent again, whatever the error was called; the
// provider's receipts resolve it, or a decision.
func TestUncertain(t *testing.T) {
	for _, err := range []error{&transport.Error{Outcome: transport.Uncertain}, errors.New("some sender's own error"), context.DeadlineExceeded} {
		w := newWorld(t, nil)
		w.server.answer = func(int) error { return err }
		w.submit("7", "x")
		w.drain()
		require.Equal(t, store.Uncertain, w.state("7").State)
		w.now = w.now.Add(48 * time.Hour)
		require.Equal(t, 0, w.drain())

		event := store.Recorded{Account: anna, Event: receipt.Event{Kind: receipt.EventAccepted, MessageID: "7@pc.alfa.example"}}
		for _, verdict := range []receipt.Verdict{receipt.Unverified, receipt.Indeterminate, receipt.Invalid} {
			event.Event.Proof.Verdict = verdict
			n, err := w.Learn(context.Background(), event)
			require.NoError(t, err)
			require.Zero(t, n)
		}
		event.Event.Proof.Verdict = receipt.Valid
		other := event
		other.Event.MessageID = "unknown@pc.alfa.example"
		n, err := w.Learn(context.Background(), other, event, event)
		require.NoError(t, err)
		require.Equal(t, 1, n)
		require.Equal(t, store.Sent, w.state("7").State)
		require.Len(t, w.server.taken, 0)
	}
	w := newWorld(t, nil)
	w.server.answer = func(n int) error {
		if n == 1 {
			return &transport.Error{Outcome: transport.Uncertain}
		}
		return nil
	}
	w.submit("7", "x")
	w.drain()
	require.ErrorIs(t, w.Cancel(context.Background(), anna, "7"), store.ErrState)
	require.NoError(t, w.Decide(context.Background(), anna, "7", store.Queued, "the provider says it never came"))
	w.drain()
	require.Equal(t, store.Sent, w.state("7").State)
	require.Len(t, w.server.taken, 1)
}

// TestLearnWhileQueued: a message that the server refused for now and took
// all the same is not sent again.
func TestLearnWhileQueued(t *testing.T) {
	w := newWorld(t, nil)
	w.server.answer = func(int) error { return &transport.Error{Outcome: transport.Deferred, Code: 451} }
	w.submit("7", "x")
	event := store.Recorded{Account: anna, Event: receipt.Event{Kind: receipt.EventAccepted, MessageID: "7@pc.alfa.example", Proof: receipt.Proof{Verdict: receipt.Valid}}}
	n, err := w.Learn(context.Background(), event)
	require.NoError(t, err)
	require.Zero(t, n, "never attempted: somebody else's event cannot be about it")
	w.drain()
	n, err = w.Learn(context.Background(), event)
	require.NoError(t, err)
	require.Equal(t, 1, n)
	w.now = w.now.Add(time.Hour)
	require.Equal(t, 0, w.drain())
}

// TestReconcile: what was taken in just before a process died still counts,
// for what is uncertain and for what would be tried again.
func TestReconcile(t *testing.T) {
	w := newWorld(t, nil)
	w.server.answer = func(n int) error {
		return &transport.Error{Outcome: []transport.Outcome{transport.Uncertain, transport.Deferred, transport.Uncertain}[min(n, 3)-1]}
	}
	for _, key := range []string{"1", "2", "3"} {
		w.submit(key, "x")
	}
	w.drain()
	var collected []store.Collected
	for i, verdict := range []receipt.Verdict{receipt.Valid, receipt.Valid, receipt.Invalid} {
		collected = append(collected, store.Collected{ID: transport.ID(fmt.Sprint("1.", i+1)), SHA256: receipt.Digest{byte(i + 1)}, Size: 1, Kind: "accettazione", Verdict: verdict, Events: []receipt.Event{{
			System: receipt.PEC, Kind: receipt.EventAccepted, MessageID: fmt.Sprint(i+1, "@pc.alfa.example"), Time: w.now,
			Proof: receipt.Proof{Kind: "accettazione", SHA256: receipt.Digest{byte(i + 1)}, Verdict: verdict},
		}}})
	}
	_, err := w.store.Collect(context.Background(), store.Batch{Account: anna, Folder: "INBOX", Cursor: "1.3", Messages: collected, At: w.now})
	require.NoError(t, err)
	n, err := w.Reconcile(context.Background())
	require.NoError(t, err)
	require.Equal(t, 1, n)
	require.Equal(t, store.Sent, w.state("1").State)
	require.Equal(t, store.Uncertain, w.state("3").State, "nothing is proven about it")
	calls := w.server.calls
	w.now = w.now.Add(time.Hour)
	require.Equal(t, 1, w.drain())
	require.Equal(t, calls, w.server.calls, "the proof stands for the answer")
	require.Equal(t, store.Sent, w.state("2").State)
}

func TestLoginRefused(t *testing.T) {
	w := newWorld(t, nil)
	refused := true
	w.server.answer = func(int) error {
		if refused {
			return &transport.Error{Outcome: transport.Refused, Code: 535, Err: transport.ErrLogin}
		}
		return nil
	}
	for i := range 5 {
		w.submit(fmt.Sprint(i), "x")
	}
	require.Equal(t, 1, w.drain(), "one try, and no more")
	for range 3 {
		w.now = w.now.Add(time.Hour)
		require.Equal(t, 0, w.drain())
	}
	require.Equal(t, 1, w.server.calls)
	require.ErrorIs(t, w.Suspended(anna), transport.ErrLogin)
	require.Equal(t, store.Queued, w.state("0").State)
	refused = false
	require.NoError(t, w.Resume(anna))
	require.NoError(t, w.Suspended(anna))
	require.Equal(t, 5, w.drain())
	require.Len(t, w.server.taken, 5)
}

func TestPauseCancelPriority(t *testing.T) {
	w := newWorld(t, nil)
	for _, key := range []string{"a", "b", "c"} {
		m := message(key, key)
		if key == "c" {
			m.Priority = 9
		}
		if key == "b" {
			m.NotBefore = w.now.Add(time.Hour)
		}
		_, _, err := w.Submit(context.Background(), m)
		require.NoError(t, err)
	}
	require.NoError(t, w.Pause(anna))
	require.Equal(t, 0, w.drain())
	require.NoError(t, w.Cancel(context.Background(), anna, "a"))
	require.ErrorIs(t, w.Cancel(context.Background(), anna, "a"), store.ErrState)
	require.NoError(t, w.Resume(anna))
	require.Equal(t, 1, w.drain())
	require.Equal(t, store.Sent, w.state("c").State)
	require.Equal(t, store.Cancelled, w.state("a").State)
	w.now = w.now.Add(time.Hour)
	require.Equal(t, 1, w.drain())
	require.ErrorIs(t, w.Pause("nobody@alfa.example"), outbox.ErrAccount)
}

// TestDeadWorker: what a worker that died left is uncertain, not sent again.
func TestDeadWorker(t *testing.T) {
	w := newWorld(t, nil)
	w.submit("7", "x")
	claimed, err := w.store.Claim(context.Background(), store.Claim{Account: anna, Worker: "dead", Now: w.now, Lease: w.now.Add(15 * time.Minute), Limit: 1})
	require.NoError(t, err)
	require.Len(t, claimed, 1)
	require.Equal(t, 0, w.drain())
	require.Equal(t, store.Sending, w.state("7").State)
	w.now = w.now.Add(16 * time.Minute)
	require.Equal(t, 0, w.drain())
	require.Equal(t, store.Uncertain, w.state("7").State)
	require.Empty(t, w.server.taken)
}

// TestCorruptBytes: what is stored wrong is refused before a byte is sent.
func TestCorruptBytes(t *testing.T) {
	bad := rotten{store.NewMemoryBlobs()}
	w := newWorld(t, func(o *outbox.Options) { o.Blobs = bad })
	w.submit("7", "x")
	w.drain()
	require.Equal(t, store.Refused, w.state("7").State)
	require.Empty(t, w.server.taken)
	m := message("8", "x")
	m.Sent.SHA256 = receipt.Digest{1}
	_, _, err := w.Submit(context.Background(), m)
	require.ErrorIs(t, err, store.ErrCorrupt)
}

type rotten struct{ store.Blobs }

func (r rotten) Open(context.Context, receipt.Digest) (io.ReadCloser, error) {
	return io.NopCloser(&failing{}), nil
}

type failing struct{}

func (*failing) Read([]byte) (int, error) { return 0, fmt.Errorf("disk: %w", store.ErrCorrupt) }

// TestManyWorkers: several outboxes on one store send each message once.
func TestManyWorkers(t *testing.T) {
	w := newWorld(t, nil)
	const messages = 200
	for i := range messages {
		w.submit(fmt.Sprint(i), fmt.Sprint("message ", i, "\r\n"))
	}
	var wait sync.WaitGroup
	for i := range 5 {
		o, err := outbox.New(outbox.Options{Store: w.store, Blobs: w.blobs, Senders: map[string]transport.Sender{anna: w.server}, Worker: fmt.Sprint("worker ", i), Concurrency: 3})
		require.NoError(t, err)
		wait.Go(func() {
			if _, err := o.Drain(context.Background()); err != nil {
				t.Error(err)
			}
		})
	}
	wait.Wait()
	require.Len(t, w.server.taken, messages)
	seen := map[string]bool{}
	for _, m := range w.server.taken {
		require.False(t, seen[m], "sent twice: %s", m)
		seen[m] = true
	}
}

// TestLargeMessage goes through a file, which is gone afterwards.
func TestLargeMessage(t *testing.T) {
	dir := t.TempDir()
	w := newWorld(t, func(o *outbox.Options) { o.MaxMemory, o.SpoolDir = 1000, dir })
	body := bytes.Repeat([]byte("0123456789abcdef\r\n"), 10_000)
	w.submit("7", string(body))
	w.drain()
	require.Len(t, w.server.taken, 1)
	require.True(t, strings.HasSuffix(w.server.taken[0], string(body)))
	left, err := readDir(dir)
	require.NoError(t, err)
	require.Empty(t, left)
}

func TestRun(t *testing.T) {
	w := newWorld(t, func(o *outbox.Options) { o.Now, o.Interval = time.Now, 20*time.Millisecond })
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- w.Run(ctx) }()
	start := time.Now()
	for i := range 4 {
		w.submit(fmt.Sprint(i), "x")
	}
	require.Eventually(t, func() bool {
		w.server.mu.Lock()
		defer w.server.mu.Unlock()
		return len(w.server.taken) == 4
	}, 10*time.Second, time.Millisecond)
	require.GreaterOrEqual(t, time.Since(start), 60*time.Millisecond, "the interval is kept")
	cancel()
	require.ErrorIs(t, <-done, context.Canceled)
}

func TestOptions(t *testing.T) {
	good := outbox.Options{Store: store.NewMemory(), Blobs: store.NewMemoryBlobs(), Senders: map[string]transport.Sender{anna: &server{}}, Worker: "one"}
	for name, change := range map[string]func(*outbox.Options){
		"no store":   func(o *outbox.Options) { o.Store = nil },
		"no blobs":   func(o *outbox.Options) { o.Blobs = nil },
		"no senders": func(o *outbox.Options) { o.Senders = nil },
		"nil sender": func(o *outbox.Options) { o.Senders = map[string]transport.Sender{anna: nil} },
		"no worker":  func(o *outbox.Options) { o.Worker = "" },
	} {
		opt := good
		change(&opt)
		_, err := outbox.New(opt)
		require.ErrorIs(t, err, outbox.ErrOptions, name)
	}
	o, err := outbox.New(good)
	require.NoError(t, err)
	m := message("7", "x")
	m.Account = "nobody@alfa.example"
	_, _, err = o.Submit(context.Background(), m)
	require.ErrorIs(t, err, outbox.ErrAccount)
	m = message("", "x")
	_, _, err = o.Submit(context.Background(), m)
	require.ErrorIs(t, err, outbox.ErrOptions)
	require.ErrorContains(t, err, "no key")
}
