package maildir_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/transport"
	"github.com/certmail/certmail/transport/maildir"
	"github.com/certmail/certmail/transport/transporttest"
)

var ctx = context.Background()

// open makes a Maildir and opens it.
func open(t testing.TB, opt *maildir.Options) (string, *maildir.Mailbox) {
	t.Helper()
	root := filepath.Join(t.TempDir(), "Maildir")
	box := maildir.Open(root, nil)
	require.NoError(t, box.Create("INBOX"))
	require.NoError(t, box.Create("Sent"))
	return root, maildir.Open(root, opt)
}

// drop delivers as another program does: without our package.
func drop(t testing.TB, root, folder string, serial int, message []byte) {
	t.Helper()
	if folder = "." + folder; folder == ".INBOX" {
		folder = ""
	}
	name := fmt.Sprintf("%d.M%06dP7Q%d.mx.alfa.example", 1_772_000_000+serial/1000, serial%1000, serial)
	tmp := filepath.Join(root, folder, "tmp", name)
	require.NoError(t, os.WriteFile(tmp, message, 0o600))
	require.NoError(t, os.Rename(tmp, filepath.Join(root, folder, "new", name)))
}

// put writes a file below the root.
func put(t testing.TB, root string, name, text string) {
	t.Helper()
	require.NoError(t, os.WriteFile(filepath.Join(root, name), []byte(text), 0o600))
}

// texts are the messages of a folder.
func texts(t testing.TB, box transport.Mailbox, folder string) (all []string) {
	t.Helper()
	items, _, err := box.List(ctx, folder, "", 1000)
	require.NoError(t, err)
	for _, it := range items {
		all = append(all, text(t, box, folder, it.ID))
	}
	return all
}

func text(t testing.TB, box transport.Mailbox, folder string, id transport.ID) string {
	t.Helper()
	r, err := box.Fetch(ctx, folder, id)
	require.NoError(t, err)
	data, err := io.ReadAll(r)
	require.NoError(t, errors.Join(err, r.Close()))
	return string(data)
}

func TestMailbox(t *testing.T) {
	for name, lists := range map[string]bool{"ListsInside": false, "ListsElsewhere": true} {
		t.Run(name, func(t *testing.T) {
			transporttest.Mailbox(t, func(t *testing.T) transporttest.Fixture {
				opt := &maildir.Options{Poll: 2 * time.Millisecond}
				if lists {
					opt.Lists = t.TempDir()
				}
				root, box := open(t, opt)
				var serial atomic.Int32
				return transporttest.Fixture{
					Mailbox: box,
					Another: func(*testing.T) transport.Mailbox { return maildir.Open(root, opt) },
					ReadOnly: func(*testing.T) transport.Mailbox {
						return maildir.Open(root, &maildir.Options{ReadOnly: true, Poll: time.Millisecond})
					},
					Deliver: func(t *testing.T, folder string, message []byte) {
						drop(t, root, folder, int(serial.Add(1)), message)
					},
					Renumber: func(t *testing.T, folder string) {
						path := filepath.Join(root, maildir.ListName)
						if lists {
							path = filepath.Join(opt.Lists, maildir.ListName)
						}
						require.NoError(t, os.Remove(path))
					},
				}
			})
		})
	}
}

// By Deliver and Append of our own, and the time and chance of a test.
func TestMailboxOwnDelivery(t *testing.T) {
	transporttest.Mailbox(t, func(t *testing.T) transporttest.Fixture {
		at := time.Date(2026, 3, 2, 9, 30, 0, 0, time.UTC)
		_, box := open(t, &maildir.Options{Poll: 2 * time.Millisecond, Clock: func() time.Time { return at }, Random: rand.NewChaCha8([32]byte{1}), Host: "a/b:c"})
		return transporttest.Fixture{
			Mailbox: box,
			Deliver: func(t *testing.T, folder string, message []byte) {
				require.NoError(t, box.Deliver(ctx, folder, bytes.NewReader(message)))
			},
			Large: 1 << 20,
		}
	})
}

