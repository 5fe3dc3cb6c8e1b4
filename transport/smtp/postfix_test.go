//go:build unix

package smtp_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"net"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/internal/reftest"
	"github.com/certmail/certmail/transport"
	"github.com/certmail/certmail/transport/smtp"
)

// chainPEM writes a certificate and its key as servers read them.
func chainPEM(t testing.TB, c tls.Certificate) []byte {
	t.Helper()
	key, err := x509.MarshalPKCS8PrivateKey(c.PrivateKey)
	require.NoError(t, err)
	out := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE" + " KEY", Bytes: key})
	for _, der := range c.Certificate {
		out = append(out, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})...)
	}
	return out
}

// A server that is not Go's, and that providers run: Postfix with Cyrus SASL.
func TestPostfix(t *testing.T) {
	const password = " pa:ss&\"word\t=+/è"
	server := reftest.Postfix(t, chainPEM(t, certificate(nil)), map[string]string{"anna": password, "bruno": "", "carla": ""})
	at := func(name string) string { return name + "@" + reftest.PostfixHost }
	options := func(security smtp.Security, secret string) *smtp.Options {
		port := server.TLSPort
		if security == smtp.StartTLS {
			port = server.StartTLSPort
		}
		return &smtp.Options{Host: fakeHost, Port: port, Security: security, TLS: &tls.Config{RootCAs: roots()}, Credentials: as(at("anna"), secret),
			Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
				_, port, _ := net.SplitHostPort(address)
				return new(net.Dialer).DialContext(ctx, network, net.JoinHostPort("127.0.0.1", port))
			}}
	}
	ctx := background(t)
	to := func(text string, names ...string) *transport.Message {
		var all []string
		for _, n := range names {
			all = append(all, at(n))
		}
		return message(at("anna"), all, text)
	}
	same := func(stored []byte, text string) {
		t.Helper()
		require.True(t, strings.HasSuffix(string(stored), strings.ReplaceAll(text, "\r\n", "\n")), "%s", stored)
	}

	count := 0
	for _, security := range []smtp.Security{smtp.ImplicitTLS, smtp.StartTLS} {
		for _, mechanism := range []smtp.Mechanism{smtp.Plain, smtp.Login} {
			opt := options(security, password)
			opt.Mechanisms = []smtp.Mechanism{mechanism}
			s := sender(t, opt)
			for _, body := range []string{".", ".\r\n..\r\n...x\r\n\r\n.\r\n", "Così è.\r\n", strings.Repeat(strings.Repeat(".", 76)+"\r\n", 9000)} {
				text := letter(at("anna"), at("bruno"), fmt.Sprint(count), body)
				require.NoError(t, s.Send(ctx, to(text, "bruno", "carla")))
				count++
				same(server.Mail(t, "bruno", count)[count-1], text)
			}
		}
	}
	server.Mail(t, "carla", count)

	s := sender(t, options(smtp.ImplicitTLS, password))
	small := letter(at("anna"), at("bruno"), "x", "y")
	e := want(t, s.Send(ctx, to(letter(at("anna"), at("bruno"), "x", strings.Repeat("x\r\n", 400_000)), "bruno")), transport.Refused, smtp.StepMail, 0)
	require.ErrorIs(t, e, smtp.ErrTooLarge)
	e = want(t, s.Send(ctx, message(at("bruno"), []string{at("bruno")}, small)), transport.Refused, smtp.StepMail, 553)
	require.Contains(t, e.Err.Text, "not owned by user")
	e = want(t, s.Send(ctx, to(small, "bruno", "nobody", "later")), transport.Refused, smtp.StepRcpt, 550)
	require.Equal(t, []int{250, 550, 450}, codes(e))
	require.Equal(t, "5.1.1", e.Err.Status)
	want(t, s.Send(ctx, to(small, "later", "bruno")), transport.Deferred, smtp.StepRcpt, 450)
	require.NoError(t, s.Send(ctx, to(small, "bruno")), "on the same connection")
	server.Mail(t, "bruno", count+1)

	wrong := sender(t, options(smtp.StartTLS, strings.TrimSpace(password)))
	e = want(t, wrong.Send(ctx, to(small, "bruno")), transport.Refused, smtp.StepAuth, 535)
	require.ErrorIs(t, e, transport.ErrLogin)
	require.Equal(t, "5.7.8", e.Err.Status)

	stranger := options(smtp.ImplicitTLS, password)
	stranger.TLS = nil
	want(t, sender(t, stranger).Send(ctx, to(small, "bruno")), transport.Deferred, smtp.StepTLS, 0)

	server.Stop()
	e = want(t, s.Send(ctx, to(small, "bruno")), transport.Deferred, smtp.StepDial, 0)
	require.ErrorIs(t, e, syscall.ECONNREFUSED)
}
