package smtp_test

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"strings"
	"testing"

	"github.com/emersion/go-sasl"
	gosmtp "github.com/emersion/go-smtp"
	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/transport"
	"github.com/certmail/certmail/transport/smtp"
)

// drain is a server that takes everything and keeps nothing.
type drain struct{}

func (drain) AuthMechanisms() []string { return []string{sasl.Plain} }
func (drain) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, _, _ string) error { return nil }), nil
}
func (drain) Mail(string, *gosmtp.MailOptions) error { return nil }
func (drain) Rcpt(string, *gosmtp.RcptOptions) error { return nil }
func (drain) Data(r io.Reader) error                 { _, err := io.Copy(io.Discard, r); return err }
func (drain) Reset()                                 {}
func (drain) Logout() error                          { return nil }

func newDrain(b *testing.B) string {
	server := gosmtp.NewServer(gosmtp.BackendFunc(func(*gosmtp.Conn) (gosmtp.Session, error) { return drain{}, nil }))
	ln, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{usual()}})
	require.NoError(b, err)
	done := make(chan error, 1)
	go func() { done <- server.Serve(ln) }()
	b.Cleanup(func() {
		server.Close()
		if err := <-done; err != nil && !errors.Is(err, net.ErrClosed) {
			b.Error(err)
		}
	})
	return ln.Addr().String()
}

// BenchmarkThousand submits 1,000 small messages over one connection: a bare
// loop of go-smtp's client, and Sender.
func BenchmarkThousand(b *testing.B) {
	const count = 1000
	for size, body := range map[string]string{"2KB": strings.Repeat(strings.Repeat("x", 76)+"\r\n", 24), "100KB": strings.Repeat(strings.Repeat("x", 76)+"\r\n", 1300)} {
		text := letter(anna, bruno, "x", body)
		rate := func(b *testing.B) {
			b.SetBytes(int64(len(text)) * count)
			b.ReportMetric(float64(count*b.N)/b.Elapsed().Seconds(), "messages/s")
		}
		b.Run(size+"/bare", func(b *testing.B) {
			conn, err := tls.Dial("tcp", newDrain(b), &tls.Config{RootCAs: roots(), ServerName: fakeHost})
			require.NoError(b, err)
			c := gosmtp.NewClient(conn)
			defer c.Close()
			require.NoError(b, c.Auth(sasl.NewPlainClient("", anna, "x")))
			b.ReportAllocs()
			for b.Loop() {
				for range count {
					if err := c.SendMail(anna, []string{bruno}, strings.NewReader(text)); err != nil {
						b.Fatal(err)
					}
				}
			}
			rate(b)
		})
		b.Run(size+"/sender", func(b *testing.B) {
			at := newDrain(b)
			s, err := smtp.New(&smtp.Options{Host: fakeHost, TLS: &tls.Config{RootCAs: roots()}, Credentials: as(anna, "x"), MaxMessages: -1,
				Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
					return new(net.Dialer).DialContext(ctx, network, at)
				}})
			require.NoError(b, err)
			defer s.Close()
			m := &transport.Message{From: anna, To: []string{bruno}, Source: strings.NewReader(text), Size: int64(len(text))}
			b.ReportAllocs()
			for b.Loop() {
				for range count {
					if err := s.Send(context.Background(), m); err != nil {
						b.Fatal(err)
					}
				}
			}
			rate(b)
		})
	}
}
