package pec

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/certmail/certmail/receipt"
	"github.com/certmail/certmail/transport"
)

// ErrNotArchived says that an archive does not hold a message.
var ErrNotArchived = errors.New("not archived")

// Archived is who answers for what was archived. It stands between the
// provider's mailbox and the only copy of a proof, so it says yes only of what
// it has just read again from where it lies, complete and under this digest,
// and what survives a crash of the machine: never from memory or from an index
// alone. ErrNotArchived means no; any other error ends Client.Clean.
type Archived interface {
	Archived(ctx context.Context, sha256 receipt.Digest) (Kept, error)
}

// ArchivedFunc is a function as Archived.
type ArchivedFunc func(ctx context.Context, sha256 receipt.Digest) (Kept, error)

// Archived calls f.
func (f ArchivedFunc) Archived(ctx context.Context, sha256 receipt.Digest) (Kept, error) {
	return f(ctx, sha256)
}

// Kept is what an archive found when it read a message again.
type Kept struct {
	// SHA256 and Size are those of the bytes that it read.
	SHA256 receipt.Digest
	Size   int64
	// Place says to people where: the path of a package, for instance.
	Place string
}

// CleanRule says what may be deleted from the provider's mailbox. Every part of
// it narrows the choice, but for the last three. OlderThan is required.
type CleanRule struct {
	// Folders are those to clean, of those that the client collects; all of
	// these when empty.
	Folders []string
	// OlderThan is how long a message has been in the mailbox at least.
	OlderThan time.Duration
	// Free ends the deleting when that many bytes are freed, counted from the
	// oldest message of the first folder on; 0 for no end. Who wants some space
	// to be free gives what is missing.
	Free int64
	// Keep looks at a message that could be deleted: what it returns is the
	// reason why it stays, "" to let it go. In.Message and Report are nil when
	// it cannot be read. It must not keep the Incoming.
	Keep func(context.Context, *Incoming) (string, error)

	// Flagged deletes also what somebody has flagged (\Flagged).
	Flagged bool
	// Unverified deletes also what is readable and whose verdict is not valid,
	// ordinary mail included. Unreadable deletes also what cannot be read.
	Unverified, Unreadable bool
}

// Fate is what becomes of a message in the mailbox.
type Fate string

// The fates. Only one of them deletes.
const (
	FateDelete      Fate = "delete"
	FateYoung       Fate = "too-young"        // not older than OlderThan, or of unknown age
	FateFlagged     Fate = "flagged"          // somebody marked it
	FateEnough      Fate = "enough-freed"     // Free bytes are free
	FateGone        Fate = "gone"             // it disappeared meanwhile
	FateUncollected Fate = "not-collected"    // these bytes were never fetched by this client
	FateStore       Fate = "store-damaged"    // the client's own copy is not what was fetched
	FateUnreadable  Fate = "unreadable"       // it cannot be read
	FateUnverified  Fate = "unverified"       // its verdict is not valid
	FateRule        Fate = "kept-by-rule"     // CleanRule.Keep
	FateUnarchived  Fate = "not-archived"     // the archive does not hold it
	FateDiffers     Fate = "archive-differs"  // the archive holds something else
	FateRefused     Fate = "provider-refuses" // it is still there after the deletion
)

// Decision is what Clean decided about one message, and why.
type Decision struct {
	Folder string
	// Item is the message as the mailbox lists it.
	Item transport.Item
	Fate Fate
	// Reason says it in words.
	Reason string
	// SHA256 and Size are of the bytes in the mailbox now, where they were
	// read; Verdict is how far they verify.
	SHA256  receipt.Digest
	Size    int64
	Verdict receipt.Verdict
	// Kept is what the archive answered.
	Kept Kept
}

// Cleaning is what one Clean did, or would do.
type Cleaning struct {
	// Deleted messages were Freed bytes; all others that were looked at stay.
	Deleted, Stay int
	Freed         int64
}

// check says what is wrong with a rule.
func (c *Client) checkRule(r *CleanRule) error {
	switch {
	case r.OlderThan <= 0:
		return fmt.Errorf("%w: CleanRule.OlderThan must be positive", ErrClient)
	case r.Free < 0:
		return fmt.Errorf("%w: CleanRule.Free is negative", ErrClient)
	}
	for _, f := range r.Folders {
		if !slices.Contains(c.opt.Folders, f) {
			return fmt.Errorf("%w: folder %q is not collected by this client", ErrClient, f)
		}
	}
	return nil
}
