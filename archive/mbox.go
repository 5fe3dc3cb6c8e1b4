package archive

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"
	"time"
)

// WriteMbox writes messages into an mbox file of the form mboxrd: every line of
// a message that begins with "From ", or with that behind any number of ">", gets
// one more ">", which can be undone. Where a message does not end in a line
// end, one is added. With the records of an export, ReadMbox gives back the
// very bytes; without them, all but the missing line end.
//
// Other programs undo mboxrd in their own ways: mbox is for exchange, and the
// message itself (.eml) for keeping.
func WriteMbox(ctx context.Context, w io.Writer, messages iter.Seq2[*Mail, error], o *ExportOptions) error {
	out := bufio.NewWriterSize(w, 256<<10)
	if err := export(ctx, messages, o, func(m *Mail, r *MailRecord) error { return writeMboxMail(ctx, out, m, r) }); err != nil {
		return err
	}
	if err := out.Flush(); err != nil {
		return fmt.Errorf("archive: mbox: %w", err)
	}
	return nil
}

func writeMboxMail(ctx context.Context, out *bufio.Writer, m *Mail, r *MailRecord) error {
	sender := m.Sender
	if sender == "" || strings.IndexFunc(sender, func(c rune) bool { return c <= ' ' || c > '~' }) >= 0 {
		sender = "MAILER-DAEMON"
	}
	date := m.Date
	if date.IsZero() {
		date = time.Unix(0, 0)
	}
	fmt.Fprintf(out, "From %s %s\n", sender, date.UTC().Format(time.ANSIC))
	in := bufio.NewReaderSize(&cancelled{ctx, m.reader(r)}, 64<<10)
	start := true // of a line
	for {
		line, err := in.ReadSlice('\n')
		if start && wantsQuote(line) {
			r.Quoted++
			_ = out.WriteByte('>')
		}
		_, _ = out.Write(line) // out keeps its first error
		start = err == nil
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
		case err == io.EOF:
			if r.Size > 0 && !r.FinalNewline {
				_ = out.WriteByte('\n')
			}
			return out.WriteByte('\n')
		case err != nil:
			return err
		}
	}
}

var fromLine = []byte("From ")

// maxQuotes is the number of ">" from which on nobody looks for the "From "
// behind them: such a line is quoted in any case.
const maxQuotes = 1024

// quotes counts the ">" at the beginning of a line, as far as it matters, and
// tells whether "From " is behind them.
func quotes(line []byte) (n int, from bool) {
	for n < len(line) && n <= maxQuotes && line[n] == '>' {
		n++
	}
	return n, bytes.HasPrefix(line[n:], fromLine)
}

func wantsQuote(line []byte) bool {
	n, from := quotes(line)
	return from || n >= maxQuotes
}

func isQuoted(line []byte) bool {
	n, from := quotes(line)
	return n > 0 && n <= maxQuotes && from || n > maxQuotes
}

// ImportOptions are the choices of reading an mbox. The zero value and nil
// take every message as it stands.
type ImportOptions struct {
	// Records are those of the export in its order: with them messages get
	// back their line ends and their missing last one, and their digests are
	// compared (Mail.Restored).
	Records []MailRecord
	// MaxMail bounds a message that has to be put together in memory because
	// quoting has to be undone: 256 MiB when 0.
	MaxMail int64
	// Verbatim leaves quoting as it is, for files that are not mboxrd.
	Verbatim bool
}

// ReadMbox yields the messages of an mbox file. A message begins behind a line
// that begins with "From " at the beginning of the file or after an empty line.
// The bytes are those of the file without the quoting of mboxrd; messages
// without quoted lines are not copied. The iteration ends after an error.
func ReadMbox(ctx context.Context, src io.ReaderAt, size int64, o *ImportOptions) iter.Seq2[*Mail, error] {
	return func(yield func(*Mail, error) bool) {
		opt := ImportOptions{}
		if o != nil {
			opt = *o
		}
		if opt.MaxMail <= 0 {
			opt.MaxMail = 256 << 20
		}
		s := &mboxScanner{in: bufio.NewReaderSize(&cancelled{ctx, io.NewSectionReader(src, 0, size)}, 64<<10)}
		for n := 0; ; n++ {
			span, err := s.next()
			if err == io.EOF {
				return
			}
			var m *Mail
			if err == nil {
				m, err = span.mail(ctx, src, n, &opt)
			}
			if err != nil {
				yield(nil, err)
				return
			}
			if !yield(m, nil) {
				return
			}
		}
	}
}

