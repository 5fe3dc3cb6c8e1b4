// Package sendbench measures how fast messages go through an outbox with a
// durable store, against a bare loop over the same kind of connection to the
// same server.
package sendbench

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	gosmtp "github.com/emersion/go-smtp"

	"github.com/certmail/certmail/outbox"
	"github.com/certmail/certmail/pec/pectest"
	"github.com/certmail/certmail/receipt"
	"github.com/certmail/certmail/store"
	"github.com/certmail/certmail/transport"
	"github.com/certmail/certmail/transport/smtp"
)

const anna, bruno = "anna@alfa.example", "bruno@beta.example"

// body makes messages as large as a small receipt: 7.3 KB.
var body = strings.Repeat("0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef012345\r\n", 100)

// Server is where messages are submitted to.
type Server struct {
	From, To string
	Sender   func() *smtp.Sender // a new one, with one connection
	Bare     func() *gosmtp.Client
	// Taken counts what it took, where that is known.
	Taken *atomic.Int64
}

// sink is a server that takes everything and keeps nothing.
type sink struct{ taken *atomic.Int64 }

func (s sink) NewSession(*gosmtp.Conn) (gosmtp.Session, error) { return s, nil }
func (sink) AuthMechanisms() []string                          { return []string{sasl.Plain} }
func (sink) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, _, _ string) error { return nil }), nil
}
func (sink) Mail(string, *gosmtp.MailOptions) error { return nil }
func (sink) Rcpt(string, *gosmtp.RcptOptions) error { return nil }
func (s sink) Data(r io.Reader) error {
	_, err := io.Copy(io.Discard, r)
	s.taken.Add(1)
	return err
}
func (sink) Reset()        {}
func (sink) Logout() error { return nil }

// Sink starts a server in this process, which does as little as one can: no
// provider is as fast.
func Sink(tb testing.TB) *Server {
	tb.Helper()
	ca := pectest.NewAuthority(1)
	cert, err := ca.ServerCertificate("localhost")
	must(tb, err)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(tb, err)
	taken := &atomic.Int64{}
	server := gosmtp.NewServer(sink{taken})
	go func() { _ = server.Serve(tls.NewListener(l, &tls.Config{Certificates: []tls.Certificate{cert}})) }()
	tb.Cleanup(func() { _ = server.Close() })
	pool := x509.NewCertPool()
	pool.AddCert(ca.Certificate())
	out := At(tb, l.Addr().String(), "localhost", pool, anna, "x")
	out.From, out.To, out.Taken = anna, bruno, taken
	return out
}

// At is a server that runs already, with TLS from the first byte.
func At(tb testing.TB, address, host string, roots *x509.CertPool, user, password string) *Server {
	config := &tls.Config{RootCAs: roots, ServerName: host}
	return &Server{
		Sender: func() *smtp.Sender {
			tb.Helper()
			s, err := smtp.New(&smtp.Options{Host: host, TLS: &tls.Config{RootCAs: roots}, MaxMessages: -1,
				Credentials: func(context.Context) (string, string, error) { return user, password, nil },
				Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
					return new(net.Dialer).DialContext(ctx, network, address)
				}})
			must(tb, err)
			tb.Cleanup(func() { _ = s.Close() })
			return s
		},
		Bare: func() *gosmtp.Client {
			tb.Helper()
			conn, err := tls.Dial("tcp", address, config)
			must(tb, err)
			c := gosmtp.NewClient(conn)
			tb.Cleanup(func() { _ = c.Close() })
			must(tb, c.Auth(sasl.NewPlainClient("", user, password)))
			return c
		},
	}
}

func must(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}

// Times are how long some messages took.
type Times struct {
	// Whole is from the first submission until the store knows durably that all
	// were sent, from which ledgers are made: the outbox runs while messages are
	// submitted to it. Drain is that of as many that were queued before, which
	// took Submit. Bare is a loop around the same smtp.Sender and nothing else,
	// Raw one around go-smtp's client, which checks nothing.
	Whole, Submit, Drain, Bare, Raw time.Duration
	// Used and the like are the processor time of the same, of this process and
	// with it of Server.Beside: what a busy machine does not distort.
	UsedWhole, UsedSubmit, UsedDrain, UsedBare Used
}

