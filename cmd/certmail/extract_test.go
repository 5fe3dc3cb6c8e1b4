package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/internal/reftest"
	"github.com/certmail/certmail/receipt"
)

// files lists a folder with what is in it, everything below included.
func filesIn(t *testing.T, dir string) map[string]string {
	t.Helper()
	got := map[string]string{}
	require.NoError(t, filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			var data []byte
			data, err = os.ReadFile(path)
			rel, _ := filepath.Rel(dir, path)
			got[filepath.ToSlash(rel)] = string(data)
		}
		return err
	}))
	return got
}

func extractInto(t *testing.T, dir string, message []byte, flags ...string) (result, extracted) {
	t.Helper()
	r := certmailWith(string(message), append([]string{"extract", "-", "--json", "--to", dir}, flags...)...)
	var got extracted
	if r.stdout != "" {
		r.decode(t, &got)
	}
	return r, got
}

// TestExtractReal compares every file with what other programs take out.
func TestExtractReal(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "made", "for", "it")
	r := certmail("extract", real(t, intact)[0], "--to", dir, "--json")
	require.Equal(t, exitGood, r.code, r.stderr)
	var got extracted
	r.decode(t, &got)
	files := filesIn(t, dir)
	require.Equal(t, string(embedded(t, reftest.File(t, "pec", intact))), files["postacert.eml"])
	require.Len(t, files, 5)
	for _, w := range got.Written {
		require.Equal(t, int64(len(files[w.Name])), w.Size)
		require.Equal(t, sha([]byte(files[w.Name])), w.SHA256)
	}
	require.True(t, strings.HasPrefix(files["daticert.xml"], "<?xml"))

	// xmllint reads the certification data, openssl the signature.
	runTool(t, "xmllint", "--noout", "--dtdvalid", filepath.Join(reftest.Dir(t, "pec"), "daticert.dtd"), filepath.Join(dir, "daticert.xml"))
	runTool(t, "openssl", "cms", "-cmsout", "-noout", "-inform", "DER", "-in", filepath.Join(dir, "smime.p7s"))
}

func TestExtractSchema(t *testing.T) {
	r := certmailWith(string(newGestore().transport(t, letter())), "extract", "-", "--to", t.TempDir(), "--json")
	require.Equal(t, exitGood, r.code)
	require.ElementsMatch(t, []string{"file", "written", "failed"}, keys(t, json.RawMessage(r.stdout)))
	var got struct{ Written []json.RawMessage }
	r.decode(t, &got)
	require.ElementsMatch(t, []string{"name", "original_name", "size", "sha256"}, keys(t, got.Written[0]))
}

