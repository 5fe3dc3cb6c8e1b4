package pecserve

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"sync"

	"github.com/certmail/certmail/pec/pectest"
)

// Options says where the servers listen. The zero value, and a nil pointer,
// stand for 127.0.0.1 and any free ports.
type Options struct {
	// Host is the address to listen on: "localhost" or an IP address.
	Host string
	// AllowRemote lets Host be outside loopback. The servers are made for
	// tests: they keep everything in memory and guard nothing.
	AllowRemote bool
	// FirstPort is the port of the first server; the others take the next
	// ones, four for each provider in the order of Endpoint's fields. 0 takes
	// any that are free.
	FirstPort int
	// ErrorLog gets what goes wrong in the servers, a line each; nil drops it.
	ErrorLog func(line string)
}

// Errors of Start.
var (
	// ErrNotLoopback says that the host is outside loopback and
	// Options.AllowRemote is not set.
	ErrNotLoopback = errors.New("not a loopback address")
	// ErrClosed says that the servers are closed.
	ErrClosed = errors.New("servers closed")
)

// Address is where a server listens.
type Address struct {
	Host string
	Port int
}

// String returns host:port.
func (a Address) String() string { return net.JoinHostPort(a.Host, strconv.Itoa(a.Port)) }

// Endpoint tells where a provider's servers listen.
type Endpoint struct {
	// Provider is its name; Domains are its own and those of its users.
	Provider string
	Domains  []string
	// Submission takes mail from users under TLS from the start (RFC 8314
	// §3.3), StartTLS after STARTTLS (RFC 3207), both only after AUTH.
	Submission, StartTLS Address
	// IMAP holds the mailboxes, under TLS from the start.
	IMAP Address
	// Exchange is its mail exchanger, for other servers: STARTTLS is offered
	// and not asked for.
	Exchange Address
}

// Servers are the running servers of a network.
type Servers struct {
	net      *pectest.Network
	opt      Options
	pool     *x509.CertPool
	ctx      context.Context
	stop     context.CancelFunc
	sites    []*site
	serving  sync.WaitGroup // accept loops and the network's clock
	carrying sync.WaitGroup // messages between providers

	mu     sync.Mutex
	closed bool
	done   chan struct{} // closed when Close is through
}

// site is the servers of one provider.
type site struct {
	*Servers
	provider *pectest.Provider
	config   pectest.ProviderConfig
	tls      *tls.Config
	endpoint Endpoint
	doors    []*door
}

// Start brings the providers of a network onto the network. From then on they
// hand over mail to each other by SMTP (Network.CarryBy), until Close. With a
// clock of the network's own, Start also lets it run (Network.Run).
//
// The error is ErrNotLoopback for a host outside loopback, or the one of the
// first server that cannot listen.
func Start(n *pectest.Network, opt *Options) (*Servers, error) {
	s := &Servers{net: n, pool: x509.NewCertPool(), done: make(chan struct{})}
	if opt != nil {
		s.opt = *opt
	}
	host, err := s.host()
	if err != nil {
		return nil, err
	}
	s.pool.AddCert(n.Authority().Certificate())
	s.ctx, s.stop = context.WithCancel(context.Background())
	port := s.opt.FirstPort
	for _, p := range n.Providers() {
		if err := s.addSite(p, host, &port); err != nil {
			for _, site := range s.sites {
				site.close()
			}
			s.stop()
			return nil, fmt.Errorf("pecserve: %s: %w", p.Identity.Name, err)
		}
	}
	for _, site := range s.sites {
		for _, d := range site.doors {
			s.serving.Go(d.serve)
		}
	}
	n.CarryBy(s.carry)
	s.serving.Go(func() { _ = n.Run(s.ctx) })
	return s, nil
}

