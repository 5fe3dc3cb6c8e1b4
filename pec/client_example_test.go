package pec_test

import (
	"context"
	"fmt"

	"github.com/certmail/certmail/outbox"
	"github.com/certmail/certmail/pec"
	"github.com/certmail/certmail/pec/pectest"
	keep "github.com/certmail/certmail/store"
	"github.com/certmail/certmail/transport"
)

func ExampleClient() {
	ctx := context.Background()
	n, err := pectest.NewNetwork(nil) // in earnest: transport/smtp, transport/imap and store/sqlite
	if err != nil {
		panic(err)
	}
	anna, err := n.Account("anna@alfa.example")
	if err != nil {
		panic(err)
	}
	s, blobs := keep.NewMemory(), keep.NewMemoryBlobs()
	o, err := outbox.New(outbox.Options{Store: s, Blobs: blobs, Worker: "worker 1", Senders: map[string]transport.Sender{anna.Address: anna.Sender()}, Now: n.Now})
	if err != nil {
		panic(err)
	}
	c, err := pec.NewClient(pec.ClientOptions{
		Account: pec.Account{Address: anna.Address}, Store: s, Blobs: blobs, Outbox: o, Mailbox: anna.Transport(), Verifier: n.Verifier(), Now: n.Now,
	})
	if err != nil {
		panic(err)
	}
	if _, err := c.Send(ctx, "invoice 7", &pec.Draft{To: pec.Addresses("bruno@beta.example"), Subject: "Fattura n. 7"}); err != nil {
		panic(err)
	}
	if _, err := o.Drain(ctx); err != nil {
		panic(err)
	}
	n.Settle()
	if _, err := c.Collect(ctx); err != nil {
		panic(err)
	}
	m, err := c.StatusOf(ctx, "invoice 7")
	if err != nil {
		panic(err)
	}
	fmt.Println(m.Light, m.Recipients[0].Status, m.Recipients[0].Verified)
	// Output: green delivered true
}