// TestReadingWritesNothing: of a Maildir opened for reading not a byte and not
// a time changes, and a new Mailbox knows that cursors are void.
func TestReadingWritesNothing(t *testing.T) {
	root, _ := open(t, nil)
	for n := range 3 {
		drop(t, root, "INBOX", n, fmt.Appendf(nil, "n. %d", n))
	}
	snapshot := func() (all []string) {
		require.NoError(t, filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			require.NoError(t, err)
			st, err := d.Info()
			require.NoError(t, err)
			all = append(all, fmt.Sprint(path, st.Size(), st.ModTime(), st.Mode()))
			return nil
		}))
		return all
	}
	before := snapshot()
	box := maildir.Open(root, &maildir.Options{ReadOnly: true})
	require.ErrorIs(t, box.Volatile(ctx, "INBOX"), fs.ErrPermission)
	_, cursor, err := box.List(ctx, "INBOX", "", 2)
	require.NoError(t, err)
	require.Equal(t, []string{"n. 0", "n. 1", "n. 2"}, texts(t, box, "INBOX"))
	require.Equal(t, before, snapshot())

	again := maildir.Open(root, &maildir.Options{ReadOnly: true})
	_, _, err = again.List(ctx, "INBOX", cursor, 2)
	require.ErrorIs(t, err, transport.ErrCursor, "nothing is missed: it is listed again")

	// Lists elsewhere make cursors last, and still nothing is written here.
	opt := &maildir.Options{ReadOnly: true, Lists: t.TempDir()}
	box = maildir.Open(root, opt)
	require.NoError(t, box.Volatile(ctx, "INBOX"))
	_, cursor, err = box.List(ctx, "INBOX", "", 2)
	require.NoError(t, err)
	items, _, err := maildir.Open(root, opt).List(ctx, "INBOX", cursor, 2)
	require.NoError(t, err)
	require.Len(t, items, 1)
	require.Equal(t, before, snapshot())
}

// TestListingLeavesNew: our list is all that reading writes.
func TestListingLeavesNew(t *testing.T) {
	root, box := open(t, nil)
	drop(t, root, "INBOX", 1, []byte("x"))
	require.Equal(t, []string{"x"}, texts(t, box, "INBOX"))
	require.FileExists(t, filepath.Join(root, "new", "1772000000.M000001P7Q1.mx.alfa.example"))
	for _, empty := range []string{"cur", "tmp"} {
		left, err := os.ReadDir(filepath.Join(root, empty))
		require.NoError(t, err)
		require.Empty(t, left)
	}
}

func TestHostileNames(t *testing.T) {
	root, box := open(t, nil)
	names := []string{
		"1.a:2,S", "2.b:2,", "3.c", "4.d:1,x", "5.e:2,SFzSS", "6 f:2,R", "7.g\n+ 8.x 00000000\n:2,T", "\"8.h\"", "\xff\xfe9", "10.\u00e0:2,F", "n:2,é",
		":2,S", "2:2:2,S", strings.Repeat("x", 250), "12,S=99999999999", "99999999999999999999.x", "certmail-uidlist", "a\\b", "%2f..", "-", "+ 1.a",
	}
	for _, name := range names {
		put(t, root, "cur/"+name, name)
	}
	put(t, root, "cur/.hidden", "")
	require.NoError(t, os.Mkdir(filepath.Join(root, "cur/1.dir:2,S"), 0o700))
	require.NoError(t, os.Symlink("/etc/passwd", filepath.Join(root, "cur/1.link:2,S")))
	for range 2 {
		require.ElementsMatch(t, names, texts(t, box, "INBOX"))
		box = maildir.Open(root, nil)
	}
	items, _, err := box.List(ctx, "INBOX", "", 100)
	require.NoError(t, err)
	flags := map[string][]string{}
	for _, it := range items {
		flags[text(t, box, "INBOX", it.ID)] = it.Flags
		if it.Size == int64(len(names[0])) && text(t, box, "INBOX", it.ID) == names[0] {
			require.NoError(t, box.SetFlags(ctx, "INBOX", it.ID, []string{`\Flagged`, `$forwarded`}))
		}
	}
	require.Equal(t, []string{`\Seen`}, flags["1.a:2,S"])
	require.Nil(t, flags["3.c"])
	require.Nil(t, flags["4.d:1,x"])
	require.Equal(t, []string{`\Flagged`, `\Seen`}, flags["5.e:2,SFzSS"])
	require.FileExists(t, filepath.Join(root, "cur/1.a:2,FP"))
	for _, it := range items {
		require.NoError(t, box.SetFlags(ctx, "INBOX", it.ID, []string{`\Answered`}), flags)
	}
	require.FileExists(t, filepath.Join(root, "cur/5.e:2,Rz"), "the keyword stays")
	after, _, err := box.List(ctx, "INBOX", "", 100)
	require.NoError(t, err)
	for i, it := range after {
		require.Equal(t, []string{`\Answered`}, it.Flags)
		require.Equal(t, items[i].ID, it.ID)
		require.NoError(t, box.Move(ctx, "INBOX", it.ID, "Sent"))
	}
	require.ElementsMatch(t, names, texts(t, box, "Sent"))
	require.Empty(t, texts(t, box, "INBOX"))
	require.ErrorIs(t, box.SetFlags(ctx, "Sent", "", []string{"x"}), transport.ErrCursor)
	moved, _, err := box.List(ctx, "Sent", "", 1)
	require.NoError(t, err)
	require.ErrorIs(t, box.SetFlags(ctx, "Sent", moved[0].ID, []string{"x"}), maildir.ErrFlag)
	_, err = box.Append(ctx, "Sent", []string{"$Junk"}, time.Time{}, strings.NewReader(""), 0)
	require.ErrorIs(t, err, maildir.ErrFlag)
}