// Used is processor time: of this process, in which the server may run too, and
// of the database beside it.
type Used struct{ Here, Beside time.Duration }

// Bench sends messages in turn through the outbox and bare.
type Bench struct {
	tb     testing.TB
	server *Server
	store  store.Store
	out    *outbox.Outbox
	sender *smtp.Sender
	raw    *gosmtp.Client
	next   int
	order  int64
	// Beside tells how much processor time a database server has used.
	Beside func() time.Duration
}

// New makes an outbox over a store, one connection for it, and one for each loop.
func New(tb testing.TB, server *Server, s store.Store, blobs store.Blobs) *Bench {
	tb.Helper()
	o, err := outbox.New(outbox.Options{Store: s, Blobs: blobs, Senders: map[string]transport.Sender{server.From: server.Sender()}, Worker: "one"})
	must(tb, err)
	b := &Bench{tb: tb, server: server, store: s, out: o, sender: server.Sender(), raw: server.Bare()}
	b.bare(10)
	b.rawly(10)
	b.submit(10)
	b.drain()
	b.known(10)
	return b
}

func (b *Bench) text(i int) string {
	return fmt.Sprintf("From: %s\r\nTo: %s\r\nMessage-ID: <%d@pc.alfa.example>\r\n\r\n%s", b.server.From, b.server.To, i, body)
}

// Round sends n messages each way.
func (b *Bench) Round(n int) (t Times) {
	b.tb.Helper()
	if b.server.Taken != nil {
		before := b.server.Taken.Load()
		defer func() {
			if got := b.server.Taken.Load() - before; got != int64(4*n) {
				b.tb.Fatalf("the server took %d messages, want %d", got, 4*n)
			}
		}()
	}
	b.timed(&t.Bare, &t.UsedBare, func() { b.bare(n) })
	b.timed(&t.Whole, &t.UsedWhole, func() { b.whole(n) })
	b.known(n)
	b.timed(&t.Raw, new(Used), func() { b.rawly(n) })
	b.timed(&t.Submit, &t.UsedSubmit, func() { b.submit(n) })
	b.timed(&t.Drain, &t.UsedDrain, func() { b.drain() })
	b.known(n)
	return t
}

func (b *Bench) timed(d *time.Duration, used *Used, do func()) {
	before, start := b.used(), time.Now()
	do()
	*d = time.Since(start)
	after := b.used()
	*used = Used{after.Here - before.Here, after.Beside - before.Beside}
}

func (b *Bench) used() Used {
	u := Used{Here: cpu()}
	if b.Beside != nil {
		u.Beside = b.Beside()
	}
	return u
}

func (b *Bench) bare(n int) {
	for i := range n {
		m := b.text(i)
		must(b.tb, b.sender.Send(context.Background(), &transport.Message{From: b.server.From, To: []string{b.server.To}, Source: strings.NewReader(m), Size: int64(len(m))}))
	}
}

func (b *Bench) rawly(n int) {
	for i := range n {
		must(b.tb, b.raw.SendMail(b.server.From, []string{b.server.To}, strings.NewReader(b.text(i))))
	}
}

func (b *Bench) submit(n int) {
	list := make([]outbox.Message, 0, 512)
	flush := func() {
		out, err := b.out.SubmitAll(context.Background(), list)
		must(b.tb, err)
		for i := range out {
			must(b.tb, out[i].Err)
		}
		list = list[:0]
	}
	for range n {
		i := b.next
		b.next++
		list = append(list, outbox.Message{Account: b.server.From, Key: fmt.Sprint(i), Body: strings.NewReader(b.text(i)),
			Sent: receipt.Sent{MessageID: fmt.Sprint(i, "@pc.alfa.example"), Sender: b.server.From, Recipients: []receipt.SentRecipient{{Address: b.server.To}}}})
		if len(list) == cap(list) {
			flush()
		}
	}
	flush()
}

// drain sends what is queued.
func (b *Bench) drain() {
	_, err := b.out.Drain(context.Background())
	must(b.tb, err)
}

