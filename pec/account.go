package pec

import (
	"errors"
	"fmt"
	"strings"
)

// Security is how the connection to the provider's submission server is
// protected.
type Security int

// The ways to connect. The zero value is the safe one.
const (
	// ImplicitTLS speaks TLS from the first byte (RFC 8314 §3.3, port 465): what
	// every provider offers.
	ImplicitTLS Security = iota
	// StartTLS begins in the clear and must not go on without TLS (RFC 3207).
	StartTLS
	// Plaintext never uses TLS. No certified mail may be submitted that way; the
	// value exists so that a configuration can be read and refused.
	Plaintext
)

func (s Security) String() string {
	switch s {
	case ImplicitTLS:
		return "tls"
	case StartTLS:
		return "starttls"
	case Plaintext:
		return "plaintext"
	}
	return fmt.Sprintf("Security(%d)", int(s))
}

// Limits are what the provider of a mailbox takes. Zero means not known, and
// nothing is refused for it.
type Limits struct {
	// MaxLoad bounds size × recipients, in bytes of the encoded message: the
	// measure of the decree and of most providers.
	MaxLoad int64
	// MaxSize bounds one message in bytes, however many its recipients are.
	MaxSize int64
	// MaxRecipients bounds the distinct recipients of one message.
	MaxRecipients int
}

// What every provider must take at least (decree of 2 November 2005, art. 12,
// paragraph 2). Beyond it a message may be refused, and a finding says so.
const (
	// GuaranteedLoad is 30 MB of size × recipients. The decree does not say
	// which megabyte it means; the smaller one, of a million bytes, is safe
	// under either reading.
	GuaranteedLoad int64 = 30_000_000
	// GuaranteedRecipients is the number of recipients of one message.
	GuaranteedRecipients = 50
)

// Account is a certified mailbox (casella PEC) and the way to submit from it.
type Account struct {
	// Address of the mailbox: the only one that may stand in From and MAIL FROM.
	Address string
	// User is the name to log in with where that is not the address, as with
	// providers that hand out account codes. Empty means Address. There is no
	// such thing as submission without authentication.
	User string
	// Host and Port of the submission server. Preflight does not look at them.
	Host     string
	Port     int
	Security Security
	Limits   Limits
}

// Login returns the name to authenticate with: User, else Address.
func (a *Account) Login() string {
	if a.User != "" {
		return a.User
	}
	return a.Address
}

// Check judges the settings by themselves: certified mail is submitted by an
// authenticated user over a secure channel (RFC 6109 §5.3, §6), from one valid
// address. Every violation is reported, joined; see Violations.
func (a *Account) Check() error {
	var errs []error
	insecure := func(detail string) {
		errs = append(errs, &PreflightError{Rule: "SND-01", Clause: "RFC 6109 §5.3", Detail: detail, Err: ErrInsecureSubmission})
	}
	switch a.Security {
	case ImplicitTLS, StartTLS:
	case Plaintext:
		insecure("a connection without TLS is configured")
	default:
		insecure(fmt.Sprintf("security %s is unknown, want tls or starttls", a.Security))
	}
	if strings.TrimSpace(a.Login()) == "" {
		insecure("there is no user name to authenticate with")
	}
	if why := faultyAddress(a.Address); why != "" {
		errs = append(errs, &PreflightError{Rule: "SND-02", Clause: clauseFormal, Detail: "account address " + why, Err: ErrSenderMismatch})
	}
	return errors.Join(errs...)
}
