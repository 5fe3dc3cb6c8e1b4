// Package folder turns the arguments of a command line into messages: a file is
// one message, or all of an mbox; "-" is standard input; a folder is every
// message in it, whether .eml files, a Maildir or mbox files, at any depth.
//
// Nothing is read whole: a message is opened as an [io.ReaderAt] when it is
// asked for, and a folder of any size costs the memory of one listing.
package folder

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// Trouble that is not the operating system's.
var (
	// ErrSymlink is met where a folder holds a symbolic link named like a
	// message. Links inside folders are not followed: they lead out, or in
	// circles. A link named on the command line is.
	ErrSymlink = errors.New("a symbolic link inside a folder is not followed")
	// ErrNoMessages is met for a folder in which nothing looks like a message.
	ErrNoMessages = errors.New("no message in this folder")
	// ErrStdinTwice is met when "-" is given more than once.
	ErrStdinTwice = errors.New("standard input can be read only once")
	// ErrTooDeep is met where folders are nested more than 64 deep.
	ErrTooDeep = errors.New("folders nested too deep")
)

// OpenError is a path named by the user that cannot be opened: a mistake in the
// command, not a fault of a message.
type OpenError struct {
	Path string
	Err  error
}

// Error names the path and the reason.
func (e *OpenError) Error() string {
	var p *os.PathError
	if errors.As(e.Err, &p) && p.Path == e.Path {
		return e.Path + ": " + p.Err.Error()
	}
	return e.Path + ": " + e.Err.Error()
}

// Unwrap returns the reason.
func (e *OpenError) Unwrap() error { return e.Err }

// Message is one message found, or a place where one could not be read.
type Message struct {
	// Name is the path as given, or the path inside the folder given; the Nth
	// message of an mbox is FILE#N, counted from 1. Standard input is "-".
	Name string
	// Err is why nothing can be opened here: an unreadable file or folder, say.
	Err error
	// Quoted says that the message comes from an mbox and has lines that begin
	// with ">From ". Open takes one ">" off each, as mboxrd defines and as mboxo
	// nearly always means; OpenVerbatim leaves them. With a signed message the
	// signature tells which was right.
	Quoted bool

	in         *File
	start, end int64 // of the message in it
}

// Open opens the message. It must be called before the visit of the message
// returns; what it gives lives on until it is closed, so that a visit may hand
// it to another goroutine.
func (m *Message) Open() (*File, error) {
	if m.Err != nil {
		return nil, m.Err
	}
	return open(m.in, m.start, m.end, m.Quoted)
}

// OpenVerbatim is Open with the bytes of an mbox as they are stored.
func (m *Message) OpenVerbatim() (*File, error) {
	if m.Err != nil {
		return nil, m.Err
	}
	return open(m.in, m.start, m.end, false)
}

func open(in *File, start, end int64, quoted bool) (*File, error) {
	if quoted {
		return spool(&unquoter{in: bufio.NewReader(io.NewSectionReader(in, start, end-start))})
	}
	return in.section(start, end), nil
}

// Walk visits the messages of the paths, in the order of the paths, and inside
// a folder in the order of the sorted names. stdin is what "-" stands for.
//
// Before the first visit every path is tried: those that cannot be opened come
// back as errors that hold an [*OpenError] each, and nothing is visited. What
// cannot be read inside a folder is visited as a Message with Err set, and the
// walk goes on. An error of visit ends the walk and is returned as it is.
func Walk(paths []string, stdin io.Reader, visit func(Message) error) error {
	if err := try(paths); err != nil {
		return err
	}
	for _, name := range paths {
		if err := walkPath(name, stdin, visit); err != nil {
			return err
		}
	}
	return nil
}

func try(paths []string) error {
	var errs []error
	stdins := 0
	for _, name := range paths {
		var err error
		if name == "-" {
			if stdins++; stdins == 2 {
				err = ErrStdinTwice
			}
		} else {
			err = tryPath(name)
		}
		if err != nil {
			errs = append(errs, &OpenError{Path: name, Err: err})
		}
	}
	return errors.Join(errs...)
}

func tryPath(name string) error {
	info, err := os.Stat(name)
	if err != nil || !info.Mode().IsRegular() && !info.IsDir() {
		return err // a pipe is read once, when its turn comes
	}
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	return f.Close()
}

func walkPath(name string, stdin io.Reader, visit func(Message) error) error {
	if name == "-" {
		return walkStream(name, stdin, visit)
	}
	info, err := os.Stat(name)
	if err != nil {
		return &OpenError{Path: name, Err: err}
	}
	if info.IsDir() {
		return walkFolder(name, visit)
	}
	f, err := os.Open(name)
	if err != nil {
		return &OpenError{Path: name, Err: err}
	}
	if !info.Mode().IsRegular() {
		defer f.Close()
		return walkStream(name, f, visit)
	}
	return walkFile(name, f, beginsMbox, visit)
}

// walkStream spools what can be read only once.
func walkStream(name string, r io.Reader, visit func(Message) error) error {
	f, err := spool(r)
	if err != nil {
		return visit(Message{Name: name, Err: fmt.Errorf("reading %s: %w", name, err)})
	}
	return walkOpened(name, f, beginsMbox, visit)
}

func walkFile(name string, f *os.File, isMbox func(head []byte) bool, visit func(Message) error) error {
	opened, err := fileOf(f)
	if err != nil {
		return visit(Message{Name: name, Err: err})
	}
	return walkOpened(name, opened, isMbox, visit)
}

// walkOpened visits the message or the mbox in f, and lets go of f.
func walkOpened(name string, f *File, isMbox func(head []byte) bool, visit func(Message) error) error {
	defer f.Close()
	head := make([]byte, 1024)
	n, err := f.ReadAt(head, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return visit(Message{Name: name, Err: err})
	}
	if isMbox(head[:n]) {
		return walkMbox(name, f, visit)
	}
	return visit(Message{Name: name, in: f, end: f.Size()})
}

func join(folder, rel string) string { return filepath.Join(folder, filepath.FromSlash(rel)) }
