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
	// Done, if not nil, is told of each message when its package is durable; one
	// call at a time. An error ends the run.
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
	dir = filepath.Clean(dir)
	if err := makeFolder(dir); err != nil {
		return fmt.Errorf("archive: keep: %w", err)
	}
	k := &keeper{dir: dir, o: &opt, settled: map[string]bool{}}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	jobs := make(chan *Mail)
	var workers sync.WaitGroup
	var telling sync.Mutex
	for range max(opt.Workers, 1) {
		workers.Go(func() {
			for m := range jobs {
				kept, err := k.keep(ctx, m)
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

// keeper is a run of Keep.
type keeper struct {
	dir     string
	o       *KeepOptions
	mu      sync.Mutex
	settled map[string]bool // folders that are durable in the ones above
}

// keep archives one message. When it returns, the package and the folders that
// lead to it are durable, whoever made them.
func (k *keeper) keep(ctx context.Context, m *Mail) (Kept, error) {
	kept := Kept{Mail: m}
	c := k.o.Capture
	if !m.Date.IsZero() {
		c.FirstSeen = m.Date
	}
	if c.Origin.UIDL == "" {
		c.Origin.UIDL = m.Name
	}
	var err error
	if kept.Item, err = Capture(ctx, m.Source, m.Source.Size(), &c); err != nil {
		return kept, fmt.Errorf("%s: %w", m.Name, err)
	}
	folder := TransactionFolder(kept.Item)
	path := filepath.Join(k.dir, filepath.FromSlash(folder))
	if err := os.MkdirAll(path, 0o700); err != nil {
		return kept, fmt.Errorf("archive: keep: %w", err)
	}
	kept.Path = folder + "/" + kept.Item.Name + k.o.Package.Format.Ext()
	t := &Transaction{ID: kept.Item.Key(), Items: []*Item{kept.Item}}
	switch err := Write(ctx, filepath.Join(k.dir, filepath.FromSlash(kept.Path)), t, &k.o.Package); {
	case errors.Is(err, fs.ErrExist):
		kept.Known = true
		// A run that was interrupted may have given the name a moment ago.
		if err := syncPath(path); err != nil {
			return kept, fmt.Errorf("archive: keep: %w", err)
		}
	case err != nil:
		return kept, fmt.Errorf("%s: %w", m.Name, err)
	}
	if err := k.settle(path); err != nil {
		return kept, fmt.Errorf("archive: keep: %w", err)
	}
	return kept, nil
}

// maxSettled bounds how many folders are remembered.
const maxSettled = 4096

// settle makes a folder durable in those above it, once in a run. Not before
// something was written into it: then the file system has mostly done it.
func (k *keeper) settle(path string) error {
	if path == k.dir {
		return nil
	}
	k.mu.Lock()
	done := k.settled[path]
	k.mu.Unlock()
	if done {
		return nil
	}
	above := filepath.Dir(path)
	if err := k.settle(above); err != nil {
		return err
	}
	if err := syncPath(above); err != nil {
		return err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.settled) >= maxSettled {
		clear(k.settled)
	}
	k.settled[path] = true
	return nil
}

// makeFolder makes a folder, and those above it, durably.
func makeFolder(dir string) error {
	var made []string
	for at := dir; ; at = filepath.Dir(at) {
		if _, err := os.Lstat(at); !errors.Is(err, fs.ErrNotExist) {
			break
		}
		made = append(made, at)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	for _, at := range made {
		if err := syncPath(filepath.Dir(at)); err != nil {
			return err
		}
	}
	return nil
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
