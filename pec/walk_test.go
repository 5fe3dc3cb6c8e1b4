package pec_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"io"
	"net"
	"net/mail"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/outbox"
	"github.com/certmail/certmail/pec"
	"github.com/certmail/certmail/pec/pectest"
	"github.com/certmail/certmail/pec/pectest/pecserve"
	"github.com/certmail/certmail/receipt"
	keep "github.com/certmail/certmail/store"
	"github.com/certmail/certmail/store/sqlite"
	"github.com/certmail/certmail/transport"
	"github.com/certmail/certmail/transport/imap"
	"github.com/certmail/certmail/transport/smtp"
)

// road is the whole way of anna's messages: a client over an outbox in SQLite,
// SMTP under TLS to a network of providers, and IMAP back. Time is simulated.
type road struct {
	testing.TB
	*pectest.Network
	servers *pecserve.Servers
	ear     *ear
	store   keep.Store
	blobs   keep.Blobs
	out     *outbox.Outbox
	sender  *smtp.Sender
	box     *imap.Mailbox
	client  *pec.Client
}

// plan is what may be changed about a road before it is built.
type plan struct {
	network pectest.NetworkOptions
	client  pec.ClientOptions
	smtp    smtp.Options
	imap    imap.Options
	direct  bool // no ear on the line
}

func walk(t testing.TB, change func(*plan)) *road {
	t.Helper()
	p := plan{client: pec.ClientOptions{Account: pec.Account{Address: anna}}}
	if change != nil {
		change(&p)
	}
	n, err := pectest.NewNetwork(&p.network)
	require.NoError(t, err)
	servers, err := pecserve.Start(n, nil)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, servers.Close()) })
	r := &road{TB: t, Network: n, servers: servers}
	at := servers.Endpoints()[0]
	way := at.Submission
	if !p.direct {
		r.ear = listen(t, n, way)
		way = r.ear.where
	}
	login := func(context.Context) (string, string, error) { return anna, r.account(anna).Password(), nil }
	p.smtp.Host, p.smtp.Port, p.smtp.TLS, p.smtp.Credentials = way.Host, way.Port, &tls.Config{RootCAs: servers.CertPool()}, login
	r.sender, err = smtp.New(&p.smtp)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, r.sender.Close()) })
	p.imap.Host, p.imap.Port, p.imap.RootCAs, p.imap.Credentials = at.IMAP.Host, at.IMAP.Port, servers.CertPool(), login
	r.box, err = imap.New(&p.imap)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, r.box.Close()) })

	dir := t.TempDir()
	r.store, err = sqlite.Open(r.within(), filepath.Join(dir, "certmail.db"), nil)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, r.store.Close()) })
	blobs, err := keep.NewFolder(filepath.Join(dir, "blobs"), nil)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, blobs.Close()) })
	r.blobs = blobs
	r.out, err = outbox.New(outbox.Options{Store: r.store, Blobs: blobs, Senders: map[string]transport.Sender{anna: r.sender}, Worker: "walker", Now: n.Now})
	require.NoError(t, err)
	p.client.Store, p.client.Blobs, p.client.Outbox, p.client.Mailbox, p.client.Verifier, p.client.Now = r.store, blobs, r.out, r.box, n.Verifier(), n.Now
	r.client, err = pec.NewClient(p.client)
	require.NoError(t, err)
	return r
}

func (r *road) within() context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	r.Cleanup(cancel)
	return ctx
}

func (r *road) account(address string) *pectest.Account {
	r.Helper()
	a, err := r.Account(address)
	require.NoError(r, err)
	return a
}

// send queues a draft and lets the outbox work.
func (r *road) send(key string, d *pec.Draft) keep.Submission {
	r.Helper()
	_, err := r.client.Send(r.within(), key, d)
	require.NoError(r, err)
	return r.drain(key)
}

// drain lets the outbox work, and tells where a submission stands then.
func (r *road) drain(key string) keep.Submission {
	r.Helper()
	_, err := r.out.Drain(r.within())
	require.NoError(r, err)
	s, err := r.store.Submission(r.within(), anna, key)
	require.NoError(r, err)
	return s
}

// collect lets all mail arrive, and fetches it.
func (r *road) collect() pec.Collection {
	r.Helper()
	r.Settle()
	all, err := r.client.Collect(r.within())
	require.NoError(r, err)
	return all
}

// wait lets time pass, and fetches what came.
func (r *road) wait(d time.Duration) pec.Collection {
	r.Helper()
	r.Advance(d)
	return r.collect()
}

func (r *road) status(key string) receipt.Message {
	r.Helper()
	m, err := r.client.StatusOf(r.within(), key)
	require.NoError(r, err)
	return m
}

