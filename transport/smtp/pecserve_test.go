package smtp_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/pec"
	"github.com/certmail/certmail/pec/pectest"
	"github.com/certmail/certmail/transport"
	"github.com/certmail/certmail/transport/smtp"
)

func TestSND01_ProviderTakesMail(t *testing.T) {
	w := start(t, nil)
	for i, security := range []smtp.Security{smtp.ImplicitTLS, smtp.StartTLS} {
		for j, mechanism := range []smtp.Mechanism{smtp.Plain, smtp.Login} {
			opt := w.options()
			opt.Security, opt.Mechanisms = security, []smtp.Mechanism{mechanism}
			if security == smtp.StartTLS {
				opt.Port = w.servers.Endpoints()[0].StartTLS.Port
			}
			s := w.sender(opt)
			text := letter(anna, bruno, fmt.Sprint(i, j), ".\r\n..\r\nCosì è.\r\n.x\r\n\r\n.")
			require.NoError(t, s.Send(background(t), message(anna, []string{bruno}, text)))
			all := w.originals(bruno)
			require.Len(t, all, 2*i+j+1)
			require.True(t, carried(all[len(all)-1], text), "byte for byte")
		}
	}
	require.Equal(t, []pec.Kind{pec.KindAcceptance, pec.KindDelivery}, w.account(anna).Kinds()[:2])
}

func TestLoginIsRefusedOnce(t *testing.T) {
	w := start(t, nil)
	opt := w.options()
	password := w.account(anna).Password()
	asked := 0
	opt.Credentials = func(context.Context) (string, string, error) { asked++; return anna, "wrong", nil }
	s := w.sender(opt)
	e := want(t, s.Send(background(t), toBruno("one")), transport.Refused, smtp.StepAuth, 535)
	require.ErrorIs(t, e, transport.ErrLogin)
	require.NotErrorIs(t, e, smtp.ErrSuspended)
	require.Equal(t, "5.7.8", e.Err.Status)
	require.Equal(t, "Authentication credentials invalid", s.Suspended().Text)

	for range 3 {
		e = want(t, s.Send(background(t), toBruno("two")), transport.Refused, smtp.StepAuth, 535)
		require.ErrorIs(t, e, transport.ErrLogin)
		require.ErrorIs(t, e, smtp.ErrSuspended)
	}
	require.Equal(t, 1, asked)
	s.Resume()
	require.Nil(t, s.Suspended())
	require.ErrorIs(t, s.Send(background(t), toBruno("three")), transport.ErrLogin)
	require.Equal(t, 2, asked)
	s.SetCredentials(as(anna, password))
	require.NoError(t, s.Send(background(t), toBruno("four")))
	require.Len(t, w.originals(bruno), 1)

	require.NoError(t, w.AddFault(pectest.Fault{Kind: pectest.RefuseLogin, Mailbox: anna, Times: 1}))
	s = w.sender(w.options())
	require.ErrorIs(t, s.Send(background(t), toBruno("five")), transport.ErrLogin)
	s.Resume()
	require.NoError(t, s.Send(background(t), toBruno("six")))
}

// Many at once, all with the wrong password: the server hears it once.
func TestLoginIsRefusedOnceToMany(t *testing.T) {
	w := start(t, nil)
	opt := w.options()
	var mu sync.Mutex
	asked := 0
	opt.Connections = 8
	opt.Credentials = func(context.Context) (string, string, error) {
		mu.Lock()
		defer mu.Unlock()
		asked++
		return anna, "wrong", nil
	}
	s := w.sender(opt)
	var all sync.WaitGroup
	for range 32 {
		all.Go(func() {
			if err := s.Send(background(t), toBruno("x")); !errors.Is(err, transport.ErrLogin) {
				t.Error(err)
			}
		})
	}
	all.Wait()
	require.Equal(t, 1, asked)
	require.Len(t, w.Journeys(), 1, "logins that the provider saw")
}

