package pec_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/pec"
	"github.com/certmail/certmail/receipt"
	keep "github.com/certmail/certmail/store"
	"github.com/certmail/certmail/transport"
)

// faulty is a mailbox that can be made to lie and to fail.
type faulty struct {
	transport.Mailbox
	fetch  func(transport.ID, []byte) []byte
	delete func(transport.ID) error
}

func (f *faulty) Fetch(ctx context.Context, folder string, id transport.ID) (io.ReadCloser, error) {
	r, err := f.Mailbox.Fetch(ctx, folder, id)
	if err != nil || f.fetch == nil {
		return r, err
	}
	defer r.Close()
	data, err := io.ReadAll(r)
	return io.NopCloser(bytes.NewReader(f.fetch(id, data))), err
}

func (f *faulty) Delete(ctx context.Context, folder string, id transport.ID) error {
	if f.delete != nil {
		if err := f.delete(id); err != nil {
			return err
		}
	}
	return f.Mailbox.Delete(ctx, folder, id)
}

func newFaulty(t *testing.T) (*cleaning, *faulty) {
	t.Helper()
	var f *faulty
	c := newCleaning(t, func(o *pec.ClientOptions) {
		f = &faulty{Mailbox: o.Mailbox}
		o.Mailbox = f
	})
	return c.archiveAll(), f
}

// TestCleanChangedUnderTheSameUID: a server that shows another message under
// a number that was collected and archived does not get it deleted, though the
// archive would vouch for it.
func TestCleanChangedUnderTheSameUID(t *testing.T) {
	c, f := newFaulty(t)
	f.fetch = func(_ transport.ID, data []byte) []byte {
		changed := bytes.Replace(data, []byte("Contratto"), []byte("Contratte"), 1)
		c.vault[sha256.Sum256(changed)] = int64(len(changed))
		return changed
	}
	got, err := c.clean(week)
	require.NoError(t, err)
	require.Equal(t, []pec.Fate{pec.FateUncollected, pec.FateUncollected, pec.FateUncollected, pec.FateDelete}, c.fates(), "the reply has another subject")
	require.Equal(t, 1, got.Deleted)
	require.Len(t, c.box.Messages(), 3)
}

// TestCleanRenumbered: another UIDVALIDITY stops everything, before the first
// message or in the middle, until the folder was collected anew.
func TestCleanRenumbered(t *testing.T) {
	for _, at := range []string{"before", "fetch", "delete"} {
		t.Run(at, func(t *testing.T) {
			c, f := newFaulty(t)
			renumber := func() { require.NoError(t, c.box.ResetUIDValidity("INBOX")) }
			switch at {
			case "before":
				renumber()
			case "fetch":
				f.fetch = func(_ transport.ID, data []byte) []byte { renumber(); return data }
			case "delete":
				f.delete = func(transport.ID) error { renumber(); return nil }
			}
			got, err := c.clean(week)
			require.ErrorIs(t, err, transport.ErrCursor)
			require.Zero(t, got.Deleted)
			require.Len(t, c.box.Messages(), 4)
			f.fetch, f.delete = nil, nil
			_, err = c.clean(week)
			require.ErrorIs(t, err, transport.ErrCursor)
			_, err = c.client.Collect(context.Background())
			require.NoError(t, err)
			got, err = c.clean(week)
			require.NoError(t, err)
			require.Equal(t, 4, got.Deleted)
		})
	}
}

// TestCleanServerKeeps: what the server does not delete is told, and no error.
func TestCleanServerKeeps(t *testing.T) {
	c, f := newFaulty(t)
	answers := []error{errors.ErrUnsupported, transport.ErrNotFound, nil, nil}
	f.delete = func(transport.ID) error {
		err := answers[0]
		answers = answers[1:]
		return err
	}
	got, err := c.clean(week)
	require.NoError(t, err)
	require.Equal(t, []pec.Fate{pec.FateDelete, pec.FateRefused, pec.FateDelete, pec.FateGone, pec.FateDelete, pec.FateDelete}, c.fates())
	require.Equal(t, 2, got.Deleted)
	require.Equal(t, 2, got.Stay)
}

