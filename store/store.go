// Package store says what must outlive the process: what is to be sent, what
// was collected, what happened, and the bytes of every proof. Memory keeps it
// in memory; packages sqlite and postgres keep it in a database.
//
// Two rules hold for all of them. Nothing is promised before it is durable:
// when a method returns without an error, a crash of the process or of the
// machine does not undo it (Memory excepted). And a row never points to bytes
// that are not durable: put the Blob first.
//
// Strings may hold any bytes; what mail says is never refused for how it looks.
// Names that programs choose (account, key, worker, folder) are up to MaxName
// bytes long. Times come back as the same instants in UTC, to the nanosecond.
// Message-IDs are compared without angle brackets.
package store

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/certmail/certmail/receipt"
	"github.com/certmail/certmail/transport"
)

// State is where a submission stands.
type State string

// The states. A submission goes queued → sending → sent, refused or uncertain;
// refused for now it goes back to queued, with a later NotBefore. Only an
// explicit decision leads out of uncertain, or the provider's receipts.
const (
	Queued    State = "queued"
	Sending   State = "sending"
	Sent      State = "sent"
	Refused   State = "refused"
	Uncertain State = "uncertain"
	Cancelled State = "cancelled"
)

// Final tells whether nothing more will happen by itself.
func (s State) Final() bool { return s == Sent || s == Refused || s == Cancelled }

// Submission is one message to be sent, once.
type Submission struct {
	// Account is whose outbox it is in; Key is the caller's own, which makes
	// it idempotent: one key of an account is one submission, for ever.
	Account, Key string
	// Sent is the message as the ledger knows it: Message-ID, sender,
	// recipients, digest. Sent.SHA256 names the Blob with the exact bytes,
	// which is durable before the submission is enqueued. Sent.Time and
	// Sent.Uncertain are the store's: the time is zero but for what is sent or
	// uncertain, which alone is marked so.
	Sent receipt.Sent
	Size int64
	// Priority goes before age: higher ones are claimed first.
	Priority int
	// NotBefore is the earliest time of the next attempt.
	NotBefore time.Time

	// What follows is the store's; Enqueue sets it. Attempts counts how often it
	// was claimed.
	State    State
	Attempts int
	// Worker has it until Lease, while it is sending; both are zero else.
	Worker string
	Lease  time.Time
	// Reply is what the server said last, or why it is not known.
	Reply string
	// Order is the place in the outbox, unique in the store. Enqueued and
	// Changed are times given by the caller's clock.
	Order             int64
	Enqueued, Changed time.Time
}

// Claim asks for work.
type Claim struct {
	// Account whose outbox is worked on; empty for any.
	Account string
	// Worker is who asks, unique among all that run. Now is its clock; the
	// work is its own until Lease.
	Worker     string
	Now, Lease time.Time
	// Limit is how many at most, one at least.
	Limit int
}

// Result is what became of an attempt.
type Result struct {
	// State is Sent, Refused, Uncertain, or Queued for another attempt not
	// before NotBefore.
	State     State
	NotBefore time.Time
	Reply     string
	// Untried gives a submission back of which nothing was offered to the
	// network, with Queued: the attempt does not count.
	Untried bool
	// At is the worker's clock; for Sent and Uncertain it becomes Sent.Time.
	At time.Time
}

// Batch is what one visit to a folder brought, taken in as a whole or not at
// all: messages, events and the cursor behind them.
type Batch struct {
	Account, Folder string
	// Was is the cursor that the visit began at: when the stored one is
	// another, somebody else was faster, and Collect returns ErrMoved.
	Was, Cursor transport.Cursor
	Messages    []Collected
	At          time.Time
}

// Collected is one message that was fetched. Its bytes are the Blob SHA256,
// durable before the batch is taken in; zero when the mailbox did not give them.
//
// A message is known in its folder by its bytes, or by its ID where there are
// none: collected again it is not a second one, and what was said last counts.
type Collected struct {
	ID     transport.ID
	SHA256 receipt.Digest
	Size   int64
	// Kind is what it is, Verdict how far it was verified.
	Kind    string
	Verdict receipt.Verdict
	// Finding says why it could not be read, "" when it could.
	Finding string
	// Events are what it says. Their IDs are stable: one that is known already
	// is not taken in again.
	Events []receipt.Event
}

// Recorded is an event with its place: Seq grows with every event taken in
// and is never used again, so that readers can go on where they stopped. Once
// an event can be seen, none with a lower Seq appears any more, however many
// collect at a time.
type Recorded struct {
	Seq     int64
	Account string
	At      time.Time
	Event   receipt.Event
}

// Filter chooses submissions; zero fields choose all.
type Filter struct {
	Account string
	States  []State
	// Since chooses what changed then or later.
	Since time.Time
	// After is the Order to go on behind, Limit how many at most (0: 1000).
	After int64
	Limit int
}

