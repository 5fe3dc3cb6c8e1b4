package pectest

import (
	"container/heap"
	"context"
	"time"
)

// Sleeper waits for a duration or the end of the context.
type Sleeper func(ctx context.Context, d time.Duration) error

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// now is the network's time in full seconds, as certified events have it. The
// lock is held.
func (n *Network) now() time.Time {
	if n.opt.Clock != nil {
		return n.opt.Clock().UTC().Truncate(time.Second)
	}
	return n.clock
}

// precise is the network's time as its clock has it: what is under way does not
// wait for full seconds.
func (n *Network) precise() time.Time {
	if n.opt.Clock != nil {
		return n.opt.Clock().UTC()
	}
	return n.clock
}

// Now returns the network's time.
func (n *Network) Now() time.Time {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.now()
}

// Advance lets simulated time pass and does all that becomes due, in its
// order: 25 hours take milliseconds. It does nothing by another clock.
func (n *Network) Advance(d time.Duration) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.opt.Clock != nil {
		return
	}
	until := n.clock.Add(d)
	for n.await(); len(n.queue) > 0 && !n.queue[0].at.After(until); n.await() {
		n.step()
	}
	if n.clock.Before(until) {
		n.clock = until
	}
	n.notify()
}

// Settle lets simulated time pass until no mail is under way any more. What
// waits for the time-outs of certified mail, or for a provider that cannot be
// reached, stays waiting. It does nothing by another clock.
func (n *Network) Settle() {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.opt.Clock != nil {
		return
	}
	n.drain()
	for _, m := range n.sequence {
		n.release(m)
	}
	n.drain()
}

// drain does what moves, one step after the other.
func (n *Network) drain() {
	for n.await(); n.moving(); n.await() {
		n.step()
	}
}

// await waits until no carrier is under way, so that simulated time stands
// still for them. The lock is given up meanwhile.
func (n *Network) await() {
	for n.under > 0 {
		changed := n.changed
		n.mu.Unlock()
		<-changed
		n.mu.Lock()
	}
}

// moving tells whether anything but waiting is planned.
func (n *Network) moving() bool {
	for _, t := range n.queue {
		if !t.wait {
			return true
		}
	}
	return false
}

// step does the next task. Waits that come before what moves are done too.
func (n *Network) step() {
	t := heap.Pop(&n.queue).(*task)
	if n.opt.Clock == nil && t.at.After(n.clock) {
		n.clock = t.at
	}
	t.do()
	n.notify()
}

// Run does what becomes due by the clock of the options until the context
// ends, and returns its error. With the simulated clock it only waits.
func (n *Network) Run(ctx context.Context) error {
	for {
		n.mu.Lock()
		wait := time.Hour
		if n.opt.Clock != nil {
			for len(n.queue) > 0 && !n.queue[0].at.After(n.precise()) {
				n.step()
			}
			if len(n.queue) > 0 {
				wait = max(n.queue[0].at.Sub(n.opt.Clock()), time.Millisecond)
			}
		}
		changed := n.changed
		n.mu.Unlock()
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		case <-changed:
		case <-timer.C:
		}
		timer.Stop()
	}
}

// notify wakes Run and all who Watch. The lock is held.
func (n *Network) notify() {
	close(n.changed)
	n.changed = make(chan struct{})
}

// Changed returns a channel that is closed at the next change anywhere in the
// network.
func (n *Network) Changed() <-chan struct{} {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.changed
}
