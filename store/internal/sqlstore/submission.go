package sqlstore

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/certmail/certmail/store"
)

const columns = `ord, account, key, state, priority, not_before, attempts, worker, lease, reply, sent_time, size, enqueued, changed, record`

// submission reads a row.
func submission(rows *sql.Rows) (store.Submission, error) {
	var s store.Submission
	var account, key, notBefore, worker, lease, reply, sent, enqueued, changed string
	var record []byte
	if err := rows.Scan(&s.Order, &account, &key, &s.State, &s.Priority, &notBefore, &s.Attempts, &worker, &lease, &reply,
		&sent, &s.Size, &enqueued, &changed, &record); err != nil {
		return s, err
	}
	err := read(&s, record, []stringAt{{&s.Account, account}, {&s.Key, key}, {&s.Worker, worker}, {&s.Reply, reply}},
		[]timeAt{{&s.NotBefore, notBefore}, {&s.Lease, lease}, {&s.Sent.Time, sent}, {&s.Enqueued, enqueued}, {&s.Changed, changed}})
	s.Sent.Uncertain = s.State == store.Uncertain
	return s, err
}

// stringAt and timeAt are columns and where they go.
type (
	stringAt struct {
		to   *string
		text string
	}
	timeAt struct {
		to   *time.Time
		text string
	}
)

// read takes apart a record and what stands beside it.
func read(s *store.Submission, record []byte, strings []stringAt, times []timeAt) (err error) {
	if s.Sent, err = readSent(record); err != nil {
		return err
	}
	for _, t := range strings {
		if *t.to, err = original(t.text); err != nil {
			return err
		}
	}
	for _, t := range times {
		if *t.to, err = parseTime(t.text); err != nil {
			return err
		}
	}
	return nil
}

func inOrder(list []store.Submission) []store.Submission {
	slices.SortFunc(list, func(a, b store.Submission) int { return cmp.Compare(a.Order, b.Order) })
	return list
}

const (
	byKey       = `SELECT ` + columns + ` FROM {submission} WHERE account = $1 AND key = $2`
	byMessageID = `SELECT ` + columns + ` FROM {submission} WHERE account = $1 AND message_id = $2`
)

var errNone = fmt.Errorf("submission: %w", store.ErrNotFound)

func one(ctx context.Context, c *conn, text string, args ...any) (store.Submission, error) {
	found, err := all(ctx, c, submission, text, args...)
	if err == nil && len(found) == 0 {
		err = errNone
	}
	if err != nil {
		return store.Submission{}, err
	}
	return found[0], nil
}

// Decide implements store.Store.
func (s *Store) Decide(ctx context.Context, account, key string, from, to store.State, why string, at time.Time) error {
	if err := store.CheckTime(at); err != nil {
		return s.fail(ctx, "decide", err)
	}
	sent := `, sent_time = '` + zeroTime + `'`
	switch {
	case to == store.Sent && from == store.Queued:
		sent = `, sent_time = $3`
	case to == store.Sent:
		sent = ""
	}
	query := `UPDATE {submission} SET state = $1, reply = $2, changed = $3` + sent + ` WHERE account = $4 AND key = $5 AND state = $6`
	switch {
	case !store.CanDecide(from, to):
		query += ` AND false`
	case s.d.Lists:
		query = deciding(query, from, to)
	}
	return s.fail(ctx, "decide", s.move(ctx, account, key, store.ErrState, query,
		string(to), text(why), when(at), text(account), text(key), string(from)))
}

// move changes one submission; otherwise says that it is not as it must be.
func (s *Store) move(ctx context.Context, account, key string, otherwise error, query string, args ...any) error {
	return s.do(ctx, false, func(ctx context.Context, c *conn) error {
		n, err := c.changed(ctx, query, args...)
		if err != nil || n == 1 {
			return err
		}
		have, err := one(ctx, c, byKey, text(account), text(key))
		if err != nil {
			return err
		}
		return fmt.Errorf("submission %q is %s: %w", key, have.State, otherwise)
	})
}