// TestTwins: two files of one name are two messages, whatever changes.
func TestTwins(t *testing.T) {
	root, box := open(t, nil)
	put(t, root, "cur/1.a:2,", "A")
	put(t, root, "cur/1.a:2,S", "B")
	put(t, root, "new/1.a", "C")
	put(t, root, "cur/1.a", "D")
	ids := map[string]transport.ID{}
	for range 3 {
		items, _, err := box.List(ctx, "INBOX", "", 10)
		require.NoError(t, err)
		require.Len(t, items, 4)
		for _, it := range items {
			got := text(t, box, "INBOX", it.ID)
			require.True(t, ids[got] == "" || ids[got] == it.ID)
			ids[got] = it.ID
		}
		box = maildir.Open(root, nil)
	}
	require.Len(t, ids, 4)
	err := box.SetFlags(ctx, "INBOX", ids["A"], []string{`\Seen`})
	require.Error(t, err, "would replace another message")
	require.NoError(t, box.Delete(ctx, "INBOX", ids["B"]))
	got := texts(t, box, "INBOX")
	slices.Sort(got)
	require.Equal(t, []string{"A", "C", "D"}, got)
}

// TestOrder: what is found at once comes in the order of its names' times, or
// of its files'.
func TestOrder(t *testing.T) {
	root, box := open(t, nil)
	for name, at := range map[string]int64{"1772000005.M5.x": 1, "1772000005.M40P1.x:2,S": 2, "1772000004.M9.x": 9, "odd": 1772000006, "1772000003,x": 1772000001} {
		put(t, root, "cur/"+name, name)
		require.NoError(t, os.Chtimes(filepath.Join(root, "cur", name), time.Unix(at, 0), time.Unix(at, 0)))
	}
	require.Equal(t, []string{"1772000003,x", "1772000004.M9.x", "1772000005.M5.x", "1772000005.M40P1.x:2,S", "odd"}, texts(t, box, "INBOX"))
}

// TestFolders: names as Dovecot and Courier write them.
func TestFolders(t *testing.T) {
	root, box := open(t, nil)
	for name, dir := range map[string]string{"Archivio/2026": ".Archivio.2026", "Citt\u00e0": ".Citt&AOA-", "A&B": ".A&-B", "\u20ac5": ".&IKw-5", "\U0001F4E7": ".&2D3c5w-"} {
		_, _, err := box.List(ctx, name, "", 1)
		require.ErrorIs(t, err, transport.ErrNotFound)
		require.NoError(t, box.Create(name))
		require.NoError(t, box.Create(name))
		require.DirExists(t, filepath.Join(root, dir, "cur"))
		require.FileExists(t, filepath.Join(root, dir, "maildirfolder"))
		require.Empty(t, texts(t, box, name))
	}
	for _, name := range []string{"a.b", "", "a//b", "../x", "a\x00", "\xff", "a\\b", strings.Repeat("x", 300)} {
		require.ErrorIs(t, box.Create(name), transport.ErrNotFound, name)
	}
	require.Error(t, maildir.Open(root, &maildir.Options{ReadOnly: true}).Create("x"))
}

// TestCRLF: files with LF are read as IMAP would give them.
func TestCRLF(t *testing.T) {
	root, box := open(t, &maildir.Options{CRLF: true})
	for in, want := range map[string]string{
		"": "", "\n": "\r\n", "a\nb": "a\r\nb", "a\r\nb\r\n": "a\r\nb\r\n", "\r\r\n\n\n\r": "\r\r\n\r\n\r\n\r", strings.Repeat("x\n", 40_000): strings.Repeat("x\r\n", 40_000),
		strings.Repeat("y", 32<<10-1) + "\r\nz": strings.Repeat("y", 32<<10-1) + "\r\nz",
	} {
		require.NoError(t, box.Deliver(ctx, "INBOX", strings.NewReader(in)))
		items, _, err := box.List(ctx, "INBOX", "", 10)
		require.NoError(t, err)
		require.Len(t, items, 1)
		require.Equal(t, want, text(t, box, "INBOX", items[0].ID))
		require.EqualValues(t, len(want), items[0].Size)
		r, err := box.Fetch(ctx, "INBOX", items[0].ID)
		require.NoError(t, err)
		data, err := io.ReadAll(struct{ io.Reader }{iotestOneByte{r}})
		require.NoError(t, err)
		require.Equal(t, want, string(data))
		require.NoError(t, r.Close())
		require.NoError(t, box.Delete(ctx, "INBOX", items[0].ID))
	}
	_ = root
}

type iotestOneByte struct{ r io.Reader }

func (o iotestOneByte) Read(p []byte) (int, error) { return o.r.Read(p[:min(1, len(p))]) }
