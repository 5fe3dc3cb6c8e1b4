// Remfollow sends one message to several recipients through a network of REM
// providers in process, and says day by day what is known of each: from the
// evidence in the sender's mailbox, verified, and from nothing else.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strconv"
	"time"

	"github.com/certmail/certmail/pec"
	"github.com/certmail/certmail/receipt"
	"github.com/certmail/certmail/rem"
	"github.com/certmail/certmail/rem/remtest"
	"github.com/certmail/certmail/transport"
)

// follow reads what came in since the last time, and tells a ledger.
func follow(ctx context.Context, l *receipt.Ledger, box transport.Mailbox, since transport.Cursor, v *rem.Verifier) (transport.Cursor, error) {
	items, next, err := box.List(ctx, "INBOX", since, 1000)
	if err != nil {
		return since, err
	}
	for _, item := range items {
		r, err := box.Fetch(ctx, "INBOX", item.ID)
		if err != nil {
			return since, err
		}
		m, err := rem.Read(r, nil)
		r.Close()
		if err != nil {
			return since, err
		}
		report, err := v.Verify(ctx, m)
		if err != nil {
			return since, err
		}
		// What did not verify is told, too: it shows, and counts for nothing.
		events, err := report.Events(string(item.ID))
		m.Close()
		if err != nil {
			return since, err
		}
		l.Add(events...)
	}
	return next, nil
}

func main() {
	if err := run(context.Background(), os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, w io.Writer) error {
	network, err := remtest.NewNetwork(&remtest.NetworkOptions{Faults: []remtest.Fault{
		{Kind: remtest.Refuse, Reason: "RD04", Mailbox: "carla@beta.example"},                  // the mailbox is full
		{Kind: remtest.Refuse, Reason: "RB22", Provider: "gamma.example"},                      // the provider never answers
		{Kind: remtest.Refuse, Reason: "RB09", Provider: "beta.example", Until: 5 * time.Hour}, // out of reach at first
	}})
	if err != nil {
		return err
	}
	anna, err := network.Account("anna@alfa.example")
	if err != nil {
		return err
	}
	v, err := network.Verifier()
	if err != nil {
		return err
	}
	sent, err := anna.Send(ctx, &pec.Draft{
		To:      pec.Addresses("bruno@beta.example", "carla@beta.example", "nessuno@beta.example", "anna@gamma.example", "bruno@alfa.example"),
		Subject: "Contratto n. 7", Text: "In allegato.\n",
	})
	if err != nil {
		return err
	}
	l := receipt.NewLedger(nil)
	l.AddSent(sent.Sent(network.Now()))
	var since transport.Cursor
	for _, wait := range []time.Duration{time.Minute, 6 * time.Hour, 24 * time.Hour} {
		network.Advance(wait) // takes milliseconds
		if since, err = follow(ctx, l, anna.Transport(), since, v); err != nil {
			return err
		}
		m, _ := l.Message(sent.MessageID, network.Now())
		fmt.Fprintf(w, "after %s: %s, settled %s\n", wait, m.Light, strconv.FormatBool(m.Settled))
		for _, r := range m.Recipients {
			fmt.Fprintf(w, "  %-22s %-10s %s\n", r.Address, r.Status, r.Error.Code)
		}
	}
	return nil
}
