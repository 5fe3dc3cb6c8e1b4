package archive

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// ReadMaildir yields the messages of a Maildir, those in cur/ and then those in
// new/, in no particular order: the folders may be of any size. Each file is
// open only while its Source is read, and a Source only works during the
// iteration.
func ReadMaildir(ctx context.Context, dir string) iter.Seq2[*Mail, error] {
	return readFolders(ctx, dir, []string{"cur", "new"}, false)
}

// ReadTree yields the .eml files of a folder and of those below it, as
// ReadMaildir does. Links are passed over.
func ReadTree(ctx context.Context, dir string) iter.Seq2[*Mail, error] {
	return readFolders(ctx, dir, []string{"."}, true)
}

func readFolders(ctx context.Context, dir string, below []string, tree bool) iter.Seq2[*Mail, error] {
	return func(yield func(*Mail, error) bool) {
		root, err := os.OpenRoot(dir)
		if err != nil {
			yield(nil, fmt.Errorf("%w: %w", ErrMail, err))
			return
		}
		defer root.Close()
		r := &folderReader{ctx, root, tree, yield}
		for _, folder := range below {
			more, err := r.read(folder, 0)
			if errors.Is(err, fs.ErrNotExist) && !tree {
				continue // a Maildir without new/ has nothing new
			}
			if err != nil {
				yield(nil, fmt.Errorf("%w: %w", ErrMail, err))
				return
			}
			if !more {
				return
			}
		}
	}
}

// maxTree is how deep ReadTree goes.
const maxTree = 64

type folderReader struct {
	ctx   context.Context
	root  *os.Root
	tree  bool
	yield func(*Mail, error) bool
}

// read goes through one folder, a few names at a time.
func (r *folderReader) read(folder string, depth int) (more bool, err error) {
	d, err := r.root.Open(folder)
	if err != nil {
		return false, err
	}
	defer d.Close()
	for {
		list, end := d.ReadDir(256)
		for _, e := range list {
			if err := r.ctx.Err(); err != nil {
				return false, err
			}
			name := path.Join(folder, e.Name())
			switch {
			case e.IsDir() && r.tree && depth < maxTree:
				if more, err := r.read(name, depth+1); err != nil || !more {
					return false, err
				}
				continue
			case !e.Type().IsRegular(), strings.HasPrefix(e.Name(), "."), r.tree && !strings.EqualFold(path.Ext(name), ".eml"):
				continue
			}
			info, err := e.Info()
			if errors.Is(err, fs.ErrNotExist) {
				continue // moved or removed meanwhile
			}
			if err != nil {
				return false, err
			}
			m := &Mail{Name: name, Source: io.NewSectionReader(&rootFile{root: r.root, name: name, size: info.Size()}, 0, info.Size())}
			if !r.tree {
				m.Date, m.Flags = maildirName(e.Name())
			}
			if !r.yield(m, nil) {
				return false, nil
			}
		}
		if end == io.EOF {
			return true, nil
		}
		if end != nil {
			return false, end
		}
	}
}

// rootFile opens a file for each access, as long as the iteration lasts. A
// small one is read once and kept, as long as somebody keeps the Mail.
type rootFile struct {
	root *os.Root
	name string
	size int64
	once sync.Once
	data []byte
	err  error
}

const smallMail = 256 << 10

func (r *rootFile) ReadAt(b []byte, off int64) (int, error) {
	if r.size <= smallMail {
		r.once.Do(func() {
			data := make([]byte, r.size)
			var n int
			if n, r.err = r.read(data, 0); r.err == io.EOF {
				r.err = nil // it became shorter: who reads it will see
			}
			r.data = data[:n]
		})
		if r.err != nil {
			return 0, r.err
		}
		if off >= int64(len(r.data)) {
			return 0, io.EOF
		}
		n := copy(b, r.data[off:])
		if n < len(b) {
			return n, io.EOF
		}
		return n, nil
	}
	return r.read(b, off)
}

func (r *rootFile) read(b []byte, off int64) (int, error) {
	f, err := r.root.Open(r.name)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	return f.ReadAt(b, off)
}

// maildirName reads time and flags out of a name: 1700000000.xyz.host:2,FS.
func maildirName(name string) (time.Time, string) {
	flags := ""
	if i := strings.LastIndexAny(name, ":;!"); i >= 0 && strings.HasPrefix(name[i+1:], "2,") {
		flags = name[i+3:]
		name = name[:i]
	}
	seconds, _, _ := strings.Cut(name, ".")
	n, err := strconv.ParseInt(seconds, 10, 64)
	if err != nil || n <= 0 || n > 1<<40 {
		return time.Time{}, flags
	}
	return time.Unix(n, 0).UTC(), flags
}

