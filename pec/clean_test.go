package pec_test

import (
	"context"
	"crypto/sha256"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/pec"
	"github.com/certmail/certmail/pec/pectest"
	"github.com/certmail/certmail/receipt"
	keep "github.com/certmail/certmail/store"
	"github.com/certmail/certmail/transport"
)

// vault is an archive in memory.
type vault map[receipt.Digest]int64

func (v vault) Archived(_ context.Context, sum receipt.Digest) (pec.Kept, error) {
	size, ok := v[sum]
	if !ok {
		return pec.Kept{}, fmt.Errorf("vault: %w", pec.ErrNotArchived)
	}
	return pec.Kept{SHA256: sum, Size: size, Place: "vault"}, nil
}

// cleaning is a mailbox with three receipts and a message of bruno's, collected
// ten days ago.
type cleaning struct {
	*testing.T
	n      *pectest.Network
	box    *pectest.Mailbox
	client *pec.Client
	blobs  keep.Blobs
	vault  vault
	told   []pec.Decision
}

func newCleaning(t *testing.T, change func(*pec.ClientOptions)) *cleaning {
	t.Helper()
	n, err := pectest.NewNetwork(nil)
	require.NoError(t, err)
	c := &cleaning{T: t, n: n, blobs: keep.NewMemoryBlobs(), vault: vault{}}
	a, err := n.Account(anna)
	require.NoError(t, err)
	b, err := n.Account(bruno)
	require.NoError(t, err)
	c.box = a.Mailbox
	_, err = a.Send(context.Background(), &pec.Draft{To: pec.Addresses(bruno, "carla@beta.example"), Subject: "Contratto", Text: "ciao\n"})
	require.NoError(t, err)
	n.Settle()
	_, err = b.Send(context.Background(), &pec.Draft{To: pec.Addresses(anna), Subject: "Risposta", Text: "ciao\n"})
	require.NoError(t, err)
	n.Settle()
	c.client = client(t, n, anna, keep.NewMemory(), c.blobs, change)
	_, err = c.client.Collect(context.Background())
	require.NoError(t, err)
	n.Advance(10 * 24 * time.Hour)
	require.Len(t, c.box.Messages(), 4)
	return c
}

// archiveAll puts what is in the mailbox into the vault.
func (c *cleaning) archiveAll() *cleaning {
	for _, m := range c.box.Messages() {
		c.vault[sha256.Sum256(m.Data)] = int64(len(m.Data))
	}
	return c
}

// week is the rule of the tests.
var week = pec.CleanRule{OlderThan: 7 * 24 * time.Hour}

func (c *cleaning) clean(rule pec.CleanRule) (pec.Cleaning, error) {
	c.told = nil
	return c.client.Clean(context.Background(), c.vault, rule, func(d pec.Decision) error { c.told = append(c.told, d); return nil })
}

func (c *cleaning) fates() (out []pec.Fate) {
	for _, d := range c.told {
		out = append(out, d.Fate)
	}
	return out
}

func TestCleanDeletesWhatIsArchived(t *testing.T) {
	c := newCleaning(t, nil).archiveAll()
	var size int64
	for _, m := range c.box.Messages() {
		size += int64(len(m.Data))
	}
	want := pec.Cleaning{Deleted: 4, Freed: size}
	got, err := c.client.CleanDry(context.Background(), c.vault, week, nil)
	require.NoError(t, err)
	require.Equal(t, want, got)
	require.Len(t, c.box.Messages(), 4, "a dry run deletes nothing")

	got, err = c.clean(week)
	require.NoError(t, err)
	require.Equal(t, want, got)
	require.Empty(t, c.box.Messages())
	for _, d := range c.told {
		require.Equal(t, pec.FateDelete, d.Fate)
		require.Equal(t, "archived in vault", d.Reason)
		require.Equal(t, receipt.Valid, d.Verdict)
		require.Equal(t, d.SHA256, d.Kept.SHA256)
		require.NotZero(t, d.SHA256)
	}
	got, err = c.clean(week)
	require.NoError(t, err)
	require.Zero(t, got, "deleting twice is harmless")
	all, err := c.client.Collect(context.Background())
	require.NoError(t, err)
	require.Zero(t, all.Messages)
}

