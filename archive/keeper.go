package archive

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"sync"
)

// keeper is a run of Keep: workers capture messages and write packages under
// temporary names, and what they have ready is made durable together.
type keeper struct {
	dir     string
	o       *KeepOptions
	telling sync.Mutex // Done is called by one at a time
	mu      sync.Mutex
	settled map[string]bool // folders that are durable in the ones above
}

// Packages are made durable so many at a time, which a file system does at about
// the price of one, while the next ones are being written. It also bounds the
// files that are open.
const (
	maxTogether = 32
	committers  = 2
)

// pending is a message whose package was written and is not durable.
type pending struct {
	Kept
	folder string
	part   *partFile // nil when it is known
	err    error
}

func (k *keeper) run(ctx context.Context, messages iter.Seq2[*Mail, error]) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	mail, written := make(chan *Mail), make(chan *pending, maxTogether)
	var workers, committer sync.WaitGroup
	for range max(k.o.Workers, 1) {
		workers.Go(func() {
			for m := range mail {
				p, err := k.prepare(ctx, m)
				if err != nil {
					cancel(err)
					continue
				}
				written <- p
			}
		})
	}
	for range committers {
		committer.Go(func() {
			for p := range written {
				if err := k.commit(ctx, more(p, written)); err != nil {
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
		case mail <- m:
		case <-ctx.Done():
		}
		if ctx.Err() != nil {
			break
		}
	}
	close(mail)
	workers.Wait()
	close(written)
	committer.Wait()
	return context.Cause(ctx)
}

// more takes what else is ready.
func more(first *pending, written <-chan *pending) []*pending {
	batch := []*pending{first}
	for len(batch) < maxTogether {
		select {
		case p, ok := <-written:
			if !ok {
				return batch
			}
			batch = append(batch, p)
		default:
			return batch
		}
	}
	return batch
}

// prepare captures a message and writes its package under a temporary name.
func (k *keeper) prepare(ctx context.Context, m *Mail) (*pending, error) {
	p := &pending{Kept: Kept{Mail: m}}
	c := k.o.Capture
	if !m.Date.IsZero() {
		c.FirstSeen = m.Date
	}
	if c.Origin.UIDL == "" {
		c.Origin.UIDL = m.Name
	}
	var err error
	if p.Item, err = Capture(ctx, m.Source, m.Source.Size(), &c); err != nil {
		return nil, fmt.Errorf("%s: %w", m.Name, err)
	}
	folder := TransactionFolder(p.Item)
	p.folder = filepath.Join(k.dir, filepath.FromSlash(folder))
	if err := os.MkdirAll(p.folder, 0o700); err != nil {
		return nil, fmt.Errorf("archive: keep: %w", err)
	}
	p.Path = folder + "/" + p.Item.Name + k.o.Package.Format.Ext()
	t := &Transaction{ID: p.Item.Key(), Items: []*Item{p.Item}}
	p.part, err = begin(ctx, filepath.Join(k.dir, filepath.FromSlash(p.Path)), t, &k.o.Package)
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, fmt.Errorf("%s: %w", m.Name, err)
	}
	p.Known = err != nil
	return p, nil
}

// commit makes packages durable, gives them their names, makes these durable
// with the folders that lead to them, whoever made them, and only then tells.
func (k *keeper) commit(ctx context.Context, batch []*pending) error {
	defer func() {
		for _, p := range batch {
			if p.part != nil {
				p.part.close()
			}
		}
	}()
	if ctx.Err() != nil {
		return nil // another one failed: nothing more gets a name
	}
	together(batch, func(p *pending) {
		if p.part != nil {
			p.err = p.part.sync()
		}
	})
	var folders []*pending // one for each
	seen := map[string]bool{}
	for _, p := range batch {
		if p.part != nil && p.err == nil {
			if p.err = p.part.name(); errors.Is(p.err, fs.ErrExist) {
				p.Known, p.err = true, nil
			}
		}
		if !seen[p.folder] {
			seen[p.folder] = true
			folders = append(folders, &pending{folder: p.folder})
		}
	}
	// Known ones, too: a run that was interrupted may have named them just now.
	together(folders, func(p *pending) {
		if p.err = syncPath(p.folder); p.err == nil {
			p.err = k.settle(p.folder)
		}
	})
	for _, p := range append(folders, batch...) {
		if p.err != nil {
			return fmt.Errorf("archive: keep: %w", p.err)
		}
	}
	if k.o.Done == nil {
		return nil
	}
	k.telling.Lock()
	defer k.telling.Unlock()
	for _, p := range batch {
		if err := k.o.Done(p.Kept); err != nil {
			return err
		}
	}
	return nil
}

// together calls do for all at the same time.
func together(batch []*pending, do func(*pending)) {
	var all sync.WaitGroup
	for _, p := range batch[1:] {
		all.Go(func() { do(p) })
	}
	do(batch[0])
	all.Wait()
}
