package transporttest_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/transport"
	"github.com/certmail/certmail/transport/memory"
	"github.com/certmail/certmail/transport/transporttest"
)

// quietly is run without what it prints.
func quietly(t *testing.T, test func(*testing.T)) bool {
	null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	require.NoError(t, err)
	defer null.Close()
	defer func(was *os.File) { os.Stdout = was }(os.Stdout)
	os.Stdout = null
	return run(test)
}

// faulty is a mailbox with something wrong.
type faulty struct {
	*memory.Mailbox
	list     func(ctx context.Context, f string, since transport.Cursor, limit int) ([]transport.Item, transport.Cursor, error)
	fetch    func(ctx context.Context, f string, id transport.ID) (io.ReadCloser, error)
	append   func(ctx context.Context, f string, flags []string, at time.Time, r io.Reader, size int64) (transport.ID, error)
	setFlags func(ctx context.Context, f string, id transport.ID, flags []string) error
	move     func(ctx context.Context, f string, id transport.ID, to string) error
	delete   func(ctx context.Context, f string, id transport.ID) error
	wait     func(ctx context.Context, f string, since transport.Cursor) error
	renumber func(f string) error
}

func (b *faulty) List(ctx context.Context, f string, since transport.Cursor, limit int) ([]transport.Item, transport.Cursor, error) {
	return b.list(ctx, f, since, limit)
}
func (b *faulty) Fetch(ctx context.Context, f string, id transport.ID) (io.ReadCloser, error) {
	return b.fetch(ctx, f, id)
}
func (b *faulty) Append(ctx context.Context, f string, flags []string, at time.Time, r io.Reader, size int64) (transport.ID, error) {
	return b.append(ctx, f, flags, at, r, size)
}
func (b *faulty) SetFlags(ctx context.Context, f string, id transport.ID, flags []string) error {
	return b.setFlags(ctx, f, id, flags)
}
func (b *faulty) Move(ctx context.Context, f string, id transport.ID, to string) error {
	return b.move(ctx, f, id, to)
}
func (b *faulty) Delete(ctx context.Context, f string, id transport.ID) error {
	return b.delete(ctx, f, id)
}
func (b *faulty) Wait(ctx context.Context, f string, since transport.Cursor) error {
	return b.wait(ctx, f, since)
}

// changed passes a message through a function.
func (b *faulty) changed(change func([]byte) []byte) {
	b.fetch = func(ctx context.Context, f string, id transport.ID) (io.ReadCloser, error) {
		r, err := b.Mailbox.Fetch(ctx, f, id)
		if err != nil {
			return nil, err
		}
		data, err := io.ReadAll(r)
		return io.NopCloser(bytes.NewReader(change(data))), err
	}
}

func (b *faulty) items(change func([]transport.Item) []transport.Item) {
	b.list = func(ctx context.Context, f string, since transport.Cursor, limit int) ([]transport.Item, transport.Cursor, error) {
		items, next, err := b.Mailbox.List(ctx, f, since, limit)
		return change(items), next, err
	}
}

