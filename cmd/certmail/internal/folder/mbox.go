package folder

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
)

// An mbox is messages one after the other, each preceded by a line "From
// ADDRESS DATE" and followed by an empty line (RFC 4155). In mboxo and mboxrd
// the lines of a message that begin with "From " are quoted with ">"; other
// writers quote nothing. A line is therefore taken for a separator only after
// an empty line, with a date or nothing in it, and before a header field.

// beginsMbox reports whether a file that is a message begins like an mbox.
func beginsMbox(head []byte) bool {
	after, ok := bytes.CutPrefix(head, []byte("From "))
	return ok && !bytes.HasPrefix(bytes.TrimLeft(after, " \t"), []byte(":"))
}

// looksLikeMbox is beginsMbox for a file that may be anything.
func looksLikeMbox(head []byte) bool {
	line, rest, ok := bytes.Cut(head, []byte("\n"))
	return ok && separates(line) && beginsField(rest)
}

var (
	clock = regexp.MustCompile(`\b[0-9]{1,2}:[0-9]{2}\b`)
	year  = regexp.MustCompile(`\b(19|20)[0-9]{2}\b`)
	field = regexp.MustCompile(`^(>?From |[!-9;-~]+[ \t]*:)`)
)

func separates(line []byte) bool {
	after, ok := bytes.CutPrefix(line, []byte("From "))
	if !ok {
		return false
	}
	after = bytes.TrimSpace(after)
	return len(after) == 0 || string(after) == "-" || clock.Match(after) && year.Match(after)
}

func beginsField(line []byte) bool { return field.Match(line) }

// walkMbox visits the messages of an mbox as it finds them.
func walkMbox(name string, f *File, visit func(Message) error) error {
	n := 0
	give := func(start, end int64, quoted bool) error {
		n++
		return visit(Message{Name: fmt.Sprintf("%s#%d", name, n), Quoted: quoted, in: f, start: start, end: end})
	}
	var stop *visitError
	err := split(io.NewSectionReader(f, 0, f.Size()), func(start, end int64, quoted bool) error {
		if err := give(start, end, quoted); err != nil {
			return &visitError{err}
		}
		return nil
	})
	switch {
	case errors.As(err, &stop):
		return stop.err
	case err != nil:
		return visit(Message{Name: fmt.Sprintf("%s#%d", name, n+1), Err: err})
	}
	return nil
}

// visitError tells an error of the visit from one of the file.
type visitError struct{ err error }

func (e *visitError) Error() string { return e.err.Error() }

// split finds the messages of an mbox that begins at its first byte with a
// separator. Lines of any length are read through a window of fixed size.
func split(r io.Reader, give func(start, end int64, quoted bool) error) error {
	var (
		in        = bufio.NewReaderSize(r, 64<<10)
		at        int64 // offset of the line
		start     int64 = -1
		quoted    bool
		blank     = true // the line before was empty
		end       int64  // where a message ends if a separator follows: before that empty line
		candidate int64  = -1
		after     int64  // the offset after the candidate
		before    int64  // end as it was at the candidate
		lineStart = true
	)
	for {
		line, err := in.ReadSlice('\n')
		if err != nil && !errors.Is(err, bufio.ErrBufferFull) && !errors.Is(err, io.EOF) {
			return err
		}
		if len(line) == 0 {
			break
		}
		next := at + int64(len(line))
		if lineStart {
			if candidate >= 0 && (start < 0 || beginsField(line)) {
				if start >= 0 {
					if err := give(start, before, quoted); err != nil {
						return err
					}
				}
				start, quoted = after, false
			}
			candidate = -1
			if blank && (at == 0 || separates(bytes.TrimRight(line, "\r\n"))) {
				candidate, after, before = at, next, end
			}
			quoted = quoted || isQuoted(line)
		} else if candidate >= 0 {
			after = next // the rest of a very long separator
		}
		whole := line[len(line)-1] == '\n'
		blank = lineStart && whole && len(bytes.TrimRight(line, "\r\n")) == 0
		if blank {
			end = at
		} else {
			end = next
		}
		lineStart, at = whole, next
	}
	if start < 0 { // nothing but a separator
		start = at
	}
	return give(start, max(start, end), quoted)
}

// isQuoted reports whether the line begins with one or more ">" and "From ".
func isQuoted(line []byte) bool {
	return len(line) > 0 && line[0] == '>' && bytes.HasPrefix(bytes.TrimLeft(line, ">"), []byte("From "))
}

// unquoter takes one ">" off each quoted line.
type unquoter struct {
	in      *bufio.Reader
	pending []byte // of the reader's buffer
	inLine  bool
}

func (u *unquoter) Read(p []byte) (int, error) {
	for len(u.pending) == 0 {
		line, err := u.in.ReadSlice('\n')
		if len(line) == 0 {
			return 0, err
		}
		if !u.inLine && isQuoted(line) {
			line = line[1:]
		}
		u.inLine = line[len(line)-1] != '\n'
		u.pending = line
	}
	n := copy(p, u.pending)
	u.pending = u.pending[n:]
	return n, nil
}
