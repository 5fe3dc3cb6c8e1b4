package pec_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/outbox"
	"github.com/certmail/certmail/pec"
	"github.com/certmail/certmail/pec/pectest"
	"github.com/certmail/certmail/receipt"
	keep "github.com/certmail/certmail/store"
	"github.com/certmail/certmail/transport"
)

const (
	anna  = "anna@alfa.example"
	bruno = "bruno@beta.example"
)

// client is a Client of an account of a network, over a keep.
func client(t *testing.T, n *pectest.Network, address string, s keep.Store, b keep.Blobs, change func(*pec.ClientOptions)) *pec.Client {
	t.Helper()
	a, err := n.Account(address)
	require.NoError(t, err)
	o, err := outbox.New(outbox.Options{Store: s, Blobs: b, Senders: map[string]transport.Sender{address: a.Sender()}, Worker: "one", Now: n.Now})
	require.NoError(t, err)
	opt := pec.ClientOptions{
		Account: pec.Account{Address: address, Host: "localhost", Port: 465, Security: pec.ImplicitTLS}, Store: s, Blobs: b, Outbox: o,
		Mailbox: a.Transport(), Verifier: n.Verifier(), Now: n.Now, Poll: time.Millisecond,
	}
	if change != nil {
		change(&opt)
	}
	c, err := pec.NewClient(opt)
	require.NoError(t, err)
	return c
}

func drain(t *testing.T, n *pectest.Network, address string, s keep.Store, b keep.Blobs) {
	t.Helper()
	a, err := n.Account(address)
	require.NoError(t, err)
	o, err := outbox.New(outbox.Options{Store: s, Blobs: b, Senders: map[string]transport.Sender{address: a.Sender()}, Worker: "drain", Now: n.Now})
	require.NoError(t, err)
	_, err = o.Drain(context.Background())
	require.NoError(t, err)
}

func TestClientRoundTrip(t *testing.T) {
	ctx := context.Background()
	n, err := pectest.NewNetwork(nil)
	require.NoError(t, err)
	s, b := keep.NewMemory(), keep.NewMemoryBlobs()
	c := client(t, n, anna, s, b, nil)
	d := &pec.Draft{To: pec.Addresses(bruno, "nessuno@beta.example", "ditta@mail.test"), Subject: "Contratto n. 7", Text: "ciao\n"}
	first, err := c.Send(ctx, "contratto-7", d)
	require.NoError(t, err)
	again, err := c.Send(ctx, "contratto-7", &pec.Draft{})
	require.NoError(t, err)
	require.Equal(t, first, again, "the key decides, whatever the draft")

	m, err := c.StatusOf(ctx, "contratto-7")
	require.NoError(t, err)
	require.Equal(t, receipt.StatusSubmitted, m.Recipients[0].Status)

	drain(t, n, anna, s, b)
	n.Settle()
	got, err := c.Collect(ctx)
	require.NoError(t, err)
	require.Equal(t, 3, got.Messages)
	require.Len(t, got.Events, 3)
	m, err = c.Status(ctx, first.Sent.MessageID)
	require.NoError(t, err)
	require.Equal(t, []receipt.Status{receipt.StatusDelivered, receipt.StatusFailed, receipt.StatusExternal},
		[]receipt.Status{m.Recipients[0].Status, m.Recipients[1].Status, m.Recipients[2].Status})
	require.True(t, m.Recipients[0].Verified)

	none, err := c.Collect(ctx)
	require.NoError(t, err)
	require.Zero(t, none.Messages)
	_, err = c.Status(ctx, "unknown@pc.alfa.example")
	require.ErrorIs(t, err, keep.ErrNotFound)
}

// TestClientRunWithoutMailbox says so, and does not try for ever.
func TestClientRunWithoutMailbox(t *testing.T) {
	n, err := pectest.NewNetwork(nil)
	require.NoError(t, err)
	c := client(t, n, anna, keep.NewMemory(), keep.NewMemoryBlobs(), func(o *pec.ClientOptions) { o.Mailbox = nil })
	require.ErrorIs(t, c.Run(context.Background(), time.Hour, nil), pec.ErrClient)
}

