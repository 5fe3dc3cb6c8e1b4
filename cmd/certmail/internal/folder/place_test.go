package folder

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// places are those of all messages, by their names below dir.
func places(t *testing.T, dir string, paths []string, stdin io.Reader) map[string]*Place {
	t.Helper()
	found := map[string]*Place{}
	require.NoError(t, Walk(paths, stdin, func(m Message) error {
		require.NoError(t, m.Err)
		found[strings.TrimPrefix(m.Name, dir+string(filepath.Separator))] = m.Place()
		return nil
	}))
	return found
}

func readPlace(t *testing.T, p *Place, verbatim bool) string {
	t.Helper()
	f, err := p.Open(verbatim)
	require.NoError(t, err)
	data, err := io.ReadAll(f)
	require.NoError(t, err)
	require.NoError(t, f.Close())
	return string(data)
}

func TestPlacesAreReadAgain(t *testing.T) {
	dir := put(t, map[string]string{
		"a.eml":                 "Subject: a\n",
		"box":                   "From a@b Tue Mar 03 10:15:32 2026\nSubject: m1\n\n>From x\n\nFrom - Tue Mar 03 10:15:33 2026\nSubject: m2\n\ny\n\n",
		"Maildir/cur/1.host:2,": "Subject: c\n", "Maildir/new/": "",
	})
	found := places(t, dir, []string{dir, "-"}, strings.NewReader("From a@b Tue Mar 03 10:15:32 2026\nSubject: s\n\n>From y\n"))
	want := map[string][2]string{
		"a.eml":                 {"Subject: a\n", "Subject: a\n"},
		"box#1":                 {"Subject: m1\n\nFrom x\n", "Subject: m1\n\n>From x\n"},
		"box#2":                 {"Subject: m2\n\ny\n", "Subject: m2\n\ny\n"},
		"Maildir/cur/1.host:2,": {"Subject: c\n", "Subject: c\n"},
		"-#1":                   {"Subject: s\n\nFrom y\n", "Subject: s\n\n>From y\n"},
	}
	require.Len(t, found, len(want))
	for range 2 {
		for name, text := range want {
			require.NotNil(t, found[name], name)
			require.Equal(t, text[0], readPlace(t, found[name], false), name)
			require.Equal(t, text[1], readPlace(t, found[name], true), name)
		}
	}
	require.Nil(t, found["a.eml"].held, "no file stays open")
}

func TestPlaceOfAFileThatChanged(t *testing.T) {
	dir := put(t, map[string]string{"a.eml": "Subject: a\n", "b.eml": "Subject: b\n", "c.eml": "Subject: c\n", "secret.eml": "Subject: s\n"})
	found := places(t, dir, []string{dir}, nil)
	path := func(name string) string { return filepath.Join(dir, name) }
	require.NoError(t, os.WriteFile(path("a.eml"), []byte("Subject: a2\n"), 0o644))
	require.NoError(t, os.Remove(path("b.eml")))
	require.NoError(t, os.Symlink(path("secret.eml"), path("b.eml")))
	require.NoError(t, os.Remove(path("c.eml")))
	for _, name := range []string{"a.eml", "b.eml"} {
		_, err := found[name].Open(false)
		require.ErrorIs(t, err, ErrChanged, name)
	}
	_, err := found["c.eml"].Open(false)
	require.ErrorIs(t, err, os.ErrNotExist)
}
