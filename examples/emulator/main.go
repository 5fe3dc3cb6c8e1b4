// Emulator starts a network of certified-mail providers on SMTP and IMAP on
// loopback, as "certmail emulate" does, and talks to it as a program talks to
// its provider: it submits over SMTP with TLS, waits for the receipts over
// IMAP, and verifies them.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"time"

	"crypto/tls"

	"github.com/certmail/certmail/pec"
	"github.com/certmail/certmail/pec/pectest"
	"github.com/certmail/certmail/pec/pectest/pecserve"
	"github.com/certmail/certmail/transport"
	"github.com/certmail/certmail/transport/imap"
	"github.com/certmail/certmail/transport/smtp"
)

func main() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	network, err := pectest.NewNetwork(&pectest.NetworkOptions{Clock: time.Now})
	if err != nil {
		return err
	}
	servers, err := pecserve.Start(network, nil)
	if err != nil {
		return err
	}
	defer servers.Close()
	anna, err := network.Account("anna@alfa.example")
	if err != nil {
		return err
	}
	provider := servers.Endpoints()[0]
	fmt.Println("submission and mailbox of", anna.Address, "are on loopback, over TLS")

	// From here on, nothing knows that this is a test.
	credentials := func(context.Context) (string, string, error) { return anna.Address, anna.Password(), nil }
	sender, err := smtp.New(&smtp.Options{
		Host: provider.Submission.Host, Port: provider.Submission.Port, TLS: &tls.Config{RootCAs: servers.CertPool()}, Credentials: credentials,
	})
	if err != nil {
		return err
	}
	defer sender.Close()
	box, err := imap.New(&imap.Options{Host: provider.IMAP.Host, Port: provider.IMAP.Port, RootCAs: servers.CertPool(), Credentials: credentials})
	if err != nil {
		return err
	}
	defer box.Close()
	out, err := pec.Compose(&pec.Draft{From: pec.Address{Address: anna.Address}, To: pec.Addresses("bruno@beta.example", "nessuno@beta.example"), Subject: "Contratto n. 7"}, nil)
	if err != nil {
		return err
	}
	defer out.Close()
	if err := sender.Send(ctx, &transport.Message{From: out.MailFrom, To: out.Recipients, Source: out.Source(), Size: out.Size}); err != nil {
		return err
	}
	var cursor transport.Cursor
	for seen := 0; seen < 3; { // acceptance, delivery, and the mailbox that nobody has
		if err := box.Wait(ctx, "INBOX", cursor); err != nil {
			return err
		}
		items, next, err := box.List(ctx, "INBOX", cursor, 10)
		if err != nil {
			return err
		}
		for _, item := range items {
			if err := report(ctx, network.Verifier(), box, item.ID); err != nil {
				return err
			}
			seen++
		}
		cursor = next
	}
	return nil
}

func report(ctx context.Context, v *pec.Verifier, box transport.Mailbox, id transport.ID) error {
	r, err := box.Fetch(ctx, "INBOX", id)
	if err != nil {
		return err
	}
	defer r.Close()
	data, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	m, err := pec.ParseBytes(data, nil)
	if err != nil {
		return err
	}
	judged, err := v.Verify(ctx, m)
	if err != nil {
		return err
	}
	fmt.Println(m.Kind, m.Data.Deliveries, judged.Verdict)
	return nil
}
