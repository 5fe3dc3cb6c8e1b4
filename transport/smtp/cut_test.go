package smtp_test

import (
	"context"
	"errors"
	"io"
	"math"
	"net"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/transport"
	"github.com/certmail/certmail/transport/smtp"
)

var errCut = errors.New("cut")

// frail is a connection that breaks when so many bytes were written or read.
type frail struct {
	net.Conn
	writes, reads *atomic.Int64
	// late breaks only behind a write that took everything.
	late bool
}

func (c *frail) Write(p []byte) (int, error) {
	left := c.writes.Add(-int64(len(p))) + int64(len(p))
	if left >= int64(len(p)) {
		n, err := c.Conn.Write(p)
		if c.late && left == int64(len(p)) && err == nil {
			err = errCut
		}
		return n, err
	}
	n, _ := c.Conn.Write(p[:max(left, 0)])
	_ = c.Conn.(*net.TCPConn).CloseWrite()
	c.reads.Store(0)
	return n, errCut
}

func (c *frail) Read(p []byte) (int, error) {
	left := c.reads.Load()
	if left <= 0 {
		return 0, errCut
	}
	n, err := c.Conn.Read(p[:min(int64(len(p)), left)])
	c.reads.Add(-int64(n))
	return n, err
}

// trial sends a message over a line that breaks, and tells what the client
// knows, what the server took, and how many bytes went to and fro.
func trial(t testing.TB, text string, writes, reads int64, late bool) (taken []string, wrote, read int64, err error) {
	f := newFake(t, nil)
	opt := f.options()
	var w, r atomic.Int64
	w.Store(writes)
	r.Store(reads)
	opt.Dial = func(ctx context.Context, network, _ string) (net.Conn, error) {
		c, err := new(net.Dialer).DialContext(ctx, network, f.Addr().String())
		return &frail{c, &w, &r, late}, err
	}
	s, nerr := smtp.New(opt)
	require.NoError(t, nerr)
	err = s.Send(context.Background(), message(anna, []string{bruno, carla}, text))
	wrote, read = writes-w.Load(), reads-r.Load()
	require.NoError(t, s.Close())
	f.Listener.Close()
	f.peers.Wait() // until the server has seen all of it
	_, _, taken = f.state()
	return taken, wrote, read, err
}

// agree checks what must hold wherever a line breaks: what is said to be
// accepted is, what is said not to be is not, and it comes byte for byte.
func agree(t testing.TB, err error, taken []string, text string) {
	t.Helper()
	require.LessOrEqual(t, len(taken), 1)
	for _, s := range taken {
		require.Equal(t, text, s)
	}
	if err == nil {
		require.Len(t, taken, 1, "accepted, and it was not")
		return
	}
	e := failure(t, err)
	switch e.Err.Outcome {
	case transport.Uncertain:
		require.Equal(t, smtp.StepAnswer, e.Step)
	case transport.Deferred:
		require.Empty(t, taken, "deferred, and it was taken: %v", err)
		require.NotEqual(t, smtp.StepAnswer, e.Step)
	default:
		require.Fail(t, "outcome", "%v", err)
	}
}

// The line breaks at every byte, to and fro.
func TestLineBreaksAtEveryByte(t *testing.T) {
	text := letter(anna, bruno, "x", ".\r\n..\r\n.y")
	taken, wrote, read, err := trial(t, text, math.MaxInt32, math.MaxInt32, false)
	require.NoError(t, err)
	require.Len(t, taken, 1)
	// At every byte of the dialogue, and now and then in the handshake.
	next := func(n, all int64) int64 {
		switch {
		case all-n > 700:
			return n + 11
		case testing.Short() && all-n > 3:
			return n + 3
		}
		return n + 1
	}
	outcomes := map[string]int{}
	note := func(err error) {
		if err == nil {
			outcomes["accepted"]++
			return
		}
		outcomes[failure(t, err).Err.Outcome.String()]++
	}
	// QUIT and the end of TLS are behind the answer.
	for n := int64(0); n <= wrote; n = next(n, wrote) {
		taken, _, _, err := trial(t, text, n, math.MaxInt32, false)
		agree(t, err, taken, text)
		note(err)
	}
	require.NotZero(t, outcomes["deferred"])
	require.NotZero(t, outcomes["accepted"])
	require.Zero(t, outcomes["uncertain"], "the server answers whatever arrives")
	for n := int64(0); n <= read; n = next(n, read) {
		taken, _, _, err := trial(t, text, math.MaxInt32, n, false)
		agree(t, err, taken, text)
		note(err)
	}
	require.NotZero(t, outcomes["uncertain"])
	t.Log(outcomes)
}

