package sqlite_test

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/store/internal/storebench"
)

// BenchmarkIngest compares Collect with prepared inserts of the same rows into
// the same tables of another file: see storebench.Ingest.
func BenchmarkIngest(b *testing.B) {
	for _, size := range []int{1, 50, 1000} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			storebench.Ingest(b, open(b, filepath.Join(b.TempDir(), "pec.db")), bareInserts(b), size)
		})
	}
}

// TestIngestRate: the bound is below what a quiet machine does.
func TestIngestRate(t *testing.T) {
	storebench.IngestAtLeast(t, open(t, filepath.Join(t.TempDir(), "pec.db")), bareInserts(t), 1000, 0.5)
}

// bareInserts makes the tables, and returns what inserts into them.
func bareInserts(tb testing.TB) func(ctx context.Context, rows []storebench.Row) error {
	file := filepath.Join(tb.TempDir(), "bare.db")
	require.NoError(tb, open(tb, file).Close())
	db := raw(tb, file+"?_pragma=synchronous(full)&_pragma=cache_size(-16000)&_txlock=immediate")
	db.SetMaxOpenConns(1)
	message, err := db.Prepare(storebench.IntoMessage)
	require.NoError(tb, err)
	tb.Cleanup(func() { message.Close() })
	event, err := db.Prepare(storebench.IntoEvent)
	require.NoError(tb, err)
	tb.Cleanup(func() { event.Close() })
	return func(ctx context.Context, rows []storebench.Row) error {
		tx, err := db.BeginTx(ctx, nil)
		if err != nil {
			return err
		}
		defer tx.Rollback()
		intoMessage, intoEvent := tx.StmtContext(ctx, message), tx.StmtContext(ctx, event)
		for i := range rows {
			if _, err := intoMessage.ExecContext(ctx, rows[i].Message()...); err != nil {
				return err
			}
			if _, err := intoEvent.ExecContext(ctx, rows[i].Event()...); err != nil {
				return err
			}
		}
		return tx.Commit()
	}
}

func BenchmarkWork(b *testing.B) {
	storebench.Work(b, open(b, filepath.Join(b.TempDir(), "pec.db")), 20)
}
