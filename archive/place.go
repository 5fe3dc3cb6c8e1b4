package archive

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"time"
)

// place is where a package is to be: it comes to be there at once or not at
// all.
type place struct {
	dir, base string
	root      *os.Root
}

// newPlace opens the folder of a package, refuses a name that is taken, and
// removes what earlier runs left of the same package.
func newPlace(name string, age time.Duration) (*place, error) {
	dir, base := filepath.Split(name)
	if dir == "" {
		dir = "."
	}
	if base == "" || base == "." || base == ".." {
		return nil, fmt.Errorf("%w: %q is no name for a package", ErrFormat, name)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("archive: %w", err)
	}
	p := &place{dir: dir, base: base, root: root}
	if _, err := root.Lstat(base); err == nil {
		root.Close()
		return nil, fmt.Errorf("archive: %s: %w", base, fs.ErrExist)
	} else if !errors.Is(err, fs.ErrNotExist) {
		root.Close()
		return nil, fmt.Errorf("archive: %w", err)
	}
	p.sweep(age)
	return p, nil
}

// temp is a temporary name of this package. The names are numbered, so that
// those of earlier runs are found without reading a folder of any size.
func (p *place) temp(n int) string { return fmt.Sprintf(".%s.part-%d", p.base, n) }

const (
	maxTemps = 1000 // runs that were interrupted, or go on at the same time
	tempGap  = 4    // so many free names in a row end the search
)

// sweep removes what interrupted runs left, if nobody has touched it for a
// while. Failing to is no reason not to go on.
func (p *place) sweep(age time.Duration) {
	for n, free := 0, 0; n < maxTemps && free < tempGap; n++ {
		info, err := p.root.Lstat(p.temp(n))
		if err != nil {
			free++
			continue
		}
		free = 0
		if age < 0 || time.Since(info.ModTime()) > age {
			_ = p.root.RemoveAll(p.temp(n))
		}
	}
}

// claim makes something under the first temporary name that is free.
func (p *place) claim(create func(name string) error) (string, error) {
	for n := range maxTemps {
		err := create(p.temp(n))
		if !errors.Is(err, fs.ErrExist) {
			return p.temp(n), err
		}
	}
	return "", fmt.Errorf("%w: %d temporary names of %s are taken", fs.ErrExist, maxTemps, p.base)
}

// file makes a package that is one file.
func (p *place) file(write func(io.Writer) error) error {
	f, err := p.begin(write)
	if err != nil {
		return err
	}
	defer f.close()
	if err := f.sync(); err != nil {
		return err
	}
	if err := f.name(); err != nil {
		return err
	}
	return syncFolder(p.root, ".")
}

// partFile is a package that is one file, written under its temporary name. It is
// to be synced, then named, then the folder synced, and closed in any case.
type partFile struct {
	*place
	temp  string
	file  *os.File
	named bool
}

// begin writes a file under a temporary name, and closes the place if it fails.
func (p *place) begin(write func(io.Writer) error) (*partFile, error) {
	f := &partFile{place: p}
	var err error
	f.temp, err = p.claim(func(name string) (err error) {
		f.file, err = p.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		return err
	})
	if err != nil {
		p.root.Close()
		return nil, err
	}
	if err := write(f.file); err != nil {
		f.close()
		return nil, err
	}
	return f, nil
}

// sync makes the bytes durable.
func (f *partFile) sync() error {
	err := f.file.Sync()
	if e := f.file.Close(); err == nil {
		err = e
	}
	f.file = nil
	return err
}

// name gives the final name, or fs.ErrExist.
func (f *partFile) name() error {
	// A link, unlike a rename, never takes the place of another file.
	switch err := f.root.Link(f.temp, f.base); {
	case err == nil:
		_ = f.root.Remove(f.temp)
	case errors.Is(err, fs.ErrExist):
		return err
	default: // no links here
		if err := f.rename(f.temp); err != nil {
			return err
		}
	}
	f.named = true
	return nil
}

// close removes what there is under the temporary name.
func (f *partFile) close() {
	if f.file != nil {
		f.file.Close()
	}
	if !f.named {
		_ = f.root.Remove(f.temp)
	}
	f.root.Close()
}

// folder makes a package that is a folder.
func (p *place) folder(write func(*os.Root) error) (err error) {
	defer p.root.Close()
	temp, err := p.claim(func(name string) error { return p.root.Mkdir(name, 0o700) })
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = p.root.RemoveAll(temp)
		}
	}()
	root, err := p.root.OpenRoot(temp)
	if err != nil {
		return err
	}
	err = write(root)
	if e := root.Close(); err == nil {
		err = e
	}
	if err != nil {
		return err
	}
	if err := p.rename(temp); err != nil {
		return err
	}
	return syncFolder(p.root, ".")
}

// rename gives the final name. Where another process was faster, a folder with
// something in it does not give way, and a file is looked for.
func (p *place) rename(temp string) error {
	if _, err := p.root.Lstat(p.base); err == nil {
		return fs.ErrExist
	}
	if err := p.root.Rename(temp, p.base); err != nil {
		if _, e := p.root.Lstat(p.base); e == nil {
			return fs.ErrExist
		}
		return err
	}
	return nil
}

// syncFolder makes the entries of a folder durable. Windows has no such call
// and needs none.
func syncFolder(root *os.Root, dir string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	d, err := root.Open(dir)
	if err != nil {
		return err
	}
	err = d.Sync()
	if e := d.Close(); err == nil {
		err = e
	}
	return err
}