func TestD33_RefusalsInTheDialogue(t *testing.T) {
	providers := pectest.DefaultProviders()
	providers[0].MaxSize, providers[0].MaxTotal, providers[0].MaxRecipients = 5000, 4000, 2
	w := start(t, &pectest.NetworkOptions{Providers: providers})
	s := w.sender(w.options())
	ctx := background(t)

	large := letter(anna, bruno, "large", strings.Repeat("x\r\n", 3000))
	e := want(t, s.Send(ctx, message(anna, []string{bruno}, large)), transport.Refused, smtp.StepMail, 0)
	require.ErrorIs(t, e, smtp.ErrTooLarge)

	want(t, s.Send(ctx, message(bruno, []string{bruno}, letter(bruno, bruno, "not me", "x"))), transport.Refused, smtp.StepMail, 553)

	three := []string{bruno, carla, "anna@beta.example"}
	e = want(t, s.Send(ctx, message(anna, three, letter(anna, bruno, "many", "x"))), transport.Deferred, smtp.StepRcpt, 452)
	require.Equal(t, []int{250, 250, 452}, codes(e))

	require.NoError(t, w.AddFault(pectest.Fault{Kind: pectest.RefuseForNow, Times: 1}))
	want(t, s.Send(ctx, toBruno("later")), transport.Deferred, smtp.StepAnswer, 451)
	require.NoError(t, w.AddFault(pectest.Fault{Kind: pectest.RefuseForGood, Times: 1}))
	want(t, s.Send(ctx, toBruno("never")), transport.Refused, smtp.StepAnswer, 550)

	require.NoError(t, s.Send(ctx, toBruno("at last")), "on the same connection")
	require.Len(t, w.originals(bruno), 1)
}

func codes(e *smtp.Error) (all []int) {
	for _, r := range e.Recipients {
		all = append(all, r.Code)
	}
	return all
}

func TestConnectionIsCut(t *testing.T) {
	large := letter(anna, bruno, "large", strings.Repeat(strings.Repeat("x", 76)+"\r\n", 150_000)) // more than sockets hold
	for _, c := range []struct {
		kind    pectest.FaultKind
		text    string
		arrives int
		outcome transport.Outcome
	}{
		{pectest.CutBeforeDot, large, 0, transport.Deferred},
		{pectest.CutAfterDot, large, 1, transport.Uncertain},
		{pectest.CutAfterDot, letter(anna, bruno, "small", "x"), 1, transport.Uncertain},
		// All of it may be under way before the cut is known.
		{pectest.CutBeforeDot, letter(anna, bruno, "small", "x"), 0, 0},
	} {
		t.Run(fmt.Sprintf("%s %d", c.kind, len(c.text)), func(t *testing.T) {
			w := start(t, &pectest.NetworkOptions{Faults: []pectest.Fault{{Kind: c.kind, Times: 1}}})
			s := w.sender(w.options())
			e := failure(t, s.Send(background(t), message(anna, []string{bruno}, c.text)))
			if c.outcome != 0 {
				require.Equal(t, c.outcome, e.Err.Outcome, "%v", e)
			}
			require.NotEqual(t, transport.Refused, e.Err.Outcome)
			require.Equal(t, e.Err.Outcome == transport.Uncertain, e.Step == smtp.StepAnswer)
			require.Zero(t, e.Err.Code)
			require.Len(t, w.originals(bruno), c.arrives)
			require.NoError(t, s.Send(background(t), toBruno("next")))
			require.Len(t, w.originals(bruno), c.arrives+1)
		})
	}
}

func TestSlowServer(t *testing.T) {
	w := start(t, &pectest.NetworkOptions{Faults: []pectest.Fault{{Kind: pectest.Slow, For: time.Hour, Times: 2}, {Kind: pectest.Slow, For: 200 * time.Millisecond}}})
	opt := w.options()
	opt.Timeouts.Answer = 100 * time.Millisecond
	s := w.sender(opt)
	e := want(t, s.Send(background(t), toBruno("one")), transport.Uncertain, smtp.StepAnswer, 0)
	require.ErrorIs(t, e, os.ErrDeadlineExceeded)

	ctx, cancel := context.WithTimeout(context.Background(), 300*time.Millisecond)
	defer cancel()
	s = w.sender(w.options())
	begin := time.Now()
	e = want(t, s.Send(ctx, toBruno("two")), transport.Uncertain, smtp.StepAnswer, 0)
	require.ErrorIs(t, e, context.DeadlineExceeded)
	require.Less(t, time.Since(begin), 5*time.Second)

	require.NoError(t, s.Send(background(t), toBruno("three")), "slow, and in time")
	require.Len(t, w.originals(bruno), 1)
}
