package smtp

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"sync"
	"time"

	"github.com/certmail/certmail/transport"
)

// Sender submits to one server as one user. It is safe for concurrent use:
// Options.Connections submissions run at once, the others wait.
type Sender struct {
	opt     Options
	server  string
	slots   chan struct{} // one for each connection
	opening chan struct{} // one connection is opened at a time: one login
	closing chan struct{} // closed by Close
	leaving sync.WaitGroup

	mu          sync.Mutex
	credentials Credentials
	generation  int // of the credentials
	suspended   *transport.Error
	idle        []*conn
	closed      bool
	closeOnce   sync.Once
}

var _ transport.Sender = (*Sender)(nil)

// New makes a Sender. It connects when the first message is sent. The error is
// ErrOptions.
func New(opt *Options) (*Sender, error) {
	if opt == nil {
		opt = &Options{}
	}
	s := &Sender{opt: *opt, closing: make(chan struct{}), opening: make(chan struct{}, 1)}
	if err := s.opt.settle(); err != nil {
		return nil, err
	}
	s.credentials, s.opt.Credentials = s.opt.Credentials, nil
	s.server = net.JoinHostPort(s.opt.Host, strconv.Itoa(s.opt.Port))
	s.slots = make(chan struct{}, s.opt.Connections)
	return s, nil
}

// String names the server.
func (s *Sender) String() string { return "smtp " + s.opt.Security.String() + " " + s.server }

// Send submits a message once. The error is an *Error, which wraps a
// *transport.Error: see the package comment for what the outcomes mean.
//
// A connection kept from an earlier message that is found dead before the
// server took MAIL FROM is replaced, once, without a word: nothing of the
// message was offered on it.
func (s *Sender) Send(ctx context.Context, m *transport.Message) error {
	if fail := s.send(ctx, m); fail != nil {
		return fail
	}
	return nil
}

func (s *Sender) send(ctx context.Context, m *transport.Message) *Error {
	if err := checkEnvelope(m); err != nil {
		return refused(s.server, StepCheck, err)
	}
	f, err := pass(m, nil)
	if err != nil {
		if own, ok := errors.AsType[errSource](err); ok {
			err = own.error
		}
		return refused(s.server, StepCheck, err)
	}
	if fail := s.enter(ctx); fail != nil {
		return fail
	}
	defer func() { <-s.slots }()
	c, fail := s.take(ctx)
	if fail != nil {
		return fail
	}
	reused := c.messages > 0
	fail = c.submit(ctx, m, f)
	if reused && fail.stale(ctx) {
		c.kill()
		if c, fail = s.open(ctx); fail != nil {
			return fail
		}
		fail = c.submit(ctx, m, f)
	}
	s.put(c)
	return fail
}

// stale tells whether a connection was found dead when it was used again.
func (e *Error) stale(ctx context.Context) bool {
	return e != nil && ctx.Err() == nil && e.Step == StepMail && e.Err.Outcome == transport.Deferred && (e.Err.Code == 0 || e.Err.Code == 421)
}

// enter waits for the right to use a connection.
func (s *Sender) enter(ctx context.Context) *Error {
	if err := ctx.Err(); err != nil {
		return deferred(s.server, StepDial, err)
	}
	if fail := s.barred(); fail != nil {
		return fail
	}
	select {
	case s.slots <- struct{}{}:
	case <-s.closing:
		return deferred(s.server, StepDial, ErrClosed)
	case <-ctx.Done():
		return deferred(s.server, StepDial, ctx.Err())
	}
	fail := s.barred() // what happened meanwhile
	if fail != nil {
		<-s.slots
	}
	return fail
}

// barred says why nothing may be tried.
func (s *Sender) barred() *Error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return deferred(s.server, StepDial, ErrClosed)
	}
	if e := s.suspended; e != nil {
		again := *e
		again.Err = fmt.Errorf("%w: %w", ErrSuspended, e.Err)
		return &Error{Server: s.server, Step: StepAuth, Err: &again}
	}
	return nil
}

