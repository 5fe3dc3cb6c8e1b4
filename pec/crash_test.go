package pec_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/outbox"
	"github.com/certmail/certmail/pec"
	"github.com/certmail/certmail/pec/pectest"
	"github.com/certmail/certmail/pec/pectest/pecserve"
	"github.com/certmail/certmail/receipt"
	keep "github.com/certmail/certmail/store"
	"github.com/certmail/certmail/store/sqlite"
	"github.com/certmail/certmail/transport"
	"github.com/certmail/certmail/transport/imap"
	"github.com/certmail/certmail/transport/smtp"
	"github.com/certmail/certmail/trust"
)

// A process that sends and collects over real sockets, with SQLite and a
// folder of blobs, is killed before or behind every step it takes. When it is
// started again nothing is sent twice, nothing is lost, and it knows what the
// network knows.

const crashing = "CERTMAIL_CRASH_TEST"

// crashed is what the process is told.
type crashed struct {
	Dir, Host        string
	SMTP, IMAP       int
	User, Password   string
	CA, Anchor, LDIF string
	Messages         int
	Packed           bool // small bytes in SQLite
	KillAt           int64
	Later            time.Duration // on the process's clock
}

// fuse counts the steps and kills the process at one of them.
type fuse struct {
	at, n atomic.Int64
}

func (f *fuse) burn() {
	if n := f.n.Add(1); n == f.at.Load() {
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {}
	}
}

// step runs a step between two points of the fuse.
func step[T any](f *fuse, do func() (T, error)) (T, error) {
	f.burn()
	v, err := do()
	f.burn()
	return v, err
}

type fusedStore struct {
	keep.Store
	f *fuse
}

func (s fusedStore) Enqueue(ctx context.Context, m keep.Submission, now time.Time) (keep.Submission, bool, error) {
	existed := false
	out, err := step(s.f, func() (out keep.Submission, err error) {
		out, existed, err = s.Store.Enqueue(ctx, m, now)
		return out, err
	})
	return out, existed, err
}

func (s fusedStore) EnqueueAll(ctx context.Context, list []keep.Submission, now time.Time) ([]keep.Enqueued, error) {
	return step(s.f, func() ([]keep.Enqueued, error) { return s.Store.EnqueueAll(ctx, list, now) })
}

func (s fusedStore) SettleAll(ctx context.Context, worker string, list []keep.Settlement) ([]error, error) {
	return step(s.f, func() ([]error, error) { return s.Store.SettleAll(ctx, worker, list) })
}

func (s fusedStore) Claim(ctx context.Context, c keep.Claim) ([]keep.Submission, error) {
	return step(s.f, func() ([]keep.Submission, error) { return s.Store.Claim(ctx, c) })
}

func (s fusedStore) Settle(ctx context.Context, account, key, worker string, r keep.Result) error {
	_, err := step(s.f, func() (int, error) { return 0, s.Store.Settle(ctx, account, key, worker, r) })
	return err
}

func (s fusedStore) Decide(ctx context.Context, account, key string, from, to keep.State, why string, at time.Time) error {
	_, err := step(s.f, func() (int, error) { return 0, s.Store.Decide(ctx, account, key, from, to, why, at) })
	return err
}

func (s fusedStore) Collect(ctx context.Context, b keep.Batch) ([]keep.Recorded, error) {
	return step(s.f, func() ([]keep.Recorded, error) { return s.Store.Collect(ctx, b) })
}

// fusedTurner is for a store that settles and claims at once.
type fusedTurner struct {
	fusedStore
	both keep.Turner
}

func (s fusedTurner) Turn(ctx context.Context, list []keep.Settlement, c keep.Claim) ([]error, []keep.Submission, error) {
	var claimed []keep.Submission
	each, err := step(s.f, func() (each []error, err error) {
		each, claimed, err = s.both.Turn(ctx, list, c)
		return each, err
	})
	return each, claimed, err
}

type fusedBlobs struct {
	keep.Blobs
	f *fuse
}

func (b fusedBlobs) Put(ctx context.Context, r io.Reader) (receipt.Digest, int64, error) {
	var size int64
	d, err := step(b.f, func() (d receipt.Digest, err error) {
		d, size, err = b.Blobs.Put(ctx, fusedReader{r, b.f})
		return d, err
	})
	return d, size, err
}

