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
			dir := b.TempDir()
			other := filepath.Join(dir, "bare.db")
			require.NoError(b, open(b, other).Close())
			db := raw(b, other+"?_pragma=synchronous(full)&_pragma=cache_size(-16000)&_txlock=immediate")
			db.SetMaxOpenConns(1)
			message, err := db.Prepare(storebench.IntoMessage)
			require.NoError(b, err)
			defer message.Close()
			event, err := db.Prepare(storebench.IntoEvent)
			require.NoError(b, err)
			defer event.Close()
			bare := func(ctx context.Context, rows []storebench.Row) error {
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
			storebench.Ingest(b, open(b, filepath.Join(dir, "pec.db")), bare, size)
		})
	}
}

func BenchmarkWork(b *testing.B) {
	storebench.Work(b, open(b, filepath.Join(b.TempDir(), "pec.db")), 20)
}
