// Scenarios plays a table of what can happen to certified mail on a network of
// two providers in process, and prints what each mailbox holds at the end.
package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/certmail/certmail/pec"
	"github.com/certmail/certmail/pec/pectest"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run() error {
	const anna, bruno = "anna@alfa.example", "bruno@beta.example"
	one := []pectest.Sending{{From: anna, To: []string{bruno}, Subject: "Contratto"}}
	scenarios := []pectest.Scenario{
		{Name: "all is well", Send: one,
			Want: map[string]string{anna: "accettazione avvenuta-consegna", bruno: "posta-certificata"}},
		{Name: "the mailbox is full", Send: one, Faults: []pectest.Fault{{Kind: pectest.MailboxFull, Mailbox: bruno}},
			Want: map[string]string{anna: "accettazione errore-consegna", bruno: ""}},
		{Name: "delivered after 15 hours", Send: one, For: 30 * time.Hour,
			Faults: []pectest.Fault{{Kind: pectest.Unreachable, Provider: "beta.example", Until: 15 * time.Hour}},
			Want:   map[string]string{anna: "accettazione preavviso-errore-consegna avvenuta-consegna", bruno: "posta-certificata"}},
		{Name: "receipts cross", Send: one, Faults: []pectest.Fault{{Kind: pectest.Reorder, Message: pec.KindAcceptance}},
			Want: map[string]string{anna: "avvenuta-consegna accettazione", bruno: "posta-certificata"}},
		{Name: "the connection dies behind the final dot", Faults: []pectest.Fault{{Kind: pectest.CutAfterDot}},
			Send: []pectest.Sending{{From: anna, To: []string{bruno}, Refused: -1}},
			Want: map[string]string{anna: "accettazione avvenuta-consegna", bruno: "posta-certificata"}},
	}
	for _, s := range append(scenarios, pectest.Scenarios()...) {
		network, err := s.Play(context.Background())
		if err != nil {
			return err
		}
		sender, err := network.Mailbox(anna)
		if err != nil {
			return err
		}
		fmt.Printf("%-42s %v\n", s.Name, sender.Kinds())
	}
	return nil
}
