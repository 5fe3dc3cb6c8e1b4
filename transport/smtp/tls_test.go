package smtp_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/transport"
	"github.com/certmail/certmail/transport/smtp"
)

// Whatever is wrong with TLS: neither the password nor the message leaves.
func TestCertificateIsChecked(t *testing.T) {
	expired := func(c *x509.Certificate) {
		c.NotBefore, c.NotAfter = time.Now().Add(-48*time.Hour), time.Now().Add(-24*time.Hour)
	}
	for _, starttls := range []bool{false, true} {
		for name, c := range map[string]struct {
			cert   tls.Certificate
			server func(*tls.Config)
			client func(*smtp.Options)
			cause  error
		}{
			"authority unknown":    {cert: certificate(nil), client: func(o *smtp.Options) { o.TLS = nil }, cause: x509.UnknownAuthorityError{}},
			"another host's":       {cert: certificate(func(c *x509.Certificate) { c.DNSNames = []string{"imaps.alfa.example"} }), cause: x509.HostnameError{}},
			"another name wanted":  {cert: certificate(nil), client: func(o *smtp.Options) { o.TLS.ServerName = "other.example" }, cause: x509.HostnameError{}},
			"expired":              {cert: certificate(expired), cause: x509.CertificateInvalidError{}},
			"not for servers":      {cert: certificate(func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageEmailProtection} }), cause: x509.CertificateInvalidError{}},
			"TLS 1.1":              {cert: certificate(nil), server: func(c *tls.Config) { c.MinVersion, c.MaxVersion = tls.VersionTLS10, tls.VersionTLS11 }},
			"TLS 1.1 asked for":    {cert: certificate(nil), server: func(c *tls.Config) { c.MinVersion, c.MaxVersion = tls.VersionTLS10, tls.VersionTLS11 }, client: func(o *smtp.Options) { o.TLS.MinVersion = tls.VersionTLS10 }},
			"authority of no host": {cert: certificate(func(c *x509.Certificate) { c.DNSNames = nil }), cause: x509.HostnameError{}},
		} {
			t.Run(fmt.Sprintf("%s %v", name, starttls), func(t *testing.T) {
				f := newFake(t, nil, func(f *fake) {
					f.starttls = starttls
					f.tls.Certificates = []tls.Certificate{c.cert}
					if c.server != nil {
						c.server(f.tls)
					}
				})
				opt := f.options()
				if c.client != nil {
					c.client(opt)
				}
				e := want(t, sender(t, opt).Send(background(t), toBruno("x")), transport.Deferred, smtp.StepTLS, 0)
				switch c.cause.(type) {
				case x509.UnknownAuthorityError:
					require.ErrorAs(t, e, &x509.UnknownAuthorityError{})
				case x509.HostnameError:
					require.ErrorAs(t, e, &x509.HostnameError{})
				case x509.CertificateInvalidError:
					require.ErrorAs(t, e, &x509.CertificateInvalidError{})
				}
				require.Zero(t, f.heard("AUTH")+f.heard("MAIL"))
			})
		}
	}
}

// tap is a man in the middle: it changes what the server says in the clear,
// and keeps what the client says.
type tap struct {
	net.Listener
	mu   sync.Mutex
	said bytes.Buffer
}

func newTap(t *testing.T, server string, change func(string) string) *tap {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	m := &tap{Listener: ln}
	var all sync.WaitGroup
	t.Cleanup(func() { ln.Close(); all.Wait() })
	all.Go(func() {
		for {
			client, err := ln.Accept()
			if err != nil {
				return
			}
			far, err := net.Dial("tcp", server)
			if err != nil {
				client.Close()
				continue
			}
			all.Go(func() {
				defer far.Close()
				_, _ = io.Copy(far, io.TeeReader(client, m))
			})
			all.Go(func() {
				defer client.Close()
				for in := bufio.NewReader(far); ; {
					line, err := in.ReadString('\n')
					if err != nil {
						return
					}
					if _, err := io.WriteString(client, change(line)); err != nil {
						return
					}
				}
			})
		}
	})
	return m
}

func (m *tap) Write(p []byte) (int, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.said.Write(p)
}

func (m *tap) heard() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.said.String()
}

