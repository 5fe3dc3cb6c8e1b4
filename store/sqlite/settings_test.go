package sqlite

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// The settings that durability rests on.
func TestSettings(t *testing.T) {
	file, err := create(filepath.Join(t.TempDir(), "pec.db"))
	require.NoError(t, err)
	o := Options{BusyTimeout: 3 * time.Second}
	require.NoError(t, useWAL(t.Context(), file, o, ""))
	for lock, wait := range map[string]string{"immediate": "25", "deferred": "3000"} {
		db, err := connect(file, o, lock, "")
		require.NoError(t, err)
		defer db.Close()
		for pragma, want := range map[string]string{"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1", "busy_timeout": wait} {
			var got string
			require.NoError(t, db.QueryRow(`PRAGMA `+pragma).Scan(&got))
			require.Equal(t, want, got, pragma)
		}
	}
}
