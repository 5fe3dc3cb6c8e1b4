// Transition shows a program that does not care whether PEC or REM delivers
// its messages: it sends under a key of its own and asks what became of it. One
// client, one outbox and one ledger do for both, and the same mailbox may hold
// receipts of either; only who sets it up knows which service is behind it.
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
	"github.com/certmail/certmail/receipt"
	"github.com/certmail/certmail/rem/remtest"
	"github.com/certmail/certmail/store"
	"github.com/certmail/certmail/transport"
	"github.com/certmail/certmail/trust"
)

// order is the program's own business. It knows nothing of PEC or REM.
func order(ctx context.Context, c *pec.Client, key, to string) error {
	_, err := c.Send(ctx, key, &pec.Draft{To: pec.Addresses(to), Subject: "Ordine n. 12", Text: "Si ordina quanto concordato.\n"})
	return err
}

// became says what became of it, when new receipts were taken in.
func became(ctx context.Context, c *pec.Client, key string) (receipt.Message, error) {
	if _, err := c.Collect(ctx); err != nil {
		return receipt.Message{}, err
	}
	return c.StatusOf(ctx, key)
}

// office is a certified mailbox, of either system.
type office struct {
	address string
	sender  transport.Sender
	mailbox transport.Mailbox
	pec     *pec.Verifier    // believes providers of PEC
	others  []receipt.Reader // believe those of REM
	now     func() time.Time
	settle  func() // lets the simulated services finish their work
}

// open makes the client.
func (o *office) open() (*pec.Client, *outbox.Outbox, error) {
	s, b := store.NewMemory(), store.NewMemoryBlobs() // store/sqlite in earnest
	box, err := outbox.New(outbox.Options{Store: s, Blobs: b, Senders: map[string]transport.Sender{o.address: o.sender}, Worker: "transition", Now: o.now})
	if err != nil {
		return nil, nil, err
	}
	c, err := pec.NewClient(pec.ClientOptions{
		Account: pec.Account{Address: o.address},
		Store:   s, Blobs: b, Outbox: box, Mailbox: o.mailbox, Verifier: o.pec, Others: o.others, Now: o.now,
	})
	return c, box, err
}

func main() {
	if err := run(context.Background(), os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, w io.Writer) error {
	for _, system := range []struct {
		name string
		open func() (*office, error)
	}{{"PEC", ofPEC}, {"REM", ofREM}} {
		o, err := system.open()
		if err != nil {
			return err
		}
		c, box, err := o.open()
		if err != nil {
			return err
		}
		if err := order(ctx, c, "order-12", "bruno@beta.example"); err != nil {
			return err
		}
		if _, err := box.Drain(ctx); err != nil {
			return err
		}
		o.settle()
		m, err := became(ctx, c, "order-12")
		if err != nil {
			return err
		}
		fmt.Fprintf(w, "%s: %s %s, verified %t, %s\n", system.name, m.Recipients[0].Address, m.Recipients[0].Status, m.Recipients[0].Verified, m.Light)
	}
	return nil
}

// ofPEC is a mailbox of posta elettronica certificata.
func ofPEC() (*office, error) {
	n, err := pectest.NewNetwork(nil)
	if err != nil {
		return nil, err
	}
	a, err := n.Account("anna@alfa.example")
	if err != nil {
		return nil, err
	}
	return &office{address: a.Address, sender: a.Sender(), mailbox: a.Transport(), pec: n.Verifier(), now: n.Now, settle: n.Settle}, nil
}

// ofREM is a mailbox of registered electronic mail.
func ofREM() (*office, error) {
	n, err := remtest.NewNetwork(nil)
	if err != nil {
		return nil, err
	}
	a, err := n.Account("anna@alfa.example")
	if err != nil {
		return nil, err
	}
	v, err := n.Verifier()
	if err != nil {
		return nil, err
	}
	nobody, err := trust.NewStore(trust.Material{}, nil)
	if err != nil {
		return nil, err
	}
	return &office{
		address: a.Address, sender: a.Sender(), mailbox: a.Transport(), now: n.Now, settle: n.Settle,
		pec: pec.NewVerifier(nobody, nil), others: []receipt.Reader{v},
	}, nil
}
