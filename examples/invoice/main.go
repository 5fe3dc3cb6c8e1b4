// Invoice is the whole life of electronic invoices over certified mail: three
// are sent to the Sistema di Interscambio, which delivers one, rejects one and
// cannot deliver the last; somebody forges a rejection; the customer gets the
// first one. After each step it prints what is known, and how: what certified
// mail proves and what SDI said are two different things. Providers, SDI and all
// certificates are made for the occasion.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/certmail/certmail/pec"
	"github.com/certmail/certmail/pec/pectest"
	"github.com/certmail/certmail/receipt"
	"github.com/certmail/certmail/sdi"
)

const (
	supplier = "fatture@alfa.example"
	customer = "acquisti@beta.example"
	forger   = "sdi01@pec.fattura-pa.example"
)

// office is what a supplier's program keeps: the invoices it sent, the receipts
// of certified mail, the notifications of SDI.
type office struct {
	account  *pectest.Account
	verifier *pec.Verifier
	options  *sdi.Options
	ledger   *receipt.Ledger
	facts    sdi.Facts
	seen     int
}

func main() {
	if err := run(context.Background(), os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "invoice:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, out io.Writer) error {
	w, err := newWorld()
	if err != nil {
		return err
	}
	account, err := w.network.Account(supplier)
	if err != nil {
		return err
	}
	o := &office{account: account, verifier: w.network.Verifier(), options: w.options, ledger: receipt.NewLedger(nil)}
	say := func(step string) error {
		if err := o.collect(ctx, out, step); err != nil {
			return err
		}
		o.report(out, w.network.Now())
		return nil
	}

	for n := 1; n <= 3; n++ {
		name, data := newInvoice(n)
		if err := o.send(ctx, w.exchangeAddress(), name, data); err != nil {
			return err
		}
	}
	w.network.Settle()
	if err := say("1. Three invoices were sent to SDI"); err != nil {
		return err
	}
	if err := w.answer(ctx, w.exchangeAddress(), sdi.NS, 2); err != nil {
		return err
	}
	if err := w.answer(ctx, w.exchangeAddress(), sdi.MC, 3); err != nil {
		return err
	}
	if err := say("2. SDI rejects the second, and cannot deliver the third"); err != nil {
		return err
	}
	if err := w.answer(ctx, forger, sdi.NS, 1); err != nil {
		return err
	}
	if err := say("3. Somebody at a domain that looks like SDI's rejects the first"); err != nil {
		return err
	}
	if err := w.deliver(ctx, 1); err != nil {
		return err
	}
	if err := w.answer(ctx, w.exchangeAddress(), sdi.RC, 1); err != nil {
		return err
	}
	if err := say("4. SDI delivers the first"); err != nil {
		return err
	}
	return w.customerReads(ctx, out)
}

// send sends an invoice and remembers under which Message-ID.
func (o *office) send(ctx context.Context, to, name string, data []byte) error {
	submission, err := o.account.Send(ctx, &pec.Draft{To: pec.Addresses(to), Subject: "Fattura " + name, Text: "In allegato la fattura.\n",
		Attachments: []pec.File{pec.FileBytes(name, "application/octet-stream", data)}})
	if err != nil {
		return err
	}
	file, err := recognise(name, data, o.options)
	if err != nil {
		return err
	}
	o.facts.Sent = append(o.facts.Sent, sdi.SentFile(file, submission.MessageID, "", name))
	return nil
}

// collect reads what came into the mailbox: receipts go into the ledger of
// certified mail, notifications of SDI among the facts.
func (o *office) collect(ctx context.Context, out io.Writer, step string) error {
	fmt.Fprintf(out, "\n%s\n", step)
	inbox := o.account.Messages()
	for _, stored := range inbox[o.seen:] {
		m, err := pec.ParseBytes(stored.Data, nil)
		if err != nil {
			return err
		}
		report, err := o.verifier.Verify(ctx, m)
		if err != nil {
			return err
		}
		if m.Kind != pec.KindTransport {
			events, err := report.Events(m.Identifier())
			if err != nil {
				return err
			}
			o.ledger.Add(events...)
			continue
		}
		found, err := sdi.Inspect(m, report, o.options)
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "   in the mailbox: %q from %s\n", m.Subject(), found.Sender)
		for _, f := range found.Findings {
			fmt.Fprintf(out, "      ! %s\n", f.Code)
		}
		o.facts.Notices = append(o.facts.Notices, found.Notices(m.Identifier())...)
	}
	o.seen = len(inbox)
	return nil
}

// report prints both levels for every invoice.
func (o *office) report(out io.Writer, now time.Time) {
	facts := o.facts
	for _, m := range o.ledger.Snapshot(now).Messages {
		facts.Carriage = append(facts.Carriage, sdi.CarriageOf(&m, o.options)...)
	}
	for _, life := range sdi.Link(facts).Lives {
		fmt.Fprintf(out, "   %s\n", life.FileName)
		for _, c := range life.Carriage {
			fmt.Fprintf(out, "      certified mail to SDI: %s\n", c.Status)
		}
		fmt.Fprintf(out, "      SDI to the customer:   %s\n", life.State)
		for _, n := range life.Notices {
			fmt.Fprintf(out, "         %s no. %s, by %v, hash %s", n.Type, n.ID, n.Keys, n.Hash)
			if !n.Counts {
				fmt.Fprintf(out, ": does not count, %s", n.Why)
			}
			fmt.Fprintln(out)
			for _, e := range n.Errors {
				fmt.Fprintf(out, "         %s %s\n", e.Code, e.Description)
			}
		}
		for _, c := range life.Conflicts {
			fmt.Fprintf(out, "      conflict: %s\n", c.Detail)
		}
	}
}
