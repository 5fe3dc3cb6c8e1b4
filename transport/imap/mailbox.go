package imap

import (
	"context"
	"sync"

	"github.com/certmail/certmail/transport"
)

// Mailbox is a transport.Mailbox over IMAP. It connects when it must, keeps up
// to Options.MaxConns connections, and is safe for concurrent use. The context
// of a call bounds all of it; that of Fetch until its reader is closed.
type Mailbox struct {
	opt      Options
	slots    chan struct{} // one for each connection in use
	watchers chan struct{} // one for each connection that idles
	gate     chan struct{} // whoever logs in

	mu      sync.Mutex
	all     map[*session]bool
	spare   []*session
	refused *refused
	closed  bool

	base context.Context // ends with the Mailbox
	end  context.CancelFunc
}

var _ transport.Mailbox = (*Mailbox)(nil)

// New returns the mailbox that the options describe. It does not connect yet.
func New(opt *Options) (*Mailbox, error) {
	m := &Mailbox{all: map[*session]bool{}, gate: make(chan struct{}, 1)}
	if opt != nil {
		m.opt = *opt
	}
	if err := m.opt.complete(); err != nil {
		return nil, err
	}
	m.base, m.end = context.WithCancel(context.Background())
	m.slots, m.watchers = make(chan struct{}, m.opt.MaxConns), make(chan struct{}, m.opt.MaxConns-1)
	return m, nil
}

// String names the server.
func (m *Mailbox) String() string { return "imap " + m.address() }

// GoString is String: nothing else of a Mailbox is fit to be printed.
func (m *Mailbox) GoString() string { return m.String() }

// Close ends all connections, and with them what is under way. It may be
// called more than once.
func (m *Mailbox) Close() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return nil
	}
	m.closed = true
	m.end()
	for s := range m.all {
		m.forget(s, ErrClosed)
	}
	m.spare = nil
	return nil
}

func (m *Mailbox) isClosed() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.closed
}