// A connection that takes the final dot and complains all the same has perhaps
// delivered it.
func TestLateComplaint(t *testing.T) {
	text := letter(anna, bruno, "x", "y")
	_, wrote, _, _ := trial(t, text, math.MaxInt32, math.MaxInt32, false)
	met := false
	for n := wrote - 200; n <= wrote; n++ {
		taken, _, _, err := trial(t, text, n, math.MaxInt32, true)
		agree(t, err, taken, text)
		met = met || err == nil
	}
	require.True(t, met)
}

func FuzzLineBreaks(f *testing.F) {
	f.Add(uint16(2000), uint16(65535), "a", uint8(3))
	f.Add(uint16(65535), uint16(1800), ".\r\n.", uint8(1))
	f.Add(uint16(65535), uint16(65535), "..\r\n\r\n.\r\n", uint8(200))
	f.Fuzz(func(t *testing.T, writes, reads uint16, body string, times uint8) {
		body = strings.NewReplacer("\x00", "", "\r", "", "\n", "\r\n").Replace(body)
		if len(body) > 4000 {
			return
		}
		text := letter(anna, bruno, "x", strings.Repeat(body, int(times)+1))
		give := func(n uint16) int64 { // 0xffff stands for all
			if n == math.MaxUint16 {
				return math.MaxInt32
			}
			return int64(n)
		}
		taken, _, _, err := trial(t, text, give(writes), give(reads), false)
		agree(t, err, taken, text)
	})
}

// Only what SMTP carries byte for byte is offered to a server.
func FuzzMessage(f *testing.F) {
	for _, s := range []string{"a\r\n", "a\n", "a\r", "\r\n.\r\n", "a\r\n.\nb\r\n", "a\r\n.\rb\r\n", "\r\r\n", "\n", "\x00\r\n", strings.Repeat("x", 32<<10-1) + "\r\n", strings.Repeat("x", 32<<10-1) + "\r", strings.Repeat("x", 32<<10) + "\n"} {
		f.Add(s)
	}
	s, err := smtp.New(&smtp.Options{Host: fakeHost, Credentials: as(anna, "x"), Dial: func(context.Context, string, string) (net.Conn, error) { return nil, errCut }})
	require.NoError(f, err)
	f.Fuzz(func(t *testing.T, text string) {
		e := failure(t, s.Send(context.Background(), message(anna, []string{bruno}, text)))
		rest := strings.ReplaceAll(text, "\r\n", "")
		good := strings.HasSuffix(text, "\r\n") && !strings.ContainsAny(rest, "\r\n\x00")
		if good {
			require.Equal(t, smtp.StepDial, e.Step, "%q: %v", text, e)
			require.Equal(t, transport.Deferred, e.Err.Outcome)
			return
		}
		require.Equal(t, smtp.StepCheck, e.Step, "%q: %v", text, e)
		require.ErrorIs(t, e, smtp.ErrMessage)
	})
}

// changing is a source that another program writes to while it is read.
type changing struct {
	reads  atomic.Int64
	second string
	*strings.Reader
}

func (c *changing) ReadAt(p []byte, at int64) (int, error) {
	if c.reads.Add(1) > 1 {
		if c.second == "" {
			return 0, io.ErrClosedPipe
		}
		return strings.NewReader(c.second).ReadAt(p, at)
	}
	return c.Reader.ReadAt(p, at)
}

// A message that changes between the look at it and its way out ends the
// connection before the dot: what was not looked at is not finished.
func TestMessageChangesUnderWay(t *testing.T) {
	good := letter(anna, bruno, "x", "y..................")
	for name, second := range map[string]string{
		"smuggles": strings.Replace(good, "y..................", "y\n.\nMAIL FROM:<x@y>", 1),
		"shorter":  good[:50],
		"gone":     "",
	} {
		f := newFake(t, nil)
		s := sender(t, f.options())
		m := &transport.Message{From: anna, To: []string{bruno}, Source: &changing{second: second, Reader: strings.NewReader(good)}, Size: int64(len(good))}
		e := want(t, s.Send(background(t), m), transport.Refused, smtp.StepData, 0)
		require.True(t, errors.Is(e, smtp.ErrMessage) || errors.Is(e, io.ErrUnexpectedEOF) || errors.Is(e, io.ErrClosedPipe), name)
		require.NoError(t, s.Send(background(t), message(anna, []string{bruno}, good)))
		conns, _, taken := f.state()
		require.Equal(t, 2, conns)
		require.Equal(t, []string{good}, taken)
	}
}
