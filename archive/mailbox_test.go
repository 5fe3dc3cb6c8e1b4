package archive_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/sha512"
	"flag"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/archive"
	"github.com/certmail/certmail/pec/pectest"
)

var mailboxSize = flag.Int("mailbox", 10_000, "messages in the mailbox of BenchmarkMailbox; 100000 takes minutes and 6 GB of disk")

// linked makes a Maildir of many hard links to the messages of so many
// transactions: each has an acceptance, a delivery receipt and an envelope.
func linked(tb testing.TB, transactions, count int) (string, *archive.CaptureOptions) {
	tb.Helper()
	n, err := pectest.NewNetwork(nil)
	require.NoError(tb, err)
	anna, err := n.Account("anna@alfa.example")
	require.NoError(tb, err)
	for i := range transactions {
		_, err := anna.Send(tb.Context(), draftTo(fmt.Sprint("Contratto ", i)))
		require.NoError(tb, err)
	}
	n.Settle()
	dir := tb.TempDir()
	cur := filepath.Join(dir, "cur")
	require.NoError(tb, os.Mkdir(cur, 0o700))
	name := func(i int) string {
		return filepath.Join(cur, fmt.Sprintf("%d.m%d.host.example:2,S", 1_780_000_000+i, i))
	}
	distinct := 0
	for _, box := range n.Mailboxes() {
		for _, m := range box.Messages() {
			if distinct < count {
				require.NoError(tb, os.WriteFile(name(distinct), m.Data, 0o600))
				distinct++
			}
		}
	}
	for i := distinct; i < count; i++ {
		require.NoError(tb, os.Link(name(i%distinct), name(i)))
	}
	at := n.Now()
	return dir, &archive.CaptureOptions{Now: func() time.Time { return at }, Trust: n.Store()}
}

// numbered puts an unsigned header line before a message, so that every link is
// a message of its own, which verifies like the others.
func numbered(m *archive.Mail, i int) *archive.Mail {
	line := []byte(fmt.Sprintf("X-Numero: %08d\r\n", i))
	c := *m
	c.Source = io.NewSectionReader(&joined{line, m.Source}, 0, int64(len(line))+m.Source.Size())
	return &c
}

// joined is a reader of one thing and then another.
type joined struct {
	head []byte
	rest io.ReaderAt
}

func (j *joined) ReadAt(b []byte, off int64) (n int, err error) {
	if off < int64(len(j.head)) {
		n = copy(b, j.head[off:])
		off += int64(n)
	}
	if n == len(b) {
		return n, nil
	}
	more, err := j.rest.ReadAt(b[n:], off-int64(len(j.head)))
	return n + more, err
}

// night is what one run of Keep takes in: three messages for each transaction.
const night = 6_000

// BenchmarkMailbox keeps a mailbox of hard-linked fixtures as a user does, a
// night's mail at a time, with Keep: captured, verified (or not) and packed into
// zip files in folders by transaction. It takes turns, 500 messages at a time, with
// a yardstick: reading the same messages, hashing them with SHA-256 and SHA-512,
// and writing them under a name, as durably, with as many workers. "ratio" is the
// one time by the other; "heap-KB" is the most that was alive and "rss-KB" the
// most that the process took, both beyond what was there before.
func BenchmarkMailbox(b *testing.B) {
	count := *mailboxSize
	if testing.Short() {
		count = 1_000
	}
	dir, trusting := linked(b, night/3, count)
	out := b.TempDir() // of all: a file system that has just removed a lot is slow to create
	runs := 0
	for _, workers := range []int{1, 4} {
		for _, c := range []struct {
			name string
			o    archive.CaptureOptions
		}{
			{"kept", archive.CaptureOptions{Now: trusting.Now}},
			{"verified", *trusting},
		} {
			b.Run(fmt.Sprintf("%s/messages=%d/workers=%d", c.name, count, workers), func(b *testing.B) {
				for b.Loop() {
					runs++
					ours, theirs := filepath.Join(out, fmt.Sprint(runs, "-ours")), filepath.Join(out, fmt.Sprint(runs, "-theirs"))
					require.NoError(b, os.Mkdir(theirs, 0o700))
					t := &turns{tb: b, mailbox: dir, yardsticks: theirs, workers: workers}
					t.run(ours, &archive.KeepOptions{Capture: c.o, Workers: workers})
					require.Equal(b, count, t.kept)
					b.ReportMetric(float64(t.ours)/float64(t.theirs), "ratio")
					b.ReportMetric(float64(count)/t.ours.Seconds(), "messages/s")
					b.ReportMetric(float64(t.heap>>10), "heap-KB")
					b.ReportMetric(float64(t.rss), "rss-KB")
				}
			})
		}
	}
}

// turns is a run of Keep in turns with the yardstick.
type turns struct {
	tb                  testing.TB
	mailbox, yardsticks string
	workers             int

	ours, theirs time.Duration
	heap, before uint64
	rss          int
	mu           sync.Mutex
	kept, given  int
	idle         sync.Cond
}

