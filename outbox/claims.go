package outbox

import (
	"context"
	"fmt"
	"time"

	"github.com/certmail/certmail/receipt"
	"github.com/certmail/certmail/store"
)

// claim asks for work when there is room for it. It returns false when there is
// none to be had now.
func (d *desk) claim(ctx context.Context) (more bool, err error) {
	if d.claimed == 0 {
		d.dry = false // look once more before the end
	}
	if d.room(d.claimed) == 0 {
		return true, nil
	}
	if err := d.o.remember(ctx, d.b); err != nil {
		return false, err
	}
	now := d.o.opt.Now()
	limit, wait, ok := d.free(now, d.claimed)
	switch {
	case !ok:
		return false, nil
	case limit <= 0 && d.claimed == 0:
		return d.pause(ctx, wait)
	case limit <= 0:
		return true, nil
	}
	list, err := d.o.opt.Store.Claim(ctx, d.asking(now, limit))
	if err != nil {
		if ctx.Err() != nil {
			return false, nil // the caller sees to that
		}
		return false, fmt.Errorf("outbox: %w", err)
	}
	d.take(ctx, list)
	return len(list) > 0 || d.claimed > 0, nil
}

// room is for how many there is room where some are claimed; 0 when it is not
// worth asking for as few.
func (d *desk) room(claimed int) int {
	ahead := d.b.ahead(d.o.opt.Concurrency, d.o.opt.Ahead)
	if d.dry || claimed > ahead/2 && claimed >= d.o.opt.Concurrency {
		return 0
	}
	return max(ahead-claimed, 0)
}

// free is for how many there is room that the account's limit allows, see
// meter.free.
func (d *desk) free(now time.Time, claimed int) (n int, wait time.Duration, ok bool) {
	n, wait, ok = d.b.meter.free(now)
	return min(n-len(d.ready), d.room(claimed)), wait, ok
}

func (d *desk) asking(now time.Time, limit int) store.Claim {
	return store.Claim{Account: d.b.account, Worker: d.o.opt.Worker, Now: now, Lease: now.Add(d.o.opt.Lease), Limit: limit}
}

// take hands what was claimed to the senders.
func (d *desk) take(ctx context.Context, list []store.Submission) {
	d.claimed += len(list)
	for _, it := range d.o.items(ctx, list) {
		d.ready <- it // never blocks: there is room for all that may be claimed
	}
	d.dry = len(list) == 0
	if len(list) > 0 {
		d.stale.Reset(d.o.opt.Lease / 2)
	}
}

// items gives claims their bytes: those that are still in memory, and those that
// are stored with others, read together. What cannot be had so is read by
// itself, and its trouble is its own.
func (o *Outbox) items(ctx context.Context, list []store.Submission) []*item {
	out := make([]*item, len(list))
	var small []*item
	var sums []receipt.Digest
	packed, _ := o.opt.Blobs.(store.PackedBlobs)
	for i := range list {
		out[i] = &item{Submission: list[i], data: o.kept.take(list[i].Sent.SHA256)}
		if out[i].data == nil && packed != nil && list[i].Size <= min(packed.PackSize(), o.opt.MaxMemory) {
			small, sums = append(small, out[i]), append(sums, list[i].Sent.SHA256)
		}
	}
	if len(small) > 0 {
		data, err := packed.ReadAll(ctx, sums)
		for i := range data {
			if err == nil && int64(len(data[i])) == small[i].Size {
				small[i].data = data[i]
			}
		}
	}
	return out
}

// pause waits for the account's rate limit, if there is anything to wait for.
// The end of the context is the caller's business.
func (d *desk) pause(ctx context.Context, wait time.Duration) (more bool, err error) {
	list, err := d.o.opt.Store.Submissions(ctx, store.Filter{Account: d.b.account, States: []store.State{store.Queued}, Limit: 1})
	if err == nil && len(list) == 0 {
		return false, nil
	}
	if err == nil {
		err = d.o.opt.Wait(ctx, wait)
	}
	if err != nil && ctx.Err() == nil {
		return false, fmt.Errorf("outbox: wait: %w", err)
	}
	return true, nil
}

// turn writes down outcomes and claims as many again, where the store does both
// at once and there is more to do. It returns false when nothing is known to be
// done: then they are done one after the other, and trouble is told there.
func (d *desk) turn(ctx context.Context) bool {
	both, ok := d.o.opt.Store.(store.Turner)
	left := d.claimed - len(d.results)
	if !ok || d.ending || d.room(left) == 0 || ctx.Err() != nil || !d.o.open(d.b) || d.o.remember(ctx, d.b) != nil {
		return false
	}
	now := d.o.opt.Now()
	limit, _, ok := d.free(now, left)
	if !ok || limit <= 0 {
		return false
	}
	each, list, err := both.Turn(ctx, d.results, d.asking(now, limit))
	if err != nil {
		return false
	}
	d.b.wrote(d.o.opt.Now().Sub(now))
	d.settled(each)
	d.take(ctx, list)
	return true
}
