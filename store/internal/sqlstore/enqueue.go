package sqlstore

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/certmail/certmail/store"
)

// Enqueue implements store.Store.
func (s *Store) Enqueue(ctx context.Context, m store.Submission, now time.Time) (stored store.Submission, existed bool, err error) {
	list, err := s.EnqueueAll(ctx, []store.Submission{m}, now)
	if err != nil {
		return store.Submission{}, false, err
	}
	return list[0].Submission, list[0].Existed, s.fail(ctx, "enqueue", list[0].Err)
}

// owned is a name within an account, as it stands in the database.
type owned struct{ account, name string }

// EnqueueAll implements store.Store.
func (s *Store) EnqueueAll(ctx context.Context, list []store.Submission, now time.Time) ([]store.Enqueued, error) {
	out := make([]store.Enqueued, len(list))
	first := make(map[owned]int, len(list)) // of each key
	var good []int
	for i := range list {
		if out[i].Err = list[i].Check(now); out[i].Err != nil {
			continue
		}
		key := owned{text(list[i].Account), text(list[i].Key)}
		if _, ok := first[key]; !ok {
			first[key] = i
			good = append(good, i)
		}
	}
	if len(good) == 0 {
		return out, s.fail(ctx, "enqueue", ctx.Err())
	}
	err := s.do(ctx, false, func(ctx context.Context, c *conn) error {
		orders, err := c.insert(ctx, list, good, now)
		if err != nil {
			return err
		}
		for _, i := range good {
			m := &list[i]
			if order, ok := orders[owned{text(m.Account), text(m.Key)}]; ok {
				out[i] = store.Enqueued{Submission: store.Admitted(m, now)}
				out[i].Submission.Order = order
				continue
			}
			have, err := one(ctx, c, byKey, text(m.Account), text(m.Key))
			switch err {
			case nil:
				out[i] = store.Enqueued{Submission: have, Existed: true}
			case errNone:
				out[i] = store.Enqueued{Err: fmt.Errorf("submission %q: %w", m.Key, store.ErrMessageID)}
			default:
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, s.fail(ctx, "enqueue", err)
	}
	for i := range list { // keys that come again in the list
		if j, ok := first[owned{text(list[i].Account), text(list[i].Key)}]; ok && j != i && out[i].Err == nil {
			out[i] = out[j]
			out[i].Existed = out[j].Err == nil
			out[i].Submission = store.Copied(&out[j].Submission)
		}
	}
	return out, nil
}

const submissionColumns = `account, key, message_id, state, priority, not_before, attempts, worker, lease, reply, sent_time, size, enqueued, changed, record`

// insert puts in those of the list that are good and new, and returns the places
// they got.
func (c *conn) insert(ctx context.Context, list []store.Submission, good []int, now time.Time) (map[owned]int64, error) {
	orders := make(map[owned]int64, len(good))
	at := when(now)
	if c.s.d.Arrays {
		var accounts, keys, ids, notBefore []string
		var priorities, sizes []int64
		var records [][]byte
		for _, i := range good {
			m := &list[i]
			accounts, keys, ids = append(accounts, text(m.Account)), append(keys, text(m.Key)), append(ids, messageID(m.Sent.MessageID))
			notBefore, priorities = append(notBefore, when(m.NotBefore)), append(priorities, int64(m.Priority))
			sizes, records = append(sizes, m.Size), append(records, recordSent(&m.Sent))
		}
		query := `INSERT INTO {submission} (` + submissionColumns + `)
			SELECT m.account, m.key, m.message_id, 'queued', m.priority, m.not_before, 0, '', '` + zeroTime + `', '', '` + zeroTime + `', m.size, $1, $1, m.record
			FROM unnest($2::text[], $3::text[], $4::text[], $5::bigint[], $6::text[], $7::bigint[], $8::bytea[])
				WITH ORDINALITY AS m (account, key, message_id, priority, not_before, size, record, place)
			ORDER BY m.place ON CONFLICT DO NOTHING RETURNING account, key, ord`
		if c.s.d.Lists {
			query = `WITH entered AS (` + query + `, priority, not_before), ` + toQueue(`entered`, ``) + `SELECT account, key, ord FROM entered`
		}
		type row struct {
			owned
			ord int64
		}
		rows, err := all(ctx, c, func(rows *sql.Rows) (r row, err error) { return r, rows.Scan(&r.account, &r.name, &r.ord) }, query,
			at, accounts, keys, ids, priorities, notBefore, sizes, records)
		for _, r := range rows {
			orders[r.owned] = r.ord
		}
		return orders, err
	}
	each, ended := quick(ctx)
	for _, i := range good {
		if err := ended(); err != nil {
			return nil, err
		}
		m := &list[i]
		account, key := text(m.Account), text(m.Key)
		ord, err := all(each, c, number, `INSERT INTO {submission} (`+submissionColumns+`)
			VALUES ($1, $2, $3, 'queued', $4, $5, 0, '', '`+zeroTime+`', '', '`+zeroTime+`', $6, $7, $7, $8) ON CONFLICT DO NOTHING RETURNING ord`,
			account, key, messageID(m.Sent.MessageID), m.Priority, when(m.NotBefore), m.Size, at, recordSent(&m.Sent))
		if err != nil {
			return nil, err
		}
		if len(ord) == 1 {
			orders[owned{account, key}] = ord[0]
		}
	}
	return orders, nil
}
