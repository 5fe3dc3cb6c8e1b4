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

type collector struct{ m *Mailbox }

// open finds a folder, and checks that an id is of its present numbering.
func (c collector) open(ctx context.Context, name string, id transport.ID) (f *folder, at int, err error) {
	if err := ctx.Err(); err != nil {
		return nil, 0, err
	}
	if f = c.m.folder(name, false); f == nil {
		return nil, 0, fmt.Errorf("pectest: %s: folder %q: %w", c.m.Address, name, transport.ErrNotFound)
	}
	if id == "" {
		return f, 0, nil
	}
	validity, uid, err := transport.ParseID(id)
	switch {
	case err != nil:
		return nil, 0, err
	case validity != f.validity:
		return nil, 0, fmt.Errorf("pectest: %s: folder %s: %w", c.m.Address, name, transport.ErrCursor)
	}
	at = slices.IndexFunc(f.messages, func(s *Stored) bool { return s.UID == uid })
	return f, at, nil
}

func (c collector) message(ctx context.Context, name string, id transport.ID) (*folder, int, error) {
	f, at, err := c.open(ctx, name, id)
	if err == nil && (id == "" || at < 0) {
		err = fmt.Errorf("pectest: %s: folder %s: message %s: %w", c.m.Address, name, id, transport.ErrNotFound)
	}
	return f, at, err
}

func (c collector) List(ctx context.Context, name string, since transport.Cursor, limit int) ([]transport.Item, transport.Cursor, error) {
	defer c.m.lock()()
	f, _, err := c.open(ctx, name, transport.ID(since))
	if err != nil {
		return nil, since, err
	}
	var last uint32
	if since != "" {
		_, last, _ = transport.ParseID(transport.ID(since))
	}
	var items []transport.Item
	for _, s := range f.messages {
		if s.UID > last && len(items) < limit {
			items = append(items, transport.Item{ID: transport.FormatID(f.validity, s.UID), Size: int64(len(s.Data)), Time: s.Time, Flags: slices.Clone(s.Flags)})
			since = transport.Cursor(items[len(items)-1].ID)
		}
	}
	return items, since, nil
}

func (c collector) Fetch(ctx context.Context, name string, id transport.ID) (io.ReadCloser, error) {
	defer c.m.lock()()
	f, at, err := c.message(ctx, name, id)
	if err != nil {
		return nil, err
	}
	return io.NopCloser(bytes.NewReader(f.messages[at].Data)), nil
}

func (c collector) Append(ctx context.Context, name string, flags []string, at time.Time, message io.Reader, size int64) (transport.ID, error) {
	data, err := io.ReadAll(io.LimitReader(message, size+1))
	if err != nil {
		return "", err
	}
	if int64(len(data)) != size {
		return "", fmt.Errorf("pectest: append: %w: not %d bytes", io.ErrUnexpectedEOF, size)
	}
	defer c.m.lock()()
	f, _, err := c.open(ctx, name, "")
	if err != nil {
		return "", err
	}
	if at.IsZero() {
		at = c.m.net.now()
	}
	s := describe(data)
	s.Time, s.Flags = at, slices.Clone(flags)
	return transport.FormatID(f.validity, c.m.put(name, s).UID), nil
}

func (c collector) SetFlags(ctx context.Context, name string, id transport.ID, flags []string) error {
	defer c.m.lock()()
	f, at, err := c.message(ctx, name, id)
	if err == nil {
		f.messages[at].Flags = slices.Clone(flags)
		c.m.touch(f)
	}
	return err
}

func (c collector) Move(ctx context.Context, name string, id transport.ID, to string) error {
	defer c.m.lock()()
	f, at, err := c.message(ctx, name, id)
	if err != nil {
		return err
	}
	if _, _, err := c.open(ctx, to, ""); err != nil {
		return err
	}
	s := *f.messages[at]
	f.messages = slices.Delete(f.messages, at, at+1)
	c.m.touch(f)
	c.m.put(to, s)
	return nil
}

func (c collector) Delete(ctx context.Context, name string, id transport.ID) error {
	defer c.m.lock()()
	f, at, err := c.message(ctx, name, id)
	if err == nil {
		f.messages = slices.Delete(f.messages, at, at+1)
		c.m.touch(f)
	}
	return err
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
