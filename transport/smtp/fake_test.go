package smtp_test

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/internal/testpki"
	"github.com/certmail/certmail/transport/smtp"
)

const fakeHost = "smtps.alfa.example"

// authority signs the certificates of fake servers.
var authority = sync.OnceValue(func() *testpki.Authority { return testpki.NewAuthority(7, "Fake Servers CA", nil) })

func roots() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(authority().Certificate)
	return pool
}

// usual is a certificate that is all right.
var usual = sync.OnceValue(func() tls.Certificate { return certificate(nil) })

// certificate is one for fakeHost, unless changed.
func certificate(change func(*x509.Certificate)) tls.Certificate {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	leaf := authority().Issue(key, "Fake", "postmaster@alfa.example", func(c *x509.Certificate) {
		c.DNSNames, c.ExtKeyUsage = []string{fakeHost}, []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
		if change != nil {
			change(c)
		}
	})
	return tls.Certificate{Certificate: [][]byte{leaf.Certificate.Raw}, PrivateKey: key}
}

// fake is a server that does what it is told, at each place of the dialogue.
type fake struct {
	testing.TB
	net.Listener
	tls      *tls.Config
	starttls bool
	// at does something at a place, in place of the usual answer: greeting,
	// ehlo, starttls, auth, mail, rcpt, data, body (before it is read), answer,
	// rset, quit. It returns false to leave the connection.
	at map[string]func(*peer) bool
	// offers are the lines of EHLO under TLS.
	offers []string

	mu       sync.Mutex
	conns    int
	commands []string // all lines but the messages
	taken    []string // messages answered by 250, as they were in DATA
	peers    sync.WaitGroup
	over     chan struct{} // closed at the end of the test
}

// peer is a connection with a client.
type peer struct {
	*fake
	net.Conn
	raw  net.Conn
	in   *bufio.Reader
	n    int // which connection it is
	line string
	seen map[string]int // how often a place was come to
}

func newFake(t testing.TB, at map[string]func(*peer) bool, change ...func(*fake)) *fake {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	f := &fake{TB: t, Listener: ln, at: at, tls: &tls.Config{Certificates: []tls.Certificate{usual()}},
		over: make(chan struct{}), offers: []string{"fake", "PIPELINING", "8BITMIME", "SIZE 50000000", "AUTH PLAIN LOGIN XOAUTH2"}}
	for _, c := range change {
		c(f)
	}
	t.Cleanup(func() {
		f.Listener.Close()
		close(f.over)
		f.peers.Wait()
	})
	f.peers.Go(func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			f.mu.Lock()
			f.conns++
			p := &peer{fake: f, Conn: c, raw: c, n: f.conns, seen: map[string]int{}}
			f.mu.Unlock()
			f.peers.Go(func() {
				defer p.raw.Close()
				p.serve()
			})
		}
	})
	return f
}

// options are those of a client of the fake.
func (f *fake) options() *smtp.Options {
	opt := &smtp.Options{Host: fakeHost, TLS: &tls.Config{RootCAs: roots()}, Credentials: as(anna, "s3cret-pass"),
		Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, f.Addr().String())
		}}
	if f.starttls {
		opt.Security = smtp.StartTLS
	}
	return opt
}

func (f *fake) state() (conns int, commands, taken []string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.conns, append([]string(nil), f.commands...), append([]string(nil), f.taken...)
}

func (f *fake) heard(command string) (n int) {
	_, commands, _ := f.state()
	for _, c := range commands {
		if strings.HasPrefix(c, command) {
			n++
		}
	}
	return n
}

func (p *peer) say(lines ...string) bool {
	_, err := io.WriteString(p.Conn, strings.Join(lines, "\r\n")+"\r\n")
	return err == nil
}

// cut breaks the line; end closes it in order; hang waits for the client to
// go away.
func (p *peer) cut() bool {
	_ = p.raw.(*net.TCPConn).SetLinger(0)
	p.raw.Close()
	return false
}

func (p *peer) end() bool {
	p.Conn.Close()
	return false
}

// stall reads nothing and keeps the connection.
func (p *peer) stall() bool {
	<-p.over
	return false
}

func (p *peer) hang() bool {
	_ = p.raw.SetReadDeadline(time.Now().Add(20 * time.Second))
	for buf := make([]byte, 1); ; {
		if _, err := p.raw.Read(buf); err != nil {
			return false
		}
	}
}

// come does what is to be done at a place.
func (p *peer) come(place string, usual func() bool) bool {
	p.seen[place]++
	if do := p.at[place]; do != nil {
		return do(p)
	}
	return usual()
}

func (p *peer) secure() bool {
	c := tls.Server(p.raw, p.tls)
	if c.Handshake() != nil {
		return false
	}
	p.Conn, p.in = c, bufio.NewReader(c)
	return true
}

func (p *peer) serve() {
	p.in = bufio.NewReader(p.Conn)
	if !p.starttls && (!p.come("tls", func() bool { return true }) || !p.secure()) {
		return
	}
	if !p.come("greeting", func() bool { return p.say("220 fake ESMTP") }) {
		return
	}
	for {
		line, err := p.in.ReadString('\n')
		if err != nil {
			return
		}
		p.line = strings.TrimRight(line, "\r\n")
		p.mu.Lock()
		p.commands = append(p.commands, p.line)
		p.mu.Unlock()
		verb, _, _ := strings.Cut(strings.ToLower(p.line), " ")
		if !p.come(verb, func() bool { return p.answer(verb) }) {
			return
		}
	}
}

func (p *peer) answer(verb string) bool {
	switch verb {
	case "ehlo":
		offers := p.offers
		if _, secure := p.Conn.(*tls.Conn); !secure {
			offers = []string{"fake", "STARTTLS"}
		}
		for i, o := range offers {
			mark := "-"
			if i == len(offers)-1 {
				mark = " "
			}
			if !p.say("250" + mark + o) {
				return false
			}
		}
		return true
	case "starttls":
		return p.say("220 go ahead") && p.secure()
	case "auth":
		return p.say("235 2.7.0 in")
	case "mail", "rcpt", "rset":
		return p.say("250 2.0.0 ok")
	case "data":
		return p.say("354 go ahead") && p.come("body", func() bool { return true }) && p.body()
	case "quit":
		p.say("221 bye")
		return false
	}
	return p.say("500 5.5.1 what?")
}

// body reads a message and answers.
func (p *peer) body() bool {
	var text strings.Builder
	for {
		line, err := p.in.ReadString('\n')
		if err != nil {
			return false
		}
		if line == ".\r\n" {
			break
		}
		text.WriteString(strings.TrimPrefix(line, ".")) // RFC 5321 §4.5.2
	}
	return p.come("answer", func() bool {
		p.mu.Lock()
		p.taken = append(p.taken, text.String())
		p.mu.Unlock()
		return p.say("250 2.0.0 queued")
	})
}

// says makes an answer.
func says(lines ...string) func(*peer) bool {
	return func(p *peer) bool { return p.say(lines...) }
}

// overSTARTTLS makes a fake begin in the clear.
func overSTARTTLS(f *fake) { f.starttls = true }
