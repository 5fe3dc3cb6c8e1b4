package maildir

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"runtime"
	"time"
)

// fsys is what is needed of a file system, so that tests can cut it off at
// every step.
type fsys interface {
	open(name string, flag int) (file, error)
	stat(name string) (fs.FileInfo, error) // of a link itself
	rename(from, to string) error
	link(from, to string) error // fails when there is one
	remove(name string) error
	mkdir(name string) error
	chtimes(name string, at time.Time) error
	syncDir(name string) error
}

type file interface {
	io.Reader
	io.ReaderAt
	io.WriteCloser
	Sync() error
	Stat() (fs.FileInfo, error)
	ReadDir(n int) ([]fs.DirEntry, error)
}

// disk is the real one.
type disk struct{}

func (disk) open(name string, flag int) (file, error) {
	f, err := os.OpenFile(name, flag, 0o600)
	if err != nil {
		return nil, err // not a nil *os.File in an interface
	}
	return f, nil
}

func (disk) stat(name string) (fs.FileInfo, error)   { return os.Lstat(name) }
func (disk) rename(from, to string) error            { return os.Rename(from, to) }
func (disk) link(from, to string) error              { return os.Link(from, to) }
func (disk) remove(name string) error                { return os.Remove(name) }
func (disk) mkdir(name string) error                 { return os.Mkdir(name, 0o700) }
func (disk) chtimes(name string, at time.Time) error { return os.Chtimes(name, at, at) }

// syncDir makes what was renamed in a directory durable. Windows has no such
// thing.
func (disk) syncDir(name string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	d, err := os.Open(name)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
