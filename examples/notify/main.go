// Notify sends one certified message and tells when it is delivered. Its test
// shows how a program that sends certified mail is tested without a mailbox.
package main

import (
	"context"
	"fmt"
	"io"
	"os"

	"github.com/certmail/certmail/pec"
	"github.com/certmail/certmail/pec/pectest"
	"github.com/certmail/certmail/transport"
)

// notify is the program's own code: it knows nothing of tests.
func notify(ctx context.Context, s transport.Sender, from, to, subject string) (messageID string, err error) {
	out, err := pec.Compose(&pec.Draft{From: pec.Address{Address: from}, To: pec.Addresses(to), Subject: subject, Text: "Si veda l'oggetto.\n"}, nil)
	if err != nil {
		return "", err
	}
	defer out.Close()
	return out.MessageID, s.Send(ctx, &transport.Message{From: out.MailFrom, To: out.Recipients, Source: out.Source(), Size: out.Size})
}

// delivered looks through an inbox for the delivery receipt of a message.
func delivered(ctx context.Context, box transport.Mailbox, v *pec.Verifier, messageID string) (bool, error) {
	items, _, err := box.List(ctx, "INBOX", "", 1000)
	if err != nil {
		return false, err
	}
	for _, item := range items {
		r, err := box.Fetch(ctx, "INBOX", item.ID)
		if err != nil {
			return false, err
		}
		data, err := io.ReadAll(r)
		if err != nil {
			return false, err
		}
		m, err := pec.ParseBytes(data, nil)
		if err != nil || m.Kind != pec.KindDelivery || m.RefMessageID() != messageID {
			continue
		}
		report, err := v.Verify(ctx, m)
		if err != nil {
			return false, err
		}
		return report.Err() == nil, nil // an unproven receipt is no receipt
	}
	return false, nil
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run() error {
	ctx := context.Background()
	network, err := pectest.NewNetwork(nil)
	if err != nil {
		return err
	}
	anna, err := network.Account("anna@alfa.example")
	if err != nil {
		return err
	}
	id, err := notify(ctx, anna.Sender(), anna.Address, "bruno@beta.example", "Contratto n. 7")
	if err != nil {
		return err
	}
	network.Settle()
	ok, err := delivered(ctx, anna.Transport(), network.Verifier(), id)
	if err != nil {
		return err
	}
	fmt.Println("delivered and proven:", ok)
	return nil
}
