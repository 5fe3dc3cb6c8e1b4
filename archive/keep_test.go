package archive_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/archive"
	"github.com/certmail/certmail/pec/pectest"
	"github.com/certmail/certmail/trust"
)

func TestKeep_MailboxThenTransaction(t *testing.T) {
	n, err := pectest.NewNetwork(nil)
	require.NoError(t, err)
	anna, err := n.Account("anna@alfa.example")
	require.NoError(t, err)
	for i := range 3 {
		_, err = anna.Send(t.Context(), draftTo(fmt.Sprint("Contratto ", i)))
		require.NoError(t, err)
	}
	n.Settle()
	box, err := n.Mailbox("anna@alfa.example")
	require.NoError(t, err)
	mail := map[string][]byte{}
	for i, m := range box.Messages() {
		mail[fmt.Sprint(i)] = m.Data
	}
	require.Len(t, mail, 6)
	dir := t.TempDir()
	o := &archive.KeepOptions{Capture: archive.CaptureOptions{Now: n.Now, Trust: n.Store()}, Workers: 2}
	folders, known := map[string]int{}, 0
	o.Done = func(k archive.Kept) error {
		folders[filepath.Dir(k.Path)]++
		if k.Known {
			known++
		}
		return nil
	}
	require.NoError(t, archive.Keep(t.Context(), dir, mails(mail), o))
	require.Len(t, folders, 3)
	require.Zero(t, known)
	require.NoError(t, archive.Keep(t.Context(), dir, mails(mail), o))
	require.Equal(t, 6, known)
	for folder := range folders {
		g, err := archive.Gather(t.Context(), filepath.Join(dir, folder), nil)
		require.NoError(t, err)
		defer g.Close()
		require.Len(t, g.Items, 2)
		name := filepath.Join(t.TempDir(), "tx")
		require.NoError(t, archive.Write(t.Context(), name, g.Transaction, &archive.Options{Format: archive.BagIt}))
		m, err := n.Material()
		require.NoError(t, err)
		v := verified(t, name, &archive.VerifyOptions{Now: n.Now().AddDate(10, 0, 0), Trust: m})
		require.Equal(t, trust.Valid, v.Verdict, describe(v))
		require.Len(t, v.Items, 2)
	}
	stop := fmt.Errorf("stop")
	o.Done = func(archive.Kept) error { return stop }
	require.ErrorIs(t, archive.Keep(t.Context(), dir, mails(mail), o), stop)
}

func TestNames(t *testing.T) {
	at := time.Date(2026, 1, 15, 10, 30, 0, 0, time.FixedZone("", 3600))
	require.Equal(t, "20260115T093000Z_consegna_9f86d081884c", archive.ItemName(at, "avvenuta-consegna", "9f86d081884c"))
	require.Equal(t, "19700101T000000Z_altro_"+strings.Repeat("a", 24), archive.ItemName(time.Time{}, "../x", strings.Repeat("a", 64)))
	w := newWorld(t)
	for _, name := range []string{"a/b", "..", "CON", "con.x", ".a", "a b", "è", strings.Repeat("a", 101), "a."} {
		it := capture(t, []byte("a: b\r\n\r\n"), w.options(false))
		it.Name = name
		require.ErrorIs(t, archive.Write(t.Context(), filepath.Join(t.TempDir(), "p"), &archive.Transaction{Items: []*archive.Item{it}}, nil), archive.ErrItem, name)
	}
}
