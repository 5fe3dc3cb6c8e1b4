// Gateway shows a transport of one's own: certified mail through a service that
// speaks HTTP and JSON, and neither SMTP nor IMAP. client.go is what a program
// writes that must reach such a service, a transport.Sender and a
// transport.Mailbox; its test holds them to the promises of package transport
// with transporttest. server.go is the service, over a network of test
// providers.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/certmail/certmail/outbox"
	"github.com/certmail/certmail/pec"
	"github.com/certmail/certmail/pec/pectest"
	"github.com/certmail/certmail/store"
	"github.com/certmail/certmail/transport"
)

func main() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := run(ctx, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, out io.Writer) error {
	network, err := pectest.NewNetwork(nil)
	if err != nil {
		return err
	}
	anna, err := network.Account("anna@alfa.example")
	if err != nil {
		return err
	}
	service, err := serve(network, anna)
	if err != nil {
		return err
	}
	defer service.Close()
	gateway := newGateway(service.url, service.roots, func() string { return anna.Password() })

	s, blobs := store.NewMemory(), store.NewMemoryBlobs()
	o, err := outbox.New(outbox.Options{Store: s, Blobs: blobs, Senders: map[string]transport.Sender{anna.Address: gateway}, Worker: "gateway", Now: network.Now})
	if err != nil {
		return err
	}
	client, err := pec.NewClient(pec.ClientOptions{Account: pec.Account{Address: anna.Address}, Store: s, Blobs: blobs, Outbox: o, Mailbox: gateway,
		Verifier: network.Verifier(), Now: network.Now})
	if err != nil {
		return err
	}
	if _, err := client.Send(ctx, "contratto 7", &pec.Draft{To: pec.Addresses("bruno@beta.example"), Subject: "Contratto n. 7", Text: "In allegato.\n"}); err != nil {
		return err
	}
	if _, err := o.Drain(ctx); err != nil {
		return err
	}
	network.Settle() // the providers' work, in simulated time
	if _, err := client.Collect(ctx); err != nil {
		return err
	}
	m, err := client.StatusOf(ctx, "contratto 7")
	if err != nil {
		return err
	}
	for _, r := range m.Recipients {
		fmt.Fprintln(out, r.Address, r.Status, m.Light)
	}
	return nil
}
