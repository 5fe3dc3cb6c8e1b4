package outbox

import (
	"context"
	"errors"
	"fmt"

	"github.com/certmail/certmail/receipt"
	"github.com/certmail/certmail/store"
)

// Learn resolves what is uncertain by the provider's own receipts: a proven
// event about a message shows that the provider had it, whatever the
// connection said, also where the message is queued for another attempt. It
// returns how many submissions became sent. Events that do not prove anything
// change nothing.
func (o *Outbox) Learn(ctx context.Context, events ...store.Recorded) (resolved int, err error) {
	for i := range events {
		e := &events[i].Event
		if e.Proof.Verdict != receipt.Valid || e.MessageID == "" {
			continue
		}
		s, err := o.opt.Store.ByMessageID(ctx, events[i].Account, e.MessageID)
		if errors.Is(err, store.ErrNotFound) {
			continue
		}
		if err != nil {
			return resolved, fmt.Errorf("outbox: learn: %w", err)
		}
		if s.State != store.Uncertain && (s.State != store.Queued || s.Attempts == 0) {
			continue
		}
		err = o.opt.Store.Decide(ctx, s.Account, s.Key, s.State, store.Sent, "proven by "+e.Proof.Kind+" "+e.Proof.SHA256.String(), o.opt.Now())
		switch {
		case errors.Is(err, store.ErrState): // somebody else was faster
		case err != nil:
			return resolved, fmt.Errorf("outbox: learn: %w", err)
		default:
			resolved++
		}
	}
	return resolved, nil
}

// Reconcile resolves what is uncertain by all events that are in the store:
// also by those that were taken in just before a process died, when nobody
// learned from them.
func (o *Outbox) Reconcile(ctx context.Context) (resolved int, err error) {
	for account := range o.boxes {
		for after := int64(0); ; {
			page, err := o.opt.Store.Submissions(ctx, store.Filter{Account: account, States: []store.State{store.Uncertain}, After: after, Limit: 100})
			if err != nil {
				return resolved, fmt.Errorf("outbox: reconcile: %w", err)
			}
			if len(page) == 0 {
				break
			}
			for i := range page {
				after = page[i].Order
				events, err := o.opt.Store.EventsAbout(ctx, account, page[i].Sent.MessageID)
				if err != nil {
					return resolved, fmt.Errorf("outbox: reconcile: %w", err)
				}
				n, err := o.Learn(ctx, events...)
				resolved += n
				if err != nil {
					return resolved, err
				}
			}
		}
	}
	return resolved, nil
}

// proof returns the proof in the store that the provider had a message, "" for
// none.
func (o *Outbox) proof(ctx context.Context, s *store.Submission) (string, error) {
	events, err := o.opt.Store.EventsAbout(ctx, s.Account, s.Sent.MessageID)
	if err != nil {
		return "", err
	}
	for i := range events {
		if e := &events[i].Event; e.Proof.Verdict == receipt.Valid && e.MessageID == s.Sent.MessageID {
			return "proven by " + e.Proof.Kind + " " + e.Proof.SHA256.String(), nil
		}
	}
	return "", nil
}
