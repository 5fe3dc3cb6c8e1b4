package archive

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"time"
)

// ErrMail: a mailbox file or folder cannot be read or written as it should.
var ErrMail = errors.New("archive: mail")

// Mail is a message in a mailbox on disk, byte for byte as it is to be kept.
type Mail struct {
	// Name is its file in a folder, its number in an mbox. It is for people and
	// reports; nothing is written under it.
	Name string
	// Date is when it was received; zero when that is not known. Sender is the
	// address of the mbox separator.
	Date   time.Time
	Sender string
	// Flags are those of a Maildir (D F P R S T).
	Flags string
	// Source is the bytes.
	Source *io.SectionReader
	// Restored tells, for mail from an mbox with its records, that the bytes
	// are those that were written there (their digest was compared).
	Restored bool
}

// MailRecord is what an export notes of each message, so that an import can
// give back its very bytes.
type MailRecord struct {
	Name         string `json:"name"`
	Size         int64  `json:"size"`
	SHA256       string `json:"sha256"`
	SHA512       string `json:"sha512"`
	LineEnds     string `json:"line_endings"`
	FinalNewline bool   `json:"final_newline"`
	// Stored is "lf" where line ends were written as LF instead of CRLF.
	Stored string `json:"stored_line_endings,omitempty"`
	// Quoted counts the lines that got a ">" (mboxrd).
	Quoted int `json:"quoted_lines,omitempty"`
}

// ExportOptions are the choices of exporting mail. The zero value and nil keep
// every byte.
type ExportOptions struct {
	// LF writes LF for CRLF, as mail programs on Unix expect. It is done only to
	// messages in which every line ends in CRLF, so that it can be undone.
	LF bool
	// Record, if not nil, is told of each message that was written.
	Record func(MailRecord) error
}

func (o *ExportOptions) orDefault() ExportOptions {
	if o == nil {
		return ExportOptions{}
	}
	return *o
}

// RecordTo returns a function for ExportOptions.Record that writes one line of
// JSON for each message.
func RecordTo(w io.Writer) func(MailRecord) error {
	e := json.NewEncoder(w)
	return func(r MailRecord) error {
		if err := e.Encode(r); err != nil {
			return fmt.Errorf("archive: record: %w", err)
		}
		return nil
	}
}

// ReadRecords reads what RecordTo wrote.
func ReadRecords(r io.Reader) ([]MailRecord, error) {
	var list []MailRecord
	d := json.NewDecoder(r)
	for {
		var m MailRecord
		switch err := d.Decode(&m); {
		case err == io.EOF:
			return list, nil
		case err != nil:
			return list, fmt.Errorf("%w: records: %w", ErrMail, err)
		}
		list = append(list, m)
	}
}

// export writes messages one by one, and tells of each that it is written.
func export(ctx context.Context, messages iter.Seq2[*Mail, error], o *ExportOptions, write func(*Mail, *MailRecord) error) error {
	opt := o.orDefault()
	for m, err := range messages {
		if err != nil {
			return err
		}
		r, err := m.record(ctx, &opt)
		if err != nil {
			return err
		}
		if err := write(m, &r); err != nil {
			return fmt.Errorf("%w: %s: %w", ErrMail, m.Name, err)
		}
		if err := opt.done(r); err != nil {
			return err
		}
	}
	return nil
}

// record looks at the bytes of a message before it is written.
func (m *Mail) record(ctx context.Context, o *ExportOptions) (MailRecord, error) {
	if m.Source == nil {
		return MailRecord{}, fmt.Errorf("%w: %s has no bytes", ErrMail, m.Name)
	}
	f, err := scan(ctx, io.NewSectionReader(m.Source, 0, m.Source.Size()), m.Source.Size())
	if err != nil {
		return MailRecord{}, err
	}
	r := MailRecord{Name: m.Name, Size: m.Source.Size(), SHA256: f.sha256, SHA512: f.sha512, LineEnds: f.lineEnds(), FinalNewline: f.final}
	if o.LF && r.LineEnds == "crlf" {
		r.Stored = "lf"
	}
	return r, nil
}

func (o *ExportOptions) done(r MailRecord) error {
	if o.Record == nil {
		return nil
	}
	return o.Record(r)
}

// reader returns the bytes as they are stored.
func (m *Mail) reader(r *MailRecord) io.Reader {
	src := io.NewSectionReader(m.Source, 0, m.Source.Size())
	if r.Stored == "lf" {
		return &toLF{r: bufio.NewReaderSize(src, 64<<10)}
	}
	return src
}

// toLF drops the CR before each LF.
type toLF struct{ r *bufio.Reader }

func (t *toLF) Read(p []byte) (int, error) {
	n := 0
	for n < len(p) {
		c, err := t.r.ReadByte()
		if err != nil {
			if n > 0 {
				return n, nil
			}
			return 0, err
		}
		if c == '\r' {
			if next, err := t.r.Peek(1); err == nil && next[0] == '\n' {
				continue
			}
		}
		p[n] = c
		n++
	}
	return n, nil
}

// toCRLF is the opposite for bytes without CR.
func toCRLF(b []byte) []byte { return bytes.ReplaceAll(b, []byte{'\n'}, []byte{'\r', '\n'}) }
