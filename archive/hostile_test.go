package archive_test

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/archive"
	"github.com/certmail/certmail/trust"
	"github.com/certmail/certmail/trust/tsp/tsptest"
)

type zipped struct {
	name, data string
	method     uint16
	mode       os.FileMode
	extra      []byte
}

func zipOf(t testing.TB, entries ...zipped) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, e := range entries {
		h := &zip.FileHeader{Name: e.name, Method: e.method, Extra: e.extra}
		if e.mode != 0 {
			h.SetMode(e.mode)
		}
		w, err := z.CreateHeader(h)
		require.NoError(t, err)
		_, err = io.WriteString(w, e.data)
		require.NoError(t, err)
	}
	require.NoError(t, z.Close())
	return b.Bytes()
}

func openBytes(t testing.TB, data []byte, lim *archive.Limits) error {
	t.Helper()
	p, err := archive.OpenReader(t.Context(), bytes.NewReader(data), int64(len(data)), lim)
	if err == nil {
		_ = p.Close()
	}
	return err
}

// §7 Package: hostile archives are refused.
func TestPackage_HostileZip(t *testing.T) {
	m := zipped{name: "manifest.json", data: "{}"}
	require.NoError(t, openBytes(t, zipOf(t, m), nil))
	for what, entries := range map[string][]zipped{
		"parent":            {m, {name: "../x"}},
		"parent inside":     {m, {name: "a/../../x"}},
		"dot":               {m, {name: "./x"}},
		"absolute":          {m, {name: "/etc/passwd"}},
		"drive":             {m, {name: "C:x"}},
		"backslash":         {m, {name: `a\x`}},
		"line feed":         {m, {name: "data/a\nb"}},
		"CR LF":             {m, {name: "data/a\r\nb"}},
		"NUL":               {m, {name: "a\x00b"}},
		"not UTF-8":         {m, {name: "\xff"}},
		"empty element":     {m, {name: "a//b"}},
		"trailing dot":      {m, {name: "a."}},
		"twice":             {m, m},
		"case":              {m, {name: "Manifest.json"}},
		"Unicode":           {m, {name: "\u00e8"}, {name: "e\u0300"}},
		"ligature":          {m, {name: "\ufb01"}, {name: "fi"}},
		"sharp s":           {m, {name: "ß"}, {name: "SS"}},
		"symbolic link":     {m, {name: "x", data: "/etc/passwd", mode: os.ModeSymlink | 0o777}},
		"device":            {m, {name: "x", mode: os.ModeDevice | 0o777}},
		"fetch":             {{name: "bagit.txt", data: "x"}, {name: "fetch.txt", data: "http://x.example/ 1 data/x"}},
		"fetch in a folder": {{name: "b/bagit.txt", data: "x"}, {name: "b/fetch.txt", data: "x"}},
		"fetch in capitals": {{name: "bagit.txt", data: "x"}, {name: "FETCH.TXT", data: "x"}},
		"mimetype later":    {m, {name: "mimetype", data: "application/vnd.etsi.asic-e+zip"}},
		"mimetype packed":   {{name: "mimetype", data: "application/vnd.etsi.asic-e+zip", method: zip.Deflate}, m},
		"mimetype extra":    {{name: "mimetype", data: "application/vnd.etsi.asic-e+zip", extra: []byte{9, 9, 1, 0, 0}}, m},
		"two mimetypes":     {{name: "mimetype", data: "a"}, {name: "mimetype", data: "a"}, m},
		"no package":        {{name: "x", data: "y"}},
		"empty":             {},
	} {
		require.ErrorIs(t, openBytes(t, zipOf(t, entries...), nil), archive.ErrPackage, what)
	}
	lim := &archive.Limits{Entries: 10, Size: 3 << 20, EntrySize: 2 << 20, Ratio: 50}
	many := []zipped{m}
	for i := range 11 {
		many = append(many, zipped{name: fmt.Sprint(i)})
	}
	for what, entries := range map[string][]zipped{
		"entries": many,
		"ratio":   {m, {name: "x", data: strings.Repeat("0", 2<<20), method: zip.Deflate}},
		"entry":   {m, {name: "x", data: strings.Repeat("0", 2<<20+1)}},
		"size":    {m, {name: "x", data: strings.Repeat("0", 2<<20)}, {name: "y", data: strings.Repeat("0", 2<<20)}},
		"depth":   {m, {name: strings.Repeat("a/", 9) + "x"}},
		"name":    {m, {name: strings.Repeat("a", 1025)}},
	} {
		require.ErrorIs(t, openBytes(t, zipOf(t, entries...), lim), archive.ErrLimit, what)
	}
	require.ErrorIs(t, openBytes(t, []byte("not a zip file"), nil), archive.ErrPackage)
	require.ErrorIs(t, openBytes(t, nil, nil), archive.ErrPackage)

	// Two names for the same bytes: the quine bombs of zip files.
	overlap := zipOf(t, m, zipped{name: "aaaa", data: "1234"}, zipped{name: "bbbb", data: "1234"})
	first := bytes.Index(overlap, []byte("PK\x01\x02"))
	a := first + bytes.Index(overlap[first:], []byte("aaaa")) - 46
	b := first + bytes.Index(overlap[first:], []byte("bbbb")) - 46
	copy(overlap[b+42:b+46], overlap[a+42:a+46])
	require.ErrorIs(t, openBytes(t, overlap, nil), archive.ErrPackage)

	// A directory that is longer than it says is read within a budget.
	var dir bytes.Buffer
	entry := make([]byte, 46)
	binary.LittleEndian.PutUint32(entry, 0x02014b50)
	for range 300_000 {
		dir.Write(entry)
	}
	end := make([]byte, 22)
	binary.LittleEndian.PutUint32(end, 0x06054b50)
	binary.LittleEndian.PutUint16(end[8:], 1)
	binary.LittleEndian.PutUint16(end[10:], 1)
	binary.LittleEndian.PutUint32(end[12:], uint32(dir.Len()))
	dir.Write(end)
	require.Error(t, openBytes(t, dir.Bytes(), nil))
}

