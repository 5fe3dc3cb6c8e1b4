// Package outbox sends each message once, or says that it does not know.
//
// A message is durable, with its Message-ID and exact bytes, before the first
// byte goes over the network. It is then queued, sending, and at last sent,
// refused or uncertain. Uncertain means that the connection, or this process,
// died while the provider may already have had the message: it is never sent
// again by itself. The provider's own receipts resolve it (Learn), or an
// explicit decision (Decide).
//
// Claims and outcomes become durable some at a time, beside the sending, where a
// server is faster than the disk. When the process dies, what was claimed counts
// as uncertain: Options.Ahead bounds how much that can be.
package outbox

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/certmail/certmail/store"
	"github.com/certmail/certmail/transport"
)

// Options describes an outbox. Store, Blobs and Senders are required.
type Options struct {
	Store store.Store
	Blobs store.Blobs
	// Senders are the ways to submit, by account.
	Senders map[string]transport.Sender
	// Worker names this worker, unique among all that share the store.
	Worker string
	// Now is the clock; time.Now unless set.
	Now func() time.Time
	// Lease is how long a message may take to be handed over; after that it
	// counts as uncertain. 15 minutes unless set.
	Lease time.Duration
	// Backoff tells how long to wait after the n-th refusal for now (n from
	// 1): a minute, doubled each time, at most an hour, unless set.
	Backoff func(n int) time.Duration
	// GiveUp is the age after which a message that was never taken is refused;
	// 24 hours unless set.
	GiveUp time.Duration
	// Concurrency is how many messages of one account are handed over at a
	// time; 1 unless set.
	Concurrency int
	// Ahead is how many messages of an account may be claimed and not yet known
	// to be settled: at most this many become uncertain when the process dies.
	// 256 unless set. It lets claims and outcomes become durable many at a time,
	// where a server is faster than the disk: no more is claimed than the
	// server takes in a tenth of a second, so that a slow one is sent to one by
	// one. What is claimed cannot be cancelled any more, and a higher priority
	// comes behind it.
	Ahead int
	// Limits are how fast accounts may send; Interval is the least time between
	// two messages of an account for which they say nothing, 0 is none.
	Limits   map[string]Limit
	Interval time.Duration
	// Wait waits for the time that a limit asks for, and returns the context's
	// error when it ends before: with a timer unless set.
	Wait func(context.Context, time.Duration) error
	// Poll is how often Run looks for work that others enqueued, and for
	// leases that ended; 5 seconds unless set.
	Poll time.Duration
	// MaxMemory is the size up to which a message is held in memory while it
	// is sent; larger ones go through a temporary file in SpoolDir. 1 MiB.
	MaxMemory int64
	SpoolDir  string
	// KeepMemory bounds the bytes that stay in memory between Submit and the
	// moment they are sent, where that is soon and in this process, so that
	// they need not be read back: 32 MiB unless set, none when negative.
	KeepMemory int64
}

// Outbox works on the submissions of some accounts. It is safe for concurrent
// use, and several may share a store.
type Outbox struct {
	opt   Options
	mu    sync.Mutex
	boxes map[string]*box
	wake  chan struct{}
	kept  *kept
}

// box is the outbox of one account.
type box struct {
	account   string
	sender    transport.Sender
	paused    bool
	suspended error
	meter     *meter
	turn      chan struct{} // held by the desk that works on it
	news      chan struct{} // something was queued, or is to stop

	mu       sync.Mutex
	measured bool
	pace     time.Duration // of a message, lately
	writing  time.Duration // of outcomes and claims, lately
}

// measure takes in how long a message took.
func (b *box) measure(took time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.measured {
		took = b.pace + (took-b.pace)/8
	}
	b.pace, b.measured = took, true
}

// ahead is how many messages to have claimed, at most and for each sender at
// least one.
func (b *box) ahead(senders, most int) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.measured {
		return senders
	}
	return max(min(int(horizon/max(b.pace, time.Microsecond))*senders, most), senders)
}

// wrote takes in how long outcomes and the next claims took to become durable.
func (b *box) wrote(took time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.writing > 0 {
		took = b.writing + (took-b.writing)/4
	}
	b.writing = took
}

// enough is how many outcomes are worth writing down at once, so that of those
// claimed, most at a time, half as many again are left to be sent as are meanwhile.
func (b *box) enough(senders, most int) int {
	ahead := b.ahead(senders, most)
	b.mu.Lock()
	defer b.mu.Unlock()
	left := (ahead + 1) / 2
	if b.writing > 0 {
		left = min(left, (2+int(3*b.writing/(2*max(b.pace, time.Microsecond))))*senders)
	}
	return max(ahead-left, 1)
}

// tell lets the desk look up.
func (b *box) tell() {
	select {
	case b.news <- struct{}{}:
	default:
	}
}

