// Package maildir has a transport.Mailbox over a Maildir, the folders of files
// in which mail servers deliver: new, cur and tmp, with folders such as .Sent
// below them (Maildir++).
//
// A Maildir has no numbers, so a Mailbox keeps a list of its own in each
// folder, ListName, and IDs and cursors are good as long as that list is. Where
// none can be written, in a Maildir that may only be read, the numbers live as
// long as the Mailbox: another one answers with transport.ErrCursor, and what
// was collected is listed again. Options.Lists keeps the lists elsewhere, and
// loses nothing. Mailbox.Volatile tells which it is.
//
// Reading changes nothing else: messages stay in new, unseen. Other programs
// may deliver, mark and move at the same time, and several of this package.
// They must be on one machine, or on a network file system that appends in one
// step (NFS does not).
//
// Bytes are those of the file. Many servers write lines that end in LF alone,
// and their IMAP side makes CRLF of it; so does Options.CRLF.
package maildir

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/certmail/certmail/transport"
)

// Errors of a Mailbox, beside those of package transport.
var (
	// ErrFlag says that a file name has no letter for a flag.
	ErrFlag = errors.New("flag cannot be kept")
	// ErrTooMany says that a folder has more messages than may be.
	ErrTooMany = errors.New("too many messages")
	// ErrBusy says that a folder changes faster than it can be read.
	ErrBusy = errors.New("folder does not stand still")
)

// Options describes a Mailbox. The zero value and nil make a sensible one.
type Options struct {
	// ReadOnly refuses what would change the Maildir, with fs.ErrPermission,
	// and writes no lists into it.
	ReadOnly bool
	// Lists is a directory for the lists of this Maildir, of this one only.
	// It must be there. Unset they are in the folders themselves.
	Lists string
	// CRLF makes CRLF of line ends that are LF alone, when reading. List then
	// has to read each message for its size.
	CRLF bool
	// Poll is how often Wait looks; 2 s unless set.
	Poll time.Duration
	// MaxMessages bounds a folder, and with it memory: about 200 bytes for
	// each. 1,000,000 unless set.
	MaxMessages int
	// Separator stands between the name and the flags of a file: a colon
	// unless set, and a semicolon on Windows, where names cannot have a colon.
	// Programs that share a Maildir there must agree on it.
	Separator byte
	// Clock gives the time of what comes without one, and of new names;
	// time.Now unless set. Random makes names unique; crypto/rand unless set.
	Clock  func() time.Time
	Random io.Reader
	// Host ends the names of new files; the name of this machine unless set.
	Host string

	fs fsys // for tests
}

// Mailbox is a Maildir.
type Mailbox struct {
	root string
	opt  Options
	fs   fsys

	serial  atomic.Uint32
	chance  sync.Mutex // for Random
	mu      sync.Mutex
	folders map[string]*folder
}

var _ transport.Mailbox = (*Mailbox)(nil)

// Open opens the Maildir in a directory. It does nothing yet; Create makes one
// that is not there. opt may be nil.
func Open(root string, opt *Options) *Mailbox {
	m := &Mailbox{root: root, folders: map[string]*folder{}}
	if opt != nil {
		m.opt = *opt
	}
	o := &m.opt
	o.Poll = cmp.Or(o.Poll, 2*time.Second)
	o.MaxMessages = cmp.Or(o.MaxMessages, 1_000_000)
	if o.Separator == 0 {
		o.Separator = ':'
		if runtime.GOOS == "windows" {
			o.Separator = ';'
		}
	}
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if o.Random == nil {
		o.Random = rand.Reader
	}
	if o.Host == "" {
		o.Host, _ = os.Hostname()
	}
	o.Host = strings.Map(func(r rune) rune {
		if r <= ' ' || r >= 0x7f || strings.ContainsRune(`/\:;!,"`, r) || r == rune(o.Separator) {
			return '_'
		}
		return r
	}, cmp.Or(o.Host, "localhost"))
	if m.fs = o.fs; m.fs == nil {
		m.fs = disk{}
	}
	return m
}

