package archive_test

import (
	"bytes"
	"io"
	"iter"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/archive"
	"github.com/certmail/certmail/internal/reftest"
	"github.com/certmail/certmail/trust"
)

// awkward are messages that mail programs change.
func awkward(w *world) map[string][]byte {
	long := strings.Repeat("x", 200_000)
	m := map[string][]byte{
		"from lines":    []byte("Subject: a\r\n\r\nFrom here\r\n>From there\r\n>>From x\r\nFromage\r\n From\r\n"),
		"lf":            []byte("Subject: a\n\nFrom here\n\nFrom there\n"),
		"mixed":         []byte("Subject: a\r\n\nb\rc\r\n"),
		"no newline":    []byte("Subject: a\r\n\r\nb"),
		"ends in cr":    []byte("Subject: a\n\nb\r"),
		"blank ends":    []byte("Subject: a\r\n\r\nb\r\n\r\n\r\n\n\n"),
		"trailing":      []byte("Subject: a \r\n\r\nb  \t\r\n"),
		"nul":           []byte("Subject: a\r\n\r\nb\x00c\r\n"),
		"8 bit":         []byte("Subject: a\r\n\r\n\xe8\xc3\xa8\xff\r\n"),
		"empty":         {},
		"one newline":   []byte("\n"),
		"starts From":   []byte("From nobody\nFrom: a\n\nb\n"),
		"long lines":    []byte("Subject: a\r\n\r\n" + long + "From \r\n" + long + "\r\nFrom " + long),
		"many quotes":   []byte("Subject: a\n\n" + strings.Repeat(">", 1023) + "From \n" + strings.Repeat(">", 1024) + "From \n" + strings.Repeat(">", 70_000) + "From \n" + strings.Repeat(">", 1024) + "\n" + strings.Repeat(">", 1023) + "\n"),
		"looks like it": []byte("Subject: a\n\nb\n\nFrom x@y.example Thu Jan  1 00:00:00 1970\nSubject: forged\n\nc\n"),
	}
	for _, f := range w.pec {
		m[f.File] = f.Data
	}
	return m
}

func mails(all map[string][]byte) iter.Seq2[*archive.Mail, error] {
	return func(yield func(*archive.Mail, error) bool) {
		for i, name := range slices.Sorted(keysOf(all)) {
			data := all[name]
			m := &archive.Mail{Name: name, Sender: "a@b.example", Date: time.Unix(1_700_000_000+int64(i), 0), Source: io.NewSectionReader(bytes.NewReader(data), 0, int64(len(data)))}
			if !yield(m, nil) {
				return
			}
		}
	}
}

