package maildir

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/transport"
)

var errCrash = errors.New("crash")

// mortal is a disk that stops at a step, as a killed process does: nothing
// works any more, and half of a write is done.
type mortal struct {
	disk
	left int
}

func (m *mortal) step() error {
	if m.left--; m.left < 0 {
		return errCrash
	}
	return nil
}

func (m *mortal) open(name string, flag int) (file, error) {
	if err := m.step(); err != nil {
		return nil, err
	}
	f, err := m.disk.open(name, flag)
	return mortalFile{f, m}, err
}

func (m *mortal) stat(name string) (fs.FileInfo, error) {
	if err := m.step(); err != nil {
		return nil, err
	}
	return m.disk.stat(name)
}

func (m *mortal) rename(from, to string) error {
	if err := m.step(); err != nil {
		return err
	}
	return m.disk.rename(from, to)
}

func (m *mortal) link(from, to string) error {
	if err := m.step(); err != nil {
		return err
	}
	return m.disk.link(from, to)
}

func (m *mortal) remove(name string) error {
	if err := m.step(); err != nil {
		return err
	}
	return m.disk.remove(name)
}

func (m *mortal) chtimes(name string, at time.Time) error {
	if err := m.step(); err != nil {
		return err
	}
	return m.disk.chtimes(name, at)
}

func (m *mortal) syncDir(name string) error {
	if err := m.step(); err != nil {
		return err
	}
	return m.disk.syncDir(name)
}

type mortalFile struct {
	file
	m *mortal
}

func (f mortalFile) Write(p []byte) (int, error) {
	if err := f.m.step(); err != nil {
		n := 0
		if f.m.left == -1 {
			n, _ = f.file.Write(p[:len(p)/2])
		}
		return n, err
	}
	return f.file.Write(p)
}

func (f mortalFile) Sync() error {
	if err := f.m.step(); err != nil {
		return err
	}
	return f.file.Sync()
}

func (f mortalFile) ReadDir(n int) ([]fs.DirEntry, error) {
	if err := f.m.step(); err != nil {
		return nil, err
	}
	return f.file.ReadDir(n)
}

// whole is a message whose end shows that nothing is missing.
func whole(name string) string { return name + strings.Repeat(" x", 100) + " end of " + name }

// TestCrash kills a program at each of its steps. Whatever it was told was
// done is done, what it was doing is done or not, messages are whole, and the
// IDs and cursors that it had are good.
func TestCrash(t *testing.T) {
	ctx := context.Background()
	steps := 0
	for done := false; !done; steps++ {
		root := filepath.Join(t.TempDir(), "Maildir")
		clean := Open(root, nil)
		require.NoError(t, clean.Create("INBOX"))
		require.NoError(t, clean.Create("Sent"))
		disk := &mortal{left: steps}
		box := Open(root, &Options{fs: disk})
		where := map[string][]string{} // the folders in which a message may be, "" for none
		known := map[transport.ID]string{}
		var collected []string
		var cursor transport.Cursor

		deliver := func(name string) error {
			where[name] = []string{"", "INBOX"}
			err := box.Deliver(ctx, "INBOX", strings.NewReader(whole(name)))
			if err == nil {
				where[name] = []string{"INBOX"}
			}
			return err
		}
		add := func(name string) error {
			where[name] = []string{"", "INBOX"}
			text := whole(name)
			id, err := box.Append(ctx, "INBOX", []string{`\Seen`}, time.Time{}, strings.NewReader(text), int64(len(text)))
			if err == nil {
				where[name], known[id] = []string{"INBOX"}, name
			}
			return err
		}
		collect := func(box *Mailbox, limit int) error {
			items, next, err := box.List(ctx, "INBOX", cursor, limit)
			if err != nil {
				return err
			}
			cursor = next
			for _, it := range items {
				text := textOf(t, clean, "INBOX", it.ID)
				name, _, _ := strings.Cut(text, " ")
				require.Equal(t, whole(name), text, "step %d", steps)
				known[it.ID] = name
				collected = append(collected, name)
			}
			return nil
		}
		idOf := func(name string) (id transport.ID) {
			for k, v := range known {
				if v == name {
					id = k
				}
			}
			return id
		}
		err := func() error {
			for _, do := range []func() error{
				func() error { return deliver("a") }, func() error { return deliver("b") },
				func() error { return collect(box, 1) },
				func() error { return add("c") }, func() error { return deliver("d") },
				func() error { return collect(box, 2) },
				func() error { return box.SetFlags(ctx, "INBOX", idOf("a"), []string{`\Flagged`}) },
				func() error {
					where["a"] = []string{"INBOX", "Sent"}
					err := box.Move(ctx, "INBOX", idOf("a"), "Sent")
					if err == nil {
						where["a"] = []string{"Sent"}
					}
					return err
				},
				func() error {
					where["b"] = []string{"INBOX", ""}
					err := box.Delete(ctx, "INBOX", idOf("b"))
					if err == nil {
						where["b"] = []string{""}
					}
					return err
				},
				func() error { return add("e") }, func() error { return collect(box, 10) },
			} {
				if err := do(); err != nil {
					return err
				}
			}
			return nil
		}()
		if done = err == nil; !done {
			require.ErrorIs(t, err, errCrash, "step %d", steps)
		}

		// Another program, later.
		later := Open(root, nil)
		found := map[string][]string{}
		for _, folder := range []string{"INBOX", "Sent"} {
			items, _, err := later.List(ctx, folder, "", 100)
			require.NoError(t, err, "step %d", steps)
			for _, it := range items {
				text := textOf(t, later, folder, it.ID)
				name, _, _ := strings.Cut(text, " ")
				require.Equal(t, whole(name), text, "step %d", steps)
				found[name] = append(found[name], folder)
				if was := known[it.ID]; was != "" {
					require.Equal(t, was, name, "step %d: an ID names another message", steps)
				}
			}
		}
		for name, may := range where {
			require.LessOrEqual(t, len(found[name]), 1, "step %d: %s is there twice", steps, name)
			require.Contains(t, may, strings.Join(found[name], ""), "step %d: %s", steps, name)
		}
		require.NoError(t, collect(later, 100), "step %d", steps)
		for name, in := range found {
			if in[0] == "INBOX" {
				require.Equal(t, 1, count(collected, name), "step %d: %s collected", steps, name)
			}
		}
		require.NoError(t, later.Deliver(ctx, "INBOX", strings.NewReader(whole("z"))))
		require.NoError(t, collect(later, 100))
		require.Equal(t, "z", collected[len(collected)-1])
	}
	t.Logf("%d steps", steps)
	require.Greater(t, steps, 100)
}