// fusedPack is for blobs that are packed.
type fusedPack struct {
	fusedBlobs
	p keep.PackedBlobs
}

func (b fusedPack) PackSize() int64 { return b.p.PackSize() }

func (b fusedPack) PutAll(ctx context.Context, list [][]byte) ([]receipt.Digest, error) {
	return step(b.f, func() ([]receipt.Digest, error) { return b.p.PutAll(ctx, list) })
}

func (b fusedPack) ReadAll(ctx context.Context, list []receipt.Digest) ([][]byte, error) {
	return step(b.f, func() ([][]byte, error) { return b.p.ReadAll(ctx, list) })
}

// fusedReader is a network or a disk that may be the last thing seen.
type fusedReader struct {
	io.Reader
	f *fuse
}

func (r fusedReader) Read(p []byte) (int, error) {
	return step(r.f, func() (int, error) { return r.Reader.Read(p) })
}

type fusedSender struct {
	transport.Sender
	f *fuse
}

func (s fusedSender) Send(ctx context.Context, m *transport.Message) error {
	again := *m
	again.Source = fusedReaderAt{m.Source, s.f}
	_, err := step(s.f, func() (int, error) { return 0, s.Sender.Send(ctx, &again) })
	return err
}

// fusedReaderAt dies while the message goes over the wire.
type fusedReaderAt struct {
	io.ReaderAt
	f *fuse
}

func (r fusedReaderAt) ReadAt(p []byte, off int64) (int, error) {
	return step(r.f, func() (int, error) { return r.ReaderAt.ReadAt(p, off) })
}

type fusedMailbox struct {
	transport.Mailbox
	f *fuse
}

func (m fusedMailbox) List(ctx context.Context, folder string, since transport.Cursor, limit int) (items []transport.Item, next transport.Cursor, err error) {
	_, err = step(m.f, func() (int, error) {
		items, next, err = m.Mailbox.List(ctx, folder, since, limit)
		return 0, err
	})
	return items, next, err
}

func (m fusedMailbox) Fetch(ctx context.Context, folder string, id transport.ID) (io.ReadCloser, error) {
	return step(m.f, func() (io.ReadCloser, error) { return m.Mailbox.Fetch(ctx, folder, id) })
}

// TestCrashChild is the process that is killed; alone it does nothing.
func TestCrashChild(t *testing.T) {
	text := os.Getenv(crashing)
	if text == "" {
		return
	}
	var c crashed
	require.NoError(t, json.Unmarshal([]byte(text), &c))
	f := &fuse{}
	f.at.Store(c.KillAt)
	require.NoError(t, c.work(context.Background(), f))
	fmt.Printf("steps=%d\n", f.n.Load())
}

func (c *crashed) now() time.Time { return time.Now().Add(c.Later) }

