package archive

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
)

// KeepOptions are the choices of Keep.
type KeepOptions struct {
	// Capture is what messages are captured with; its FirstSeen is replaced by
	// the Date of a message that has one, its Origin.UIDL by the name.
	Capture CaptureOptions
	// Package are those of each package; Format must be one that is a file, Zip
	// when empty.
	Package Options
	// Workers work at the same time; 1 when 0. The source of the messages is
	// asked by one at a time, and each Source may be read by another goroutine.
	Workers int
	// Done, if not nil, is told of each message; one call at a time. An error
	// ends the run.
	Done func(Kept) error
}

// Kept is what became of one message.
type Kept struct {
	Mail *Mail
	Item *Item
	// Path is that of the package below the folder, with slashes; Known tells
	// that it was there already.
	Path  string
	Known bool
}

// Keep archives a mailbox of any size, message by message, in memory that does
// not grow with it: a package for each message, in a folder for each
// transaction. It is made for runs that are repeated (every night) and may be
// interrupted: what is there is passed over. Gather puts a transaction together
// when it is complete.
func Keep(ctx context.Context, dir string, messages iter.Seq2[*Mail, error], o *KeepOptions) error {
	if o == nil {
		return fmt.Errorf("%w: KeepOptions are needed", ErrItem)
	}
	opt := *o
	if opt.Package.Format == "" {
		opt.Package.Format = Zip
	}
	if !opt.Package.Format.File() {
		return fmt.Errorf("%w: %s is no file", ErrFormat, opt.Package.Format)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("archive: keep: %w", err)
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	jobs := make(chan *Mail)
	var workers sync.WaitGroup
	var telling sync.Mutex
	for range max(opt.Workers, 1) {
		workers.Go(func() {
			for m := range jobs {
				kept, err := keep(ctx, dir, m, &opt)
				if err == nil && opt.Done != nil {
					telling.Lock()
					err = opt.Done(kept)
					telling.Unlock()
				}
				if err != nil {
					cancel(err)
				}
			}
		})
	}
	for m, err := range messages {
		if err != nil {
			cancel(err)
			break
		}
		select {
		case jobs <- m:
		case <-ctx.Done():
		}
		if ctx.Err() != nil {
			break
		}
	}
	close(jobs)
	workers.Wait()
	return context.Cause(ctx)
}

// keep archives one message.
func keep(ctx context.Context, dir string, m *Mail, o *KeepOptions) (Kept, error) {
	k := Kept{Mail: m}
	c := o.Capture
	if !m.Date.IsZero() {
		c.FirstSeen = m.Date
	}
	if c.Origin.UIDL == "" {
		c.Origin.UIDL = m.Name
	}
	var err error
	if k.Item, err = Capture(ctx, m.Source, m.Source.Size(), &c); err != nil {
		return k, fmt.Errorf("%s: %w", m.Name, err)
	}
	folder := TransactionFolder(k.Item)
	path := filepath.Join(dir, filepath.FromSlash(folder))
	if _, err := os.Lstat(path); err != nil {
		if err := os.MkdirAll(path, 0o700); err != nil {
			return k, fmt.Errorf("archive: keep: %w", err)
		}
		for _, parent := range [...]string{filepath.Dir(path), dir} {
			if err := syncPath(parent); err != nil {
				return k, fmt.Errorf("archive: keep: %w", err)
			}
		}
	}
	k.Path = folder + "/" + k.Item.Name + o.Package.Format.Ext()
	t := &Transaction{ID: k.Item.Key(), Items: []*Item{k.Item}}
	switch err := Write(ctx, filepath.Join(dir, filepath.FromSlash(k.Path)), t, &o.Package); {
	case errors.Is(err, fs.ErrExist):
		k.Known = true
	case err != nil:
		return k, fmt.Errorf("%s: %w", m.Name, err)
	}
	return k, nil
}

// TransactionFolder is the folder, below that of Keep, of the transaction that
// an item belongs to.
func TransactionFolder(it *Item) string {
	sum := sha256.Sum256([]byte(it.Key()))
	name := hex.EncodeToString(sum[:16])
	return name[:2] + "/" + name[2:]
}

func syncPath(dir string) error {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	return syncFolder(root, ".")
}

// Gathered is a transaction out of several packages, which stay open until
// Close.
type Gathered struct {
	*Transaction
	Packages []*Package
}

// Close closes the packages.
func (g *Gathered) Close() error {
	var errs []error
	for _, p := range g.Packages {
		errs = append(errs, p.Close())
	}
	return errors.Join(errs...)
}

// Gather puts the packages in a folder of Keep together, to be written as one.
// Nothing is verified: verify the package that comes of it.
func Gather(ctx context.Context, dir string, lim *Limits) (*Gathered, error) {
	list, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("archive: gather: %w", err)
	}
	g := &Gathered{Transaction: new(Transaction)}
	slices.SortFunc(list, func(a, b os.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	for _, e := range list {
		if strings.HasPrefix(e.Name(), ".") {
			continue // what a crash left
		}
		p, err := Open(ctx, filepath.Join(dir, e.Name()), lim)
		if err != nil {
			return nil, errors.Join(err, g.Close())
		}
		g.Packages = append(g.Packages, p)
		if g.ID == "" {
			g.ID = p.Transaction.ID
		}
		g.Items = append(g.Items, p.Transaction.Items...)
	}
	return g, nil
}
