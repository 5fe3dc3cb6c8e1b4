package memory_test

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

	"github.com/certmail/certmail/transport"
	"github.com/certmail/certmail/transport/memory"
	"github.com/certmail/certmail/transport/transporttest"
)

func TestMailbox(t *testing.T) {
	transporttest.Mailbox(t, func(t *testing.T) transporttest.Fixture {
		box := memory.New(nil)
		return transporttest.Fixture{
			Mailbox:  box,
			Another:  func(*testing.T) transport.Mailbox { return box },
			ReadOnly: func(*testing.T) transport.Mailbox { return box.ReadOnly() },
			Deliver: func(t *testing.T, folder string, message []byte) {
				_, err := box.Deliver(folder, message)
				require.NoError(t, err)
			},
			Renumber: func(t *testing.T, folder string) { require.NoError(t, box.Renumber(folder)) },
		}
	})
}

func TestSender(t *testing.T) {
	transporttest.Sender(t, func(t *testing.T) transporttest.SenderFixture {
		var before, after func(ctx context.Context) error
		once := func(hook *func(context.Context) error) func(context.Context, *transport.Message) error {
			return func(ctx context.Context, _ *transport.Message) error {
				if do := *hook; do != nil {
					*hook = nil
					return do(ctx)
				}
				return nil
			}
		}
		strike := func(hook *func(context.Context) error, err error) func(*testing.T) {
			return func(*testing.T) { *hook = func(context.Context) error { return err } }
		}
		s := memory.NewSender(&memory.SenderOptions{Before: once(&before), After: once(&after)})
		var all []memory.Submission
		return transporttest.SenderFixture{
			Sender: s,
			Taken: func(*testing.T) (taken []transport.Message) {
				all = append(all, s.Take()...)
				for _, sub := range all {
					taken = append(taken, transport.Message{From: sub.From, To: sub.To, Source: bytes.NewReader(sub.Data), Size: int64(len(sub.Data))})
				}
				return taken
			},
			RefuseForGood: strike(&before, &transport.Error{Outcome: transport.Refused, Code: 550}),
			RefuseForNow:  strike(&before, &transport.Error{Outcome: transport.Deferred, Code: 451}),
			RefuseLogin:   strike(&before, &transport.Error{Outcome: transport.Refused, Code: 535, Err: transport.ErrLogin}),
			CutBeforeDot:  strike(&before, io.ErrUnexpectedEOF),
			CutAfterDot:   strike(&after, io.ErrUnexpectedEOF),
			Stall:         func(*testing.T) { after = func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() } },
		}
	})
}

func TestBounds(t *testing.T) {
	ctx := context.Background()
	box := memory.New(&memory.Options{MaxBytes: 10, MaxMessages: 2})
	id, err := box.Deliver("INBOX", []byte("12345678"))
	require.NoError(t, err)
	_, err = box.Append(ctx, "Sent", nil, time.Time{}, strings.NewReader("123"), 3)
	require.ErrorIs(t, err, memory.ErrFull)
	_, err = box.Append(ctx, "Sent", nil, time.Time{}, strings.NewReader(""), 1<<40)
	require.ErrorIs(t, err, memory.ErrFull)
	_, err = box.Append(ctx, "Sent", nil, time.Time{}, strings.NewReader(""), -1)
	require.Error(t, err)
	_, err = box.Append(ctx, "Sent", nil, time.Time{}, strings.NewReader("12"), 2)
	require.NoError(t, err)
	_, err = box.Deliver("INBOX", nil)
	require.ErrorIs(t, err, memory.ErrFull)
	require.NoError(t, box.Move(ctx, "INBOX", id, "Sent"))
	items, _, err := box.List(ctx, "Sent", "", 10)
	require.NoError(t, err)
	require.NoError(t, box.Delete(ctx, "Sent", items[1].ID))
	_, err = box.Deliver("INBOX", []byte("1234"))
	require.NoError(t, err)

	s := memory.NewSender(&memory.SenderOptions{MaxBytes: 10, MaxMessages: 1})
	send := func(text string) error {
		return s.Send(ctx, &transport.Message{Source: strings.NewReader(text), Size: int64(len(text))})
	}
	require.NoError(t, send("1234"))
	e, ok := errors.AsType[*transport.Error](send("1"))
	require.True(t, ok)
	require.Equal(t, transport.Deferred, e.Outcome)
	require.Len(t, s.Take(), 1)
	require.NoError(t, send("1"))
	e, _ = errors.AsType[*transport.Error](send("12345678901"))
	require.Equal(t, transport.Refused, e.Outcome)
	require.ErrorIs(t, s.Send(ctx, &transport.Message{Source: strings.NewReader("1"), Size: 2}), io.ErrUnexpectedEOF)
}

func TestBefore(t *testing.T) {
	ctx := context.Background()
	broken := errors.New("broken")
	var calls []memory.Call
	clock := time.Date(2026, 3, 2, 9, 30, 0, 0, time.UTC)
	box := memory.New(&memory.Options{Folders: []string{"A"}, Clock: func() time.Time { return clock }, Before: func(_ context.Context, c memory.Call) error {
		if calls = append(calls, c); len(calls) == 1 {
			return broken
		}
		return nil
	}})
	_, err := box.Deliver("A", nil)
	require.NoError(t, err)
	_, _, err = box.List(ctx, "A", "", 1)
	require.ErrorIs(t, err, broken)
	items, _, err := box.List(ctx, "A", "", 1)
	require.NoError(t, err)
	require.Equal(t, clock, items[0].Time)
	require.NoError(t, box.SetFlags(ctx, "A", items[0].ID, nil))
	require.Equal(t, []memory.Call{{Name: "List", Folder: "A"}, {Name: "List", Folder: "A"}, {Name: "SetFlags", Folder: "A", ID: items[0].ID}}, calls)
	_, _, err = box.List(ctx, "INBOX", "", 1)
	require.ErrorIs(t, err, transport.ErrNotFound)
}

func ExampleMailbox() {
	ctx := context.Background()
	box := memory.New(nil)
	_, _ = box.Deliver("INBOX", []byte("Subject: prova\r\n\r\nciao\r\n"))

	items, cursor, err := box.List(ctx, "INBOX", "", 100)
	fmt.Println(len(items), err)
	_, again, _ := box.List(ctx, "INBOX", cursor, 100)
	fmt.Println(cursor == again)
	// Output:
	// 1 <nil>
	// true
}

func ExampleSender() {
	// A provider whose answer is lost once.
	lost := false
	s := memory.NewSender(&memory.SenderOptions{After: func(context.Context, *transport.Message) error {
		if !lost {
			lost = true
			return io.ErrUnexpectedEOF
		}
		return nil
	}})
	const text = "Subject: prova\r\n\r\nciao\r\n"
	m := &transport.Message{From: "anna@alfa.example", To: []string{"bruno@beta.example"}, Source: strings.NewReader(text), Size: int64(len(text))}
	fmt.Println(s.Send(context.Background(), m))
	fmt.Println(len(s.Take()), "taken")
	// Output:
	// transport: uncertain: unexpected EOF
	// 1 taken
}
