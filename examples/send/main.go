// Send sends one certified message and waits until it is known what became of
// each of its recipients: delivered, failed, or outside the circuit, where
// nothing more is ever heard. The provider is a network of test providers on
// loopback.
package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/certmail/certmail/outbox"
	"github.com/certmail/certmail/pec"
	"github.com/certmail/certmail/pec/pectest"
	"github.com/certmail/certmail/pec/pectest/pecserve"
	"github.com/certmail/certmail/receipt"
	"github.com/certmail/certmail/store"
	"github.com/certmail/certmail/transport"
	"github.com/certmail/certmail/transport/imap"
	"github.com/certmail/certmail/transport/smtp"
)

// sendAndWait returns when nothing more is to be expected, or with the
// context's error. A certified message may take 24 hours: a program that does
// more than this one goes on, and asks Status, or Watches, later.
func sendAndWait(ctx context.Context, c *pec.Client, key string, d *pec.Draft) (receipt.Message, error) {
	if _, err := c.Send(ctx, key, d); err != nil {
		return receipt.Message{}, err
	}
	working, stop := context.WithCancel(ctx)
	done := make(chan error, 1)
	go func() {
		done <- c.Run(working, 200*time.Millisecond, func(err error) bool {
			return !errors.Is(err, transport.ErrLogin) // a wrong password gets no better; the rest is tried again
		})
	}()
	look := time.NewTicker(50 * time.Millisecond)
	defer look.Stop()
	for {
		m, err := c.StatusOf(ctx, key)
		if err != nil || m.Settled {
			stop()
			<-done
			return m, err
		}
		select {
		case err := <-done:
			stop()
			return m, err
		case <-look.C:
		}
	}
}

func main() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := run(ctx, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, out io.Writer) error {
	network, err := pectest.NewNetwork(&pectest.NetworkOptions{Clock: time.Now, Hop: 50 * time.Millisecond})
	if err != nil {
		return err
	}
	servers, err := pecserve.Start(network, nil)
	if err != nil {
		return err
	}
	defer servers.Close()
	client, err := open(network, servers)
	if err != nil {
		return err
	}
	m, err := sendAndWait(ctx, client, "diffida 12", &pec.Draft{
		To: pec.Addresses("bruno@beta.example", "nessuno@beta.example", "ditta@mail.test"), Subject: "Diffida n. 12", Text: "Si veda l'allegato.\n",
		Attachments: []pec.File{pec.FileBytes("diffida.pdf", "application/pdf", []byte("%PDF-1.7"))},
	})
	if err != nil {
		return err
	}
	for _, r := range m.Recipients {
		fmt.Fprintln(out, r.Address, r.Status, r.Reason)
	}
	return nil
}

// open makes the client. A program of yours has a store that outlives it
// (store/sqlite, store/postgres), its provider's servers (transport/presets),
// and the trust of package trust.
func open(network *pectest.Network, servers *pecserve.Servers) (*pec.Client, error) {
	anna, err := network.Account("anna@alfa.example")
	if err != nil {
		return nil, err
	}
	credentials := func(context.Context) (string, string, error) { return anna.Address, anna.Password(), nil }
	at := servers.Endpoints()[0]
	sender, err := smtp.New(&smtp.Options{Host: at.Submission.Host, Port: at.Submission.Port, TLS: &tls.Config{RootCAs: servers.CertPool()}, Credentials: credentials})
	if err != nil {
		return nil, err
	}
	box, err := imap.New(&imap.Options{Host: at.IMAP.Host, Port: at.IMAP.Port, RootCAs: servers.CertPool(), Credentials: credentials})
	if err != nil {
		return nil, err
	}
	s, blobs := store.NewMemory(), store.NewMemoryBlobs()
	o, err := outbox.New(outbox.Options{Store: s, Blobs: blobs, Senders: map[string]transport.Sender{anna.Address: sender}, Worker: "send"})
	if err != nil {
		return nil, err
	}
	return pec.NewClient(pec.ClientOptions{Account: pec.Account{Address: anna.Address}, Store: s, Blobs: blobs, Outbox: o, Mailbox: box, Verifier: network.Verifier()})
}
