package smtp_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/transport"
	"github.com/certmail/certmail/transport/smtp"
)

func TestConnectionIsUsedAgain(t *testing.T) {
	f := newFake(t, nil)
	opt := f.options()
	opt.MaxMessages = 3
	s := sender(t, opt)
	for i := range 7 {
		require.NoError(t, s.Send(background(t), toBruno(fmt.Sprint(i))))
	}
	conns, _, taken := f.state()
	require.Equal(t, 3, conns)
	require.Len(t, taken, 7)
	require.NoError(t, s.Close())
	require.Equal(t, 3, f.heard("QUIT"))
	require.Equal(t, 3, f.heard("AUTH"))
}

func TestIdleConnectionIsEnded(t *testing.T) {
	f := newFake(t, nil)
	opt := f.options()
	opt.IdleTimeout = 50 * time.Millisecond
	s := sender(t, opt)
	require.NoError(t, s.Send(background(t), toBruno("x")))
	require.Eventually(t, func() bool { return f.heard("QUIT") == 1 }, 10*time.Second, 5*time.Millisecond)
	require.NoError(t, s.Send(background(t), toBruno("x")))

	opt.IdleTimeout = -1
	s = sender(t, opt)
	require.NoError(t, s.Send(background(t), toBruno("x")))
	require.NoError(t, s.Send(background(t), toBruno("x")))
	conns, _, _ := f.state()
	require.Equal(t, 4, conns)
}

// A connection that died while nobody used it is replaced, once, and nobody is
// told. What fails on the new one is told.
func TestDeadConnectionIsReplacedOnce(t *testing.T) {
	for name, die := range map[string]func(*peer) bool{
		"closed": (*peer).end,
		"reset":  (*peer).cut,
		"421":    func(p *peer) bool { p.say("421 4.4.2 too long without a word"); return p.end() },
	} {
		for _, again := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s %v", name, again), func(t *testing.T) {
				f := newFake(t, map[string]func(*peer) bool{
					"answer": func(p *peer) bool {
						p.mu.Lock()
						p.taken = append(p.taken, "")
						p.mu.Unlock()
						if p.say("250 ok"); p.n == 1 {
							return die(p)
						}
						return true
					},
					"mail": func(p *peer) bool {
						if p.n > 1 && again {
							return die(p)
						}
						return p.say("250 ok")
					},
				})
				s := sender(t, f.options())
				require.NoError(t, s.Send(background(t), toBruno("one")))
				err := s.Send(background(t), toBruno("two"))
				conns, _, taken := f.state()
				require.Equal(t, 2, conns)
				if again {
					require.Equal(t, transport.Deferred, failure(t, err).Err.Outcome)
					require.Len(t, taken, 1)
					return
				}
				require.NoError(t, err)
				require.Len(t, taken, 2)
			})
		}
	}
}

// A server that hangs up when MAIL comes is as good as dead before; one that
// hangs up later is not tried again.
func TestNothingIsTriedTwiceBehindMail(t *testing.T) {
	for place, step := range map[string]smtp.Step{"mail": "", "rcpt": smtp.StepRcpt, "data": smtp.StepData, "body": smtp.StepAnswer, "answer": smtp.StepAnswer} {
		t.Run(place, func(t *testing.T) {
			f := newFake(t, map[string]func(*peer) bool{place: func(p *peer) bool {
				if p.n == 1 && p.seen["mail"] > 1 {
					return p.end()
				}
				switch place {
				case "body":
					return true
				case "answer":
					return p.say("250 ok")
				}
				return p.answer(place)
			}})
			s := sender(t, f.options())
			require.NoError(t, s.Send(background(t), toBruno("one")))
			err := s.Send(background(t), toBruno("two"))
			conns, _, _ := f.state()
			if step == "" {
				require.NoError(t, err)
				require.Equal(t, 2, conns)
				return
			}
			require.Contains(t, []smtp.Step{step, smtp.StepDot}, failure(t, err).Step)
			require.Equal(t, 1, conns)
		})
	}
}

// A 4xx or 5xx to MAIL on a connection used again is an answer like others.
func TestAnswersOnAnOldConnection(t *testing.T) {
	f := newFake(t, map[string]func(*peer) bool{"mail": func(p *peer) bool {
		return p.say([]string{"250 ok", "451 4.3.0 later", "550 5.7.1 never", "250 ok"}[p.seen["mail"]-1])
	}})
	s := sender(t, f.options())
	require.NoError(t, s.Send(background(t), toBruno("one")))
	want(t, s.Send(background(t), toBruno("two")), transport.Deferred, smtp.StepMail, 451)
	want(t, s.Send(background(t), toBruno("three")), transport.Refused, smtp.StepMail, 550)
	require.NoError(t, s.Send(background(t), toBruno("four")))
	conns, _, _ := f.state()
	require.Equal(t, 1, conns)
}