// TestExtractStaysInTheFolder: whatever names say, nothing leaves the folder.
func TestExtractStaysInTheFolder(t *testing.T) {
	long := strings.Repeat("n", 300)
	said := []string{
		"../x", "/etc/x", "a/b", `C:\x`, `C:x`, "..", ".", "", long, long + ".pdf", "uguale.pdf", "uguale.pdf", "UGUALE.PDF", "uguale (2).pdf",
		`..\..\y`, ".nascosto", "daticert.xml", "POSTACERT.EML", "CON", "nul.txt", "com1.tar.gz", "-rf", "a*b?.txt", "spazio. ", "../",
		strings.Repeat("è", 150) + ".pdf", "a:b",
	}
	var files []file
	for i, name := range said {
		files = append(files, file{fmt.Sprintf(`attachment; filename="%s"`, strings.ReplaceAll(name, `\`, `\\`)), fmt.Sprintf("corpo %d", i)})
	}
	files = append(files, file{`attachment; filename*=utf-8''a%00b%0Ac%1Bd%E2%80%AEe%2F..%2F..%2Fz.txt`, "codificato"})
	files = append(files, file{`attachment; filename*=utf-8''due%0Arighe%1B.txt`, "righe"})

	parent := t.TempDir()
	dir := filepath.Join(parent, "dir")
	r, got := extractInto(t, dir, newGestore().transport(t, letter(files...)))
	require.Equal(t, exitGood, r.code, r.stderr)
	all := filesIn(t, parent)
	require.Len(t, all, len(files)+3, "one file each, and the three of the envelope")
	bodies := map[string]bool{}
	for path, body := range all {
		name, inside := strings.CutPrefix(path, "dir/")
		require.True(t, inside && !strings.Contains(name, "/"), path)
		require.LessOrEqual(t, len(name), maxName)
		require.NotContains(t, ". -", name[:1], name)
		require.NotContains(t, ". ", name[len(name)-1:], name)
		require.False(t, strings.ContainsFunc(name, steers), "%q", name)
		bodies[body] = true
	}
	for _, f := range files {
		require.True(t, bodies[f.body], f.body)
	}
	names := map[string]string{}
	for _, w := range got.Written[3:] {
		names[w.OriginalName] += "|" + w.Name
	}
	require.Equal(t, "|x", names["../x"])
	require.Equal(t, "|x (2)", names["/etc/x"])
	require.Equal(t, "|b", names["a/b"])
	require.Equal(t, "|x (3)", names[`C:\x`])
	require.Equal(t, "|C_x", names["C:x"])
	require.Equal(t, "|attachment", names[".."])
	require.Equal(t, "|uguale.pdf|uguale (2).pdf", names["uguale.pdf"])
	require.Equal(t, "|UGUALE (3).PDF", names["UGUALE.PDF"])
	require.Equal(t, "|uguale (2) (2).pdf", names["uguale (2).pdf"])
	require.Equal(t, "|daticert (2).xml", names["daticert.xml"])
	require.Equal(t, "|POSTACERT (2).EML", names["POSTACERT.EML"])
	require.Equal(t, "|"+long[:196]+".pdf", names[long+".pdf"])
}

func TestExtractDoesNotFollowLinks(t *testing.T) {
	outside := t.TempDir()
	target := write(t, outside, "target", []byte("mio"))
	for _, name := range []string{"postacert.eml", "a.bin"} {
		for _, to := range []string{target, filepath.Join(outside, "new"), "../" + filepath.Base(outside) + "/new"} {
			dir := t.TempDir()
			require.NoError(t, os.Symlink(to, filepath.Join(dir, name)))
			message := newGestore().transport(t, letter(file{`attachment; filename="a.bin"`, "suo"}))

			r, _ := extractInto(t, dir, message)
			require.Equal(t, exitNotGood, r.code)
			require.Contains(t, r.stdout, name)
			entries, err := os.ReadDir(dir)
			require.NoError(t, err)
			require.Len(t, entries, 1, "nothing was written")

			r, _ = extractInto(t, dir, message, "--force")
			require.Equal(t, exitGood, r.code, r.stderr)
			info, err := os.Lstat(filepath.Join(dir, name))
			require.NoError(t, err)
			require.True(t, info.Mode().IsRegular(), "the link was replaced, not followed")
			require.Equal(t, map[string]string{"target": "mio"}, filesIn(t, outside))
		}
	}
}

func TestExtractDoesNotOverwrite(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "a.bin", []byte("mio"))
	message := newGestore().transport(t, letter(file{`attachment; filename="a.bin"`, "suo"}))
	r, got := extractInto(t, dir, message)
	require.Equal(t, exitNotGood, r.code)
	require.Empty(t, got.Written)
	require.Equal(t, []failedFile{{"a.bin", "a.bin", "is there already; --force replaces files"}}, got.Failed)
	require.Equal(t, map[string]string{"a.bin": "mio"}, filesIn(t, dir))

	r, _ = extractInto(t, dir, message, "--force")
	require.Equal(t, exitGood, r.code)
	require.Equal(t, "suo", filesIn(t, dir)["a.bin"])

	// A folder is not removed, even an empty one.
	dir = t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(dir, "a.bin"), 0o755))
	r, _ = extractInto(t, dir, message, "--force")
	require.Equal(t, exitNotGood, r.code)
	require.DirExists(t, filepath.Join(dir, "a.bin"))
}

func TestExtractOthers(t *testing.T) {
	names := func(got extracted) (out []string) {
		for _, w := range got.Written {
			out = append(out, w.Name)
		}
		sort.Strings(out)
		return out
	}
	_, got := extractInto(t, t.TempDir(), newGestore().receipt(t, receipt.FormAcceptance, time.Minute, nil))
	require.Equal(t, []string{"daticert.xml", "smime.p7s"}, names(got))

	_, got = extractInto(t, t.TempDir(), []byte(letter(file{`attachment; filename="a.bin"`, "x"})))
	require.Equal(t, []string{"a.bin"}, names(got))

	r := certmailWith(letter(), "extract", "-", "--to", t.TempDir())
	require.Equal(t, exitGood, r.code)
	require.Contains(t, r.stdout, "nothing")

	r = certmailWith("", "extract", "-", "--to", t.TempDir())
	require.Equal(t, exitNotGood, r.code)
	require.Contains(t, r.stderr, "standard input: cannot be read")
	r, got = extractInto(t, t.TempDir(), []byte{0})
	require.Equal(t, exitNotGood, r.code)
	require.NotEmpty(t, got.Unreadable)
	r = certmail("extract", write(t, t.TempDir(), "two.mbox", bytes.Repeat([]byte("From a@b.example Tue Mar  3 10:15:32 2026\n"+letter()+"\n"), 2)), "--to", t.TempDir())
	require.Equal(t, exitUsage, r.code)
	require.Contains(t, r.stderr, "several messages")
}

// An attachment that cannot be decoded leaves no half a file, and does not
// stop the others.
func TestExtractDamagedAttachment(t *testing.T) {
	damaged := strings.Replace(letter(file{`attachment; filename="a.bin"`, "QUJD****"}, file{`attachment; filename="b.bin"`, "intero"}),
		"\r\nContent-Disposition: attachment; filename=\"a.bin\"", "\r\nContent-Transfer-Encoding: base64\r\nContent-Disposition: attachment; filename=\"a.bin\"", 1)
	dir := t.TempDir()
	r, got := extractInto(t, dir, newGestore().transport(t, damaged))
	require.Equal(t, exitNotGood, r.code)
	require.Len(t, got.Failed, 1)
	require.Equal(t, "a.bin", got.Failed[0].Name)
	files := filesIn(t, dir)
	require.Equal(t, "intero", files["b.bin"])
	require.NotContains(t, files, "a.bin")
	require.Contains(t, files, "postacert.eml")

	s := showOne(t, newGestore().transport(t, damaged))
	require.Equal(t, attachment{"a.bin", "application/octet-stream", 0, ""}, s.Original.Attachments[0])
	require.Contains(t, s.Findings[len(s.Findings)-1].Code, "attachment-unreadable")
}
