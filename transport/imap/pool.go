package imap

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/certmail/certmail/transport"
)

// stale is when a connection that nobody used is given up: the server, or the
// box between, may have forgotten it.
const stale = 3 * time.Minute

// take gets a connection: an idle one, best with the folder open, or another
// one when fresh is set or none is there. It waits while there are
// Options.MaxConns in use.
func (m *Mailbox) take(ctx context.Context, folder string, fresh bool) (*session, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	select {
	case m.slots <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	s, err := m.idle(folder, fresh)
	if s == nil && err == nil {
		s, err = m.connect(ctx)
		if err == nil && !m.adopt(s) {
			s.abort(ErrClosed)
			err = ErrClosed
		}
	}
	if err != nil {
		<-m.slots
		return nil, err
	}
	s.committed = false
	s.wire.allow(flood)
	s.wire.turn(true)
	return s, nil
}

// idle takes out an idle connection, nil when there is none. Where one turned
// out to be dead, the others are not trusted any more.
func (m *Mailbox) idle(folder string, fresh bool) (*session, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return nil, ErrClosed
	}
	var best *session
	kept := m.spare[:0]
	for _, s := range m.spare {
		switch {
		case fresh || s.dead() || time.Since(s.used) > stale:
			m.forget(s, errSpare)
		case best == nil:
			best = s
		case best.folder != folder && s.folder == folder:
			kept = append(kept, best)
			best = s
		default:
			kept = append(kept, s)
		}
	}
	clear(m.spare[len(kept):])
	m.spare = kept
	return best, nil
}

// adopt takes a new connection among those that Close ends.
func (m *Mailbox) adopt(s *session) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.closed {
		m.all[s] = true
	}
	return !m.closed
}

var errSpare = errors.New("not needed any more")

// forget ends a connection. The lock is held.
func (m *Mailbox) forget(s *session, why error) {
	delete(m.all, s)
	s.abort(why)
}

// give gives a connection back.
func (m *Mailbox) give(s *session, usable bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	defer func() { <-m.slots }()
	if !usable || m.closed || s.dead() {
		m.forget(s, errSpare)
		return
	}
	s.wire.turn(false)
	s.used = time.Now()
	m.spare = append(m.spare, s)
}

// do runs an operation on a connection. Where that is lost before the
// operation has committed itself, it is replaced, once. keep tells that the
// operation has kept the connection, and will give it back.
func (m *Mailbox) do(ctx context.Context, what, folder string, op func(s *session) (keep bool, err error)) error {
	for again := false; ; again = true {
		s, err := m.take(ctx, folder, again)
		if err != nil {
			return failure(ctx, what, err)
		}
		stop := context.AfterFunc(ctx, func() { s.cancel(ctx.Err()) })
		keep, err := op(s)
		alive := stop() // else it is about to be aborted
		if keep {
			return nil
		}
		committed := s.committed
		m.give(s, alive && !isLost(err))
		switch {
		case err == nil:
			return nil
		case isLost(err) && committed:
			if ended := ctx.Err(); ended != nil {
				err = fmt.Errorf("%w: %w", ended, err)
			}
			return fmt.Errorf("imap: %s: %w", what, &transport.Error{Outcome: transport.Uncertain, Err: err})
		case isLost(err) && !again && ctx.Err() == nil && !m.isClosed():
			continue
		}
		return failure(ctx, what, err)
	}
}
