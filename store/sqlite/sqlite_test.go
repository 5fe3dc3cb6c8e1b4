package sqlite_test

import (
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
