package imap

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/emersion/go-imap/v2"

	"github.com/certmail/certmail/transport"
)

// Errors of a Mailbox, besides those of package transport. Those of TLS are
// wrapped as they are: *tls.CertificateVerificationError,
// tls.RecordHeaderError, *net.OpError.
var (
	// ErrTooLarge says that a message is larger than Options.MaxSize.
	ErrTooLarge = errors.New("message is too large")
	// ErrNoStartTLS says that the server, or somebody on the way, does not go
	// over to TLS when Options.StartTLS asks for it. Nothing else was said.
	ErrNoStartTLS = errors.New("no STARTTLS, and nothing is said without it")
	// ErrClosed says that the Mailbox was closed.
	ErrClosed = errors.New("mailbox is closed")
)

// Reply is a server's NO or BAD (RFC 3501 §7.1): it did not do what it was
// asked.
type Reply struct {
	// Status is NO or BAD, Code a response code of RFC 5530 and others, often
	// empty, and Text what the server says to humans.
	Status, Code, Text string
}

func (r *Reply) Error() string {
	text := "server says " + r.Status
	if r.Code != "" {
		text += " [" + r.Code + "]"
	}
	if r.Text != "" {
		text += " " + r.Text
	}
	return text
}

// lost is the end of a connection, or of its use: what follows on it cannot be
// understood.
type lost struct {
	error
	network bool // not by what the server said
}

func (l *lost) Unwrap() error { return l.error }

func isLost(err error) bool {
	_, ok := errors.AsType[*lost](err)
	return ok
}

// verdict tells an answer from the end of a connection.
func (s *session) verdict(err error) error {
	if err == nil {
		return nil
	}
	if isLost(err) {
		return err
	}
	if e, ok := errors.AsType[*imap.Error](err); ok && (e.Type == imap.StatusResponseTypeNo || e.Type == imap.StatusResponseTypeBad) {
		r := &Reply{Status: string(e.Type), Code: strings.ToUpper(string(e.Code)), Text: printable(e.Text)}
		switch r.Code {
		case "NONEXISTENT", "TRYCREATE":
			return fmt.Errorf("%w: %w", transport.ErrNotFound, r)
		}
		return r
	}
	if e, ok := errors.AsType[*imap.Error](err); ok && e.Type == imap.StatusResponseTypeBye {
		return &lost{errors.New("server says BYE " + printable(e.Text)), true}
	}
	if cause := s.wire.cause(); cause != nil {
		return &lost{cause, true} // imapclient says the same, without the type
	}
	return &lost{fmt.Errorf("connection lost: %w", err), errors.Is(err, errUnexpectedEOF)}
}

// printable bounds what a server may put into an error.
func printable(text string) string {
	text = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r == '\uFFFD' {
			return '?'
		}
		return r
	}, text)
	if len(text) > 300 {
		text = strings.ToValidUTF8(text[:300], "") + "…"
	}
	return text
}

// failure puts the operation before an error, and the context's error in the
// place of what its end brought about.
func failure(ctx context.Context, what string, err error) error {
	if err == nil {
		return nil
	}
	if ended := ctx.Err(); ended != nil && isLost(err) {
		err = ended
	}
	return fmt.Errorf("imap: %s: %w", what, err)
}