// TestClientWatch goes on where it stopped, and nothing comes twice.
func TestClientWatch(t *testing.T) {
	n, err := pectest.NewNetwork(nil)
	require.NoError(t, err)
	s, b := keep.NewMemory(), keep.NewMemoryBlobs()
	c := client(t, n, anna, s, b, nil)
	for i := range 3 {
		_, err := c.Send(context.Background(), fmt.Sprint(i), &pec.Draft{To: pec.Addresses(bruno), Subject: "Contratto"})
		require.NoError(t, err)
	}
	drain(t, n, anna, s, b)
	n.Settle()
	_, err = c.Collect(context.Background())
	require.NoError(t, err)
	var seen []int64
	for len(seen) < 6 { // as if the program was restarted after every second event
		after := int64(0)
		if len(seen) > 0 {
			after = seen[len(seen)-1]
		}
		some := 0
		for e, err := range c.Watch(context.Background(), after) {
			require.NoError(t, err)
			require.NotContains(t, seen, e.Seq)
			seen = append(seen, e.Seq)
			if some++; some == 2 {
				break
			}
		}
	}
	require.True(t, slices.IsSorted(seen))
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	for _, err := range c.Watch(ctx, seen[5]) {
		require.ErrorIs(t, err, context.DeadlineExceeded)
	}
}

// TestClientOverdue: of a message without receipts, and of no other.
func TestClientOverdue(t *testing.T) {
	n, err := pectest.NewNetwork(&pectest.NetworkOptions{Faults: []pectest.Fault{{Kind: pectest.Lose, Message: pec.KindAcceptance, Times: 1}, {Kind: pectest.Lose, Message: pec.KindDelivery, Times: 1}}})
	require.NoError(t, err)
	s, b := keep.NewMemory(), keep.NewMemoryBlobs()
	c := client(t, n, anna, s, b, nil)
	for i := range 2 {
		_, err := c.Send(context.Background(), fmt.Sprint(i), &pec.Draft{To: pec.Addresses(bruno), Subject: "Contratto"})
		require.NoError(t, err)
		drain(t, n, anna, s, b)
		n.Settle()
	}
	_, err = c.Collect(context.Background())
	require.NoError(t, err)
	n.Advance(3 * time.Hour)
	var late []string
	for m, err := range c.Overdue(context.Background()) {
		require.NoError(t, err)
		late = append(late, m.MessageID)
	}
	first, err := s.Submission(context.Background(), anna, "0")
	require.NoError(t, err)
	require.Equal(t, []string{first.Sent.MessageID}, late)
}

// TestClientCollectsEverything: what cannot be read is kept and stops nothing;
// a hook that fails stops there and gets the message again; renumbered folders
// are read again without a double event.
func TestClientCollectsEverything(t *testing.T) {
	ctx := context.Background()
	n, err := pectest.NewNetwork(nil)
	require.NoError(t, err)
	box, err := n.Mailbox(anna)
	require.NoError(t, err)
	s, b := keep.NewMemory(), keep.NewMemoryBlobs()
	fail := errors.New("the caller's disk is full")
	var got []pec.Kind
	c := client(t, n, anna, s, b, func(o *pec.ClientOptions) {
		o.PageSize = 2
		o.Received = func(_ context.Context, in *pec.Incoming) error {
			if fail != nil && len(got) == 3 {
				return fail
			}
			kind := pec.KindUnknown
			if in.Message != nil {
				kind = in.Message.Kind
				require.NotNil(t, in.Report)
			} else {
				require.Error(t, in.Err)
			}
			got = append(got, kind)
			return nil
		}
	})
	for _, data := range []string{"\r\n", "no mail at all", "From: x@mail.test\r\nSubject: ciao\r\n\r\nciao\r\n"} {
		_, err := box.Append("INBOX", []byte(data), nil, time.Time{})
		require.NoError(t, err)
	}
	_, err = c.Send(ctx, "1", &pec.Draft{To: pec.Addresses(bruno), Subject: "Contratto"})
	require.NoError(t, err)
	drain(t, n, anna, s, b)
	n.Settle()
	_, err = c.Collect(ctx)
	require.ErrorIs(t, err, fail)
	fail = nil
	all, err := c.Collect(ctx)
	require.NoError(t, err)
	require.Equal(t, 3, all.Messages, "the page that was stopped is taken in as a whole")
	bad, err := s.Unreadable(ctx, anna)
	require.NoError(t, err)
	require.Len(t, bad, 2)
	for _, m := range bad {
		r, err := b.Open(ctx, m.SHA256)
		require.NoError(t, err)
		data, err := io.ReadAll(r)
		require.NoError(t, err)
		require.Len(t, data, int(m.Size), "kept as it came")
	}
	events, err := s.Events(ctx, anna, 0, 100)
	require.NoError(t, err)
	require.Len(t, events, 2)

	require.NoError(t, box.ResetUIDValidity("INBOX"))
	all, err = c.Collect(ctx)
	require.NoError(t, err)
	require.Equal(t, 5, all.Messages)
	require.Empty(t, all.Events, "known already")
}

