package smtp

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Security is how the connection is protected. There is no way without TLS.
type Security int

// The ways to connect. The zero value is what every provider offers.
const (
	// ImplicitTLS speaks TLS from the first byte (RFC 8314 §3.3).
	ImplicitTLS Security = iota
	// StartTLS begins in the clear and goes on only under TLS (RFC 3207).
	StartTLS
)

func (s Security) String() string {
	switch s {
	case ImplicitTLS:
		return "tls"
	case StartTLS:
		return "starttls"
	}
	return "Security(" + strconv.Itoa(int(s)) + ")"
}

// Mechanism is a way to log in (RFC 4954).
type Mechanism string

// The mechanisms.
const (
	Plain Mechanism = "PLAIN" // RFC 4616
	Login Mechanism = "LOGIN" // for servers without PLAIN
	// XOAuth2 sends an access token in place of a password.
	XOAuth2 Mechanism = "XOAUTH2"
)

// Credentials returns the user name and the secret (a password, or an access
// token for XOAuth2) at each new connection, so that they can come from the
// environment or a command. They are sent byte for byte, never trimmed. It must
// end early with the context. It is called by one goroutine at a time.
type Credentials func(ctx context.Context) (user, secret string, err error)

// Timeouts bound the steps. Zero stands for the default, which for the dialogue
// is the least that RFC 5321 §4.5.3.2 asks for.
type Timeouts struct {
	// Dial is for the connection, and again for the TLS handshake: 1 minute.
	Dial time.Duration
	// Command is for each command with its answer, and for the greeting: 5
	// minutes.
	Command time.Duration
	// Data is for each block of the message to be taken: 3 minutes.
	Data time.Duration
	// Answer is for the answer behind the final dot: 10 minutes.
	Answer time.Duration
}

// Options describe a server and how to use it.
type Options struct {
	// Host is the server's name; its certificate must be for that name.
	Host string
	// Port is 465 for ImplicitTLS and 587 for StartTLS unless set.
	Port     int
	Security Security
	// TLS may add authorities (RootCAs), another ServerName than Host, a
	// client certificate. The server's certificate is always verified, and TLS
	// is 1.2 or newer.
	TLS *tls.Config
	// Credentials is asked for user and secret.
	Credentials Credentials
	// Mechanisms are those allowed, the preferred first; Plain, then Login
	// unless set.
	Mechanisms []Mechanism
	// Dial makes the connection; a net.Dialer unless set. It must end early
	// with the context.
	Dial     func(ctx context.Context, network, address string) (net.Conn, error)
	Timeouts Timeouts
	// LocalName is said in EHLO, and providers write it into the message they
	// certify; "localhost" unless set.
	LocalName string
	// Connections is how many there may be at once; 1 unless set.
	Connections int
	// MaxMessages is how many messages a connection carries before another
	// takes its place; 100 unless set, and any number if negative.
	MaxMessages int
	// IdleTimeout is how long an unused connection is kept; 30 seconds unless
	// set, and none is kept if negative.
	IdleTimeout time.Duration
}

// ErrOptions says that a Sender cannot be made as described.
var ErrOptions = errors.New("options")

// settle checks the options and fills in the defaults.
func (o *Options) settle() error {
	bad := func(format string, args ...any) error {
		return fmt.Errorf("smtp: %w: %s", ErrOptions, fmt.Sprintf(format, args...))
	}
	or := func(d *time.Duration, def time.Duration) {
		if *d <= 0 {
			*d = def
		}
	}
	switch {
	case o.Host == "" || unprintable(o.Host):
		return bad("host %q", o.Host)
	case o.Security != ImplicitTLS && o.Security != StartTLS:
		return bad("security %s, want tls or starttls", o.Security)
	case o.Port < 0 || o.Port > 65535:
		return bad("port %d", o.Port)
	case o.Credentials == nil:
		return bad("no Credentials: certified mail is submitted by an authenticated user (RFC 6109 §5.3)")
	case unprintable(o.LocalName):
		return bad("local name %q", o.LocalName)
	case o.Connections < 0:
		return bad("%d connections", o.Connections)
	}
	if o.Port == 0 {
		o.Port = map[Security]int{ImplicitTLS: 465, StartTLS: 587}[o.Security]
	}
	if o.LocalName == "" {
		o.LocalName = "localhost"
	}
	if o.Connections == 0 {
		o.Connections = 1
	}
	if o.MaxMessages == 0 {
		o.MaxMessages = 100
	}
	if o.IdleTimeout == 0 {
		o.IdleTimeout = 30 * time.Second
	}
	or(&o.Timeouts.Dial, time.Minute)
	or(&o.Timeouts.Command, 5*time.Minute)
	or(&o.Timeouts.Data, 3*time.Minute)
	or(&o.Timeouts.Answer, 10*time.Minute)
	if o.Dial == nil {
		o.Dial = new(net.Dialer).DialContext
	}
	o.Mechanisms = slices.Clone(o.Mechanisms)
	if len(o.Mechanisms) == 0 {
		o.Mechanisms = []Mechanism{Plain, Login}
	}
	for _, m := range o.Mechanisms {
		if m != Plain && m != Login && m != XOAuth2 {
			return bad("mechanism %q, want one of PLAIN, LOGIN, XOAUTH2", string(m))
		}
	}
	config := &tls.Config{}
	if o.TLS != nil {
		config = o.TLS.Clone()
	}
	if config.InsecureSkipVerify {
		return bad("TLS.InsecureSkipVerify: the server's certificate is always verified; put its authority into RootCAs")
	}
	if config.ServerName == "" {
		config.ServerName = o.Host
	}
	config.MinVersion = max(config.MinVersion, tls.VersionTLS12)
	o.TLS = config
	return nil
}

// unprintable tells whether a string has anything but printable ASCII in it.
func unprintable(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' })
}
