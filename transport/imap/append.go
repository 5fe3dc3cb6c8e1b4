package imap

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"

	"github.com/certmail/certmail/transport"
)

// lookalikes bounds how many messages are compared to find the one that was
// appended.
const lookalikes = 16

// Append files a message of size bytes, with flags and the time at which it is
// said to have come (INTERNALDATE, RFC 3501 §2.3.3), none for now.
//
// Where the server does not tell the message's UID (UIDPLUS, RFC 4315), it is
// the one that is new in the folder; among several that are new, the one of
// the same bytes. When that leaves a doubt the ID is empty, without an error.
//
// With an error that is not transport.Uncertain nothing was filed.
func (m *Mailbox) Append(ctx context.Context, folder string, flags []string, at time.Time, message io.Reader, size int64) (transport.ID, error) {
	what := "append to " + folder
	folder, err := properName(folder)
	if err != nil {
		return "", failure(ctx, "append", err)
	}
	names, err := flagNames(flags)
	if err != nil {
		return "", failure(ctx, what, err)
	}
	if size < 0 {
		return "", failure(ctx, what, fmt.Errorf("size %d", size))
	}
	var id transport.ID
	err = m.do(ctx, what, folder, func(s *session) (keep bool, err error) {
		id, err = m.append(ctx, s, folder, &imap.AppendOptions{Flags: names, Time: at}, message, size)
		return false, err
	})
	return id, err
}

func (m *Mailbox) append(ctx context.Context, s *session, folder string, opt *imap.AppendOptions, message io.Reader, size int64) (transport.ID, error) {
	// Is the connection alive, and what UID comes next? Behind this nothing can
	// be repeated: the message can be read once.
	before := &imap.StatusData{}
	var err error
	if s.caps.Has(imap.CapUIDPlus) {
		err = s.Noop().Wait()
	} else {
		before, err = s.Status(folder, &imap.StatusOptions{UIDNext: true, UIDValidity: true}).Wait()
	}
	if err = s.verdict(err); isLost(err) || errors.Is(err, transport.ErrNotFound) {
		return "", err
	}
	digest := sha256.New()
	data, err := s.file(ctx, folder, opt, io.TeeReader(message, digest), size)
	if err != nil {
		return "", err
	}
	if data.UID != 0 && data.UIDValidity != 0 {
		return transport.FormatID(data.UIDValidity, uint32(data.UID)), nil
	}
	// It is filed, whatever happens now: no error says otherwise.
	s.committed = false
	id, err := m.find(s, folder, before, digest.Sum(nil))
	if err != nil && isLost(err) {
		s.abort(err)
	}
	return id, nil
}

// errContent is trouble with what is to be appended.
type errContent struct{ error }

func (e errContent) Unwrap() error { return e.error }

// file sends APPEND. All but the last byte are sent before it is sure that
// there are as many as announced; without that byte nothing is filed.
func (s *session) file(ctx context.Context, folder string, opt *imap.AppendOptions, message io.Reader, size int64) (*imap.AppendData, error) {
	s.committed = true // the message is read
	cmd := s.Append(folder, size, opt)
	s.wire.turn(false) // the message may be slow to read
	in := bufio.NewReaderSize(message, 32<<10)
	last, err := send(cmd, in, size)
	s.wire.turn(true)
	if err == nil {
		err = ctx.Err()
	}
	if err != nil {
		s.committed = false
		_, refused := errors.AsType[*imap.Error](err)
		if !refused { // the server waits for the rest
			s.abort(err)
		}
		_ = cmd.Close()
		if _, werr := cmd.Wait(); refused && werr != nil {
			err = werr
		}
		return nil, s.nothingFiled(ctx, err)
	}
	if len(last) > 0 {
		_, err = cmd.Write(last)
	}
	if closed := cmd.Close(); err == nil {
		err = closed
	}
	data, answer := cmd.Wait()
	if answer != nil {
		err = answer
	}
	if err = s.verdict(err); err != nil {
		s.committed = isLost(err)
		return nil, err
	}
	return data, nil
}

