package imap

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/emersion/go-imap/v2/imapclient"
)

// address is host:port.
func (m *Mailbox) address() string {
	return net.JoinHostPort(m.opt.Host, strconv.Itoa(m.opt.Port))
}

// connect makes a connection and logs in.
func (m *Mailbox) connect(ctx context.Context) (*session, error) {
	// One at a time: a password that is refused must not be tried by several.
	select {
	case m.gate <- struct{}{}:
		defer func() { <-m.gate }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	c, err := m.credentials(ctx)
	if err != nil {
		return nil, err
	}
	s, err := m.dial(ctx)
	if err != nil {
		if ended := ctx.Err(); ended != nil {
			return nil, ended
		}
		return nil, fmt.Errorf("%s: %w", m.address(), err)
	}
	stop := context.AfterFunc(ctx, func() { s.abort(ctx.Err()) })
	err = m.login(s, c)
	if !stop() && err == nil {
		err = &lost{ctx.Err(), true}
	}
	if err != nil {
		s.abort(err)
		if ended := ctx.Err(); ended != nil && isLost(err) {
			return nil, ended
		}
		return nil, fmt.Errorf("%s: %w", m.address(), err)
	}
	return s, nil
}

// dial makes a connection under TLS, up to the server's greeting.
func (m *Mailbox) dial(ctx context.Context) (*session, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, m.opt.Timeout, errSlow)
	defer cancel()
	raw, err := m.opt.Dial(ctx, "tcp", m.address())
	if err != nil {
		return nil, &lost{tooSlow(ctx, err), true}
	}
	stop := context.AfterFunc(ctx, func() { _ = raw.Close() })
	defer stop()
	w := &wire{raw: raw, timeout: m.opt.Timeout, budget: flood, waiting: true}
	if m.opt.StartTLS {
		if err := startTLS(raw, m.opt.Timeout); err != nil {
			_ = raw.Close()
			return nil, &lost{fmt.Errorf("STARTTLS: %w", tooSlow(ctx, err)), !errors.Is(err, ErrNoStartTLS)}
		}
		w.greeting = []byte("* OK TLS\r\n")
	}
	secure := tls.Client(raw, &tls.Config{
		RootCAs: m.opt.RootCAs, ServerName: m.opt.ServerName, MinVersion: tls.VersionTLS12,
	})
	if err := secure.HandshakeContext(ctx); err != nil {
		_ = raw.Close()
		return nil, &lost{fmt.Errorf("TLS: %w", tooSlow(ctx, err)), true}
	}
	w.Conn = secure
	s := &session{wire: w, news: make(chan struct{}, 1)}
	s.Client = imapclient.New(w, &imapclient.Options{UnilateralDataHandler: &imapclient.UnilateralDataHandler{
		Mailbox: func(d *imapclient.UnilateralDataMailbox) {
			if d.NumMessages != nil {
				s.wake()
			}
		},
	}})
	if err := s.WaitGreeting(); err != nil {
		if l, ok := errors.AsType[*lost](s.verdict(err)); ok {
			err = &lost{l.error, true} // BYE, of which imapclient need not tell
		}
		s.abort(err)
		return nil, err
	}
	return s, nil
}

// errSlow is a server that takes longer than Options.Timeout; the context's own
// error would look as if the caller's had ended.
var errSlow = fmt.Errorf("no connection in time: %w", os.ErrDeadlineExceeded)

func tooSlow(ctx context.Context, err error) error {
	if errors.Is(context.Cause(ctx), errSlow) {
		return errSlow
	}
	return err
}

// startTLS goes through the part of a connection that is in clear. It reads
// byte by byte, so that nothing that was said in clear is taken as said under
// TLS (RFC 9051 §6.2.1), and imapclient sees only the rest.
func startTLS(c net.Conn, timeout time.Duration) error {
	if err := c.SetDeadline(time.Now().Add(timeout)); err != nil {
		return err
	}
	greeting, err := readLine(c)
	if err != nil {
		return err
	}
	if status, _, _ := strings.Cut(strings.TrimPrefix(greeting, "* "), " "); !strings.EqualFold(status, "OK") {
		return fmt.Errorf("%w: it greets with %q", ErrNoStartTLS, printable(greeting)) // BYE, or PREAUTH: too late for TLS
	}
	if _, err := c.Write([]byte("S1 STARTTLS\r\n")); err != nil {
		return err
	}
	for range 100 { // untagged responses
		line, err := readLine(c)
		if err != nil {
			return err
		}
		if rest, ok := strings.CutPrefix(line, "S1 "); ok {
			if status, _, _ := strings.Cut(rest, " "); !strings.EqualFold(status, "OK") {
				return fmt.Errorf("%w: %q", ErrNoStartTLS, printable(rest))
			}
			return c.SetDeadline(time.Time{})
		}
	}
	return fmt.Errorf("%w: no answer", ErrNoStartTLS)
}

func readLine(c net.Conn) (string, error) {
	var line []byte
	var b [1]byte
	for len(line) < 4096 {
		n, err := c.Read(b[:])
		if n == 0 && err != nil {
			return "", err
		}
		if n == 0 {
			continue
		}
		if b[0] == '\n' {
			return strings.TrimSuffix(string(line), "\r"), nil
		}
		line = append(line, b[0])
	}
	return "", fmt.Errorf("%w: line too long", ErrNoStartTLS)
}
