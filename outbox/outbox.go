// Package outbox sends each message once, or says that it does not know.
//
// A message is durable, with its Message-ID and exact bytes, before the first
// byte goes over the network. It is then queued, sending, and at last sent,
// refused or uncertain. Uncertain means that the connection, or this process,
// died while the provider may already have had the message: it is never sent
// again by itself. The provider's own receipts resolve it (Learn), or an
// explicit decision (Decide).
package outbox

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/certmail/certmail/receipt"
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
	// time; 1 unless set. Interval is the least time between two of them, to
	// keep a provider's rate limit; 0 is none.
	Concurrency int
	Interval    time.Duration
	// Poll is how often Run looks for work that others enqueued, and for
	// leases that ended; 5 seconds unless set.
	Poll time.Duration
	// MaxMemory is the size up to which a message is held in memory while it
	// is sent; larger ones go through a temporary file in SpoolDir. 1 MiB.
	MaxMemory int64
	SpoolDir  string
}

// Outbox works on the submissions of some accounts. It is safe for concurrent
// use, and several may share a store.
type Outbox struct {
	opt   Options
	mu    sync.Mutex
	boxes map[string]*box
	wake  chan struct{}
}

// box is the outbox of one account.
type box struct {
	account   string
	sender    transport.Sender
	paused    bool
	suspended error
	last      time.Time
	gate      sync.Mutex // for the interval
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
	if opt.MaxMemory <= 0 {
		opt.MaxMemory = 1 << 20
	}
	if opt.Backoff == nil {
		opt.Backoff = backoff
	}
	o := &Outbox{opt: opt, boxes: map[string]*box{}, wake: make(chan struct{}, 1)}
	for account, sender := range opt.Senders {
		if sender == nil {
			return nil, fmt.Errorf("outbox: %w: no Sender for %s", ErrOptions, account)
		}
		o.boxes[account] = &box{account: account, sender: sender}
	}
	return o, nil
}

func backoff(n int) time.Duration {
	return min(time.Minute<<min(n-1, 10), time.Hour)
}

// Message is what Submit takes in.
type Message struct {
	// Account it is sent from, Key of the caller: an invoice's number, say. A
	// key never sends twice.
	Account, Key string
	// Sent describes it: Message-ID, MAIL FROM and the recipients.
	Sent receipt.Sent
	// Body are its exact bytes.
	Body io.Reader
	// Priority goes before age; NotBefore holds it back.
	Priority  int
	NotBefore time.Time
}

// Submit makes a message durable and queues it. When the key was used before
// for the same message, that one is returned with existed true; ErrKeyReused
// when it was another.
func (o *Outbox) Submit(ctx context.Context, m Message) (s store.Submission, existed bool, err error) {
	if o.boxes[m.Account] == nil {
		return s, false, fmt.Errorf("outbox: submit: %w: %s", ErrAccount, m.Account)
	}
	if m.Key == "" || m.Sent.MessageID == "" || len(m.Sent.Recipients) == 0 {
		return s, false, fmt.Errorf("outbox: submit: %w: a key, a Message-ID and recipients are needed", ErrOptions)
	}
	digest, size, err := o.opt.Blobs.Put(ctx, m.Body)
	if err != nil {
		return s, false, fmt.Errorf("outbox: submit %s: %w", m.Key, err)
	}
	if !m.Sent.SHA256.IsZero() && m.Sent.SHA256 != digest {
		return s, false, fmt.Errorf("outbox: submit %s: %w: the bytes have another digest than announced", m.Key, store.ErrCorrupt)
	}
	m.Sent.SHA256, m.Sent.Time = digest, time.Time{}
	s, existed, err = o.opt.Store.Enqueue(ctx, store.Submission{
		Account: m.Account, Key: m.Key, Sent: m.Sent, Size: size, Priority: m.Priority, NotBefore: m.NotBefore,
	}, o.opt.Now())
	switch {
	case err != nil:
		return s, false, fmt.Errorf("outbox: submit %s: %w", m.Key, err)
	case existed && s.Sent.SHA256 != digest:
		return s, true, fmt.Errorf("outbox: submit %s: %w", m.Key, ErrKeyReused)
	}
	o.poke()
	return s, existed, nil
}

// poke wakes Run.
func (o *Outbox) poke() {
	select {
	case o.wake <- struct{}{}:
	default:
	}
}

// Pause stops handing over messages of an account; Resume goes on, also after
// a refused login.
func (o *Outbox) Pause(account string) error { return o.set(account, func(b *box) { b.paused = true }) }

// Resume goes on with an account that was paused, or suspended because its
// login was refused: when the owner has given a new password, say.
func (o *Outbox) Resume(account string) error {
	err := o.set(account, func(b *box) { b.paused, b.suspended = false, nil })
	o.poke()
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
	o.poke()
	return err
}