// host is the address to listen on.
func (s *Servers) host() (string, error) {
	if s.opt.Host == "" {
		s.opt.Host = "127.0.0.1"
	}
	if s.opt.Host == "localhost" {
		return "127.0.0.1", nil // whatever the machine's list of hosts says
	}
	if ip := net.ParseIP(s.opt.Host); !s.opt.AllowRemote && (ip == nil || !ip.IsLoopback()) {
		return "", fmt.Errorf("pecserve: host %q: %w, and Options.AllowRemote is not set", s.opt.Host, ErrNotLoopback)
	}
	return s.opt.Host, nil
}

// addSite makes the servers of a provider, which listen and do not serve yet.
func (s *Servers) addSite(p *pectest.Provider, host string, port *int) error {
	config, err := s.net.Config(p.Domain)
	if err != nil {
		return err
	}
	at := &site{Servers: s, provider: p, config: config}
	s.sites = append(s.sites, at)
	names := append([]string{"localhost", "127.0.0.1", "::1"}, p.Domains...)
	if !slices.Contains(names, host) {
		names = append(names, host)
	}
	if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() {
		names = append(names, ownAddresses()...)
	}
	cert, err := s.net.Authority().ServerCertificate(names...)
	if err != nil {
		return err
	}
	at.tls = &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12}
	at.endpoint = Endpoint{Provider: p.Identity.Name, Domains: slices.Clone(p.Domains)}
	for _, server := range []struct {
		where *Address
		make  func() protocol
		tls   bool
	}{
		{&at.endpoint.Submission, at.submission, true},
		{&at.endpoint.StartTLS, at.submission, false},
		{&at.endpoint.IMAP, at.imap, true},
		{&at.endpoint.Exchange, at.exchange, false},
	} {
		d, err := listen(host, *port, server.make())
		if err != nil {
			return err
		}
		at.doors = append(at.doors, d)
		if server.tls {
			d.tls = at.tls
		}
		*server.where = Address{Host: s.opt.Host, Port: d.Addr().(*net.TCPAddr).Port}
		if *port > 0 {
			*port++
		}
	}
	return nil
}

// ownAddresses are those of this machine, as far as it tells: a client comes to
// one of them.
func ownAddresses() (names []string) {
	all, _ := net.InterfaceAddrs()
	for _, a := range all {
		if in, ok := a.(*net.IPNet); ok {
			names = append(names, in.IP.String())
		}
	}
	return names
}

// Endpoints returns where the servers of each provider listen, in the order of
// Network.Providers.
func (s *Servers) Endpoints() []Endpoint {
	var all []Endpoint
	for _, at := range s.sites {
		e := at.endpoint
		e.Domains = slices.Clone(e.Domains)
		all = append(all, e)
	}
	return all
}

// CertPool returns what a client must trust: the network's authority.
func (s *Servers) CertPool() *x509.CertPool { return s.pool.Clone() }

// CA returns the same in PEM.
func (s *Servers) CA() []byte { return s.net.Authority().PEM() }

// Close stops listening, ends all sessions and waits for them. Messages on
// their way between providers come back to the network, which goes on in
// process. It may be called more than once.
func (s *Servers) Close() error {
	s.mu.Lock()
	first := !s.closed
	s.closed = true
	s.mu.Unlock()
	if !first {
		<-s.done
		return nil
	}
	defer close(s.done)
	s.net.CarryBy(nil)
	s.stop()
	for _, at := range s.sites {
		at.close()
	}
	s.serving.Wait()
	for _, at := range s.sites {
		for _, d := range at.doors {
			d.hangUp()
		}
	}
	s.carrying.Wait()
	return nil
}

func (at *site) close() {
	for _, d := range at.doors {
		_ = d.Close()
	}
}

func (s *Servers) report(line string) {
	if s.opt.ErrorLog != nil {
		s.opt.ErrorLog(line)
	}
}

// reporter is the logger that the protocol libraries ask for.
type reporter struct{ *Servers }

func (r reporter) Printf(format string, args ...any) { r.report(fmt.Sprintf(format, args...)) }
func (r reporter) Println(args ...any)               { r.report(fmt.Sprint(args...)) }
