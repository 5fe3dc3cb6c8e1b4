package pectest_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/pec/pectest"
	"github.com/certmail/certmail/transport"
)

func outgoing(from string, to ...string) *transport.Message {
	data := plain(from, strings.Join(to, ", "))
	return &transport.Message{From: from, To: to, Source: bytes.NewReader(data), Size: int64(len(data))}
}

// TestSenderOutcomes: each fault of a submission has its outcome.
func TestSenderOutcomes(t *testing.T) {
	for kind, want := range map[pectest.FaultKind]*transport.Error{
		"":                    nil,
		pectest.RefuseForNow:  {Outcome: transport.Deferred, Code: 451},
		pectest.RefuseForGood: {Outcome: transport.Refused, Code: 550},
		pectest.RefuseLogin:   {Outcome: transport.Refused, Code: 535},
		pectest.CutBeforeDot:  {Outcome: transport.Uncertain},
		pectest.CutAfterDot:   {Outcome: transport.Uncertain},
		pectest.Slow:          {Outcome: transport.Uncertain},
	} {
		n := network(t, nil)
		if kind != "" {
			require.NoError(t, n.AddFault(pectest.Fault{Kind: kind, For: hour}))
		}
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Millisecond)
		err := account(t, n, anna).Sender().Send(ctx, outgoing(anna, bruno))
		cancel()
		n.Settle()
		if want == nil {
			require.NoError(t, err)
			continue
		}
		got, ok := errors.AsType[*transport.Error](err)
		require.True(t, ok, "%s: %v", kind, err)
		require.Equal(t, want.Outcome, got.Outcome, kind)
		require.Equal(t, want.Code, got.Code, kind)
		require.Equal(t, kind == pectest.RefuseLogin, errors.Is(err, transport.ErrLogin))
		require.Equal(t, kind == pectest.CutAfterDot, len(n.Outcomes()) == 1, "only behind the dot was it taken")
	}
}

func TestMailboxTransport(t *testing.T) {
	ctx := context.Background()
	n := network(t, nil)
	box := account(t, n, anna).Transport()
	none, start, err := box.List(ctx, "INBOX", "", 10)
	require.NoError(t, err)
	require.Empty(t, none)

	waited := make(chan error, 1)
	go func() { waited <- box.Wait(ctx, "inbox", start) }()
	require.NoError(t, account(t, n, anna).Sender().Send(ctx, outgoing(anna, bruno, "carla@beta.example")))
	n.Settle()
	require.NoError(t, <-waited)

	first, cursor, err := box.List(ctx, "INBOX", start, 2)
	require.NoError(t, err)
	require.Len(t, first, 2)
	rest, end, err := box.List(ctx, "INBOX", cursor, 10)
	require.NoError(t, err)
	require.Len(t, rest, 1)
	again, same, err := box.List(ctx, "INBOX", end, 10)
	require.NoError(t, err)
	require.Empty(t, again)
	require.Equal(t, end, same)

	r, err := box.Fetch(ctx, "INBOX", first[0].ID)
	require.NoError(t, err)
	data, err := io.ReadAll(r)
	require.NoError(t, err)
	require.Equal(t, inbox(t, n, anna)[0].Data, data)
	require.Empty(t, inbox(t, n, anna)[0].Flags, "reading changes nothing")

	require.NoError(t, box.SetFlags(ctx, "INBOX", first[0].ID, []string{`\Seen`}))
	require.Equal(t, []string{`\Seen`}, inbox(t, n, anna)[0].Flags)
	id, err := box.Append(ctx, "Sent", nil, at(9, 0, 0), bytes.NewReader(data), int64(len(data)))
	require.NoError(t, err)
	require.NoError(t, box.Delete(ctx, "Sent", id))
	require.NoError(t, box.Move(ctx, "INBOX", first[1].ID, "Sent"))
	moved, _, err := box.List(ctx, "Sent", "", 10)
	require.NoError(t, err)
	require.Len(t, moved, 1)
	require.Len(t, inbox(t, n, anna), 2)

	for _, err := range []error{
		box.Delete(ctx, "INBOX", first[1].ID), box.Delete(ctx, "INBOX", ""), box.Delete(ctx, "INBOX", "x"), box.Move(ctx, "INBOX", first[0].ID, "Nowhere"),
		box.SetFlags(ctx, "Nowhere", first[0].ID, nil),
	} {
		require.ErrorIs(t, err, transport.ErrNotFound)
	}
	_, err = box.Append(ctx, "Sent", nil, time.Time{}, strings.NewReader("short"), 10)
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)

	real, err := n.Mailbox(anna)
	require.NoError(t, err)
	require.NoError(t, real.ResetUIDValidity(pectest.Inbox))
	_, _, err = box.List(ctx, "INBOX", end, 10)
	require.ErrorIs(t, err, transport.ErrCursor)
	_, err = box.Fetch(ctx, "INBOX", first[0].ID)
	require.ErrorIs(t, err, transport.ErrCursor)
	all, _, err := box.List(ctx, "INBOX", "", 10)
	require.NoError(t, err)
	require.Len(t, all, 2)

	short, cancel := context.WithTimeout(ctx, 10*time.Millisecond)
	defer cancel()
	_, end, _ = box.List(ctx, "INBOX", "", 10)
	require.ErrorIs(t, box.Wait(short, "INBOX", end), context.DeadlineExceeded)
}

func ExampleAccount_Sender() {
	n, err := pectest.NewNetwork(nil)
	if err != nil {
		panic(err)
	}
	anna, err := n.Account("anna@alfa.example")
	if err != nil {
		panic(err)
	}
	var s transport.Sender = anna.Sender() // what the program under test is given
	fmt.Println(s.Send(context.Background(), outgoing("anna@alfa.example", "bruno@beta.example")))
	n.Settle()
	fmt.Println(anna.Kinds())
	// Output:
	// <nil>
	// [accettazione avvenuta-consegna]
}