// TestCleanKeeps: each reason to keep a message, by itself, keeps it.
func TestCleanKeeps(t *testing.T) {
	first := func(c *cleaning) pectest.Stored { return c.box.Messages()[0] }
	for name, tc := range map[string]struct {
		spoil func(*cleaning)
		rule  pec.CleanRule
		fate  pec.Fate
		keeps int
	}{
		"too young":       {rule: pec.CleanRule{OlderThan: 30 * 24 * time.Hour}, fate: pec.FateYoung, keeps: 4},
		"not archived":    {spoil: func(c *cleaning) { delete(c.vault, sha256.Sum256(first(c).Data)) }, rule: week, fate: pec.FateUnarchived, keeps: 1},
		"archive differs": {spoil: func(c *cleaning) { c.vault[sha256.Sum256(first(c).Data)]-- }, rule: week, fate: pec.FateDiffers, keeps: 1},
		"flagged": {spoil: func(c *cleaning) {
			require.NoError(c, c.box.SetFlags("INBOX", first(c).UID, []string{`\Seen`, `\flagged`}))
		}, rule: week, fate: pec.FateFlagged, keeps: 1},
		"by the rule": {rule: pec.CleanRule{OlderThan: time.Hour, Keep: func(_ context.Context, in *pec.Incoming) (string, error) {
			if in.Message.Kind == pec.KindTransport {
				return "busta", nil
			}
			return "", nil
		}}, fate: pec.FateRule, keeps: 1},
		"enough": {rule: pec.CleanRule{OlderThan: time.Hour, Free: 1}, fate: pec.FateEnough, keeps: 3},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCleaning(t, nil).archiveAll()
			if tc.spoil != nil {
				tc.spoil(c)
			}
			got, err := c.clean(tc.rule)
			require.NoError(t, err)
			require.Equal(t, tc.keeps, got.Stay)
			require.Equal(t, 4-tc.keeps, got.Deleted)
			require.Len(t, c.box.Messages(), tc.keeps)
			n := 0
			for _, d := range c.told {
				if d.Fate != pec.FateDelete {
					n++
					require.Equal(t, tc.fate, d.Fate)
					require.NotEmpty(t, d.Reason)
				}
			}
			require.Equal(t, tc.keeps, n)
		})
	}
}

// TestCleanFlaggedByRule: the owner's flag does not stand against a rule that
// says so.
func TestCleanFlaggedByRule(t *testing.T) {
	c := newCleaning(t, nil).archiveAll()
	require.NoError(t, c.box.SetFlags("INBOX", c.box.Messages()[0].UID, []string{`\Flagged`}))
	rule := week
	rule.Flagged = true
	got, err := c.clean(rule)
	require.NoError(t, err)
	require.Equal(t, 4, got.Deleted)
}

// TestCleanOnlyCollected: what came after the last Collect stays, though it is
// archived and old.
func TestCleanOnlyCollected(t *testing.T) {
	c := newCleaning(t, nil)
	b, err := c.n.Account(bruno)
	require.NoError(t, err)
	for range 2 {
		_, err = b.Send(context.Background(), &pec.Draft{To: pec.Addresses(anna), Subject: "Ancora", Text: "ciao\n"})
		require.NoError(t, err)
	}
	c.n.Settle()
	c.n.Advance(10 * 24 * time.Hour)
	c.archiveAll()
	got, err := c.clean(week)
	require.NoError(t, err)
	require.Equal(t, 4, got.Deleted)
	require.Len(t, c.box.Messages(), 2)
	// Nor is anything deleted by a client that never collected.
	other := client(t, c.n, anna, keep.NewMemory(), c.blobs, nil)
	got, err = other.Clean(context.Background(), c.vault, week, nil)
	require.NoError(t, err)
	require.Zero(t, got)
	require.Len(t, c.box.Messages(), 2)
}

