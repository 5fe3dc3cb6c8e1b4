package main

import (
	"bytes"
	"context"
	"fmt"
	"io"

	"github.com/certmail/certmail/pec"
	"github.com/certmail/certmail/pec/pectest"
	"github.com/certmail/certmail/sdi"
	"github.com/certmail/certmail/sdi/sditest"
)

// world is everything outside the supplier's office.
type world struct {
	network  *pectest.Network
	exchange *sditest.SDI
	options  *sdi.Options
}

func newWorld() (*world, error) {
	network, err := pectest.NewNetwork(&pectest.NetworkOptions{Providers: []pectest.ProviderConfig{
		{Name: "Gestore Alfa", Domain: "gestore-a.example", Domains: []string{"alfa.example", "pec.fattura-pa.example"}, Accounts: []string{supplier, forger}},
		{Name: "Gestore Beta", Domain: "gestore-b.example", Domains: []string{"beta.example"}, Accounts: []string{customer}},
		{Name: "Gestore SDI", Domain: "gestore-s.example", Domains: []string{sditest.Domain}, Accounts: []string{sditest.Address(1)}},
	}})
	if err != nil {
		return nil, err
	}
	exchange := sditest.New(1)
	// With the real SDI: its domain is the default, and the anchor is the
	// certificate of the tax agency's authority.
	options := &sdi.Options{Domains: []string{sditest.Domain}, Notifications: sdi.Anchors(exchange.Anchor())}
	return &world{network, exchange, options}, nil
}

func (w *world) exchangeAddress() string { return sditest.Address(1) }

// newInvoice writes the nth invoice.
func newInvoice(n int) (name string, data []byte) {
	return fmt.Sprintf("IT01234567890_%05d.xml", n), sditest.Invoice(&sdi.Invoice{
		Transmitter: sdi.TaxID{Country: "IT", Code: "01234567890"}, Progressive: fmt.Sprintf("%05d", n), Format: "FPR12", RecipientCode: "0000000",
		Supplier:  sdi.Party{VAT: sdi.TaxID{Country: "IT", Code: "01234567890"}},
		Customer:  sdi.Party{VAT: sdi.TaxID{Country: "IT", Code: "09876543210"}},
		Documents: []sdi.Document{{Type: "TD01", Number: fmt.Sprintf("%d/2026", n), Date: "2026-03-02"}},
	})
}

func recognise(name string, data []byte, o *sdi.Options) (*sdi.File, error) {
	return sdi.Recognise(name, bytes.NewReader(data), o)
}

// identifier is the PEC identifier of the envelope that brought the nth invoice
// to SDI, which its notifications name.
func (w *world) identifier(n int) (string, error) {
	box, err := w.network.Mailbox(w.exchangeAddress())
	if err != nil {
		return "", err
	}
	name, _ := newInvoice(n)
	for _, stored := range box.Messages() {
		m, err := pec.ParseBytes(stored.Data, nil)
		if err != nil {
			return "", err
		}
		if m.Subject() == "Fattura "+name {
			return m.Identifier(), nil
		}
	}
	return "", fmt.Errorf("invoice %d never came to SDI", n)
}

// answer sends the supplier a notification about the nth invoice.
func (w *world) answer(ctx context.Context, from string, typ sdi.Type, n int) error {
	id, err := w.identifier(n)
	if err != nil {
		return err
	}
	name, data := newInvoice(n)
	file, err := recognise(name, data, nil)
	if err != nil {
		return err
	}
	about := &sdi.Notification{Type: typ, Channel: sdi.ChannelPrivate, ID: fmt.Sprint(4710 + n), FileName: name, PECMessageID: id, MessageID: "1"}
	subject := "Ricevuta di consegna"
	switch typ {
	case sdi.NS:
		subject = "Notifica di scarto"
		about.Errors = []sdi.Error{{Code: "00404", Description: "Fattura duplicata"}}
	case sdi.MC:
		subject = "Notifica di mancata consegna"
		about.Hash = file.SHA256
	}
	notification, err := w.exchange.Notification(about, w.network.Now())
	if err != nil {
		return err
	}
	fileName, err := sditest.FileName(about, 1)
	if err != nil {
		return err
	}
	return w.mail(ctx, from, supplier, fmt.Sprintf("%s %s", subject, about.ID), pec.FileBytes(fileName, "application/octet-stream", notification))
}

// deliver brings the nth invoice to the customer, with its metadata.
func (w *world) deliver(ctx context.Context, n int) error {
	name, data := newInvoice(n)
	about := &sdi.Notification{Type: sdi.MT, Channel: sdi.ChannelPrivate, ID: fmt.Sprint(4710 + n), FileName: name, Format: "FPR12", Attempts: 1, MessageID: "1"}
	metadata, err := w.exchange.Notification(about, w.network.Now())
	if err != nil {
		return err
	}
	fileName, err := sditest.FileName(about, 1)
	if err != nil {
		return err
	}
	return w.mail(ctx, w.exchangeAddress(), customer, "Invio File "+about.ID,
		pec.FileBytes(fileName, "application/octet-stream", metadata), pec.FileBytes(name, "application/octet-stream", data))
}

func (w *world) mail(ctx context.Context, from, to, subject string, files ...pec.File) error {
	account, err := w.network.Account(from)
	if err != nil {
		return err
	}
	if _, err := account.Send(ctx, &pec.Draft{To: pec.Addresses(to), Subject: subject, Text: "Si veda l'allegato.\n", Attachments: files}); err != nil {
		return err
	}
	w.network.Settle()
	return nil
}

// customerReads is the other end: an invoice that came from SDI.
func (w *world) customerReads(ctx context.Context, out io.Writer) error {
	box, err := w.network.Mailbox(customer)
	if err != nil {
		return err
	}
	fmt.Fprintln(out, "\n5. The customer looks into the mailbox")
	for _, stored := range box.Messages() {
		m, err := pec.ParseBytes(stored.Data, nil)
		if err != nil {
			return err
		}
		report, err := w.network.Verifier().Verify(ctx, m)
		if err != nil {
			return err
		}
		found, err := sdi.Inspect(m, report, w.options)
		if err != nil {
			return err
		}
		for _, f := range found.Invoices() {
			fmt.Fprintf(out, "   %s from SDI: %v, from %s\n", f.Name, found.FromSDI(), f.Invoice.Supplier.VAT)
			for _, d := range f.Invoice.Documents {
				fmt.Fprintf(out, "      %s no. %s of %s\n", d.Type, d.Number, d.Date)
			}
		}
		for _, received := range found.Received(m.Identifier()) {
			fmt.Fprintf(out, "      SDI's number: %s\n", received.ID)
		}
	}
	return nil
}
