package postgres_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/receipt"
	"github.com/certmail/certmail/store"
	"github.com/certmail/certmail/store/internal/pgtest"
	"github.com/certmail/certmail/store/internal/sendbench"
	"github.com/certmail/certmail/store/postgres"
)

// Statements that are planned while the tables are empty, as those of a new
// installation are, do not read whole tables later on.
func TestNothingReadsWholeTables(t *testing.T) {
	schema, db := fresh(), admin(t)
	scans := func() (n, rows int) {
		require.NoError(t, db.QueryRow(`SELECT sum(seq_scan), sum(n_tup_ins) FROM pg_stat_user_tables
			WHERE schemaname = $1 AND relname IN ('submission', 'queue', 'sending', 'blob', 'message', 'event')`, schema).Scan(&n, &rows))
		return n, rows
	}
	use := func(work func(postgres.Store)) { // a connection that ends tells what it did
		s, err := postgres.Open(t.Context(), pgtest.Conninfo(t), &postgres.Options{Schema: schema})
		require.NoError(t, err)
		defer s.Close()
		work(s)
	}
	use(func(s postgres.Store) { // to make indices reads whole tables
		_, _, err := s.Enqueue(t.Context(), store.Submission{Account: "x", Key: "x", Sent: receipt.Sent{MessageID: "x", SHA256: receipt.Digest{1}}}, time.Time{})
		require.NoError(t, err)
	})
	before := 0
	require.Eventually(t, func() bool {
		var rows int
		before, rows = scans()
		return rows == 2 // of submission and queue
	}, 20*time.Second, 20*time.Millisecond)

	const messages = 300
	server := sendbench.Sink(t)
	use(func(s postgres.Store) {
		folder, err := store.NewFolder(t.TempDir(), nil)
		require.NoError(t, err)
		defer folder.Close()
		sendbench.New(t, server, s, s.Blobs(folder)).Round(messages)
		_, err = s.Collect(t.Context(), someBatch("", "1", "a", "b"))
		require.NoError(t, err)
		_, err = s.EventsAbout(t.Context(), "a", "b")
		require.NoError(t, err)
		_, err = s.Events(t.Context(), "a", 0, 0)
		require.NoError(t, err)
		_, err = s.Unreadable(t.Context(), "a")
		require.NoError(t, err)
		_, err = s.ByMessageID(t.Context(), "x", "x")
		require.NoError(t, err)
		_, err = s.Renew(t.Context(), "one", time.Time{})
		require.NoError(t, err)
	})
	after, rows := 0, 0
	require.Eventually(t, func() bool {
		after, rows = scans()
		return rows >= 4*messages
	}, 20*time.Second, 20*time.Millisecond)
	require.Equal(t, before, after, "reads of whole tables while %d rows came", rows)
	var read int
	require.NoError(t, db.QueryRow(`SELECT sum(idx_tup_read) FROM pg_stat_user_indexes WHERE schemaname = $1 AND relname = 'queue'`, schema).Scan(&read))
	require.Less(t, read, 10*messages, "what is claimed is not looked for in the whole queue")
}
