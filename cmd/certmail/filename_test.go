package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

func TestFileName(t *testing.T) {
	for said, want := range map[string]string{
		"fattura.pdf":        "fattura.pdf",
		"Città è più.PDF":    "Città è più.PDF",
		"../../etc/passwd":   "passwd",
		"/etc/x":             "x",
		"a/b":                "b",
		"a/":                 "a_",
		"a/..":               "a_",
		`C:\Documenti\x.pdf`: "x.pdf",
		`C:x`:                "C_x",
		"file.txt:stream":    "file.txt_stream",
		"":                   "attachment",
		".":                  "attachment",
		"..":                 "attachment",
		"...":                "attachment",
		"/":                  "attachment",
		`\\`:                 "attachment",
		" . ":                "attachment",
		".htaccess":          "htaccess",
		"a\x00b":             "a_b",
		"a\r\nb":             "a__b",
		"a\u202efdp.exe":     "a_fdp.exe",
		"a\xffb":             "a_b",
		"con":                "_con",
		"CON.txt":            "_CON.txt",
		"com1":               "_com1",
		"COM¹.log":           "_COM¹.log",
		"COM10":              "COM10",
		"aux .txt":           "_aux .txt",
		"conto.txt":          "conto.txt",
		"-rf":                "_-rf",
		"a.pdf. .":           "a.pdf",
		"a\u00a0b":           "a b",
		strings.Repeat("x", 250) + "." + strings.Repeat("y", 50): strings.Repeat("x", 200),
	} {
		require.Equal(t, want, fileName(said), "%q", said)
	}
}

func FuzzFileName(f *testing.F) {
	for _, s := range []string{"../x", "/etc/x", `C:\x`, "..", "", "CON", strings.Repeat("é", 300), "a\x00b", "-x", "a/b/"} {
		f.Add(s)
	}
	dir := f.TempDir()
	root, err := os.OpenRoot(dir)
	require.NoError(f, err)
	f.Fuzz(func(t *testing.T, said string) {
		taken := names{}
		one, two := taken.take(fileName(said)), taken.take(fileName(said))
		for _, name := range []string{one, two} {
			require.True(t, utf8.ValidString(name) && name != "" && len(name) <= maxName, "%q", name)
			require.Equal(t, filepath.Base(name), name)
			require.NotContains(t, "./-", name[:1])
			require.False(t, strings.ContainsAny(name, "/\\:\x00*?\"<>|") || strings.ContainsFunc(name, steers), "%q", name)
			require.False(t, isDevice(name), name)
			file, err := root.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
			require.NoError(t, err)
			require.NoError(t, file.Close())
			require.NoError(t, root.Remove(name))
		}
		require.NotEqual(t, folded(one), folded(two))
	})
}