// WriteMaildir writes messages into a Maildir, which is made if need be: each
// first into tmp/, then, when it is durable, under its final name. Names follow
// from date and bytes, so that a second run adds nothing. The bytes are kept,
// but see ExportOptions.LF.
func WriteMaildir(ctx context.Context, dir string, messages iter.Seq2[*Mail, error], o *ExportOptions) error {
	root, err := openFolder(dir, "tmp", "new", "cur")
	if err != nil {
		return err
	}
	defer root.Close()
	err = writeFiles(ctx, root, "tmp", messages, o, func(m *Mail, r *MailRecord) string {
		seconds := int64(0)
		if !m.Date.IsZero() {
			seconds = m.Date.Unix()
		}
		name := fmt.Sprintf("%d.%s.certmail", max(seconds, 0), r.SHA256[:hashInName])
		flags := []byte(m.Flags)
		slices.Sort(flags)
		flags = slices.DeleteFunc(slices.Compact(flags), func(c byte) bool { return !bytes.ContainsRune([]byte("DFPRST"), rune(c)) })
		return "cur/" + name + ":2," + string(flags)
	})
	if err != nil {
		return err
	}
	return syncFolder(root, "cur")
}

// WriteTree writes messages into a folder, one .eml file each, named by date
// and digest. The bytes are kept, but see ExportOptions.LF.
func WriteTree(ctx context.Context, dir string, messages iter.Seq2[*Mail, error], o *ExportOptions) error {
	root, err := openFolder(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	err = writeFiles(ctx, root, ".", messages, o, func(m *Mail, r *MailRecord) string {
		return ItemName(m.Date, "ordinary", r.SHA256) + ".eml"
	})
	if err != nil {
		return err
	}
	return syncFolder(root, ".")
}

func openFolder(dir string, below ...string) (*os.Root, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMail, err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMail, err)
	}
	for _, name := range below {
		if err := root.Mkdir(name, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
			root.Close()
			return nil, fmt.Errorf("%w: %w", ErrMail, err)
		}
	}
	return root, nil
}

func writeFiles(ctx context.Context, root *os.Root, temp string, messages iter.Seq2[*Mail, error], o *ExportOptions, name func(*Mail, *MailRecord) string) error {
	return export(ctx, messages, o, func(m *Mail, r *MailRecord) error {
		final := name(m, r)
		err := placeMail(ctx, root, temp, final, m, r)
		r.Name = final
		return err
	})
}

// placeMail writes a file unless it is there: its name has the digest.
func placeMail(ctx context.Context, root *os.Root, temp, final string, m *Mail, r *MailRecord) (err error) {
	if _, err := root.Lstat(final); err == nil {
		f, err := root.Open(final)
		if err != nil {
			return err
		}
		defer f.Close()
		have, err := scan(ctx, f, r.Size)
		if err != nil {
			return err
		}
		if want, err := scan(ctx, m.reader(r), r.Size); err != nil || want.sha256 != have.sha256 {
			return errors.Join(err, fmt.Errorf("%s is there with other bytes: %w", final, fs.ErrExist))
		}
		return nil
	}
	part := path.Join(temp, ".part-"+strings.ToLower(rand.Text()))
	f, err := root.OpenFile(part, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = root.Remove(part)
		}
	}()
	_, err = io.Copy(f, &cancelled{ctx, m.reader(r)})
	if err == nil {
		err = f.Sync()
	}
	if e := f.Close(); err == nil {
		err = e
	}
	if err == nil {
		err = root.Rename(part, final)
	}
	return err
}

// Mails yields the items of a transaction as mail, for the functions that write
// mailboxes.
func (t *Transaction) Mails() iter.Seq2[*Mail, error] {
	return func(yield func(*Mail, error) bool) {
		for _, it := range t.Items {
			src := it.Source()
			if src == nil {
				yield(nil, fmt.Errorf("%w: %s has no bytes", ErrItem, it.Name))
				return
			}
			if !yield(&Mail{Name: it.Name, Date: it.FirstSeen, Sender: it.Sender, Source: src}, nil) {
				return
			}
		}
	}
}