// TestClientAgainstNetwork drives random faults over many messages: the
// statuses are what the network knows the sender was told, and nothing was
// sent twice.
func TestClientAgainstNetwork(t *testing.T) {
	ctx := context.Background()
	for seed := range uint64(25) {
		r := rand.New(rand.NewPCG(seed, 3))
		n, err := pectest.NewNetwork(nil)
		require.NoError(t, err)
		for range r.IntN(5) {
			kinds := []pectest.FaultKind{pectest.Lose, pectest.Duplicate, pectest.Delay, pectest.Reorder, pectest.CutAfterDot, pectest.CutBeforeDot, pectest.RefuseForNow, pectest.ResetUIDValidity, pectest.RefuseTransfer}
			require.NoError(t, n.AddFault(pectest.Fault{Kind: kinds[r.IntN(len(kinds))], Skip: r.IntN(3), Times: 1 + r.IntN(2), For: time.Duration(1+r.IntN(30)) * time.Hour}))
		}
		s, b := keep.NewMemory(), keep.NewMemoryBlobs()
		c := client(t, n, anna, s, b, func(o *pec.ClientOptions) { o.PageSize = 1 + r.IntN(3) })
		for i := range 8 {
			_, err := c.Send(ctx, fmt.Sprint(i), &pec.Draft{To: pec.Addresses([]string{bruno, "nessuno@beta.example", "ditta@mail.test"}[r.IntN(3)]), Subject: "Contratto"})
			require.NoError(t, err)
			if r.IntN(2) == 0 {
				drain(t, n, anna, s, b)
				n.Settle()
				_, err := c.Collect(ctx)
				require.NoError(t, err)
			}
		}
		for range 40 {
			drain(t, n, anna, s, b)
			n.Advance(2 * time.Hour)
			_, err := c.Collect(ctx)
			require.NoError(t, err)
		}
		sent := map[string]int{}
		for _, o := range n.Outcomes() {
			sent[o.MessageID]++
			require.Equal(t, 1, sent[o.MessageID], "sent twice, seed %d", seed)
			m, err := c.Status(ctx, o.MessageID)
			require.NoError(t, err)
			delivered := slices.ContainsFunc(o.Recipients[0].Told, func(t pectest.Told) bool { return t.Kind == pec.KindDelivery })
			require.Equal(t, delivered, m.Recipients[0].Status == receipt.StatusDelivered, "seed %d: %s: %s", seed, m.Recipients[0].Status, m.Recipients[0].Explanation)
		}
		list, err := s.Submissions(ctx, keep.Filter{Account: anna})
		require.NoError(t, err)
		require.Len(t, list, 8)
		for _, sub := range list {
			if sub.State == keep.Uncertain {
				o := slices.IndexFunc(n.Outcomes(), func(o pectest.Outcome) bool { return o.MessageID == sub.Sent.MessageID })
				require.True(t, o < 0 || len(n.Outcomes()[o].Told) == 0 && len(n.Outcomes()[o].Recipients[0].Told) == 0, "a receipt should have resolved it")
				continue
			}
			require.Equal(t, keep.Sent, sub.State)
			require.Equal(t, 1, sent[sub.Sent.MessageID])
		}
	}
}

// TestClientSendAll: a mailing of a template, interrupted and run again.
func TestClientSendAll(t *testing.T) {
	ctx := context.Background()
	n, err := pectest.NewNetwork(nil)
	require.NoError(t, err)
	s, b := keep.NewMemory(), keep.NewMemoryBlobs()
	c := client(t, n, anna, s, b, nil)
	letters := func(yield func(string, *pec.Draft) bool) {
		for i := range 300 {
			to := bruno
			switch {
			case i == 7:
				to = "not an address"
			case i%10 == 3:
				to = "nessuno@beta.example"
			}
			if !yield(fmt.Sprint("letter ", i), &pec.Draft{To: pec.Addresses(to), Subject: fmt.Sprint("Avviso n. ", i), Text: "Gentile cliente, …\n"}) {
				return
			}
		}
	}
	seen := 0
	p, err := c.SendAll(ctx, letters, func(pec.Progress) bool { seen++; return seen < 25 })
	require.NoError(t, err)
	require.Equal(t, 25, p.Queued+p.Known+p.Faulty)
	var faults []string
	p, err = c.SendAll(ctx, letters, func(p pec.Progress) bool {
		if p.Err != nil {
			faults = append(faults, p.Key)
		}
		return true
	})
	require.NoError(t, err)
	require.Equal(t, []int{44, 255, 1}, []int{p.Queued, p.Known, p.Faulty})
	require.Equal(t, []string{"letter 7"}, faults)
	drain(t, n, anna, s, b)
	n.Settle()
	_, err = c.Collect(ctx)
	require.NoError(t, err)
	require.Len(t, n.Outcomes(), 299, "each once")
	failed := 0
	for a, err := range c.Anomalies(ctx) {
		require.NoError(t, err)
		require.Equal(t, receipt.StatusFailed, a.Status)
		require.Contains(t, a.Why, "5.1.1")
		failed++
	}
	require.Equal(t, 30, failed)
}
