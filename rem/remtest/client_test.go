package remtest_test

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/outbox"
	"github.com/certmail/certmail/pec"
	"github.com/certmail/certmail/receipt"
	"github.com/certmail/certmail/rem/remtest"
	"github.com/certmail/certmail/store"
	"github.com/certmail/certmail/transport"
	"github.com/certmail/certmail/trust"
)

// remClient is a pec.Client whose mailbox is of REM.
func remClient(t *testing.T, n *remtest.Network, others ...receipt.Reader) (*pec.Client, *outbox.Outbox, *store.Memory) {
	t.Helper()
	a := account(t, n, anna)
	s, b := store.NewMemory(), store.NewMemoryBlobs()
	o, err := outbox.New(outbox.Options{Store: s, Blobs: b, Senders: map[string]transport.Sender{anna: a.Sender()}, Worker: "one", Now: n.Now})
	require.NoError(t, err)
	nobody, err := trust.NewStore(trust.Material{}, nil)
	require.NoError(t, err)
	c, err := pec.NewClient(pec.ClientOptions{
		Account: pec.Account{Address: anna, Host: "localhost", Port: 465, Security: pec.ImplicitTLS}, Store: s, Blobs: b, Outbox: o,
		Mailbox: a.Transport(), Verifier: pec.NewVerifier(nobody, nil), Others: others, Now: n.Now,
	})
	require.NoError(t, err)
	return c, o, s
}

// A client takes receipts of REM in as those of PEC: the outbox, the ledger and
// the store are the same.
func TestClientOverREM(t *testing.T) {
	ctx := context.Background()
	n := network(t, nil)
	v, err := n.Verifier()
	require.NoError(t, err)
	c, o, _ := remClient(t, n, v)
	s, err := c.Send(ctx, "contratto-7", &pec.Draft{To: pec.Addresses(bruno, "nessuno@beta.example"), Subject: "Contratto n. 7", Text: "ciao\n"})
	require.NoError(t, err)
	_, err = o.Drain(ctx)
	require.NoError(t, err)
	n.Settle()

	got, err := c.Collect(ctx)
	require.NoError(t, err)
	require.NotZero(t, got.New)
	require.Zero(t, got.Unreadable)
	m, err := c.Status(ctx, s.Sent.MessageID)
	require.NoError(t, err)
	require.Equal(t, []receipt.Status{receipt.StatusDelivered, receipt.StatusFailed}, []receipt.Status{m.Recipients[0].Status, m.Recipients[1].Status})
	require.True(t, m.Recipients[0].Verified)
	for _, p := range m.Recipients[0].Proofs {
		require.Equal(t, receipt.Valid, p.Verdict)
		require.Equal(t, receipt.ContentSame, p.Content, "the digest in the evidence is that of the message as the service rewrote it")
	}
}

// Without a reader of REM its receipts are kept as mail and prove nothing.
func TestClientWithoutReader(t *testing.T) {
	ctx := context.Background()
	n := network(t, nil)
	c, o, _ := remClient(t, n)
	s, err := c.Send(ctx, "contratto-7", &pec.Draft{To: pec.Addresses(bruno), Subject: "Contratto n. 7"})
	require.NoError(t, err)
	_, err = o.Drain(ctx)
	require.NoError(t, err)
	n.Settle()
	got, err := c.Collect(ctx)
	require.NoError(t, err)
	require.NotZero(t, got.Messages)
	require.Zero(t, got.New)
	m, err := c.Status(ctx, s.Sent.MessageID)
	require.NoError(t, err)
	require.Equal(t, receipt.StatusSubmitted, m.Recipients[0].Status)
}

// A connection that dies behind the final dot leaves a submission uncertain,
// and the service's own receipt resolves it, as with PEC.
func TestClientUncertainOverREM(t *testing.T) {
	ctx := context.Background()
	n := network(t, nil)
	v, err := n.Verifier()
	require.NoError(t, err)
	require.NoError(t, n.AddFault(remtest.Fault{Kind: remtest.CutAfterDot, Times: 1}))
	c, o, s := remClient(t, n, v)
	sent, err := c.Send(ctx, "contratto-8", &pec.Draft{To: pec.Addresses(bruno), Subject: "Contratto n. 8"})
	require.NoError(t, err)
	_, err = o.Drain(ctx)
	require.NoError(t, err)
	before, err := s.Submission(ctx, anna, "contratto-8")
	require.NoError(t, err)
	require.Equal(t, store.Uncertain, before.State)
	n.Settle()
	got, err := c.Collect(ctx)
	require.NoError(t, err)
	require.Equal(t, 1, got.Resolved)
	after, err := s.Submission(ctx, anna, "contratto-8")
	require.NoError(t, err)
	require.Equal(t, store.Sent, after.State)
	m, err := c.Status(ctx, sent.Sent.MessageID)
	require.NoError(t, err)
	require.Equal(t, receipt.Green, m.Light)
	require.False(t, strings.Contains(m.Recipients[0].Explanation, "PEC"))
}
