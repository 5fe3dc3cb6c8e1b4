package sqlstore

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/certmail/certmail/store"
)

// What follows is for databases with Lists: a submission that is queued has a row
// in {queue}, one that is sending in {sending}, one that is uncertain in
// {uncertain}, and in no other. Each statement that changes the state of some
// moves them as well. Whoever claims or decides takes the row in {queue} first,
// which only one can have.

// toQueue and toUncertain are parts of a statement, which list rows of another.
func toQueue(from, where string) string {
	return `queued AS (INSERT INTO {queue} (ord, account, priority, not_before) SELECT ord, account, priority, not_before FROM ` + from + ` ` + where + `) `
}

func toUncertain(from, where string) string {
	return `doubted AS (INSERT INTO {uncertain} (account, ord) SELECT account, ord FROM ` + from + ` ` + where + `) `
}

// settlingParts are the parts of a statement that settles for the worker $1, with
// the parameters $2 to $9, of which the part settled knows the places.
func settlingParts(list []store.Settlement, good []int) (query string, args []any) {
	n := len(good)
	accounts, keys, states, replies := make([]string, n), make([]string, n), make([]string, n), make([]string, n)
	changed, sent, notBefore, untried := make([]string, n), make([]string, n), make([]string, n), make([]int64, n)
	var queued, uncertain bool
	for j, i := range good {
		row, state := rowOf(&list[i]), list[i].Result.State
		accounts[j], keys[j], states[j], replies[j] = row.account, row.name, string(state), row.reply
		changed[j], sent[j], notBefore[j], untried[j] = row.at, row.sent, row.notBefore, row.less
		queued, uncertain = queued || state == store.Queued, uncertain || state == store.Uncertain
	}
	query = `settled AS (UPDATE {submission} AS s SET state = r.state, worker = '', lease = '` + zeroTime + `', reply = r.reply, changed = r.changed,
			sent_time = r.sent, not_before = CASE WHEN r.state = 'queued' THEN r.not_before ELSE s.not_before END, attempts = s.attempts - r.untried
		FROM unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::bigint[])
			WITH ORDINALITY AS r (account, key, state, reply, changed, sent, not_before, untried, place)
		WHERE s.account = r.account AND s.key = r.key AND s.state = 'sending' AND s.worker = $1
		RETURNING s.ord, s.account, s.priority, s.state, s.not_before, r.place),
	over AS (DELETE FROM {sending} AS x USING settled WHERE x.ord = settled.ord)`
	if queued {
		query += `, ` + toQueue(`settled`, `WHERE state = 'queued'`)
	}
	if uncertain {
		query += `, ` + toUncertain(`settled`, `WHERE state = 'uncertain'`)
	}
	return query, []any{accounts, keys, states, replies, changed, sent, notBefore, untried}
}

func (c *conn) settleListed(ctx context.Context, worker string, list []store.Settlement, good []int) (map[int]bool, error) {
	query, args := settlingParts(list, good)
	places, err := all(ctx, c, number, `WITH `+query+` SELECT place FROM settled`, append([]any{worker}, args...)...)
	settled := make(map[int]bool, len(good))
	for _, place := range places {
		settled[good[place-1]] = true
	}
	return settled, err
}

// claimListed claims, and settles where there is something to settle, in one
// statement.
func (c *conn) claimListed(ctx context.Context, list []store.Settlement, good []int, of *store.Claim) (map[int]bool, []store.Submission, error) {
	ctx, cancel := c.patient(ctx)
	defer cancel()
	worker, settled := text(of.Worker), make(map[int]bool, len(good))
	args := []any{worker}
	parts, rest := ``, ``
	if len(good) > 0 {
		query, more := settlingParts(list, good)
		parts, args = query+`, `, append(args, more...)
		rest = ` UNION ALL SELECT -place, '', '', 0, '', 0, '', 0, '', '' FROM settled`
	}
	n := len(args)
	args = append(args, when(of.Now), when(of.Lease), int64(max(of.Limit, 1)))
	account := ``
	if of.Account != "" {
		account = fmt.Sprintf(`AND account = $%d`, n+4)
		args = append(args, text(of.Account))
	}
	// Rows of the queue are never updated, so that a row is where it was locked.
	query := `WITH ` + parts + fmt.Sprintf(`picked AS MATERIALIZED (
			SELECT ord AS chosen, ctid AS at FROM {queue} WHERE not_before <= $%[1]d %[4]s
			ORDER BY priority DESC, ord LIMIT $%[3]d FOR UPDATE SKIP LOCKED),
		taken AS (DELETE FROM {queue} AS q USING picked WHERE q.ctid = at AND q.ord = chosen),
		claimed AS (UPDATE {submission} SET state = 'sending', worker = $1, lease = $%[2]d, attempts = attempts + 1, changed = $%[1]d
			FROM picked WHERE ord = chosen AND state = 'queued' RETURNING `+claimColumns+`),
		held AS (INSERT INTO {sending} (ord) SELECT ord FROM claimed)
		SELECT `+claimColumns+` FROM claimed`, n+1, n+2, n+3, account) + rest
	claimed := make([]store.Submission, 0, min(max(of.Limit, 1), claimRoom))
	err := c.rows(ctx, query, args, func(scan func(...any) error) error {
		s, err := claimedBy(of, scan)
		if err != nil {
			return err
		}
		if s.Order < 0 { // a place
			settled[good[-s.Order-1]] = true
			return nil
		}
		claimed = append(claimed, s)
		return nil
	})
	if err != nil {
		return nil, nil, err
	}
	return settled, claimed, nil
}

// rows runs a query by the driver itself where it can.
func (c *conn) rows(ctx context.Context, text string, args []any, row func(scan func(...any) error) error) error {
	if c.s.d.Rows != nil && c.tx == nil {
		return c.s.d.Rows(ctx, c.db, c.s.named(text), args, row)
	}
	_, err := all(ctx, c, func(rows *sql.Rows) (none struct{}, err error) { return none, row(rows.Scan) }, text, args...)
	return err
}

// deciding is a statement that decides, which also moves the row in the lists.
func deciding(decide string, from, to store.State) string {
	const listed = ` RETURNING ord, account, priority, not_before`
	if from == store.Queued {
		return `WITH gone AS (DELETE FROM {queue} AS q USING {submission} AS s
			WHERE s.account = $4 AND s.key = $5 AND q.account = s.account AND q.priority = s.priority AND q.ord = s.ord RETURNING q.ord) ` +
			decide + ` AND ord IN (SELECT gone.ord FROM gone)`
	}
	query := `WITH decided AS (` + decide + listed + `), gone AS (DELETE FROM {uncertain} AS u USING decided WHERE u.account = decided.account AND u.ord = decided.ord)`
	if to == store.Queued {
		query += `, ` + toQueue(`decided`, ``)
	}
	return query + ` SELECT ord FROM decided`
}

// expiring is the statement that expires what is sending.
func expiring(expire string) string {
	return `WITH expired AS (` + expire + ` FROM {sending} AS x WHERE s.ord = x.ord AND s.state = 'sending' AND s.lease <= $1 RETURNING s.*),
		gone AS (DELETE FROM {sending} AS x USING expired WHERE x.ord = expired.ord), ` + toUncertain(`expired`, ``) + `SELECT ` + columns + ` FROM expired`
}
