// Package storebench measures stores, beside what their databases do with bare
// inserts.
package storebench

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"
	"testing"
	"time"

	"github.com/certmail/certmail/receipt"
	"github.com/certmail/certmail/store"
	"github.com/certmail/certmail/transport"
)

var base = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

// Row is what a bare insert writes: the two rows that a store has for a message
// with one event, as Ingest collects them. A text for a time, a digest or an
// account is as long as the store's; so is Record.
type Row struct {
	Seq                                                   int64
	Account, At, MessageID, Identifier, Kind, Person      string
	ID, Record                                            []byte
	Folder, Identity, Place, Digest, MessageKind, Finding string
	Size, Verdict                                         int64
}

// row makes the row of a number.
func row(n int64) Row {
	e := event(int(n))
	id, _ := hex.DecodeString(e.ID())
	return Row{Seq: n, Account: "office@pec.certmail.example", At: base.Format("2006-01-02T15:04:05.000000000Z"), MessageID: e.MessageID, Identifier: e.Identifier,
		Kind: string(e.Kind), Person: e.Recipient, ID: id, Record: make([]byte, 420),
		Folder: "INBOX", Identity: e.Proof.SHA256.String(), Place: "1." + strconv.FormatInt(n, 10), Digest: e.Proof.SHA256.String(), MessageKind: e.Proof.Kind,
		Size: 7500, Verdict: int64(receipt.Valid)}
}

// The statements of a bare insert, with ? for each value of Message and Event.
const (
	IntoMessage = `INSERT INTO message (account, folder, identity, id, sha256, size, kind, verdict, finding, collected) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`
	IntoEvent   = `INSERT INTO event (seq, account, id, collected, message_id, reference, identifier, kind, recipient, record) VALUES (?, ?, ?, ?, ?, '', ?, ?, ?, ?)`
)

// Message are the values of a row of messages.
func (r *Row) Message() []any {
	return []any{r.Account, r.Folder, r.Identity, r.Place, r.Digest, r.Size, r.MessageKind, r.Verdict, r.Finding, r.At}
}

// Event are the values of a row of events.
func (r *Row) Event() []any {
	return []any{r.Seq, r.Account, r.ID, r.At, r.MessageID, r.Identifier, r.Kind, r.Person, r.Record}
}

func event(n int) receipt.Event {
	id := fmt.Sprintf("%08d.20260302@certmail.example", n)
	return receipt.Event{
		System: receipt.PEC, Kind: receipt.EventDelivered, MessageID: id, Identifier: "opec296.20260302120000." + strconv.Itoa(n) + ".1.1@pec.provider.example",
		Recipient: "recipient@pec.other.example", Recipients: []receipt.Recipient{{Address: "recipient@pec.other.example", Type: "certificato"}},
		Sender: "office@pec.certmail.example", Subject: "Fattura n. " + strconv.Itoa(n), Time: base, Issuer: "PROVIDER S.p.A.", ReceiptType: "completa",
		Proof: receipt.Proof{Kind: "avvenuta-consegna", SHA256: sha256.Sum256([]byte(id)), Verdict: receipt.Valid},
	}
}

// Ingest measures Collect in batches of a size, and in the same run bare, which
// inserts the same rows in one transaction into tables that are the same, with
// the same keys and indexes, of another file or schema: what is left is what we
// do beside it, which is to move the cursor, to number the events, to pass over
// those that are known, and to write the records. It reports both rates and their quotient.
func Ingest(b *testing.B, s store.Store, bare func(ctx context.Context, rows []Row) error, size int) {
	in := &ingest{tb: b, s: s, bare: bare}
	var ours, theirs time.Duration
	for b.Loop() {
		o, t := in.batch(size)
		ours, theirs = ours+o, theirs+t
	}
	b.ReportMetric(float64(in.next)/ours.Seconds(), "events/s")
	b.ReportMetric(float64(in.next)/theirs.Seconds(), "bare-rows/s")
	b.ReportMetric(theirs.Seconds()/ours.Seconds(), "of-bare")
	b.ReportMetric(0, "ns/op")
}

