// Erp is the loop of a program that sends invoices as certified mail and must
// know what became of each: a durable outbox in SQLite, submission over SMTP,
// receipts over IMAP, an event for each thing that happens. The provider is a
// network of test providers on loopback. Started again with the same store, it
// sends nothing twice.
package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/certmail/certmail/outbox"
	"github.com/certmail/certmail/pec"
	"github.com/certmail/certmail/pec/pectest"
	"github.com/certmail/certmail/pec/pectest/pecserve"
	"github.com/certmail/certmail/receipt"
	"github.com/certmail/certmail/store"
	"github.com/certmail/certmail/store/sqlite"
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
	dir, err := os.MkdirTemp("", "certmail-erp-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	network, err := pectest.NewNetwork(&pectest.NetworkOptions{Clock: time.Now, Hop: 50 * time.Millisecond,
		Faults: []pectest.Fault{{Kind: pectest.CutAfterDot, Skip: 1, Times: 1}}}) // the line breaks in the middle of the second invoice
	if err != nil {
		return err
	}
	servers, err := pecserve.Start(network, nil)
	if err != nil {
		return err
	}
	defer servers.Close()
	client, err := open(ctx, dir, network, servers)
	if err != nil {
		return err
	}
	invoices := func(yield func(string, *pec.Draft) bool) {
		for i, to := range []string{"bruno@beta.example", "carla@beta.example", "nessuno@beta.example"} {
			d := &pec.Draft{To: pec.Addresses(to), Subject: fmt.Sprintf("Fattura n. %d", i+1), Text: "In allegato la fattura.\n",
				Attachments: []pec.File{pec.FileBytes("fattura.pdf", "application/pdf", []byte("%PDF-1.7"))}}
			if !yield(fmt.Sprintf("invoice %d", i+1), d) {
				return
			}
		}
	}
	p, err := client.SendAll(ctx, invoices, nil)
	if err != nil {
		return err
	}
	fmt.Println("queued:", p.Queued)

	working, stop := context.WithCancel(ctx)
	defer stop()
	done := make(chan error, 1)
	go func() { done <- client.Run(working, 200*time.Millisecond, nil) }()
	outcomes := 0
	for e, err := range client.Watch(ctx, 0) { // keep e.Seq to go on here after a restart
		if err != nil {
			return err
		}
		fmt.Println(e.Event.Subject, e.Event.Kind, e.Event.Recipient, e.Event.Reason.Text)
		if e.Event.Kind == receipt.EventDelivered || e.Event.Kind == receipt.EventNotDelivered {
			outcomes++
		}
		if outcomes == 3 {
			break
		}
	}
	stop()
	<-done
	for a, err := range client.Anomalies(ctx) {
		if err != nil {
			return err
		}
		fmt.Println("look at", a.Key+":", a.Recipient, a.Status)
	}
	return nil
}

func open(ctx context.Context, dir string, network *pectest.Network, servers *pecserve.Servers) (*pec.Client, error) {
	anna, err := network.Account("anna@alfa.example")
	if err != nil {
		return nil, err
	}
	s, err := sqlite.Open(ctx, filepath.Join(dir, "certmail.db"), nil)
	if err != nil {
		return nil, err
	}
	blobs, err := store.NewFolder(filepath.Join(dir, "blobs"), nil)
	if err != nil {
		return nil, err
	}
	credentials := func(context.Context) (string, string, error) { return anna.Address, anna.Password(), nil }
	server := servers.Endpoints()[0]
	sender, err := smtp.New(&smtp.Options{Host: server.Submission.Host, Port: server.Submission.Port, TLS: &tls.Config{RootCAs: servers.CertPool()}, Credentials: credentials})
	if err != nil {
		return nil, err
	}
	box, err := imap.New(&imap.Options{Host: server.IMAP.Host, Port: server.IMAP.Port, RootCAs: servers.CertPool(), Credentials: credentials})
	if err != nil {
		return nil, err
	}
	o, err := outbox.New(outbox.Options{Store: s, Blobs: blobs, Senders: map[string]transport.Sender{anna.Address: sender}, Worker: fmt.Sprint("erp ", os.Getpid())})
	if err != nil {
		return nil, err
	}
	return pec.NewClient(pec.ClientOptions{Account: pec.Account{Address: anna.Address}, Store: s, Blobs: blobs, Outbox: o, Mailbox: box, Verifier: network.Verifier(), Poll: 50 * time.Millisecond})
}
