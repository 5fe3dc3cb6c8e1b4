package pec_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"io"
	"math/big"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/internal/testpki"
	"github.com/certmail/certmail/outbox"
	"github.com/certmail/certmail/pec"
	"github.com/certmail/certmail/pec/pectest"
	keep "github.com/certmail/certmail/store"
	"github.com/certmail/certmail/transport"
	"github.com/certmail/certmail/transport/imap"
	"github.com/certmail/certmail/transport/smtp"
)

// Servers that are not the provider's, or whose TLS is not to be trusted: the
// client leaves before the password, whatever the way in.

const password = "Gegen-alle-Lauscher-1"

// door is a way in: a protocol, under TLS from the start or after STARTTLS.
type door struct {
	name string
	smtp bool
	// clear is what is said before TLS by a server that goes over to it; each
	// line is answered by one line (of EHLO two) of the client.
	clear []string
	// plain is a server that knows no TLS: what it answers to each line.
	plain func(line string) string
	hello string // with which it begins
	first string // the one line that a client may say to it, "" for none
	// none is the error of a client to which no TLS is offered.
	none error
}

var doors = []door{
	{name: "smtp", smtp: true, hello: "220 hi\r\n", plain: plainSMTP},
	{name: "smtp STARTTLS", smtp: true, clear: []string{"220 hi\r\n", "250-hi\r\n250 STARTTLS\r\n", "220 go\r\n"},
		hello: "220 hi\r\n", plain: plainSMTP, first: "EHLO localhost\r\n", none: smtp.ErrNoStartTLS},
	{name: "imap", hello: "* OK hi\r\n", plain: plainIMAP},
	{name: "imap STARTTLS", clear: []string{"* OK [CAPABILITY IMAP4rev1 STARTTLS] hi\r\n", "S1 OK go\r\n"},
		hello: "* OK [CAPABILITY IMAP4rev1] hi\r\n", plain: plainIMAP, first: "S1 STARTTLS\r\n", none: imap.ErrNoStartTLS},
}

// plainSMTP and plainIMAP would be glad of a password in the clear.
func plainSMTP(line string) string {
	switch {
	case strings.HasPrefix(line, "EHLO"):
		return "250-hi\r\n250 AUTH PLAIN LOGIN\r\n"
	case strings.HasPrefix(line, "AUTH"):
		return "235 2.7.0 in\r\n"
	}
	return "250 ok\r\n"
}

func plainIMAP(line string) string {
	tag, command, _ := strings.Cut(line, " ")
	if strings.HasPrefix(command, "STARTTLS") {
		return tag + " BAD what\r\n"
	}
	return tag + " OK done\r\n"
}

// stranger is a server at such a door. It keeps what it hears, in the clear
// and under TLS.
type stranger struct {
	port  int
	mu    sync.Mutex
	clear bytes.Buffer
	under bytes.Buffer
}

func stand(t *testing.T, d door, config *tls.Config) *stranger {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	s := &stranger{port: ln.Addr().(*net.TCPAddr).Port}
	var all sync.WaitGroup
	t.Cleanup(func() { _ = ln.Close(); all.Wait() })
	all.Go(func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			all.Go(func() {
				defer c.Close()
				_ = c.SetDeadline(time.Now().Add(10 * time.Second))
				s.serve(c, d, config)
			})
		}
	})
	return s
}

func (s *stranger) serve(c net.Conn, d door, config *tls.Config) {
	in := bufio.NewReader(c)
	hear := func() (string, bool) {
		line, err := in.ReadString('\n')
		s.mu.Lock()
		defer s.mu.Unlock()
		s.clear.WriteString(line)
		return line, err == nil
	}
	if config == nil { // knows no TLS
		_, _ = io.WriteString(c, d.hello)
		for {
			line, ok := hear()
			if !ok {
				return
			}
			_, _ = io.WriteString(c, d.plain(line))
		}
	}
	for i, say := range d.clear {
		_, _ = io.WriteString(c, say)
		if i == len(d.clear)-1 {
			break
		}
		if _, ok := hear(); !ok {
			return
		}
	}
	secure := tls.Server(c, config)
	if secure.Handshake() != nil {
		return
	}
	_, _ = io.WriteString(secure, d.hello)
	buf := make([]byte, 4096)
	for {
		n, err := secure.Read(buf)
		s.mu.Lock()
		s.under.Write(buf[:n])
		s.mu.Unlock()
		if err != nil {
			return
		}
	}
}