// mboxSpan is where a message lies.
type mboxSpan struct {
	separator string
	from, to  int64
	quoted    bool
}

type mboxScanner struct {
	in      *bufio.Reader
	at      int64
	pending string // the separator that was read last
	begun   bool
}

// next finds the next message. Lines may be of any length.
func (s *mboxScanner) next() (mboxSpan, error) {
	var span mboxSpan
	empty, start, emptyLen := true, true, int64(0)
	if s.begun {
		if s.pending == "" {
			return span, io.EOF
		}
		span.separator, span.from = s.pending, s.at
		s.pending, empty = "", false
	}
	for {
		line, err := s.in.ReadSlice('\n')
		whole := err == nil
		if err != nil && err != io.EOF && !errors.Is(err, bufio.ErrBufferFull) {
			return span, fmt.Errorf("%w: mbox: %w", ErrMail, err)
		}
		if start && empty && bytes.HasPrefix(line, fromLine) {
			separator, skipped := string(line), int64(len(line))
			for errors.Is(err, bufio.ErrBufferFull) { // nobody needs the rest of it
				line, err = s.in.ReadSlice('\n')
				skipped += int64(len(line))
			}
			end := s.at - emptyLen
			s.at += skipped
			s.pending = separator
			if s.begun {
				span.to = end
				return span, nil
			}
			s.begun = true
			return s.next()
		}
		if !s.begun && len(line) > 0 && (start && len(bytes.TrimRight(line, "\r\n")) > 0 || !start) {
			return span, fmt.Errorf("%w: not an mbox file: it does not begin with a From line", ErrMail)
		}
		if start && isQuoted(line) {
			span.quoted = true
		}
		s.at += int64(len(line))
		if len(line) > 0 {
			empty = start && whole && len(bytes.TrimRight(line, "\r\n")) == 0 && len(line) <= 2
			emptyLen = 0
			if empty {
				emptyLen = int64(len(line))
			}
		}
		start = whole
		if err == io.EOF {
			if !s.begun {
				return span, io.EOF
			}
			span.to = s.at - emptyLen
			return span, nil
		}
	}
}

// mail makes the message of a span.
func (s *mboxSpan) mail(ctx context.Context, src io.ReaderAt, n int, o *ImportOptions) (*Mail, error) {
	m := &Mail{Name: fmt.Sprint(n + 1), Source: io.NewSectionReader(src, s.from, s.to-s.from)}
	fields := strings.Fields(s.separator)
	if len(fields) > 1 {
		m.Sender = fields[1]
	}
	if len(fields) > 6 {
		if t, err := time.Parse(time.ANSIC, strings.Join(fields[2:7], " ")); err == nil && t.Unix() != 0 {
			m.Date = t.UTC()
		}
	}
	var record *MailRecord
	if n < len(o.Records) {
		record = &o.Records[n]
	}
	change := record != nil && (record.Stored == "lf" || !record.FinalNewline)
	if s.quoted && !o.Verbatim || change {
		size := m.Source.Size()
		if size > o.MaxMail {
			return nil, fmt.Errorf("%w: message %d has %d bytes and must be unquoted in memory", ErrLimit, n+1, size)
		}
		data := make([]byte, size)
		if _, err := io.ReadFull(io.NewSectionReader(m.Source, 0, size), data); err != nil {
			return nil, fmt.Errorf("%w: message %d: %w", ErrMail, n+1, err)
		}
		if !o.Verbatim {
			data = unquote(data)
		}
		if record != nil && !record.FinalNewline {
			data = bytes.TrimSuffix(data, []byte{'\n'})
		}
		if record != nil && record.Stored == "lf" {
			data = toCRLF(data)
		}
		m.Source = io.NewSectionReader(bytes.NewReader(data), 0, int64(len(data)))
	}
	if record != nil {
		f, err := scan(ctx, io.NewSectionReader(m.Source, 0, m.Source.Size()), m.Source.Size())
		if err != nil {
			return nil, err
		}
		m.Name, m.Restored = record.Name, f.sha256 == record.SHA256 && f.sha512 == record.SHA512
	}
	return m, nil
}

// unquote takes one ">" from each line of the form ">+From ".
func unquote(b []byte) []byte {
	out := make([]byte, 0, len(b))
	for line := range bytes.Lines(b) {
		if isQuoted(line) {
			line = line[1:]
		}
		out = append(out, line...)
	}
	return out
}
