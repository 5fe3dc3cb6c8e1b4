package sqlite_test

import (
	"context"
	"database/sql"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	_ "modernc.org/sqlite"

	"github.com/certmail/certmail/receipt"
	"github.com/certmail/certmail/store"
	"github.com/certmail/certmail/store/sqlite"
)

// raw opens the file beside the store.
func raw(t testing.TB, file string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", file)
	require.NoError(t, err)
	t.Cleanup(func() { db.Close() })
	return db
}

// Many start at once on no file: one makes the tables.
func TestOpenAtOnce(t *testing.T) {
	file := filepath.Join(t.TempDir(), "pec.db")
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			s, err := sqlite.Open(t.Context(), file, nil)
			if err != nil {
				t.Error(err)
				return
			}
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	var versions int
	require.NoError(t, raw(t, file).QueryRow(`SELECT count(*) FROM version`).Scan(&versions))
	require.Equal(t, 2, versions, "each step once")
}

// TestProcessesAtOnce lets processes enqueue into one new file at a time.
func TestProcessesAtOnce(t *testing.T) {
	const env = "CERTMAIL_TEST_ENQUEUE"
	add := func(t *testing.T, s store.Store, key string) {
		_, _, err := s.Enqueue(t.Context(), store.Submission{Account: "a", Key: key, Sent: receipt.Sent{MessageID: key, SHA256: receipt.Digest{1}}}, time.Time{})
		require.NoError(t, err)
	}
	if file := os.Getenv(env); file != "" {
		s := open(t, file)
		for i := range 50 {
			add(t, s, os.Getenv(env+"_NAME")+string(rune('A'+i)))
		}
		return
	}
	file := filepath.Join(t.TempDir(), "pec.db")
	var wg sync.WaitGroup
	for _, name := range []string{"p", "q", "r"} {
		wg.Go(func() {
			cmd := exec.Command(os.Args[0], "-test.run=^TestProcessesAtOnce$")
			cmd.Env = append(os.Environ(), env+"="+file, env+"_NAME="+name)
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
	wg.Wait()
	list, err := open(t, file).Submissions(t.Context(), store.Filter{})
	require.NoError(t, err)
	require.Len(t, list, 150)
}

func TestOpenRefusesNewer(t *testing.T) {
	file := filepath.Join(t.TempDir(), "pec.db")
	s := open(t, file)
	require.NoError(t, s.Close())
	_, err := raw(t, file).Exec(`INSERT INTO version VALUES (99)`)
	require.NoError(t, err)
	_, err = sqlite.Open(t.Context(), file, nil)
	require.ErrorIs(t, err, store.ErrNewer)
	require.ErrorContains(t, err, "version 99")
}

func TestOpenFails(t *testing.T) {
	dir := t.TempDir()
	text := filepath.Join(dir, "text")
	require.NoError(t, os.WriteFile(text, []byte("this is no database, whatever its name says"), 0o600))
	for _, file := range []string{"", dir, filepath.Join(dir, "none", "pec.db"), text} {
		_, err := sqlite.Open(t.Context(), file, nil)
		require.Error(t, err, file)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := sqlite.Open(ctx, filepath.Join(dir, "pec.db"), nil)
	require.ErrorIs(t, err, context.Canceled)
}

// The file may have any name, and is for its owner only.
func TestFile(t *testing.T) {
	for _, name := range []string{"pec.db", "a b?c#d%20e&f=1.db", "è.db", ":memory:", "file:x"} {
		if runtime.GOOS == "windows" && name != "pec.db" {
			continue
		}
		dir := t.TempDir()
		s := open(t, filepath.Join(dir, name))
		_, err := s.Collect(t.Context(), store.Batch{Account: "a", Folder: "f", Cursor: "1"})
		require.NoError(t, err)
		list, err := os.ReadDir(dir)
		require.NoError(t, err)
		require.Len(t, list, 3, "the file, -wal and -shm")
		for i, end := range []string{"", "-shm", "-wal"} {
			require.Equal(t, name+end, list[i].Name())
			info, err := list[i].Info()
			require.NoError(t, err)
			if runtime.GOOS != "windows" {
				require.EqualValues(t, 0o600, info.Mode().Perm(), list[i].Name())
			}
		}
		require.NoError(t, s.Close())
		list, err = os.ReadDir(dir)
		require.NoError(t, err)
		require.Len(t, list, 1, "the journal is gone")
	}
}

// A writer that holds the file for long makes others fail, in time and without
// a trace, or end when their context does.
func TestBusy(t *testing.T) {
	file := filepath.Join(t.TempDir(), "pec.db")
	s, err := sqlite.Open(t.Context(), file, &sqlite.Options{BusyTimeout: 100 * time.Millisecond, Readers: 1})
	require.NoError(t, err)
	defer s.Close()
	db := raw(t, file)
	db.SetMaxOpenConns(1)
	_, err = db.Exec(`BEGIN IMMEDIATE`)
	require.NoError(t, err)
	b := store.Batch{Account: "a", Folder: "f", Cursor: "1"}
	_, err = s.Collect(t.Context(), b)
	require.ErrorContains(t, err, "SQLITE_BUSY")
	cursor, err := s.Cursor(t.Context(), "a", "f")
	require.NoError(t, err, "readers do not wait")
	require.Empty(t, cursor)

	patient := open(t, file)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	start := time.Now()
	_, err = patient.Collect(ctx, b)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.Less(t, time.Since(start), 5*time.Second)
	_, err = db.Exec(`ROLLBACK`)
	require.NoError(t, err)
	for _, s := range []sqlite.Store{s, patient} {
		_, err = s.Collect(t.Context(), b)
		require.NoError(t, err)
		b.Was = "1"
	}
}

// A file of the first version is brought up to date with what it holds.
func TestMigrate(t *testing.T) {
	file := filepath.Join(t.TempDir(), "pec.db")
	s := open(t, file)
	for _, key := range []string{"a", "b"} {
		_, _, err := s.Enqueue(t.Context(), store.Submission{Account: "x", Key: key, Sent: receipt.Sent{MessageID: key, SHA256: receipt.Digest{1}}}, time.Time{})
		require.NoError(t, err)
	}
	require.NoError(t, s.Close())
	db := raw(t, file)
	for _, back := range []string{`DROP INDEX submission_uncertain`, `CREATE INDEX submission_state ON submission (state, ord)`, `DELETE FROM version WHERE version = 2`} {
		_, err := db.Exec(back)
		require.NoError(t, err)
	}
	require.NoError(t, db.Close())
	s = open(t, file)
	list, err := s.Submissions(t.Context(), store.Filter{Account: "x", States: []store.State{store.Queued}})
	require.NoError(t, err)
	require.Len(t, list, 2)
	var indexes int
	require.NoError(t, raw(t, file).QueryRow(`SELECT count(*) FROM sqlite_schema WHERE name IN ('submission_state', 'submission_uncertain')`).Scan(&indexes))
	require.Equal(t, 1, indexes)
}
