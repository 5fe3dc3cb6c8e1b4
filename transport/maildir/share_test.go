package maildir_test

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/transport"
	"github.com/certmail/certmail/transport/maildir"
)

// TestShared: while a server delivers and a mail program opens and marks
// messages, three collectors number them together: each gets each message
// once, and all by the same IDs.
func TestShared(t *testing.T) {
	const count = 300
	root, _ := open(t, nil)
	var wg sync.WaitGroup
	delivered := make(chan struct{})
	wg.Go(func() {
		defer close(delivered)
		for n := range count {
			drop(t, root, "INBOX", n, fmt.Appendf(nil, "n. %d", n))
			time.Sleep(100 * time.Microsecond)
		}
	})
	stop := make(chan struct{})
	wg.Go(func() { // a mail program
		random := rand.New(rand.NewPCG(1, 1))
		for {
			select {
			case <-stop:
				return
			default:
			}
			for _, sub := range []string{"new", "cur"} {
				entries, err := os.ReadDir(filepath.Join(root, sub))
				if err != nil {
					t.Error(err)
				}
				for _, e := range entries {
					if random.IntN(20) > 0 {
						continue
					}
					base, _, _ := strings.Cut(e.Name(), ":")
					to := filepath.Join(root, "cur", base+":2,"+[]string{"", "S", "FS", "R"}[random.IntN(4)])
					if err := os.Rename(filepath.Join(root, sub, e.Name()), to); err != nil && !errors.Is(err, fs.ErrNotExist) {
						t.Error(err)
					}
				}
			}
		}
	})
	names := make([]map[transport.ID]string, 3)
	var collectors sync.WaitGroup
	for c := range names {
		names[c] = map[transport.ID]string{}
		collectors.Go(func() {
			box := maildir.Open(root, &maildir.Options{Poll: time.Millisecond})
			var cursor transport.Cursor
			for late := time.Now().Add(time.Minute); len(names[c]) < count && time.Now().Before(late); {
				items, next, err := box.List(ctx, "INBOX", cursor, 1+c*20)
				if err != nil {
					t.Error(err)
					return
				}
				for _, it := range items {
					if names[c][it.ID] != "" {
						t.Errorf("%s twice", it.ID)
					}
					names[c][it.ID] = text(t, box, "INBOX", it.ID)
				}
				cursor = next
			}
		})
	}
	<-delivered
	collectors.Wait()
	close(stop)
	wg.Wait()
	require.Len(t, names[0], count)
	require.Equal(t, names[0], names[1])
	require.Equal(t, names[0], names[2])
	seen := map[string]bool{}
	for _, text := range names[0] {
		seen[text] = true
	}
	require.Len(t, seen, count)
}

// TestVanished: what other programs take away is not found.
func TestVanished(t *testing.T) {
	root, box := open(t, nil)
	for n := range 3 {
		drop(t, root, "INBOX", n, fmt.Appendf(nil, "n. %d", n))
	}
	items, cursor, err := box.List(ctx, "INBOX", "", 10)
	require.NoError(t, err)
	drop(t, root, "INBOX", 3, []byte("n. 3"))
	files, err := filepath.Glob(filepath.Join(root, "new", "*"))
	require.NoError(t, err)
	for _, f := range files[:2] {
		require.NoError(t, os.Remove(f))
	}
	_, err = box.Fetch(ctx, "INBOX", items[0].ID)
	require.ErrorIs(t, err, transport.ErrNotFound)
	require.ErrorIs(t, box.Move(ctx, "INBOX", items[0].ID, "Sent"), transport.ErrNotFound)
	require.ErrorIs(t, box.SetFlags(ctx, "INBOX", items[1].ID, []string{`\Seen`}), transport.ErrNotFound)
	require.ErrorIs(t, box.Delete(ctx, "INBOX", items[1].ID), transport.ErrNotFound)
	require.Equal(t, []string{"n. 2", "n. 3"}, texts(t, box, "INBOX"))

	// A file that comes back is a new message: nobody overlooks it.
	_, end, err := box.List(ctx, "INBOX", cursor, 10)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(files[0], []byte("n. 0"), 0o600))
	back, _, err := box.List(ctx, "INBOX", end, 10)
	require.NoError(t, err)
	require.Len(t, back, 1)
	require.NotEqual(t, items[0].ID, back[0].ID)

	// The folder itself.
	require.NoError(t, os.RemoveAll(filepath.Join(root, ".Sent")))
	_, _, err = box.List(ctx, "Sent", "", 1)
	require.ErrorIs(t, err, transport.ErrNotFound)
	require.ErrorIs(t, box.Move(ctx, "INBOX", back[0].ID, "Sent"), transport.ErrNotFound)
	_, _, err = maildir.Open(filepath.Join(root, "nowhere"), nil).List(ctx, "INBOX", "", 1)
	require.ErrorIs(t, err, transport.ErrNotFound)
	small := maildir.Open(root, &maildir.Options{MaxMessages: 2})
	_, _, err = small.List(ctx, "INBOX", "", 1)
	require.ErrorIs(t, err, maildir.ErrTooMany)
}

// TestLeftovers: what a killed delivery leaves in tmp is not a message.
func TestLeftovers(t *testing.T) {
	root, box := open(t, nil)
	put(t, root, "tmp/1772000000.M1.x", "half a mess")
	put(t, root, "tmp/"+maildir.ListName+".0123456789abcdef", "certmail")
	require.Empty(t, texts(t, box, "INBOX"))
	drop(t, root, "INBOX", 1, []byte("x"))
	require.Equal(t, []string{"x"}, texts(t, box, "INBOX"))
}
