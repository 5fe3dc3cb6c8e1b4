package imap

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"

	"github.com/certmail/certmail/transport"
)

type fetched = imapclient.FetchMessageBuffer

// drain is how much of a message is read for nothing rather than give up the
// connection.
const drain = 64 << 10

// Fetch streams a message as it lies on the server. The reader holds a
// connection until it is closed; ctx is its context until then. io.EOF comes
// only when the server has confirmed that this was all; when the connection
// ends before, the error is another one.
//
// The error wraps ErrTooLarge for a message above Options.MaxSize,
// transport.ErrNotFound, or transport.ErrCursor for an ID of another
// UIDVALIDITY.
func (m *Mailbox) Fetch(ctx context.Context, folder string, id transport.ID) (io.ReadCloser, error) {
	what := "fetch " + folder + " " + string(id)
	folder, err := properName(folder)
	if err != nil {
		return nil, failure(ctx, "fetch", err)
	}
	var b *body
	err = m.do(ctx, what, folder, func(s *session) (bool, error) {
		err := s.with(folder, false, id, func(uid uint32) (err error) {
			b, err = m.body(s, uid)
			return err
		})
		if err == nil {
			b.mu.Lock() // cut may come at once
			defer b.mu.Unlock()
			b.ctx, b.what = ctx, what
			b.stop = []func() bool{
				context.AfterFunc(ctx, func() { b.cut(ctx.Err()) }),
				context.AfterFunc(m.base, func() { b.cut(ErrClosed) }),
			}
		}
		return err == nil, err
	})
	if err != nil {
		return nil, err
	}
	return b, nil
}

// body is a message as it comes in.
type body struct {
	m    *Mailbox
	s    *session
	ctx  context.Context
	stop []func() bool
	what string

	mu   sync.Mutex
	uid  uint32
	cmd  *imapclient.FetchCommand
	msg  *imapclient.FetchMessageData
	lit  io.Reader
	left int64
	// ended says that lit has given an error, be it io.EOF.
	ended bool
	err   error // what Read returns from now on
	done  bool  // the connection was given back
}

// body asks for a message, and returns it when its first byte is about to come.
func (m *Mailbox) body(s *session, uid uint32) (*body, error) {
	var set imap.NumSet = imap.UIDSetNum(imap.UID(uid))
	for range 3 {
		b, err := m.ask(s, set, uid)
		if err != nil || b != nil {
			return b, err
		}
		// Either a message of another session about its flags came first, and
		// imapclient took it for the answer, or the server tells the UID behind
		// the bytes, and it knew no one who wants them. By its number in the
		// folder it is safe from that.
		got, err := s.Fetch(imap.UIDSetNum(imap.UID(uid)), &imap.FetchOptions{UID: true}).Collect()
		if err != nil {
			return nil, s.verdict(err)
		}
		if len(got) == 0 {
			return nil, errGone
		}
		set = imap.SeqSetNum(got[0].SeqNum)
	}
	return nil, errors.New("server does not give the message's content")
}

// ask sends a FETCH, and returns nil when the answer has no content.
func (m *Mailbox) ask(s *session, set imap.NumSet, uid uint32) (*body, error) {
	s.wire.allow(1 << 20) // up to the literal
	cmd := s.Fetch(set, &imap.FetchOptions{UID: true, BodySection: []*imap.FetchItemBodySection{{Peek: true}}})
	for msg := cmd.Next(); msg != nil; msg = cmd.Next() {
		for item := msg.Next(); item != nil; item = msg.Next() {
			switch item := item.(type) {
			case imapclient.FetchItemDataUID:
				if uint32(item.UID) != uid {
					return nil, m.refuse(s, cmd, fmt.Errorf("server sends message %d for %d", item.UID, uid))
				}
			case imapclient.FetchItemDataBodySection:
				if item.Literal == nil {
					continue // NIL
				}
				size := item.Literal.Size()
				if m.opt.MaxSize >= 0 && size > m.opt.MaxSize {
					return nil, m.refuse(s, cmd, fmt.Errorf("%w: %d bytes, at most %d", ErrTooLarge, size, m.opt.MaxSize))
				}
				s.wire.allow(size + flood)
				return &body{m: m, s: s, cmd: cmd, msg: msg, lit: item.Literal, left: size, uid: uid}, nil
			}
		}
	}
	err := s.verdict(cmd.Close())
	s.wire.allow(flood)
	return nil, err
}

// refuse ends a connection whose rest is not wanted. The error is not a lost
// one: it would be the same again.
func (m *Mailbox) refuse(s *session, cmd *imapclient.FetchCommand, err error) error {
	s.abort(err)
	_ = cmd.Close()
	return err
}

// Read is io.Reader's.
func (b *body) Read(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.err != nil {
		return 0, b.err
	}
	if len(p) == 0 {
		return 0, nil
	}
	n, err := b.lit.Read(p)
	b.left -= int64(n)
	if err == nil {
		return n, nil
	}
	b.ended = true
	if b.left > 0 { // an io.EOF from imapclient means no more than that nothing comes
		if err == io.EOF {
			err = errUnexpectedEOF
		}
		b.end(b.lost(err))
	} else {
		b.end(b.finish())
	}
	return n, b.err
}

// cut ends the reading from another goroutine.
func (b *body) cut(why error) {
	b.s.abort(why) // which lets Read come back
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.done {
		b.end(b.lost(why))
	}
}

// finish waits for the end of the command; io.EOF is success.
func (b *body) finish() error {
	for item := b.msg.Next(); item != nil; item = b.msg.Next() {
		if uid, ok := item.(imapclient.FetchItemDataUID); ok && uint32(uid.UID) != b.uid {
			b.s.abort(errors.New("wrong message"))
			return fmt.Errorf("server sent message %d for %d", uid.UID, b.uid)
		}
	}
	if err := b.cmd.Close(); err != nil {
		return b.s.verdict(err)
	}
	return io.EOF
}

// lost ends the connection, whose command cannot end well. imapclient waits
// until the bytes have been read up to an error; closing the command would
// read them once more, beside imapclient itself.
func (b *body) lost(err error) error {
	err = b.s.verdict(err)
	b.s.abort(err)
	if !b.ended {
		b.ended = true
		_, _ = io.Copy(io.Discard, b.lit)
	}
	return err
}

// end gives the connection back, once.
func (b *body) end(err error) {
	if b.done {
		return
	}
	b.done = true
	alive := err == io.EOF
	for _, stop := range b.stop {
		alive = stop() && alive
	}
	b.m.give(b.s, alive)
	if err != io.EOF {
		err = failure(b.ctx, b.what, err)
	}
	b.err = err
}

// Close ends the reading. What little is left of the message is read; for the
// rest the connection is given up.
func (b *body) Close() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.done && b.left <= drain {
		n, err := io.Copy(io.Discard, b.lit)
		b.left -= n
		b.ended = true
		if err == nil && b.left == 0 {
			b.end(b.finish())
		}
	}
	if !b.done {
		b.end(b.lost(errSpare))
	}
	b.err = errClosedReader
	return nil
}

var errClosedReader = errors.New("imap: fetch: read after Close")
