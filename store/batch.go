package store

import (
	"bytes"
	"context"
	"slices"
	"time"

	"github.com/certmail/certmail/receipt"
)

// Enqueued is what became of one submission of EnqueueAll, as Enqueue says it.
type Enqueued struct {
	Submission Submission
	Existed    bool
	// Err says why this one was not taken in: it wraps ErrMessageID or
	// ErrInvalid. The others were.
	Err error
}

// Settlement is the outcome of one attempt, for SettleAll.
type Settlement struct {
	Account, Key string
	Result       Result
}

// Turner is a Store that ends some attempts and claims more work at the price of
// little more than one of them.
type Turner interface {
	// Turn is SettleAll for the worker of the claim and then Claim, both or
	// neither: err is that of the store. What is given back to the queue need
	// not be among what is claimed.
	Turn(ctx context.Context, list []Settlement, c Claim) (each []error, claimed []Submission, err error)
}

// PackedBlobs are Blobs that keep small bytes together, so that many become
// durable for little more than the price of one.
type PackedBlobs interface {
	Blobs
	// PackSize is the size in bytes up to which they are small.
	PackSize() int64
	// PutAll stores each, and returns when all are durable.
	PutAll(ctx context.Context, list [][]byte) ([]receipt.Digest, error)
	// ReadAll returns the bytes of each that is small and intact, nil for the
	// others: Open says what is the matter with them.
	ReadAll(ctx context.Context, list []receipt.Digest) ([][]byte, error)
}

// PackSize is the size up to which bytes are worth gathering for PutAll, 0 when
// none are.
func PackSize(b Blobs) int64 {
	if p, ok := b.(PackedBlobs); ok {
		return p.PackSize()
	}
	return 0
}

// PutAll stores each in any Blobs, all at once where they can.
func PutAll(ctx context.Context, b Blobs, list [][]byte) ([]receipt.Digest, error) {
	if p, ok := b.(PackedBlobs); ok {
		return p.PutAll(ctx, list)
	}
	sums := make([]receipt.Digest, len(list))
	for i, data := range list {
		sum, _, err := b.Put(ctx, bytes.NewReader(data))
		if err != nil {
			return nil, err
		}
		sums[i] = sum
	}
	return sums, nil
}

// Admitted is a submission as it is when a store has just taken it in, but for
// its Order; for those who implement one. It shares nothing with s.
func Admitted(s *Submission, now time.Time) Submission {
	kept := Submission{
		Account: s.Account, Key: s.Key, Sent: s.Sent, Size: s.Size, Priority: s.Priority, NotBefore: instant(s.NotBefore),
		State: Queued, Enqueued: instant(now), Changed: instant(now),
	}
	kept.Sent.Recipients = slices.Clone(s.Sent.Recipients)
	kept.Sent.Time, kept.Sent.Uncertain = time.Time{}, false
	return kept
}

// instant is a time without its place and without what only this process knows.
func instant(t time.Time) time.Time { return t.Round(0).UTC() }