// IngestAtLeast asks of Collect a share of the bare rate, and measures again when
// the machine is busy with something else: the best of some rounds counts.
func IngestAtLeast(tb testing.TB, s store.Store, bare func(ctx context.Context, rows []Row) error, size int, want float64) {
	tb.Helper()
	in := &ingest{tb: tb, s: s, bare: bare}
	best := 0.0
	for range 10 {
		ours, theirs := in.batch(size)
		if best = max(best, theirs.Seconds()/ours.Seconds()); best >= want {
			return
		}
	}
	tb.Fatalf("%.2f of the rate of bare inserts, want %.2f", best, want)
}

// ingest takes in one batch after the other, and inserts as many rows.
type ingest struct {
	tb   testing.TB
	s    store.Store
	bare func(ctx context.Context, rows []Row) error
	was  transport.Cursor
	next int
}

func (in *ingest) batch(size int) (ours, theirs time.Duration) {
	in.tb.Helper()
	ctx := context.Background()
	batch := store.Batch{Account: "office@pec.certmail.example", Folder: "INBOX", Was: in.was, Cursor: transport.Cursor("1." + strconv.Itoa(in.next)), At: base}
	rows := make([]Row, size)
	for i := range size {
		e := event(in.next)
		batch.Messages = append(batch.Messages, store.Collected{ID: transport.ID("1." + strconv.Itoa(in.next)), SHA256: e.Proof.SHA256,
			Size: 7500, Kind: e.Proof.Kind, Verdict: receipt.Valid, Events: []receipt.Event{e}})
		rows[i] = row(int64(in.next))
		in.next++
	}
	start := time.Now()
	recorded, err := in.s.Collect(ctx, batch)
	if err != nil || len(recorded) != size {
		in.tb.Fatal(len(recorded), err)
	}
	ours = time.Since(start)
	in.was = batch.Cursor
	start = time.Now()
	if err := in.bare(ctx, rows); err != nil {
		in.tb.Fatal(err)
	}
	return ours, time.Since(start)
}

// Work measures how many submissions go through Claim, limit at a time, and
// Settle, each for itself; and how many are enqueued.
func Work(b *testing.B, s store.Store, limit int) {
	ctx := context.Background()
	var enqueuing, working time.Duration
	n := 0
	for b.Loop() {
		start := time.Now()
		for range limit {
			n++
			key := strconv.Itoa(n)
			if _, _, err := s.Enqueue(ctx, store.Submission{Account: "office@pec.certmail.example", Key: key, Size: 7500,
				Sent: receipt.Sent{MessageID: key + "@certmail.example", Sender: "office@pec.certmail.example", Subject: "Fattura n. " + key,
					Recipients: []receipt.SentRecipient{{Address: "recipient@pec.other.example"}}, SHA256: sha256.Sum256([]byte(key))}}, base); err != nil {
				b.Fatal(err)
			}
		}
		enqueuing += time.Since(start)
		start = time.Now()
		claimed, err := s.Claim(ctx, store.Claim{Worker: "w", Now: base, Lease: base.Add(time.Minute), Limit: limit})
		if err != nil || len(claimed) != limit {
			b.Fatal(len(claimed), err)
		}
		for _, c := range claimed {
			if err := s.Settle(ctx, c.Account, c.Key, "w", store.Result{State: store.Sent, Reply: "250 2.0.0 OK", At: base}); err != nil {
				b.Fatal(err)
			}
		}
		working += time.Since(start)
	}
	b.ReportMetric(float64(n)/enqueuing.Seconds(), "enqueued/s")
	b.ReportMetric(float64(n)/working.Seconds(), "claimed+settled/s")
	b.ReportMetric(0, "ns/op")
}
