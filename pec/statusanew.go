package pec

import (
	"context"
	"fmt"

	"github.com/certmail/certmail/receipt"
	"github.com/certmail/certmail/store"
)

// StatusAnew is StatusOf by proofs that are read back from Blobs and judged
// again, by the Verifier and the Others of now: for receipts that came in before
// their signer was believed (another certification authority, a new trusted
// list), and for who wants to see today's judgement. Nothing in the store
// changes, so that Status, Anomalies and Watch say what they said. The error is
// store.ErrNotFound for an unknown key, else that of the stores: bytes that are
// missing or corrupt are one.
func (c *Client) StatusAnew(ctx context.Context, key string) (receipt.Message, error) {
	s, err := c.opt.Store.Submission(ctx, c.opt.Account.Address, key)
	if err != nil {
		return receipt.Message{}, fmt.Errorf("pec: status of %s: %w", key, err)
	}
	known, err := c.opt.Store.EventsAbout(ctx, s.Account, s.Sent.MessageID)
	if err != nil {
		return receipt.Message{}, fmt.Errorf("pec: status of %s: %w", key, err)
	}
	var events []receipt.Event
	done := map[receipt.Digest]bool{}
	for i := range known {
		sum := known[i].Event.Proof.SHA256
		if done[sum] {
			continue
		}
		done[sum] = true
		again, err := c.judgeAnew(ctx, sum)
		if err != nil {
			return receipt.Message{}, fmt.Errorf("pec: status of %s: proof %s: %w", key, sum, err)
		}
		events = append(events, again...)
	}
	return c.statusBy(&s, events)
}

// judgeAnew reads and judges a message that was collected before.
func (c *Client) judgeAnew(ctx context.Context, sum receipt.Digest) ([]receipt.Event, error) {
	got := store.Collected{SHA256: sum}
	in := &Incoming{SHA256: sum}
	err := c.read(ctx, in, &got, nil)
	if in.Message != nil {
		defer in.Message.Close()
	}
	return got.Events, err
}
