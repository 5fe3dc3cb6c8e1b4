package pecserve

import (
	"slices"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapserver"

	"github.com/certmail/certmail/pec/pectest"
)

// selected is the selected folder as the client knows it: what it was told so
// far. It lags behind the folder until sync tells the rest.
type selected struct {
	folder   *pectest.Folder
	readOnly bool // EXAMINE
	known    []known
	changes  uint64 // of the folder when it was told last
}

// known is a message that the client knows, by its sequence number.
type known struct {
	uid   uint32
	flags []string
}

func (s *session) Select(name string, options *imap.SelectOptions) (*imap.SelectData, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.selected = nil
	folder, err := s.account.OpenFolder(name)
	if err != nil {
		return nil, s.no(err)
	}
	st, all, err := folder.List()
	if err != nil {
		return nil, s.again(err)
	}
	v := &selected{folder: folder, readOnly: options.ReadOnly, changes: st.Changes}
	data := &imap.SelectData{
		Flags: allFlags(all), NumMessages: uint32(len(all)), UIDNext: imap.UID(st.UIDNext), UIDValidity: st.UIDValidity,
	}
	if !v.readOnly {
		data.PermanentFlags = append(slices.Clone(data.Flags), imap.FlagWildcard)
	}
	for i := range all {
		v.known = append(v.known, known{all[i].UID, all[i].Flags})
		if data.FirstUnseenSeqNum == 0 && !hasFlag(all[i].Flags, imap.FlagSeen) {
			data.FirstUnseenSeqNum = uint32(i + 1)
		}
	}
	s.selected = v
	return data, nil
}

func (s *session) Unselect() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.selected = nil
	return nil
}

// Poll tells what happened to the selected folder.
func (s *session) Poll(w *imapserver.UpdateWriter, allowExpunge bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.sync(w, allowExpunge)
}

// Idle tells it as it happens.
func (s *session) Idle(w *imapserver.UpdateWriter, stop <-chan struct{}) error {
	changes, end := s.account.Watch()
	defer end()
	for {
		s.mu.Lock()
		err := s.sync(w, true)
		s.mu.Unlock()
		if err != nil {
			return err
		}
		select {
		case <-changes:
		case <-stop:
			return nil
		}
	}
}

// sync tells the client what it does not know. The session's lock is held.
func (s *session) sync(w *imapserver.UpdateWriter, allowExpunge bool) error {
	v := s.selected
	if v == nil || s.closed {
		return nil
	}
	st, err := v.folder.Status()
	if err != nil {
		return s.no(err)
	}
	if st.Changes == v.changes {
		return nil
	}
	st, all, err := v.folder.List()
	if err != nil {
		return s.no(err)
	}
	now := byUID(all)
	complete := true
	for i := len(v.known) - 1; i >= 0; i-- {
		switch {
		case now[v.known[i].uid] != nil:
		case !allowExpunge:
			complete = false
		default:
			if err := w.WriteExpunge(uint32(i + 1)); err != nil {
				return err
			}
			v.known = slices.Delete(v.known, i, i+1)
		}
	}
	for i := range v.known {
		k := &v.known[i]
		if m := now[k.uid]; m != nil && !slices.Equal(m.Flags, k.flags) {
			k.flags = m.Flags
			if err := w.WriteMessageFlags(uint32(i+1), imap.UID(k.uid), imapFlags(k.flags)); err != nil {
				return err
			}
		}
	}
	var last uint32
	if len(v.known) > 0 {
		last = v.known[len(v.known)-1].uid
	}
	before := len(v.known)
	for i := range all {
		if all[i].UID > last {
			v.known = append(v.known, known{all[i].UID, all[i].Flags})
		}
	}
	if len(v.known) > before {
		if err := w.WriteNumMessages(uint32(len(v.known))); err != nil {
			return err
		}
	}
	if complete {
		v.changes = st.Changes
	}
	return nil
}

func byUID(all []pectest.Stored) map[uint32]*pectest.Stored {
	m := make(map[uint32]*pectest.Stored, len(all))
	for i := range all {
		m[all[i].UID] = &all[i]
	}
	return m
}

// chosen returns the indices in known of the messages in a set. A message that
// the client does not know yet is in no set.
func (v *selected) chosen(set imap.NumSet) (indices []int) {
	var lastUID uint32
	if len(v.known) > 0 {
		lastUID = v.known[len(v.known)-1].uid
	}
	for i, k := range v.known {
		if in(set, uint32(i+1), k.uid, uint32(len(v.known)), lastUID) {
			indices = append(indices, i)
		}
	}
	return indices
}

// in tells whether a set holds a message, by its sequence number or UID. "*" is
// the last one, and ranges have no direction (RFC 3501 §9, seq-range).
func in(set imap.NumSet, seq, uid, lastSeq, lastUID uint32) bool {
	within := func(n, last, start, stop uint32) bool {
		if start == 0 {
			start = last
		}
		if stop == 0 {
			stop = last
		}
		return min(start, stop) <= n && n <= max(start, stop)
	}
	switch set := set.(type) {
	case imap.SeqSet:
		return slices.ContainsFunc(set, func(r imap.SeqRange) bool { return within(seq, lastSeq, r.Start, r.Stop) })
	case imap.UIDSet:
		return slices.ContainsFunc(set, func(r imap.UIDRange) bool { return within(uid, lastUID, uint32(r.Start), uint32(r.Stop)) })
	}
	return false
}