// Somebody on the way takes STARTTLS out, refuses it, or adds to its answer:
// nothing but EHLO and STARTTLS is ever said in the clear, and the message
// stays to be sent.
func TestStrippingServer(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(line string) string
		step   smtp.Step
		code   int
		cause  error
		said   string
	}{
		{"taken out", func(l string) string { return strings.Replace(l, "STARTTLS", "STARTLET", 1) }, smtp.StepTLS, 0, smtp.ErrNoStartTLS, "EHLO localhost\r\n"},
		{"taken out, AUTH put in", func(l string) string { return strings.Replace(l, "STARTTLS", "AUTH PLAIN LOGIN", 1) }, smtp.StepTLS, 0, smtp.ErrNoStartTLS, "EHLO localhost\r\n"},
		{"refused for good", instead("220 2.0.0", "502 5.5.1 what?\r\n"), smtp.StepTLS, 502, smtp.ErrNoStartTLS, "EHLO localhost\r\nSTARTTLS\r\n"},
		{"refused for now", instead("220 2.0.0", "454 4.7.0 TLS not available\r\n"), smtp.StepTLS, 454, smtp.ErrNoStartTLS, "EHLO localhost\r\nSTARTTLS\r\n"},
		{"injected", instead("220 2.0.0", "220 2.0.0 ready\r\n250-fake\r\n250 AUTH PLAIN\r\n"), smtp.StepTLS, 0, smtp.ErrInjected, "EHLO localhost\r\nSTARTTLS\r\n"},
		{"injected in part", instead("220 2.0.0", "220 2.0.0 ready\r\n2"), smtp.StepTLS, 0, smtp.ErrInjected, "EHLO localhost\r\nSTARTTLS\r\n"},
		{"greeting forged", instead("220", "554 5.7.1 go away\r\n"), smtp.StepHello, 554, nil, ""},
		{"EHLO forged", instead("250-Hello", "550 5.7.1 go away\r\n"), smtp.StepHello, 550, nil, "EHLO localhost\r\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := start(t, nil)
			m := newTap(t, w.servers.Endpoints()[0].StartTLS.String(), c.change)
			opt := w.options()
			opt.Security = smtp.StartTLS
			opt.Dial = func(ctx context.Context, network, _ string) (net.Conn, error) {
				return new(net.Dialer).DialContext(ctx, network, m.Addr().String())
			}
			s := w.sender(opt)
			e := want(t, s.Send(background(t), toBruno("x")), transport.Deferred, c.step, c.code)
			if c.cause != nil {
				require.ErrorIs(t, e, c.cause)
			}
			require.Nil(t, s.Suspended())
			require.Equal(t, c.said, m.heard())
		})
	}
}

func instead(of, line string) func(string) string {
	return func(l string) string {
		if strings.HasPrefix(l, of) {
			return line
		}
		return l
	}
}

// STARTTLS on a server that does everything right, with an EHLO of its own.
func TestStartTLS(t *testing.T) {
	f := newFake(t, nil, overSTARTTLS)
	opt := f.options()
	opt.LocalName = "erp.client.example"
	s := sender(t, opt)
	require.Contains(t, s.String(), fakeHost+":587")
	require.NoError(t, s.Send(background(t), toBruno("x")))
	_, commands, _ := f.state()
	require.Equal(t, []string{"EHLO erp.client.example", "STARTTLS", "EHLO erp.client.example"}, commands[:3])
	require.True(t, strings.HasPrefix(commands[3], "AUTH PLAIN "))
	require.Regexp(t, `^MAIL FROM:<anna@alfa\.example> BODY=8BITMIME SIZE=\d+$`, commands[4])
}

