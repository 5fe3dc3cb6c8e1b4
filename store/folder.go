package store

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"time"

	"github.com/certmail/certmail/receipt"
)

// FolderOptions are the settings of a Folder. Zero values stand for the
// defaults.
type FolderOptions struct {
	// TempAge is the age at which a temporary file that nobody writes to any
	// more is taken for the rest of a crash, and removed when the folder is
	// opened; the default is a day.
	TempAge time.Duration
}

// Folder keeps bytes in files named by their digest: ab/cdef… for the digest
// abcdef…, readable by the owner only. Several processes may use one folder. A
// file is written under tmp/ and gets its name when it is durable, so that
// there is never a part of one. Nothing is ever removed: that is up to the
// owner of the archive.
type Folder struct {
	root  *os.Root
	mu    sync.Mutex
	known [256]bool // subfolders that are there, durably
}

var _ Blobs = (*Folder)(nil)

const tempFolder = "tmp"

// NewFolder opens a folder, and makes it where there is none; its parent must
// be there. opt may be nil.
func NewFolder(dir string, opt *FolderOptions) (*Folder, error) {
	age := 24 * time.Hour
	if opt != nil && opt.TempAge > 0 {
		age = opt.TempAge
	}
	switch err := os.Mkdir(dir, 0o700); {
	case err == nil:
		if err := syncParent(dir); err != nil {
			return nil, fmt.Errorf("blob folder: %w", err)
		}
	case !errors.Is(err, fs.ErrExist):
		return nil, fmt.Errorf("blob folder: %w", err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("blob folder: %w", err)
	}
	f := &Folder{root: root}
	if err := f.prepare(age); err != nil {
		root.Close()
		return nil, fmt.Errorf("blob folder: %w", err)
	}
	return f, nil
}

func syncParent(dir string) error {
	d, err := os.Open(filepath.Dir(filepath.Clean(dir)))
	if err != nil {
		return err
	}
	return syncAndClose(d)
}

// syncAndClose makes the entries of a folder durable. Windows has no such call
// and needs none.
func syncAndClose(d *os.File) error {
	var err error
	if runtime.GOOS != "windows" {
		err = d.Sync()
	}
	return errors.Join(err, d.Close())
}

func (f *Folder) sync(dir string) error {
	d, err := f.root.Open(dir)
	if err != nil {
		return err
	}
	return syncAndClose(d)
}

// prepare makes the folder of temporary files, and removes old ones.
func (f *Folder) prepare(age time.Duration) error {
	if err := f.root.Mkdir(tempFolder, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	d, err := f.root.Open(tempFolder)
	if err != nil {
		return err
	}
	defer d.Close()
	for {
		list, err := d.ReadDir(256)
		for _, entry := range list {
			info, err := entry.Info()
			if err == nil && info.Mode().IsRegular() && time.Since(info.ModTime()) > age {
				_ = f.root.Remove(path.Join(tempFolder, entry.Name())) // another process may have been faster
			}
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// Close lets go of the folder.
func (f *Folder) Close() error { return f.root.Close() }

func nameOf(sum receipt.Digest) (dir, file string) {
	name := fmt.Sprintf("%x", sum[:])
	return name[:2], path.Join(name[:2], name[2:])
}

// Put implements Blobs. It keeps no more than a small buffer in memory.
func (f *Folder) Put(ctx context.Context, r io.Reader) (receipt.Digest, int64, error) {
	sum, size, err := f.put(ctx, r)
	if err != nil {
		return receipt.Digest{}, 0, fmt.Errorf("blob: %w", err)
	}
	return sum, size, nil
}

func (f *Folder) put(ctx context.Context, r io.Reader) (sum receipt.Digest, size int64, err error) {
	temp := path.Join(tempFolder, strings.ToLower(rand.Text()))
	file, err := f.root.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return sum, 0, err
	}
	placed := false
	defer func() {
		if !placed {
			file.Close()
			err = errors.Join(err, f.root.Remove(temp))
		}
	}()
	h := sha256.New()
	if size, err = io.Copy(io.MultiWriter(file, h), &cancelled{ctx, r}); err != nil {
		return sum, 0, err
	}
	h.Sum(sum[:0])
	dir, name := nameOf(sum)
	if err := f.subfolder(sum[0], dir); err != nil {
		return sum, 0, err
	}
	if f.holds(ctx, sum) {
		// Whoever put it may not have come to this yet.
		return sum, size, f.durable(dir, name)
	}
	if err := file.Sync(); err != nil {
		return sum, 0, err
	}
	if err := file.Close(); err != nil {
		return sum, 0, err
	}
	if err := f.root.Rename(temp, name); err != nil {
		return sum, 0, err
	}
	placed = true
	return sum, size, f.sync(dir)
}

// subfolder makes a subfolder, durably. Another process may have made it a
// moment ago, so it is made durable once by each.
func (f *Folder) subfolder(i byte, dir string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.known[i] {
		return nil
	}
	if err := f.root.Mkdir(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	if err := f.sync("."); err != nil {
		return err
	}
	f.known[i] = true
	return nil
}

// holds reports whether the bytes are there, and intact: what a disk spoilt is
// replaced by the next Put.
func (f *Folder) holds(ctx context.Context, sum receipt.Digest) bool {
	r, err := f.Open(ctx, sum)
	if err != nil {
		return false
	}
	defer r.Close()
	_, err = io.Copy(io.Discard, &cancelled{ctx, r})
	return err == nil
}

// durable makes a file that is there durable, and its name.
func (f *Folder) durable(dir, name string) error {
	file, err := f.root.OpenFile(name, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	return errors.Join(file.Sync(), file.Close(), f.sync(dir))
}

// Open implements Blobs.
func (f *Folder) Open(ctx context.Context, sum receipt.Digest) (io.ReadCloser, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	_, name := nameOf(sum)
	file, err := f.root.Open(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("blob %x: %w", sum[:], ErrNotFound)
	case err != nil:
		return nil, fmt.Errorf("blob %x: %w", sum[:], err)
	}
	return Verified(file, sum), nil
}
