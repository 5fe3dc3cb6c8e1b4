package imap

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/emersion/go-imap/v2"

	"github.com/certmail/certmail/transport"
)

const (
	// window bounds how many messages are asked about at once: a command with
	// their UIDs must not get too long (RFC 7162 §4).
	window = 500
	endUID = 1 << 32
)

// List returns up to limit messages behind a cursor, in the order of their
// UIDs, which is the order in which they came. It asks for ranges of UIDs, and
// never for more than a page of them.
//
// The error wraps transport.ErrCursor when the folder has another UIDVALIDITY
// than the cursor, and transport.ErrNotFound when there is no such folder.
func (m *Mailbox) List(ctx context.Context, folder string, since transport.Cursor, limit int) ([]transport.Item, transport.Cursor, error) {
	what := "list " + folder
	folder, err := properName(folder)
	if err != nil {
		return nil, since, failure(ctx, "list", err)
	}
	var items []transport.Item
	garbled := false
	err = m.do(ctx, what, folder, func(s *session) (keep bool, err error) {
		// A server may describe messages in a way that cannot be understood:
		// then it is asked for no more than their UIDs.
		items, err = s.list(folder, since, limit, !garbled)
		l, ok := errors.AsType[*lost](err)
		garbled = ok && !l.network
		return false, err
	})
	if err != nil {
		return nil, since, err
	}
	if len(items) > 0 {
		since = transport.Cursor(items[len(items)-1].ID)
	}
	return items, since, nil
}

// list opens the folder and lists what is behind the cursor.
func (s *session) list(folder string, since transport.Cursor, limit int, fully bool) ([]transport.Item, error) {
	var validity, last uint32
	if since != "" {
		var err error
		if validity, last, err = transport.ParseID(transport.ID(since)); err != nil {
			return nil, fmt.Errorf("cursor %q: %w", since, transport.ErrCursor)
		}
	}
	if err := s.open(folder, false); err != nil {
		return nil, err
	}
	if since != "" && validity != s.validity {
		return nil, fmt.Errorf("cursor %s: UIDVALIDITY is %d: %w", since, s.validity, transport.ErrCursor)
	}
	end := uint64(s.next)
	if end == 0 {
		end = endUID
	}
	var items []transport.Item
	for from := uint64(last) + 1; from < end && len(items) < limit; {
		need := uint64(min(limit-len(items), window))
		upto := min(from+need, end)
		got, err := s.describe(span(from, upto), fully)
		if err != nil {
			return nil, err
		}
		items, from = append(items, got...), upto
		if uint64(len(got))*4 >= need {
			continue
		}
		// Few UIDs are in use here: ask which are, in ever larger steps.
		for step := 64 * need; from < end && len(items) < limit; step *= 16 {
			need, upto = uint64(min(limit-len(items), window)), min(from+step, end)
			uids, err := s.search(span(from, upto))
			if err != nil {
				return nil, err
			}
			from = upto
			if len(uids) == 0 {
				continue
			}
			if uint64(len(uids)) > need {
				uids = uids[:need]
				from = uint64(uids[need-1]) + 1
			}
			if got, err = s.describe(imap.UIDSetNum(uids...), fully); err != nil {
				return nil, err
			}
			items = append(items, got...)
			break
		}
	}
	return items, nil
}

// span is the set of the UIDs from one to before another.
func span(from, upto uint64) imap.UIDSet {
	return imap.UIDSet{{Start: imap.UID(from), Stop: imap.UID(upto - 1)}}
}

// search returns the UIDs of a set that are in use, in order.
func (s *session) search(set imap.UIDSet) ([]imap.UID, error) {
	data, err := s.UIDSearch(&imap.SearchCriteria{UID: []imap.UIDSet{set}}, nil).Wait()
	if err != nil {
		return nil, s.verdict(err)
	}
	var uids []imap.UID
	all, _ := data.All.(imap.UIDSet)
	for _, r := range all { // in order; a server may add what was not asked for
		for uid := uint64(max(r.Start, set[0].Start)); uid <= uint64(min(r.Stop, set[len(set)-1].Stop)); uid++ {
			uids = append(uids, imap.UID(uid))
		}
	}
	return uids, nil
}

// describe returns what there is in a set, in the order of UIDs.
func (s *session) describe(set imap.UIDSet, fully bool) ([]transport.Item, error) {
	got, err := s.Fetch(set, &imap.FetchOptions{UID: true, Flags: fully, InternalDate: fully, RFC822Size: fully}).Collect()
	if err != nil {
		return nil, s.verdict(err)
	}
	slices.SortFunc(got, func(a, b *fetched) int { return cmp.Compare(a.UID, b.UID) })
	items := make([]transport.Item, 0, len(got))
	for _, g := range got {
		if !set.Contains(g.UID) {
			continue
		}
		items = append(items, transport.Item{
			ID: transport.FormatID(s.validity, uint32(g.UID)), Size: g.RFC822Size, Time: g.InternalDate, Flags: lasting(g.Flags),
		})
	}
	return items, nil
}

// lasting drops \Recent, which is about the session and not about the message.
func lasting(flags []imap.Flag) (names []string) {
	for _, f := range flags {
		if !strings.EqualFold(string(f), `\Recent`) {
			names = append(names, string(f))
		}
	}
	return names
}
