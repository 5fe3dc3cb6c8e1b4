package remtest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/certmail/certmail/internal/testpki"
	"github.com/certmail/certmail/receipt"
	"github.com/certmail/certmail/transport"
	"github.com/certmail/certmail/transport/memory"
)

// Inbox is the folder that messages come to; Sent is there for the caller.
const (
	Inbox = "INBOX"
	Sent  = "Sent"
)

// Mailbox is one mailbox of a network. It is safe for concurrent use.
type Mailbox struct {
	// Address is whose it is.
	Address string

	net     *Network
	node    *node // nil for an ordinary mailbox
	service bool  // that of a provider
	box     *memory.Mailbox
	bytes   int64 // of what was put into it
}

// Stored is a message in a mailbox.
type Stored struct {
	// ID names it in the transport; Time is when it was put there.
	ID   transport.ID
	Time time.Time
	Kind Kind
	// Facts are what the evidence in it attests.
	Facts []Fact
	// Identifier is the MessageIdentifier of its transaction, "" without one.
	Identifier string
	// Spoiled is the kind of the fault that spoiled it, "" for a genuine message.
	Spoiled FaultKind
	// Data are its bytes.
	Data []byte
}

// String writes a message as Scenario.Want has it: the kind or, for receipts,
// the events and reasons of its
func (s *Stored) String() string {
	if s.Kind != KindReceipt {
		return string(s.Kind)
	}
	var all []string
	for _, f := range s.Facts {
		all = append(all, f.Event.Code()+"/"+f.Reason)
	}
	return strings.Join(all, "+")
}

func domainOf(address string) string {
	_, domain, _ := strings.Cut(fold(address), "@")
	return domain
}

func (n *Network) addMailbox(address string, of *node) *Mailbox {
	key := fold(address)
	if m := n.mailboxes[key]; m != nil {
		return m
	}
	m := &Mailbox{Address: address, net: n, node: of, box: memory.New(&memory.Options{Clock: n.clock.Now, MaxBytes: 1 << 40})}
	n.mailboxes[key] = m
	n.sequence = append(n.sequence, m)
	return m
}

// passwordOf follows from the seed, and is kept nowhere.
func (n *Network) passwordOf(address string) string {
	b := make([]byte, 9)
	_, _ = io.ReadFull(testpki.Reader(n.opt.Seed, "REM password of "+fold(address)), b)
	return hex.EncodeToString(b)
}

// Mailbox returns a mailbox of the network: that of an account, a provider's
// service mailbox, or an ordinary one that got mail.
func (n *Network) Mailbox(address string) (*Mailbox, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	m := n.mailboxes[fold(address)]
	if m == nil {
		return nil, fmt.Errorf("remtest: %s: %w", address, ErrNoMailbox)
	}
	return m, nil
}

// Mailboxes returns all mailboxes in the order they were made.
func (n *Network) Mailboxes() []*Mailbox {
	n.mu.Lock()
	defer n.mu.Unlock()
	return append([]*Mailbox(nil), n.sequence...)
}

// Transport returns the mailbox as a transport.Mailbox, without a socket.
func (m *Mailbox) Transport() transport.Mailbox { return m.box }

// Messages returns what lies in the inbox, in the order of arrival.
func (m *Mailbox) Messages() []Stored {
	ctx := context.Background()
	var all []Stored
	for since := transport.Cursor(""); ; {
		items, next, err := m.box.List(ctx, Inbox, since, 1000)
		if err != nil || len(items) == 0 {
			return all
		}
		since = next
		for _, item := range items {
			r, err := m.box.Fetch(ctx, Inbox, item.ID)
			if err != nil {
				continue // taken away meanwhile
			}
			data, err := io.ReadAll(r)
			_ = r.Close()
			if err != nil {
				continue
			}
			s := Stored{ID: item.ID, Time: item.Time, Kind: KindOrdinary, Data: data}
			s.Spoiled = m.net.spoiltBy(data)
			if c, err := m.net.make.read(data); err == nil {
				s.Kind, s.Identifier = c.kind, c.identifier
				for _, f := range c.facts {
					s.Facts = append(s.Facts, f.clone())
				}
			}
			all = append(all, s)
		}
	}
}

// Contents lists what lies in the inbox as Scenario.Want has it.
func (m *Mailbox) Contents() []string {
	var all []string
	for _, s := range m.Messages() {
		all = append(all, s.String())
	}
	return all
}

// ResetUIDValidity renumbers the inbox: what a client knew about its messages
// is void.
func (m *Mailbox) ResetUIDValidity() error { return m.box.Renumber(Inbox) }

// put files a message; the network's lock is held.
func (m *Mailbox) put(data []byte) {
	if _, err := m.box.Deliver(Inbox, data); err == nil {
		m.bytes += int64(len(data))
	}
}

// spoiltBy is the kind of the fault that spoiled a message.
func (n *Network) spoiltBy(data []byte) FaultKind {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.spoiled[receipt.Digest(sha256.Sum256(data))].Kind
}
