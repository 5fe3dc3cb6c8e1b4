package sqlstore

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/certmail/certmail/store"
)

// Settle implements store.Store.
func (s *Store) Settle(ctx context.Context, account, key, worker string, r store.Result) error {
	each, err := s.SettleAll(ctx, worker, []store.Settlement{{Account: account, Key: key, Result: r}})
	if err != nil {
		return err
	}
	return s.fail(ctx, "settle", each[0])
}

// SettleAll implements store.Store.
func (s *Store) SettleAll(ctx context.Context, worker string, list []store.Settlement) ([]error, error) {
	each := make([]error, len(list))
	var good []int
	again := make(map[owned]bool, len(list))
	for i := range list {
		key := owned{text(list[i].Account), text(list[i].Key)}
		switch each[i] = list[i].Result.Check(); {
		case each[i] != nil:
		case again[key]:
			each[i] = fmt.Errorf("submission %q is settled: %w", list[i].Key, store.ErrLost)
		default:
			again[key] = true
			good = append(good, i)
		}
	}
	if len(good) == 0 {
		return each, s.fail(ctx, "settle", ctx.Err())
	}
	err := s.do(ctx, false, func(ctx context.Context, c *conn) error {
		settled, err := c.settle(ctx, text(worker), list, good)
		if err != nil {
			return err
		}
		for _, i := range good {
			it := &list[i]
			each[i] = nil
			if settled[owned{text(it.Account), text(it.Key)}] {
				continue
			}
			have, err := one(ctx, c, byKey, text(it.Account), text(it.Key))
			switch err {
			case nil:
				each[i] = fmt.Errorf("submission %q is %s: %w", it.Key, have.State, store.ErrLost)
			case errNone:
				each[i] = err
			default:
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, s.fail(ctx, "settle", err)
	}
	return each, nil
}

// settle settles those of the list that are good and the worker's.
func (c *conn) settle(ctx context.Context, worker string, list []store.Settlement, good []int) (map[owned]bool, error) {
	settled := make(map[owned]bool, len(good))
	var accounts, keys, states, replies, changed, sent, notBefore []string
	var untried []int64
	each, ended := quick(ctx)
	for _, i := range good {
		it := &list[i]
		r := &it.Result
		account, key, at := text(it.Account), text(it.Key), when(r.At)
		sentTime, less := zeroTime, int64(0)
		if r.State == store.Sent || r.State == store.Uncertain {
			sentTime = at
		}
		if r.Untried {
			less = 1
		}
		if c.s.d.Arrays {
			accounts, keys, states = append(accounts, account), append(keys, key), append(states, string(r.State))
			replies, changed, sent = append(replies, text(r.Reply)), append(changed, at), append(sent, sentTime)
			notBefore, untried = append(notBefore, when(r.NotBefore)), append(untried, less)
			continue
		}
		if err := ended(); err != nil {
			return nil, err
		}
		query := `UPDATE {submission} SET state = $1, worker = '', lease = '` + zeroTime + `', reply = $2, changed = $3, sent_time = $4`
		args := []any{string(r.State), text(r.Reply), at, sentTime, account, key, worker}
		if r.State == store.Queued {
			query += `, not_before = $8, attempts = attempts - $9`
			args = append(args, when(r.NotBefore), less)
		}
		n, err := c.changed(each, query+` WHERE account = $5 AND key = $6 AND state = 'sending' AND worker = $7`, args...)
		if err != nil {
			return nil, err
		}
		if n == 1 {
			settled[owned{account, key}] = true
		}
	}
	if !c.s.d.Arrays {
		return settled, nil
	}
	// By their names: the index of what is sending, for which the state would
	// stand as it is, holds all that was until the next VACUUM.
	done, err := all(ctx, c, func(rows *sql.Rows) (k owned, err error) { return k, rows.Scan(&k.account, &k.name) },
		`UPDATE {submission} AS s SET state = r.state, worker = '', lease = '`+zeroTime+`', reply = r.reply, changed = r.changed, sent_time = r.sent,
			not_before = CASE WHEN r.state = 'queued' THEN r.not_before ELSE s.not_before END, attempts = s.attempts - r.untried
		FROM unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::bigint[])
			AS r (account, key, state, reply, changed, sent, not_before, untried)
		WHERE s.account = r.account AND s.key = r.key AND s.state || '' = 'sending' AND s.worker = $1 RETURNING s.account, s.key`,
		worker, accounts, keys, states, replies, changed, sent, notBefore, untried)
	for _, k := range done {
		settled[k] = true
	}
	return settled, err
}
