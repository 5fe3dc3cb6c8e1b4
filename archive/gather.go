package archive

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

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
