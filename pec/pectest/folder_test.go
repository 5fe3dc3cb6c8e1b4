package pectest_test

import (
	"bytes"
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/pec"
	"github.com/certmail/certmail/pec/pectest"
)

func TestFolder(t *testing.T) {
	n := network(t, nil)
	a := account(t, n, "anna@alfa.example")
	_, err := a.OpenFolder("none")
	require.ErrorIs(t, err, pectest.ErrNoFolder)
	inbox, err := a.OpenFolder("inbox")
	require.NoError(t, err)
	data := []byte("Subject: x\r\n\r\n")
	for range 3 {
		_, err := inbox.Append(data, []string{`\Seen`}, time.Time{})
		require.NoError(t, err)
	}
	data[0] = '!' // it was copied
	before, all, err := inbox.List()
	require.NoError(t, err)
	require.Equal(t, 3, before.Messages)
	require.True(t, bytes.HasPrefix(all[0].Data, []byte("Subject")))
	require.Equal(t, n.Now(), all[0].Time)

	again, err := inbox.Status()
	require.NoError(t, err)
	require.Equal(t, before, again, "looking is no change")
	require.NoError(t, inbox.ChangeFlags([]uint32{2, 9}, func(old []string) []string { return append(old, "Urgent") }))
	c, err := inbox.CopyTo(pectest.Sent, true, 3, 2, 9)
	require.NoError(t, err)
	require.Equal(t, []uint32{2, 3}, c.From)
	require.Equal(t, []uint32{1, 2}, c.To)
	sent, err := a.List(pectest.Sent)
	require.NoError(t, err)
	require.Equal(t, []string{`\Seen`, "Urgent"}, sent[0].Flags)
	_, err = inbox.CopyTo("none", true, 1)
	require.ErrorIs(t, err, pectest.ErrNoFolder)
	after, all, err := inbox.List()
	require.NoError(t, err)
	require.Len(t, all, 1, "and nothing lost")
	require.Greater(t, after.Changes, before.Changes)

	require.NoError(t, a.ResetUIDValidity(pectest.Inbox))
	_, _, err = inbox.List()
	require.ErrorIs(t, err, pectest.ErrRenumbered)
	require.ErrorIs(t, inbox.Remove(1), pectest.ErrRenumbered)
	require.Len(t, a.Messages(), 1)
}

// A carrier takes its time, and simulated time waits for it.
func TestSettleWaitsForCarriers(t *testing.T) {
	n := network(t, nil)
	n.CarryBy(func(_, _ *pectest.Provider, reversePath string, recipients []string, message []byte) error {
		at := n.Now()
		time.Sleep(20 * time.Millisecond)
		if now := n.Now(); !now.Equal(at) {
			t.Errorf("time went on to %s", now)
		}
		return n.Receive(reversePath, recipients, message)
	})
	send(t, n, "anna@alfa.example", &pec.Draft{To: pec.Addresses("bruno@beta.example"), Subject: "x", Text: "y"})
	n.Settle()
	require.Equal(t, []pec.Kind{pec.KindAcceptance, pec.KindDelivery}, account(t, n, "anna@alfa.example").Kinds())

	begin := n.Now()
	_, err := account(t, n, "bruno@beta.example").Send(context.Background(), &pec.Draft{To: pec.Addresses("anna@alfa.example"), Subject: "x", Text: "y"})
	require.NoError(t, err)
	n.Advance(time.Hour)
	require.Equal(t, []pec.Kind{pec.KindTransport, pec.KindAcceptance, pec.KindDelivery}, account(t, n, "bruno@beta.example").Kinds())
	require.Equal(t, begin.Add(time.Hour), n.Now())
}
