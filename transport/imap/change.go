package imap

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/emersion/go-imap/v2"

	"github.com/certmail/certmail/transport"
)

// change runs an operation on one message in a folder opened for changes.
func (m *Mailbox) change(ctx context.Context, verb, folder string, id transport.ID, op func(s *session, uid uint32) error) error {
	what := verb + " " + folder + " " + string(id)
	folder, err := properName(folder)
	if err != nil {
		return failure(ctx, verb, err)
	}
	return m.do(ctx, what, folder, func(s *session) (bool, error) {
		return false, s.with(folder, true, id, func(uid uint32) error {
			there, err := s.has(uid)
			if err == nil && !there {
				err = errGone
			}
			if err != nil {
				return err
			}
			return op(s, uid)
		})
	})
}

// SetFlags replaces the flags of a message, and looks whether the server did:
// some ignore what one has no right to, or do not keep a keyword; the error
// then wraps errors.ErrUnsupported.
func (m *Mailbox) SetFlags(ctx context.Context, folder string, id transport.ID, flags []string) error {
	names, err := flagNames(flags)
	if err != nil {
		return failure(ctx, "set flags", err)
	}
	return m.change(ctx, "set flags", folder, id, func(s *session, uid uint32) error {
		if err := s.store(uid, imap.StoreFlagsSet, names); err != nil {
			return err
		}
		now, err := s.flags(uid)
		if err != nil {
			return err
		}
		for _, f := range names {
			if !hasFlag(now, f) {
				return fmt.Errorf("server does not set %s: %w", f, errors.ErrUnsupported)
			}
		}
		for _, f := range now {
			if !hasFlag(names, f) && !strings.EqualFold(string(f), `\Recent`) {
				return fmt.Errorf("server does not remove %s: %w", f, errors.ErrUnsupported)
			}
		}
		return nil
	})
}

func hasFlag(flags []imap.Flag, flag imap.Flag) bool {
	return slices.ContainsFunc(flags, func(f imap.Flag) bool { return strings.EqualFold(string(f), string(flag)) })
}

func (s *session) store(uid uint32, op imap.StoreFlagsOp, flags []imap.Flag) error {
	return s.verdict(s.Store(imap.UIDSetNum(imap.UID(uid)), &imap.StoreFlags{Op: op, Silent: true, Flags: flags}, nil).Close())
}

func (s *session) flags(uid uint32) ([]imap.Flag, error) {
	got, err := s.Fetch(imap.UIDSetNum(imap.UID(uid)), &imap.FetchOptions{UID: true, Flags: true}).Collect()
	if err != nil {
		return nil, s.verdict(err)
	}
	if len(got) == 0 {
		return nil, errGone
	}
	return got[0].Flags, nil
}

// Move moves a message to another folder: with MOVE, or else with COPY and
// what Delete does. The error wraps errors.ErrUnsupported when the server can
// do neither.
func (m *Mailbox) Move(ctx context.Context, folder string, id transport.ID, to string) error {
	to, err := properName(to)
	if err != nil {
		return failure(ctx, "move", err)
	}
	return m.change(ctx, "move", folder, id, func(s *session, uid uint32) error {
		set := imap.UIDSetNum(imap.UID(uid))
		// imapclient looks at its own list of capabilities, and without MOVE
		// does what must not be done: see wire.Write.
		if s.caps.Has(imap.CapMove) && s.Caps().Has(imap.CapMove) {
			s.committed = true
			data, err := s.Client.Move(set, to).Wait()
			if err != nil || data.DestUIDs != nil {
				return s.verdict(err)
			}
			if err := s.gone(uid); !isLost(err) {
				return err
			}
			return nil // the server has said OK
		}
		if !s.caps.Has(imap.CapUIDPlus) {
			return fmt.Errorf("server has neither MOVE nor UIDPLUS: %w", errors.ErrUnsupported)
		}
		return s.together(ctx, func() error {
			s.committed = true
			if _, err := s.Copy(set, to).Wait(); err != nil {
				return s.verdict(err)
			}
			err := s.expunge(uid)
			if err != nil {
				err = fmt.Errorf("copied to %s, but not removed: %w", to, err)
				if !isLost(err) { // else do says so
					err = &transport.Error{Outcome: transport.Uncertain, Err: err}
				}
			}
			return err
		})
	})
}

// Delete removes a message for good, and no other. The error wraps
// errors.ErrUnsupported when the server has no UID EXPUNGE.
func (m *Mailbox) Delete(ctx context.Context, folder string, id transport.ID) error {
	return m.change(ctx, "delete", folder, id, func(s *session, uid uint32) error {
		if !s.caps.Has(imap.CapUIDPlus) {
			return fmt.Errorf("server has no UIDPLUS: %w", errors.ErrUnsupported)
		}
		return s.together(ctx, func() error { return s.expunge(uid) })
	})
}

// expunge removes one message. When the server does not let it, the mark that
// is needed for it is taken off again.
func (s *session) expunge(uid uint32) error {
	before, err := s.flags(uid)
	if err != nil {
		return err
	}
	s.committed = true
	deleted := []imap.Flag{imap.FlagDeleted}
	if err := s.store(uid, imap.StoreFlagsAdd, deleted); err != nil {
		return err
	}
	err = s.verdict(s.UIDExpunge(imap.UIDSetNum(imap.UID(uid))).Close())
	if err == nil {
		err = s.gone(uid)
	}
	if err != nil && !isLost(err) && !hasFlag(before, imap.FlagDeleted) {
		if undo := s.store(uid, imap.StoreFlagsDel, deleted); undo != nil {
			return fmt.Errorf("%w (and it stays marked \\Deleted: %w)", err, undo)
		}
	}
	return err
}

// gone checks that a message is no longer there: servers say OK to what they
// ignore.
func (s *session) gone(uid uint32) error {
	there, err := s.has(uid)
	if err == nil && there {
		err = fmt.Errorf("server says OK and keeps the message: %w", errors.ErrUnsupported)
	}
	return err
}
