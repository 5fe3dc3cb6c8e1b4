package sqlite_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/store"
	"github.com/certmail/certmail/store/sqlite"
	"github.com/certmail/certmail/store/storetest"
)

func open(t testing.TB, file string) sqlite.Store {
	t.Helper()
	s, err := sqlite.Open(t.Context(), file, nil)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return s
}

func TestStore(t *testing.T) {
	storetest.Store(t, func(t *testing.T) storetest.Opened {
		file := filepath.Join(t.TempDir(), "pec.db")
		return storetest.Opened{Store: open(t, file), Again: func() store.Store { return open(t, file) }}
	})
}

func TestBlobs(t *testing.T) {
	storetest.Blobs(t, func(t *testing.T) storetest.OpenedBlobs {
		dir := t.TempDir()
		file := filepath.Join(dir, "pec.db")
		blobs := func() store.Blobs {
			folder, err := store.NewFolder(filepath.Join(dir, "blobs"), nil)
			require.NoError(t, err)
			t.Cleanup(func() { require.NoError(t, folder.Close()) })
			b, err := sqlite.OpenBlobs(t.Context(), file, folder, nil)
			require.NoError(t, err)
			t.Cleanup(func() { require.NoError(t, b.Close()) })
			return b
		}
		damage := func(name string, change func([]byte) []byte) {
			path := filepath.Join(dir, "blobs", name[:2], name[2:])
			if data, err := os.ReadFile(path); err == nil {
				require.NoError(t, os.WriteFile(path, change(data), 0o600))
				return
			}
			db := raw(t, file)
			var data []byte
			require.NoError(t, db.QueryRow(`SELECT data FROM blob WHERE sha256 = unhex(?)`, name).Scan(&data))
			_, err := db.Exec(`UPDATE blob SET data = coalesce(?, x'') WHERE sha256 = unhex(?)`, change(data), name)
			require.NoError(t, err)
			require.NoError(t, db.Close())
		}
		return storetest.OpenedBlobs{Blobs: blobs(), Again: blobs, Damage: damage}
	})
}
