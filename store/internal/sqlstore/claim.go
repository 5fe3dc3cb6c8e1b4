package sqlstore

import (
	"cmp"
	"context"
	"database/sql"
	"slices"
	"time"

	"github.com/certmail/certmail/store"
)

// claimGrace is how long a claim under way may take after the context ended.
const claimGrace = 2 * time.Second

// Claim implements store.Store.
func (s *Store) Claim(ctx context.Context, c store.Claim) (claimed []store.Submission, err error) {
	if err := c.Check(); err != nil {
		return nil, s.fail(ctx, "claim", err)
	}
	if err := ctx.Err(); err != nil {
		return nil, s.fail(ctx, "claim", err)
	}
	err = s.do(ctx, false, func(ctx context.Context, on *conn) (err error) {
		claimed, err = on.claim(ctx, &c)
		return err
	})
	if err != nil {
		return nil, s.fail(ctx, "claim", err)
	}
	return inTurn(claimed), nil
}

// Turn implements store.Turner.
func (s *Store) Turn(ctx context.Context, list []store.Settlement, c store.Claim) (each []error, claimed []store.Submission, err error) {
	if err := c.Check(); err != nil {
		return nil, nil, s.fail(ctx, "claim", err)
	}
	if err := ctx.Err(); err != nil {
		return nil, nil, s.fail(ctx, "settle", err)
	}
	good, each := checked(list)
	var settled map[int]bool
	err = s.do(ctx, false, func(ctx context.Context, on *conn) (err error) {
		if s.d.Lists {
			settled, claimed, err = on.claimListed(ctx, list, good, &c)
			return err
		}
		if settled, err = on.settle(ctx, text(c.Worker), list, good); err == nil {
			claimed, err = on.claim(ctx, &c)
		}
		return err
	})
	if err != nil {
		return nil, nil, s.fail(ctx, "settle", err)
	}
	for _, i := range good {
		// What is claimed is claimed, whatever becomes of these questions.
		var trouble error
		if each[i], trouble = s.reader().settledOr(ctx, settled[i], &list[i]); trouble != nil {
			each[i] = s.fail(ctx, "settle", trouble)
		}
	}
	return each, inTurn(claimed), nil
}

func inTurn(list []store.Submission) []store.Submission {
	slices.SortFunc(list, func(a, b store.Submission) int {
		return cmp.Or(cmp.Compare(b.Priority, a.Priority), cmp.Compare(a.Order, b.Order))
	})
	return list
}

// claim claims in one statement.
func (c *conn) claim(ctx context.Context, of *store.Claim) ([]store.Submission, error) {
	if c.s.d.Lists {
		_, claimed, err := c.claimListed(ctx, nil, nil, of)
		return claimed, err
	}
	account, args := "", []any{text(of.Worker), when(of.Now), when(of.Lease), int64(max(of.Limit, 1))}
	if of.Account != "" {
		account = `AND account = $5`
		args = append(args, text(of.Account))
	}
	claimed := make([]store.Submission, 0, min(max(of.Limit, 1), claimRoom))
	_, err := all(ctx, c, func(rows *sql.Rows) (none struct{}, err error) {
		s, err := claimedBy(of, rows.Scan)
		claimed = append(claimed, s)
		return none, err
	}, `WITH picked AS MATERIALIZED (
			SELECT ord AS chosen FROM {submission} WHERE state = 'queued' AND not_before <= $2 `+account+`
			ORDER BY priority DESC, ord LIMIT $4 + CAST(0 AS bigint))
		UPDATE {submission} SET state = 'sending', worker = $1, lease = $3, attempts = attempts + 1, changed = $2
		FROM picked WHERE ord = chosen RETURNING `+claimColumns, args...)
	return claimed, err
}

// claimRoom is for how many claims there is room from the start.
const claimRoom = 64

// claimColumns are what a claim does not know of what it claimed.
const claimColumns = `ord, account, key, priority, not_before, attempts, reply, size, enqueued, record`

// claimedBy reads a row of them. One with a negative place is nothing else.
func claimedBy(c *store.Claim, scan func(...any) error) (store.Submission, error) {
	s := store.Submission{State: store.Sending, Worker: c.Worker, Lease: c.Lease.Round(0).UTC(), Changed: c.Now.Round(0).UTC()}
	var account, key, notBefore, reply, enqueued string
	var record []byte
	if err := scan(&s.Order, &account, &key, &s.Priority, &notBefore, &s.Attempts, &reply, &s.Size, &enqueued, &record); err != nil || s.Order < 0 {
		return s, err
	}
	return s, read(&s, record, []stringAt{{&s.Account, account}, {&s.Key, key}, {&s.Reply, reply}}, []timeAt{{&s.NotBefore, notBefore}, {&s.Enqueued, enqueued}})
}

// patient is for a statement that claims and is a transaction of its own: what is
// claimed by one who does not learn of it becomes uncertain, and so the end of
// the context does not tear it off at once.
func (c *conn) patient(ctx context.Context) (context.Context, context.CancelFunc) {
	if c.tx != nil {
		return ctx, func() {} // it is undone
	}
	late, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() {
		timer := time.AfterFunc(claimGrace, cancel)
		context.AfterFunc(late, func() { timer.Stop() })
	})
	return late, func() { stop(); cancel() }
}