func TestManyAtOnce(t *testing.T) {
	for _, n := range []int{1, 4} {
		var mu sync.Mutex
		now, most := 0, 0
		f := newFake(t, map[string]func(*peer) bool{
			"data": func(p *peer) bool {
				mu.Lock()
				now++
				most = max(most, now)
				mu.Unlock()
				time.Sleep(2 * time.Millisecond)
				return p.answer("data")
			},
			"answer": func(p *peer) bool {
				mu.Lock()
				now--
				mu.Unlock()
				return p.say("250 ok")
			},
		})
		opt := f.options()
		opt.Connections = n
		s := sender(t, opt)
		var all sync.WaitGroup
		for i := range 40 {
			all.Go(func() {
				if err := s.Send(background(t), toBruno(fmt.Sprint(i))); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		conns, _, _ := f.state()
		require.LessOrEqual(t, conns, n)
		require.LessOrEqual(t, most, n)
		if n > 1 {
			require.Greater(t, most, 1)
		}
	}
}

func TestWaitingEnds(t *testing.T) {
	f := newFake(t, map[string]func(*peer) bool{"answer": (*peer).stall})
	s := sender(t, f.options())
	first, cancel := context.WithCancel(context.Background())
	done, waiting := make(chan error, 1), make(chan error, 1)
	go func() { done <- s.Send(first, toBruno("one")) }()
	require.Eventually(t, func() bool { return f.heard("DATA") == 1 }, 10*time.Second, time.Millisecond)
	ctx, cancel2 := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel2()
	e := want(t, s.Send(ctx, toBruno("two")), transport.Deferred, smtp.StepDial, 0)
	require.ErrorIs(t, e, context.DeadlineExceeded)

	// Close lets the first go on, and the others nowhere.
	go func() { waiting <- s.Send(context.Background(), toBruno("three")) }()
	time.Sleep(20 * time.Millisecond)
	closed := make(chan error, 2)
	for range 2 {
		go func() { closed <- s.Close() }()
	}
	require.ErrorIs(t, want(t, <-waiting, transport.Deferred, smtp.StepDial, 0), smtp.ErrClosed)
	select {
	case <-closed:
		require.Fail(t, "closed under a message")
	case <-time.After(50 * time.Millisecond):
	}
	cancel()
	want(t, <-done, transport.Uncertain, smtp.StepAnswer, 0)
	require.NoError(t, <-closed)
	require.NoError(t, <-closed)
	require.ErrorIs(t, want(t, s.Send(background(t), toBruno("four")), transport.Deferred, smtp.StepDial, 0), smtp.ErrClosed)
}

// A message refused here costs no connection, and leaves the one there is.
func TestLocalRefusals(t *testing.T) {
	f := newFake(t, nil, func(f *fake) { f.offers = []string{"fake", "AUTH PLAIN", "SIZE 1000"} })
	s := sender(t, f.options())
	ctx := background(t)
	good := "Subject: x\r\n\r\ny\r\n"
	for name, c := range map[string]struct {
		m     *transport.Message
		cause error
	}{
		"nil":                 {nil, smtp.ErrMessage},
		"no source":           {&transport.Message{From: anna, To: []string{bruno}, Size: 10}, smtp.ErrMessage},
		"empty":               {message(anna, []string{bruno}, ""), smtp.ErrMessage},
		"no sender":           {message("", []string{bruno}, good), smtp.ErrAddress},
		"no recipients":       {message(anna, nil, good), smtp.ErrAddress},
		"sender with CRLF":    {message(anna+">\r\nRCPT TO:<x@y.example", []string{bruno}, good), smtp.ErrAddress},
		"recipient with LF":   {message(anna, []string{bruno, "a\n@b.example"}, good), smtp.ErrAddress},
		"recipient and space": {message(anna, []string{"a b@c.example"}, good), smtp.ErrAddress},
		"recipient in <>":     {message(anna, []string{"<" + bruno + ">"}, good), smtp.ErrAddress},
		"no domain":           {message(anna, []string{"bruno"}, good), smtp.ErrAddress},
		"not ASCII":           {message(anna, []string{"niccolò@beta.example"}, good), smtp.ErrAddress},
		"long address":        {message(anna, []string{strings.Repeat("a", 250) + "@b.example"}, good), smtp.ErrAddress},
		"bare LF":             {message(anna, []string{bruno}, "Subject: x\r\n\r\ny\n.\r\n"), smtp.ErrMessage},
		"bare CR":             {message(anna, []string{bruno}, "Subject: x\r\n\r\ny\r.\r\n"), smtp.ErrMessage},
		"CR CR LF":            {message(anna, []string{bruno}, "Subject: x\r\n\r\ny\r\r\n"), smtp.ErrMessage},
		"LF at first":         {message(anna, []string{bruno}, "\nSubject: x\r\n\r\ny\r\n"), smtp.ErrMessage},
		"CR at last":          {message(anna, []string{bruno}, good+"x\r"), smtp.ErrMessage},
		"NUL":                 {message(anna, []string{bruno}, "Subject: x\r\n\r\n\x00\r\n"), smtp.ErrMessage},
		"no end of line":      {message(anna, []string{bruno}, good+"x"), smtp.ErrMessage},
		"shorter than said":   {&transport.Message{From: anna, To: []string{bruno}, Source: strings.NewReader(good), Size: 100}, nil},
	} {
		e := want(t, s.Send(ctx, c.m), transport.Refused, smtp.StepCheck, 0)
		if c.cause != nil {
			require.ErrorIs(t, e, c.cause, name)
		}
	}
	conns, _, _ := f.state()
	require.Zero(t, conns)

	require.ErrorIs(t, want(t, s.Send(ctx, message(anna, []string{bruno}, letter(anna, bruno, "x", "è"))), transport.Refused, smtp.StepMail, 0), smtp.ErrEightBit)
	large := letter(anna, bruno, "x", strings.Repeat("x\r\n", 1000))
	require.ErrorIs(t, want(t, s.Send(ctx, message(anna, []string{bruno}, large)), transport.Refused, smtp.StepMail, 0), smtp.ErrTooLarge)
	require.NoError(t, s.Send(ctx, message(anna, []string{bruno}, good)))
	conns, _, taken := f.state()
	require.Equal(t, 1, conns)
	require.Equal(t, []string{good}, taken)
	require.Equal(t, 1, f.heard("MAIL"))
}
