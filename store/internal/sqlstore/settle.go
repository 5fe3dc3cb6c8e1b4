package sqlstore

import (
	"context"
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
	good, each := checked(list)
	if len(good) == 0 {
		return each, s.fail(ctx, "settle", ctx.Err())
	}
	err := s.do(ctx, false, func(ctx context.Context, c *conn) error {
		settled, err := c.settle(ctx, text(worker), list, good)
		if err != nil {
			return err
		}
		for _, i := range good {
			if each[i], err = c.settledOr(ctx, settled[i], &list[i]); err != nil {
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

// checked says which settlements can be made, and why the others cannot.
func checked(list []store.Settlement) (good []int, each []error) {
	each = make([]error, len(list))
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
	return good, each
}

// settledOr says why one was not settled, nil if it was. err is the database's.
func (c *conn) settledOr(ctx context.Context, settled bool, it *store.Settlement) (why, err error) {
	if settled {
		return nil, nil
	}
	have, err := one(ctx, c, byKey, text(it.Account), text(it.Key))
	switch err {
	case nil:
		return fmt.Errorf("submission %q is %s: %w", it.Key, have.State, store.ErrLost), nil
	case errNone:
		return err, nil
	}
	return nil, err
}

// settle settles those of the list that are good and the worker's, and returns
// which.
func (c *conn) settle(ctx context.Context, worker string, list []store.Settlement, good []int) (map[int]bool, error) {
	if c.s.d.Lists {
		return c.settleListed(ctx, worker, list, good)
	}
	settled := make(map[int]bool, len(good))
	each, ended := quick(ctx)
	for _, i := range good {
		if err := ended(); err != nil {
			return nil, err
		}
		r, row := &list[i].Result, rowOf(&list[i])
		query := `UPDATE {submission} SET state = $1, worker = '', lease = '` + zeroTime + `', reply = $2, changed = $3, sent_time = $4`
		args := []any{string(r.State), row.reply, row.at, row.sent, row.account, row.name, worker}
		if r.State == store.Queued {
			query += `, not_before = $8, attempts = attempts - $9`
			args = append(args, row.notBefore, row.less)
		}
		n, err := c.changed(each, query+` WHERE account = $5 AND key = $6 AND state = 'sending' AND worker = $7`, args...)
		if err != nil {
			return nil, err
		}
		if n == 1 {
			settled[i] = true
		}
	}
	return settled, nil
}

// settling is a settlement as it stands in the database.
type settling struct {
	owned
	reply, at, sent, notBefore string
	less                       int64
}

func rowOf(it *store.Settlement) settling {
	r := &it.Result
	row := settling{owned: owned{text(it.Account), text(it.Key)}, reply: text(r.Reply), at: when(r.At), sent: zeroTime, notBefore: zeroTime}
	if r.State == store.Sent || r.State == store.Uncertain {
		row.sent = row.at
	}
	if r.State == store.Queued {
		row.notBefore = when(r.NotBefore)
	}
	if r.Untried {
		row.less = 1
	}
	return row
}
