package pec

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"time"

	"github.com/certmail/certmail/envelope"
	"github.com/certmail/certmail/store"
	"github.com/certmail/certmail/transport"
)

// Collection is what one Collect brought.
type Collection struct {
	// Messages were taken in, Unreadable of them could not be read, Gone had
	// disappeared from the mailbox before they could be fetched.
	Messages, Unreadable, Gone int
	// Events are the new ones.
	Events []store.Recorded
	// Resolved is how many uncertain submissions the receipts resolved.
	Resolved int
}

// Collect takes in all that is new in the folders. Each message is durable
// before the cursor moves behind it, one that cannot be read is kept as it is
// and stops nothing, and a crash at any moment loses nothing and takes nothing
// in twice. What came before an error is in the store.
func (c *Client) Collect(ctx context.Context) (Collection, error) {
	var all Collection
	if c.opt.Mailbox == nil {
		return all, fmt.Errorf("pec: collect: %w: no Mailbox", ErrClient)
	}
	for _, folder := range c.opt.Folders {
		if err := c.collect(ctx, folder, &all); err != nil {
			return all, fmt.Errorf("pec: collect %s: %w", folder, err)
		}
	}
	if c.opt.Outbox != nil {
		n, err := c.opt.Outbox.Reconcile(ctx)
		all.Resolved += n
		if err != nil {
			return all, err
		}
	}
	return all, nil
}

// Run collects and sends until the context ends: whenever the mailbox has
// news, and at least at every interval. Errors of the mailbox are told to
// report, which may be nil, and tried again; its return ends Run when false.
func (c *Client) Run(ctx context.Context, interval time.Duration, report func(error) bool) error {
	for {
		_, err := c.Collect(ctx)
		if err == nil && c.opt.Outbox != nil {
			_, err = c.opt.Outbox.Drain(ctx)
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if errors.Is(err, ErrClient) {
			return err // and will be, however often it is tried
		}
		if err != nil && report != nil && !report(err) {
			return err
		}
		pause, cancel := context.WithTimeout(ctx, interval)
		if err == nil {
			cursor, err := c.opt.Store.Cursor(ctx, c.opt.Account.Address, c.opt.Folders[0])
			if err == nil {
				err = c.opt.Mailbox.Wait(pause, c.opt.Folders[0], cursor)
			}
			if err == nil {
				cancel()
				continue
			}
		}
		<-pause.Done()
		cancel()
	}
}

func (c *Client) collect(ctx context.Context, folder string, all *Collection) error {
	address := c.opt.Account.Address
	was, err := c.opt.Store.Cursor(ctx, address, folder)
	if err != nil {
		return err
	}
	from := was
	for {
		items, next, err := c.opt.Mailbox.List(ctx, folder, from, c.opt.PageSize)
		if errors.Is(err, transport.ErrCursor) && from != "" {
			// Renumbered: from the beginning. Known events are not new again.
			from = ""
			continue
		}
		if err != nil {
			return err
		}
		if len(items) == 0 {
			return nil
		}
		batch := store.Batch{Account: address, Folder: folder, Was: was, Cursor: next, At: c.opt.Now()}
		for _, item := range items {
			m, err := c.take(ctx, folder, item)
			if errors.Is(err, transport.ErrNotFound) {
				all.Gone++
				continue
			}
			if err != nil {
				return err
			}
			if m.Finding != "" {
				all.Unreadable++
			}
			batch.Messages = append(batch.Messages, m)
		}
		events, err := c.opt.Store.Collect(ctx, batch)
		if errors.Is(err, store.ErrMoved) {
			return nil // another collector was faster, and goes on
		}
		if err != nil {
			return err
		}
		all.Messages += len(batch.Messages)
		all.Events = append(all.Events, events...)
		was, from = next, next
		if c.opt.Outbox != nil {
			n, err := c.opt.Outbox.Learn(ctx, events...)
			all.Resolved += n
			if err != nil {
				return err
			}
		}
	}
}

// take fetches one message into the Blobs and reads it there.
func (c *Client) take(ctx context.Context, folder string, item transport.Item) (store.Collected, error) {
	got := store.Collected{ID: item.ID}
	r, err := c.opt.Mailbox.Fetch(ctx, folder, item.ID)
	if err != nil {
		return got, err
	}
	got.SHA256, got.Size, err = c.opt.Blobs.Put(ctx, r)
	if closing := r.Close(); err == nil {
		err = closing
	}
	if err != nil {
		return got, err
	}
	in := &Incoming{Folder: folder, ID: item.ID, SHA256: got.SHA256}
	if err := c.read(ctx, in, &got); err != nil {
		return got, err
	}
	if in.Message != nil {
		defer in.Message.Close()
	}
	if c.opt.Received != nil {
		if err := c.opt.Received(ctx, in); err != nil {
			return got, err
		}
	}
	return got, nil
}

// read parses and verifies what was stored. The error is that of the store or
// the context; what is wrong with the message is in its finding.
func (c *Client) read(ctx context.Context, in *Incoming, got *store.Collected) error {
	stored, err := c.opt.Blobs.Open(ctx, got.SHA256)
	if err != nil {
		return err
	}
	defer stored.Close()
	unreadable := func(err error) error {
		in.Err, got.Finding, got.Kind = err, err.Error(), string(KindUnknown)
		return nil
	}
	in.Message, err = Read(stored, c.opt.Options)
	switch {
	case errors.Is(err, envelope.ErrSource) || errors.Is(err, store.ErrCorrupt) || ctx.Err() != nil:
		return err
	case err != nil:
		return unreadable(err)
	}
	got.Kind = string(in.Message.Kind)
	if in.Report, err = c.opt.Verifier.Verify(ctx, in.Message); err != nil {
		return err
	}
	proof, err := in.Report.Proof(got.SHA256.String())
	if err != nil {
		return err
	}
	got.Verdict = proof.Verdict
	got.Events, err = in.Report.EventsFor(got.SHA256.String(), c.copies(ctx, in.Message))
	return err
}

// copies goes through the sent copies that a brief receipt is compared with:
// the account's own, when the receipt names it.
func (c *Client) copies(ctx context.Context, m *Message) iter.Seq2[*io.SectionReader, error] {
	return func(yield func(*io.SectionReader, error) bool) {
		s, err := c.opt.Store.ByMessageID(ctx, c.opt.Account.Address, m.RefMessageID())
		if errors.Is(err, store.ErrNotFound) {
			return
		}
		if err != nil {
			yield(nil, err)
			return
		}
		stored, err := c.opt.Blobs.Open(ctx, s.Sent.SHA256)
		if err != nil {
			yield(nil, err)
			return
		}
		defer stored.Close()
		sent, err := envelope.Read(stored, nil)
		if err != nil {
			yield(nil, err)
			return
		}
		defer sent.Close()
		yield(sent.Source(), nil)
	}
}
