package smtp

import (
	"errors"
	"strconv"
	"strings"

	"github.com/certmail/certmail/transport"
)

// Step is a part of a submission.
type Step string

// The steps, in their order.
const (
	// StepCheck looks at the message and its envelope; no network yet.
	StepCheck Step = "check"
	// StepDial waits for a free connection, or makes one.
	StepDial Step = "dial"
	// StepTLS is STARTTLS, where it is chosen, and the handshake.
	StepTLS Step = "tls"
	// StepHello is the server's greeting and EHLO.
	StepHello Step = "hello"
	StepAuth  Step = "auth"
	StepMail  Step = "mail"
	StepRcpt  Step = "rcpt"
	// StepData is the DATA command and the message, without the final dot.
	StepData Step = "data"
	// StepDot hands over the final dot; StepAnswer waits for what the server
	// says to it. Between the two lies the line between Deferred and Uncertain.
	StepDot    Step = "dot"
	StepAnswer Step = "answer"
)

// Reply is an answer of the server (RFC 5321 §4.2).
type Reply struct {
	Code int
	// Status is the enhanced code (RFC 3463), empty when there is none.
	Status string
	// Text is what it says, on one line, clipped, without control characters.
	Text string
}

// String returns the reply as it is written: "550 5.1.1 No such user".
func (r Reply) String() string {
	return strings.TrimSpace(strings.Join(strings.Fields(strconv.Itoa(r.Code)+" "+r.Status+" "+r.Text), " "))
}

// RecipientReply is the answer to one recipient.
type RecipientReply struct {
	Address string
	Reply
}

// Error is what Send returns. It wraps a *transport.Error, which has the
// outcome and the reply that decided.
type Error struct {
	// Server is host:port.
	Server string
	Step   Step
	// Recipients are the answers to all recipients asked, accepted ones too,
	// when one of them was refused, and the message with it.
	Recipients []RecipientReply
	Err        *transport.Error
}

func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString("smtp: ")
	b.WriteString(e.Server)
	b.WriteString(": ")
	b.WriteString(string(e.Step))
	b.WriteString(": ")
	b.WriteString(strings.TrimPrefix(e.Err.Error(), "transport: "))
	const shown = 3
	n := 0
	for _, r := range e.Recipients {
		if r.Code/100 == 2 {
			continue
		}
		if n++; n <= shown {
			b.WriteString("; <" + r.Address + ">: " + r.String())
		}
	}
	if n > shown {
		b.WriteString("; and " + strconv.Itoa(n-shown) + " more")
	}
	return b.String()
}

// Unwrap returns the *transport.Error.
func (e *Error) Unwrap() error { return e.Err }

// Reasons without a reply; those of the network and of TLS are wrapped as they
// are, such as *tls.CertificateVerificationError, os.ErrDeadlineExceeded and
// the context's error.
var (
	// ErrAddress says that the sender or a recipient is no address that can be
	// written into a command: empty, too long, not ASCII, with spaces, control
	// characters or angle brackets.
	ErrAddress = errors.New("address cannot be submitted")
	// ErrMessage says that the message cannot cross SMTP byte for byte.
	ErrMessage = errors.New("message cannot be submitted as it is")
	// ErrTooLarge says that the server announced a smaller limit (RFC 1870).
	ErrTooLarge = errors.New("message is larger than the server takes")
	// ErrEightBit says that the message has bytes above 127 and the server
	// does not announce 8BITMIME (RFC 6152).
	ErrEightBit = errors.New("server takes only 7-bit messages")
	// ErrNoStartTLS says that the server, or somebody on the way, does not
	// offer STARTTLS or refuses it. Nothing was sent but EHLO.
	ErrNoStartTLS = errors.New("no STARTTLS, and nothing is sent without it")
	// ErrInjected says that something in the clear followed the answer to
	// STARTTLS, where TLS must begin: somebody on the way put it there.
	ErrInjected = errors.New("text in the clear behind STARTTLS")
	// ErrNoMechanism says that the server offers none of the allowed ways to
	// log in.
	ErrNoMechanism = errors.New("no common way to log in")
	// ErrCredentials says that Options.Credentials failed or gave nothing
	// that can be sent.
	ErrCredentials = errors.New("no credentials")
	// ErrSuspended says that a login was refused before, and nothing is tried
	// until Resume or SetCredentials. It comes with transport.ErrLogin.
	ErrSuspended = errors.New("suspended since a login was refused")
	// ErrReply says that an answer is none of SMTP, or larger than any.
	ErrReply = errors.New("answer is not SMTP's")
	// ErrClosed says that the Sender is closed.
	ErrClosed = errors.New("sender closed")
)
