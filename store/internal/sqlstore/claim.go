package sqlstore

import (
	"cmp"
	"context"
	"fmt"
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
	var settled map[owned]bool
	err = s.do(ctx, false, func(ctx context.Context, on *conn) (err error) {
		if s.d.Arrays {
			settled, claimed, err = on.turn(ctx, list, good, &c)
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
		if each[i], trouble = s.reader().settledOr(ctx, settled, &list[i]); trouble != nil {
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

// claiming are the parts picked and claimed of a statement that claims for the
// worker $1, with its parameters from the given one on.
func (s *Store) claiming(c *store.Claim, from int) (query string, args []any) {
	args = []any{when(c.Now), when(c.Lease), int64(max(c.Limit, 1))}
	account := ""
	if c.Account != "" {
		account = fmt.Sprintf(`AND account = $%d`, from+3)
		args = append(args, text(c.Account))
	}
	return fmt.Sprintf(`picked AS MATERIALIZED (
			SELECT ord AS chosen FROM {submission} WHERE state = 'queued' AND not_before <= $%[1]d %[4]s
			ORDER BY priority DESC, ord LIMIT $%[3]d + CAST(0 AS bigint) %[5]s)
		%[6]sUPDATE {submission} SET state = 'sending', worker = $1, lease = $%[2]d, attempts = attempts + 1, changed = $%[1]d
		FROM picked WHERE ord = chosen RETURNING `+columns, from, from+1, from+2, account, s.d.SkipLocked, "%s"), args
}

// claim claims in one statement.
func (c *conn) claim(ctx context.Context, of *store.Claim) ([]store.Submission, error) {
	ctx, cancel := c.patient(ctx)
	defer cancel()
	query, args := c.s.claiming(of, 2)
	return all(ctx, c, submission, `WITH `+fmt.Sprintf(query, ""), append([]any{text(of.Worker)}, args...)...)
}

// turn settles and claims in one statement.
func (c *conn) turn(ctx context.Context, list []store.Settlement, good []int, of *store.Claim) (map[owned]bool, []store.Submission, error) {
	ctx, cancel := c.patient(ctx)
	defer cancel()
	query, args := c.s.claiming(of, 10)
	args = append(append([]any{text(of.Worker)}, settleArgs(list, good)...), args...)
	rows, err := all(ctx, c, submission, `WITH settled AS (`+settleArrays+`), `+fmt.Sprintf(query, `, claimed AS (`)+`)
		SELECT `+columns+` FROM claimed UNION ALL
		SELECT 0, account, key, '', 0, '', 0, '', '', '', '', 0, '', '', '' FROM settled`, args...)
	if err != nil {
		return nil, nil, err
	}
	settled := make(map[owned]bool, len(good))
	claimed := rows[:0]
	for i := range rows {
		if rows[i].Order == 0 {
			settled[owned{rows[i].Account, rows[i].Key}] = true
		} else {
			claimed = append(claimed, rows[i])
		}
	}
	return settled, claimed, nil
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
