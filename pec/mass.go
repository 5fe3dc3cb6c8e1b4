package pec

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/certmail/certmail/receipt"
	"github.com/certmail/certmail/store"
)

// Progress is how far SendAll has come.
type Progress struct {
	// Queued are new in the outbox, Known were there already by their key,
	// Faulty could not be composed or broke a rule of submission.
	Queued, Known, Faulty int
	// Key is that of the last message, Err why it is faulty.
	Key string
	Err error
}

// SendAll gives many messages to the outbox, each under its key: the letters
// of a mass mailing, made one by one from a template. A draft that breaks a
// rule stops only itself: progress, which may be nil, is told of every message
// and ends the run by returning false. Run again with the same keys, it goes
// on where it was interrupted and sends nothing twice. The error is that of
// the context or the store.
func (c *Client) SendAll(ctx context.Context, drafts iter.Seq2[string, *Draft], progress func(Progress) bool) (Progress, error) {
	var p Progress
	for key, draft := range drafts {
		if err := ctx.Err(); err != nil {
			return p, err
		}
		p.Key, p.Err = key, nil
		_, err := c.opt.Store.Submission(ctx, c.opt.Account.Address, key)
		switch {
		case err == nil:
			p.Known++
		case !errors.Is(err, store.ErrNotFound):
			return p, fmt.Errorf("pec: send all: %s: %w", key, err)
		default:
			if _, err = c.Send(ctx, key, draft); err == nil {
				p.Queued++
			} else if faulty(err) {
				p.Faulty++
				p.Err = err
			} else {
				return p, fmt.Errorf("pec: send all: %s: %w", key, err)
			}
		}
		if progress != nil && !progress(p) {
			return p, nil
		}
	}
	return p, nil
}

// faulty tells whether an error is about the draft.
func faulty(err error) bool {
	_, draft := errors.AsType[*DraftError](err)
	return draft || len(Violations(err)) > 0
}

// Anomaly is a message, or one recipient of it, that somebody should look at.
type Anomaly struct {
	Key, MessageID string
	// State is where the submission stands.
	State store.State
	// Recipient and Status are set for what is wrong with one recipient.
	Recipient string
	Status    receipt.Status
	// Why says it in words.
	Why string
}

// Anomalies goes through all submissions of the account and yields what is not
// on its way to a good end: refused and uncertain ones, and recipients that
// failed, were rejected, contradict themselves or are overdue.
func (c *Client) Anomalies(ctx context.Context) iter.Seq2[Anomaly, error] {
	return func(yield func(Anomaly, error) bool) {
		for after := int64(0); ; {
			page, err := c.opt.Store.Submissions(ctx, store.Filter{Account: c.opt.Account.Address, After: after, Limit: 100})
			if err != nil {
				yield(Anomaly{}, fmt.Errorf("pec: anomalies: %w", err))
				return
			}
			if len(page) == 0 {
				return
			}
			for i := range page {
				after = page[i].Order
				if !c.anomaliesOf(ctx, &page[i], yield) {
					return
				}
			}
		}
	}
}

func (c *Client) anomaliesOf(ctx context.Context, s *store.Submission, yield func(Anomaly, error) bool) bool {
	a := Anomaly{Key: s.Key, MessageID: s.Sent.MessageID, State: s.State, Why: s.Reply}
	switch s.State {
	case store.Refused, store.Uncertain:
		return yield(a, nil)
	case store.Sent:
	default:
		return true
	}
	m, err := c.status(ctx, s)
	if err != nil {
		return yield(a, err)
	}
	for _, r := range m.Recipients {
		switch r.Status {
		case receipt.StatusFailed, receipt.StatusRejected, receipt.StatusConflict, receipt.StatusOverdue:
			a.Recipient, a.Status, a.Why = r.Address, r.Status, r.Explanation
			if r.Reason != "" {
				a.Why = r.Reason + "; " + a.Why
			}
			if !yield(a, nil) {
				return false
			}
		}
	}
	return true
}
