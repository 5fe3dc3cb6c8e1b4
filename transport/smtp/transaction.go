package smtp

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net/textproto"
	"time"

	"github.com/emersion/go-smtp"

	"github.com/certmail/certmail/transport"
)

// submit runs one transaction: nil says that the server took the message.
func (c *conn) submit(ctx context.Context, m *transport.Message, f form) *Error {
	stop := context.AfterFunc(ctx, c.kill)
	fail := c.transact(ctx, m, f)
	if !stop() {
		c.broken = true
	}
	c.messages++
	return fail
}

func (c *conn) transact(ctx context.Context, m *transport.Message, f form) *Error {
	if c.maxSize > 0 && m.Size > c.maxSize {
		return refused(c.server, StepMail, fmt.Errorf("%w: %d bytes, the server takes %d", ErrTooLarge, m.Size, c.maxSize))
	}
	if f.eightBit && !c.eightBit {
		return refused(c.server, StepMail, ErrEightBit)
	}
	c.wire.limit(c.opt.Timeouts.Command)
	if err := c.client.Mail(m.From, &smtp.MailOptions{Size: m.Size}); err != nil && !c.positive(err) {
		return c.failed(ctx, StepMail, err)
	}
	if fail := c.recipients(ctx, m.To); fail != nil {
		return c.reset(fail)
	}
	c.wire.limit(c.opt.Timeouts.Command)
	data, err := c.client.Data()
	if err != nil {
		return c.reset(c.failed(ctx, StepData, err))
	}
	c.wire.block = c.opt.Timeouts.Data
	if _, err := pass(m, data); err != nil {
		// Nothing but the end of the connection can call DATA off.
		c.broken = true
		if own, ok := errors.AsType[errSource](err); ok {
			return refused(c.server, StepData, own.error)
		}
		return c.lastWords(ctx, StepData, err)
	}
	c.wire.ending = true
	_, err = data.CloseWithResponse()
	gone := c.wire.gone
	c.wire.block, c.wire.ending, c.wire.gone = 0, false, false
	switch {
	case err == nil || gone && c.positive(err):
		return nil
	case gone:
		return c.failed(ctx, StepAnswer, err)
	}
	c.broken = true
	return c.lastWords(ctx, StepDot, err)
}

// positive tells whether an error is a 2xx that go-smtp did not expect.
func (c *conn) positive(err error) bool {
	r, ok := c.reply(err)
	return ok && r.Code/100 == 2
}

// recipients announces them all, so that the error can tell about each. One
// that is refused refuses the message.
func (c *conn) recipients(ctx context.Context, to []string) *Error {
	var worst *Error
	replies := make([]RecipientReply, 0, len(to))
	for _, address := range to {
		c.wire.limit(c.opt.Timeouts.Command)
		err := c.client.Rcpt(address, nil)
		if err == nil {
			replies = append(replies, RecipientReply{address, Reply{Code: 250}})
			continue
		}
		fail := c.failed(ctx, StepRcpt, err)
		if e := fail.Err; e.Code != 0 {
			replies = append(replies, RecipientReply{address, Reply{e.Code, e.Status, e.Text}})
		}
		if worst == nil || fail.Err.Outcome == transport.Refused && worst.Err.Outcome != transport.Refused {
			worst = fail
		}
		if c.broken {
			break
		}
	}
	if worst != nil {
		worst.Recipients = replies
	}
	return worst
}

// reset ends a transaction that was begun, so that the next can begin.
func (c *conn) reset(fail *Error) *Error {
	if c.broken {
		return fail
	}
	c.wire.limit(c.opt.Timeouts.Command)
	if err := c.client.Reset(); err != nil {
		c.broken = true
	}
	return fail
}

// lastWords looks for a reply of a server that stopped listening in the middle
// of the message: it may have said why.
func (c *conn) lastWords(ctx context.Context, step Step, err error) *Error {
	if ctx.Err() == nil {
		c.wire.block = 0
		c.wire.limit(250 * time.Millisecond) // it is there already, or it is not
		code, text, unread := textproto.NewReader(bufio.NewReader(c.wire)).ReadResponse(0)
		if unread == nil && (code/100 == 4 || code/100 == 5) {
			err = &textproto.Error{Code: code, Msg: text}
		}
	}
	return c.failed(ctx, step, err)
}
