package sqlite_test

import (
	"path/filepath"
	"testing"

	"github.com/certmail/certmail/store"
	"github.com/certmail/certmail/store/internal/crashtest"
)

// TestKill kills processes with SIGKILL while they use one file.
func TestKill(t *testing.T) {
	open := func(t *testing.T, file string) store.Store { return open(t, file) }
	if crashtest.Child(t, open) {
		return
	}
	crashtest.Run(t, crashtest.Subject{Test: "TestKill", Where: filepath.Join(t.TempDir(), "pec.db"), Open: open, Points: 60})
}
