package postgres_test

import (
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/store"
	"github.com/certmail/certmail/store/internal/pgtest"
	"github.com/certmail/certmail/store/postgres"
	"github.com/certmail/certmail/store/storetest"
)

func TestMain(m *testing.M) {
	code := m.Run()
	pgtest.Stop()
	os.Exit(code)
}

var schemas atomic.Int32

// fresh returns a schema that nobody has used.
func fresh() string { return fmt.Sprint("certmail_", schemas.Add(1)) }

func open(t testing.TB, schema string) postgres.Store {
	t.Helper()
	s, err := postgres.Open(t.Context(), pgtest.Conninfo(t), &postgres.Options{Schema: schema, Conns: 8})
	require.NoError(t, err)
	t.Cleanup(func() {
		require.NoError(t, s.Close())
		agree(t, schema)
	})
	return s
}

func TestStore(t *testing.T) {
	storetest.Store(t, func(t *testing.T) storetest.Opened {
		schema := fresh()
		return storetest.Opened{Store: open(t, schema), Again: func() store.Store { return open(t, schema) }}
	})
}

func TestBlobs(t *testing.T) {
	storetest.Blobs(t, func(t *testing.T) storetest.OpenedBlobs {
		schema, dir := fresh(), filepath.Join(t.TempDir(), "blobs")
		blobs := func() store.Blobs {
			folder, err := store.NewFolder(dir, nil)
			require.NoError(t, err)
			t.Cleanup(func() { require.NoError(t, folder.Close()) })
			return open(t, schema).Blobs(folder)
		}
		o := storetest.OpenedBlobs{Blobs: blobs(), Again: blobs}
		db := admin(t)
		o.Damage = func(name string, change func([]byte) []byte) {
			path := filepath.Join(dir, name[:2], name[2:])
			if data, err := os.ReadFile(path); err == nil {
				require.NoError(t, os.WriteFile(path, change(data), 0o600))
				return
			}
			var data []byte
			require.NoError(t, db.QueryRow(`SELECT data FROM `+schema+`.blob WHERE encode(sha256, 'hex') = $1`, name).Scan(&data))
			_, err := db.Exec(`UPDATE `+schema+`.blob SET data = coalesce($1::bytea, ''::bytea) WHERE encode(sha256, 'hex') = $2`, change(data), name)
			require.NoError(t, err)
		}
		return o
	})
}
