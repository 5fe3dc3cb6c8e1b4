package archive_test

import (
	"context"
	"crypto/sha256"
	"crypto/sha512"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/archive"
	"github.com/certmail/certmail/pec/pectest"
	"github.com/certmail/certmail/trust"
)

func TestKeep_MailboxThenTransaction(t *testing.T) {
	n, err := pectest.NewNetwork(nil)
	require.NoError(t, err)
	anna, err := n.Account("anna@alfa.example")
	require.NoError(t, err)
	for i := range 3 {
		_, err = anna.Send(t.Context(), draftTo(fmt.Sprint("Contratto ", i)))
		require.NoError(t, err)
	}
	n.Settle()
	box, err := n.Mailbox("anna@alfa.example")
	require.NoError(t, err)
	mail := map[string][]byte{}
	for i, m := range box.Messages() {
		mail[fmt.Sprint(i)] = m.Data
	}
	require.Len(t, mail, 6)
	dir := t.TempDir()
	o := &archive.KeepOptions{Capture: archive.CaptureOptions{Now: n.Now, Trust: n.Store()}, Workers: 2}
	folders, known := map[string]int{}, 0
	o.Done = func(k archive.Kept) error {
		folders[filepath.Dir(k.Path)]++
		if k.Known {
			known++
		}
		return nil
	}
	require.NoError(t, archive.Keep(t.Context(), dir, mails(mail), o))
	require.Len(t, folders, 3)
	require.Zero(t, known)
	require.NoError(t, archive.Keep(t.Context(), dir, mails(mail), o))
	require.Equal(t, 6, known)
	for folder := range folders {
		g, err := archive.Gather(t.Context(), filepath.Join(dir, folder), nil)
		require.NoError(t, err)
		defer g.Close()
		require.Len(t, g.Items, 2)
		name := filepath.Join(t.TempDir(), "tx")
		require.NoError(t, archive.Write(t.Context(), name, g.Transaction, &archive.Options{Format: archive.BagIt}))
		m, err := n.Material()
		require.NoError(t, err)
		v := verified(t, name, &archive.VerifyOptions{Now: n.Now().AddDate(10, 0, 0), Trust: m})
		require.Equal(t, trust.Valid, v.Verdict, describe(v))
		require.Len(t, v.Items, 2)
	}
	stop := fmt.Errorf("stop")
	o.Done = func(archive.Kept) error { return stop }
	require.ErrorIs(t, archive.Keep(t.Context(), dir, mails(mail), o), stop)
}

// linked makes a Maildir of many hard links to a few fixtures.
func linked(tb testing.TB, count int) string {
	tb.Helper()
	fixtures, err := pectest.Fixtures(1)
	require.NoError(tb, err)
	dir := tb.TempDir()
	cur := filepath.Join(dir, "cur")
	require.NoError(tb, os.Mkdir(cur, 0o700))
	kinds := fixtures[:20]
	for i := range count {
		name := filepath.Join(cur, fmt.Sprintf("%d.m%d.host.example:2,S", 1_780_000_000+i, i))
		if i < len(kinds) {
			require.NoError(tb, os.WriteFile(name, kinds[i].Data, 0o600))
			continue
		}
		j := i % len(kinds)
		require.NoError(tb, os.Link(filepath.Join(cur, fmt.Sprintf("%d.m%d.host.example:2,S", 1_780_000_000+j, j)), name))
	}
	return dir
}

// each reads a mailbox as the archive does and gives every message a package of
// its own, though the fixtures repeat.
func each(messages iter.Seq2[*archive.Mail, error], do func(i int, m *archive.Mail) error) error {
	i := 0
	for m, err := range messages {
		if err != nil {
			return err
		}
		if err := do(i, m); err != nil {
			return err
		}
		i++
	}
	return nil
}

func archiveOne(ctx context.Context, m *archive.Mail, name string, o *archive.CaptureOptions) error {
	it, err := archive.Capture(ctx, m.Source, m.Source.Size(), o)
	if err != nil {
		return err
	}
	return archive.Write(ctx, name, &archive.Transaction{Items: []*archive.Item{it}}, &archive.Options{Format: archive.Zip})
}