func (s *stranger) heard() (clear, under string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.clear.String(), s.under.String()
}

func serverCertificate(change func(*x509.Certificate), by *testpki.Authority) tls.Certificate {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	leaf := by.Issue(key, "Server", "postmaster@alfa.example", func(c *x509.Certificate) {
		c.DNSNames, c.ExtKeyUsage = []string{"localhost"}, []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
		if change != nil {
			change(c)
		}
	})
	return tls.Certificate{Certificate: [][]byte{leaf.Certificate.Raw}, PrivateKey: key}
}

// selfSigned is a certificate for localhost that nobody vouches for.
func selfSigned(t *testing.T) tls.Certificate {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{"localhost"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	require.NoError(t, err)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

func TestTLSIsNeverGivenUp(t *testing.T) {
	ours, theirs := testpki.NewAuthority(1, "Ours", nil), testpki.NewAuthority(2, "Theirs", nil)
	good := serverCertificate(nil, ours)
	with := func(c tls.Certificate) *tls.Config { return &tls.Config{Certificates: []tls.Certificate{c}} }
	versions := func(from, to uint16) *tls.Config {
		return &tls.Config{Certificates: []tls.Certificate{good}, MinVersion: from, MaxVersion: to}
	}
	unknown := func(err error) bool {
		e, ok := errors.AsType[*tls.CertificateVerificationError](err)
		return ok && errors.As(e.Err, new(x509.UnknownAuthorityError))
	}
	wrongName := func(err error) bool {
		e, ok := errors.AsType[*tls.CertificateVerificationError](err)
		return ok && errors.As(e.Err, new(x509.HostnameError))
	}
	invalid := func(reason x509.InvalidReason) func(error) bool {
		return func(err error) bool {
			e, ok := errors.AsType[x509.CertificateInvalidError](err)
			return ok && e.Reason == reason
		}
	}
	alert := func(err error) bool {
		e, ok := errors.AsType[*net.OpError](err) // the type of its alerts, crypto/tls keeps for itself
		return ok && e.Op == "remote error" && e.Err.Error() == "tls: protocol version not supported"
	}
	past := func(c *x509.Certificate) {
		c.NotBefore, c.NotAfter = time.Now().AddDate(0, 0, -9), time.Now().AddDate(0, 0, -2)
	}
	future := func(c *x509.Certificate) {
		c.NotBefore, c.NotAfter = time.Now().AddDate(0, 0, 2), time.Now().AddDate(0, 0, 9)
	}
	for _, d := range doors {
		for name, c := range map[string]struct {
			config *tls.Config // nil: no TLS
			want   func(error) bool
		}{
			"another authority": {with(serverCertificate(nil, theirs)), unknown},
			"self-signed":       {with(selfSigned(t)), unknown},
			"another's name":    {with(serverCertificate(func(c *x509.Certificate) { c.DNSNames = []string{"mail.other.example"} }, ours)), wrongName},
			"no name":           {with(serverCertificate(func(c *x509.Certificate) { c.DNSNames = nil }, ours)), wrongName},
			"expired":           {with(serverCertificate(past, ours)), invalid(x509.Expired)},
			"not valid yet":     {with(serverCertificate(future, ours)), invalid(x509.Expired)},
			"not for servers": {with(serverCertificate(func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageEmailProtection} }, ours)),
				invalid(x509.IncompatibleUsage)},
			"TLS 1.0 only":    {versions(tls.VersionTLS10, tls.VersionTLS10), alert},
			"TLS 1.1 at most": {versions(tls.VersionTLS10, tls.VersionTLS11), alert},
			"no TLS": {nil, func(err error) bool {
				if d.none != nil {
					return errors.Is(err, d.none)
				}
				return errors.As(err, new(tls.RecordHeaderError))
			}},
		} {
			t.Run(d.name+", "+name, func(t *testing.T) {
				t.Parallel()
				s := stand(t, d, c.config)
				reply, err := s.visit(t, d, ours)
				require.Error(t, err)
				require.True(t, c.want(err), "%#v: %v", err, err)
				clear, under := s.heard()
				require.Empty(t, under, "said under TLS that is not to be trusted")
				if c.config == nil && d.clear == nil {
					require.NotContains(t, clear, "EHLO")
				} else if c.config == nil {
					require.Equal(t, d.first, clear)
				}
				for _, text := range []string{clear, reply, err.Error()} {
					require.NotContains(t, text, password)
					require.NotContains(t, text, base64.StdEncoding.EncodeToString([]byte("\x00"+anna+"\x00"+password)))
				}
			})
		}
		// The same with nothing wrong, or the cases above show nothing.
		t.Run(d.name+", all is well", func(t *testing.T) {
			s := stand(t, d, with(good))
			ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
			defer cancel()
			go func() {
				defer cancel()
				for under := ""; under == "" && ctx.Err() == nil; time.Sleep(time.Millisecond) {
					_, under = s.heard()
				}
			}()
			_, _ = s.visitWithin(ctx, t, d, ours)
			_, under := s.heard()
			require.NotEmpty(t, under)
		})
	}
}

