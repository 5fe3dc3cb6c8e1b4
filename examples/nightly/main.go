// Nightly keeps a mailbox in order: every night it collects what came, archives
// each message as it comes in, puts a transaction together in one package when
// nothing more is to come, verifies that package from disk, and then deletes from
// the provider's mailbox what is older than thirty days and lies, proved, in such
// a package. First it says what it would delete.
//
//	go run ./examples/nightly -to archive
package main

import (
	"context"
	"flag"
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
	to := flag.String("to", "", "the archive's `folder`; one that is thrown away unless given")
	flag.Parse()
	if err := run(context.Background(), os.Stdout, *to); err != nil {
		fmt.Fprintln(os.Stderr, "nightly:", err)
		os.Exit(1)
	}
}

// run is two months of a mailbox in simulated time.
func run(ctx context.Context, out io.Writer, to string) error {
	if to == "" {
		dir, err := os.MkdirTemp("", "certmail-nightly-")
		if err != nil {
			return err
		}
		defer os.RemoveAll(dir)
		to = dir
	}
	network, err := pectest.NewNetwork(nil)
	if err != nil {
		return err
	}
	n, o, err := open(network, to)
	if err != nil {
		return err
	}
	bruno, err := network.Account("bruno@beta.example")
	if err != nil {
		return err
	}
	contract := &pec.Draft{To: pec.Addresses("bruno@beta.example", "nessuno@beta.example"), Subject: "Contratto n. 7", Text: "In allegato.\n",
		Attachments: []pec.File{pec.FileBytes("contratto.pdf", "application/pdf", []byte("%PDF-1.7"))}}
	if _, err := n.client.Send(ctx, "contratto 7", contract); err != nil {
		return err
	}
	if _, err := o.Drain(ctx); err != nil {
		return err
	}
	network.Settle()
	if _, err := bruno.Send(ctx, &pec.Draft{To: pec.Addresses("anna@alfa.example"), Subject: "Firmato", Text: "Ecco.\n"}); err != nil {
		return err
	}
	network.Settle()
	for _, pause := range []time.Duration{0, 60 * 24 * time.Hour} {
		network.Advance(pause)
		fmt.Fprintln(out, network.Now().UTC().Format(time.DateOnly))
		if err := n.night(ctx, out); err != nil {
			return err
		}
	}
	return nil
}

// open makes the client of anna's mailbox and its archive. A program of yours
// has a store and blobs that outlive it (store/sqlite, store.NewFolder), its
// provider's servers (transport/presets), the trust of package trust, and a
// source of time-stamps (tsp.HTTPSource).
func open(network *pectest.Network, to string) (*nightly, *outbox.Outbox, error) {
	anna, err := network.Account("anna@alfa.example")
	if err != nil {
		return nil, nil, err
	}
	n, err := newNightly(network, to)
	if err != nil {
		return nil, nil, err
	}
	s := store.NewMemory()
	o, err := outbox.New(outbox.Options{Store: s, Blobs: n.blobs, Senders: map[string]transport.Sender{anna.Address: anna.Sender()}, Worker: "nightly", Now: network.Now})
	if err != nil {
		return nil, nil, err
	}
	n.client, err = pec.NewClient(pec.ClientOptions{
		Account: pec.Account{Address: anna.Address}, Store: s, Blobs: n.blobs, Outbox: o, Mailbox: anna.Transport(), Verifier: network.Verifier(), Now: network.Now,
		Received: n.received, // before the message counts as taken in
	})
	return n, o, err
}
