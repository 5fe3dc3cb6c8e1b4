package pec_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/pec"
	"github.com/certmail/certmail/receipt"
	keep "github.com/certmail/certmail/store"
	"github.com/certmail/certmail/store/sqlite"
	"github.com/certmail/certmail/transport/maildir"
)

// reconciled is what it took to collect a mailbox of receipts.
type reconciled struct {
	took time.Duration
	// heap is the most that was live on the way, above what was before, but for
	// the Maildir's list of its files; in bytes.
	heap float64
}

func liveHeap() float64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return float64(m.HeapAlloc)
}

// mailboxOf fills a Maildir with copies of a receipt, each of which came through
// other hands: another file, another proof, another event.
func mailboxOf(tb testing.TB, small []byte, count int) string {
	root := tb.TempDir()
	require.NoError(tb, maildir.Open(root, nil).Create("INBOX"))
	var file bytes.Buffer
	for i := range count {
		file.Reset()
		fmt.Fprintf(&file, "Received: from mx.alfa.example by mx.beta.example with ESMTPS id %d; Tue, 3 Mar 2026 10:15:33 +0100\r\n", i)
		file.Write(small)
		name := fmt.Sprintf("%d.M%06dP4242Q%d.mx.beta.example,S=%d", 1_772_000_000+i/10, i%10, i, file.Len())
		require.NoError(tb, os.WriteFile(filepath.Join(root, "new", name), file.Bytes(), 0o600))
	}
	syscall.Sync() // else the first fsync that is timed writes these files
	return root
}

// reconcile collects a Maildir of receipts into SQLite, and asks what became of
// the message.
func reconcile(tb testing.TB, y *yardstick, count int) (r reconciled) {
	tb.Helper()
	ctx := context.Background()
	root := mailboxOf(tb, y.small, count)
	box := maildir.Open(root, nil)
	dir := tb.TempDir()
	s, err := sqlite.Open(ctx, filepath.Join(dir, "pec.db"), nil)
	require.NoError(tb, err)
	defer s.Close()
	folder, err := keep.NewFolder(filepath.Join(dir, "blobs"), nil)
	require.NoError(tb, err)
	defer folder.Close()
	blobs, err := sqlite.OpenBlobs(ctx, filepath.Join(dir, "blobs.db"), folder, nil)
	require.NoError(tb, err)
	defer blobs.Close()
	judge, err := y.ca.Store()
	require.NoError(tb, err)
	var before float64
	var measuring time.Duration
	seen := 0
	c, err := pec.NewClient(pec.ClientOptions{
		Account: pec.Account{Address: "mario.rossi@pec.alfa.example"}, Store: s, Blobs: blobs, Mailbox: box, Verifier: pec.NewVerifier(judge, nil),
		Received: func(_ context.Context, in *pec.Incoming) error {
			if seen++; seen == 1 || seen%(count/8) == 0 {
				start := time.Now()
				if live := liveHeap(); seen == 1 { // the list is read, and a page
					before = live
				} else {
					r.heap = max(r.heap, live-before)
				}
				measuring += time.Since(start)
			}
			if in.Report == nil || in.Report.Err() != nil {
				return fmt.Errorf("message %s is not valid: %v", in.ID, in.Err)
			}
			return nil
		},
	})
	require.NoError(tb, err)
	start := time.Now()
	got, err := c.Collect(ctx)
	require.NoError(tb, err)
	r.took = time.Since(start) - measuring
	require.Equal(tb, count, got.Messages)
	require.Equal(tb, count, got.New)
	require.LessOrEqual(tb, len(got.Events), 1000)
	events, err := s.Events(ctx, "mario.rossi@pec.alfa.example", 0, 1)
	require.NoError(tb, err)
	require.Len(tb, events, 1)
	require.Equal(tb, receipt.Valid, events[0].Event.Proof.Verdict)
	return r
}

// verifyAll is the time to read and verify as many receipts from memory.
func verifyAll(tb testing.TB, y *yardstick, count int) time.Duration {
	judge, err := y.ca.Store()
	require.NoError(tb, err)
	v := pec.NewVerifier(judge, nil)
	start := time.Now()
	for range count {
		m, err := pec.Read(bytes.NewReader(y.small), nil)
		require.NoError(tb, err)
		report, err := v.Verify(context.Background(), m)
		require.NoError(tb, err)
		require.NoError(tb, report.Err())
		require.NoError(tb, m.Close())
	}
	return time.Since(start)
}

// TestReconcileMemory: more receipts than the events that a Collection holds take
// no more memory.
func TestReconcileMemory(t *testing.T) {
	count := 5000
	if testing.Short() {
		count = 2500
	}
	y := newYardstick(t)
	const some = 1000
	few, many := reconcile(t, y, some), reconcile(t, y, count)
	t.Logf("%d receipts: %.0f KiB; %d: %.0f KiB", some, few.heap/1024, count, many.heap/1024)
	require.Less(t, many.heap-few.heap, float64(512<<10), "live bytes, where each receipt is 7.5 KB and its event more than 1 KB")
}

// BenchmarkReconcile collects 10,000 and 100,000 receipts of 7.5 KB from a
// Maildir into SQLite, bytes, rows, events and cursor durable, and reports the
// rate as a share of that of reading and verifying alone, from memory, in the
// same run; and the most that was live on the heap beside the Maildir's list,
// which takes some 200 bytes a message. It needs 3 GB of disk.
func BenchmarkReconcile(b *testing.B) {
	for _, count := range []int{10_000, 100_000} {
		b.Run(fmt.Sprint(count), func(b *testing.B) {
			y := newYardstick(b)
			var took, verify time.Duration
			heap := 0.0
			for b.Loop() {
				r := reconcile(b, y, count)
				took += r.took
				heap = max(heap, r.heap)
				verify += verifyAll(b, y, 10_000) * time.Duration(count/10_000)
			}
			b.ReportMetric(verify.Seconds()/took.Seconds(), "of-verify-rate")
			b.ReportMetric(float64(count*b.N)/took.Seconds(), "receipts/s")
			b.ReportMetric(float64(count*b.N)/verify.Seconds(), "verified/s")
			b.ReportMetric(heap/1024, "live-KiB")
			b.ReportMetric(0, "ns/op")
		})
	}
}