// Store keeps submissions, cursors and events. It is safe for concurrent use,
// by several processes where the documentation says so.
type Store interface {
	// Enqueue takes in a submission as queued. When the account has one of
	// that key, it is returned as it is, with existed true, and nothing
	// changes: compare its Sent.SHA256 to see whether it is the same message.
	Enqueue(ctx context.Context, s Submission, now time.Time) (stored Submission, existed bool, err error)
	// EnqueueAll is Enqueue for many at the price of little more than one: it
	// returns one answer for each, in their order. All that were taken in are
	// durable when it returns; the error is that of the store, and then none is.
	EnqueueAll(ctx context.Context, list []Submission, now time.Time) ([]Enqueued, error)
	// Claim gives out due submissions as sending, highest priority and then
	// oldest first; no two workers ever get the same one.
	Claim(ctx context.Context, c Claim) ([]Submission, error)
	// Settle ends an attempt. ErrLost when the worker does not have the
	// submission any more, ErrState when the result is none.
	Settle(ctx context.Context, account, key, worker string, r Result) error
	// SettleAll is Settle for many at the price of little more than one. It
	// returns one error for each, in their order, nil for what was settled; err
	// is that of the store, and then none is.
	SettleAll(ctx context.Context, worker string, list []Settlement) (each []error, err error)
	// Renew prolongs the leases of all that a worker has, and shortens none. It
	// returns how many it has.
	Renew(ctx context.Context, worker string, lease time.Time) (int, error)
	// Expire makes uncertain what is sending with a lease that ended: its
	// worker died, and whether the message left is not known. Sent.Time becomes
	// that of the claim, before which it cannot have left.
	Expire(ctx context.Context, now time.Time) ([]Submission, error)
	// Decide moves a submission from one state to another by an explicit
	// decision or a proof: queued → cancelled or sent, uncertain → sent,
	// refused or queued (see CanDecide). at becomes the Sent.Time of what was
	// never handed over so far as is known. ErrState when it is not in that state, or the step
	// is none of these. The reason becomes its Reply.
	Decide(ctx context.Context, account, key string, from, to State, why string, at time.Time) error
	// Submission returns one; ErrNotFound.
	Submission(ctx context.Context, account, key string) (Submission, error)
	// ByMessageID returns the submission with a Message-ID; ErrNotFound.
	ByMessageID(ctx context.Context, account, messageID string) (Submission, error)
	// Submissions lists in the order of Order.
	Submissions(ctx context.Context, f Filter) ([]Submission, error)

	// Cursor returns how far a folder was collected, "" for not at all.
	Cursor(ctx context.Context, account, folder string) (transport.Cursor, error)
	// Collect takes in a batch and returns the events that are new.
	Collect(ctx context.Context, b Batch) ([]Recorded, error)
	// Unreadable lists what could not be read, oldest first, without events; of
	// all accounts when account is empty.
	Unreadable(ctx context.Context, account string) ([]Collected, error)
	// Events returns up to limit events (0: 1000) behind seq, in the order of
	// Seq, of all accounts when account is empty.
	Events(ctx context.Context, account string, after int64, limit int) ([]Recorded, error)
	// EventsAbout returns all events of one message: those that bear its
	// Message-ID or Reference, and those of the identifiers that these bear, in
	// the order of Seq.
	EventsAbout(ctx context.Context, account, messageID string) ([]Recorded, error)

	Close() error
}

// Blobs keeps bytes by their SHA-256. It is safe for concurrent use.
type Blobs interface {
	// Put stores what r reads, to its end, and returns when it is durable.
	// Bytes that are there already are not stored again.
	Put(ctx context.Context, r io.Reader) (receipt.Digest, int64, error)
	// Open reads bytes back and verifies them on the way: a reader that comes
	// to its end without an error gave what was put; ErrCorrupt else.
	// ErrNotFound when there are none.
	Open(ctx context.Context, sha256 receipt.Digest) (io.ReadCloser, error)
}

// Errors of stores.
var (
	ErrNotFound = errors.New("not found")
	// ErrState says that a submission is not in the state to do that.
	ErrState = errors.New("submission is in another state")
	// ErrLost says that a worker lost its lease.
	ErrLost = errors.New("lease lost to another worker")
	// ErrMoved says that a cursor was moved by somebody else.
	ErrMoved = errors.New("cursor was moved by another collector")
	// ErrCorrupt says that stored bytes are not what was put.
	ErrCorrupt = errors.New("stored bytes are corrupt")
	// ErrMessageID says that another submission has the Message-ID.
	ErrMessageID = errors.New("Message-ID is taken")
	// ErrInvalid says that what was given cannot be stored, and never will be.
	ErrInvalid = errors.New("cannot be stored")
	// ErrNewer says that the database was made by a newer version of this
	// module.
	ErrNewer = errors.New("database is of a newer version")
	// ErrClosed says that the store was closed.
	ErrClosed = errors.New("store is closed")
)
