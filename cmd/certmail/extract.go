package main

import (
	"errors"
	"os"
)

const extractHelp = `usage: certmail extract [--json] [--force] FILE --to DIR

Writes what a message carries to files in DIR, which is made if it is not there:

  postacert.eml   the original message, byte for byte
  daticert.xml    PEC: the certification data (dati di certificazione), byte for byte
  evidence-N.xml  REM: the evidence documents in their order, byte for byte
  smime.p7s       the signature, byte for byte
  …               the attachments of the original (of an ordinary mail: its own)

Names are made safe: nothing is ever written outside DIR. Two files of one name
become "name.ext" and "name (2).ext". Files that are there already are not
touched: then nothing is written. Nothing is judged: see certmail verify.

  --to DIR   the folder to write to
  --force    replace files that are there already
  --json     one JSON object on standard output
`

// extracted is what "certmail extract --json" writes.
type extracted struct {
	File    string        `json:"file"`
	Written []writtenFile `json:"written"`
	// Failed are the files that could not be written, or not decoded.
	Failed []failedFile `json:"failed"`
	// Unreadable says why the message could not be read.
	Unreadable string `json:"unreadable,omitempty"`
}

type writtenFile struct {
	Name string `json:"name"`
	// OriginalName is what the message calls it.
	OriginalName string `json:"original_name"`
	Size         int64  `json:"size"`
	SHA256       string `json:"sha256"`
}

type failedFile struct {
	Name         string `json:"name"`
	OriginalName string `json:"original_name"`
	Error        string `json:"error"`
}

// errSeveral is met where one message was wanted.
var errSeveral = errors.New("several messages, want one")

func (a *app) extract(args []string) error {
	f := newFlags("extract", extractHelp)
	dir := f.String("to", "", "")
	force := f.Bool("force", false, "")
	files, err := f.read(args)
	switch {
	case err != nil:
		return err
	case len(files) != 1:
		return usagef("extract: %d files, want one; see certmail extract --help", len(files))
	case *dir == "":
		return usagef("extract: --to DIR is missing; see certmail extract --help")
	}
	in, err := a.only(files[0])
	if err != nil {
		return err
	}
	defer in.close()
	out := &extracted{File: in.name, Written: []writtenFile{}, Failed: []failedFile{}}
	if in.err == nil {
		in.err = extractTo(*dir, *force, in, out)
	}
	var usage *usageError
	switch {
	case errors.As(in.err, &usage):
		return in.err
	case in.err != nil:
		out.Unreadable = in.err.Error()
	}
	if f.json {
		if err := writeJSON(a.stdout, out); err != nil {
			return err
		}
	} else {
		a.extractText(out, *dir, in)
	}
	if out.Unreadable != "" || len(out.Failed) > 0 {
		return errNotGood
	}
	return nil
}

// only reads the one message of a path, and keeps it open.
func (a *app) only(path string) (*input, error) {
	var kept *input
	err := a.messages([]string{path}, func(in *input) error {
		if kept != nil {
			return errSeveral
		}
		kept = &input{name: in.name, msg: in.msg, rem: in.rem, err: in.err, file: in.file}
		in.file = nil // not closed after the visit
		return nil
	})
	switch {
	case errors.Is(err, errSeveral):
		err = usagef("extract: %s holds %v", path, errSeveral)
	case err == nil && kept == nil:
		err = usagef("extract: %s holds no message", path)
	}
	if err != nil {
		if kept != nil {
			kept.close()
		}
		return nil, err
	}
	return kept, nil
}

// extractTo writes everything that there is to write.
func extractTo(dir string, force bool, in *input, out *extracted) error {
	items, done, err := itemsOf(in, out)
	if err != nil {
		return err
	}
	defer done()
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return usagef("extract: --to %v", err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return usagef("extract: --to %v", err)
	}
	defer root.Close()
	blocked, err := makeRoom(root, items, force)
	if err != nil || len(blocked) > 0 {
		out.Failed = append(out.Failed, blocked...)
		return err
	}
	for i := range items {
		items[i].write(root, out)
	}
	return nil
}

func (a *app) extractText(out *extracted, dir string, in *input) {
	if out.Unreadable != "" {
		a.complain(unreadable(in))
		return
	}
	p := a.page()
	for _, w := range out.Written {
		said := ""
		if w.OriginalName != w.Name {
			said = " (in the message: “" + w.OriginalName + "”)"
		}
		p.line(plain(w.Name+said), ", ", size(w.Size), ", SHA-256 ", w.SHA256)
	}
	for _, f := range out.Failed {
		a.complain(errors.New(f.Name + ": " + f.Error))
	}
	switch {
	case len(out.Written) > 0:
		p.line(count(len(out.Written), "file", "files"), " written to ", plain(dir), ".")
	case len(out.Failed) > 0:
		p.line("Nothing was written.")
	default:
		p.line("There is nothing to extract from ", title(out.File), ".")
	}
	if len(out.Written) > 0 && !in.ordinary() {
		p.line(p.paint(dim, "Extracted, not verified: certmail verify says whether they hold as proof."))
	}
}
