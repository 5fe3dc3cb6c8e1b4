// Workers shows ten workers that share one outbox on PostgreSQL, as ten
// processes on ten machines would: each message goes to one of them, and when
// one dies in the middle of a message, the others do not send it again. The
// provider is a network of test providers on loopback.
//
//	go run ./examples/workers -postgres 'host=localhost dbname=test'
//
// CERTMAIL_POSTGRES stands in for the flag. Without either, a store in memory
// stands in for the server, and the workers are this process's own.
package main

import (
	"context"
	"crypto/tls"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/certmail/certmail/outbox"
	"github.com/certmail/certmail/pec"
	"github.com/certmail/certmail/pec/pectest"
	"github.com/certmail/certmail/pec/pectest/pecserve"
	"github.com/certmail/certmail/receipt"
	"github.com/certmail/certmail/store"
	"github.com/certmail/certmail/store/postgres"
	"github.com/certmail/certmail/transport"
	"github.com/certmail/certmail/transport/imap"
	"github.com/certmail/certmail/transport/smtp"
)

const (
	workers = 10
	letters = 100
	account = "anna@alfa.example"
)

func main() {
	conninfo := flag.String("postgres", os.Getenv("CERTMAIL_POSTGRES"), "the PostgreSQL `server`, as a URL or key=value")
	mailing := flag.String("mailing", time.Now().Format("20060102-150405.000"), "the `name` of the mailing: under one that was used before, nothing is sent again")
	flag.Parse()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	if err := run(ctx, os.Stdout, *conninfo, *mailing); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, out io.Writer, conninfo, mailing string) error {
	dir, err := os.MkdirTemp("", "certmail-workers-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	network, err := pectest.NewNetwork(&pectest.NetworkOptions{Clock: time.Now, Hop: 10 * time.Millisecond})
	if err != nil {
		return err
	}
	servers, err := pecserve.Start(network, nil)
	if err != nil {
		return err
	}
	defer servers.Close()
	open := opener(conninfo)
	if conninfo == "" {
		fmt.Fprintln(out, "no PostgreSQL was given: a store in memory stands in")
	}
	// Ten machines would share a file system here, or have store.Blobs of their
	// own over an object store.
	blobs, err := store.NewFolder(filepath.Join(dir, "blobs"), nil)
	if err != nil {
		return err
	}
	defer blobs.Close()

	main, err := open(ctx)
	if err != nil {
		return err
	}
	defer main.Close()
	sender, box, err := dial(network, servers)
	if err != nil {
		return err
	}
	queue, err := newOutbox(main, blobs, sender, "who enqueues")
	if err != nil {
		return err
	}
	client, err := pec.NewClient(pec.ClientOptions{Account: pec.Account{Address: account}, Store: main, Blobs: blobs, Outbox: queue, Mailbox: box, Verifier: network.Verifier()})
	if err != nil {
		return err
	}
	p, err := client.SendAll(ctx, mail(mailing), nil)
	if err != nil {
		return err
	}
	fmt.Fprintln(out, "queued:", p.Queued, "known before:", p.Known)

	begin := time.Now()
	if err := work(ctx, open, blobs, network, servers); err != nil {
		return err
	}
	fmt.Fprintf(out, "%d workers handed over %d messages in %s\n", workers, len(network.Outcomes()), time.Since(begin).Round(time.Millisecond))
	delivered, err := await(ctx, client, mailing)
	if err != nil {
		return err
	}
	fmt.Fprintln(out, "delivered and proven:", delivered)
	return nil
}

// opener opens the store once more: each worker does, as a process would.
func opener(conninfo string) func(context.Context) (store.Store, error) {
	if conninfo == "" {
		shared := store.NewMemory()
		return func(context.Context) (store.Store, error) { return shared, nil }
	}
	return func(ctx context.Context) (store.Store, error) {
		return postgres.Open(ctx, conninfo, &postgres.Options{Schema: "certmail_example", Conns: 2})
	}
}

// mail is the mailing: letters from a template, each under its key.
func mail(mailing string) func(func(string, *pec.Draft) bool) {
	return func(yield func(string, *pec.Draft) bool) {
		for i := range letters {
			d := &pec.Draft{To: pec.Addresses("bruno@beta.example"), Subject: fmt.Sprintf("Avviso n. %d", i+1), Text: "Gentile cliente, …\n"}
			if !yield(key(mailing, i), d) {
				return
			}
		}
	}
}

func key(mailing string, i int) string { return fmt.Sprintf("%s letter %d", mailing, i+1) }

// work lets ten workers work until nothing is left to do.
func work(ctx context.Context, open func(context.Context) (store.Store, error), blobs store.Blobs, network *pectest.Network, servers *pecserve.Servers) error {
	var all sync.WaitGroup
	errs := make([]error, workers)
	for i := range workers {
		all.Go(func() {
			s, err := open(ctx)
			if err != nil {
				errs[i] = err
				return
			}
			sender, _, err := dial(network, servers)
			if err != nil {
				errs[i] = err
				return
			}
			o, err := newOutbox(s, blobs, sender, fmt.Sprint("worker ", os.Getpid(), " ", i))
			if err != nil {
				errs[i] = err
				return
			}
			_, errs[i] = o.Drain(ctx) // a worker of yours calls Run, which goes on
			errs[i] = errors.Join(errs[i], sender.Close())
			if _, own := s.(postgres.Store); own {
				errs[i] = errors.Join(errs[i], s.Close())
			}
		})
	}
	all.Wait()
	return errors.Join(errs...)
}

// await collects receipts until every letter is settled, and counts those that
// were delivered by valid proofs.
func await(ctx context.Context, client *pec.Client, mailing string) (delivered int, err error) {
	for {
		if _, err := client.Collect(ctx); err != nil {
			return 0, err
		}
		settled := 0
		delivered = 0
		for i := range letters {
			m, err := client.StatusOf(ctx, key(mailing, i))
			if err != nil {
				return 0, err
			}
			if m.Settled {
				settled++
			}
			if m.Light == receipt.Green {
				delivered++
			}
		}
		if settled == letters {
			return delivered, nil
		}
		select {
		case <-ctx.Done():
			return delivered, ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
	}
}

func newOutbox(s store.Store, blobs store.Blobs, sender transport.Sender, worker string) (*outbox.Outbox, error) {
	return outbox.New(outbox.Options{Store: s, Blobs: blobs, Senders: map[string]transport.Sender{account: sender}, Worker: worker})
}

// dial makes the ways to send and to collect.
func dial(network *pectest.Network, servers *pecserve.Servers) (*smtp.Sender, *imap.Mailbox, error) {
	anna, err := network.Account(account)
	if err != nil {
		return nil, nil, err
	}
	credentials := func(context.Context) (string, string, error) { return anna.Address, anna.Password(), nil }
	at := servers.Endpoints()[0]
	sender, err := smtp.New(&smtp.Options{Host: at.Submission.Host, Port: at.Submission.Port, TLS: &tls.Config{RootCAs: servers.CertPool()}, Credentials: credentials})
	if err != nil {
		return nil, nil, err
	}
	box, err := imap.New(&imap.Options{Host: at.IMAP.Host, Port: at.IMAP.Port, RootCAs: servers.CertPool(), Credentials: credentials})
	return sender, box, err
}
