package sqlite_test

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/store/internal/storebench"
)

// BenchmarkIngest compares Collect with prepared inserts into a table without
// indexes, in a file with the same journal and the same synchronisation.
func BenchmarkIngest(b *testing.B) {
	for _, size := range []int{1, 1000} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			dir := b.TempDir()
			db := raw(b, filepath.Join(dir, "bare.db")+"?_pragma=journal_mode(wal)&_pragma=synchronous(full)&_txlock=immediate")
			db.SetMaxOpenConns(1)
			_, err := db.Exec(`CREATE TABLE bare (` + strings.Join(storebench.Columns, ", ") + `, PRIMARY KEY (seq))`)
			require.NoError(b, err)
			insert, err := db.Prepare(`INSERT INTO bare VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`)
			require.NoError(b, err)
			defer insert.Close()
			bare := func(ctx context.Context, rows []storebench.Row) error {
				tx, err := db.BeginTx(ctx, nil)
				if err != nil {
					return err
				}
				defer tx.Rollback()
				stmt := tx.StmtContext(ctx, insert)
				for _, r := range rows {
					if _, err := stmt.ExecContext(ctx, r.Seq, r.Account, r.At, r.MessageID, r.Reference, r.Identifier, r.Kind, r.Person, r.ID, r.Record); err != nil {
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
