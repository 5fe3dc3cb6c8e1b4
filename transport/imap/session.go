package imap

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"

	"github.com/certmail/certmail/transport"
)

// session is a connection that is logged in. One operation has it at a time.
type session struct {
	*imapclient.Client
	wire *wire
	caps imap.CapSet
	used time.Time // since when it is idle
	news chan struct{}

	// The folder that is open, "" for none.
	folder   string
	writable bool
	validity uint32
	next     uint32 // UIDNEXT when it was opened, 0 where the server keeps it to itself

	// committed says that something was asked for that must not be repeated.
	committed bool
	// steps says that several commands make one change, which is brought to
	// its end when the context ends in the middle of them.
	steps atomic.Bool
}

// grace is how long steps may go on after the end of the context.
const grace = 5 * time.Second

// cancel ends what is under way.
func (s *session) cancel(why error) {
	if s.steps.Load() {
		time.AfterFunc(grace, func() { s.abort(why) })
		return
	}
	s.abort(why)
}

// together runs steps, and none of them when the context has ended.
func (s *session) together(ctx context.Context, steps func() error) error {
	s.steps.Store(true)
	defer s.steps.Store(false)
	if err := ctx.Err(); err != nil { // else cancel comes later, and sees the steps
		return err
	}
	return steps()
}

func (s *session) abort(err error) { _ = s.wire.abort(err) }

// wake notes that the open folder has changed.
func (s *session) wake() {
	select {
	case s.news <- struct{}{}:
	default:
	}
}

// dead tells whether the connection is known to have ended.
func (s *session) dead() bool {
	select {
	case <-s.Closed():
		return true
	default:
		return s.wire.cause() != nil || s.State() == imap.ConnStateLogout
	}
}

// properName is the folder's name as the server knows it: INBOX has no case, and
// what no folder can be called is not asked for.
func properName(folder string) (string, error) {
	if folder == "" || len(folder) > 1000 || strings.ContainsAny(folder, "\x00\r\n") || !utf8.ValidString(folder) {
		return "", fmt.Errorf("folder %.100q: %w", folder, transport.ErrNotFound)
	}
	if strings.EqualFold(folder, "INBOX") {
		return "INBOX", nil
	}
	return folder, nil
}

// open opens a folder anew, to read (EXAMINE) or to change it (SELECT).
func (s *session) open(folder string, writable bool) error {
	was := s.folder
	s.folder = ""
	select {
	case <-s.news:
	default:
	}
	data, err := s.Select(folder, &imap.SelectOptions{ReadOnly: !writable}).Wait()
	if err != nil {
		err = s.noFolder(folder, s.verdict(err))
		// An old session may be about a folder that is no more, and was made
		// anew: ask in a new one.
		missing := errors.Is(err, transport.ErrNotFound) && was != folder
		if _, refused := errors.AsType[*Reply](err); refused && !missing && !s.used.IsZero() {
			err = &lost{err, true}
		}
		return err
	}
	if data.UIDValidity == 0 {
		return fmt.Errorf("server gives no UIDVALIDITY, its messages have no lasting names")
	}
	s.folder, s.writable, s.validity, s.next = folder, writable, data.UIDValidity, uint32(data.UIDNext)
	return nil
}

// noFolder finds out whether a folder was not opened because there is none:
// servers, Dovecot among them, need not say so in a way that can be read.
func (s *session) noFolder(folder string, err error) error {
	reply, ok := errors.AsType[*Reply](err)
	if !ok || reply.Code != "" || errors.Is(err, transport.ErrNotFound) || strings.ContainsAny(folder, "*%") {
		return err
	}
	there, lerr := s.List("", folder, nil).Collect()
	if lerr != nil {
		if lerr = s.verdict(lerr); isLost(lerr) {
			return lerr
		}
		return err
	}
	for _, f := range there {
		if f.Mailbox == folder && !slices.Contains(f.Attrs, imap.MailboxAttrNonExistent) && !slices.Contains(f.Attrs, imap.MailboxAttrNoSelect) {
			return err
		}
	}
	return fmt.Errorf("%w: %w", transport.ErrNotFound, reply)
}

// with runs what is to be done with one message, its folder open. Where that
// was open already it may be older than the message, and what fails is tried
// once more.
func (s *session) with(folder string, writable bool, id transport.ID, do func(uid uint32) error) error {
	validity, uid, err := transport.ParseID(id)
	if err != nil {
		return err
	}
	if uid == 0 {
		return fmt.Errorf("message %s: %w", id, transport.ErrNotFound)
	}
	if s.folder == folder && s.writable == writable && s.validity == validity {
		err := do(uid)
		if _, refused := errors.AsType[*Reply](err); !errors.Is(err, errGone) && (!refused || s.committed) {
			return err
		}
	}
	if err := s.open(folder, writable); err != nil {
		return err
	}
	if s.validity != validity {
		return fmt.Errorf("UIDVALIDITY is %d: %w", s.validity, transport.ErrCursor)
	}
	return do(uid)
}

// errGone is a message that the open folder does not have.
var errGone = fmt.Errorf("message %w", transport.ErrNotFound)

// has tells whether there is a message of that UID.
func (s *session) has(uid uint32) (bool, error) {
	got, err := s.Fetch(imap.UIDSetNum(imap.UID(uid)), &imap.FetchOptions{UID: true}).Collect()
	if err != nil {
		return false, s.verdict(err)
	}
	return slices.ContainsFunc(got, func(m *imapclient.FetchMessageBuffer) bool { return uint32(m.UID) == uid }), nil
}
