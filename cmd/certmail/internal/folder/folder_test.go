package folder

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"
)

// put writes files below a new folder and returns it.
func put(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		if !strings.HasSuffix(name, "/") {
			require.NoError(t, os.WriteFile(path, []byte(content), 0o644))
		} else {
			require.NoError(t, os.MkdirAll(path, 0o755))
		}
	}
	return dir
}

type seen struct{ name, content string }

// collect walks and gives each message's name, relative to dir, and content, or
// the error in its place.
func collect(t *testing.T, dir string, paths []string, stdin io.Reader) ([]seen, error) {
	t.Helper()
	var got []seen
	err := Walk(paths, stdin, func(m Message) error {
		name, ok := strings.CutPrefix(m.Name, dir+string(filepath.Separator))
		if !ok {
			name = m.Name
		}
		if m.Err != nil {
			_, err := m.Open()
			require.Equal(t, m.Err, err)
			got = append(got, seen{filepath.ToSlash(name), "error: " + m.Err.Error()})
			return nil
		}
		f, err := m.Open()
		require.NoError(t, err)
		data, err := io.ReadAll(f)
		require.NoError(t, err)
		require.Equal(t, f.Size(), int64(len(data)))
		require.NoError(t, f.Close())
		require.NoError(t, f.Close())
		got = append(got, seen{filepath.ToSlash(name), string(data)})
		return nil
	})
	return got, err
}

func TestFolderHoldsEveryKindOfMessage(t *testing.T) {
	dir := put(t, map[string]string{
		"b.eml":                          "Subject: b\n",
		"a.EML":                          "Subject: a\n",
		"notes.txt":                      "Subject: not a message\n",
		"from.txt":                       "From here on it is 10:00, 2026\nprose\n",
		".hidden.eml":                    "Subject: hidden\n",
		".git/c.eml":                     "Subject: hidden\n",
		"deep/er/c.eml":                  "Subject: c\n",
		"Inbox":                          "From a@b Tue Mar 03 10:15:32 2026\nSubject: m1\n\nx\n\nFrom - Tue Mar 03 10:15:33 2026\nSubject: m2\n\ny\n\n",
		"Maildir/cur/1.host:2,S":         "Subject: read\n",
		"Maildir/cur/0.host:2,":          "Subject: unread\n",
		"Maildir/cur/.index":             "no",
		"Maildir/new/9.host":             "Subject: new\n",
		"Maildir/tmp/8.host":             "Subject: half",
		"Maildir/subscriptions":          "x",
		"Maildir/.Sent/cur/2.host:2,S":   "Subject: sent\n",
		"Maildir/.Sent/new/":             "",
		"Maildir/.Sent/tmp/":             "",
		"Maildir/.notmaildir/x.eml":      "Subject: hidden\n",
		"flags/1700000000.M1.host;2,FRS": "Subject: flags\n",
	})
	got, err := collect(t, dir, []string{dir}, nil)
	require.NoError(t, err)
	require.Equal(t, []seen{
		{"Inbox#1", "Subject: m1\n\nx\n"},
		{"Inbox#2", "Subject: m2\n\ny\n"},
		{"Maildir/.Sent/cur/2.host:2,S", "Subject: sent\n"},
		{"Maildir/cur/0.host:2,", "Subject: unread\n"},
		{"Maildir/cur/1.host:2,S", "Subject: read\n"},
		{"Maildir/new/9.host", "Subject: new\n"},
		{"a.EML", "Subject: a\n"},
		{"b.eml", "Subject: b\n"},
		{"deep/er/c.eml", "Subject: c\n"},
		{"flags/1700000000.M1.host;2,FRS", "Subject: flags\n"},
	}, got)

	got, err = collect(t, dir, []string{filepath.Join(dir, "Maildir", "new"), filepath.Join(dir, "Maildir", "cur")}, nil)
	require.NoError(t, err)
	require.Len(t, got, 3)
	require.Equal(t, "Maildir/new/9.host", got[0].name)
}

func TestPathsInTheOrderGiven(t *testing.T) {
	dir := put(t, map[string]string{"b.eml": "b", "a.eml": "a", "odd name": "c"})
	got, err := collect(t, dir, []string{filepath.Join(dir, "b.eml"), "-", filepath.Join(dir, "odd name"), filepath.Join(dir, "a.eml")}, strings.NewReader("stdin"))
	require.NoError(t, err)
	require.Equal(t, []seen{{"b.eml", "b"}, {"-", "stdin"}, {"odd name", "c"}, {"a.eml", "a"}}, got)
}

func TestNamedPathThatCannotBeOpened(t *testing.T) {
	dir := put(t, map[string]string{"a.eml": "a"})
	missing := filepath.Join(dir, "missing.eml")
	got, err := collect(t, dir, []string{filepath.Join(dir, "a.eml"), missing, "-", "-"}, strings.NewReader(""))
	require.Empty(t, got, "nothing is visited when a path is wrong")
	var open *OpenError
	require.ErrorAs(t, err, &open)
	require.Equal(t, missing, open.Path)
	require.ErrorIs(t, err, os.ErrNotExist)
	require.ErrorIs(t, err, ErrStdinTwice)
	require.Equal(t, missing+": no such file or directory\n-: standard input can be read only once", err.Error())
}

