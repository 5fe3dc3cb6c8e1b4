package pectest

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/certmail/certmail/pec"
)

// The folders that every mailbox has.
const (
	Inbox = "INBOX"
	Sent  = "Sent"
)

// ErrNoFolder says that a mailbox has no folder of that name.
var ErrNoFolder = errors.New("no such folder")

// Mailbox is one mailbox (casella) of a network. It is safe for concurrent
// use; what it hands out is the caller's.
type Mailbox struct {
	// Address is whose it is.
	Address string

	net      *Network
	node     *node // nil for a mailbox outside the circuit
	service  bool  // the provider's casella di servizio, or its sending address
	folders  []*folder
	watchers map[chan struct{}]bool
}

type folder struct {
	name     string
	validity uint32
	next     uint32
	changes  uint64
	messages []*Stored
}

func (f *folder) status() FolderStatus {
	return FolderStatus{Name: f.name, UIDValidity: f.validity, UIDNext: f.next, Messages: len(f.messages), Changes: f.changes}
}

func (f *folder) list() []Stored {
	all := make([]Stored, len(f.messages))
	for i, s := range f.messages {
		all[i] = *s
		all[i].Flags = slices.Clone(s.Flags)
	}
	return all
}

// Stored is a message in a folder.
type Stored struct {
	// UID is its number in the folder, as in IMAP.
	UID uint32
	// Time is when it was put there; Flags are IMAP's.
	Time  time.Time
	Flags []string
	// Kind is what it is, by its headers.
	Kind pec.Kind
	// Identifier is the PEC identifier of its transaction, "" without one.
	Identifier string
	// Data are its bytes. Do not modify them.
	Data []byte
}

// FolderStatus describes a folder.
type FolderStatus struct {
	Name                 string
	UIDValidity, UIDNext uint32
	Messages             int
	// Changes counts what happened to the folder: when it is the same, so is
	// everything in it.
	Changes uint64
}

func newMailbox(n *Network, address string, of *node) *Mailbox {
	m := &Mailbox{Address: address, net: n, node: of, watchers: map[chan struct{}]bool{}}
	for _, name := range []string{Inbox, Sent} {
		m.folder(name, true)
	}
	return m
}

// folder finds a folder; INBOX has no case (RFC 3501 §5.1).
func (m *Mailbox) folder(name string, create bool) *folder {
	if strings.EqualFold(name, Inbox) {
		name = Inbox
	}
	for _, f := range m.folders {
		if f.name == name {
			return f
		}
	}
	if !create {
		return nil
	}
	m.net.validity++
	f := &folder{name: name, validity: m.net.validity, next: 1}
	m.folders = append(m.folders, f)
	return f
}

// put appends a message and wakes who waits. The network's lock is held.
func (m *Mailbox) put(name string, s Stored) *Stored {
	f := m.folder(name, true)
	s.UID = f.next
	f.next++
	f.messages = append(f.messages, &s)
	m.touch(f)
	return &s
}

// touch counts a change of a folder and tells who watches.
func (m *Mailbox) touch(f *folder) {
	f.changes++
	m.net.notify()
	for w := range m.watchers {
		select {
		case w <- struct{}{}:
		default:
		}
	}
}

func (m *Mailbox) lock() func() {
	m.net.mu.Lock()
	return m.net.mu.Unlock
}

// Folders lists the folders in the order they were made.
func (m *Mailbox) Folders() []FolderStatus {
	defer m.lock()()
	var all []FolderStatus
	for _, f := range m.folders {
		all = append(all, f.status())
	}
	return all
}

// CreateFolder makes a folder; one that is there already stays.
func (m *Mailbox) CreateFolder(name string) {
	defer m.lock()()
	m.folder(name, true)
}

// Status describes one folder.
func (m *Mailbox) Status(name string) (FolderStatus, error) {
	defer m.lock()()
	f := m.folder(name, false)
	if f == nil {
		return FolderStatus{}, fmt.Errorf("pectest: %s: folder %q: %w", m.Address, name, ErrNoFolder)
	}
	return f.status(), nil
}

// Messages returns what lies in the inbox, in the order of arrival.
func (m *Mailbox) Messages() []Stored {
	all, _ := m.List(Inbox)
	return all
}

// List returns the messages of a folder, in the order of their UIDs.
func (m *Mailbox) List(name string) ([]Stored, error) {
	defer m.lock()()
	f := m.folder(name, false)
	if f == nil {
		return nil, fmt.Errorf("pectest: %s: folder %q: %w", m.Address, name, ErrNoFolder)
	}
	return f.list(), nil
}

// Kinds returns the kinds of the messages in the inbox, in the order of
// arrival.
func (m *Mailbox) Kinds() []pec.Kind {
	var kinds []pec.Kind
	for _, s := range m.Messages() {
		kinds = append(kinds, s.Kind)
	}
	return kinds
}

// Append files a message in a folder, as IMAP's APPEND does, and returns its
// UID. Nothing is sent.
func (m *Mailbox) Append(name string, data []byte, flags []string, at time.Time) (uid uint32, err error) {
	err = m.in(name, func(f *Folder) error { uid, err = f.Append(data, flags, at); return err })
	return uid, err
}

// SetFlags replaces the flags of a message; ErrNoMessage when there is none.
func (m *Mailbox) SetFlags(name string, uid uint32, flags []string) error {
	return m.in(name, func(f *Folder) error { return f.setFlags(uid, flags) })
}

// Remove deletes messages for good.
func (m *Mailbox) Remove(name string, uids ...uint32) error {
	return m.in(name, func(f *Folder) error { return f.Remove(uids...) })
}

// in does something in a folder, whatever its UIDVALIDITY is just then.
func (m *Mailbox) in(name string, do func(*Folder) error) error {
	for {
		f, err := m.OpenFolder(name)
		if err != nil {
			return err
		}
		if err = do(f); !errors.Is(err, ErrRenumbered) {
			return err
		}
	}
}

// ResetUIDValidity gives a folder a new UIDVALIDITY and all its messages new
// numbers, as servers do after a restore: what a client knew about UIDs is
// void.
func (m *Mailbox) ResetUIDValidity(name string) error {
	defer m.lock()()
	return m.resetUIDs(name)
}

func (m *Mailbox) resetUIDs(name string) error {
	f := m.folder(name, false)
	if f == nil {
		return fmt.Errorf("pectest: %s: folder %q: %w", m.Address, name, ErrNoFolder)
	}
	m.net.validity++
	f.validity, f.next = m.net.validity, 1
	for _, s := range f.messages {
		s.UID = f.next
		f.next++
	}
	m.touch(f)
	return nil
}

// Watch returns a channel that gets a value when something in the mailbox
// changed, and a function that ends the watch. Several changes may come as
// one.
func (m *Mailbox) Watch() (changed <-chan struct{}, stop func()) {
	defer m.lock()()
	w := make(chan struct{}, 1)
	m.watchers[w] = true
	return w, func() {
		defer m.lock()()
		delete(m.watchers, w)
	}
}

// Size returns the number of bytes in all folders.
func (m *Mailbox) Size() int64 {
	defer m.lock()()
	return m.size()
}

func (m *Mailbox) size() (n int64) {
	for _, f := range m.folders {
		for _, s := range f.messages {
			n += int64(len(s.Data))
		}
	}
	return n
}

// describe reads what a message says it is.
func describe(data []byte) Stored {
	s := Stored{Data: data, Kind: pec.KindUnknown}
	m, err := pec.ParseBytes(data, nil)
	if err != nil {
		return s
	}
	s.Kind, s.Identifier = m.Kind, m.Identifier()
	return s
}
