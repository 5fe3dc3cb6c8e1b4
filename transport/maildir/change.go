package maildir

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/certmail/certmail/transport"
)

func readOnly(what string) error {
	return fmt.Errorf("maildir: %s: opened for reading only: %w", what, fs.ErrPermission)
}

// mkdirs makes the directories of a folder; cur comes last, so that a folder
// that has it has all.
func (m *Mailbox) mkdirs(path string) error {
	for _, dir := range []string{path, filepath.Join(path, "tmp"), filepath.Join(path, "new"), filepath.Join(path, "cur")} {
		if err := m.fs.mkdir(dir); err != nil && !errors.Is(err, fs.ErrExist) {
			return err
		}
	}
	if path != filepath.Join(m.root, ".") {
		// Maildir++: this is a folder, not a mailbox.
		file, err := m.fs.open(filepath.Join(path, "maildirfolder"), os.O_WRONLY|os.O_CREATE)
		if err != nil {
			return err
		}
		if err := file.Close(); err != nil {
			return err
		}
	}
	return errors.Join(m.fs.syncDir(path), m.fs.syncDir(filepath.Dir(path)))
}

// unique makes the name of a new file: when, how many before it, and chance.
func (m *Mailbox) unique() (string, error) {
	chance, err := m.random()
	now := m.opt.Clock()
	return fmt.Sprintf("%d.M%06dQ%08dR%s.%s", max(0, now.Unix()), now.Nanosecond()/1000, m.serial.Add(1), chance, m.opt.Host), err
}

// write writes a file into tmp and makes it durable. With size < 0 it takes
// what there is.
func (f *folder) write(ctx context.Context, r io.Reader, size int64, at time.Time) (temporary, base string, err error) {
	unique, err := f.unique()
	if err != nil {
		return "", "", err
	}
	temporary = filepath.Join(f.path, "tmp", unique)
	file, err := f.fs.open(temporary, os.O_WRONLY|os.O_CREATE|os.O_EXCL)
	if err != nil {
		return "", "", fmt.Errorf("maildir: %w", err)
	}
	if size >= 0 {
		r = io.LimitReader(r, size+1)
	}
	n, err := io.Copy(file, r)
	switch {
	case err != nil:
	case size >= 0 && n != size:
		err = fmt.Errorf("not %d bytes: %w", size, io.ErrUnexpectedEOF)
	default:
		err = file.Sync()
	}
	err = errors.Join(err, file.Close())
	if err == nil && !at.IsZero() {
		err = f.fs.chtimes(temporary, at)
	}
	if err == nil {
		err = ctx.Err()
	}
	if err != nil {
		_ = f.fs.remove(temporary)
		return "", "", fmt.Errorf("maildir: write: %w", err)
	}
	return temporary, fmt.Sprintf("%s,S=%d", unique, n), nil
}

// place puts a file that was written where it belongs.
func (f *folder) place(temporary, sub, name string) error {
	path := filepath.Join(f.path, sub, name)
	err := f.fs.rename(temporary, path)
	if err != nil {
		_ = f.fs.remove(temporary)
		return fmt.Errorf("maildir: %w", err)
	}
	if err = f.fs.syncDir(filepath.Dir(path)); err != nil {
		_ = f.fs.remove(path)
		return fmt.Errorf("maildir: %w", err)
	}
	return nil
}

