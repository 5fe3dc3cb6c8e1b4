package pec

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/certmail/certmail/receipt"
	"github.com/certmail/certmail/store"
	"github.com/certmail/certmail/transport"
)

// Clean deletes from the provider's mailbox what is archived, by a rule of the
// caller's. A message is deleted only when all of this holds at that moment:
//
//   - it lies in a folder before the place up to which this client has
//     collected, and is older than the rule says;
//   - its bytes, fetched again now, are in Blobs, complete, under the same
//     SHA-256: what a server shows under an old number is not taken on trust;
//   - it can be read and verifies as valid, unless the rule says otherwise;
//   - the archive has read exactly these bytes again (see Archived).
//
// decided, which may be nil, is told of every message that was looked at, before
// anything is done to it: its error ends the cleaning, and the message stays. A
// record that is durable when it returns names everything that ever was
// deleted. A deletion that the server does not carry out is told a second time,
// as FateRefused or FateGone.
//
// Deleting twice is harmless, so after a crash or an error Clean is simply
// called again. An error that wraps transport.ErrCursor says that a folder was
// renumbered (UIDVALIDITY): nothing more is deleted there before Collect has
// gone through it anew.
func (c *Client) Clean(ctx context.Context, archive Archived, rule CleanRule, decided func(Decision) error) (Cleaning, error) {
	return c.clean(ctx, archive, rule, decided, false)
}

// CleanDry is Clean that deletes nothing: it decides and tells the same, fetches
// and asks the archive as Clean does, and counts what would have been deleted.
func (c *Client) CleanDry(ctx context.Context, archive Archived, rule CleanRule, decided func(Decision) error) (Cleaning, error) {
	return c.clean(ctx, archive, rule, decided, true)
}

// cleaner is one Clean.
type cleaner struct {
	*Client
	archive Archived
	rule    CleanRule
	decided func(Decision) error
	dry     bool
	done    Cleaning
}

func (c *Client) clean(ctx context.Context, archive Archived, rule CleanRule, decided func(Decision) error, dry bool) (Cleaning, error) {
	switch {
	case c.opt.Mailbox == nil:
		return Cleaning{}, fmt.Errorf("pec: clean: %w: no Mailbox", ErrClient)
	case archive == nil:
		return Cleaning{}, fmt.Errorf("pec: clean: %w: without an Archived nothing can be deleted", ErrClient)
	}
	if err := c.checkRule(&rule); err != nil {
		return Cleaning{}, fmt.Errorf("pec: clean: %w", err)
	}
	if decided == nil {
		decided = func(Decision) error { return nil }
	}
	if len(rule.Folders) == 0 {
		rule.Folders = c.opt.Folders
	}
	w := &cleaner{Client: c, archive: archive, rule: rule, decided: decided, dry: dry}
	for i, folder := range rule.Folders {
		if slices.Contains(rule.Folders[:i], folder) {
			continue // named twice
		}
		if err := w.folder(ctx, folder); err != nil {
			return w.done, fmt.Errorf("pec: clean %s: %w", folder, err)
		}
	}
	return w.done, nil
}

// folder goes through what was collected of a folder, oldest first, page by
// page.
func (w *cleaner) folder(ctx context.Context, folder string) error {
	for from := transport.Cursor(""); ; {
		items, next, err := w.opt.Mailbox.List(ctx, folder, from, w.opt.PageSize)
		if err != nil || len(items) == 0 {
			return err
		}
		// The page was listed first: whatever of it is not collected is at or
		// behind the first message that is not.
		first, err := w.uncollected(ctx, folder)
		if err != nil {
			return err
		}
		for _, item := range items {
			if first.all || first.id == item.ID {
				return nil
			}
			if err := w.message(ctx, folder, item); err != nil {
				return err
			}
		}
		from = next
	}
}

// boundary is where the collected part of a folder ends: nowhere before id, or
// before the first message when all is set. Neither is set when all is collected.
type boundary struct {
	all bool
	id  transport.ID
}

func (w *cleaner) uncollected(ctx context.Context, folder string) (boundary, error) {
	cursor, err := w.opt.Store.Cursor(ctx, w.opt.Account.Address, folder)
	if err != nil || cursor == "" {
		return boundary{all: true}, err
	}
	behind, _, err := w.opt.Mailbox.List(ctx, folder, cursor, 1)
	if err != nil || len(behind) == 0 {
		return boundary{}, err
	}
	return boundary{id: behind[0].ID}, nil
}

// message decides about one message, tells it, and does it.
func (w *cleaner) message(ctx context.Context, folder string, item transport.Item) error {
	d := Decision{Folder: folder, Item: item}
	if err := w.decide(ctx, &d); err != nil {
		return err
	}
	if err := w.decided(d); err != nil {
		return err
	}
	if d.Fate != FateDelete {
		w.done.Stay++
		return nil
	}
	if !w.dry {
		err := w.opt.Mailbox.Delete(ctx, folder, item.ID)
		switch {
		case errors.Is(err, transport.ErrNotFound):
			d.Fate, d.Reason = FateGone, "somebody else deleted it"
		case errors.Is(err, errors.ErrUnsupported):
			d.Fate, d.Reason = FateRefused, err.Error()
		case err != nil:
			return err
		}
		if err != nil {
			w.done.Stay++
			return w.decided(d)
		}
	}
	w.done.Deleted++
	w.done.Freed += d.Size
	return nil
}