func (t *turns) run(dir string, o *archive.KeepOptions) {
	t.idle.L = &t.mu
	debug.FreeOSMemory()
	_ = os.WriteFile("/proc/self/clear_refs", []byte("5"), 0) // Linux: the peak begins anew
	resident := memory("VmRSS:")
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	t.before = m.HeapAlloc
	o.Done = func(k archive.Kept) error {
		t.mu.Lock()
		defer t.mu.Unlock()
		if t.kept++; k.Known {
			return fmt.Errorf("%s was there", k.Path)
		}
		t.idle.Broadcast()
		return nil
	}
	next, stop := iter.Pull2(archive.ReadMaildir(t.tb.Context(), t.mailbox))
	defer stop()
	for more := true; more; {
		more = t.night(filepath.Join(dir, strconv.Itoa(t.given)), next, o)
	}
	t.sample()
	t.rss = memory("VmHWM:") - resident
}

// night gives Keep some of the mail.
func (t *turns) night(dir string, next func() (*archive.Mail, error, bool), o *archive.KeepOptions) (more bool) {
	const turn = 500
	var names []string
	began := time.Now()
	measure := func() {
		t.wait()
		t.ours += time.Since(began)
		started := time.Now()
		t.yardstick(names)
		t.theirs += time.Since(started)
		names = names[:0]
		if t.given%5_000 == 0 {
			t.sample()
		}
		began = time.Now()
	}
	require.NoError(t.tb, archive.Keep(t.tb.Context(), dir, func(yield func(*archive.Mail, error) bool) {
		for range night {
			m, err, ok := next()
			if !ok {
				break
			}
			names = append(names, m.Name)
			if !yield(numbered(m, t.given), err) {
				return
			}
			if t.given++; t.given%turn == 0 {
				measure()
			}
			more = true
		}
		measure()
	}, o))
	return more
}

// wait until everything that was given is kept.
func (t *turns) wait() {
	t.mu.Lock()
	defer t.mu.Unlock()
	for t.kept < t.given {
		t.idle.Wait()
	}
}

// sample looks at what is alive.
func (t *turns) sample() {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	t.heap = max(t.heap, m.HeapAlloc-min(t.before, m.HeapAlloc))
}

// yardstick reads, hashes and writes messages, and does nothing else.
func (t *turns) yardstick(names []string) {
	jobs := make(chan int)
	var workers sync.WaitGroup
	for range t.workers {
		workers.Go(func() {
			for i := range jobs {
				target := filepath.Join(t.yardsticks, strconv.Itoa(t.given-len(names)+i))
				if err := copyDurably(filepath.Join(t.mailbox, filepath.FromSlash(names[i])), target); err != nil {
					t.tb.Error(err)
				}
			}
		})
	}
	for i := range names {
		jobs <- i
	}
	close(jobs)
	workers.Wait()
}

// copyDurably hashes a file and writes it under another name: the bytes, then
// the name, are durable.
func copyDurably(from, to string) error {
	data, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	h2, h5 := sha256.Sum256(data), sha512.Sum512(data)
	if bytes.Equal(h2[:], h5[:len(h2)]) {
		return fmt.Errorf("%s: two digests are one", from)
	}
	f, err := os.OpenFile(to+".part", os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	if _, err := f.Write(data); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	if err := os.Rename(to+".part", to); err != nil {
		return err
	}
	d, err := os.Open(filepath.Dir(to))
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}

// memory is what Linux says about this process, in KB; 0 elsewhere.
func memory(what string) int {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(status)) {
		if value, ok := strings.CutPrefix(line, what); ok {
			n, _ := strconv.Atoi(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(value), "kB")))
			return n
		}
	}
	return 0
}

// A mailbox of thousands of messages takes no more memory than a small one.
func TestMailbox_MemoryDoesNotGrow(t *testing.T) {
	if testing.Short() {
		t.Skip("a mailbox of thousands of messages")
	}
	measure := func(count int) uint64 {
		dir, o := linked(t, 100, count)
		runtime.GC()
		var before, now runtime.MemStats
		runtime.ReadMemStats(&before)
		peak, i := uint64(0), 0
		for m, err := range archive.ReadMaildir(t.Context(), dir) {
			require.NoError(t, err)
			require.NoError(t, keepNowhere(t.Context(), numbered(m, i), o))
			if i++; i%(count/10) == 0 {
				runtime.GC()
				runtime.ReadMemStats(&now)
				peak = max(peak, now.HeapAlloc)
			}
		}
		require.Equal(t, count, i)
		return peak - min(before.HeapAlloc, peak)
	}
	small, large := measure(500), measure(10_000)
	t.Logf("live heap: %d KB for 500, %d KB for 10,000", small>>10, large>>10)
	require.Less(t, large, small+4<<20)
}

// keepNowhere does what Keep does with a message, but for the disk.
func keepNowhere(ctx context.Context, m *archive.Mail, o *archive.CaptureOptions) error {
	it, err := archive.Capture(ctx, m.Source, m.Source.Size(), o)
	if err != nil {
		return err
	}
	return archive.WriteTo(ctx, io.Discard, &archive.Transaction{Items: []*archive.Item{it}}, &archive.Options{Format: archive.Zip})
}
