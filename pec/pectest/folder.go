package pectest

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"time"
)

// ErrRenumbered says that the UIDVALIDITY of a folder changed since it was
// opened: UIDs known before mean nothing any more.
var ErrRenumbered = errors.New("folder renumbered, UIDVALIDITY changed")

// ErrNoMessage says that a folder has no message of that UID.
var ErrNoMessage = errors.New("no message")

// Folder is a folder as an IMAP client has it selected: UIDs are those of one
// UIDVALIDITY, and all its methods return ErrRenumbered after a reset. It is
// safe for concurrent use.
type Folder struct {
	m        *Mailbox
	name     string
	validity uint32
}

// OpenFolder opens a folder under its present UIDVALIDITY.
func (m *Mailbox) OpenFolder(name string) (*Folder, error) {
	st, err := m.Status(name)
	if err != nil {
		return nil, err
	}
	return &Folder{m, st.Name, st.UIDValidity}, nil
}

// with does something in the folder under the network's lock.
func (f *Folder) with(do func(in *folder) error) error {
	defer f.m.lock()()
	in := f.m.folder(f.name, false)
	switch {
	case in == nil:
		return fmt.Errorf("pectest: %s: folder %q: %w", f.m.Address, f.name, ErrNoFolder)
	case in.validity != f.validity:
		return fmt.Errorf("pectest: %s: folder %q: %w", f.m.Address, f.name, ErrRenumbered)
	}
	return do(in)
}

// Status describes the folder.
func (f *Folder) Status() (st FolderStatus, err error) {
	err = f.with(func(in *folder) error { st = in.status(); return nil })
	return st, err
}

// List returns the messages in the order of their UIDs, and the status of the
// same moment.
func (f *Folder) List() (st FolderStatus, all []Stored, err error) {
	err = f.with(func(in *folder) error { st, all = in.status(), in.list(); return nil })
	return st, all, err
}

// ChangeFlags lets change make new flags from the old ones of some messages,
// all at once. UIDs that are not there are passed over.
func (f *Folder) ChangeFlags(uids []uint32, change func(old []string) []string) error {
	return f.with(func(in *folder) error {
		for _, s := range in.chosen(uids) {
			s.Flags = slices.Clone(change(slices.Clone(s.Flags)))
		}
		f.m.touch(in)
		return nil
	})
}

// message does something with one message under the network's lock; the error
// wraps ErrNoMessage when there is none of that UID.
func (f *Folder) message(uid uint32, do func(in *folder, s *Stored)) error {
	return f.with(func(in *folder) error {
		all := in.chosen([]uint32{uid})
		if len(all) == 0 {
			return fmt.Errorf("pectest: %s: folder %s: %w %d", f.m.Address, f.name, ErrNoMessage, uid)
		}
		do(in, all[0])
		return nil
	})
}

// setFlags replaces the flags of a message.
func (f *Folder) setFlags(uid uint32, flags []string) error {
	return f.message(uid, func(in *folder, s *Stored) {
		s.Flags = slices.Clone(flags)
		f.m.touch(in)
	})
}

// Append files a message and returns its UID; see Mailbox.Append.
func (f *Folder) Append(data []byte, flags []string, at time.Time) (uid uint32, err error) {
	s := describe(bytes.Clone(data))
	s.Time, s.Flags = at, slices.Clone(flags)
	err = f.with(func(*folder) error {
		if s.Time.IsZero() {
			s.Time = f.m.net.now()
		}
		uid = f.m.put(f.name, s).UID
		return nil
	})
	return uid, err
}

// Remove deletes messages for good.
func (f *Folder) Remove(uids ...uint32) error {
	return f.with(func(in *folder) error {
		in.remove(uids)
		f.m.touch(in)
		return nil
	})
}

// Copied tells what copies in another folder are called.
type Copied struct {
	UIDValidity uint32 // of the other folder
	From, To    []uint32
}

// CopyTo puts copies of messages into another folder of the mailbox, with
// their flags and times, and removes them here when they move. UIDs that are
// not there are passed over. The error is ErrNoFolder without that folder.
func (f *Folder) CopyTo(name string, move bool, uids ...uint32) (c Copied, err error) {
	err = f.with(func(in *folder) error {
		to := f.m.folder(name, false)
		if to == nil {
			return fmt.Errorf("pectest: %s: folder %q: %w", f.m.Address, name, ErrNoFolder)
		}
		c.UIDValidity = to.validity
		for _, s := range in.chosen(uids) {
			again := *s
			again.Flags = slices.Clone(s.Flags)
			c.From, c.To = append(c.From, s.UID), append(c.To, f.m.put(to.name, again).UID)
		}
		if move {
			in.remove(c.From)
			f.m.touch(in)
		}
		return nil
	})
	return c, err
}

// chosen returns the messages with some UIDs, in the order of the folder.
func (f *folder) chosen(uids []uint32) []*Stored {
	wanted := make(map[uint32]bool, len(uids))
	for _, uid := range uids {
		wanted[uid] = true
	}
	var all []*Stored
	for _, s := range f.messages {
		if wanted[s.UID] {
			all = append(all, s)
		}
	}
	return all
}

func (f *folder) remove(uids []uint32) {
	f.messages = slices.DeleteFunc(f.messages, func(s *Stored) bool { return slices.Contains(uids, s.UID) })
}
