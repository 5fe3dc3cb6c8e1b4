package outbox

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"time"

	"github.com/certmail/certmail/receipt"
	"github.com/certmail/certmail/store"
)

// Message is what Submit takes in.
type Message struct {
	// Account it is sent from, Key of the caller: an invoice's number, say. A
	// key never sends twice.
	Account, Key string
	// Sent describes it: Message-ID, MAIL FROM and the recipients.
	Sent receipt.Sent
	// Body are its exact bytes.
	Body io.Reader
	// Priority goes before age; NotBefore holds it back.
	Priority  int
	NotBefore time.Time
}

// Submitted is what became of one message of SubmitAll, as Submit says it.
type Submitted struct {
	Submission store.Submission
	Existed    bool
	Err        error
}

// Submit makes a message durable and queues it. When the key was used before
// for the same message, that one is returned with existed true; ErrKeyReused
// when it was another.
func (o *Outbox) Submit(ctx context.Context, m Message) (s store.Submission, existed bool, err error) {
	list, err := o.SubmitAll(ctx, []Message{m})
	if err != nil {
		return s, false, err
	}
	return list[0].Submission, list[0].Existed, list[0].Err
}

// How much SubmitAll makes durable at a time, in messages and bytes.
const (
	submitMessages = 512
	submitBytes    = 4 << 20
)

// SubmitAll is Submit for many at the price of little more than one: it returns
// one answer for each, in their order. Bytes and rows become durable some at a
// time, and a worker may send the first while others are submitted. The error is
// that of the context or the stores: the answers that came before it are
// returned with it, and to submit all again under the same keys does no harm.
func (o *Outbox) SubmitAll(ctx context.Context, list []Message) ([]Submitted, error) {
	out := make([]Submitted, 0, len(list))
	for len(list) > 0 {
		n, some, err := o.submitSome(ctx, list)
		if err != nil {
			return out, err
		}
		out, list = append(out, some...), list[n:]
	}
	return out, nil
}

// submitSome takes as many from the front of the list as become durable at a
// time, one at least.
func (o *Outbox) submitSome(ctx context.Context, list []Message) (n int, told []Submitted, err error) {
	var (
		rows   []store.Submission
		places []int    // of the rows, in told
		small  [][]byte // to be put together
		checks []uint32 // of them
		owners []int    // the rows they are of
		total  int
	)
	most := min(len(list), submitMessages)
	told, rows, places = make([]Submitted, 0, most), make([]store.Submission, 0, most), make([]int, 0, most)
	limit, now := store.PackSize(o.opt.Blobs), o.opt.Now()
	for ; n < len(list) && n < submitMessages && total < submitBytes; n++ {
		m := &list[n]
		told = append(told, Submitted{Err: o.check(m)})
		if told[n].Err != nil {
			continue
		}
		row := store.Submission{Account: m.Account, Key: m.Key, Sent: m.Sent, Priority: m.Priority, NotBefore: m.NotBefore}
		data, rest, err := head(m.Body, limit)
		switch {
		case err != nil:
			told[n].Err = fmt.Errorf("outbox: submit %s: %w", m.Key, err)
			continue
		case rest != nil:
			var digest receipt.Digest
			if digest, row.Size, err = o.opt.Blobs.Put(ctx, rest); err != nil {
				return 0, nil, fmt.Errorf("outbox: submit %s: %w", m.Key, err)
			}
			if told[n].Err = named(m, &row, digest); told[n].Err != nil {
				continue
			}
		default:
			small, checks, owners = append(small, data), append(checks, checksum(data)), append(owners, len(rows))
			row.Size, total = int64(len(data)), total+len(data)
		}
		rows, places = append(rows, row), append(places, n)
	}
	if len(small) > 0 {
		sums, err := store.PutAll(ctx, o.opt.Blobs, small)
		if err != nil {
			return 0, nil, fmt.Errorf("outbox: submit: %w", err)
		}
		for i, sum := range sums {
			at := places[owners[i]]
			if told[at].Err = named(&list[at], &rows[owners[i]], sum); told[at].Err == nil {
				// Before the row can be claimed. Should it not come about, or not
				// soon, the bytes make room for others.
				o.kept.put(sum, small[i], checks[i], now)
			}
		}
		kept := 0
		for i := range rows {
			if told[places[i]].Err == nil {
				rows[kept], places[kept] = rows[i], places[i]
				kept++
			}
		}
		rows = rows[:kept]
	}
	if len(rows) == 0 {
		return n, told, nil
	}
	stored, err := o.opt.Store.EnqueueAll(ctx, rows, now)
	if err != nil {
		return 0, nil, fmt.Errorf("outbox: submit: %w", err)
	}
	for i := range stored {
		to, have := &told[places[i]], &stored[i]
		to.Submission, to.Existed, to.Err = have.Submission, have.Existed, have.Err
		switch {
		case have.Err != nil:
			to.Err = fmt.Errorf("outbox: submit %s: %w", rows[i].Key, have.Err)
		case have.Existed && have.Submission.Sent.SHA256 != rows[i].Sent.SHA256:
			to.Err = fmt.Errorf("outbox: submit %s: %w", rows[i].Key, ErrKeyReused)
		default:
			o.poke(rows[i].Account)
		}
	}
	return n, told, nil
}

func (o *Outbox) check(m *Message) error {
	if o.boxes[m.Account] == nil {
		return fmt.Errorf("outbox: submit: %w: %s", ErrAccount, m.Account)
	}
	missing := ""
	switch {
	case m.Key == "":
		missing = "key"
	case m.Sent.MessageID == "":
		missing = "Message-ID"
	case len(m.Sent.Recipients) == 0:
		missing = "recipients"
	case m.Body == nil:
		missing = "body"
	default:
		return nil
	}
	return fmt.Errorf("outbox: submit %s: %w: the message has no %s", m.Key, ErrOptions, missing)
}

// named sets the digest of a row's bytes, which must be that announced.
func named(m *Message, row *store.Submission, digest receipt.Digest) error {
	if !m.Sent.SHA256.IsZero() && m.Sent.SHA256 != digest {
		return fmt.Errorf("outbox: submit %s: %w: the bytes have another digest than announced", m.Key, store.ErrCorrupt)
	}
	row.Sent.SHA256, row.Sent.Time = digest, time.Time{}
	return nil
}

// head reads up to limit bytes; where there are more, rest is all of them.
func head(r io.Reader, limit int64) (data []byte, rest io.Reader, err error) {
	if limit <= 0 {
		return nil, r, nil
	}
	hint := int64(0)
	switch known := r.(type) {
	case interface{ Len() int }:
		hint = int64(known.Len())
	case interface{ Size() int64 }:
		hint = known.Size()
	}
	var buf bytes.Buffer
	buf.Grow(int(min(max(hint, 0), limit)) + bytes.MinRead)
	if _, err := buf.ReadFrom(io.LimitReader(r, limit+1)); err != nil || int64(buf.Len()) <= limit {
		return buf.Bytes(), nil, err
	}
	data = buf.Bytes()
	return nil, io.MultiReader(bytes.NewReader(data), r), nil
}
