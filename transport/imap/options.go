package imap

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"time"
)

// Credentials gives user name and password, or the access token for XOAuth2.
// It is asked whenever a connection is made, so that it may read them where
// they are kept. They are sent byte for byte.
type Credentials func(ctx context.Context) (user, secret string, err error)

// Password returns credentials that do not change.
func Password(user, secret string) Credentials {
	return func(context.Context) (string, string, error) { return user, secret, nil }
}

// Auth is a way to log in.
type Auth string

// The ways to log in.
const (
	// Auto uses AUTHENTICATE PLAIN where the server offers it, else LOGIN.
	Auto Auth = ""
	// Login is the LOGIN command, Plain is AUTHENTICATE PLAIN (RFC 4616).
	Login Auth = "LOGIN"
	Plain Auth = "PLAIN"
	// XOAuth2 is AUTHENTICATE XOAUTH2, with an OAuth 2.0 access token.
	XOAuth2 Auth = "XOAUTH2"
)

// Options says how to reach a mailbox. Host and Credentials are needed.
type Options struct {
	// Host is the server's name. Port is 993, or 143 with StartTLS, unless
	// said.
	Host string
	Port int
	// StartTLS begins without TLS and asks for it before anything else (RFC
	// 3501 §6.2.1). A server that does not offer it, or has let the client in
	// already, is left: nothing is ever sent in clear.
	StartTLS bool
	// RootCAs are trusted, nil stands for the system's. ServerName must be in
	// the certificate; Host unless said.
	RootCAs    *x509.CertPool
	ServerName string

	Credentials Credentials
	Auth        Auth

	// Dial opens connections; nil stands for net.Dialer.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// Timeout is how long the server may be silent when it is its turn, and
	// how long making a connection may take. 30 s unless said.
	Timeout time.Duration
	// MaxSize is the size of the largest message that Fetch reads, in bytes;
	// 256 MiB unless said, negative for no limit.
	MaxSize int64
	// MaxConns bounds the connections, 5 unless said, at least 2: all but one
	// may be held by Wait. A Fetch holds one until it is closed.
	MaxConns int
	// Poll is how often Wait looks where the server has no IDLE (RFC 2177), or
	// no connection is left to idle on; 1 minute unless said.
	Poll time.Duration
	// Idle is how long Wait idles before it looks by itself and asks anew: 10
	// minutes unless said, at most 27, as servers may hang up after 29.
	Idle time.Duration
	// Backoff is the first pause of Wait when the connection is lost; it
	// doubles up to 5 minutes. 1 s unless said.
	Backoff time.Duration
}

const (
	maxIdle    = 27 * time.Minute // below imapclient's own restart
	maxBackoff = 5 * time.Minute
)

// complete fills in what was not said.
func (o *Options) complete() error {
	switch {
	case o.Host == "":
		return errors.New("imap: options: no host")
	case o.Credentials == nil:
		return errors.New("imap: options: no credentials")
	case o.Port < 0 || o.Port > 65535:
		return fmt.Errorf("imap: options: port %d", o.Port)
	}
	switch o.Auth {
	case Auto, Login, Plain, XOAuth2:
	default:
		return fmt.Errorf("imap: options: auth %q: want LOGIN, PLAIN or XOAUTH2", o.Auth)
	}
	if o.Port == 0 {
		o.Port = 993
		if o.StartTLS {
			o.Port = 143
		}
	}
	if o.ServerName == "" {
		o.ServerName = o.Host
	}
	if o.Dial == nil {
		o.Dial = (&net.Dialer{}).DialContext
	}
	o.Timeout = otherwise(o.Timeout, 30*time.Second)
	o.Poll = otherwise(o.Poll, time.Minute)
	o.Idle = min(otherwise(o.Idle, 10*time.Minute), maxIdle)
	o.Backoff = min(otherwise(o.Backoff, time.Second), maxBackoff)
	if o.MaxSize == 0 {
		o.MaxSize = 256 << 20
	}
	if o.MaxConns == 0 {
		o.MaxConns = 5
	}
	o.MaxConns = max(o.MaxConns, 2)
	return nil
}

func otherwise(d, usual time.Duration) time.Duration {
	if d <= 0 {
		return usual
	}
	return d
}
