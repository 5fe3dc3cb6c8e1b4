package outbox

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/certmail/certmail/store"
)

const (
	// settleTime is how long the outcome of attempts may take to be written
	// down, also after the context ended.
	settleTime = 30 * time.Second
	// horizon is how much work is claimed ahead of a server that is fast.
	horizon = 100 * time.Millisecond
	// linger is how long an outcome waits for others, to be written with them.
	linger = 10 * time.Millisecond
)

// desk hands over the messages of one account during a Drain. Its clerk claims
// work and writes down outcomes, many in one transaction, beside the senders,
// who never wait for the disk unless they are further ahead than allowed.
//
// A claim is durable before the first byte of its message is offered to the
// network, and what is claimed counts as sending: what a dying process leaves is
// uncertain, never sent again by itself. That is why no more is claimed than the
// server takes soon, and Options.Ahead at most.
type desk struct {
	o     *Outbox
	b     *box
	ready chan *item // claimed, in the order of claiming
	done  basket

	claimed  int // and not known to be settled durably
	results  []store.Settlement
	attempts int
	dry      bool    // nothing more was due
	ending   bool    // nothing more is claimed
	bad      []error // what the store would not have
	stale    *time.Timer
}

// item is a claim, and its bytes where they were read with others'.
type item struct {
	store.Submission
	data []byte
}

// outcome is what became of a claim.
type outcome struct {
	store.Settlement
	took time.Duration
}

// drain works until nothing is due any more.
func (o *Outbox) drain(ctx context.Context, b *box) (attempts int, err error) {
	select {
	case b.turn <- struct{}{}: // one desk for an account at a time
		defer func() { <-b.turn }()
	case <-ctx.Done():
		return 0, ctx.Err()
	}
	d := &desk{o: o, b: b, ready: make(chan *item, o.opt.Ahead), done: basket{signal: make(chan struct{}, 1)}, stale: time.NewTimer(o.opt.Lease / 2)}
	defer d.stale.Stop()
	var senders sync.WaitGroup
	for range o.opt.Concurrency {
		senders.Go(func() {
			for it := range d.ready {
				d.done.put(d.attempt(ctx, it))
			}
		})
	}
	err = d.work(ctx)
	d.recall()
	close(d.ready)
	senders.Wait()
	return d.attempts, errors.Join(append(d.bad, err)...)
}

// work is the clerk's.
func (d *desk) work(ctx context.Context) error {
	for {
		more := ctx.Err() == nil && d.o.open(d.b)
		if more {
			var err error
			if more, err = d.claim(ctx); err != nil {
				return errors.Join(err, d.finish(ctx))
			}
		} else {
			d.recall()
		}
		switch {
		case d.claimed > 0:
			d.gather(ctx)
			if err := d.settle(ctx); err != nil {
				return err
			}
		case ctx.Err() != nil:
			return ctx.Err()
		case !more:
			return nil
		}
	}
}

// recall takes back what is claimed and not begun.
func (d *desk) recall() {
	for {
		select {
		case it := <-d.ready:
			d.add(outcome{Settlement: d.back(&it.Submission)})
		default:
			return
		}
	}
}

// back gives a submission back as if it had not been claimed.
func (d *desk) back(s *store.Submission) store.Settlement {
	return store.Settlement{Account: s.Account, Key: s.Key,
		Result: store.Result{State: store.Queued, NotBefore: s.NotBefore, Reply: s.Reply, Untried: true, At: d.o.opt.Now()}}
}

func (d *desk) add(r outcome) {
	d.results = append(d.results, r.Settlement)
	if !r.Result.Untried {
		d.attempts++
		d.b.measure(r.took)
	}
}

// basket holds outcomes for the clerk, who is woken when it is full, and not by
// each.
type basket struct {
	mu     sync.Mutex
	list   []outcome
	full   int // that many
	signal chan struct{}
}

func (b *basket) put(r outcome) {
	b.mu.Lock()
	b.list = append(b.list, r)
	wake := len(b.list) == b.full
	b.mu.Unlock()
	if wake {
		select {
		case b.signal <- struct{}{}:
		default:
		}
	}
}

