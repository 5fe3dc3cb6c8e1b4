package pectest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/certmail/certmail/transport"
)

// Sender returns the account's way to submit, without a socket: what goes
// wrong by a Fault looks as over SMTP.
func (a *Account) Sender() transport.Sender { return sender{a} }

type sender struct{ a *Account }

func (s sender) Send(ctx context.Context, m *transport.Message) error {
	data, err := io.ReadAll(m.Reader())
	if err != nil {
		return &transport.Error{Outcome: transport.Refused, Err: err}
	}
	if _, err := s.a.net.Login(s.a.Address, s.a.Password()); err != nil {
		return &transport.Error{Outcome: transport.Refused, Code: 535, Status: "5.7.8", Text: "Authentication failed", Err: transport.ErrLogin}
	}
	err = s.a.Submit(ctx, m.From, m.To, data)
	refusal, refused := errors.AsType[*SMTPError](err)
	switch {
	case err == nil:
		return nil
	case refused && refusal.Temporary():
		return &transport.Error{Outcome: transport.Deferred, Code: refusal.Code, Status: refusal.Status, Text: refusal.Text}
	case refused:
		return &transport.Error{Outcome: transport.Refused, Code: refusal.Code, Status: refusal.Status, Text: refusal.Text}
	case errors.Is(err, ErrCut):
		return &transport.Error{Outcome: transport.Uncertain, Err: err}
	}
	return &transport.Error{Outcome: transport.Deferred, Err: err}
}

// Transport returns the mailbox as a transport.Mailbox, without a socket.
func (m *Mailbox) Transport() transport.Mailbox { return collector{m} }

// collector is a mailbox seen as package transport has it, over Folder.
type collector struct{ m *Mailbox }

// open opens a folder, and checks that an id is of its present numbering.
func (c collector) open(ctx context.Context, name string, id transport.ID) (f *Folder, uid uint32, err error) {
	if err := ctx.Err(); err != nil {
		return nil, 0, err
	}
	if f, err = c.m.OpenFolder(name); err != nil || id == "" {
		return f, 0, meaning(err)
	}
	validity, uid, err := transport.ParseID(id)
	if err == nil && validity != f.validity {
		err = fmt.Errorf("pectest: %s: folder %s: %w", c.m.Address, name, transport.ErrCursor)
	}
	return f, uid, err
}

// meaning says in terms of package transport what went wrong in a folder.
func meaning(err error) error {
	switch {
	case errors.Is(err, ErrNoFolder), errors.Is(err, ErrNoMessage):
		return fmt.Errorf("%w: %w", err, transport.ErrNotFound)
	case errors.Is(err, ErrRenumbered):
		return fmt.Errorf("%w: %w", err, transport.ErrCursor)
	}
	return err
}

// one does something with one message.
func (c collector) one(ctx context.Context, name string, id transport.ID, do func(f *Folder, uid uint32) error) error {
	f, uid, err := c.open(ctx, name, id)
	if err != nil {
		return err
	}
	return meaning(do(f, uid)) // no message has the UID 0, which stands for no id
}

func (c collector) List(ctx context.Context, name string, since transport.Cursor, limit int) ([]transport.Item, transport.Cursor, error) {
	f, last, err := c.open(ctx, name, transport.ID(since))
	if err != nil {
		return nil, since, err
	}
	var items []transport.Item
	err = f.with(func(in *folder) error {
		for _, s := range in.messages {
			if s.UID > last && len(items) < limit {
				items = append(items, transport.Item{ID: transport.FormatID(in.validity, s.UID), Size: int64(len(s.Data)), Time: s.Time, Flags: slices.Clone(s.Flags)})
				since = transport.Cursor(items[len(items)-1].ID)
			}
		}
		return nil
	})
	return items, since, meaning(err)
}

func (c collector) Fetch(ctx context.Context, name string, id transport.ID) (r io.ReadCloser, err error) {
	err = c.one(ctx, name, id, func(f *Folder, uid uint32) error {
		return f.message(uid, func(_ *folder, s *Stored) { r = io.NopCloser(bytes.NewReader(s.Data)) })
	})
	return r, err
}

func (c collector) Append(ctx context.Context, name string, flags []string, at time.Time, message io.Reader, size int64) (transport.ID, error) {
	data, err := io.ReadAll(io.LimitReader(message, size+1))
	if err != nil {
		return "", err
	}
	if int64(len(data)) != size {
		return "", fmt.Errorf("pectest: append: %w: not %d bytes", io.ErrUnexpectedEOF, size)
	}
	if err := ctx.Err(); err != nil {
		return "", err
	}
	var id transport.ID
	err = c.m.in(name, func(f *Folder) error {
		uid, err := f.Append(data, flags, at)
		id = transport.FormatID(f.validity, uid)
		return err
	})
	if err != nil {
		return "", meaning(err)
	}
	return id, nil
}

func (c collector) SetFlags(ctx context.Context, name string, id transport.ID, flags []string) error {
	return c.one(ctx, name, id, func(f *Folder, uid uint32) error { return f.setFlags(uid, flags) })
}

func (c collector) Move(ctx context.Context, name string, id transport.ID, to string) error {
	return c.one(ctx, name, id, func(f *Folder, uid uint32) error {
		moved, err := f.CopyTo(to, true, uid)
		if err == nil && len(moved.From) == 0 {
			err = fmt.Errorf("pectest: %s: folder %s: %w %d", c.m.Address, name, ErrNoMessage, uid)
		}
		return err
	})
}

func (c collector) Delete(ctx context.Context, name string, id transport.ID) error {
	return c.one(ctx, name, id, func(f *Folder, uid uint32) error {
		return f.message(uid, func(in *folder, _ *Stored) {
			in.remove([]uint32{uid})
			c.m.touch(in)
		})
	})
}

func (c collector) Wait(ctx context.Context, name string, since transport.Cursor) error {
	changed, stop := c.m.Watch()
	defer stop()
	for {
		items, _, err := c.List(ctx, name, since, 1)
		if err != nil || len(items) > 0 {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-changed:
		}
	}
}
