package pecserve

import (
	"crypto/tls"
	"net"
	"strconv"
	"sync"
)

// protocol is what the servers of the protocol libraries have in common.
type protocol interface {
	Serve(net.Listener) error
}

// door is a listener that knows its connections, so that they can be ended and
// waited for: the libraries' servers do only one or the other.
type door struct {
	net.Listener
	protocol protocol
	tls      *tls.Config // from the start; nil for none

	mu    sync.Mutex
	conns map[*conn]bool
	open  sync.WaitGroup
}

// conn is a connection at a door.
type conn struct {
	*net.TCPConn
	door *door
	once sync.Once
}

func listen(host string, port int, p protocol) (*door, error) {
	ln, err := net.Listen("tcp", net.JoinHostPort(host, strconv.Itoa(port)))
	if err != nil {
		return nil, err
	}
	return &door{Listener: ln, protocol: p, conns: map[*conn]bool{}}, nil
}

// serve lets people in until the door is closed.
func (d *door) serve() {
	var ln net.Listener = d
	if d.tls != nil {
		ln = tls.NewListener(d, d.tls)
	}
	_ = d.protocol.Serve(ln)
}

// Accept is net.Listener's.
func (d *door) Accept() (net.Conn, error) {
	c, err := d.Listener.Accept()
	if err != nil {
		return nil, err
	}
	in := &conn{TCPConn: c.(*net.TCPConn), door: d}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.conns[in] = true
	d.open.Add(1)
	return in, nil
}

// Close is net.Conn's: the server is through with it.
func (c *conn) Close() error {
	err := c.TCPConn.Close()
	c.once.Do(func() {
		c.door.mu.Lock()
		defer c.door.mu.Unlock()
		delete(c.door.conns, c)
		c.door.open.Done()
	})
	return err
}

// hangUp ends all connections, and returns when their servers are through with
// them. The door must be closed and its server have come back.
func (d *door) hangUp() {
	d.mu.Lock()
	for c := range d.conns {
		_ = c.TCPConn.Close()
	}
	d.mu.Unlock()
	d.open.Wait()
}

// cut ends a connection as a broken line does: no goodbye, not even of TLS.
func cut(c net.Conn) {
	if secure, ok := c.(*tls.Conn); ok {
		c = secure.NetConn()
	}
	if in, ok := c.(*conn); ok {
		_ = in.SetLinger(0)
	}
	_ = c.Close()
}
