package smtp

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/textproto"
	"strconv"
	"strings"
	"time"

	"github.com/emersion/go-smtp"

	"github.com/certmail/certmail/transport"
)

// conn is a connection that is logged in, or on its way to that.
type conn struct {
	opt    *Options
	server string
	raw    net.Conn
	wire   *wire
	client *smtp.Client
	// redact takes the secret out of what the server says.
	redact func(string) string

	eightBit   bool
	maxSize    int64 // 0: not known
	generation int
	messages   int
	// broken says that nothing more can be said here.
	broken bool
	idle   *time.Timer
}

// connect makes a connection and logs in.
func connect(ctx context.Context, opt *Options, server string, id identity) (*conn, *Error) {
	c := &conn{opt: opt, server: server, redact: id.redactor()}
	dialing, cancel := context.WithTimeout(ctx, opt.Timeouts.Dial)
	defer cancel()
	raw, err := opt.Dial(dialing, "tcp", server)
	if err != nil {
		return nil, c.failed(ctx, StepDial, err)
	}
	c.raw = whole{raw}
	stop := context.AfterFunc(ctx, c.kill)
	defer stop()
	fail := c.secure(ctx)
	if fail == nil {
		fail = c.hello(ctx)
	}
	if fail == nil {
		fail = c.login(ctx, id)
	}
	if fail != nil {
		c.kill()
		return nil, fail
	}
	return c, nil
}

// kill ends the connection without a goodbye. It may be called at any time.
func (c *conn) kill() { _ = c.raw.Close() }

// secure brings TLS up.
func (c *conn) secure(ctx context.Context) *Error {
	var ahead []byte
	if c.opt.Security == StartTLS {
		if step, err := c.startTLS(); err != nil {
			fail := c.failed(ctx, step, err)
			if fail.Err.Outcome == transport.Refused {
				fail.Err.Outcome = transport.Deferred // said in the clear, by anybody
			}
			return fail
		}
		ahead = []byte("220 TLS\r\n")
	}
	secure := tls.Client(c.raw, c.opt.TLS)
	shaking, cancel := context.WithTimeout(ctx, c.opt.Timeouts.Dial)
	defer cancel()
	_ = c.raw.SetDeadline(time.Time{})
	if err := secure.HandshakeContext(shaking); err != nil {
		return c.failed(ctx, StepTLS, err)
	}
	c.wire = &wire{Conn: secure, lines: ahead, answer: c.opt.Timeouts.Answer}
	c.client = smtp.NewClient(c.wire)
	return nil
}

// startTLS asks for TLS in the clear (RFC 3207). go-smtp could, but says EHLO
// under a name of its own and passes over text that is injected.
func (c *conn) startTLS() (Step, error) {
	clear := &wire{Conn: c.raw}
	in := bufio.NewReader(clear)
	replies := textproto.NewReader(in)
	say := func(want int, line string) (string, error) {
		clear.limit(c.opt.Timeouts.Command)
		if line != "" {
			if _, err := io.WriteString(clear, line+"\r\n"); err != nil {
				return "", err
			}
		}
		_, text, err := replies.ReadResponse(want)
		return text, err
	}
	if _, err := say(220, ""); err != nil {
		return StepHello, err
	}
	text, err := say(250, "EHLO "+c.opt.LocalName)
	if err != nil {
		return StepHello, err
	}
	offered := false
	for i, line := range strings.Split(text, "\n") {
		offered = offered || i > 0 && strings.EqualFold(strings.TrimSpace(line), "STARTTLS")
	}
	if !offered {
		return StepTLS, ErrNoStartTLS
	}
	if _, err := say(220, "STARTTLS"); err != nil {
		if _, refused := errors.AsType[*textproto.Error](err); refused {
			err = errors.Join(ErrNoStartTLS, err)
		}
		return StepTLS, err
	}
	if in.Buffered()+len(clear.lines)+len(clear.rest) > 0 {
		return StepTLS, ErrInjected
	}
	return "", nil
}

// hello reads the greeting, says EHLO, and notes what the server can.
func (c *conn) hello(ctx context.Context) *Error {
	c.wire.limit(c.opt.Timeouts.Command)
	if err := c.client.Hello(c.opt.LocalName); err != nil {
		return c.failed(ctx, StepHello, err)
	}
	c.eightBit, _ = c.client.Extension("8BITMIME")
	_, limit := c.client.Extension("SIZE")
	if n, err := strconv.ParseInt(strings.TrimSpace(limit), 10, 64); err == nil && n > 0 {
		c.maxSize = n
	}
	return nil
}

// login takes the first of the allowed mechanisms that the server offers.
func (c *conn) login(ctx context.Context, id identity) *Error {
	for _, m := range c.opt.Mechanisms {
		if !c.client.SupportsAuth(string(m)) {
			continue
		}
		c.wire.limit(c.opt.Timeouts.Command)
		err := c.client.Auth(id.client(m))
		if err == nil {
			return nil
		}
		fail := c.failed(ctx, StepAuth, err)
		if fail.Err.Outcome == transport.Refused {
			fail.Err.Err = transport.ErrLogin
		}
		return fail
	}
	_, offered := c.client.Extension("AUTH")
	return c.failed(ctx, StepAuth, fmt.Errorf("%w: allowed are %v, the server offers %q", ErrNoMechanism, c.opt.Mechanisms, c.plain(offered)))
}

// farewell bounds QUIT: nobody waits for it.
const farewell = 5 * time.Second

// quit ends the connection politely.
func (c *conn) quit() {
	if !c.broken {
		c.wire.limit(min(farewell, c.opt.Timeouts.Command))
		_ = c.client.Quit()
	}
	c.kill()
}