func (s *stranger) visit(t *testing.T, d door, ours *testpki.Authority) (reply string, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	return s.visitWithin(ctx, t, d, ours)
}

// visitWithin lets a client send or collect there. The submission stays to be
// sent: a server in the way decides nothing about it.
func (s *stranger) visitWithin(ctx context.Context, t *testing.T, d door, ours *testpki.Authority) (reply string, err error) {
	pool := x509.NewCertPool()
	pool.AddCert(ours.Certificate)
	n, err := pectest.NewNetwork(nil)
	require.NoError(t, err)
	kept, blobs := keep.NewMemory(), keep.NewMemoryBlobs()
	opt := pec.ClientOptions{Account: pec.Account{Address: anna}, Store: kept, Blobs: blobs, Verifier: n.Verifier(), Now: n.Now}
	login := func(context.Context) (string, string, error) { return anna, password, nil }
	if !d.smtp {
		box, err := imap.New(&imap.Options{Host: "localhost", Port: s.port, StartTLS: d.clear != nil, RootCAs: pool, Credentials: login, Timeout: 20 * time.Second})
		require.NoError(t, err)
		defer box.Close()
		opt.Mailbox = box
		c, err := pec.NewClient(opt)
		require.NoError(t, err)
		_, err = c.Collect(ctx)
		return "", err
	}
	security := smtp.ImplicitTLS
	if d.clear != nil {
		security = smtp.StartTLS
	}
	sender, err := smtp.New(&smtp.Options{Host: "localhost", Port: s.port, Security: security, TLS: &tls.Config{RootCAs: pool}, Credentials: login})
	require.NoError(t, err)
	defer sender.Close()
	caught := &catching{Sender: sender}
	opt.Outbox, err = outbox.New(outbox.Options{Store: kept, Blobs: blobs, Senders: map[string]transport.Sender{anna: caught}, Worker: "one", Now: n.Now})
	require.NoError(t, err)
	c, err := pec.NewClient(opt)
	require.NoError(t, err)
	_, err = c.Send(ctx, "7", agreement(bruno))
	require.NoError(t, err)
	_, _ = opt.Outbox.Drain(ctx)
	got, err := kept.Submission(context.Background(), anna, "7")
	require.NoError(t, err)
	require.Equal(t, keep.Queued, got.State)
	require.NoError(t, opt.Outbox.Suspended(anna))
	return got.Reply, caught.err
}

// catching keeps the error that the outbox writes down.
type catching struct {
	transport.Sender
	err error
}

func (c *catching) Send(ctx context.Context, m *transport.Message) error {
	c.err = c.Sender.Send(ctx, m)
	return c.err
}
