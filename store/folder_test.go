package store_test

import (
	"bytes"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/store"
	"github.com/certmail/certmail/store/storetest"
)

func TestMemoryBlobs(t *testing.T) {
	storetest.Blobs(t, func(t *testing.T) storetest.OpenedBlobs {
		return storetest.OpenedBlobs{Blobs: store.NewMemoryBlobs()}
	})
}

func newFolder(t *testing.T, dir string, opt *store.FolderOptions) *store.Folder {
	f, err := store.NewFolder(dir, opt)
	require.NoError(t, err)
	t.Cleanup(func() { f.Close() })
	return f
}

func TestFolder(t *testing.T) {
	storetest.Blobs(t, func(t *testing.T) storetest.OpenedBlobs {
		dir := filepath.Join(t.TempDir(), "blobs")
		return storetest.OpenedBlobs{
			Blobs: newFolder(t, dir, nil),
			Again: func() store.Blobs { return newFolder(t, dir, nil) },
			Damage: func(name string, change func([]byte) []byte) {
				file := filepath.Join(dir, name[:2], name[2:])
				data, err := os.ReadFile(file)
				require.NoError(t, err)
				require.NoError(t, os.WriteFile(file, change(data), 0o600))
			},
		}
	})
}

// Only the owner may read, nothing temporary stays, and names are digests.
func TestFolderLayout(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "blobs")
	f := newFolder(t, dir, nil)
	for range 2 {
		_, _, err := f.Put(t.Context(), strings.NewReader("abc"))
		require.NoError(t, err)
	}
	var names []string
	require.NoError(t, filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		require.NoError(t, err)
		info, err := d.Info()
		require.NoError(t, err)
		rel, err := filepath.Rel(dir, name)
		require.NoError(t, err)
		names = append(names, filepath.ToSlash(rel))
		if runtime.GOOS != "windows" {
			require.Equal(t, map[bool]fs.FileMode{true: 0o700, false: 0o600}[d.IsDir()], info.Mode().Perm(), rel)
		}
		return nil
	}))
	require.Equal(t, []string{".", "ba", "ba/7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", "tmp"}, names)
}

func TestFolderSweepsWhatCrashesLeft(t *testing.T) {
	dir := t.TempDir()
	newFolder(t, dir, nil)
	old, fresh := filepath.Join(dir, "tmp", "old"), filepath.Join(dir, "tmp", "fresh")
	for _, name := range []string{old, fresh} {
		require.NoError(t, os.WriteFile(name, []byte("part"), 0o600))
	}
	require.NoError(t, os.Chtimes(old, time.Time{}, time.Now().Add(-2*time.Hour)))
	newFolder(t, dir, nil)
	require.FileExists(t, old, "younger than a day")
	newFolder(t, dir, &store.FolderOptions{TempAge: time.Hour})
	require.NoFileExists(t, old)
	require.FileExists(t, fresh)
}

// A symbolic link does not lead out of the folder.
func TestFolderIsContained(t *testing.T) {
	outside, dir := t.TempDir(), t.TempDir()
	f := newFolder(t, dir, nil)
	if err := os.Symlink(outside, filepath.Join(dir, "ba")); err != nil {
		require.Equal(t, "windows", runtime.GOOS)
		return
	}
	_, _, err := f.Put(t.Context(), strings.NewReader("abc"))
	require.Error(t, err)
	list, err := os.ReadDir(outside)
	require.NoError(t, err)
	require.Empty(t, list)
}

func TestFolderNeedsItsParent(t *testing.T) {
	_, err := store.NewFolder(filepath.Join(t.TempDir(), "a", "b"), nil)
	require.ErrorIs(t, err, fs.ErrNotExist)
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	_, err = store.NewFolder(file, nil)
	require.Error(t, err)
}

// Memory stays small however large the bytes are.
func TestFolderStreams(t *testing.T) {
	const size = 64 << 20
	f := newFolder(t, t.TempDir(), nil)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	sum, n, err := f.Put(t.Context(), io.LimitReader(zeros{}, size))
	require.NoError(t, err)
	require.EqualValues(t, size, n)
	r, err := f.Open(t.Context(), sum)
	require.NoError(t, err)
	defer r.Close()
	n, err = io.Copy(io.Discard, r)
	require.NoError(t, err)
	require.EqualValues(t, size, n)
	runtime.ReadMemStats(&after)
	require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(1<<20))
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

// TestFolderSurvivesKill kills a process that puts, again and again: what can
// be opened is whole, and what it reported is there.
func TestFolderSurvivesKill(t *testing.T) {
	const env = "CERTMAIL_TEST_PUT"
	if dir := os.Getenv(env); dir != "" {
		f := newFolder(t, dir, nil)
		for i := byte(0); ; i++ {
			sum, _, err := f.Put(t.Context(), bytes.NewReader(bytes.Repeat([]byte{i, byte(time.Now().Nanosecond())}, 300_000)))
			require.NoError(t, err)
			os.Stdout.WriteString(sum.String() + "\n")
		}
	}
	dir := t.TempDir()
	reported := 0
	for i := range 20 {
		cmd := exec.Command(os.Args[0], "-test.run=^TestFolderSurvivesKill$")
		cmd.Env = append(os.Environ(), env+"="+dir)
		out := new(bytes.Buffer)
		cmd.Stdout = out
		require.NoError(t, cmd.Start())
		time.Sleep(time.Duration(30+7*i) * time.Millisecond)
		require.NoError(t, cmd.Process.Kill())
		require.Error(t, cmd.Wait())
		lines := strings.SplitAfter(out.String(), "\n")
		for _, line := range lines[:len(lines)-1] {
			name := strings.TrimSpace(line)
			require.FileExists(t, filepath.Join(dir, name[:2], name[2:]))
			reported++
		}
	}
	require.Positive(t, reported)
	f := newFolder(t, dir, &store.FolderOptions{TempAge: 1})
	left, err := os.ReadDir(filepath.Join(dir, "tmp"))
	require.NoError(t, err)
	require.Empty(t, left)
	require.NoError(t, filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(name)
		require.NoError(t, err)
		sum, _, err := f.Put(t.Context(), bytes.NewReader(data))
		require.NoError(t, err)
		require.Equal(t, filepath.Base(filepath.Dir(name))+filepath.Base(name), sum.String())
		return nil
	}))
}
