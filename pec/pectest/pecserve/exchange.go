package pecserve

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"slices"
	"sync"
	"time"

	"github.com/emersion/go-smtp"

	"github.com/certmail/certmail/pec/pectest"
)

// exchange makes the mail exchanger: the server of the incoming point. It
// offers STARTTLS and takes clear SMTP for ordinary mail too (RFC 6109 §5.3).
// What users may submit anywhere must pass in its envelope, so the bound is
// twice the largest of the network and some.
func (at *site) exchange() protocol {
	var largest int64
	for _, p := range at.net.Providers() {
		if c, err := at.net.Config(p.Domain); err == nil {
			largest = max(largest, c.MaxSize)
		}
	}
	return at.smtpServer(2*largest+1<<20, func(*smtp.Conn) (smtp.Session, error) {
		return &exchange{site: at}, nil
	})
}

// exchange is a session with another server.
type exchange struct {
	*site

	mu   sync.Mutex // BDAT takes the message in another goroutine
	from string
	to   []string
}

func (e *exchange) Mail(from string, _ *smtp.MailOptions) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.from, e.to = from, nil
	return nil
}

func (e *exchange) Rcpt(to string, _ *smtp.RcptOptions) error {
	if !e.provider.Handles(to) {
		return &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 7, 1}, Message: "Relaying denied for " + to}
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.to = append(e.to, to)
	return nil
}

func (e *exchange) Data(r io.Reader) error {
	e.mu.Lock()
	from, to := e.from, slices.Clone(e.to)
	e.mu.Unlock()
	message, err := io.ReadAll(r)
	if err != nil {
		return reply(err)
	}
	return reply(e.net.Receive(from, to, message))
}

func (e *exchange) Reset() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.from, e.to = "", nil
}

func (e *exchange) Logout() error { return nil }

// handOver bounds each command of a hand-over between providers.
const handOver = 30 * time.Second

// carry hands a message over to another provider's exchanger, under STARTTLS:
// it is the network's Carrier.
func (s *Servers) carry(from, to *pectest.Provider, reversePath string, recipients []string, message []byte) error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return fmt.Errorf("pecserve: %s: %w", to.Domain, ErrClosed)
	}
	s.carrying.Add(1)
	s.mu.Unlock()
	defer s.carrying.Done()
	i := slices.IndexFunc(s.sites, func(at *site) bool { return at.provider == to })
	if i < 0 {
		return fmt.Errorf("pecserve: %s: no server of that provider", to.Domain)
	}
	if err := s.send(from, to, s.sites[i].exchanger(), reversePath, recipients, message); err != nil {
		return refusal(fmt.Errorf("pecserve: %s: %w", to.Domain, err))
	}
	return nil
}

// exchanger is where the mail exchanger listens, the last of the doors.
func (at *site) exchanger() string { return at.doors[len(at.doors)-1].Addr().String() }

func (s *Servers) send(from, to *pectest.Provider, where, reversePath string, recipients []string, message []byte) error {
	dialer := net.Dialer{Timeout: handOver}
	line, err := dialer.DialContext(s.ctx, "tcp", where)
	if err != nil {
		return err
	}
	defer line.Close()
	defer context.AfterFunc(s.ctx, func() { _ = line.Close() })()
	client, err := smtp.NewClientStartTLS(line, &tls.Config{RootCAs: s.pool, ServerName: to.Domain, MinVersion: tls.VersionTLS12})
	if err != nil {
		return err
	}
	client.CommandTimeout, client.SubmissionTimeout = handOver, 2*handOver
	if err := client.Hello(from.Domain); err != nil {
		return err
	}
	if err := client.Mail(reversePath, &smtp.MailOptions{Size: int64(len(message))}); err != nil {
		return err
	}
	for _, r := range recipients {
		if err := client.Rcpt(r, nil); err != nil {
			return err
		}
	}
	data, err := client.Data()
	if err != nil {
		return err
	}
	if _, err := data.Write(message); err != nil {
		return err
	}
	if err := data.Close(); err != nil {
		return err
	}
	_ = client.Quit() // it is theirs now, whatever they say to that
	return nil
}