// take returns a connection that is logged in: the one used last, or a new one.
func (s *Sender) take(ctx context.Context) (*conn, *Error) {
	s.mu.Lock()
	if n := len(s.idle); n > 0 {
		c := s.idle[n-1]
		s.idle = s.idle[:n-1]
		c.idle.Stop()
		s.mu.Unlock()
		return c, nil
	}
	s.mu.Unlock()
	return s.open(ctx)
}

// open makes a connection, one at a time: whatever is wrong with the
// credentials, the server is told them once.
func (s *Sender) open(ctx context.Context) (*conn, *Error) {
	select {
	case s.opening <- struct{}{}:
		defer func() { <-s.opening }()
	case <-ctx.Done():
		return nil, deferred(s.server, StepDial, ctx.Err())
	}
	if fail := s.barred(); fail != nil {
		return nil, fail
	}
	s.mu.Lock()
	ask, generation := s.credentials, s.generation
	s.mu.Unlock()
	id, err := credentials(ctx, ask)
	if err != nil {
		return nil, deferred(s.server, StepAuth, err)
	}
	c, fail := connect(ctx, &s.opt, s.server, id)
	if fail != nil {
		if errors.Is(fail.Err, transport.ErrLogin) {
			s.suspend(fail.Err, generation)
		}
		return nil, fail
	}
	c.generation = generation
	return c, nil
}

// put keeps a connection for the next message, or ends it.
func (s *Sender) put(c *conn) {
	if c.broken {
		c.kill()
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || s.opt.IdleTimeout < 0 || s.opt.MaxMessages > 0 && c.messages >= s.opt.MaxMessages || c.generation != s.generation {
		s.leave(c)
		return
	}
	c.idle = time.AfterFunc(s.opt.IdleTimeout, func() { s.expire(c) })
	s.idle = append(s.idle, c)
}

// expire ends a connection that nobody used.
func (s *Sender) expire(c *conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, other := range s.idle {
		if other == c {
			s.idle = append(s.idle[:i:i], s.idle[i+1:]...)
			s.leave(c)
			return
		}
	}
}

// leave ends a connection in the background; mu is held.
func (s *Sender) leave(c *conn) { s.leaving.Go(c.quit) }

// leaveIdle ends all connections that are not in use; mu is held.
func (s *Sender) leaveIdle() {
	for _, c := range s.idle {
		c.idle.Stop()
		s.leave(c)
	}
	s.idle = nil
}

func (s *Sender) suspend(why *transport.Error, generation int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if generation == s.generation {
		kept := *why
		s.suspended = &kept
	}
}

// Suspended returns the server's refusal of the login that suspended the
// Sender; nil when it is not.
func (s *Sender) Suspended() *transport.Error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.suspended == nil {
		return nil
	}
	why := *s.suspended
	return &why
}

// Resume ends a suspension: the next Send asks Options.Credentials and tries
// to log in. Call it when the owner has put something right, not by a timer.
func (s *Sender) Resume() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.suspended = nil
}

// SetCredentials replaces Options.Credentials and ends a suspension. Idle
// connections, which are logged in as before, are ended; so are those in use
// as soon as they have done what they are at. nil changes nothing.
func (s *Sender) SetCredentials(ask Credentials) {
	if ask == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.credentials, s.suspended = ask, nil
	s.generation++
	s.leaveIdle()
}

// Close ends idle connections and lets no new submission begin: it fails with
// ErrClosed, Deferred. It waits for those that run; cancel their contexts to
// hasten it. It may be called more than once, and returns nil.
func (s *Sender) Close() error {
	s.closeOnce.Do(func() {
		s.mu.Lock()
		s.closed = true
		close(s.closing)
		s.leaveIdle()
		s.mu.Unlock()
		for range cap(s.slots) {
			s.slots <- struct{}{}
		}
	})
	s.leaving.Wait()
	return nil
}
