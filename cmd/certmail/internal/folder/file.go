package folder

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"sync/atomic"
)

// File is the bytes of one message. It is safe for concurrent reads; close it.
type File struct {
	*io.SectionReader
	source *source
	closed atomic.Bool
}

// Close lets go of the file. Closing twice does nothing.
func (f *File) Close() error {
	if f.closed.Swap(true) {
		return nil
	}
	return f.source.release()
}

// section is another handle on a range of the same file.
func (f *File) section(start, end int64) *File {
	f.source.users.Add(1)
	return &File{SectionReader: io.NewSectionReader(f.source, start, end-start), source: f.source}
}

// source is an open file, or memory, closed when its last user lets go of it.
type source struct {
	io.ReaderAt
	users  atomic.Int64
	end    func() error
	origin *origin // nil for what can be read only once
}

func (s *source) release() error {
	if s.users.Add(-1) == 0 && s.end != nil {
		return s.end()
	}
	return nil
}

func newFile(r io.ReaderAt, size int64, end func() error) *File {
	s := &source{ReaderAt: r, end: end}
	s.users.Store(1)
	return &File{SectionReader: io.NewSectionReader(s, 0, size), source: s}
}

// fileOf takes f over: it is closed on error.
func fileOf(f *os.File) (*File, error) {
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%s: not a regular file", f.Name())
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	opened := newFile(f, info.Size(), f.Close)
	opened.source.origin = &origin{path: f.Name(), info: info}
	return opened, nil
}

// spoolMemory is how much of a stream is kept in memory; a longer one goes to a
// temporary file.
const spoolMemory = 1 << 20

// spool reads r to its end.
func spool(r io.Reader) (*File, error) {
	var head bytes.Buffer
	switch n, err := io.CopyN(&head, r, spoolMemory); {
	case errors.Is(err, io.EOF):
		return newFile(bytes.NewReader(head.Bytes()), n, nil), nil
	case err != nil:
		return nil, err
	}
	f, end, err := temporary()
	if err != nil {
		return nil, err
	}
	size, err := io.Copy(f, io.MultiReader(&head, r))
	if err != nil {
		return nil, errors.Join(err, end())
	}
	return newFile(f, size, end), nil
}

// temporary makes a file that is gone when the program is: where the system
// allows it the name is removed at once, elsewhere when end is called.
func temporary() (f *os.File, end func() error, err error) {
	f, err = os.CreateTemp("", "certmail-*")
	if err != nil {
		return nil, nil, err
	}
	if os.Remove(f.Name()) == nil {
		return f, f.Close, nil
	}
	return f, func() error { return errors.Join(f.Close(), os.Remove(f.Name())) }, nil
}