// TestCleanCrash: cut off at any deletion, before it or after it was carried
// out, the next run finishes, and every message that is gone had been told.
func TestCleanCrash(t *testing.T) {
	crash := errors.New("crash")
	for _, carried := range []bool{false, true} {
		c, f := newFaulty(t)
		told := map[receipt.Digest]bool{}
		before := c.box.Messages()
		for runs := 0; ; runs++ {
			require.Less(t, runs, 10)
			n := 0
			f.delete = func(id transport.ID) error {
				if n++; n < 2 {
					return nil
				}
				if carried {
					require.NoError(t, f.Mailbox.Delete(context.Background(), "INBOX", id))
				}
				return &transport.Error{Outcome: transport.Uncertain, Err: crash}
			}
			_, err := c.clean(week)
			for _, d := range c.told {
				told[d.SHA256] = true
			}
			there := map[receipt.Digest]bool{}
			for _, m := range c.box.Messages() {
				there[sha256.Sum256(m.Data)] = true
			}
			for _, m := range before {
				sum := receipt.Digest(sha256.Sum256(m.Data))
				require.True(t, there[sum] || told[sum], "deleted and never told")
			}
			if err == nil {
				break
			}
			require.ErrorIs(t, err, crash)
		}
		require.Empty(t, c.box.Messages())
	}
}

// TestCleanDecidedStops: the error of the record keeper comes before the
// deletion.
func TestCleanDecidedStops(t *testing.T) {
	c := newCleaning(t, nil).archiveAll()
	full := errors.New("disk full")
	_, err := c.client.Clean(context.Background(), c.vault, week, func(pec.Decision) error { return full })
	require.ErrorIs(t, err, full)
	require.Len(t, c.box.Messages(), 4)
}

// TestCleanArchiveFails: an archive that cannot answer has not said yes.
func TestCleanArchiveFails(t *testing.T) {
	c := newCleaning(t, nil)
	away := errors.New("disk away")
	_, err := c.client.Clean(context.Background(), pec.ArchivedFunc(func(context.Context, receipt.Digest) (pec.Kept, error) {
		return pec.Kept{}, away
	}), week, nil)
	require.ErrorIs(t, err, away)
	require.Len(t, c.box.Messages(), 4)
	// Nor is it a yes to answer without saying what was read.
	got, err := c.client.Clean(context.Background(), pec.ArchivedFunc(func(context.Context, receipt.Digest) (pec.Kept, error) {
		return pec.Kept{}, nil
	}), week, nil)
	require.NoError(t, err)
	require.Equal(t, pec.Cleaning{Stay: 4}, got)
}

// TestCleanOwnCopyDamaged: when the client's own copy is damaged, the one in the
// mailbox may be the last good one.
func TestCleanOwnCopyDamaged(t *testing.T) {
	var damaged *damage
	c := newCleaning(t, func(o *pec.ClientOptions) {
		damaged = &damage{Blobs: o.Blobs}
		o.Blobs = damaged
	}).archiveAll()
	damaged.now, damaged.silent = true, true
	got, err := c.clean(week)
	require.NoError(t, err)
	require.Zero(t, got.Deleted, "though the Blobs did not notice")
	require.Equal(t, []pec.Fate{pec.FateStore, pec.FateStore, pec.FateStore, pec.FateStore}, c.fates())
	damaged.silent = false
	got, err = c.clean(week)
	require.NoError(t, err)
	require.Zero(t, got.Deleted)
	require.Equal(t, []pec.Fate{pec.FateStore, pec.FateStore, pec.FateStore, pec.FateStore}, c.fates())
}

type damage struct {
	keep.Blobs
	now, silent bool
}

func (d *damage) Open(ctx context.Context, sum receipt.Digest) (io.ReadCloser, error) {
	r, err := d.Blobs.Open(ctx, sum)
	if err != nil || !d.now {
		return r, err
	}
	data, err := io.ReadAll(r)
	data[len(data)-1] ^= 1
	if d.silent {
		return io.NopCloser(bytes.NewReader(data)), err
	}
	return keep.Verified(io.NopCloser(bytes.NewReader(data)), sum), err
}
