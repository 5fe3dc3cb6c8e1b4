package smtp_test

import (
	"context"
	"encoding/base64"
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/transport"
	"github.com/certmail/certmail/transport/smtp"
)

// forms are those in which a secret may be met.
func forms(secret string) []string {
	all := []string{secret, strings.Trim(secret, " ")}
	for _, s := range []string{secret, "\x00" + anna + "\x00" + secret, "user=" + anna + "\x01auth=Bearer " + secret + "\x01\x01"} {
		all = append(all, base64.RawStdEncoding.EncodeToString([]byte(s)))
	}
	return all
}

// The secret is sent byte for byte, as each mechanism says.
func TestMechanisms(t *testing.T) {
	const secret = " p\u00e4ss:w0rd\t& \"x\" "
	b64 := func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }
	for _, c := range []struct {
		name, offered string
		allowed       []smtp.Mechanism
		line          string
	}{
		{"plain first", "AUTH LOGIN PLAIN", nil, "AUTH PLAIN " + b64("\x00"+anna+"\x00"+secret)},
		{"login where there is no plain", "AUTH LOGIN CRAM-MD5", nil, "AUTH LOGIN"},
		{"the caller's order", "AUTH PLAIN LOGIN", []smtp.Mechanism{smtp.Login, smtp.Plain}, "AUTH LOGIN"},
		{"token", "AUTH PLAIN XOAUTH2", []smtp.Mechanism{smtp.XOAuth2}, "AUTH XOAUTH2 " + b64("user="+anna+"\x01auth=Bearer "+secret+"\x01\x01")},
		{"a password is no token", "AUTH XOAUTH2", nil, ""},
		{"nothing offered", "HELP", nil, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			var mu sync.Mutex
			var answers []string
			f := newFake(t, map[string]func(*peer) bool{"auth": func(p *peer) bool {
				if p.line == "AUTH LOGIN" {
					for _, ask := range []string{"334 " + b64("User Name\x00"), "334"} { // whatever it says
						p.say(ask)
						line, _ := p.in.ReadString('\n')
						mu.Lock()
						answers = append(answers, strings.TrimRight(line, "\r\n"))
						mu.Unlock()
					}
				}
				return p.say("235 in")
			}}, func(f *fake) { f.offers = []string{"fake", c.offered, "8BITMIME"} })
			opt := f.options()
			opt.Credentials, opt.Mechanisms = as(anna, secret), c.allowed
			s := sender(t, opt)
			err := s.Send(background(t), toBruno("x"))
			_, commands, _ := f.state()
			if c.line == "" {
				require.ErrorIs(t, want(t, err, transport.Deferred, smtp.StepAuth, 0), smtp.ErrNoMechanism)
				require.Nil(t, s.Suspended())
				require.Len(t, commands, 1)
				return
			}
			require.NoError(t, err)
			require.Equal(t, c.line, commands[1])
			if c.line == "AUTH LOGIN" {
				require.Equal(t, []string{b64(anna), b64(secret)}, answers)
			}
		})
	}
}

func TestLoginRefusedForNow(t *testing.T) {
	f := newFake(t, map[string]func(*peer) bool{"auth": func(p *peer) bool {
		if p.n == 1 {
			return p.say("454 4.7.0 directory is down")
		}
		return p.say("235 in")
	}})
	s := sender(t, f.options())
	e := want(t, s.Send(background(t), toBruno("x")), transport.Deferred, smtp.StepAuth, 454)
	require.NotErrorIs(t, e, transport.ErrLogin)
	require.Nil(t, s.Suspended())
	require.NoError(t, s.Send(background(t), toBruno("x")))
}

func TestCredentialsFail(t *testing.T) {
	vault := errors.New("vault is sealed")
	f := newFake(t, nil)
	for name, ask := range map[string]smtp.Credentials{
		"error":    func(context.Context) (string, string, error) { return anna, "x", vault },
		"no user":  as("", "x"),
		"nothing":  as(anna, ""),
		"with NUL": as(anna, "a\x00b"),
	} {
		opt := f.options()
		opt.Credentials = ask
		s := sender(t, opt)
		e := want(t, s.Send(background(t), toBruno("x")), transport.Deferred, smtp.StepAuth, 0)
		require.ErrorIs(t, e, smtp.ErrCredentials, name)
		require.Equal(t, name == "error", errors.Is(e, vault))
	}
	conns, _, _ := f.state()
	require.Zero(t, conns, "nothing is tried without")
}

// New credentials are used from the next connection on, and what is logged in
// with the old ones is not used again.
func TestNewCredentials(t *testing.T) {
	f := newFake(t, nil)
	s := sender(t, f.options())
	require.NoError(t, s.Send(background(t), toBruno("one")))
	s.SetCredentials(nil)
	require.NoError(t, s.Send(background(t), toBruno("two")))
	conns, _, _ := f.state()
	require.Equal(t, 1, conns)
	s.SetCredentials(as("carla@alfa.example", "other"))
	require.NoError(t, s.Send(background(t), toBruno("three")))
	conns, commands, _ := f.state()
	require.Equal(t, 2, conns)
	require.Contains(t, commands, "AUTH PLAIN "+base64.StdEncoding.EncodeToString([]byte("\x00carla@alfa.example\x00other")))
}