// TestFaultyMailboxes: the suite notices each of these.
func TestFaultyMailboxes(t *testing.T) {
	bg := context.Background()
	for name, spoil := range map[string]func(*faulty){
		"nothing": func(*faulty) {},
		"reading marks as seen": func(b *faulty) {
			b.fetch = func(ctx context.Context, f string, id transport.ID) (io.ReadCloser, error) {
				_ = b.Mailbox.SetFlags(ctx, f, id, []string{`\Seen`})
				return b.Mailbox.Fetch(ctx, f, id)
			}
		},
		"newest first": func(b *faulty) {
			b.items(func(all []transport.Item) []transport.Item { slices.Reverse(all); return all })
		},
		"wrong size": func(b *faulty) {
			b.items(func(all []transport.Item) []transport.Item {
				for i := range all {
					all[i].Size++
				}
				return all
			})
		},
		"no time": func(b *faulty) {
			b.items(func(all []transport.Item) []transport.Item {
				for i := range all {
					all[i].Time = time.Time{}
				}
				return all
			})
		},
		"pages overlap": func(b *faulty) {
			b.list = func(ctx context.Context, f string, since transport.Cursor, limit int) ([]transport.Item, transport.Cursor, error) {
				items, next, err := b.Mailbox.List(ctx, f, since, limit)
				if len(items) > 1 {
					next = transport.Cursor(items[len(items)-2].ID)
				}
				return items, next, err
			}
		},
		"beyond the limit": func(b *faulty) {
			b.list = func(ctx context.Context, f string, since transport.Cursor, _ int) ([]transport.Item, transport.Cursor, error) {
				return b.Mailbox.List(ctx, f, since, 1000)
			}
		},
		"last byte lost": func(b *faulty) { b.changed(func(d []byte) []byte { return d[:max(0, len(d)-1)] }) },
		"LF becomes CRLF": func(b *faulty) {
			b.changed(func(d []byte) []byte { return bytes.ReplaceAll(d, []byte("\n\n"), []byte("\r\n\r\n")) })
		},
		"8-bit is UTF-8":        func(b *faulty) { b.changed(func(d []byte) []byte { return bytes.ToValidUTF8(d, []byte("?")) }) },
		"NUL is lost":           func(b *faulty) { b.changed(func(d []byte) []byte { return bytes.ReplaceAll(d, []byte{0}, nil) }) },
		"renumbering unnoticed": func(b *faulty) { b.renumber = func(string) error { return nil } },
		"short message filed": func(b *faulty) {
			b.append = func(ctx context.Context, f string, flags []string, at time.Time, r io.Reader, _ int64) (transport.ID, error) {
				data, err := io.ReadAll(r)
				id, err2 := b.Mailbox.Append(ctx, f, flags, at, bytes.NewReader(data), int64(len(data)))
				return id, errors.Join(err, err2)
			}
		},
		"filed twice": func(b *faulty) {
			b.append = func(ctx context.Context, f string, flags []string, at time.Time, r io.Reader, size int64) (transport.ID, error) {
				var copied bytes.Buffer
				id, err := b.Mailbox.Append(ctx, f, flags, at, io.TeeReader(r, &copied), size)
				if err == nil {
					_, err = b.Mailbox.Deliver(f, copied.Bytes())
				}
				return id, err
			}
		},
		"flags are added": func(b *faulty) {
			b.setFlags = func(ctx context.Context, f string, id transport.ID, flags []string) error {
				items, _, err := b.Mailbox.List(ctx, f, "", 1000)
				for _, it := range items {
					if it.ID == id {
						flags = append(slices.Clone(flags), it.Flags...)
					}
				}
				return errors.Join(err, b.Mailbox.SetFlags(ctx, f, id, flags))
			}
		},
		"move copies": func(b *faulty) {
			b.move = func(ctx context.Context, f string, id transport.ID, to string) error {
				r, err := b.Mailbox.Fetch(ctx, f, id)
				if err == nil {
					data, _ := io.ReadAll(r)
					_, err = b.Mailbox.Deliver(to, data)
				}
				return err
			}
		},
		"move loses flags": func(b *faulty) {
			b.move = func(ctx context.Context, f string, id transport.ID, to string) error {
				return errors.Join(b.Mailbox.SetFlags(ctx, f, id, nil), b.Mailbox.Move(ctx, f, id, to))
			}
		},
		"delete expunges all": func(b *faulty) {
			b.delete = func(ctx context.Context, f string, id transport.ID) error {
				err := b.Mailbox.Delete(ctx, f, id)
				items, _, _ := b.Mailbox.List(ctx, f, "", 1000)
				for _, it := range items {
					if err == nil && slices.Contains(it.Flags, `\Deleted`) {
						_ = b.Mailbox.Delete(ctx, f, it.ID)
					}
				}
				return err
			}
		},
		"delete of nothing succeeds": func(b *faulty) {
			b.delete = func(ctx context.Context, f string, id transport.ID) error {
				if err := b.Mailbox.Delete(ctx, f, id); !errors.Is(err, transport.ErrNotFound) {
					return err
				}
				return nil
			}
		},
		"fetch of nothing is empty": func(b *faulty) {
			b.fetch = func(ctx context.Context, f string, id transport.ID) (io.ReadCloser, error) {
				r, err := b.Mailbox.Fetch(ctx, f, id)
				if errors.Is(err, transport.ErrNotFound) {
					return io.NopCloser(strings.NewReader("")), nil
				}
				return r, err
			}
		},
		"waits past the context": func(b *faulty) {
			b.wait = func(_ context.Context, f string, since transport.Cursor) error { return b.Mailbox.Wait(bg, f, since) }
		},
		"waits for other news": func(b *faulty) {
			b.wait = func(ctx context.Context, f string, _ transport.Cursor) error {
				_, end, err := b.Mailbox.List(ctx, f, "", 1000)
				return errors.Join(err, b.Mailbox.Wait(ctx, f, end))
			}
		},
		"context unheard": func(b *faulty) {
			b.move = func(_ context.Context, f string, id transport.ID, to string) error {
				return b.Mailbox.Move(bg, f, id, to)
			}
		},
	} {
		ok := quietly(t, func(t *testing.T) {
			transporttest.Mailbox(t, func(t *testing.T) transporttest.Fixture {
				box := memory.New(nil)
				b := &faulty{box, box.List, box.Fetch, box.Append, box.SetFlags, box.Move, box.Delete, box.Wait, box.Renumber}
				spoil(b)
				patience := 300 * time.Millisecond
				if name == "nothing" {
					patience = time.Minute
				}
				return transporttest.Fixture{
					Mailbox: b, Large: 100_000, Patience: patience,
					Another:  func(*testing.T) transport.Mailbox { return b },
					Renumber: func(t *testing.T, folder string) { require.NoError(t, b.renumber(folder)) },
				}
			})
		})
		require.Equal(t, name == "nothing", ok, name)
	}
}