// Renew implements store.Store.
func (s *Store) Renew(ctx context.Context, worker string, lease time.Time) (int, error) {
	if err := store.CheckTime(lease); err != nil {
		return 0, s.fail(ctx, "renew", err)
	}
	var n int64
	err := s.do(ctx, false, func(ctx context.Context, c *conn) (err error) {
		query := `UPDATE {submission} AS s SET lease = CASE WHEN s.lease < $1 THEN $1 ELSE s.lease END`
		if c.s.d.Lists {
			query += ` FROM {sending} AS x WHERE s.ord = x.ord AND s.state = 'sending' AND s.worker = $2`
		} else {
			query += ` WHERE s.state = 'sending' AND s.worker = $2`
		}
		n, err = c.changed(ctx, query, when(lease), text(worker))
		return err
	})
	return int(n), s.fail(ctx, "renew", err)
}

// Expire implements store.Store.
func (s *Store) Expire(ctx context.Context, now time.Time) (expired []store.Submission, err error) {
	if err := store.CheckTime(now); err != nil {
		return nil, s.fail(ctx, "expire", err)
	}
	err = s.do(ctx, true, func(ctx context.Context, c *conn) (err error) {
		const expire = `UPDATE {submission} AS s
			SET state = 'uncertain', worker = '', lease = '` + zeroTime + `', reply = $2, sent_time = changed, changed = $1`
		query := expire + ` WHERE s.state = 'sending' AND s.lease <= $1 RETURNING ` + columns
		if c.s.d.Lists {
			query = expiring(expire)
		}
		expired, err = all(ctx, c, submission, query, when(now), store.ExpiredReply)
		return err
	})
	if err != nil {
		return nil, s.fail(ctx, "expire", err)
	}
	return inOrder(expired), nil
}

// Submission implements store.Store.
func (s *Store) Submission(ctx context.Context, account, key string) (store.Submission, error) {
	found, err := one(ctx, s.reader(), byKey, text(account), text(key))
	return found, s.fail(ctx, "find", err)
}

// ByMessageID implements store.Store.
func (s *Store) ByMessageID(ctx context.Context, account, id string) (store.Submission, error) {
	found, err := one(ctx, s.reader(), byMessageID, text(account), messageID(id))
	return found, s.fail(ctx, "find", err)
}

// reader reads what was committed.
func (s *Store) reader() *conn { return &conn{s: s, db: s.read} }

var states = []store.State{store.Queued, store.Sending, store.Sent, store.Refused, store.Uncertain, store.Cancelled}

// Submissions implements store.Store.
func (s *Store) Submissions(ctx context.Context, f store.Filter) ([]store.Submission, error) {
	args := []any{f.After, limited(f.Limit)}
	query := `SELECT ` + columns + ` FROM {submission} WHERE ord > $1`
	uncertain := slices.Equal(f.States, []store.State{store.Uncertain})
	if uncertain && s.d.Lists {
		query += ` AND ord IN (SELECT u.ord FROM {uncertain} AS u)`
	}
	if f.Account != "" {
		args = append(args, text(f.Account))
		column := `account`
		if !uncertain || s.d.Lists {
			// Of all its submissions there is no index in the order of Order, and
			// one in another is no help.
			column = `account || ''`
		}
		query += fmt.Sprintf(` AND %s = $%d`, column, len(args))
	}
	if !f.Since.IsZero() {
		args = append(args, when(f.Since))
		query += fmt.Sprintf(` AND changed >= $%d`, len(args))
	}
	if len(f.States) > 0 {
		// As they are, so that an index of one state can serve.
		var places []string
		for _, state := range states {
			if slices.Contains(f.States, state) {
				places = append(places, `'`+string(state)+`'`)
			}
		}
		query += ` AND state IN (` + strings.Join(places, ", ") + `)`
	}
	list, err := all(ctx, s.reader(), submission, query+` ORDER BY ord LIMIT $2 + CAST(0 AS bigint)`, args...)
	if err != nil {
		return nil, s.fail(ctx, "list", err)
	}
	return list, nil
}

func limited(n int) int {
	if n <= 0 {
		return store.DefaultLimit
	}
	return n
}
