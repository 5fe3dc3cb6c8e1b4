// Mixedmailbox reconciles one mailbox that holds certified mail of both
// systems, PEC and REM, and ordinary mail between them: what became of each
// message, whoever certified it.
package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"time"

	"github.com/certmail/certmail/envelope"
	"github.com/certmail/certmail/pec"
	"github.com/certmail/certmail/pec/pectest"
	"github.com/certmail/certmail/receipt"
	"github.com/certmail/certmail/rem"
	"github.com/certmail/certmail/rem/remtest"
	"github.com/certmail/certmail/transport"
	"github.com/certmail/certmail/transport/memory"
)

// judges verify messages of either system.
type judges struct {
	pec *pec.Verifier
	rem *rem.Verifier
}

// events reads a message once, gives it to its system, and returns what it
// proves. Ordinary mail proves nothing.
func (j *judges) events(ctx context.Context, name string, message []byte) ([]receipt.Event, error) {
	e, err := envelope.OpenBytes(message, nil)
	if err != nil {
		return nil, err
	}
	if rem.Is(e) {
		m, err := rem.FromEnvelope(e, nil)
		if err != nil {
			return nil, err
		}
		report, err := j.rem.Verify(ctx, m)
		if err != nil {
			return nil, err
		}
		return report.Events(name)
	}
	m, err := pec.FromEnvelope(e, nil)
	if err != nil {
		return nil, err
	}
	report, err := j.pec.Verify(ctx, m)
	if err != nil {
		return nil, err
	}
	return report.Events(name)
}

// reconcile reads a whole mailbox. Its order does not matter.
func reconcile(ctx context.Context, box transport.Mailbox, j *judges, sent ...receipt.Sent) (*receipt.Ledger, error) {
	l := receipt.NewLedger(nil)
	l.AddSent(sent...)
	for since := transport.Cursor(""); ; {
		items, next, err := box.List(ctx, "INBOX", since, 100)
		if err != nil || len(items) == 0 {
			return l, err
		}
		since = next
		for _, item := range items {
			r, err := box.Fetch(ctx, "INBOX", item.ID)
			if err != nil {
				return nil, err
			}
			message, err := io.ReadAll(r)
			r.Close()
			if err != nil {
				return nil, err
			}
			events, err := j.events(ctx, string(item.ID), message)
			if err != nil {
				fmt.Fprintf(os.Stderr, "%s: %v\n", item.ID, err) // one bad message stops nothing
				continue
			}
			l.Add(events...)
		}
	}
}

func main() {
	if err := run(context.Background(), os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, w io.Writer) error {
	box := memory.New(nil)
	j, sent, err := fill(ctx, box)
	if err != nil {
		return err
	}
	l, err := reconcile(ctx, box, j, sent...)
	if err != nil {
		return err
	}
	report := l.Snapshot(slices.MaxFunc(sent, func(a, b receipt.Sent) int { return a.Time.Compare(b.Time) }).Time)
	for _, m := range report.Messages {
		fmt.Fprintf(w, "%s: %s\n", m.Subject, m.Light)
		for _, r := range m.Recipients {
			fmt.Fprintf(w, "  %s: %s %s\n", r.Address, r.Status, r.Reason)
		}
	}
	fmt.Fprintf(w, "orphans: %d\n", len(report.Orphans))
	return nil
}

// fill lets anna send mail by both systems, and puts all that comes back into
// one mailbox, the newest first.
func fill(ctx context.Context, box *memory.Mailbox) (*judges, []receipt.Sent, error) {
	certified, err := pectest.NewNetwork(nil)
	if err != nil {
		return nil, nil, err
	}
	registered, err := remtest.NewNetwork(nil)
	if err != nil {
		return nil, nil, err
	}
	registered.Advance(time.Hour) // the one after the other
	byPEC, err := certified.Account("anna@alfa.example")
	if err != nil {
		return nil, nil, err
	}
	byREM, err := registered.Account("anna@alfa.example")
	if err != nil {
		return nil, nil, err
	}
	var sent []receipt.Sent
	for _, subject := range []string{"Contratto n. 7", "Contratto n. 8"} {
		d := &pec.Draft{To: pec.Addresses("bruno@beta.example", "nessuno@beta.example"), Subject: subject, Text: "In allegato.\n"}
		send, now := byPEC.Send, certified.Now()
		if len(sent) > 0 {
			d.Subject += " (REM)"
			send, now = byREM.Send, registered.Now()
		}
		s, err := send(ctx, d)
		if err != nil {
			return nil, nil, err
		}
		sent = append(sent, s.Sent(now))
	}
	certified.Settle()
	registered.Settle()
	messages := [][]byte{[]byte("From: ditta@mail.test\r\nTo: anna@alfa.example\r\nSubject: Offerta\r\n\r\nciao\r\n")}
	for _, m := range byPEC.Messages() {
		messages = append(messages, m.Data)
	}
	for _, m := range byREM.Messages() {
		messages = append(messages, m.Data)
	}
	for _, m := range slices.Backward(messages) {
		if _, err := box.Append(ctx, "INBOX", nil, certified.Now(), bytes.NewReader(m), int64(len(m))); err != nil {
			return nil, nil, err
		}
	}
	v, err := registered.Verifier()
	return &judges{pec: certified.Verifier(), rem: v}, sent, err
}
