package main

import (
	"errors"
	"os"

	"github.com/certmail/certmail/cmd/certmail/internal/folder"
	"github.com/certmail/certmail/cmd/certmail/internal/progress"
	"github.com/certmail/certmail/envelope"
	"github.com/certmail/certmail/pec"
	"github.com/certmail/certmail/rem"
)

// input is one message that the command line names, or why it cannot be read.
type input struct {
	name string
	msg  *pec.Message // nil when err is set, and for a message of REM
	rem  *rem.Message // nil for any other
	err  error

	from   folder.Message
	file   *folder.File
	before func() // wipes the progress bar
}

// messages visits every message of the paths, in their order. A message that
// cannot be read is visited like any other. What is visited is closed when
// visit returns.
func (a *app) messages(paths []string, visit func(in *input) error) error {
	bar := a.bar("reading", paths)
	defer bar.Clear()
	return folder.Walk(paths, a.stdin, func(from folder.Message) error {
		in := &input{name: from.Name, from: from, before: bar.Clear}
		in.open(from.Open)
		defer in.close()
		bar.Add(1)
		return visit(in)
	})
}

// bar makes a progress bar for work that may take long: a folder, an mbox.
func (a *app) bar(label string, paths []string) *progress.Bar {
	f, ok := a.stderr.(*os.File)
	if !ok || len(paths) == 0 {
		return nil
	}
	return progress.New(f, label, 0)
}

// open reads the message once, and gives it to the package of its system.
func (in *input) open(from func() (*folder.File, error)) {
	if in.file, in.err = from(); in.err != nil {
		in.file = nil
		return
	}
	e, err := envelope.Open(in.file, in.file.Size(), nil)
	switch {
	case err != nil:
	case rem.Is(e):
		in.rem, err = rem.FromEnvelope(e, nil)
	default:
		in.msg, err = pec.FromEnvelope(e, nil)
	}
	if err != nil {
		in.err = errors.Join(err, in.file.Close())
		in.file = nil
	}
}

// ordinary tells whether the message is no certified mail.
func (in *input) ordinary() bool { return in.msg != nil && in.msg.Kind == pec.KindOrdinary }

func (in *input) close() {
	if in.file != nil {
		in.file.Close()
		in.file = nil
	}
}

// verbatim reads the message again without taking the ">" off quoted "From "
// lines: in some mboxes they were never quoted. It reports whether there is
// anything else to read.
func (in *input) verbatim() (*input, bool) {
	if !in.from.Quoted {
		return nil, false
	}
	again := &input{name: in.name, before: in.before}
	if again.open(in.from.OpenVerbatim); again.err != nil {
		return nil, false
	}
	return again, true
}

// become takes over what other read.
func (in *input) become(other *input) {
	in.close()
	in.msg, in.rem, in.file = other.msg, other.rem, other.file
}
