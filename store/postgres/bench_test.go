package postgres_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/store/internal/storebench"
)

// BenchmarkIngest compares Collect with inserts of arrays, which is the fastest
// way short of COPY, into a table without indexes on the same server.
func BenchmarkIngest(b *testing.B) {
	for _, size := range []int{1, 1000} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			db, schema := admin(b), fresh()
			s := open(b, schema)
			_, err := db.Exec(`CREATE TABLE ` + schema + `.bare (seq bigint PRIMARY KEY, account text, at text, message_id text, reference text,
				identifier text, kind text, person text, id bytea, record bytea)`)
			require.NoError(b, err)
			bare := func(ctx context.Context, rows []storebench.Row) error {
				var seqs []int64
				texts := make([][]string, 7)
				var ids, records [][]byte
				for _, r := range rows {
					seqs, ids, records = append(seqs, r.Seq), append(ids, r.ID), append(records, r.Record)
					for i, text := range []string{r.Account, r.At, r.MessageID, r.Reference, r.Identifier, r.Kind, r.Person} {
						texts[i] = append(texts[i], text)
					}
				}
				_, err := db.ExecContext(ctx, `INSERT INTO `+schema+`.bare SELECT * FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[],
					$5::text[], $6::text[], $7::text[], $8::text[], $9::bytea[], $10::bytea[])`,
					seqs, texts[0], texts[1], texts[2], texts[3], texts[4], texts[5], texts[6], ids, records)
				return err
			}
			storebench.Ingest(b, s, bare, size)
		})
	}
}

func BenchmarkWork(b *testing.B) { storebench.Work(b, open(b, fresh()), 20) }
