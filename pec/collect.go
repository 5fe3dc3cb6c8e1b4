package pec

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"time"

	"github.com/certmail/certmail/envelope"
	"github.com/certmail/certmail/receipt"
	"github.com/certmail/certmail/store"
	"github.com/certmail/certmail/transport"
)

// Collection is what one Collect brought.
type Collection struct {
	// Messages were taken in, Unreadable of them could not be read, Gone had
	// disappeared from the mailbox before they could be fetched.
	Messages, Unreadable, Gone int
	// New is how many events are new. Events are those, the first thousand of
	// them at most: all are in the store, and Watch goes through them.
	New    int
	Events []store.Recorded
	// Resolved is how many uncertain submissions the receipts resolved.
	Resolved int
}

const maxEvents = 1000

// Collect takes in all that is new in the folders, in memory that does not grow
// with what is there. Each message is durable
// before the cursor moves behind it, one that cannot be read is kept as it is
// and stops nothing, and a crash at any moment loses nothing and takes nothing
// in twice. What came before an error is in the store. A message is judged when
// it is taken in, and not again: see ClientOptions.Verifier.
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
		page, gone, err := c.fetch(ctx, folder, items)
		if err != nil {
			return err
		}
		all.Gone += gone
		for i := range page {
			m, err := c.take(ctx, folder, &page[i])
			if err != nil {
				return err
			}
			if m.Finding != "" {
				all.Unreadable++
			}
			batch.Messages = append(batch.Messages, m)
			page[i].data = nil
		}
		events, err := c.opt.Store.Collect(ctx, batch)
		if errors.Is(err, store.ErrMoved) {
			return nil // another collector was faster, and goes on
		}
		if err != nil {
			return err
		}
		all.Messages += len(batch.Messages)
		all.New += len(events)
		all.Events = append(all.Events, events[:min(len(events), maxEvents-len(all.Events))]...)
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

// fetched is a message whose bytes are durable. Those of small ones are still in
// memory.
type fetched struct {
	id     transport.ID
	sha256 receipt.Digest
	size   int64
	data   []byte
}

// fetch fetches messages into the Blobs: small ones together, where that is
// cheaper, large ones as streams. It counts those that are gone from the mailbox.
func (c *Client) fetch(ctx context.Context, folder string, items []transport.Item) (page []fetched, gone int, err error) {
	limit := store.PackSize(c.opt.Blobs)
	var small [][]byte
	var places []int
	for _, item := range items {
		one := fetched{id: item.ID}
		err := c.fetchOne(ctx, folder, limit, &one)
		if errors.Is(err, transport.ErrNotFound) {
			gone++
			continue
		}
		if err != nil {
			return nil, 0, err
		}
		if one.data != nil {
			small, places = append(small, one.data), append(places, len(page))
		}
		page = append(page, one)
	}
	if len(small) == 0 {
		return page, gone, nil
	}
	sums, err := store.PutAll(ctx, c.opt.Blobs, small)
	for i := range sums {
		page[places[i]].sha256 = sums[i]
	}
	return page, gone, err
}

// fetchOne keeps up to limit bytes in memory and gives more to the Blobs.
func (c *Client) fetchOne(ctx context.Context, folder string, limit int64, one *fetched) error {
	r, err := c.opt.Mailbox.Fetch(ctx, folder, one.id)
	if err != nil {
		return err
	}
	var whole io.Reader = r
	if limit > 0 {
		head, err := io.ReadAll(io.LimitReader(r, limit+1))
		if err == nil && int64(len(head)) <= limit {
			one.data, one.size = head, int64(len(head))
			return r.Close()
		}
		if err != nil {
			return errors.Join(err, r.Close())
		}
		whole = io.MultiReader(bytes.NewReader(head), r)
	}
	one.sha256, one.size, err = c.opt.Blobs.Put(ctx, whole)
	if closing := r.Close(); err == nil {
		err = closing
	}
	return err
}

// take reads and judges one message that is durable.
func (c *Client) take(ctx context.Context, folder string, one *fetched) (store.Collected, error) {
	got := store.Collected{ID: one.id, SHA256: one.sha256, Size: one.size}
	in := &Incoming{Folder: folder, ID: one.id, SHA256: got.SHA256}
	if err := c.read(ctx, in, &got, one.data); err != nil {
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

// read parses and verifies what was stored, data where it is still in memory. The error is that of the store or
// the context; what is wrong with the message is in its finding.
func (c *Client) read(ctx context.Context, in *Incoming, got *store.Collected, data []byte) error {
	var stored io.Reader = bytes.NewReader(data)
	if data == nil {
		r, err := c.opt.Blobs.Open(ctx, got.SHA256)
		if err != nil {
			return err
		}
		defer r.Close()
		stored = r
	}
	var err error
	unreadable := func(err error) error {
		in.Err, got.Finding, got.Kind = err, err.Error(), string(KindUnknown)
		return nil
	}
	in.Message, err = Read(stored, c.opt.Options)
	switch {
	case errors.Is(err, envelope.ErrSource) || errors.Is(err, store.ErrCorrupt) || err != nil && ctx.Err() != nil:
		return err
	case err != nil:
		return unreadable(err)
	}
	if in.Message.Kind == KindOrdinary {
		if known, err := c.readOther(ctx, in, got); known || err != nil {
			return err
		}
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
	got.Events, err = in.Report.EventsFor(got.SHA256.String(), c.copies(ctx, in.Message.RefMessageID()))
	return err
}

// readOther lets the readers of other systems judge a message.
func (c *Client) readOther(ctx context.Context, in *Incoming, got *store.Collected) (known bool, err error) {
	copies := func(id string) iter.Seq2[*io.SectionReader, error] { return c.copies(ctx, id) }
	for _, reader := range c.opt.Others {
		r, err := reader.ReadCertified(ctx, in.Message.Envelope, got.SHA256.String(), copies)
		if err != nil {
			return false, err
		}
		if r != nil {
			in.Other, got.Kind, got.Verdict, got.Events = r, r.Kind, r.Verdict, r.Events
			return true, nil
		}
	}
	return false, nil
}

// copies goes through the sent copies that a receipt is compared with: the
// account's own, when the receipt names it.
func (c *Client) copies(ctx context.Context, messageID string) iter.Seq2[*io.SectionReader, error] {
	return func(yield func(*io.SectionReader, error) bool) {
		s, err := c.opt.Store.ByMessageID(ctx, c.opt.Account.Address, messageID)
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
