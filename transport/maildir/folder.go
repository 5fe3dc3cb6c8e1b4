package maildir

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/certmail/certmail/transport"
)

// folder is one that was opened.
type folder struct {
	*Mailbox
	path              string
	listPath, listDir string
	lock              chan struct{} // holds a value while somebody works on it

	list     list
	volatile error // why the list is kept in memory alone
	gen      uint32
	seen     state
	infos    map[string]string
}

// state is when the directories were read, and their times before that.
type state struct {
	at       time.Time
	new, cur time.Time
}

// racy is how long behind its time a directory may still change without another
// time: file systems count it in up to 2 s.
const racy = 3 * time.Second

// trusts tells whether nothing can have happened since the last scan.
func (s state) trusts(now state) bool {
	return s.new.Equal(now.new) && s.cur.Equal(now.cur) && now.at.Sub(s.at) < time.Minute && s.new.Before(s.at.Add(-racy)) && s.cur.Before(s.at.Add(-racy))
}

func (f *folder) acquire(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case f.lock <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (f *folder) release() { <-f.lock }

// sync brings the list and the directories together. When it returns, every
// message of the list was seen, and every file is in the list.
func (f *folder) sync(ctx context.Context) error {
	if err := f.reload(); err != nil {
		return err
	}
	for range 20 {
		now := state{at: time.Now()}
		for sub, at := range map[string]*time.Time{"new": &now.new, "cur": &now.cur} {
			st, err := f.fs.stat(filepath.Join(f.path, sub))
			if err != nil {
				return f.trouble(err)
			}
			*at = st.ModTime()
		}
		if !f.list.fresh && f.seen.trusts(now) {
			return nil
		}
		done, err := f.scan(ctx)
		if err != nil {
			return err
		}
		if done {
			f.seen = now
			return nil
		}
	}
	return fmt.Errorf("maildir: %s: %w", f.path, ErrBusy)
}

// trouble says that the folder is not there, when that is what happened.
func (f *folder) trouble(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("maildir: %s: %w", f.path, transport.ErrNotFound)
	}
	return fmt.Errorf("maildir: %w", err)
}

// scan reads the directories once, and numbers what is new. It is done when
// the list and the directories agree. A file that is renamed in the meantime
// may not be seen: only what two scans miss is gone.
func (f *folder) scan(ctx context.Context) (done bool, err error) {
	f.gen++
	f.list.fresh = false
	added := map[string]*message{}
	// new first: from there messages go to cur.
	for _, sub := range []string{"new", "cur"} {
		if err := f.readDir(ctx, sub, added); err != nil {
			f.list.fresh = true
			return false, err
		}
	}
	var lines []string
	done = true
	for _, m := range f.list.order {
		if m.gone || m.gen == f.gen {
			continue
		}
		done = false
		if m.missed++; m.missed > 1 {
			lines = append(lines, f.list.removing(m.uid))
		}
	}
	for _, m := range f.inOrder(added) {
		lines = append(lines, f.list.adding(m.key))
	}
	if len(lines) == 0 {
		f.list.fresh = !done
		return done, nil
	}
	validity := f.list.validity
	if err := f.commit(lines); err != nil {
		f.list.fresh = true
		return false, err
	}
	done = f.list.validity == validity
	for _, m := range f.list.order {
		if a := added[m.key]; a != nil && !m.gone {
			m.sub, m.info, m.gen, m.missed = a.sub, a.info, f.gen, 0
		}
		done = done && (m.gone || m.gen == f.gen)
	}
	f.list.fresh = !done
	return done, nil
}

// readDir notes where messages are, and adds those that are not in the list.
func (f *folder) readDir(ctx context.Context, sub string, added map[string]*message) error {
	dir, err := f.fs.open(filepath.Join(f.path, sub), os.O_RDONLY)
	if err != nil {
		return f.trouble(err)
	}
	defer dir.Close()
	for {
		entries, err := dir.ReadDir(1000)
		for _, e := range entries {
			if name := e.Name(); name[0] != '.' && e.Type().IsRegular() {
				f.note(sub, name, added)
			}
		}
		switch {
		case len(f.list.live)+len(added) > f.opt.MaxMessages:
			return fmt.Errorf("maildir: %s: %w: more than %d", f.path, ErrTooMany, f.opt.MaxMessages)
		case err == io.EOF:
			return nil
		case err != nil:
			return f.trouble(err)
		case ctx.Err() != nil:
			return ctx.Err()
		}
	}
}

// note says where a file was seen.
func (f *folder) note(sub, name string, added map[string]*message) {
	key, info := splitName(name, f.opt.Separator)
	if f.list.twins && f.list.live[sub+"/"+name] != nil {
		key, info = sub+"/"+name, ""
	}
	for {
		m := f.list.live[key]
		if m == nil {
			if m = added[key]; m == nil {
				m = &message{key: strings.Clone(key)}
				added[m.key] = m
			}
		}
		if m.gen != f.gen || m.sub == sub && m.file() == name || !f.there(m.sub, m.file()) {
			m.sub, m.info, m.gen, m.missed = sub, f.intern(info), f.gen, 0
			return
		}
		// Two files of one name: either it was renamed while we looked, or
		// they are two messages, and the one that was seen first keeps the
		// name.
		if !f.there(sub, name) {
			return
		}
		key, info = sub+"/"+name, ""
	}
}

func (f *folder) there(sub, name string) bool {
	_, err := f.fs.stat(filepath.Join(f.path, sub, name))
	return err == nil
}

// intern keeps one copy of each info, most are the same few.
func (f *folder) intern(info string) string {
	if info == "" {
		return ""
	}
	if known, ok := f.infos[info]; ok {
		return known
	}
	info = strings.Clone(info)
	if len(f.infos) < 1000 {
		f.infos[info] = info
	}
	return info
}

// inOrder sorts what was found at once by the times in the names, else by the
// times of the files.
func (f *folder) inOrder(added map[string]*message) []*message {
	type timed struct {
		*message
		at time.Time
	}
	all := make([]timed, 0, len(added))
	for _, m := range added {
		at, ok := nameTime(m.file())
		if !ok {
			if st, err := f.fs.stat(filepath.Join(f.path, m.sub, m.file())); err == nil {
				at = st.ModTime()
			}
		}
		all = append(all, timed{m, at})
	}
	slices.SortFunc(all, func(a, b timed) int { return cmp.Or(a.at.Compare(b.at), strings.Compare(a.key, b.key)) })
	sorted := make([]*message, len(all))
	for i := range all {
		sorted[i] = all[i].message
	}
	return sorted
}

// find finds a message by its ID.
func (f *folder) find(id transport.ID) (*message, error) {
	uid, err := f.list.number(string(id))
	if err != nil {
		return nil, err
	}
	if i, found := f.list.search(uid); found && !f.list.order[i].gone {
		return f.list.order[i], nil
	}
	return nil, fmt.Errorf("maildir: %s: message %s: %w", f.path, id, transport.ErrNotFound)
}

// behind returns what came behind a cursor.
func (f *folder) behind(since transport.Cursor) ([]*message, error) {
	if since == "" {
		return f.list.order, nil
	}
	uid, err := f.list.number(string(since))
	if err != nil {
		return nil, err
	}
	i, found := f.list.search(uid)
	if found {
		i++
	}
	return f.list.order[i:], nil
}