// nothingFiled is what an APPEND that was not sent to its end failed of.
func (s *session) nothingFiled(ctx context.Context, err error) error {
	if content, ok := errors.AsType[errContent](err); ok {
		return content.error
	}
	if ended := ctx.Err(); ended != nil {
		return ended
	}
	err = s.verdict(err)
	if l, ok := errors.AsType[*lost](err); ok {
		err = fmt.Errorf("not filed: %w", l.error) // and not lost: it cannot be repeated
	}
	return err
}

// send writes all of a message but the last byte, which it returns.
func send(w io.Writer, in *bufio.Reader, size int64) ([]byte, error) {
	if size > 0 {
		if _, err := io.Copy(w, content{io.LimitReader(in, size-1)}); err != nil {
			return nil, err
		}
	}
	last := make([]byte, min(size, 1))
	if _, err := io.ReadFull(in, last); err != nil {
		if err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		return nil, errContent{fmt.Errorf("message has not %d bytes: %w", size, err)}
	}
	switch _, err := in.ReadByte(); err {
	case io.EOF:
		return last, nil
	case nil:
		return nil, errContent{fmt.Errorf("message has more than %d bytes", size)}
	default:
		return nil, errContent{err}
	}
}

// content tells errors of the message from those of the connection.
type content struct{ io.Reader }

func (c content) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	if err != nil && err != io.EOF {
		err = errContent{err}
	}
	return n, err
}

// find looks for a message that was just filed.
func (m *Mailbox) find(s *session, folder string, before *imap.StatusData, digest []byte) (transport.ID, error) {
	if before.UIDNext == 0 || before.UIDValidity == 0 {
		return "", nil
	}
	if err := s.open(folder, false); err != nil || s.validity != before.UIDValidity {
		return "", err
	}
	end := uint64(s.next)
	if end == 0 {
		end = endUID
	}
	if uint64(before.UIDNext) >= end {
		return "", nil
	}
	uids, err := s.search(span(uint64(before.UIDNext), end))
	switch {
	case err != nil || len(uids) == 0 || len(uids) > lookalikes:
		return "", err
	case len(uids) == 1:
		return transport.FormatID(s.validity, uint32(uids[0])), nil
	}
	var id transport.ID
	for _, uid := range uids {
		same, err := s.isOf(uid, digest)
		switch {
		case err != nil:
			return "", err
		case same && id != "":
			return "", nil // two of the same bytes
		case same:
			id = transport.FormatID(s.validity, uint32(uid))
		}
	}
	return id, nil
}

// isOf tells whether a message has these bytes.
func (s *session) isOf(uid imap.UID, digest []byte) (bool, error) {
	s.wire.allow(1 << 40)
	defer s.wire.allow(flood)
	cmd := s.Fetch(imap.UIDSetNum(uid), &imap.FetchOptions{UID: true, BodySection: []*imap.FetchItemBodySection{{Peek: true}}})
	same := false
	for msg := cmd.Next(); msg != nil; msg = cmd.Next() {
		for item := msg.Next(); item != nil; item = msg.Next() {
			if section, ok := item.(imapclient.FetchItemDataBodySection); ok && section.Literal != nil {
				h := sha256.New()
				n, err := io.Copy(h, section.Literal)
				if n != section.Literal.Size() || err != nil { // imapclient must not read on: see body.lost
					return false, s.verdict(errUnexpectedEOF)
				}
				same = bytes.Equal(h.Sum(nil), digest)
			}
		}
	}
	return same, s.verdict(cmd.Close())
}

// flagNames checks flags: a bad one would end the connection.
func flagNames(flags []string) ([]imap.Flag, error) {
	var names []imap.Flag
	for _, f := range flags {
		name := strings.TrimPrefix(f, `\`)
		bad := name == "" || strings.ContainsFunc(name, func(r rune) bool { return r <= ' ' || r >= 0x7f || strings.ContainsRune(`(){%*"\]`, r) })
		if bad {
			return nil, fmt.Errorf("flag %q: not one of IMAP", f)
		}
		if !strings.EqualFold(f, `\Recent`) { // the server's own
			names = append(names, imap.Flag(f))
		}
	}
	return names, nil
}
