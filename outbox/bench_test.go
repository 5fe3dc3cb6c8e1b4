package outbox_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	gosmtp "github.com/emersion/go-smtp"
	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/outbox"
	"github.com/certmail/certmail/pec/pectest"
	"github.com/certmail/certmail/receipt"
	"github.com/certmail/certmail/store"
	"github.com/certmail/certmail/store/sqlite"
	"github.com/certmail/certmail/transport"
	"github.com/certmail/certmail/transport/smtp"
)

// sink is a server that takes everything.
type sink struct{}

func (sink) NewSession(*gosmtp.Conn) (gosmtp.Session, error) { return sink{}, nil }
func (sink) AuthMechanisms() []string                        { return []string{sasl.Plain} }
func (sink) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, _, _ string) error { return nil }), nil
}
func (sink) Mail(string, *gosmtp.MailOptions) error { return nil }
func (sink) Rcpt(string, *gosmtp.RcptOptions) error { return nil }
func (sink) Data(r io.Reader) error                 { _, err := io.Copy(io.Discard, r); return err }
func (sink) Reset()                                 {}
func (sink) Logout() error                          { return nil }

// newSink starts one and returns a sender to it.
func newSink(b *testing.B) *smtp.Sender {
	b.Helper()
	ca := pectest.NewAuthority(1)
	cert, err := ca.ServerCertificate("localhost")
	require.NoError(b, err)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(b, err)
	server := gosmtp.NewServer(sink{})
	go func() { _ = server.Serve(tls.NewListener(l, &tls.Config{Certificates: []tls.Certificate{cert}})) }()
	b.Cleanup(func() { _ = server.Close() })
	pool := x509.NewCertPool()
	pool.AddCert(ca.Certificate())
	s, err := smtp.New(&smtp.Options{Host: "localhost", Port: l.Addr().(*net.TCPAddr).Port, TLS: &tls.Config{RootCAs: pool}, MaxMessages: -1,
		Credentials: func(context.Context) (string, string, error) { return anna, "x", nil },
		Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, l.Addr().String())
		}})
	require.NoError(b, err)
	b.Cleanup(func() { _ = s.Close() })
	return s
}

// BenchmarkDrainSQLite sends messages from a durable outbox in SQLite, against
// a bare loop that sends the same bytes over the same kind of connection. Each
// message's bytes are a file of a store.Folder, which is what queueing waits for:
// the goal's own benchmark, BenchmarkSend10000 of the stores, keeps small ones
// together.
func BenchmarkDrainSQLite(b *testing.B) {
	ctx := context.Background()
	const batch = 200
	body := strings.Repeat("0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef012345\r\n", 100)
	s, err := sqlite.Open(ctx, filepath.Join(b.TempDir(), "store.db"), nil)
	require.NoError(b, err)
	defer s.Close()
	blobs, err := store.NewFolder(b.TempDir(), nil)
	require.NoError(b, err)
	durable, bare := newSink(b), newSink(b)
	o, err := outbox.New(outbox.Options{Store: s, Blobs: blobs, Senders: map[string]transport.Sender{anna: durable}, Worker: "one"})
	require.NoError(b, err)
	number := 0
	text := func(i int) string {
		return fmt.Sprintf("From: %s\r\nTo: bruno@beta.example\r\nMessage-ID: <%d@pc.alfa.example>\r\n\r\n%s", anna, i, body)
	}
	var ours, limit, queueing time.Duration
	for b.Loop() {
		start := time.Now()
		for i := range batch {
			_, _, err := o.Submit(ctx, outbox.Message{Account: anna, Key: fmt.Sprint(number + i), Body: strings.NewReader(text(number + i)),
				Sent: receipt.Sent{MessageID: fmt.Sprint(number+i, "@pc.alfa.example"), Sender: anna, Recipients: []receipt.SentRecipient{{Address: "bruno@beta.example"}}}})
			require.NoError(b, err)
		}
		queueing += time.Since(start)
		start = time.Now()
		n, err := o.Drain(ctx)
		require.NoError(b, err)
		require.Equal(b, batch, n)
		ours += time.Since(start)
		start = time.Now()
		for i := range batch {
			m := text(number + i)
			require.NoError(b, bare.Send(ctx, &transport.Message{From: anna, To: []string{"bruno@beta.example"}, Source: strings.NewReader(m), Size: int64(len(m))}))
		}
		limit += time.Since(start)
		number += batch
	}
	b.ReportMetric(float64(limit)/float64(ours), "of-bare-loop")
	b.ReportMetric(float64(number)/ours.Seconds(), "sent/s")
	b.ReportMetric(float64(number)/limit.Seconds(), "bare/s")
	b.ReportMetric(float64(number)/queueing.Seconds(), "queued/s")
	b.ReportMetric(0, "ns/op")
}