func count(all []string, name string) (n int) {
	for _, s := range all {
		if s == name {
			n++
		}
	}
	return n
}

func textOf(t *testing.T, box *Mailbox, folder string, id transport.ID) string {
	r, err := box.Fetch(context.Background(), folder, id)
	require.NoError(t, err)
	data, err := io.ReadAll(r)
	require.NoError(t, errors.Join(err, r.Close()))
	return string(data)
}

// TestDamagedList: whatever a list looks like, no message is lost, and no ID
// names another one.
func TestDamagedList(t *testing.T) {
	ctx := context.Background()
	root := t.TempDir()
	box := Open(root, nil)
	require.NoError(t, box.Create("INBOX"))
	for n := range 3 {
		require.NoError(t, box.Deliver(ctx, "INBOX", strings.NewReader(whole(fmt.Sprint(n)))))
	}
	items, cursor, err := box.List(ctx, "INBOX", "", 2)
	require.NoError(t, err)
	path := filepath.Join(root, ListName)
	good, err := os.ReadFile(path)
	require.NoError(t, err)
	lines := strings.SplitAfter(string(good), "\n")
	for name, c := range map[string]struct {
		list string
		same bool // cursors are good
	}{
		"as it was":         {string(good), true},
		"empty":             {"", false},
		"no list":           {"hello\n", false},
		"cut in header":     {string(good[:10]), false},
		"cut behind header": {lines[0], true}, // comes out the same again
		"other order":       {lines[0] + lines[1] + lines[4] + lines[3] + lines[2], false},
		"zeros at the end":  {string(good) + strings.Repeat("\x00", 5000), true},
		"torn at the end":   {string(good) + "+ 1772", true},
		"long garbage":      {string(good) + strings.Repeat("z", 3*maxLine), true},
		"other checksum":    {lines[0] + lines[1] + "+ x 00000000\n" + strings.Join(lines[2:], ""), true},
		"stranger's line":   {string(good) + sealed("0123456789abcdef", "+ x"), true},
		"path":              {string(good) + sealed(string(good[len(listMagic):len(listMagic)+16]), "+ ../../x"), true},
		"line twice":        {string(good) + lines[2] + lines[2], true},
		"nothing to remove": {string(good) + sealed(string(good[len(listMagic):len(listMagic)+16]), "- 5"), true},
	} {
		require.NoError(t, os.WriteFile(path, []byte(c.list), 0o600))
		for _, box := range []*Mailbox{Open(root, nil), Open(root, nil)} {
			all, _, err := box.List(ctx, "INBOX", "", 10)
			require.NoError(t, err, name)
			require.Len(t, all, 3, name)
			for i, it := range all {
				if name == "other order" {
					i = 2 - i
				}
				require.Equal(t, whole(fmt.Sprint(i)), textOf(t, box, "INBOX", it.ID), name)
			}
			if name == "other checksum" {
				continue // the numbers moved along; only a hand can do that
			}
			rest, _, err := box.List(ctx, "INBOX", cursor, 10)
			if !c.same {
				require.ErrorIs(t, err, transport.ErrCursor, name)
				_, err = box.Fetch(ctx, "INBOX", items[0].ID)
				require.ErrorIs(t, err, transport.ErrCursor, name)
				continue
			}
			require.NoError(t, err, name)
			require.Len(t, rest, 1, name)
			require.Equal(t, items[0].ID, all[0].ID, name)
		}
	}
}