// TestCleanSecondCopy: a copy of a message that was collected and archived is not
// collected by that; it stays until the client has seen it.
func TestCleanSecondCopy(t *testing.T) {
	c := newCleaning(t, nil).archiveAll()
	copied := c.box.Messages()[0]
	_, err := c.box.Append("INBOX", copied.Data, nil, copied.Time)
	require.NoError(t, err)
	got, err := c.clean(week)
	require.NoError(t, err)
	require.Equal(t, 4, got.Deleted)
	require.Len(t, c.box.Messages(), 1)
	_, err = c.client.Collect(context.Background())
	require.NoError(t, err)
	got, err = c.clean(week)
	require.NoError(t, err)
	require.Equal(t, 1, got.Deleted)
}

// TestCleanUnreadableAndUnverified need a word of the rule each.
func TestCleanUnreadableAndUnverified(t *testing.T) {
	odd := [][]byte{[]byte("\x00\xFFno message"), []byte("From: a@mail.test\r\nSubject: ciao\r\n\r\nciao\r\n")}
	n, err := pectest.NewNetwork(nil)
	require.NoError(t, err)
	a, err := n.Account(anna)
	require.NoError(t, err)
	for _, data := range odd {
		_, err := a.Mailbox.Append("INBOX", data, nil, n.Now())
		require.NoError(t, err)
	}
	c := &cleaning{T: t, n: n, box: a.Mailbox, vault: vault{}}
	c.client = client(t, n, anna, keep.NewMemory(), keep.NewMemoryBlobs(), nil)
	_, err = c.client.Collect(context.Background())
	require.NoError(t, err)
	n.Advance(10 * 24 * time.Hour)
	c.archiveAll()
	_, err = c.clean(week)
	require.NoError(t, err)
	require.Equal(t, []pec.Fate{pec.FateUnreadable, pec.FateUnverified}, c.fates())
	rule := week
	rule.Unverified = true
	_, err = c.clean(rule)
	require.NoError(t, err)
	require.Equal(t, []pec.Fate{pec.FateUnreadable, pec.FateDelete}, c.fates())
	rule.Unverified, rule.Unreadable = false, true
	_, err = c.clean(rule)
	require.NoError(t, err)
	require.Equal(t, []pec.Fate{pec.FateDelete}, c.fates())
}

func TestCleanRefuses(t *testing.T) {
	c := newCleaning(t, nil).archiveAll()
	for name, rule := range map[string]pec.CleanRule{
		"no age": {}, "negative age": {OlderThan: -1}, "negative size": {OlderThan: 1, Free: -1}, "other folder": {OlderThan: 1, Folders: []string{"Sent"}},
	} {
		_, err := c.clean(rule)
		require.ErrorIs(t, err, pec.ErrClient, name)
	}
	_, err := c.client.Clean(context.Background(), nil, week, nil)
	require.ErrorIs(t, err, pec.ErrClient)
	require.Len(t, c.box.Messages(), 4)
}

// TestCleanOverIMAP is the whole way over TLS, with a database.
func TestCleanOverIMAP(t *testing.T) {
	r := walk(t, func(p *plan) { p.direct = true; p.client.PageSize = 2 })
	r.send("1", &pec.Draft{To: pec.Addresses(bruno, "nessuno@beta.example"), Subject: "Contratto", Text: "ciao\n"})
	r.collect()
	box := r.account(anna).Mailbox
	require.Len(t, box.Messages(), 3)
	safe := vault{}
	for _, m := range box.Messages() {
		safe[sha256.Sum256(m.Data)] = int64(len(m.Data))
	}
	delete(safe, sha256.Sum256(box.Messages()[1].Data))
	kept := box.Messages()[1].UID
	r.Advance(8 * 24 * time.Hour)
	dry, err := r.client.CleanDry(r.within(), safe, week, nil)
	require.NoError(t, err)
	got, err := r.client.Clean(r.within(), safe, week, nil)
	require.NoError(t, err)
	require.Equal(t, dry, got)
	require.Equal(t, 2, got.Deleted)
	require.Len(t, box.Messages(), 1)
	require.Equal(t, kept, box.Messages()[0].UID)
	require.NoError(t, box.ResetUIDValidity("INBOX"))
	_, err = r.client.Clean(r.within(), safe, week, nil)
	require.ErrorIs(t, err, transport.ErrCursor)
	require.Len(t, box.Messages(), 1)
}
