package main

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/certmail/certmail/envelope"
)

// item is one file to write.
type item struct {
	name string // safe
	said string // what the message calls it
	open func() (io.Reader, error)
}

// itemsOf lists the files of a message, with their names. done closes what
// they are read from.
func itemsOf(in *input, out *extracted) (items []item, done func(), err error) {
	l := &itemList{taken: names{}, done: func() {}}
	list := l.rem
	if in.rem == nil {
		list = l.pec
	}
	files, err := list(in)
	if err != nil {
		return nil, l.done, err
	}
	attachments, err := files()
	if err != nil {
		// The parts above can be written all the same.
		out.Failed = append(out.Failed, failedFile{Error: "attachments: " + err.Error()})
	}
	for i := range attachments {
		at := &attachments[i]
		name := fileName(at.Name)
		if at.Name == "" && at.Type == "message/rfc822" {
			name += ".eml" // a forwarded message, by far the most common file without a name
		}
		l.add(name, at.Name, at.Open)
	}
	return l.items, l.done, nil
}

// itemList collects the files of a message under safe names.
type itemList struct {
	items []item
	taken names
	done  func() // closes what they are read from
}

func (l *itemList) add(name, said string, open func() (io.Reader, error)) {
	l.items = append(l.items, item{l.taken.take(name), said, open})
}

func (l *itemList) part(name string, p *envelope.Part) {
	if p != nil {
		l.add(name, p.Name(), p.Content)
	}
}

// pec lists what stands in a message of PEC, or in ordinary mail, and returns
// where its attachments are from.
func (l *itemList) pec(in *input) (attachments func() ([]envelope.File, error), err error) {
	m := in.msg
	attachments = m.Attachments
	if m.Envelope.Original != nil {
		o, err := m.Original()
		if err != nil {
			return nil, err
		}
		l.done = func() { o.Close() }
		l.add("postacert.eml", m.Envelope.Original.Name(), func() (io.Reader, error) { return o.Source(), nil })
		attachments = o.Attachments
	}
	l.part("daticert.xml", m.Envelope.Certification)
	l.part("smime.p7s", m.Envelope.SignaturePart)
	return attachments, nil
}

// rem lists what stands in a message of REM: extension parts and evidence for
// people too.
func (l *itemList) rem(in *input) (attachments func() ([]envelope.File, error), err error) {
	m := in.rem
	attachments = func() ([]envelope.File, error) { return nil, nil }
	if m.Original != nil {
		o, err := m.OpenOriginal()
		if err != nil {
			return nil, err
		}
		l.done = func() { o.Close() }
		l.add("postacert.eml", m.Original.Name(), func() (io.Reader, error) { return o.Source(), nil })
		attachments = o.Attachments
	}
	for i := range m.Evidence {
		l.part(fmt.Sprintf("evidence-%d.xml", i+1), m.Evidence[i].Part)
	}
	for i, p := range m.PDF {
		l.part(fmt.Sprintf("evidence-%d.pdf", i+1), p)
	}
	l.part("smime.p7s", m.Envelope.SignaturePart)
	for i := range m.Extensions {
		l.part(fileName(m.Extensions[i].Name), m.Extensions[i].Part)
	}
	return attachments, nil
}

// makeRoom lists the files that are in the way before any is written; with
// force it removes files and links, never folders.
func makeRoom(root *os.Root, items []item, force bool) (blocked []failedFile, err error) {
	for _, it := range items {
		info, err := root.Lstat(it.name)
		switch {
		case errors.Is(err, fs.ErrNotExist):
		case err != nil:
			return nil, err
		case info.IsDir():
			blocked = append(blocked, failedFile{it.name, it.said, "a folder of that name is there already"})
		case !force:
			blocked = append(blocked, failedFile{it.name, it.said, "is there already; --force replaces files"})
		}
	}
	if len(blocked) > 0 || !force {
		return blocked, nil
	}
	for _, it := range items {
		if err := root.Remove(it.name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
	}
	return nil, nil
}

// write writes the file, which must not be there, as a stream. One that cannot
// be decoded to its end is not left behind.
func (it *item) write(root *os.Root, out *extracted) {
	written, err := it.copy(root)
	if err != nil {
		out.Failed = append(out.Failed, failedFile{Name: it.name, OriginalName: it.said, Error: err.Error()})
		return
	}
	out.Written = append(out.Written, written)
}

func (it *item) copy(root *os.Root) (w writtenFile, err error) {
	r, err := it.open()
	if err != nil {
		return w, err
	}
	f, err := root.OpenFile(it.name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return w, err
	}
	sum := sha256.New()
	n, err := io.Copy(io.MultiWriter(f, sum), r)
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return w, errors.Join(err, root.Remove(it.name))
	}
	return writtenFile{Name: it.name, OriginalName: it.said, Size: n, SHA256: hex.EncodeToString(sum.Sum(nil))}, nil
}
