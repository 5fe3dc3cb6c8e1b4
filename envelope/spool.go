package envelope

import (
	"bytes"
	"fmt"
	"io"
	"os"
)

// spool is a plain reader made readable at any offset: in memory up to a
// limit, in a temporary file beyond it.
type spool struct {
	mem  []byte
	file *os.File
	size int64
}

// newSpool reads r to its end. The file, if one is made, is removed at once
// where the system allows it, and by close in any case.
func newSpool(r io.Reader, opt Options) (*spool, error) {
	var head bytes.Buffer
	n, err := io.Copy(&head, io.LimitReader(r, int64(opt.SpoolMemory)+1))
	if err != nil {
		return nil, sourceError("source", n, err)
	}
	if n <= int64(opt.SpoolMemory) {
		return &spool{mem: head.Bytes(), size: n}, nil
	}
	f, err := os.CreateTemp(opt.SpoolDir, "certmail-*.spool")
	if err != nil {
		return nil, &Error{Where: "spool", Offset: -1, Err: err}
	}
	s := &spool{file: f}
	_ = os.Remove(f.Name()) // an open file outlives its name on Unix
	s.size, err = io.Copy(f, io.MultiReader(&head, io.LimitReader(r, opt.MaxMessage-n+1)))
	if err == nil && s.size > opt.MaxMessage {
		err = fmt.Errorf("%w: more than %d bytes", ErrTooLarge, opt.MaxMessage)
	}
	if err != nil {
		_ = s.close()
		return nil, &Error{Where: "spool", Offset: s.size, Err: err}
	}
	return s, nil
}

func (s *spool) readerAt() io.ReaderAt {
	if s.file != nil {
		return s.file
	}
	return bytes.NewReader(s.mem)
}

func (s *spool) close() error {
	if s.file == nil {
		return nil
	}
	err := s.file.Close()
	if rerr := os.Remove(s.file.Name()); rerr != nil && !os.IsNotExist(rerr) && err == nil {
		err = rerr
	}
	return err
}
