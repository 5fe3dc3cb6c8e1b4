package folder

import (
	"errors"
	"fmt"
	"os"
)

// ErrChanged is met where a file is no longer the one that was read before.
var ErrChanged = errors.New("the file was changed or replaced since it was read")

// A Place is where a message was found, to read it once more at any later time.
// It keeps neither the message in memory nor its file open, unless that can be
// read only once.
type Place struct {
	Name string
	// Quoted is that of the Message.
	Quoted bool

	from       *origin
	held       *File
	start, end int64
}

// Place returns where the message is. It must be called before the visit of the
// message returns.
func (m *Message) Place() *Place {
	p := &Place{Name: m.Name, Quoted: m.Quoted, from: m.in.source.origin, start: m.start, end: m.end}
	if p.from == nil {
		p.held = m.in.section(0, m.in.Size()) // until the program ends
	}
	return p
}

// Open opens the message as Message.Open does, verbatim as OpenVerbatim. The
// error is an ErrChanged where its file is not what it was.
func (p *Place) Open(verbatim bool) (*File, error) {
	in := p.held
	if in == nil {
		var err error
		if in, err = p.from.open(); err != nil {
			return nil, err
		}
		defer in.Close()
	}
	return open(in, p.start, p.end, p.Quoted && !verbatim)
}

// origin is a regular file by its name.
type origin struct {
	path string
	info os.FileInfo
}

func (o *origin) open() (*File, error) {
	f, err := os.Open(o.path)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && (!os.SameFile(o.info, info) || info.Size() != o.info.Size() || !info.ModTime().Equal(o.info.ModTime())) {
		err = fmt.Errorf("%s: %w", o.path, ErrChanged)
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return newFile(f, info.Size(), f.Close), nil
}
