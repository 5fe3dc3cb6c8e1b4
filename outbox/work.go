package outbox

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/certmail/certmail/store"
	"github.com/certmail/certmail/transport"
)

// Run works until the context ends, and returns its error, or that of the
// store.
func (o *Outbox) Run(ctx context.Context) error {
	for {
		if _, err := o.Drain(ctx); err != nil {
			return err
		}
		timer := time.NewTimer(o.opt.Poll)
		select {
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		case <-o.wake:
		case <-timer.C:
		}
		timer.Stop()
	}
}

// Drain hands over all that is due now and returns how many attempts it made.
// What others left unfinished becomes uncertain. The error is that of the
// context or the store; what becomes of each message is in the store.
func (o *Outbox) Drain(ctx context.Context) (attempts int, err error) {
	if _, err := o.opt.Store.Expire(ctx, o.opt.Now()); err != nil {
		return 0, fmt.Errorf("outbox: %w", err)
	}
	var (
		wait   sync.WaitGroup
		mu     sync.Mutex
		errs   []error
		finish = func(n int, err error) {
			mu.Lock()
			defer mu.Unlock()
			attempts += n
			if err != nil {
				errs = append(errs, err)
			}
		}
	)
	for _, b := range o.boxes {
		wait.Go(func() { finish(o.drain(ctx, b)) })
	}
	wait.Wait()
	return attempts, errors.Join(errs...)
}

func (o *Outbox) open(b *box) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return !b.paused && b.suspended == nil
}

// hand hands a message to the sender and says what that means.
func (o *Outbox) hand(ctx context.Context, b *box, it *item) store.Result {
	s := &it.Submission
	if s.Attempts > 1 {
		// The server may have taken what it said it refused for now.
		switch proof, err := o.proof(ctx, s); {
		case err != nil:
			return o.later(s, "not sent: "+err.Error())
		case proof != "":
			return store.Result{State: store.Sent, Reply: proof}
		}
	}
	source, closer, err := o.load(ctx, it)
	if err != nil {
		if errors.Is(err, store.ErrCorrupt) || errors.Is(err, store.ErrNotFound) {
			return store.Result{State: store.Refused, Reply: "not sent: " + err.Error()}
		}
		return o.later(s, "not sent: "+err.Error())
	}
	defer closer()
	m := &transport.Message{From: s.Sent.Sender, Source: source, Size: s.Size}
	for _, r := range s.Sent.Recipients {
		m.To = append(m.To, r.Address)
	}
	err = b.sender.Send(ctx, m)
	if err == nil {
		return store.Result{State: store.Sent}
	}
	known, ok := errors.AsType[*transport.Error](err)
	switch {
	case errors.Is(err, transport.ErrLogin):
		_ = o.set(b.account, func(b *box) { b.suspended = fmt.Errorf("outbox: account %s: %w", b.account, err) })
		// The message did nothing wrong: it waits for the account.
		return store.Result{State: store.Queued, NotBefore: s.NotBefore, Reply: err.Error()}
	case !ok || known.Outcome == transport.Uncertain:
		return store.Result{State: store.Uncertain, Reply: err.Error()}
	case known.Outcome == transport.Deferred:
		return o.later(s, err.Error())
	}
	return store.Result{State: store.Refused, Reply: err.Error()}
}

// later queues a message for another attempt, or gives it up.
func (o *Outbox) later(s *store.Submission, reply string) store.Result {
	now := o.opt.Now()
	next := now.Add(o.opt.Backoff(max(s.Attempts, 1)))
	if next.Sub(s.Enqueued) > o.opt.GiveUp {
		return store.Result{State: store.Refused, Reply: "given up after " + o.opt.GiveUp.String() + ": " + reply}
	}
	return store.Result{State: store.Queued, NotBefore: next, Reply: reply}
}

// load reads a message's bytes, verified, before any of them is sent.
func (o *Outbox) load(ctx context.Context, it *item) (src io.ReaderAt, closer func(), err error) {
	s := &it.Submission
	if it.data != nil {
		return bytes.NewReader(it.data), func() {}, nil // verified when it was read
	}
	r, err := o.opt.Blobs.Open(ctx, s.Sent.SHA256)
	if err != nil {
		return nil, nil, err
	}
	defer r.Close()
	if s.Size <= o.opt.MaxMemory {
		data, err := io.ReadAll(io.LimitReader(r, s.Size+1))
		switch {
		case err != nil:
			return nil, nil, err
		case int64(len(data)) != s.Size:
			return nil, nil, fmt.Errorf("%w: %d bytes, want %d", store.ErrCorrupt, len(data), s.Size)
		}
		return bytes.NewReader(data), func() {}, nil
	}
	f, err := os.CreateTemp(o.opt.SpoolDir, "certmail-outbox-*")
	if err != nil {
		return nil, nil, err
	}
	closer = func() {
		_ = f.Close()
		_ = os.Remove(f.Name())
	}
	n, err := io.Copy(f, r)
	if err == nil && n != s.Size {
		err = fmt.Errorf("%w: %d bytes, want %d", store.ErrCorrupt, n, s.Size)
	}
	if err != nil {
		closer()
		return nil, nil, err
	}
	return f, closer, nil
}