func keysOf[V any](m map[string]V) iter.Seq[string] {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

func contents(t testing.TB, seq iter.Seq2[*archive.Mail, error]) (list [][]byte) {
	t.Helper()
	for m, err := range seq {
		require.NoError(t, err)
		data, err := io.ReadAll(m.Source)
		require.NoError(t, err)
		list = append(list, data)
	}
	return list
}

// §7 Storage: import and export of every sample are byte-identical.
func TestStorage_MboxRoundTrip(t *testing.T) {
	all := awkward(newWorld(t))
	names := slices.Sorted(keysOf(all))
	for _, lf := range []bool{false, true} {
		var box, records bytes.Buffer
		require.NoError(t, archive.WriteMbox(t.Context(), &box, mails(all), &archive.ExportOptions{LF: lf, Record: archive.RecordTo(&records)}))
		known, err := archive.ReadRecords(&records)
		require.NoError(t, err)
		require.Len(t, known, len(all))
		src := bytes.NewReader(box.Bytes())
		i := 0
		for m, err := range archive.ReadMbox(t.Context(), src, src.Size(), &archive.ImportOptions{Records: known}) {
			require.NoError(t, err)
			data, err := io.ReadAll(m.Source)
			require.NoError(t, err)
			require.Equal(t, string(all[names[i]]), string(data), names[i])
			require.True(t, m.Restored, names[i])
			require.Equal(t, names[i], m.Name)
			require.Equal(t, "a@b.example", m.Sender)
			require.Equal(t, int64(1_700_000_000+i), m.Date.Unix())
			i++
		}
		require.Equal(t, len(all), i)
		if lf {
			continue
		}
		// Without the records only a missing last line end is not given back.
		for i, data := range contents(t, archive.ReadMbox(t.Context(), src, src.Size(), nil)) {
			want := all[names[i]]
			if len(want) > 0 && want[len(want)-1] != '\n' {
				want = append(slices.Clone(want), '\n')
			}
			require.Equal(t, string(want), string(data), names[i])
		}
	}
}

// Another reader of mbox sees the same messages.
func TestStorage_MboxAsPythonReadsIt(t *testing.T) {
	python := reftest.Tool(t, "python3")
	all := map[string][]byte{"a": []byte("Subject: a\n\nFrom here\nx\n"), "b": []byte("Subject: b\n\n>From there\n")}
	name := filepath.Join(t.TempDir(), "box")
	f, err := os.Create(name)
	require.NoError(t, err)
	require.NoError(t, archive.WriteMbox(t.Context(), f, mails(all), nil))
	require.NoError(t, f.Close())
	out, err := exec.Command(python, "-c", "import mailbox,sys\nfor m in mailbox.mbox(sys.argv[1]): print(m['subject'], repr(m.get_payload()))", name).CombinedOutput()
	require.NoError(t, err, string(out))
	require.Equal(t, "a '>From here\\nx\\n'\nb '>>From there\\n'\n", string(out))
}

func TestStorage_FoldersRoundTrip(t *testing.T) {
	all := awkward(newWorld(t))
	want := make([]string, 0, len(all))
	for _, data := range all {
		want = append(want, string(data))
	}
	slices.Sort(want)
	for name, c := range map[string]struct {
		write func(dir string) error
		read  func(dir string) iter.Seq2[*archive.Mail, error]
	}{
		"maildir": {func(dir string) error { return archive.WriteMaildir(t.Context(), dir, mails(all), nil) },
			func(dir string) iter.Seq2[*archive.Mail, error] { return archive.ReadMaildir(t.Context(), dir) }},
		"tree": {func(dir string) error { return archive.WriteTree(t.Context(), dir, mails(all), nil) },
			func(dir string) iter.Seq2[*archive.Mail, error] { return archive.ReadTree(t.Context(), dir) }},
	} {
		dir := filepath.Join(t.TempDir(), name)
		require.NoError(t, c.write(dir))
		require.NoError(t, c.write(dir), "a second run adds nothing")
		var got []string
		for _, data := range contents(t, c.read(dir)) {
			got = append(got, string(data))
		}
		slices.Sort(got)
		require.Equal(t, want, got, name)
		parts, err := filepath.Glob(filepath.Join(dir, "tmp", "*"))
		require.NoError(t, err)
		require.Empty(t, parts)
	}
}

func TestStorage_MaildirFlagsAndLineEnds(t *testing.T) {
	dir := t.TempDir()
	data := []byte("Subject: a\r\n\r\nb\r\n")
	one := func(yield func(*archive.Mail, error) bool) {
		yield(&archive.Mail{Name: "1", Date: time.Unix(1_700_000_000, 0), Flags: "SFzS", Source: io.NewSectionReader(bytes.NewReader(data), 0, int64(len(data)))}, nil)
	}
	var records []archive.MailRecord
	require.NoError(t, archive.WriteMaildir(t.Context(), dir, one, &archive.ExportOptions{LF: true, Record: func(r archive.MailRecord) error { records = append(records, r); return nil }}))
	require.Equal(t, "lf", records[0].Stored)
	require.Equal(t, "crlf", records[0].LineEnds)
	require.True(t, strings.HasSuffix(records[0].Name, ":2,FS"), records[0].Name)
	for m, err := range archive.ReadMaildir(t.Context(), dir) {
		require.NoError(t, err)
		require.Equal(t, "FS", m.Flags)
		require.Equal(t, int64(1_700_000_000), m.Date.Unix())
		got, err := io.ReadAll(m.Source)
		require.NoError(t, err)
		require.Equal(t, "Subject: a\n\nb\n", string(got))
	}
}

// §7 Storage: what an import changed is seen, and is no crash.
func TestStorage_TrailingBlanks(t *testing.T) {
	w := newWorld(t)
	for _, f := range w.pec {
		if f.Verdict != string(trust.Valid) || !bytes.Contains(f.Data, []byte(" \r\n")) {
			continue
		}
		it := capture(t, f.Data, w.options(false))
		require.Equal(t, trust.Valid, it.Report.Verdict, f.File)
		stripped := bytes.ReplaceAll(f.Data, []byte(" \r\n"), []byte("\r\n"))
		if other := capture(t, stripped, w.options(false)); other.Report.Verdict == trust.Invalid {
			require.Equal(t, trust.Failed, other.Report.Check(trust.CheckSignature).Status)
			return
		}
	}
	require.Fail(t, "no fixture has blanks at the end of a signed line")
}

func TestStorage_LineEndsAreRecorded(t *testing.T) {
	w := newWorld(t)
	for data, want := range map[string]string{"a: b\r\n\r\nc\r\n": "crlf", "a: b\n\nc\n": "lf", "a: b\r\n\nc\n": "mixed", "a: b\r\rc": "mixed", "a": "none"} {
		it := capture(t, []byte(data), w.options(false))
		require.Equal(t, want, it.LineEnds, "%q", data)
		require.Equal(t, strings.HasSuffix(data, "\n"), it.FinalNewline)
	}
	it := capture(t, []byte("a: b\r\n\r\n\x00\xe8\r\n"), w.options(false))
	require.True(t, it.NUL)
	require.True(t, it.EightBit)
	// A mailbox that keeps LF: the signature holds over the canonical form.
	lf := bytes.ReplaceAll(w.fixture(t, "good/m1-accettazione.eml").Data, []byte("\r\n"), []byte("\n"))
	it = capture(t, lf, w.options(false))
	require.Equal(t, "lf", it.LineEnds)
	require.Equal(t, trust.Valid, it.Report.Verdict, "%+v", it.Report)
}

func TestMboxOfOthers(t *testing.T) {
	read := func(s string) []string {
		var list []string
		for _, data := range contents(t, archive.ReadMbox(t.Context(), strings.NewReader(s), int64(len(s)), nil)) {
			list = append(list, string(data))
		}
		return list
	}
	require.Empty(t, read(""))
	require.Equal(t, []string{"a\r\n", "b\r\n"}, read("From x y\r\na\r\n\r\nFrom x y\r\nb\r\n"))
	require.Equal(t, []string{"a\nFrom b\n", "c"}, read("From x\na\nFrom b\n\nFrom x\nc"))
	for _, err := range archive.ReadMbox(t.Context(), strings.NewReader("Subject: a\n"), 11, nil) {
		require.ErrorIs(t, err, archive.ErrMail)
	}
	long := "From x\n>From " + strings.Repeat("y", 100) + "\n"
	for _, err := range archive.ReadMbox(t.Context(), strings.NewReader(long), int64(len(long)), &archive.ImportOptions{MaxMail: 10}) {
		require.ErrorIs(t, err, archive.ErrLimit)
	}
}

func FuzzMbox(f *testing.F) {
	for _, s := range []string{"", "a\n", "From x\n\nFrom y\n>From z", "\r\n\r\n", ">From \n\n\nFrom ", "\x00\r"} {
		f.Add([]byte(s), []byte("b\n"), true)
	}
	f.Fuzz(func(t *testing.T, a, b []byte, lf bool) {
		// As an mbox: never a panic, and no byte more than there was.
		total := 0
		for m, err := range archive.ReadMbox(t.Context(), bytes.NewReader(a), int64(len(a)), nil) {
			if err != nil {
				break
			}
			total += int(m.Source.Size())
		}
		require.LessOrEqual(t, total, len(a))
		// As messages: there and back.
		all := map[string][]byte{"a": a, "b": b}
		var box, records bytes.Buffer
		require.NoError(t, archive.WriteMbox(t.Context(), &box, mails(all), &archive.ExportOptions{LF: lf, Record: archive.RecordTo(&records)}))
		known, err := archive.ReadRecords(&records)
		require.NoError(t, err)
		got := contents(t, archive.ReadMbox(t.Context(), bytes.NewReader(box.Bytes()), int64(box.Len()), &archive.ImportOptions{Records: known}))
		require.Len(t, got, 2)
		require.Equal(t, string(a), string(got[0]))
		require.Equal(t, string(b), string(got[1]))
	})
}