// Deliver puts a message into the new of a folder, as a mail server does: it
// is there as a whole and durable, or not at all.
func (m *Mailbox) Deliver(ctx context.Context, name string, message io.Reader) error {
	if m.opt.ReadOnly {
		return readOnly("deliver")
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	f, err := m.open(name)
	if err != nil {
		return err
	}
	temporary, base, err := f.write(ctx, message, -1, time.Time{})
	if err != nil {
		return err
	}
	return f.place(temporary, "new", base)
}

// Append files a message in the cur of a folder. Its time becomes that of the
// file.
func (m *Mailbox) Append(ctx context.Context, name string, flags []string, at time.Time, message io.Reader, size int64) (id transport.ID, err error) {
	if m.opt.ReadOnly {
		return "", readOnly("append")
	}
	if err := ctx.Err(); err != nil {
		return "", err
	}
	if size < 0 {
		return "", fmt.Errorf("maildir: append: size %d", size)
	}
	info, err := writeInfo(flags, "", m.opt.Separator)
	if err != nil {
		return "", err
	}
	f, err := m.open(name)
	if err != nil {
		return "", err
	}
	if at.IsZero() {
		at = m.opt.Clock()
	}
	temporary, base, err := f.write(ctx, message, size, at)
	if err != nil {
		return "", err
	}
	if err := f.acquire(ctx); err != nil {
		_ = f.fs.remove(temporary)
		return "", err
	}
	defer f.release()
	if err := f.syncNew(ctx); err != nil {
		_ = f.fs.remove(temporary)
		return "", err
	}
	if err := f.place(temporary, "cur", base+info); err != nil {
		return "", err
	}
	s, err := f.number(base)
	if err != nil {
		_ = f.fs.remove(filepath.Join(f.path, "cur", base+info))
		return "", err
	}
	s.sub, s.info = "cur", f.intern(info)
	return f.list.id(s.uid), nil
}

// syncNew numbers what was delivered before, so that it stays before what is
// appended now. Where nothing is delivered, as in Sent, that is no scan.
func (f *folder) syncNew(ctx context.Context) error {
	st, err := f.fs.stat(filepath.Join(f.path, "new"))
	if err != nil {
		return f.trouble(err)
	}
	if f.list.validity != "" && st.ModTime().Equal(f.seen.new) && f.seen.new.Before(f.seen.at.Add(-racy)) {
		return nil
	}
	return f.sync(ctx)
}

// number gives a new file its number.
func (f *folder) number(key string) (*message, error) {
	for range 20 {
		if err := f.reload(); err != nil {
			return nil, err
		}
		if s := f.list.live[key]; s != nil {
			return s, nil
		}
		if err := f.commit([]string{f.list.adding(key)}); err != nil {
			return nil, err
		}
	}
	return nil, fmt.Errorf("maildir: %s: %w", f.path, ErrBusy)
}

// SetFlags renames a message, from new to cur if need be. Letters in its name
// that are no flags of IMAP stay.
func (m *Mailbox) SetFlags(ctx context.Context, name string, id transport.ID, flags []string) error {
	if m.opt.ReadOnly {
		return readOnly("set flags")
	}
	return m.message(ctx, name, id, func(f *folder, s *message) error {
		base, old := splitName(s.file(), f.opt.Separator)
		_, others := readInfo(old, f.opt.Separator)
		info, err := writeInfo(flags, others, f.opt.Separator)
		if err != nil {
			return err
		}
		from, to := filepath.Join(f.path, s.sub, s.file()), filepath.Join(f.path, "cur", base+info)
		if from == to || len(flags) == 0 && s.sub == "new" {
			_, err := f.fs.stat(from)
			return err
		}
		if _, err := f.fs.stat(to); err == nil {
			return fmt.Errorf("maildir: set flags: %s: %w", to, fs.ErrExist)
		}
		if err := f.fs.rename(from, to); err != nil {
			return err
		}
		if s.key == base {
			s.info = f.intern(info)
		}
		sub := s.sub
		s.sub = "cur"
		if err := f.fs.syncDir(filepath.Dir(to)); err != nil || sub == "cur" {
			return err
		}
		return f.fs.syncDir(filepath.Dir(from))
	})
}

// Move moves a message to another folder, under a new name. It keeps its time
// and flags, and stays in new if it was there.
func (m *Mailbox) Move(ctx context.Context, name string, id transport.ID, to string) error {
	if m.opt.ReadOnly {
		return readOnly("move")
	}
	return m.message(ctx, name, id, func(f *folder, s *message) error {
		target, err := m.open(to)
		if err != nil {
			return err
		}
		unique, err := f.unique()
		if err != nil {
			return err
		}
		base, info := splitName(s.file(), f.opt.Separator)
		if i := strings.LastIndex(base, ",S="); i >= 0 && len(base)-i < 30 {
			unique += base[i:]
		}
		from := filepath.Join(f.path, s.sub, s.file())
		if err := f.fs.rename(from, filepath.Join(target.path, s.sub, unique+info)); err != nil {
			return err
		}
		return errors.Join(f.fs.syncDir(filepath.Join(target.path, s.sub)), f.fs.syncDir(filepath.Dir(from)))
	})
}

// Delete removes the file of a message.
func (m *Mailbox) Delete(ctx context.Context, name string, id transport.ID) error {
	if m.opt.ReadOnly {
		return readOnly("delete")
	}
	return m.message(ctx, name, id, func(f *folder, s *message) error {
		path := filepath.Join(f.path, s.sub, s.file())
		if err := f.fs.remove(path); err != nil {
			return err
		}
		return f.fs.syncDir(filepath.Dir(path))
	})
}
