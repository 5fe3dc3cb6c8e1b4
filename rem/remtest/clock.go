package remtest

import (
	"container/heap"
	"context"
	"sync"
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

// clock is the simulated time, in full seconds. It has a lock of its own, so
// that mailboxes can ask while the network is at work.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// set moves the clock, forward only.
func (c *clock) set(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if t.After(c.now) {
		c.now = t
	}
}

// Now returns the network's time.
func (n *Network) Now() time.Time { return n.clock.Now() }

// tasks is what is to be done, by time and then in the order of asking.
type tasks []*task

type task struct {
	at    time.Time
	order int
	wait  bool // a watch on time: it does not keep Settle going
	do    func()
}

func (q tasks) Len() int { return len(q) }
func (q tasks) Less(i, j int) bool {
	if !q[i].at.Equal(q[j].at) {
		return q[i].at.Before(q[j].at)
	}
	return q[i].order < q[j].order
}
func (q tasks) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q *tasks) Push(x any)   { *q = append(*q, x.(*task)) }
func (q *tasks) Pop() any {
	old := *q
	t := old[len(old)-1]
	*q = old[:len(old)-1]
	return t
}

// after plans the next step of what is under way; the lock is held, then and
// when it is done.
func (n *Network) after(d time.Duration, do func()) { n.plan(n.Now().Add(d), false, do) }

// later plans what waits for time to pass.
func (n *Network) later(d time.Duration, do func()) { n.plan(n.Now().Add(d), true, do) }

func (n *Network) plan(at time.Time, wait bool, do func()) {
	n.order++
	heap.Push(&n.queue, &task{at.Truncate(time.Second), n.order, wait, do})
}

// Advance lets simulated time pass and does all that becomes due, in its
// order: 25 hours take milliseconds.
func (n *Network) Advance(d time.Duration) {
	n.mu.Lock()
	defer n.mu.Unlock()
	until := n.Now().Add(d.Truncate(time.Second))
	for len(n.queue) > 0 && !n.queue[0].at.After(until) {
		n.step()
	}
	n.clock.set(until)
}

// Settle lets simulated time pass until nothing is under way any more. What
// waits for a time limit, for a provider that cannot be reached or for a
// recipient's answer stays waiting.
func (n *Network) Settle() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.drain()
	for _, m := range n.sequence {
		n.release(m)
	}
	n.drain()
}

// drain does what moves, one step after the other.
func (n *Network) drain() {
	for n.moving() {
		n.step()
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
	n.clock.set(t.at)
	t.do()
}
