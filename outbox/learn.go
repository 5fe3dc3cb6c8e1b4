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
