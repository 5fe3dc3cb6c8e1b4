package postgres_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/certmail/certmail/store/internal/storebench"
)

// BenchmarkIngest compares Collect with inserts of arrays of the same rows, which
// is the fastest way short of COPY, into the same tables of another schema: see
// storebench.Ingest.
func BenchmarkIngest(b *testing.B) {
	for _, size := range []int{1, 50, 1000} {
		b.Run(fmt.Sprint(size), func(b *testing.B) { storebench.Ingest(b, open(b, fresh()), bareInserts(b), size) })
	}
}

// TestIngestRate: the bound is below what a quiet machine does.
func TestIngestRate(t *testing.T) {
	storebench.IngestAtLeast(t, open(t, fresh()), bareInserts(t), 1000, 0.4)
}

// bareInserts makes the tables, and returns what inserts into them.
func bareInserts(tb testing.TB) func(ctx context.Context, rows []storebench.Row) error {
	db, other := admin(tb), fresh()
	open(tb, other)
	return func(ctx context.Context, rows []storebench.Row) error {
		tx, err := db.BeginTx(ctx, nil)
		if err != nil {
			return err
		}
		defer tx.Rollback()
		messages, events := columns(rows, (*storebench.Row).Message), columns(rows, (*storebench.Row).Event)
		if _, err := tx.ExecContext(ctx, `INSERT INTO `+other+`.message (account, folder, identity, id, sha256, size, kind, verdict, finding, collected)
			SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::bigint[], $7::text[], $8::bigint[], $9::text[], $10::text[])`,
			messages...); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `INSERT INTO `+other+`.event (seq, account, id, collected, message_id, identifier, kind, recipient, record, reference)
			SELECT *, '' FROM unnest($1::bigint[], $2::text[], $3::bytea[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::bytea[])`,
			events...); err != nil {
			return err
		}
		return tx.Commit()
	}
}

// columns turns rows into one array for each column.
func columns(rows []storebench.Row, of func(*storebench.Row) []any) []any {
	var out []any
	for i := range rows {
		for j, value := range of(&rows[i]) {
			if i == 0 {
				switch value.(type) {
				case string:
					out = append(out, []string(nil))
				case int64:
					out = append(out, []int64(nil))
				default:
					out = append(out, [][]byte(nil))
				}
			}
			switch list := out[j].(type) {
			case []string:
				out[j] = append(list, value.(string))
			case []int64:
				out[j] = append(list, value.(int64))
			case [][]byte:
				out[j] = append(list, value.([]byte))
			}
		}
	}
	return out
}

func BenchmarkWork(b *testing.B) { storebench.Work(b, open(b, fresh()), 20) }
