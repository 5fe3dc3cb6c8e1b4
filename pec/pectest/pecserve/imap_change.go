package pecserve

import (
	"errors"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapserver"

	"github.com/certmail/certmail/pec/pectest"
)

// errReadOnly answers what would change a folder that is only looked at; the
// library leaves that to us.
func errReadOnly() error { return answer("", "The folder is selected read-only") }

func (s *session) Store(w *imapserver.FetchWriter, set imap.NumSet, flags *imap.StoreFlags, _ *imap.StoreOptions) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	v := s.selected
	if v.readOnly {
		return errReadOnly()
	}
	indices := v.chosen(set)
	if err := v.folder.ChangeFlags(v.uids(indices), func(old []string) []string { return changed(old, flags) }); err != nil {
		return s.no(err)
	}
	_, all, err := v.folder.List()
	if err != nil {
		return s.no(err)
	}
	now := byUID(all)
	for _, i := range indices {
		k := &v.known[i]
		m := now[k.uid]
		if m == nil {
			continue
		}
		k.flags = m.Flags
		if flags.Silent {
			continue
		}
		out := w.CreateMessage(uint32(i + 1))
		if _, ok := set.(imap.UIDSet); ok {
			out.WriteUID(imap.UID(k.uid))
		}
		out.WriteFlags(imapFlags(k.flags))
		if err := out.Close(); err != nil {
			return err
		}
	}
	return nil
}

// Expunge removes what is marked \Deleted. The responses follow with the next
// Poll. CLOSE, which has no writer, leaves a read-only folder alone and does
// not fail (RFC 3501 §6.4.2).
func (s *session) Expunge(w *imapserver.ExpungeWriter, uids *imap.UIDSet) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	v := s.selected
	if v.readOnly {
		if *w == (imapserver.ExpungeWriter{}) {
			return nil
		}
		return errReadOnly()
	}
	_, all, err := v.folder.List()
	if err != nil {
		return s.no(err)
	}
	chosen := make([]int, len(v.known))
	for i := range chosen {
		chosen[i] = i
	}
	if uids != nil {
		chosen = v.chosen(*uids)
	}
	now := byUID(all)
	var gone []uint32
	for _, uid := range v.uids(chosen) {
		if m := now[uid]; m != nil && hasFlag(m.Flags, imap.FlagDeleted) {
			gone = append(gone, uid)
		}
	}
	if len(gone) == 0 {
		return nil
	}
	return s.no(v.folder.Remove(gone...))
}

func (s *session) Copy(set imap.NumSet, name string) (*imap.CopyData, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.copy(set, name, false)
}

// Move moves; the EXPUNGE responses follow with the next Poll, after COPYUID
// as RFC 6851 §4.3 asks for.
func (s *session) Move(w *imapserver.MoveWriter, set imap.NumSet, name string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.selected.readOnly {
		return errReadOnly()
	}
	data, err := s.copy(set, name, true)
	if err != nil || data == nil {
		return err
	}
	return w.WriteCopyData(data)
}

// copy returns nil data when there was nothing to copy.
func (s *session) copy(set imap.NumSet, name string, move bool) (*imap.CopyData, error) {
	v := s.selected
	c, err := v.folder.CopyTo(name, move, v.uids(v.chosen(set))...)
	switch {
	case errors.Is(err, pectest.ErrNoFolder):
		return nil, answer(imap.ResponseCodeTryCreate, "No such folder")
	case err != nil:
		return nil, s.no(err)
	case len(c.From) == 0:
		return nil, nil
	}
	data := &imap.CopyData{UIDValidity: c.UIDValidity}
	for i := range c.From {
		data.SourceUIDs.AddNum(imap.UID(c.From[i]))
		data.DestUIDs.AddNum(imap.UID(c.To[i]))
	}
	return data, nil
}

// uids returns the UIDs of messages by their indices in known.
func (v *selected) uids(indices []int) []uint32 {
	uids := make([]uint32, len(indices))
	for n, i := range indices {
		uids[n] = v.known[i].uid
	}
	return uids
}