// Errors of an outbox.
var (
	// ErrOptions says that an outbox cannot be made as described.
	ErrOptions = errors.New("outbox options")
	// ErrKeyReused says that a key was used before, for another message.
	ErrKeyReused = errors.New("key was used before for another message")
	// ErrAccount says that the outbox has no such account.
	ErrAccount = errors.New("no such account")
)

// New makes an outbox. It does nothing until Run or Drain.
func New(opt Options) (*Outbox, error) {
	switch {
	case opt.Store == nil || opt.Blobs == nil:
		return nil, fmt.Errorf("outbox: %w: Store and Blobs are required", ErrOptions)
	case len(opt.Senders) == 0:
		return nil, fmt.Errorf("outbox: %w: no Senders", ErrOptions)
	case opt.Worker == "":
		return nil, fmt.Errorf("outbox: %w: Worker must name this worker, unique among all", ErrOptions)
	}
	set := func(d *time.Duration, to time.Duration) {
		if *d <= 0 {
			*d = to
		}
	}
	set(&opt.Lease, 15*time.Minute)
	set(&opt.GiveUp, 24*time.Hour)
	set(&opt.Poll, 5*time.Second)
	if opt.Now == nil {
		opt.Now = time.Now
	}
	if opt.Concurrency <= 0 {
		opt.Concurrency = 1
	}
	if opt.Ahead <= 0 {
		opt.Ahead = 256
	}
	opt.Ahead = max(opt.Ahead, opt.Concurrency)
	if opt.Wait == nil {
		opt.Wait = wait
	}
	if opt.MaxMemory <= 0 {
		opt.MaxMemory = 1 << 20
	}
	if opt.KeepMemory == 0 {
		opt.KeepMemory = 32 << 20
	}
	if opt.Backoff == nil {
		opt.Backoff = backoff
	}
	o := &Outbox{opt: opt, boxes: map[string]*box{}, wake: make(chan struct{}, 1),
		kept: newKept(opt.KeepMemory)}
	for account, sender := range opt.Senders {
		if sender == nil {
			return nil, fmt.Errorf("outbox: %w: no Sender for %s", ErrOptions, account)
		}
		limit, ok := opt.Limits[account]
		if !ok && opt.Interval > 0 {
			limit = Limit{Messages: 1, Per: opt.Interval}
		}
		if limit.Messages < 0 || limit.Burst < 0 || limit.Recipients < 0 || limit.Messages > 0 && limit.Per <= 0 {
			return nil, fmt.Errorf("outbox: %w: limit of %s: %+v", ErrOptions, account, limit)
		}
		o.boxes[account] = &box{account: account, sender: sender, meter: newMeter(limit), turn: make(chan struct{}, 1), news: make(chan struct{}, 1)}
	}
	for account := range opt.Limits {
		if o.boxes[account] == nil {
			return nil, fmt.Errorf("outbox: %w: a limit of %s, which has no Sender", ErrOptions, account)
		}
	}
	return o, nil
}

func backoff(n int) time.Duration {
	return min(time.Minute<<min(n-1, 10), time.Hour)
}

// poke wakes Run, or the account's desk where it runs.
func (o *Outbox) poke(account string) {
	if b := o.boxes[account]; b != nil {
		b.tell()
	}
	select {
	case o.wake <- struct{}{}:
	default:
	}
}

// Pause stops handing over messages of an account; Resume goes on, also after
// a refused login.
func (o *Outbox) Pause(account string) error { return o.set(account, func(b *box) { b.paused = true }) }

// Resume goes on with an account that was paused, or suspended because its
// login was refused: when the owner has given a new password, say. A sender
// that stops by itself after a refused login and has a method Resume(), as that
// of transport/smtp, is told to go on as well.
func (o *Outbox) Resume(account string) error {
	var sender transport.Sender
	err := o.set(account, func(b *box) { b.paused, b.suspended, sender = false, nil, b.sender })
	if r, ok := sender.(interface{ Resume() }); ok {
		r.Resume()
	}
	o.poke(account)
	return err
}

func (o *Outbox) set(account string, change func(*box)) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	b := o.boxes[account]
	if b == nil {
		return fmt.Errorf("outbox: %w: %s", ErrAccount, account)
	}
	change(b)
	b.tell()
	return nil
}

// Suspended returns why an account is not worked on: the refused login, which
// wraps transport.ErrLogin, or nil.
func (o *Outbox) Suspended(account string) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if b := o.boxes[account]; b != nil {
		return b.suspended
	}
	return nil
}

// Cancel takes a message back that is still queued; store.ErrState else.
func (o *Outbox) Cancel(ctx context.Context, account, key string) error {
	return o.opt.Store.Decide(ctx, account, key, store.Queued, store.Cancelled, "cancelled by the caller", o.opt.Now())
}

// Decide resolves an uncertain message by an explicit decision: Sent or
// Refused closes it, Queued sends it again, which may be the second time.
func (o *Outbox) Decide(ctx context.Context, account, key string, to store.State, why string) error {
	err := o.opt.Store.Decide(ctx, account, key, store.Uncertain, to, why, o.opt.Now())
	o.poke(account)
	return err
}