// decide says what becomes of a message. The cheap reasons to keep it come
// first. The error is that of the context, the mailbox, the store or the
// archive: of what cannot be decided nothing is said.
func (w *cleaner) decide(ctx context.Context, d *Decision) error {
	stays := func(f Fate, format string, args ...any) error {
		d.Fate, d.Reason = f, fmt.Sprintf(format, args...)
		return nil
	}
	age := w.opt.Now().Sub(d.Item.Time)
	switch {
	case d.Item.Time.IsZero():
		return stays(FateYoung, "the mailbox does not say when it came")
	case age <= w.rule.OlderThan:
		return stays(FateYoung, "it came on %s", d.Item.Time.UTC().Format("2006-01-02 15:04:05 UTC"))
	case w.rule.Free > 0 && w.done.Freed >= w.rule.Free:
		return stays(FateEnough, "%d bytes are freed, %d were wanted", w.done.Freed, w.rule.Free)
	case !w.rule.Flagged && slices.ContainsFunc(d.Item.Flags, func(f string) bool { return strings.EqualFold(f, `\Flagged`) }):
		return stays(FateFlagged, "it is flagged")
	}
	sum, size, err := w.digest(ctx, d.Folder, d.Item.ID)
	if errors.Is(err, transport.ErrNotFound) {
		return stays(FateGone, "it disappeared meanwhile")
	}
	if err != nil {
		return err
	}
	d.SHA256, d.Size = sum, size
	switch err := w.intact(ctx, sum, size); {
	case errors.Is(err, store.ErrNotFound):
		return stays(FateUncollected, "the mailbox shows bytes that this client has not fetched")
	case errors.Is(err, store.ErrCorrupt):
		return stays(FateStore, "%v", err)
	case err != nil:
		return err
	}
	if keep, err := w.judge(ctx, d, stays); keep || err != nil {
		return err
	}
	d.Kept, err = w.archive.Archived(ctx, sum)
	switch {
	case errors.Is(err, ErrNotArchived):
		return stays(FateUnarchived, "%v", err)
	case err != nil:
		return fmt.Errorf("archive: %w", err)
	case d.Kept.SHA256 != sum || d.Kept.Size != size:
		return stays(FateDiffers, "the archive answers with %d bytes of SHA-256 %v", d.Kept.Size, d.Kept.SHA256)
	}
	d.Fate, d.Reason = FateDelete, "archived"
	if d.Kept.Place != "" {
		d.Reason += " in " + d.Kept.Place
	}
	return nil
}

// digest reads what the mailbox shows now.
func (w *cleaner) digest(ctx context.Context, folder string, id transport.ID) (sum receipt.Digest, size int64, err error) {
	r, err := w.opt.Mailbox.Fetch(ctx, folder, id)
	if err != nil {
		return sum, 0, err
	}
	sum, size, err = sumOf(r)
	return sum, size, errors.Join(err, r.Close())
}

// intact reads the client's own copy to its end.
func (w *cleaner) intact(ctx context.Context, sum receipt.Digest, size int64) error {
	r, err := w.opt.Blobs.Open(ctx, sum)
	if err != nil {
		return err
	}
	have, n, err := sumOf(r)
	if err = errors.Join(err, r.Close()); err != nil {
		return err
	}
	if have != sum || n != size {
		return fmt.Errorf("%d bytes of SHA-256 %v: %w", n, have, store.ErrCorrupt)
	}
	return nil
}

// judge reads and verifies the message, and asks the rule.
func (w *cleaner) judge(ctx context.Context, d *Decision, stays func(Fate, string, ...any) error) (keep bool, err error) {
	in := &Incoming{Folder: d.Folder, ID: d.Item.ID, SHA256: d.SHA256}
	got := store.Collected{ID: in.ID, SHA256: in.SHA256, Size: d.Size}
	if err := w.read(ctx, in, &got, nil); err != nil {
		return true, err
	}
	if in.Message != nil {
		defer in.Message.Close()
	}
	d.Verdict = got.Verdict
	switch {
	case in.Err != nil && !w.rule.Unreadable:
		return true, stays(FateUnreadable, "%v", in.Err)
	case in.Err == nil && d.Verdict != receipt.Valid && !w.rule.Unverified:
		return true, stays(FateUnverified, "%s, verdict %v", got.Kind, d.Verdict)
	case w.rule.Keep == nil:
		return false, nil
	}
	why, err := w.rule.Keep(ctx, in)
	if err != nil || why == "" {
		return err != nil, err
	}
	return true, stays(FateRule, "%s", why)
}

func sumOf(r io.Reader) (sum receipt.Digest, size int64, err error) {
	h := sha256.New()
	size, err = io.Copy(h, r)
	h.Sum(sum[:0])
	return sum, size, err
}