// denied is a disk on which nothing can be written.
type denied struct {
	disk
	err error
}

func (d denied) open(name string, flag int) (file, error) {
	if flag&(os.O_WRONLY|os.O_RDWR) != 0 {
		if _, err := os.Stat(name); err == nil || flag&os.O_CREATE != 0 {
			return nil, &fs.PathError{Op: "open", Path: name, Err: d.err}
		}
	}
	return d.disk.open(name, flag)
}

// linkless is a disk without links.
type linkless struct{ disk }

func (linkless) link(string, string) error { return syscall.EPERM }

// TestBegunTogether: programs that open a folder at once agree on one list.
func TestBegunTogether(t *testing.T) {
	ctx := context.Background()
	for range 30 {
		root := t.TempDir()
		require.NoError(t, Open(root, nil).Create("INBOX"))
		require.NoError(t, Open(root, nil).Deliver(ctx, "INBOX", strings.NewReader("x")))
		ids := make(chan transport.ID, 4)
		for range cap(ids) {
			go func() {
				items, _, err := Open(root, nil).List(ctx, "INBOX", "", 10)
				if err != nil || len(items) != 1 {
					t.Errorf("%v, %v", items, err)
					items = make([]transport.Item, 1)
				}
				ids <- items[0].ID
			}()
		}
		first := <-ids
		for range cap(ids) - 1 {
			require.Equal(t, first, <-ids)
		}
		left, err := os.ReadDir(filepath.Join(root, "tmp"))
		require.NoError(t, err)
		require.Empty(t, left)
	}
	root := t.TempDir()
	box := Open(root, &Options{fs: linkless{}})
	require.NoError(t, box.Create("INBOX"))
	require.NoError(t, box.Volatile(ctx, "INBOX"))
}

// TestCannotWriteLists: where the list cannot be kept it is kept in memory;
// where it could be and fails, that is an error.
func TestCannotWriteLists(t *testing.T) {
	ctx := context.Background()
	root := t.TempDir()
	box := Open(root, nil)
	require.NoError(t, box.Create("INBOX"))
	require.NoError(t, box.Deliver(ctx, "INBOX", strings.NewReader("x")))
	for range 2 {
		for _, cause := range []error{syscall.EROFS, syscall.EACCES, syscall.EPERM} {
			box := Open(root, &Options{fs: denied{err: cause}})
			items, cursor, err := box.List(ctx, "INBOX", "", 10)
			require.NoError(t, err)
			require.Len(t, items, 1)
			require.ErrorIs(t, box.Volatile(ctx, "INBOX"), cause)
			_, again, err := box.List(ctx, "INBOX", cursor, 10)
			require.NoError(t, err)
			require.Equal(t, cursor, again)
		}
		_, _, err := Open(root, &Options{fs: denied{err: syscall.ENOSPC}}).List(ctx, "INBOX", "", 10)
		require.ErrorIs(t, err, syscall.ENOSPC)
		_, _, err = box.List(ctx, "INBOX", "", 10) // the second time there is a list
		require.NoError(t, err)
	}
	require.NoError(t, box.Volatile(ctx, "INBOX"))
}

// TestInfo: flags and letters go through an info and back.
func TestInfo(t *testing.T) {
	info, err := writeInfo([]string{`\seen`, `\Draft`, `\Seen`}, "za", ':')
	require.NoError(t, err)
	require.Equal(t, ":2,DSaz", info)
	flags, others := readInfo(info, ':')
	require.Equal(t, []string{`\Draft`, `\Seen`}, flags)
	require.Equal(t, "az", others)
	for _, none := range []string{"", ":1,S", ":S", ";2,S", "2,S"} {
		flags, others = readInfo(none, ':')
		require.Empty(t, flags)
		require.Empty(t, others)
	}
	require.False(t, slices.Contains(flags, `\Seen`))
}