// known tries that a ledger made from the store knows of the n that were sent.
func (b *Bench) known(n int) {
	ledger := receipt.NewLedger(nil)
	known := 0
	for {
		page, err := b.store.Submissions(context.Background(), store.Filter{Account: b.server.From, States: []store.State{store.Sent}, After: b.order})
		must(b.tb, err)
		if len(page) == 0 {
			break
		}
		for i := range page {
			ledger.AddSent(page[i].Sent)
			known++
			b.order = page[i].Order
		}
	}
	if known != n {
		b.tb.Fatalf("the ledger knows of %d messages, want %d", known, n)
	}
}

func (b *Bench) whole(n int) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- b.out.Run(ctx) }()
	b.submit(n)
	b.drain()
	cancel()
	<-done
}

// Run is a benchmark of n messages a round. The first figure is the one that
// counts: the whole way against the bare loop.
func Run(b *testing.B, bench *Bench, n int) {
	var rounds []Times
	for b.Loop() {
		rounds = append(rounds, bench.Round(n))
	}
	ratio := func(over, under func(Times) time.Duration) float64 {
		var all []float64
		for _, t := range rounds {
			all = append(all, over(t).Seconds()/under(t).Seconds())
		}
		slices.Sort(all)
		return all[len(all)/2]
	}
	rate := func(of func(Times) time.Duration) float64 {
		return ratio(func(Times) time.Duration { return time.Duration(n) * time.Second }, of)
	}
	whole, submit := func(t Times) time.Duration { return t.Whole }, func(t Times) time.Duration { return t.Submit }
	drain, bare := func(t Times) time.Duration { return t.Drain }, func(t Times) time.Duration { return t.Bare }
	raw := func(t Times) time.Duration { return t.Raw }
	b.ReportMetric(ratio(bare, whole), "whole/bare")
	b.ReportMetric(ratio(bare, drain), "drain/bare")
	b.ReportMetric(ratio(raw, whole), "whole/raw")
	b.ReportMetric(ratio(bare, func(t Times) time.Duration { return t.Submit + t.Drain }), "submit-then-drain/bare")
	b.ReportMetric(rate(whole), "whole/s")
	b.ReportMetric(rate(submit), "submit/s")
	b.ReportMetric(rate(drain), "drain/s")
	b.ReportMetric(rate(bare), "bare/s")
	b.ReportMetric(rate(raw), "raw/s")
	for name, of := range map[string]func(*Times) Used{
		"whole": func(t *Times) Used { return t.UsedWhole }, "submit": func(t *Times) Used { return t.UsedSubmit },
		"drain": func(t *Times) Used { return t.UsedDrain }, "bare": func(t *Times) Used { return t.UsedBare },
	} {
		var sum Used
		for i := range rounds {
			one := of(&rounds[i])
			sum.Here, sum.Beside = sum.Here+one.Here, sum.Beside+one.Beside
		}
		each := float64(n*len(rounds)) * float64(time.Microsecond)
		b.ReportMetric(float64(sum.Here)/each, name+"-cpu-µs")
		if bench.Beside != nil {
			b.ReportMetric(float64(sum.Beside)/each, name+"-db-cpu-µs")
		}
	}
	b.ReportMetric(0, "ns/op")
}

// AtLeast asks that the bare loop takes at least a share of the processor time
// that the whole way takes, here and in the database: that is what the outbox
// costs, and unlike the time on the clock it hardly depends on what else the
// machine is doing. It measures three times, and the best counts. Where processor
// time is not known, half the share will do on the clock.
func AtLeast(tb testing.TB, bench *Bench, n int, want float64) {
	tb.Helper()
	best, what := 0.0, "processor time"
	for range 3 {
		t := bench.Round(n)
		share := float64(t.UsedBare.Here) / float64(t.UsedWhole.Here+t.UsedWhole.Beside)
		if t.UsedBare.Here == 0 {
			what = "time, doubled"
			share = 2 * t.Bare.Seconds() / t.Whole.Seconds()
		}
		if best = max(best, share); best >= want {
			return
		}
	}
	tb.Fatalf("the bare loop takes %.2f of the %s, want %.2f", best, what, want)
}
