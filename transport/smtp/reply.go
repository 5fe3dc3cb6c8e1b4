package smtp

import (
	"context"
	"errors"
	"fmt"
	"net/textproto"
	"regexp"
	"strings"
	"unicode"

	"github.com/emersion/go-smtp"

	"github.com/certmail/certmail/transport"
)

// maxText bounds what is kept of an answer, in bytes.
const maxText = 1000

// plain makes a server's text fit for errors and logs: one line, without
// control characters and without the secret.
func (c *conn) plain(text string) string {
	text = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == unicode.ReplacementChar || r == '\u2028' || r == '\u2029' {
			return ' '
		}
		return r
	}, c.redact(text))
	text = strings.Join(strings.Fields(text), " ")
	if len(text) > maxText {
		text = strings.ToValidUTF8(text[:maxText], "") + "…"
	}
	return text
}

// reply finds the server's answer in an error.
func (c *conn) reply(err error) (Reply, bool) {
	if e, ok := errors.AsType[*smtp.SMTPError](err); ok {
		r := Reply{Code: e.Code, Text: c.plain(e.Message)}
		if s := e.EnhancedCode; s != (smtp.EnhancedCode{}) {
			if code := fmt.Sprintf("%d.%d.%d", s[0], s[1], s[2]); status.MatchString(code) {
				r.Status = code
			}
		}
		return r, true
	}
	if e, ok := errors.AsType[*textproto.Error](err); ok {
		r := Reply{Code: e.Code, Text: c.plain(e.Msg)}
		if first, rest, _ := strings.Cut(r.Text, " "); status.MatchString(first) {
			r.Status, r.Text = first, rest
		}
		return r, true
	}
	return Reply{}, false
}

var status = regexp.MustCompile(`^[245]\.\d{1,3}\.\d{1,3}$`)

// failed judges what went wrong at a step. Only behind the final dot is
// anything uncertain.
func (c *conn) failed(ctx context.Context, step Step, err error) *Error {
	e := &transport.Error{Outcome: transport.Deferred}
	if step == StepAnswer {
		e.Outcome = transport.Uncertain
	}
	out := &Error{Server: c.server, Step: step, Err: e}
	if r, ok := c.reply(err); ok {
		e.Code, e.Status, e.Text = r.Code, r.Status, r.Text
		switch r.Code / 100 {
		case 4:
			e.Outcome = transport.Deferred
		case 5:
			e.Outcome = transport.Refused
		default:
			e.Err = fmt.Errorf("%w: %d was not expected", ErrReply, r.Code)
		}
		c.broken = c.broken || r.Code == 421 || e.Err != nil
		if errors.Is(err, ErrNoStartTLS) {
			e.Err = ErrNoStartTLS
		}
		return out
	}
	c.broken = true
	if garbage, ok := errors.AsType[textproto.ProtocolError](err); ok {
		err = fmt.Errorf("%w: %q", ErrReply, c.plain(garbage.Error()))
	} else if errors.Is(err, smtp.ErrTooLongLine) {
		err = fmt.Errorf("%w: a line is too long", ErrReply)
	}
	if cause := ctx.Err(); cause != nil && !errors.Is(err, cause) {
		err = fmt.Errorf("%w: %w", cause, err)
	}
	e.Err = err
	return out
}

// refused is a refusal of our own.
func refused(server string, step Step, err error) *Error {
	return &Error{Server: server, Step: step, Err: &transport.Error{Outcome: transport.Refused, Err: err}}
}

// deferred is a delay of our own.
func deferred(server string, step Step, err error) *Error {
	return &Error{Server: server, Step: step, Err: &transport.Error{Outcome: transport.Deferred, Err: err}}
}