type sendFunc func(ctx context.Context, m *transport.Message) error

func (f sendFunc) Send(ctx context.Context, m *transport.Message) error { return f(ctx, m) }

// TestFaultySenders: the suite notices each of these.
func TestFaultySenders(t *testing.T) {
	outcome := func(err error) transport.Outcome {
		if e, ok := errors.AsType[*transport.Error](err); ok {
			return e.Outcome
		}
		return 0
	}
	for name, spoil := range map[string]func(transport.Sender) sendFunc{
		"nothing": func(s transport.Sender) sendFunc { return s.Send },
		"tries again": func(s transport.Sender) sendFunc {
			return func(ctx context.Context, m *transport.Message) error {
				err := s.Send(ctx, m)
				if outcome(err) == transport.Deferred {
					err = s.Send(ctx, m)
				}
				return err
			}
		},
		"tries again when uncertain": func(s transport.Sender) sendFunc {
			return func(ctx context.Context, m *transport.Message) error {
				err := s.Send(ctx, m)
				if outcome(err) == transport.Uncertain {
					err = s.Send(ctx, m)
				}
				return err
			}
		},
		"uncertain is deferred": func(s transport.Sender) sendFunc {
			return func(ctx context.Context, m *transport.Message) error {
				err := s.Send(ctx, m)
				if outcome(err) == transport.Uncertain {
					return &transport.Error{Outcome: transport.Deferred, Err: err}
				}
				return err
			}
		},
		"another error": func(s transport.Sender) sendFunc {
			return func(ctx context.Context, m *transport.Message) error {
				if err := s.Send(ctx, m); err != nil {
					return errors.New(err.Error())
				}
				return nil
			}
		},
		"login is any refusal": func(s transport.Sender) sendFunc {
			return func(ctx context.Context, m *transport.Message) error {
				err := s.Send(ctx, m)
				if errors.Is(err, transport.ErrLogin) {
					return &transport.Error{Outcome: transport.Refused, Code: 535}
				}
				return err
			}
		},
		"all of the source": func(s transport.Sender) sendFunc {
			return func(ctx context.Context, m *transport.Message) error {
				c := *m
				if r, ok := m.Source.(*bytes.Reader); ok {
					c.Size = r.Size()
				}
				return s.Send(ctx, &c)
			}
		},
		"dots are lost": func(s transport.Sender) sendFunc {
			return func(ctx context.Context, m *transport.Message) error {
				data, err := io.ReadAll(m.Reader())
				if err != nil {
					return &transport.Error{Outcome: transport.Refused, Err: err}
				}
				data = bytes.ReplaceAll(data, []byte("\r\n.."), []byte("\r\n."))
				return s.Send(ctx, &transport.Message{From: m.From, To: m.To, Source: bytes.NewReader(data), Size: int64(len(data))})
			}
		},
		"one recipient": func(s transport.Sender) sendFunc {
			return func(ctx context.Context, m *transport.Message) error {
				c := *m
				c.To = m.To[:1]
				return s.Send(ctx, &c)
			}
		},
		"context unheard": func(s transport.Sender) sendFunc {
			return func(_ context.Context, m *transport.Message) error { return s.Send(context.Background(), m) }
		},
	} {
		ok := quietly(t, func(t *testing.T) {
			transporttest.Sender(t, func(t *testing.T) transporttest.SenderFixture { return inMemory(spoil) })
		})
		require.Equal(t, name == "nothing", ok, name)
	}
}

