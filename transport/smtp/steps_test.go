package smtp_test

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/transport"
	"github.com/certmail/certmail/transport/smtp"
)

// places are those where a server can go wrong, and the step that the client
// is then at.
var places = []struct {
	name string
	step smtp.Step
}{
	{"greeting", smtp.StepHello}, {"ehlo", smtp.StepHello}, {"auth", smtp.StepAuth}, {"mail", smtp.StepMail},
	{"rcpt", smtp.StepRcpt}, {"data", smtp.StepData}, {"answer", smtp.StepAnswer},
}

// Everything that a server can do wrong, at every place of the dialogue.
func TestEveryStep(t *testing.T) {
	const code5, code4 = 554, 450
	ways := []struct {
		name string
		do   func(*peer) bool
		// outcome before the final dot, and behind it.
		before, behind transport.Outcome
		code           int
		cause          error
	}{
		{"5xx", says("554 5.0.0 never"), transport.Refused, transport.Refused, code5, nil},
		{"4xx", says("450 4.0.0 later"), transport.Deferred, transport.Deferred, code4, nil},
		{"421", func(p *peer) bool { p.say("421 4.3.2 going down"); return p.end() }, transport.Deferred, transport.Deferred, 421, nil},
		{"5xx of many lines", says("554-5.0.0 never,", "554-5.0.0 ever", "554 5.0.0 again"), transport.Refused, transport.Refused, code5, nil},
		{"without a text", says("554"), transport.Refused, transport.Refused, code5, nil},
		{"reset", (*peer).cut, transport.Deferred, transport.Uncertain, 0, nil},
		{"end", (*peer).end, transport.Deferred, transport.Uncertain, 0, nil},
		{"end in a line", func(p *peer) bool { io.WriteString(p.Conn, "250 2.0"); return p.end() }, transport.Deferred, transport.Uncertain, 0, nil},
		{"end in a code", func(p *peer) bool { io.WriteString(p.Conn, "25"); return p.end() }, transport.Deferred, transport.Uncertain, 0, nil},
		{"end between lines", func(p *peer) bool { p.say("250-2.0.0 one"); return p.end() }, transport.Deferred, transport.Uncertain, 0, nil},
		{"timeout", (*peer).hang, transport.Deferred, transport.Uncertain, 0, os.ErrDeadlineExceeded},
		{"drip", drip, transport.Deferred, transport.Uncertain, 0, os.ErrDeadlineExceeded},
		{"garbage", says("what do you want?"), transport.Deferred, transport.Uncertain, 0, smtp.ErrReply},
		{"binary", says("\x00\xff\x1b[2J"), transport.Deferred, transport.Uncertain, 0, smtp.ErrReply},
		{"empty line", says(""), transport.Deferred, transport.Uncertain, 0, smtp.ErrReply},
		{"code of another class", says("199 hm"), transport.Deferred, transport.Uncertain, 199, smtp.ErrReply},
		{"code of no class", says("999 hm"), transport.Deferred, transport.Uncertain, 999, smtp.ErrReply},
		{"long line", says("250 " + strings.Repeat("x", 100_000)), transport.Deferred, transport.Uncertain, 0, smtp.ErrReply},
		{"many lines", endless, transport.Deferred, transport.Uncertain, 0, smtp.ErrReply},
	}
	for _, at := range places {
		for _, way := range ways {
			t.Run(at.name+"/"+way.name, func(t *testing.T) {
				t.Parallel()
				f := newFake(t, map[string]func(*peer) bool{at.name: way.do})
				opt := f.options()
				if way.cause == os.ErrDeadlineExceeded {
					opt.Timeouts.Command, opt.Timeouts.Answer = 700*time.Millisecond, 100*time.Millisecond
				}
				s := sender(t, opt)
				outcome := way.before
				if at.name == "answer" {
					outcome = way.behind
				}
				e := want(t, s.Send(background(t), toBruno("x")), outcome, at.step, way.code)
				if way.cause != nil {
					require.ErrorIs(t, e, way.cause)
				}
				require.Less(t, len(e.Error()), 3000)
				require.NotContains(t, e.Error(), "\n")
				require.NotContains(t, e.Error(), "\x1b")
				require.Equal(t, at.name == "auth" && way.code == code5, errors.Is(e, transport.ErrLogin))
				conns, _, taken := f.state()
				require.Empty(t, taken)
				require.Equal(t, 1, conns, "never by itself")
				if at.name != "answer" {
					require.Zero(t, f.heard("\x00"))
				}
			})
		}
	}
}

