package maildir

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/transport"
)

// FuzzList: whatever bytes a list has, in pieces of any size, reading them
// gives the same, nothing is numbered twice, and what was added last is found.
func FuzzList(f *testing.F) {
	const validity = "0123456789abcdef"
	l := &list{validity: validity}
	good := header(validity) + "\n" + l.adding("1.a") + l.adding("b \n") + l.removing(40) + "\n" + l.adding("1.a") + "+ torn\n"
	f.Add([]byte(good), 10, "x")
	f.Add([]byte(l.adding("a")+l.removing(0)+l.adding("a")), 3, "new/1.x:2,S")
	f.Add([]byte("\n\n+ \n- 1\n"), 1, "\x00\"")
	f.Fuzz(func(t *testing.T, data []byte, size int, name string) {
		var whole, pieces list
		whole.reset(validity, 1)
		whole.consume(data)
		pieces.reset(validity, 1)
		size = 1 + max(size, -size)%50
		var have []byte
		for rest := data; len(rest) > 0; {
			n := min(max(size, 1), len(rest))
			have = append(have, rest[:n]...)
			rest = rest[n:]
			have = have[pieces.consume(have):]
		}
		require.Equal(t, whole.end, pieces.end)
		require.Equal(t, whole.places, pieces.places)
		require.Len(t, pieces.live, len(whole.live))
		last := int64(0)
		for _, m := range whole.order {
			require.Greater(t, m.uid, last)
			last = m.uid
			if !m.gone {
				require.Same(t, m, whole.live[m.key])
				uid, err := whole.number(string(whole.id(m.uid)))
				require.NoError(t, err)
				require.Equal(t, m.uid, uid)
			}
		}
		_ = readHeader(data)
		if name == "" {
			return
		}
		whole.consume([]byte("\n" + whole.adding(name)))
		m := whole.live[name]
		require.NotNil(t, m, "%q", name)
		whole.consume([]byte(whole.removing(m.uid)))
		require.Nil(t, whole.live[name])
		require.True(t, m.gone)
	})
}

// FuzzName: a name is cut into parts that make it again; flags that are set
// are read back, and other letters stay.
func FuzzName(f *testing.F) {
	f.Add("1772000000.M5P1.host,S=12:2,FS", byte(5))
	f.Add("x:1,y", byte(0))
	f.Add(":2,\xff", byte(255))
	f.Add("99999999999.M9999999.x", byte(1))
	f.Fuzz(func(t *testing.T, name string, set byte) {
		base, info := splitName(name, ':')
		require.Equal(t, name, base+info)
		require.NotContains(t, base, ":")
		nameTime(base)
		_, others := readInfo(info, ':')
		var flags []string
		for i, l := range flagLetters {
			if set&(1<<i) != 0 {
				flags = append(flags, l.flag)
			}
		}
		made, err := writeInfo(flags, others, ':')
		require.NoError(t, err)
		again, same := readInfo(made, ':')
		require.Equal(t, flags, again)
		for i := range len(others) {
			require.Contains(t, same, others[i:i+1])
		}
		twice, err := writeInfo(again, same, ':')
		require.NoError(t, err)
		require.Equal(t, made, twice)
		if dir, err := folderDir(name); err == nil && dir != "." {
			require.Equal(t, filepath.Base(dir), dir)
			require.NotContains(t, dir, "..")
		}
	})
}

// fill makes a folder of many messages.
func fill(t testing.TB, count int) *Mailbox {
	root := t.TempDir()
	box := Open(root, nil)
	require.NoError(t, box.Create("INBOX"))
	for n := range count {
		name := fmt.Sprintf("%d.M%06dP4242Q%d.mx.alfa.example,S=3", 1_772_000_000+n/10, n%10, n)
		require.NoError(t, os.WriteFile(filepath.Join(root, "new", name), []byte("a\r\n"), 0o600))
	}
	return box
}

func heap() float64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return float64(m.HeapAlloc)
}

// TestMemory: a folder costs what Options.MaxMessages says.
func TestMemory(t *testing.T) {
	const count = 5000
	box := fill(t, count)
	for _, b := range []*Mailbox{box, Open(box.root, nil)} { // without a list, and with one
		before := heap()
		items, _, err := b.List(context.Background(), "INBOX", "", 10)
		require.NoError(t, err)
		require.Len(t, items, 10)
		each := (heap() - before) / count
		runtime.KeepAlive(b)
		require.Less(t, each, 400.0, "bytes for each message")
	}
}

// BenchmarkFolder pages through 100,000 messages: at first, when nothing has a
// number, in a new process, and again.
func BenchmarkFolder(b *testing.B) {
	const count = 100_000
	ctx := context.Background()
	box := fill(b, count)
	page := func(b *testing.B, box *Mailbox) {
		var cursor transport.Cursor
		for n := 0; ; {
			items, next, err := box.List(ctx, "INBOX", cursor, 1000)
			require.NoError(b, err)
			if n, cursor = n+len(items), next; len(items) == 0 {
				require.Equal(b, count, n)
				return
			}
		}
	}
	run := func(name string, with func() *Mailbox) {
		b.Run(name, func(b *testing.B) {
			var held float64
			for b.Loop() {
				before := heap()
				box := with()
				page(b, box)
				held = heap() - before
				runtime.KeepAlive(box)
			}
			b.ReportMetric(held/count, "heap-B/msg")
			b.ReportMetric(count*float64(b.N)/b.Elapsed().Seconds(), "msg/s")
		})
	}
	run("unnumbered", func() *Mailbox { _ = os.Remove(filepath.Join(box.root, ListName)); return Open(box.root, nil) })
	run("numbered", func() *Mailbox { return Open(box.root, nil) })
	same := Open(box.root, nil)
	page(b, same)
	run("again", func() *Mailbox { return same })
	b.Run("poll", func(b *testing.B) {
		_, end, err := same.List(ctx, "INBOX", "", count)
		require.NoError(b, err)
		for b.Loop() {
			if _, _, err := same.List(ctx, "INBOX", end, 10); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("poll-changed", func(b *testing.B) {
		_, end, err := same.List(ctx, "INBOX", "", count)
		require.NoError(b, err)
		for b.Loop() {
			require.NoError(b, same.Deliver(ctx, "INBOX", bytes.NewReader([]byte("a\r\n"))))
			items, next, err := same.List(ctx, "INBOX", end, 10)
			require.NoError(b, err)
			require.Len(b, items, 1)
			end = next
		}
	})
}