func TestTroubleInsideAFolderGoesOn(t *testing.T) {
	dir := put(t, map[string]string{"a.eml": "a", "b.eml": "b", "c.eml": "c", "out/secret.eml": "secret", "in/e.eml": "e"})
	in, secret := filepath.Join(dir, "in"), filepath.Join(dir, "out", "secret.eml")
	require.NoError(t, os.Symlink(secret, filepath.Join(in, "d.eml")))
	require.NoError(t, os.Symlink(secret, filepath.Join(in, "other")))
	require.NoError(t, os.Symlink(filepath.Join(dir, "out"), filepath.Join(in, "linked")))
	require.NoError(t, os.Symlink("missing", filepath.Join(in, "f.eml")))
	require.NoError(t, syscall.Mkfifo(filepath.Join(in, "g.eml"), 0o644))
	got, err := collect(t, in, []string{in}, nil)
	require.NoError(t, err)
	require.Equal(t, []seen{{"d.eml", "error: " + ErrSymlink.Error()}, {"e.eml", "e"}, {"f.eml", "error: " + ErrSymlink.Error()}}, got)

	// A link named by the user is followed.
	got, err = collect(t, in, []string{filepath.Join(in, "d.eml"), filepath.Join(in, "linked")}, nil)
	require.NoError(t, err)
	require.Equal(t, []seen{{"d.eml", "secret"}, {"linked/secret.eml", "secret"}}, got)

	// A file gone between the listing and its turn.
	var names []string
	err = Walk([]string{dir}, nil, func(m Message) error {
		names = append(names, filepath.Base(m.Name))
		if filepath.Base(m.Name) == "a.eml" {
			require.NoError(t, os.Remove(filepath.Join(dir, "b.eml")))
		}
		if filepath.Base(m.Name) == "b.eml" {
			require.ErrorIs(t, m.Err, os.ErrNotExist)
		}
		return nil
	})
	require.NoError(t, err)
	require.Equal(t, []string{"a.eml", "b.eml", "c.eml", "d.eml", "e.eml", "f.eml", "secret.eml"}, names)

	// Deeper than anyone nests.
	deep := filepath.Join(t.TempDir(), strings.Repeat("d/", maxDepth+2))
	require.NoError(t, os.MkdirAll(deep, 0o755))
	top := deep[:len(deep)-2*(maxDepth+2)]
	got, err = collect(t, top, []string{top}, nil)
	require.NoError(t, err)
	require.Len(t, got, 1)
	require.Contains(t, got[0].content, ErrTooDeep.Error())

	empty := t.TempDir()
	got, err = collect(t, filepath.Dir(empty), []string{empty}, nil)
	require.NoError(t, err)
	require.Equal(t, []seen{{filepath.Base(empty), "error: " + ErrNoMessages.Error()}}, got)
}

func TestVisitEndsTheWalk(t *testing.T) {
	dir := put(t, map[string]string{"a.eml": "a", "b.eml": "b", "box": "From - Tue Mar 03 10:15:32 2026\nA: b\n\nFrom - Tue Mar 03 10:15:32 2026\nA: b\n"})
	stop := errors.New("enough")
	n := 0
	require.Same(t, stop, Walk([]string{dir}, nil, func(Message) error { n++; return stop }))
	require.Equal(t, 1, n)
	n = 0
	require.Same(t, stop, Walk([]string{filepath.Join(dir, "box")}, nil, func(Message) error { n++; return stop }))
	require.Equal(t, 1, n)
}

func TestOpenedFileOutlivesTheVisit(t *testing.T) {
	dir := put(t, map[string]string{"a.eml": "a", "box": "From - Tue Mar 03 10:15:32 2026\nA: 1\n\nFrom - Tue Mar 03 10:15:32 2026\nA: 2\n"})
	var kept []*File
	require.NoError(t, Walk([]string{dir, "-"}, strings.NewReader(strings.Repeat("x", spoolMemory+1)), func(m Message) error {
		f, err := m.Open()
		require.NoError(t, err)
		kept = append(kept, f)
		return nil
	}))
	var got []string
	for _, f := range kept {
		data, err := io.ReadAll(f)
		require.NoError(t, err)
		got = append(got, string(data[:min(len(data), 5)]))
		require.NoError(t, f.Close())
		_, err = f.ReadAt(make([]byte, 1), 0)
		if f.Size() > 100 { // the temporary file
			require.Error(t, err)
		}
	}
	require.Equal(t, []string{"a", "A: 1\n", "A: 2\n", "xxxxx"}, got)
}

func TestStandardInputIsSpooled(t *testing.T) {
	temp := t.TempDir()
	t.Setenv("TMPDIR", temp)
	for _, size := range []int{0, 1, spoolMemory - 1, spoolMemory, spoolMemory + 1, 3 * spoolMemory} {
		want := strings.Repeat("0123456789abcde\n", size/16+1)[:size]
		got, err := collect(t, "", []string{"-"}, iotest.HalfReader(strings.NewReader(want)))
		require.NoError(t, err)
		require.Len(t, got, 1)
		require.True(t, want == got[0].content, "size %d", size)
	}
	got, err := collect(t, "", []string{"-"}, io.MultiReader(strings.NewReader(strings.Repeat("x", spoolMemory+5)), iotest.ErrReader(io.ErrUnexpectedEOF)))
	require.NoError(t, err)
	require.Equal(t, []seen{{"-", "error: reading -: unexpected EOF"}}, got)
	left, err := os.ReadDir(temp)
	require.NoError(t, err)
	require.Empty(t, left, "temporary files are removed")

	// A named pipe is read like standard input.
	pipe := filepath.Join(temp, "pipe")
	require.NoError(t, syscall.Mkfifo(pipe, 0o600))
	go func() { _ = os.WriteFile(pipe, []byte("Subject: piped\n"), 0) }()
	got, err = collect(t, temp, []string{pipe}, nil)
	require.NoError(t, err)
	require.Equal(t, []seen{{"pipe", "Subject: piped\n"}}, got)
}
