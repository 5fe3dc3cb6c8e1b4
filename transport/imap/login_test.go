package imap_test

import (
	"context"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/pec/pectest"
	"github.com/certmail/certmail/transport"
	"github.com/certmail/certmail/transport/imap"
)

const secret = `s3cr"et\`

func list(t testing.TB, m *imap.Mailbox) error {
	t.Helper()
	_, _, err := m.List(within(t), "INBOX", "", 5)
	return err
}

// A refused login is tried once, by however many.
func TestRefusedLoginIsNotRepeated(t *testing.T) {
	f := startFake(t, &fake{on: map[string]func(string) string{"AUTHENTICATE": says("TAG NO [AUTHENTICATIONFAILED] no\r\n")}})
	var mu sync.Mutex
	password := "wrong"
	m := f.client(func(o *imap.Options) {
		o.Credentials = func(context.Context) (string, string, error) {
			mu.Lock()
			defer mu.Unlock()
			return "anna", password, nil
		}
	})
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			err := list(t, m)
			if !errors.Is(err, transport.ErrLogin) {
				t.Error(err)
			}
			if e, ok := errors.AsType[*transport.Error](err); !ok || e.Outcome != transport.Refused {
				t.Errorf("%#v", err)
			}
		})
	}
	wg.Wait()
	require.ErrorIs(t, m.Wait(within(t), "INBOX", ""), transport.ErrLogin, "waiting ends too")
	require.Equal(t, 1, f.count("AUTHENTICATE"))
	m.Resume()
	require.ErrorIs(t, list(t, m), transport.ErrLogin)
	require.ErrorIs(t, list(t, m), transport.ErrLogin)
	require.Equal(t, 2, f.count("AUTHENTICATE"))
	mu.Lock()
	password = "right"
	mu.Unlock()
	f.answer(nil)
	require.NoError(t, list(t, m), "new credentials need no Resume")
}

func TestLoginThatPasses(t *testing.T) {
	n := 0
	f := startFake(t, &fake{on: map[string]func(string) string{"AUTHENTICATE": func(string) string {
		if n++; n < 3 {
			return "TAG NO [UNAVAILABLE] the directory sleeps\r\n"
		}
		return ""
	}}})
	m := f.client(nil)
	err := list(t, m)
	require.Error(t, err)
	require.NotErrorIs(t, err, transport.ErrLogin)
	ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer cancel()
	require.ErrorIs(t, m.Wait(ctx, "INBOX", ""), context.DeadlineExceeded)
	require.NoError(t, list(t, m))
}

func TestWaysToLogIn(t *testing.T) {
	plain := base64.StdEncoding.EncodeToString([]byte("\x00anna\x00" + secret))
	token := base64.StdEncoding.EncodeToString([]byte("user=anna\x01auth=Bearer " + secret + "\x01\x01"))
	for _, c := range []struct {
		auth       imap.Auth
		capability string
		want       string // what the server sees, "" for an error without a login
	}{
		{imap.Auto, "IMAP4rev1 AUTH=PLAIN SASL-IR", "AUTHENTICATE PLAIN " + plain},
		{imap.Auto, "IMAP4rev1", `LOGIN "anna" "s3cr\"et\\"`},
		{imap.Auto, "IMAP4rev1 LOGINDISABLED AUTH=PLAIN SASL-IR", "AUTHENTICATE PLAIN " + plain},
		{imap.Auto, "IMAP4rev1 LOGINDISABLED", ""},
		{imap.Login, "IMAP4rev1 AUTH=PLAIN", `LOGIN "anna" "s3cr\"et\\"`},
		{imap.Plain, "IMAP4rev1 SASL-IR", "AUTHENTICATE PLAIN " + plain},
		{imap.XOAuth2, "IMAP4rev1 SASL-IR", "AUTHENTICATE XOAUTH2 " + token},
	} {
		f := startFake(t, &fake{capability: c.capability})
		err := list(t, f.client(func(o *imap.Options) { o.Auth = c.auth; o.Credentials = imap.Password("anna", secret) }))
		f.mu.Lock()
		seen := strings.Join(f.seen, "\n")
		f.mu.Unlock()
		if c.want == "" {
			require.Error(t, err)
			require.NotContains(t, seen, "LOGIN")
			continue
		}
		require.NoError(t, err, "%v", c)
		require.Contains(t, seen, c.want)
	}
	// The error of XOAUTH2 is a challenge first.
	f := startFake(t, &fake{on: map[string]func(string) string{"AUTHENTICATE": says("+ eyJzdGF0dXMiOiI0MDAifQ==\r\n")}})
	f.on[""] = func(string) string { // the answer to the challenge is not a command: the tag is the login's
		return "T2 NO [AUTHENTICATIONFAILED] no\r\n"
	}
	require.ErrorIs(t, list(t, f.client(func(o *imap.Options) { o.Auth = imap.XOAuth2 })), transport.ErrLogin)
}

// A secret is nowhere but on the wire.
func TestSecretIsNotShown(t *testing.T) {
	forms := []string{secret, `s3cr\"et`, "s3cr", base64.StdEncoding.EncodeToString([]byte(secret)), base64.StdEncoding.EncodeToString([]byte("\x00anna\x00" + secret))}
	check := func(values ...any) {
		t.Helper()
		for _, v := range values {
			for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
				text := fmt.Sprintf(verb, v)
				for _, form := range forms {
					require.NotContains(t, text, form, verb)
				}
			}
		}
	}
	for name, answer := range map[string]string{
		"NO":     "TAG NO wrong password %s for anna\r\n",
		"BAD":    "TAG BAD cannot parse LOGIN anna %s\r\n",
		"long":   "TAG NO " + strings.Repeat("x", 296) + "%s\r\n",
		"data":   "* %s what\r\n",
		"tag":    "%s OK\r\n",
		"passes": "TAG NO [UNAVAILABLE] %s\r\n",
	} {
		for _, auth := range []imap.Auth{imap.Login, imap.Plain} {
			for _, form := range []string{secret, strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(secret), base64.StdEncoding.EncodeToString([]byte("\x00anna\x00" + secret))} {
				text := says(fmt.Sprintf(answer, form))
				f := startFake(t, &fake{on: map[string]func(string) string{"LOGIN": text, "AUTHENTICATE": text}})
				opt := f.options()
				opt.Auth, opt.Credentials, opt.Timeout = auth, imap.Password("anna", secret), time.Second
				m := open(t, opt)
				err := list(t, m)
				require.Error(t, err, name)
				check(err, m, *opt, opt)
				for ; err != nil; err = errors.Unwrap(err) {
					check(err)
				}
			}
		}
	}
	f := startFake(t, &fake{})
	m := f.client(func(o *imap.Options) { o.Credentials = imap.Password("anna", secret) })
	require.NoError(t, list(t, m))
	check(m)
	broken := f.client(func(o *imap.Options) {
		o.Credentials = func(context.Context) (string, string, error) { return "", secret, errors.New("vault is closed") }
	})
	err := list(t, broken)
	require.ErrorContains(t, err, "vault is closed")
	check(err)
}

