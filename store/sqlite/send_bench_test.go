package sqlite_test

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/store"
	"github.com/certmail/certmail/store/internal/sendbench"
	"github.com/certmail/certmail/store/sqlite"
)

// sending is an outbox on a new database, which keeps small messages' bytes too.
func sending(tb testing.TB, server *sendbench.Server) *sendbench.Bench {
	dir := tb.TempDir()
	folder, err := store.NewFolder(filepath.Join(dir, "blobs"), nil)
	require.NoError(tb, err)
	tb.Cleanup(func() { folder.Close() })
	blobs, err := sqlite.OpenBlobs(tb.Context(), filepath.Join(dir, "blobs.db"), folder, nil)
	require.NoError(tb, err)
	tb.Cleanup(func() { blobs.Close() })
	return sendbench.New(tb, server, open(tb, filepath.Join(dir, "pec.db")), blobs)
}

// BenchmarkSend10000 sends 10,000 messages the whole way: submitted, durable,
// over SMTP with TLS, outcome durable, known to a ledger. whole/bare is against
// a loop that sends the same bytes to the same server in this process over the
// same kind of connection; the goal is 0.7.
func BenchmarkSend10000(b *testing.B) {
	sendbench.Run(b, sending(b, sendbench.Sink(b)), 10_000)
}

// TestSendRate: the way through the outbox costs no multiple of that without. The
// bound leaves room for other machines, see BenchmarkSend10000.
func TestSendRate(t *testing.T) {
	if testing.Short() {
		t.Skip("leaves out the comparison with a bare loop")
	}
	sendbench.AtLeast(t, sending(t, sendbench.Sink(t)), 2000, 0.38)
}