// refused is a draft that the client must not take: nothing is kept, and
// nothing goes over the line.
func (r *road) refused(d *pec.Draft, want error, rule string) {
	r.Helper()
	_, err := r.client.Send(r.within(), "refused", d)
	require.ErrorIs(r, err, want)
	require.Contains(r, rulesOf(err), rule)
	_, err = r.out.Drain(r.within())
	require.NoError(r, err)
	_, err = r.store.Submission(r.within(), anna, "refused")
	require.ErrorIs(r, err, keep.ErrNotFound)
	require.Empty(r, r.ear.heard(), "nothing was said to the provider")
	require.Empty(r, r.Outcomes())
}

// kept returns the bytes under a digest.
func (r *road) kept(d receipt.Digest) []byte {
	r.Helper()
	in, err := r.blobs.Open(r.within(), d)
	require.NoError(r, err)
	defer in.Close()
	data, err := io.ReadAll(in)
	require.NoError(r, err)
	return data
}

// one is the only transaction that the provider heard.
func (r *road) one() (transaction, *mail.Message) {
	r.Helper()
	all := r.ear.heard()
	require.Len(r, all, 1)
	m, err := mail.ReadMessage(bytes.NewReader(all[0].data))
	require.NoError(r, err)
	return all[0], m
}

// ear stands between the client and the provider's submission server with a
// certificate of the same authority, and keeps what the client says.
type ear struct {
	testing.TB
	net.Listener
	where pecserve.Address
	mu    sync.Mutex
	lines []*line
}

// line is one connection: its TLS, and what the client said under it.
type line struct {
	version uint16
	said    bytes.Buffer
}

// transaction is what the client said of one message.
type transaction struct {
	version    uint16
	user, from string
	to         []string
	data       []byte
}

func listen(t testing.TB, n *pectest.Network, server pecserve.Address) *ear {
	t.Helper()
	cert, err := n.Authority().ServerCertificate("localhost", "127.0.0.1")
	require.NoError(t, err)
	ln, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{cert}})
	require.NoError(t, err)
	e := &ear{TB: t, Listener: ln, where: pecserve.Address{Host: "localhost", Port: ln.Addr().(*net.TCPAddr).Port}}
	var all sync.WaitGroup
	t.Cleanup(func() { _ = ln.Close(); all.Wait() })
	roots := &tls.Config{RootCAs: x509.NewCertPool(), ServerName: "localhost"}
	roots.RootCAs.AddCert(n.Authority().Certificate())
	all.Go(func() {
		for {
			near, err := ln.Accept()
			if err != nil {
				return
			}
			all.Go(func() { e.relay(near.(*tls.Conn), server, roots) })
		}
	})
	return e
}

func (e *ear) relay(near *tls.Conn, server pecserve.Address, roots *tls.Config) {
	defer near.Close()
	if near.Handshake() != nil {
		return
	}
	l := &line{version: near.ConnectionState().Version}
	e.mu.Lock()
	e.lines = append(e.lines, l)
	e.mu.Unlock()
	far, err := tls.Dial("tcp", server.String(), roots)
	if err != nil {
		e.Error(err)
		return
	}
	var back sync.WaitGroup
	back.Go(func() { _, _ = io.Copy(near, far); _ = near.Close() })
	_, _ = io.Copy(far, io.TeeReader(near, overheard{e, l}))
	_ = far.Close()
	back.Wait()
}

type overheard struct {
	*ear
	*line
}

func (o overheard) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.said.Write(p)
}

// heard are the transactions so far. The grammar is RFC 5321's, as far as the
// client uses it.
func (e *ear) heard() (all []transaction) {
	e.Helper()
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, l := range e.lines {
		var now transaction
		user := ""
		for rest := l.said.String(); rest != ""; {
			command, after, whole := strings.Cut(rest, "\r\n")
			require.True(e, whole, "a command without an end: %q", command)
			rest = after
			switch verb, _, _ := strings.Cut(command, " "); verb {
			case "EHLO", "QUIT", "RSET", "NOOP":
			case "AUTH":
				response, ok := strings.CutPrefix(command, "AUTH PLAIN ")
				require.True(e, ok, command)
				decoded, err := base64.StdEncoding.DecodeString(response)
				require.NoError(e, err)
				parts := strings.Split(string(decoded), "\x00")
				require.Len(e, parts, 3)
				user = parts[1]
			case "MAIL":
				now = transaction{version: l.version, user: user, from: pathIn(command, "MAIL FROM:")}
			case "RCPT":
				now.to = append(now.to, pathIn(command, "RCPT TO:"))
			case "DATA":
				text, behind, ended := strings.Cut("\r\n"+rest, "\r\n.\r\n")
				require.True(e, ended, "no final dot")
				now.data = []byte(strings.TrimPrefix(strings.ReplaceAll(text, "\r\n..", "\r\n."), "\r\n") + "\r\n")
				all, rest = append(all, now), behind
			default:
				require.Fail(e, "unknown command", "%q", command)
			}
		}
	}
	return all
}

// pathIn is the address in MAIL FROM:<address> or RCPT TO:<address>.
func pathIn(command, verb string) string {
	address, _, _ := strings.Cut(strings.TrimPrefix(command, verb+"<"), ">")
	return address
}