// A mailbox of 100,000 messages does not take more memory than a small one.
func TestMailbox_MemoryDoesNotGrow(t *testing.T) {
	if testing.Short() {
		t.Skip("a mailbox of thousands of messages")
	}
	w := newWorld(t)
	measure := func(count int) uint64 {
		dir := linked(t, count)
		runtime.GC()
		var before, now runtime.MemStats
		runtime.ReadMemStats(&before)
		peak, i := uint64(0), 0
		err := each(archive.ReadMaildir(t.Context(), dir), func(_ int, m *archive.Mail) error {
			it, err := archive.Capture(t.Context(), m.Source, m.Source.Size(), w.options(false))
			if err != nil {
				return err
			}
			if err := archive.WriteTo(t.Context(), io.Discard, &archive.Transaction{Items: []*archive.Item{it}}, &archive.Options{Format: archive.Zip}); err != nil {
				return err
			}
			if i++; i%(count/10) == 0 {
				runtime.GC()
				runtime.ReadMemStats(&now)
				peak = max(peak, now.HeapAlloc)
			}
			return nil
		})
		require.NoError(t, err)
		return peak - min(before.HeapAlloc, peak)
	}
	small, large := measure(500), measure(10_000)
	t.Logf("live heap: %d KB for 500, %d KB for 10,000", small>>10, large>>10)
	require.Less(t, large, small+4<<20)
}

// BenchmarkMailbox archives a mailbox of hard-linked fixtures, in turns with the
// yardstick: reading, hashing (SHA-256 and SHA-512) and writing the same bytes,
// as durably, under as many names. b.N is not used up: the figure is the ratio.
func BenchmarkMailbox(b *testing.B) {
	count := 100_000
	if testing.Short() {
		count = 1_000
	}
	w := newWorld(b)
	dir := linked(b, count)
	ctx := b.Context()
	for _, c := range []struct {
		name string
		o    *archive.CaptureOptions
	}{
		{"kept", &archive.CaptureOptions{FirstSeen: w.received}},
		{"verified", w.options(false)},
	} {
		b.Run(c.name, func(b *testing.B) {
			for b.Loop() {
				ours, theirs := b.TempDir(), b.TempDir()
				var a, y time.Duration // message by message, so that the disk's moods hit both
				require.NoError(b, each(archive.ReadMaildir(ctx, dir), func(i int, m *archive.Mail) error {
					name, began := fmt.Sprintf("%06d.zip", i), time.Now()
					if err := archiveOne(ctx, m, filepath.Join(ours, name), c.o); err != nil {
						return err
					}
					a += time.Since(began)
					began = time.Now()
					err := yardstick(filepath.Join(dir, filepath.FromSlash(m.Name)), filepath.Join(ours, name), theirs, name)
					y += time.Since(began)
					return err
				}))
				b.ReportMetric(float64(a)/float64(y), "ratio")
				b.ReportMetric(float64(count)/a.Seconds(), "messages/s")
			}
		})
	}
}

// yardstick reads and hashes a message, and writes as many bytes as its package
// has, durably, hashing them as they pass.
func yardstick(message, pack, dir, name string) error {
	h := io.MultiWriter(sha256.New(), sha512.New())
	if err := copyFile(h, message); err != nil {
		return err
	}
	part := filepath.Join(dir, name+".part")
	f, err := os.OpenFile(part, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	if err := copyFile(io.MultiWriter(f, h), pack); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	if err := os.Rename(part, filepath.Join(dir, name)); err != nil {
		return err
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}

func copyFile(w io.Writer, name string) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = io.Copy(w, f)
	return err
}

func TestNames(t *testing.T) {
	at := time.Date(2026, 1, 15, 10, 30, 0, 0, time.FixedZone("", 3600))
	require.Equal(t, "20260115T093000Z_consegna_9f86d081884c", archive.ItemName(at, "avvenuta-consegna", "9f86d081884c"))
	require.Equal(t, "19700101T000000Z_altro_"+strings.Repeat("a", 24), archive.ItemName(time.Time{}, "../x", strings.Repeat("a", 64)))
	w := newWorld(t)
	for _, name := range []string{"a/b", "..", "CON", "con.x", ".a", "a b", "è", strings.Repeat("a", 101), "a."} {
		it := capture(t, []byte("a: b\r\n\r\n"), w.options(false))
		it.Name = name
		require.ErrorIs(t, archive.Write(t.Context(), filepath.Join(t.TempDir(), "p"), &archive.Transaction{Items: []*archive.Item{it}}, nil), archive.ErrItem, name)
	}
}