func (c *crashed) work(ctx context.Context, f *fuse) error {
	s, err := sqlite.Open(ctx, filepath.Join(c.Dir, "store.db"), nil)
	if err != nil {
		return err
	}
	defer s.Close()
	blobs, err := keep.NewFolder(filepath.Join(c.Dir, "blobs"), nil)
	if err != nil {
		return err
	}
	var fb keep.Blobs = fusedBlobs{blobs, f}
	if c.Packed {
		packed, err := sqlite.OpenBlobs(ctx, filepath.Join(c.Dir, "blobs.db"), blobs, nil)
		if err != nil {
			return err
		}
		defer packed.Close()
		fb = fusedPack{fusedBlobs{packed, f}, packed}
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM([]byte(c.CA))
	credentials := func(context.Context) (string, string, error) { return c.User, c.Password, nil }
	sender, err := smtp.New(&smtp.Options{Host: c.Host, Port: c.SMTP, TLS: &tls.Config{RootCAs: roots}, Credentials: credentials})
	if err != nil {
		return err
	}
	defer sender.Close()
	box, err := imap.New(&imap.Options{Host: c.Host, Port: c.IMAP, RootCAs: roots, Credentials: credentials})
	if err != nil {
		return err
	}
	defer box.Close()
	anchors, err := trust.ParseCertificates([]byte(c.Anchor))
	if err != nil {
		return err
	}
	directory, err := trust.LoadLDIF(strings.NewReader(c.LDIF), nil)
	if err != nil {
		return err
	}
	judge, err := trust.NewStore(trust.Material{Anchors: anchors, Directory: directory}, nil)
	if err != nil {
		return err
	}
	var fs keep.Store = fusedStore{s, f}
	if c.Packed { // and once each way: outcomes and claims at once, or one after the other
		fs = fusedTurner{fusedStore{s, f}, s}
	}
	o, err := outbox.New(outbox.Options{Store: fs, Blobs: fb, Senders: map[string]transport.Sender{c.User: fusedSender{sender, f}}, Worker: strconv.Itoa(os.Getpid()), Now: c.now})
	if err != nil {
		return err
	}
	client, err := pec.NewClient(pec.ClientOptions{
		Account: pec.Account{Address: c.User, Host: c.Host, Port: c.SMTP}, Store: fs, Blobs: fb, Outbox: o,
		Mailbox: fusedMailbox{box, f}, Verifier: pec.NewVerifier(judge, nil), Now: c.now, PageSize: 2,
	})
	if err != nil {
		return err
	}
	letters := func(yield func(string, *pec.Draft) bool) {
		for i := range c.Messages {
			if !yield(fmt.Sprint("letter ", i), &pec.Draft{To: pec.Addresses(bruno), Subject: fmt.Sprint("Avviso ", i), Text: "ciao\n"}) {
				return
			}
		}
	}
	if _, err := client.SendAll(ctx, letters, nil); err != nil {
		return err
	}
	if _, err := o.Drain(ctx); err != nil {
		return err
	}
	// Collect until all that was sent is delivered, or nothing comes any more.
	for quiet := 0; quiet < 15; {
		got, err := client.Collect(ctx)
		if err != nil {
			return err
		}
		if got.Messages > 0 {
			quiet = 0
			continue
		}
		quiet++
		open := 0
		for i := range c.Messages {
			m, err := client.StatusOf(ctx, fmt.Sprint("letter ", i))
			if err != nil {
				return err
			}
			if m.Recipients[0].Status != receipt.StatusDelivered {
				open++
			}
		}
		if open == 0 {
			return nil
		}
		time.Sleep(20 * time.Millisecond)
	}
	return nil
}

func TestCrashEverywhere(t *testing.T) {
	for _, packed := range []bool{false, true} {
		t.Run(fmt.Sprint("packed ", packed), func(t *testing.T) { crashEverywhere(t, packed) })
	}
}

func crashEverywhere(t *testing.T, packed bool) {
	messages := 6
	if packed {
		messages = 14 // whose bytes take fewer steps
	}
	run := func(c crashed) (string, error) {
		text, err := json.Marshal(c)
		if err != nil {
			return "", err
		}
		cmd := exec.Command(os.Args[0], "-test.run", "^TestCrashChild$", "-test.count=1")
		cmd.Env = append(os.Environ(), crashing+"="+string(text))
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	steps := int64(0)
	// again is where the second process is killed, 0 for not at all.
	crash := func(t *testing.T, at, again int64) {
		n, err := pectest.NewNetwork(&pectest.NetworkOptions{Clock: time.Now, Hop: time.Millisecond})
		require.NoError(t, err)
		servers, err := pecserve.Start(n, nil)
		require.NoError(t, err)
		defer servers.Close()
		a, err := n.Account(anna)
		require.NoError(t, err)
		end := servers.Endpoints()[0]
		c := crashed{Dir: t.TempDir(), Host: end.IMAP.Host, SMTP: end.Submission.Port, IMAP: end.IMAP.Port, User: anna, Password: a.Password(),
			CA: string(servers.CA()), Anchor: string(n.Authority().PEM()), LDIF: string(n.LDIF()), Messages: messages, KillAt: at, Packed: packed}
		out, err := run(c)
		if at == 0 {
			require.NoError(t, err, out)
			_, err = fmt.Sscanf(out[strings.Index(out, "steps="):], "steps=%d", &steps)
			require.NoError(t, err, out)
		} else if err != nil {
			exit, ok := err.(*exec.ExitError)
			require.True(t, ok && exit.Sys().(syscall.WaitStatus).Signal() == syscall.SIGKILL, out)
			c.KillAt, c.Later = again, 20*time.Minute // its leases are over
			if out, err = run(c); again > 0 && err != nil {
				c.KillAt, c.Later = 0, 40*time.Minute
				out, err = run(c)
			}
			require.NoError(t, err, out)
		}
		knowsTheTruth(t, n, c)
	}
	crash(t, 0, 0)
	require.Greater(t, steps, int64(200), "kill points")
	t.Logf("%d steps", steps)
	every := int64(1)
	if testing.Short() {
		every = steps / 8
	}
	var points [][2]int64
	for at := int64(1); at <= steps; at += every {
		points = append(points, [2]int64{at, 0})
	}
	// Twice in a row, at random.
	r := rand.New(rand.NewPCG(1, 2))
	for range max(steps/every/3, 3) {
		points = append(points, [2]int64{1 + r.Int64N(steps), 1 + r.Int64N(steps)})
	}
	var wait sync.WaitGroup
	next := make(chan [2]int64)
	for range 3 {
		wait.Go(func() {
			for p := range next {
				t.Run(fmt.Sprint("killed at ", p), func(t *testing.T) { crash(t, p[0], p[1]) })
			}
		})
	}
	for _, p := range points {
		next <- p
	}
	close(next)
	wait.Wait()
}

// knowsTheTruth compares what a store holds with what the network knows.
func knowsTheTruth(t *testing.T, n *pectest.Network, c crashed) {
	t.Helper()
	ctx := context.Background()
	s, err := sqlite.Open(ctx, filepath.Join(c.Dir, "store.db"), nil)
	require.NoError(t, err)
	defer s.Close()
	folder, err := keep.NewFolder(filepath.Join(c.Dir, "blobs"), nil)
	require.NoError(t, err)
	defer folder.Close()
	var blobs keep.Blobs = folder
	if c.Packed {
		packed, err := sqlite.OpenBlobs(ctx, filepath.Join(c.Dir, "blobs.db"), folder, nil)
		require.NoError(t, err)
		defer packed.Close()
		blobs = packed
	}
	taken, subjects := map[string]int{}, map[string]int{}
	for _, o := range n.Outcomes() {
		taken[o.MessageID]++
		subjects[o.Subject]++
	}
	for what, times := range taken {
		require.Equal(t, 1, times, "%s was sent twice", what)
	}
	for what, times := range subjects {
		require.Equal(t, 1, times, "%s was sent twice", what)
	}
	list, err := s.Submissions(ctx, keep.Filter{Account: anna})
	require.NoError(t, err)
	require.Len(t, list, c.Messages)
	for _, m := range list {
		require.Equal(t, taken[m.Sent.MessageID] == 1, m.State == keep.Sent, "%s is %s: %s", m.Key, m.State, m.Reply)
		if m.State != keep.Sent {
			require.Equal(t, keep.Uncertain, m.State, "%s", m.Reply)
			continue
		}
		events, err := s.EventsAbout(ctx, anna, m.Sent.MessageID)
		require.NoError(t, err)
		ledger := receipt.NewLedger(nil)
		ledger.AddSent(m.Sent)
		for _, e := range events {
			ledger.Add(e.Event)
		}
		require.Len(t, events, 2, "acceptance and delivery, each once")
		known, ok := ledger.Message(m.Sent.MessageID, time.Time{})
		require.True(t, ok)
		require.Equal(t, receipt.StatusDelivered, known.Recipients[0].Status)
	}
	box, err := n.Mailbox(anna)
	require.NoError(t, err)
	require.Len(t, box.Messages(), 2*len(taken))
	for _, m := range box.Messages() {
		digest, _, err := keep.NewMemoryBlobs().Put(ctx, strings.NewReader(string(m.Data)))
		require.NoError(t, err)
		r, err := blobs.Open(ctx, digest)
		require.NoError(t, err, "a message was lost")
		data, err := io.ReadAll(r)
		require.NoError(t, err)
		require.NoError(t, r.Close())
		require.Equal(t, string(m.Data), string(data))
	}
}