func inMemory(spoil func(transport.Sender) sendFunc) transporttest.SenderFixture {
	var before, after error
	var all []memory.Submission
	once := func(err *error) func(context.Context, *transport.Message) error {
		return func(context.Context, *transport.Message) error {
			defer func() { *err = nil }()
			return *err
		}
	}
	s := memory.NewSender(&memory.SenderOptions{Before: once(&before), After: once(&after)})
	strike := func(at *error, err error) func(*testing.T) { return func(*testing.T) { *at = err } }
	return transporttest.SenderFixture{
		Sender: spoil(serial{make(chan bool, 1), s}),
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
		Large:         100_000, Patience: 2 * time.Second,
	}
}

// serial lets one submission through at a time.
type serial struct {
	turn chan bool
	transport.Sender
}

func (s serial) Send(ctx context.Context, m *transport.Message) error {
	s.turn <- true
	defer func() { <-s.turn }()
	return s.Sender.Send(ctx, m)
}

// numbered is a mailbox whose IDs and cursors are plain numbers, as those of a
// table in a database are.
type numbered struct {
	*memory.Mailbox
	mu   sync.Mutex
	full []transport.ID // of number 1 and so on
}

func (b *numbered) in(id transport.ID) transport.ID {
	b.mu.Lock()
	defer b.mu.Unlock()
	if n, err := strconv.Atoi(string(id)); err == nil && strconv.Itoa(n) == string(id) && n > 0 && n <= len(b.full) {
		return b.full[n-1]
	}
	return id
}

func (b *numbered) out(id transport.ID) transport.ID {
	b.mu.Lock()
	defer b.mu.Unlock()
	n := slices.Index(b.full, id)
	if n < 0 {
		n = len(b.full)
		b.full = append(b.full, id)
	}
	return transport.ID(strconv.Itoa(n + 1))
}

func (b *numbered) List(ctx context.Context, f string, since transport.Cursor, limit int) ([]transport.Item, transport.Cursor, error) {
	items, next, err := b.Mailbox.List(ctx, f, transport.Cursor(b.in(transport.ID(since))), limit)
	for i := range items {
		items[i].ID = b.out(items[i].ID)
	}
	if next != "" && err == nil {
		next = transport.Cursor(b.out(transport.ID(next)))
	}
	return items, next, err
}

func (b *numbered) Fetch(ctx context.Context, f string, id transport.ID) (io.ReadCloser, error) {
	return b.Mailbox.Fetch(ctx, f, b.in(id))
}

func (b *numbered) SetFlags(ctx context.Context, f string, id transport.ID, flags []string) error {
	return b.Mailbox.SetFlags(ctx, f, b.in(id), flags)
}

func (b *numbered) Move(ctx context.Context, f string, id transport.ID, to string) error {
	return b.Mailbox.Move(ctx, f, b.in(id), to)
}

func (b *numbered) Delete(ctx context.Context, f string, id transport.ID) error {
	return b.Mailbox.Delete(ctx, f, b.in(id))
}

func (b *numbered) Append(ctx context.Context, f string, flags []string, at time.Time, r io.Reader, size int64) (transport.ID, error) {
	id, err := b.Mailbox.Append(ctx, f, flags, at, r, size)
	if err == nil {
		id = b.out(id)
	}
	return id, err
}

func (b *numbered) Wait(ctx context.Context, f string, since transport.Cursor) error {
	return b.Mailbox.Wait(ctx, f, transport.Cursor(b.in(transport.ID(since))))
}

// TestPlainNumbers: the suite does not take a number that was given out for one
// that was not.
func TestPlainNumbers(t *testing.T) {
	transporttest.Mailbox(t, func(*testing.T) transporttest.Fixture {
		return transporttest.Fixture{Mailbox: &numbered{Mailbox: memory.New(nil)}, Large: 1 << 20}
	})
}
