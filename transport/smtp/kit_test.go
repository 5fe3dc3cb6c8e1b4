package smtp_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/pec/pectest"
	"github.com/certmail/certmail/pec/pectest/pecserve"
	"github.com/certmail/certmail/transport"
	"github.com/certmail/certmail/transport/smtp"
)

const (
	anna  = "anna@alfa.example"
	bruno = "bruno@beta.example"
	carla = "carla@beta.example"
)

// as returns credentials that do not change.
func as(user, secret string) smtp.Credentials {
	return func(context.Context) (string, string, error) { return user, secret, nil }
}

func letter(from, to, subject, text string) string {
	return "From: " + from + "\r\nTo: " + to + "\r\nSubject: " + subject +
		"\r\nDate: Mon, 16 Nov 2026 09:00:00 +0100\r\nMessage-ID: <" + subject + "@client.example>\r\nMIME-Version: 1.0\r\n" +
		"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n" + text + "\r\n"
}

func message(from string, to []string, text string) *transport.Message {
	return &transport.Message{From: from, To: to, Source: strings.NewReader(text), Size: int64(len(text))}
}

func toBruno(subject string) *transport.Message {
	return message(anna, []string{bruno}, letter(anna, bruno, subject, "x"))
}

// failure takes the error of Send apart.
func failure(t testing.TB, err error) *smtp.Error {
	t.Helper()
	require.Error(t, err)
	e, ok := errors.AsType[*smtp.Error](err)
	require.True(t, ok, "%T", err)
	inner, ok := errors.AsType[*transport.Error](err)
	require.True(t, ok)
	require.Same(t, e.Err, inner)
	return e
}

// want checks outcome, step and code of a failure.
func want(t testing.TB, err error, outcome transport.Outcome, step smtp.Step, code int) *smtp.Error {
	t.Helper()
	e := failure(t, err)
	require.Equal(t, [3]any{outcome.String(), step, code}, [3]any{e.Err.Outcome.String(), e.Step, e.Err.Code}, "%v", err)
	return e
}

// world is a network of providers on loopback.
type world struct {
	testing.TB
	*pectest.Network
	servers *pecserve.Servers
}

func start(t testing.TB, opt *pectest.NetworkOptions) *world {
	t.Helper()
	n, err := pectest.NewNetwork(opt)
	require.NoError(t, err)
	servers, err := pecserve.Start(n, nil)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, servers.Close()) })
	return &world{t, n, servers}
}

func (w *world) account(address string) *pectest.Account {
	w.Helper()
	a, err := w.Account(address)
	require.NoError(w, err)
	return a
}

// options are anna's.
func (w *world) options() *smtp.Options {
	at := w.servers.Endpoints()[0].Submission
	return &smtp.Options{Host: at.Host, Port: at.Port, TLS: &tls.Config{RootCAs: w.servers.CertPool()}, Credentials: as(anna, w.account(anna).Password())}
}

func (w *world) sender(opt *smtp.Options) *smtp.Sender { return sender(w.TB, opt) }

func sender(t testing.TB, opt *smtp.Options) *smtp.Sender {
	t.Helper()
	s, err := smtp.New(opt)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return s
}

// originals are the messages that the network took, byte for byte, oldest
// first.
func (w *world) originals(address string) (all [][]byte) {
	w.Helper()
	w.Settle()
	for _, m := range w.account(address).Messages() {
		all = append(all, m.Data)
	}
	return all
}

// carried tells whether the text of a message stands in its envelope as it is;
// providers write into the header.
func carried(envelope []byte, original string) bool {
	_, text, _ := strings.Cut(original, "\r\n\r\n")
	return bytes.Contains(envelope, []byte("\r\n\r\n"+text))
}

func background(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}