// Against the network: its fault, and its answer.
func TestNetworkRefusesLogin(t *testing.T) {
	w := filled(t, "one")
	require.NoError(t, w.AddFault(pectest.Fault{Kind: pectest.RefuseLogin, Mailbox: anna, Times: 1}))
	m := w.open(nil)
	require.ErrorIs(t, list(t, m), transport.ErrLogin)
	require.ErrorIs(t, list(t, m), transport.ErrLogin)
	m.Resume()
	require.NoError(t, list(t, m))
}

func TestCertificateIsVerified(t *testing.T) {
	f := startFake(t, &fake{})
	for name, change := range map[string]func(*imap.Options){
		"unknown authority": func(o *imap.Options) { o.RootCAs = nil },
		"another name":      func(o *imap.Options) { o.ServerName = "imap.provider.example" },
	} {
		m := f.client(change)
		require.ErrorContains(t, list(t, m), "certificate", name)
		require.ErrorContains(t, m.Wait(within(t), "INBOX", ""), "certificate", "waiting does not help")
	}
	require.Zero(t, f.count("AUTHENTICATE"))
	require.NoError(t, list(t, f.client(func(o *imap.Options) { o.Host = "127.0.0.1"; o.ServerName = "localhost" })))
}

// startTLS is what a server says in clear.
func startTLS(greeting, answer string) func(net.Conn) {
	return func(c net.Conn) {
		_, _ = io.WriteString(c, greeting)
		line := make([]byte, len("S1 STARTTLS\r\n"))
		if _, err := io.ReadFull(c, line); err == nil {
			_, _ = io.WriteString(c, answer)
		}
	}
}

func TestStartTLS(t *testing.T) {
	on := func(o *imap.Options) { o.StartTLS = true }
	f := startFake(t, &fake{uids: []uint32{1}, clear: startTLS("* OK [CAPABILITY IMAP4rev1 LOGINDISABLED STARTTLS] hi\r\n", "* OK one moment\r\nS1 OK go\r\n")})
	require.NoError(t, list(t, f.client(on)))
	require.Equal(t, 1, f.count("AUTHENTICATE"))

	for name, clear := range map[string]func(net.Conn){
		"stripped":       startTLS("* OK hi\r\n", "S1 BAD unknown command\r\n"),
		"not now":        startTLS("* OK hi\r\n", "S1 NO later\r\n"),
		"PREAUTH":        startTLS("* PREAUTH hi\r\n", "S1 OK go\r\n"),
		"BYE":            startTLS("* BYE\r\n", ""),
		"injected":       startTLS("* OK hi\r\n", "S1 OK go\r\n* OK [CAPABILITY IMAP4rev1] in clear\r\n"),
		"no TLS behind":  startTLS("* OK hi\r\n", "S1 OK go\r\nT1 OK LOGIN is fine\r\n"),
		"endless line":   startTLS("* OK "+strings.Repeat("x", 1<<16), ""),
		"endless chat":   startTLS("* OK hi\r\n", strings.Repeat("* OK x\r\n", 1000)),
		"TLS from start": nil,
	} {
		f := startFake(t, &fake{clear: clear})
		err := list(t, f.client(func(o *imap.Options) { o.StartTLS, o.Timeout = true, time.Second }))
		require.Error(t, err, name)
		switch name {
		case "injected", "no TLS behind":
			require.ErrorAs(t, err, new(tls.RecordHeaderError), name)
		case "TLS from start": // each waits for the other
			require.ErrorIs(t, err, os.ErrDeadlineExceeded, name)
		default:
			require.ErrorIs(t, err, imap.ErrNoStartTLS, name)
		}
		require.Zero(t, f.count("AUTHENTICATE")+f.count("LOGIN"), name)
	}
}

func TestOptions(t *testing.T) {
	for name, opt := range map[string]*imap.Options{
		"none": nil, "no host": {Credentials: imap.Password("a", "b")}, "no credentials": {Host: "a"},
		"port": {Host: "a", Port: 70000, Credentials: imap.Password("a", "b")}, "auth": {Host: "a", Auth: "CRAM-MD5", Credentials: imap.Password("a", "b")},
	} {
		_, err := imap.New(opt)
		require.Error(t, err, name)
	}
	m := open(t, &imap.Options{Host: "a", StartTLS: true, Credentials: imap.Password("a", "b")})
	require.Equal(t, "imap a:143", m.String())
}
