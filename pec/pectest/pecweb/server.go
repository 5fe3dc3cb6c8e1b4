package pecweb

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/certmail/certmail/pec/pectest"
)

// ErrNotLoopback refuses to show a network to other machines unasked.
var ErrNotLoopback = errors.New("address is not on loopback")

// Server serves the site of a network.
type Server struct {
	// URL is its first page.
	URL string

	server *http.Server
	end    context.CancelFunc
	done   chan error
}

// Start serves the site at an address, host:port, which must be on loopback
// unless opt allows more; port 0 stands for any free one, and "" for
// 127.0.0.1:0. Options.Host follows from the address unless it is set. Close
// the server in the end.
func Start(n *pectest.Network, address string, opt *Options) (*Server, error) {
	var o Options
	if opt != nil {
		o = *opt
	}
	if address == "" {
		address = "127.0.0.1:0"
	}
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, fmt.Errorf("pecweb: %w", err)
	}
	listener, err := listen(address, host, o.AllowRemote)
	if err != nil {
		return nil, fmt.Errorf("pecweb: %w", err)
	}
	bound := listener.Addr().(*net.TCPAddr)
	if o.Host == "" {
		if o.Host = host; host == "" {
			o.Host = bound.IP.String()
		}
	}
	if bound.IP.IsUnspecified() {
		host = "127.0.0.1"
	}
	ctx, end := context.WithCancel(context.Background())
	s := &Server{
		URL: "http://" + net.JoinHostPort(host, fmt.Sprint(bound.Port)) + "/", end: end, done: make(chan error, 1),
		server: &http.Server{
			Handler: Handler(n, &o), ReadHeaderTimeout: 10 * time.Second, IdleTimeout: time.Minute,
			BaseContext: func(net.Listener) context.Context { return ctx },
		},
	}
	go func() { s.done <- s.server.Serve(listener) }()
	return s, nil
}

// listen looks at the address before anybody can connect, and again at what
// it turned out to be.
func listen(address, host string, remote bool) (net.Listener, error) {
	if ip := net.ParseIP(host); !remote && host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return nil, fmt.Errorf("%s: %w", address, ErrNotLoopback)
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return nil, err
	}
	if bound := listener.Addr().(*net.TCPAddr); !remote && !bound.IP.IsLoopback() {
		_ = listener.Close()
		return nil, fmt.Errorf("%s is %s: %w", address, bound, ErrNotLoopback)
	}
	return listener, nil
}

// Close ends the site and all its connections.
func (s *Server) Close() error {
	s.end()
	err := s.server.Close()
	if served := <-s.done; err == nil && !errors.Is(served, http.ErrServerClosed) {
		err = served
	}
	s.done <- http.ErrServerClosed // Close may be called again
	return err
}