// empty takes out what is there, and says how many results will do. It tells
// whether there are as many, else the basket's signal will.
func (d *desk) empty(enough int) bool {
	d.done.mu.Lock()
	defer d.done.mu.Unlock()
	for _, r := range d.done.list {
		d.add(r)
	}
	d.done.list, d.done.full = d.done.list[:0], enough-len(d.results)
	return len(d.results) >= enough
}

// gather waits for outcomes, and a moment for some more.
func (d *desk) gather(ctx context.Context) {
	for !d.empty(1) {
		if ctx.Err() != nil {
			if d.recall(); len(d.results) == 0 {
				<-d.done.signal // whoever hands over hears of the end too
			}
			continue
		}
		select {
		case <-d.done.signal:
		case <-d.b.news:
			d.dry = false
			return
		case <-ctx.Done():
		case <-d.stale.C:
			// The server takes its time: others may have what is not begun.
			d.b.measure(d.o.opt.Lease / 2)
			d.recall()
		}
	}
	enough := min(d.b.enough(d.o.opt.Concurrency, d.o.opt.Ahead), d.claimed)
	over := time.NewTimer(linger)
	defer over.Stop()
	for !d.empty(enough) {
		select {
		case <-d.done.signal:
		case <-over.C:
			d.empty(0)
			return
		}
	}
}

// settle writes down what became of messages. Should the store fail, it is tried
// again for a moment: what is not written down becomes uncertain.
func (d *desk) settle(ctx context.Context) error {
	if len(d.results) == 0 || d.turn(ctx) {
		return nil
	}
	late, cancel := context.WithTimeout(context.WithoutCancel(ctx), settleTime)
	defer cancel()
	pause := 10 * time.Millisecond
	for {
		each, err := d.o.opt.Store.SettleAll(late, d.o.opt.Worker, d.results)
		if err == nil {
			d.settled(each)
			return nil
		}
		if pause > time.Second || errors.Is(err, store.ErrClosed) {
			return fmt.Errorf("outbox: settle: %w", err)
		}
		select {
		case <-time.After(pause):
		case <-late.Done():
			return fmt.Errorf("outbox: settle: %w", err)
		}
		pause *= 4
	}
}

func (d *desk) settled(each []error) {
	for i, err := range each {
		// What is lost took longer than the lease, and counts as uncertain
		// already; or was settled in a try that did not say so.
		if err != nil && !errors.Is(err, store.ErrLost) {
			d.bad = append(d.bad, fmt.Errorf("outbox: settle %s: %w", d.results[i].Key, err))
		}
	}
	d.claimed -= len(d.results)
	d.results = d.results[:0]
}

// finish settles what is in hand, when there is no going on.
func (d *desk) finish(ctx context.Context) error {
	d.ending = true
	d.recall()
	for d.claimed > 0 {
		d.gather(ctx)
		if err := d.settle(ctx); err != nil {
			return err
		}
	}
	return nil
}

// attempt hands one message over, and says what became of it.
func (d *desk) attempt(ctx context.Context, it *item) outcome {
	o, s := d.o, &it.Submission
	begun := o.opt.Now()
	switch {
	case ctx.Err() != nil, !o.open(d.b), s.Lease.Sub(begun) <= o.opt.Lease/2:
		return outcome{Settlement: d.back(s)}
	}
	if _, _, ok := d.b.meter.free(begun); !ok {
		return outcome{Settlement: d.back(s)} // behind one that has to wait
	}
	count := len(s.Sent.Recipients)
	if !d.b.meter.fits(count) {
		return outcome{Settlement: store.Settlement{Account: s.Account, Key: s.Key, Result: store.Result{State: store.Refused, At: begun,
			Reply: fmt.Sprintf("not sent: %d recipients, and the account's limit is %d a day", count, o.opt.Limits[d.b.account].Recipients)}}}
	}
	for {
		wait, ok := d.b.meter.take(begun, count)
		if ok {
			break
		}
		if wait == 0 || d.o.opt.Wait(ctx, wait) != nil || !o.open(d.b) {
			return outcome{Settlement: d.back(s)}
		}
		begun = o.opt.Now()
	}
	result := o.hand(ctx, d.b, it)
	result.At = o.opt.Now()
	if result.State != store.Sent && result.State != store.Uncertain {
		d.b.meter.refund(begun, count)
	}
	return outcome{Settlement: store.Settlement{Account: s.Account, Key: s.Key, Result: result}, took: result.At.Sub(begun)}
}