// drip says something all the time, and nothing to the end.
func drip(p *peer) bool {
	for range 400 {
		if _, err := io.WriteString(p.Conn, "2"); err != nil {
			return false
		}
		time.Sleep(50 * time.Millisecond)
	}
	return false
}

// endless says more lines than an answer may have.
func endless(p *peer) bool {
	line := "250-" + strings.Repeat("x", 500) + "\r\n"
	for range 10_000 {
		if _, err := io.WriteString(p.Conn, line); err != nil {
			return false
		}
	}
	return p.hang()
}

// A context that ends, at every place.
func TestContextEndsEverywhere(t *testing.T) {
	for _, at := range append(places, struct {
		name string
		step smtp.Step
	}{"body", smtp.StepData}, struct {
		name string
		step smtp.Step
	}{"tls", smtp.StepTLS}) {
		outcome := transport.Deferred
		if at.name == "answer" {
			outcome = transport.Uncertain
		}
		text := "x"
		if at.name == "body" {
			text = strings.Repeat("x\r\n", 8<<20)
		}
		letter := letter(anna, bruno, "x", text)
		t.Run(at.name+" cancelled", func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			var there atomic.Int64
			f := newFake(t, map[string]func(*peer) bool{at.name: func(p *peer) bool {
				there.Store(time.Now().UnixNano())
				time.AfterFunc(50*time.Millisecond, cancel)
				return p.stall()
			}})
			e := want(t, sender(t, f.options()).Send(ctx, message(anna, []string{bruno}, letter)), outcome, at.step, 0)
			require.ErrorIs(t, e, context.Canceled)
			require.Less(t, time.Since(time.Unix(0, there.Load())), 15*time.Second)
		})
		t.Run(at.name+" deadline", func(t *testing.T) {
			t.Parallel()
			// On a busy machine the place may not be reached in time.
			for wait := 1500 * time.Millisecond; ; wait *= 4 {
				var there atomic.Int64
				f := newFake(t, map[string]func(*peer) bool{at.name: func(p *peer) bool {
					there.CompareAndSwap(0, time.Now().UnixNano())
					return p.stall()
				}})
				ctx, cancel := context.WithTimeout(context.Background(), wait)
				end, _ := ctx.Deadline()
				err := sender(t, f.options()).Send(ctx, message(anna, []string{bruno}, letter))
				took := time.Since(end)
				cancel()
				if reached := there.Load(); (reached == 0 || end.Sub(time.Unix(0, reached)) < time.Second/2) && wait < time.Minute {
					continue
				}
				require.ErrorIs(t, want(t, err, outcome, at.step, 0), context.DeadlineExceeded)
				require.Less(t, took, 15*time.Second)
				return
			}
		})
	}
}

func TestNoConnection(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	port := ln.Addr().(*net.TCPAddr).Port
	require.NoError(t, ln.Close())
	opt := &smtp.Options{Host: "127.0.0.1", Port: port, Credentials: as(anna, "x")}
	e := want(t, sender(t, opt).Send(background(t), toBruno("x")), transport.Deferred, smtp.StepDial, 0)
	require.ErrorIs(t, e, syscall.ECONNREFUSED)

	opt = &smtp.Options{Host: fakeHost, Credentials: as(anna, "x"), Timeouts: smtp.Timeouts{Dial: 50 * time.Millisecond},
		Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
			require.Equal(t, []string{"tcp", fakeHost + ":465"}, []string{network, address})
			<-ctx.Done()
			return nil, ctx.Err()
		}}
	e = want(t, sender(t, opt).Send(background(t), toBruno("x")), transport.Deferred, smtp.StepDial, 0)
	require.ErrorIs(t, e, context.DeadlineExceeded)

	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	e = want(t, sender(t, opt).Send(ctx, toBruno("x")), transport.Deferred, smtp.StepDial, 0)
	require.ErrorIs(t, e, context.Canceled)

	f := newFake(t, map[string]func(*peer) bool{"tls": (*peer).hang})
	opt = f.options()
	opt.Timeouts.Dial = 100 * time.Millisecond
	want(t, sender(t, opt).Send(background(t), toBruno("x")), transport.Deferred, smtp.StepTLS, 0)
}