// open finds a folder.
func (m *Mailbox) open(name string) (*folder, error) {
	dir, err := folderDir(name)
	if err != nil {
		return nil, err
	}
	path := filepath.Join(m.root, dir)
	if st, err := m.fs.stat(filepath.Join(path, "cur")); err != nil || !st.IsDir() {
		if err == nil || errors.Is(err, fs.ErrNotExist) {
			err = noFolder(name)
		}
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if f := m.folders[dir]; f != nil {
		return f, nil
	}
	f := &folder{Mailbox: m, path: path, lock: make(chan struct{}, 1), infos: map[string]string{}}
	switch {
	case m.opt.Lists != "":
		f.listDir = m.opt.Lists
		f.listPath = filepath.Join(f.listDir, ListName+strings.TrimSuffix(dir, "."))
	case m.opt.ReadOnly:
		if err := f.beginVolatile(readOnly("list")); err != nil {
			return nil, err
		}
	default:
		f.listDir, f.listPath = path, filepath.Join(path, ListName)
	}
	m.folders[dir] = f
	return f, nil
}

// temporary is where a new list is written.
func (f *folder) temporary(unique string) string {
	if f.opt.Lists != "" {
		return f.listPath + "." + unique
	}
	return filepath.Join(f.path, "tmp", ListName+"."+unique)
}

func (m *Mailbox) random() (string, error) {
	var b [8]byte
	m.chance.Lock()
	defer m.chance.Unlock()
	if _, err := io.ReadFull(m.opt.Random, b[:]); err != nil {
		return "", fmt.Errorf("maildir: random: %w", err)
	}
	return hex.EncodeToString(b[:]), nil
}

// Volatile tells why the IDs and cursors of a folder end with this Mailbox;
// nil when they do not.
func (m *Mailbox) Volatile(ctx context.Context, name string) error {
	var why error
	err := m.with(ctx, name, func(f *folder) error {
		err := f.reload()
		why = f.volatile
		return err
	})
	if err != nil {
		return err
	}
	return why
}

func (m *Mailbox) with(ctx context.Context, name string, do func(f *folder) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	f, err := m.open(name)
	if err != nil {
		return err
	}
	if err := f.acquire(ctx); err != nil {
		return err
	}
	defer f.release()
	return do(f)
}

// List returns the messages behind a cursor, in the order in which they were
// found.
func (m *Mailbox) List(ctx context.Context, name string, since transport.Cursor, limit int) (items []transport.Item, next transport.Cursor, err error) {
	next = since
	err = m.with(ctx, name, func(f *folder) error {
		if err := f.sync(ctx); err != nil {
			return err
		}
		for again := 0; ; again++ {
			all, err := f.behind(since)
			if err != nil {
				return err
			}
			items, next, err = f.items(ctx, all, since, limit)
			if !errors.Is(err, fs.ErrNotExist) || again > 20 {
				return err
			}
			// Renamed or removed just now.
			f.seen = state{}
			if err := f.sync(ctx); err != nil {
				return err
			}
		}
	})
	if err != nil {
		return nil, since, err
	}
	return items, next, nil
}

func (f *folder) items(ctx context.Context, all []*message, next transport.Cursor, limit int) (items []transport.Item, _ transport.Cursor, err error) {
	for _, m := range all {
		if len(items) >= limit {
			break
		}
		if m.gone {
			continue
		}
		if len(items)%1000 == 999 && ctx.Err() != nil {
			return nil, next, ctx.Err()
		}
		path := filepath.Join(f.path, m.sub, m.file())
		st, err := f.fs.stat(path)
		if err != nil {
			return nil, next, err
		}
		_, info := splitName(m.file(), f.opt.Separator)
		it := transport.Item{ID: f.list.id(m.uid), Size: st.Size(), Time: st.ModTime()}
		it.Flags, _ = readInfo(info, f.opt.Separator)
		if f.opt.CRLF {
			if it.Size, err = f.sizeCRLF(path); err != nil {
				return nil, next, err
			}
		}
		items, next = append(items, it), transport.Cursor(it.ID)
	}
	return items, next, nil
}

// message does something with one message, and again when its file was renamed
// in the meantime.
func (m *Mailbox) message(ctx context.Context, name string, id transport.ID, do func(f *folder, s *message) error) error {
	return m.with(ctx, name, func(f *folder) error {
		if err := f.reload(); err != nil {
			return err
		}
		for range 20 {
			s, err := f.find(id)
			switch {
			case errors.Is(err, transport.ErrCursor):
				return err
			case err == nil && s.sub != "":
				if err = do(f, s); !errors.Is(err, fs.ErrNotExist) {
					return err
				}
			}
			f.seen = state{}
			if err := f.sync(ctx); err != nil {
				return err
			}
			if _, err := f.find(id); err != nil {
				return err
			}
		}
		return fmt.Errorf("maildir: %s: %w", f.path, ErrBusy)
	})
}

// Fetch opens a message.
func (m *Mailbox) Fetch(ctx context.Context, name string, id transport.ID) (r io.ReadCloser, err error) {
	err = m.message(ctx, name, id, func(f *folder, s *message) error {
		r, err = f.read(filepath.Join(f.path, s.sub, s.file()))
		return err
	})
	if err != nil {
		return nil, err
	}
	return r, nil
}

// read opens a file that is one: no link, no pipe.
func (f *folder) read(path string) (io.ReadCloser, error) {
	st, err := f.fs.stat(path)
	if err != nil {
		return nil, err
	}
	if !st.Mode().IsRegular() {
		return nil, fmt.Errorf("maildir: %s: %w: no regular file", path, transport.ErrNotFound)
	}
	file, err := f.fs.open(path, os.O_RDONLY)
	if err != nil {
		return nil, err
	}
	if f.opt.CRLF {
		return newCRLF(file), nil
	}
	return file, nil
}

// Wait looks now and then.
func (m *Mailbox) Wait(ctx context.Context, name string, since transport.Cursor) error {
	tick := time.NewTicker(m.opt.Poll)
	defer tick.Stop()
	for {
		news := false
		err := m.with(ctx, name, func(f *folder) error {
			if err := f.sync(ctx); err != nil {
				return err
			}
			all, err := f.behind(since)
			for _, s := range all {
				news = news || !s.gone
			}
			return err
		})
		if err != nil || news {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}
