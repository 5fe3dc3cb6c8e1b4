package imap

import (
	"context"
	"crypto/tls"
	"errors"
	"time"

	"github.com/emersion/go-imap/v2"

	"github.com/certmail/certmail/transport"
)

// steady is how long a connection must have lasted for its loss to count as the
// first.
const steady = time.Minute

// Wait returns when there is something behind the cursor. It idles (RFC 2177)
// on a connection of its own; without IDLE, or without a connection to spare,
// it looks every Options.Poll. A lost connection is made anew, with pauses that
// grow, for as long as the context lasts. What ends it besides is
// transport.ErrCursor, transport.ErrNotFound, transport.ErrLogin, a server
// certificate that does not verify, and Close.
func (m *Mailbox) Wait(ctx context.Context, folder string, since transport.Cursor) error {
	what := "wait for " + folder
	folder, err := properName(folder)
	if err != nil {
		return failure(ctx, "wait", err)
	}
	idles := false
	select {
	case m.watchers <- struct{}{}:
		defer func() { <-m.watchers }()
		idles = true
	default:
	}
	pause := m.opt.Backoff
	for fresh := false; ; {
		began := time.Now()
		looked, found, err := m.watch(ctx, folder, since, idles, fresh)
		switch {
		case ctx.Err() != nil:
			return failure(ctx, what, ctx.Err())
		case found:
			return nil
		case err != nil && !m.passes(err, looked):
			return failure(ctx, what, err)
		}
		if looked && time.Since(began) > steady {
			pause = m.opt.Backoff
		}
		next := m.opt.Poll
		if fresh = err != nil; fresh {
			next, pause = pause, min(2*pause, maxBackoff)
		}
		timer := time.NewTimer(next)
		select {
		case <-timer.C:
		case <-ctx.Done():
		case <-m.base.Done():
		}
		timer.Stop()
	}
}

// passes tells whether trouble may be over by itself. What a server says that
// cannot be understood may be, when it made sense before.
func (m *Mailbox) passes(err error, worked bool) bool {
	l, ok := errors.AsType[*lost](err)
	if !ok || m.isClosed() {
		return false
	}
	_, certificate := errors.AsType[*tls.CertificateVerificationError](err)
	return (l.network || worked) && !certificate
}

// watch looks, and idles if it may, until something is found or the connection
// is lost. Without idling it looks once.
func (m *Mailbox) watch(ctx context.Context, folder string, since transport.Cursor, idles, fresh bool) (looked, found bool, err error) {
	s, err := m.take(ctx, folder, fresh)
	if err != nil {
		return false, false, err
	}
	stop := context.AfterFunc(ctx, func() { s.abort(ctx.Err()) })
	defer func() {
		alive := stop()
		m.give(s, alive && !isLost(err))
	}()
	for {
		s.wire.allow(flood)
		items, err := s.list(folder, since, 1, false)
		if err != nil {
			return looked, false, err
		}
		looked = true
		if len(items) > 0 {
			return true, true, nil
		}
		if !idles || !s.caps.Has(imap.CapIdle) {
			return true, false, nil
		}
		if err := m.rest(s); err != nil {
			return true, false, err
		}
	}
}

// rest idles until the folder changes, or it is time to look. What came since
// the folder was opened has been noted.
func (m *Mailbox) rest(s *session) error {
	idle, err := s.Idle()
	if err != nil {
		return s.verdict(err)
	}
	s.wire.turn(false)
	timer := time.NewTimer(m.opt.Idle)
	select {
	case <-s.news:
	case <-timer.C:
	case <-s.Closed():
	}
	timer.Stop()
	s.wire.turn(true)
	err = idle.Close()
	if waited := idle.Wait(); waited != nil {
		err = waited
	}
	return s.verdict(err)
}