// The server stops in the middle of a message.
func TestServerStopsInTheMiddle(t *testing.T) {
	big := letter(anna, bruno, "big", strings.Repeat(strings.Repeat("x", 70)+"\r\n", 400_000))
	for _, c := range []struct {
		name    string
		do      func(*peer) bool
		outcome transport.Outcome
		code    int
	}{
		{"reset", (*peer).cut, transport.Deferred, 0},
		{"end", (*peer).end, transport.Deferred, 0},
		{"timeout", (*peer).stall, transport.Deferred, 0},
		{"says why not", func(p *peer) bool { p.say("552 5.3.4 too large"); return p.stall() }, transport.Refused, 552},
		{"says not now", func(p *peer) bool { p.say("452-4.3.1 disk", "452 4.3.1 full"); return p.stall() }, transport.Deferred, 452},
		{"says yes too early", func(p *peer) bool { p.say("250 2.0.0 fine"); return p.stall() }, transport.Deferred, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := newFake(t, map[string]func(*peer) bool{"body": c.do})
			opt := f.options()
			opt.Timeouts.Data = 300 * time.Millisecond
			e := want(t, sender(t, opt).Send(background(t), message(anna, []string{bruno}, big)), c.outcome, smtp.StepData, c.code)
			if c.code == 552 {
				require.Equal(t, "5.3.4", e.Err.Status)
			}
		})
	}
}

// One recipient refused is the message refused, and the error tells of each.
func TestRecipientsAreAllOrNone(t *testing.T) {
	to := []string{"one@beta.example", "two@beta.example", "three@beta.example", "four@beta.example"}
	for _, c := range []struct {
		answers []string
		outcome transport.Outcome
		code    int
		codes   []int
	}{
		{[]string{"250 ok", "550 5.1.1 no", "251 elsewhere", "252 maybe"}, transport.Refused, 550, []int{250, 550, 250, 250}},
		{[]string{"450 4.2.0 busy", "250 ok", "550 5.1.1 no", "551 5.1.6 moved"}, transport.Refused, 550, []int{450, 250, 550, 551}},
		{[]string{"250 ok", "250 ok", "250 ok", "452 4.5.3 too many"}, transport.Deferred, 452, []int{250, 250, 250, 452}},
		{[]string{"550 never", "421 bye", "", ""}, transport.Refused, 550, []int{550, 421}},
		{[]string{"250 ok", "354 go", "", ""}, transport.Deferred, 354, []int{250, 354}},
	} {
		f := newFake(t, map[string]func(*peer) bool{"rcpt": func(p *peer) bool {
			if p.seen["mail"] > 1 || p.n > 1 {
				return p.say("250 ok")
			}
			return p.say(c.answers[p.seen["rcpt"]-1])
		}})
		s := sender(t, f.options())
		e := want(t, s.Send(background(t), message(anna, to, letter(anna, to[0], "x", "y"))), c.outcome, smtp.StepRcpt, c.code)
		require.Equal(t, c.codes, codes(e))
		require.Equal(t, to[1], e.Recipients[1].Address)
		require.Zero(t, f.heard("DATA"))
		alive := len(c.codes) == len(to)
		if alive {
			require.Equal(t, 1, f.heard("RSET"))
		}
		require.NoError(t, s.Send(background(t), message(anna, to, letter(anna, to[0], "x", "y"))), "the next")
		conns, _, taken := f.state()
		require.Equal(t, alive, conns == 1)
		require.Len(t, taken, 1)
	}
}

func TestUnusualAnswers(t *testing.T) {
	for place, answers := range map[string][]string{
		"greeting": {"220", "220-hello", "220 world"},
		"mail":     {"251 2.0.0 as you like"},
		"rcpt":     {"252-maybe", "252 maybe"},
		"answer":   {"259 2.6.0 taken"},
	} {
		f := newFake(t, map[string]func(*peer) bool{place: func(p *peer) bool {
			if place == "greeting" && len(answers) == 3 {
				return p.say(answers[1:]...)
			}
			return p.say(answers...)
		}})
		require.NoError(t, sender(t, f.options()).Send(background(t), toBruno("x")), place)
	}
	for answer, status := range map[string]string{
		"550 5.7.1 no": "5.7.1", "550 no": "", "550 5.7 no": "", "550-5.7.1 no,\r\n550 5.7.1 no": "5.7.1", "550 5.7.1": "", "550 9999999999999.1.1 x": "",
	} {
		f := newFake(t, map[string]func(*peer) bool{"answer": says(answer)})
		e := want(t, sender(t, f.options()).Send(background(t), toBruno("x")), transport.Refused, smtp.StepAnswer, 550)
		require.Equal(t, status, e.Err.Status, answer)
	}
}

func TestOldServersWithoutEHLO(t *testing.T) {
	f := newFake(t, map[string]func(*peer) bool{"ehlo": says("502 what?"), "helo": says("250 fake")})
	e := want(t, sender(t, f.options()).Send(background(t), toBruno("x")), transport.Deferred, smtp.StepAuth, 0)
	require.ErrorIs(t, e, smtp.ErrNoMechanism, "they offer no login")
	require.Zero(t, f.heard("AUTH"))
}