func TestOptionsAreChecked(t *testing.T) {
	good := smtp.Options{Host: fakeHost, Credentials: as(anna, "x")}
	for name, change := range map[string]func(*smtp.Options){
		"no host":            func(o *smtp.Options) { o.Host = "" },
		"host with CR":       func(o *smtp.Options) { o.Host = "a\rb" },
		"no credentials":     func(o *smtp.Options) { o.Credentials = nil },
		"unknown security":   func(o *smtp.Options) { o.Security = 2 },
		"unverified":         func(o *smtp.Options) { o.TLS = &tls.Config{InsecureSkipVerify: true} },
		"port":               func(o *smtp.Options) { o.Port = 70000 },
		"local name with LF": func(o *smtp.Options) { o.LocalName = "a\nMAIL FROM:<x>" },
		"mechanism":          func(o *smtp.Options) { o.Mechanisms = []smtp.Mechanism{"CRAM-MD5"} },
		"connections":        func(o *smtp.Options) { o.Connections = -1 },
	} {
		opt := good
		change(&opt)
		_, err := smtp.New(&opt)
		require.ErrorIs(t, err, smtp.ErrOptions, name)
	}
	_, err := smtp.New(nil)
	require.ErrorIs(t, err, smtp.ErrOptions)
	config := &tls.Config{MinVersion: tls.VersionTLS10}
	good.TLS = config
	s, err := smtp.New(&good)
	require.NoError(t, err)
	require.Equal(t, "smtp tls "+fakeHost+":465", s.String())
	require.Empty(t, config.ServerName, "the caller's own is not touched")
	require.NoError(t, s.Close())
	require.Equal(t, []string{"tls", "starttls", "Security(7)"}, []string{smtp.ImplicitTLS.String(), smtp.StartTLS.String(), smtp.Security(7).String()})
}

// The password is in nothing that is printed, whatever the server quotes.
func TestSecretsAreNotShown(t *testing.T) {
	const secret = "pässw0rd&=\"<special>+/ x"
	quote := func(p *peer) bool { // all that the client said
		_, said, _ := strings.Cut(p.line, " ")
		return p.say("535-5.7.8 bad: "+p.line, "535-5.7.8 "+secret, "535 5.7.8 "+strings.TrimPrefix(said, "PLAIN "))
	}
	var lines []string
	relay := func(p *peer) bool { // for LOGIN: asks, and quotes the answers
		lines = nil
		for _, ask := range []string{"334 VXNlcm5hbWU6", "334 UGFzc3dvcmQ6"} {
			p.say(ask)
			line, _ := p.in.ReadString('\n')
			lines = append(lines, strings.TrimSpace(line))
		}
		return p.say("535 5.7.8 no: " + strings.Join(lines, " ") + " " + secret)
	}
	for name, c := range map[string]struct {
		mechanism smtp.Mechanism
		do        func(*peer) bool
	}{
		"plain":           {smtp.Plain, quote},
		"login":           {smtp.Login, relay},
		"xoauth2":         {smtp.XOAuth2, quote},
		"garbage":         {smtp.Plain, func(p *peer) bool { return p.say(p.line + " " + secret) }},
		"short garbage":   {smtp.Plain, func(p *peer) bool { return p.say(secret) }},
		"challenge":       {smtp.Plain, func(p *peer) bool { return p.say("334 " + secret) }},
		"login, thrice":   {smtp.Login, func(p *peer) bool { relay(p); return p.say("334 UGFzc3dvcmQ6") }},
		"later, at MAIL":  {smtp.Plain, func(p *peer) bool { return p.say("235 in") }},
		"xoauth2 and 334": {smtp.XOAuth2, func(p *peer) bool { p.say("334 e30="); _, _ = p.in.ReadString('\n'); return quote(p) }},
	} {
		t.Run(name, func(t *testing.T) {
			at := map[string]func(*peer) bool{"auth": c.do}
			if name == "later, at MAIL" {
				at["mail"] = func(p *peer) bool { return p.say("550 5.7.1 who logs in with " + secret + "?") }
			}
			f := newFake(t, at)
			opt := f.options()
			opt.Mechanisms, opt.Credentials = []smtp.Mechanism{c.mechanism}, as(anna, secret)
			s := sender(t, opt)
			err := s.Send(background(t), toBruno("x"))
			require.Error(t, err)
			again := s.Send(background(t), toBruno("x"))
			require.Error(t, again)
			shown := fmt.Sprintf("%v %+v %#v %v %+v %#v %v %+v %#v", s, s, s, *opt, *opt, *opt, s.Suspended(), s.Suspended(), s.Suspended())
			for _, err := range []error{err, again} {
				for e := err; e != nil; e = errors.Unwrap(e) {
					shown += fmt.Sprintf("%v %+v %#v", e, e, e)
				}
				shown += fmt.Sprintf("%+v %#v", *failure(t, err), *failure(t, err).Err)
			}
			for _, form := range forms(secret) {
				require.NotContains(t, shown, form)
			}
		})
	}
}
