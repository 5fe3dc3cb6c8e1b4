// Transition shows a program that does not care whether PEC or REM delivers
// its messages: an account is an account, a message is submitted the same way,
// and the same ledger says what became of it. Only who sets the account up knows
// which system it is of.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/certmail/certmail/envelope"
	"github.com/certmail/certmail/pec"
	"github.com/certmail/certmail/pec/pectest"
	"github.com/certmail/certmail/receipt"
	"github.com/certmail/certmail/rem"
	"github.com/certmail/certmail/rem/remtest"
	"github.com/certmail/certmail/transport"
)

// Office is a certified mailbox of either system: a way to send, a place where
// receipts come in, and who is believed about them.
type Office struct {
	Address string
	Sender  transport.Sender
	Mailbox transport.Mailbox
	PEC     *pec.Verifier
	REM     *rem.Verifier
	Now     func() time.Time

	ledger *receipt.Ledger
	since  transport.Cursor
}

// Send submits a message and returns its Message-ID, by which it is known from
// then on.
func (o *Office) Send(ctx context.Context, d pec.Draft) (messageID string, err error) {
	d.From = pec.Address{Address: o.Address}
	out, err := pec.Compose(&d, &pec.ComposeOptions{Now: o.Now})
	if err != nil {
		return "", err
	}
	defer out.Close()
	sent := out.Sent(o.Now())
	err = o.Sender.Send(ctx, &transport.Message{From: out.MailFrom, To: out.Recipients, Source: out.Source(), Size: out.Size})
	if failed, ok := errors.AsType[*transport.Error](err); ok && failed.Outcome == transport.Uncertain {
		sent.Uncertain, err = true, nil // the receipts will tell
	}
	if err != nil {
		return "", err
	}
	o.book().AddSent(sent)
	return out.MessageID, nil
}

func (o *Office) book() *receipt.Ledger {
	if o.ledger == nil {
		o.ledger = receipt.NewLedger(nil)
	}
	return o.ledger
}

// Status reads what came in, and says what became of a message.
func (o *Office) Status(ctx context.Context, messageID string) (receipt.Message, error) {
	items, next, err := o.Mailbox.List(ctx, "INBOX", o.since, 1000)
	if err != nil {
		return receipt.Message{}, err
	}
	for _, item := range items {
		r, err := o.Mailbox.Fetch(ctx, "INBOX", item.ID)
		if err != nil {
			return receipt.Message{}, err
		}
		e, err := envelope.Read(r, nil)
		r.Close()
		if err != nil {
			continue // not a message
		}
		events, err := o.events(ctx, string(item.ID), e)
		e.Close()
		if err != nil {
			return receipt.Message{}, err
		}
		o.book().Add(events...)
	}
	o.since = next
	m, ok := o.book().Message(messageID, o.Now())
	if !ok {
		return m, fmt.Errorf("message %s was not sent here", messageID)
	}
	return m, nil
}

// events asks the system that the message is of.
func (o *Office) events(ctx context.Context, name string, e *envelope.Message) ([]receipt.Event, error) {
	if rem.Is(e) && o.REM != nil {
		m, err := rem.FromEnvelope(e, nil)
		if err != nil {
			return nil, err
		}
		report, err := o.REM.Verify(ctx, m)
		if err != nil {
			return nil, err
		}
		return report.Events(name)
	}
	if o.PEC == nil {
		return nil, nil
	}
	m, err := pec.FromEnvelope(e, nil)
	if err != nil {
		return nil, err
	}
	report, err := o.PEC.Verify(ctx, m)
	if err != nil {
		return nil, err
	}
	return report.Events(name)
}

// order is the program's own business. It knows nothing of PEC or REM.
func order(ctx context.Context, o *Office, to string) (messageID string, err error) {
	return o.Send(ctx, pec.Draft{To: pec.Addresses(to), Subject: "Ordine n. 12", Text: "Si ordina quanto concordato.\n"})
}

func main() {
	if err := run(context.Background(), os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, w io.Writer) error {
	before, settleBefore, err := openPEC()
	if err != nil {
		return err
	}
	after, settleAfter, err := openREM()
	if err != nil {
		return err
	}
	for _, step := range []struct {
		name   string
		office *Office
		settle func()
	}{{"PEC", before, settleBefore}, {"REM", after, settleAfter}} {
		id, err := order(ctx, step.office, "bruno@beta.example")
		if err != nil {
			return err
		}
		step.settle()
		m, err := step.office.Status(ctx, id)
		if err != nil {
			return err
		}
		fmt.Fprintf(w, "%s: %s %s, verified %t, %s\n", step.name, m.Recipients[0].Address, m.Recipients[0].Status, m.Recipients[0].Verified, m.Light)
	}
	return nil
}

// openPEC opens a mailbox of posta elettronica certificata.
func openPEC() (*Office, func(), error) {
	n, err := pectest.NewNetwork(nil)
	if err != nil {
		return nil, nil, err
	}
	a, err := n.Account("anna@alfa.example")
	if err != nil {
		return nil, nil, err
	}
	return &Office{Address: a.Address, Sender: a.Sender(), Mailbox: a.Transport(), PEC: n.Verifier(), Now: n.Now}, n.Settle, nil
}

// openREM opens a mailbox of registered electronic mail.
func openREM() (*Office, func(), error) {
	n, err := remtest.NewNetwork(nil)
	if err != nil {
		return nil, nil, err
	}
	a, err := n.Account("anna@alfa.example")
	if err != nil {
		return nil, nil, err
	}
	v, err := n.Verifier()
	return &Office{Address: a.Address, Sender: a.Sender(), Mailbox: a.Transport(), REM: v, Now: n.Now}, n.Settle, err
}