func TestPackage_HostileFolder(t *testing.T) {
	w := newWorld(t)
	for what, spoil := range map[string]func(dir string) error{
		"link to a file":   func(dir string) error { return os.Symlink("/etc/hostname", filepath.Join(dir, "data", "x.eml")) },
		"link inside":      func(dir string) error { return os.Symlink("manifest.json", filepath.Join(dir, "x")) },
		"link to a folder": func(dir string) error { return os.Symlink("/", filepath.Join(dir, "x")) },
		"fetch.txt":        func(dir string) error { return os.WriteFile(filepath.Join(dir, "fetch.txt"), nil, 0o600) },
		"line feed":        func(dir string) error { return os.WriteFile(filepath.Join(dir, "a\nb"), nil, 0o600) },
		"case":             func(dir string) error { return os.WriteFile(filepath.Join(dir, "MANIFEST.JSON"), nil, 0o600) },
	} {
		dir := w.write(t, archive.BagIt, w.transaction(t, false, "good/m1-accettazione.eml"))
		require.NoError(t, spoil(dir))
		_, err := archive.Open(t.Context(), dir, nil)
		require.ErrorIs(t, err, archive.ErrPackage, what)
	}
	_, err := archive.Open(t.Context(), t.TempDir(), nil)
	require.ErrorIs(t, err, archive.ErrPackage)
	_, err = archive.Open(t.Context(), filepath.Join(t.TempDir(), "none"), nil)
	require.ErrorIs(t, err, os.ErrNotExist)
}

// A package that somebody unpacked and packed again with another program: the
// content holds, and it is said that the file is not the one that was written.
func TestPackage_PackedAgain(t *testing.T) {
	w := newWorld(t)
	var b bytes.Buffer
	require.NoError(t, archive.WriteTo(t.Context(), &b, w.transaction(t, true, "good/m1-accettazione.eml"), &archive.Options{Format: archive.Zip}))
	z, err := zip.NewReader(bytes.NewReader(b.Bytes()), int64(b.Len()))
	require.NoError(t, err)
	var entries []zipped
	for _, f := range z.File {
		r, err := f.Open()
		require.NoError(t, err)
		data, err := io.ReadAll(r)
		require.NoError(t, err)
		entries = append(entries, zipped{name: "p/" + f.Name, data: string(data), method: zip.Deflate})
	}
	again := zipOf(t, entries...)
	p, err := archive.OpenReader(t.Context(), bytes.NewReader(again), int64(len(again)), nil)
	require.NoError(t, err)
	v, err := p.Verify(t.Context(), w.verify())
	require.NoError(t, err)
	require.Equal(t, trust.Indeterminate, v.Verdict, describe(v))
	require.Len(t, v.Integrity.Alterations, 1)
	require.Equal(t, archive.Container, v.Integrity.Alterations[0].Kind)
	require.Equal(t, trust.Valid, v.Items[0].Verdict)
}

func FuzzOpenPackage(f *testing.F) {
	w := &world{received: time.Date(2026, 9, 1, 8, 0, 0, 0, time.UTC)} // every worker needs one: a light one
	w.later = w.received.AddDate(10, 0, 0)
	var err error
	w.tsa, err = tsptest.New(tsptest.Config{Clock: func() time.Time { return w.received }, Seed: 7})
	require.NoError(f, err)
	w.stampRoot = w.tsa.Root()
	for _, format := range []archive.Format{archive.Zip, archive.BagItZip, archive.ASiCE, archive.PDVZip} {
		var b bytes.Buffer
		tx := w.small(f)
		if err := archive.WriteTo(f.Context(), &b, tx, &archive.Options{Format: format, Organization: "x", TimeStamp: w.tsa}); err != nil {
			f.Fatal(err)
		}
		f.Add(b.Bytes())
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := archive.OpenReader(t.Context(), bytes.NewReader(data), int64(len(data)), &archive.Limits{Entries: 100, Size: 1 << 20, EntrySize: 1 << 20, Small: 1 << 20})
		if err != nil {
			return
		}
		defer p.Close()
		v, err := p.Verify(t.Context(), w.verify())
		if err != nil {
			return
		}
		// Valid means that all of it was read, and is as it was captured.
		if v.Verdict == trust.Valid {
			require.True(t, v.Integrity.Intact)
			require.NotEmpty(t, v.Items)
			for _, it := range v.Items {
				require.True(t, it.Intact)
			}
		}
		for _, path := range p.Files() {
			require.NotContains(t, path, "..")
			require.False(t, strings.HasPrefix(path, "/"))
		}
	})
}
