// Package memory has a transport.Mailbox and a transport.Sender in memory, for
// unit tests and for programs that carry messages by themselves. Both are
// bounded, live by a clock of yours if they are given one, and fail when you
// say so.
package memory

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"sync"
	"time"

	"github.com/certmail/certmail/transport"
)

// ErrFull says that a Mailbox or Sender holds as much as it may.
var ErrFull = errors.New("full")

// Options describes a Mailbox. The zero value and nil make a sensible one.
type Options struct {
	// Folders are those that it has from the beginning; INBOX and Sent unless
	// set.
	Folders []string
	// MaxBytes and MaxMessages bound what it holds in all; 256 MiB and 100,000
	// unless set.
	MaxBytes    int64
	MaxMessages int
	// Clock gives the time of messages that come without one; time.Now unless
	// set.
	Clock func() time.Time
	// Before is called before each call does anything; its error is returned
	// instead. It may use the Mailbox.
	Before func(ctx context.Context, c Call) error
}

// Call is one call of a Mailbox. Name is that of the method, ID is empty for
// List, Append and Wait.
type Call struct {
	Name, Folder string
	ID           transport.ID
}

// Mailbox is a transport.Mailbox in memory.
type Mailbox struct {
	opt Options

	mu       sync.Mutex
	folders  map[string]*folder
	validity uint32
	messages int
	bytes    int64
}

type folder struct {
	validity, next uint32
	messages       []*message    // by uid
	changed        chan struct{} // closed and replaced when a message comes or all are renumbered
}

type message struct {
	uid   uint32
	time  time.Time
	flags []string
	data  []byte // never modified
}

var _ transport.Mailbox = (*Mailbox)(nil)

// New makes an empty mailbox. opt may be nil.
func New(opt *Options) *Mailbox {
	m := &Mailbox{folders: map[string]*folder{}}
	if opt != nil {
		m.opt = *opt
	}
	if m.opt.Folders == nil {
		m.opt.Folders = []string{"INBOX", "Sent"}
	}
	m.opt.MaxBytes = cmp.Or(m.opt.MaxBytes, 256<<20)
	m.opt.MaxMessages = cmp.Or(m.opt.MaxMessages, 100_000)
	if m.opt.Clock == nil {
		m.opt.Clock = time.Now
	}
	for _, name := range m.opt.Folders {
		m.Create(name)
	}
	return m
}

// Create makes a folder; one that is there already stays.
func (m *Mailbox) Create(name string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if name != "" && m.folders[name] == nil {
		m.validity++
		m.folders[name] = &folder{validity: m.validity, next: 1, changed: make(chan struct{})}
	}
}

// Deliver puts a message into a folder, as a provider does.
func (m *Mailbox) Deliver(name string, data []byte) (transport.ID, error) {
	return m.put(name, &message{data: bytes.Clone(data), time: m.opt.Clock()})
}

// Renumber voids the IDs and cursors of a folder.
func (m *Mailbox) Renumber(name string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	f, err := m.folder(name)
	if err != nil {
		return err
	}
	m.validity++
	f.validity, f.next = m.validity, 1
	for i, s := range f.messages {
		c := *s
		c.uid = f.next
		f.messages[i] = &c
		f.next++
	}
	f.wake()
	return nil
}

// ReadOnly returns a view of the mailbox that changes nothing: what would is
// refused with fs.ErrPermission.
func (m *Mailbox) ReadOnly() transport.Mailbox { return readOnly{m} }

type readOnly struct{ *Mailbox }

func refuse(what string) error { return fmt.Errorf("memory: %s: %w", what, fs.ErrPermission) }

func (readOnly) Append(context.Context, string, []string, time.Time, io.Reader, int64) (transport.ID, error) {
	return "", refuse("append")
}
func (readOnly) SetFlags(context.Context, string, transport.ID, []string) error {
	return refuse("set flags")
}
func (readOnly) Move(context.Context, string, transport.ID, string) error { return refuse("move") }
func (readOnly) Delete(context.Context, string, transport.ID) error       { return refuse("delete") }

// folder finds a folder. The lock is held, as in all that follows.
func (m *Mailbox) folder(name string) (*folder, error) {
	if f := m.folders[name]; f != nil {
		return f, nil
	}
	return nil, fmt.Errorf("memory: folder %.100q: %w", name, transport.ErrNotFound)
}

// find finds a message of the present numbering.
func (m *Mailbox) find(name string, id transport.ID) (*folder, int, error) {
	f, err := m.folder(name)
	if err != nil {
		return nil, 0, err
	}
	validity, uid, err := transport.ParseID(id)
	if err != nil {
		return nil, 0, err
	}
	if validity != f.validity {
		return nil, 0, fmt.Errorf("memory: folder %s: %w", name, transport.ErrCursor)
	}
	at, ok := f.search(uid)
	if !ok {
		return nil, 0, fmt.Errorf("memory: folder %s: message %s: %w", name, id, transport.ErrNotFound)
	}
	return f, at, nil
}

func (f *folder) search(uid uint32) (int, bool) {
	return slices.BinarySearchFunc(f.messages, uid, func(s *message, uid uint32) int { return cmp.Compare(s.uid, uid) })
}

func (f *folder) wake() {
	close(f.changed)
	f.changed = make(chan struct{})
}

func (f *folder) add(s *message) transport.ID {
	s.uid = f.next
	f.next++
	f.messages = append(f.messages, s)
	f.wake()
	return transport.FormatID(f.validity, s.uid)
}

func (m *Mailbox) put(name string, s *message) (transport.ID, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	f, err := m.folder(name)
	if err != nil {
		return "", err
	}
	if size := int64(len(s.data)); m.messages >= m.opt.MaxMessages || m.bytes+size > m.opt.MaxBytes {
		return "", fmt.Errorf("memory: %d messages, %d bytes: %w", m.messages, m.bytes, ErrFull)
	}
	m.messages++
	m.bytes += int64(len(s.data))
	return f.add(s), nil
}
