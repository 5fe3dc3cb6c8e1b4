// Quickstart shows the whole life of one certified message: two throw-away
// providers, three recipients, every receipt, built, signed, written to files,
// read back, verified and reconciled.
//
//	go run ./examples/quickstart                 # the demonstration
//	go run ./examples/quickstart receipt.eml …   # the same reading on your own files
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/certmail/certmail/pec"
	"github.com/certmail/certmail/receipt"
	"github.com/certmail/certmail/trust"
)

func main() {
	keep := flag.String("keep", "", "write the messages to this `folder` and leave them there")
	flag.Parse()
	if err := run(os.Stdout, *keep, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "quickstart:", err)
		os.Exit(1)
	}
}

func run(out io.Writer, keep string, files []string) error {
	if len(files) > 0 {
		// Real mail is judged by the key of AgID CA1, passed explicitly.
		store, err := trust.NewStore(trust.Material{Keys: []trust.KeyAnchor{trust.AgIDCA1()}}, nil)
		if err != nil {
			return err
		}
		return read(out, store, files, time.Now())
	}
	folder := keep
	if folder == "" {
		var err error
		if folder, err = os.MkdirTemp("", "certmail-quickstart-"); err != nil {
			return err
		}
		defer os.RemoveAll(folder)
	} else if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	store, files, err := build(out, folder)
	if err != nil {
		return err
	}
	return read(out, store, files, sentAt.Add(time.Hour))
}

// read says what each file is and whether its proof holds, then what became
// of each recipient.
func read(out io.Writer, store *trust.Store, files []string, now time.Time) error {
	verifier := pec.NewVerifier(store, nil)
	ledger := receipt.NewLedger(nil)
	fmt.Fprintln(out, "\nRead back and verified:")
	unreadable := 0
	for _, name := range files { // one odd message never stops the rest
		if err := readOne(out, verifier, ledger, name); err != nil {
			fmt.Fprintf(out, "  %-28s unreadable: %v\n", base(name), err)
			unreadable++
		}
	}
	fmt.Fprintln(out, "\nWhat became of each recipient:")
	for _, m := range ledger.Snapshot(now).Messages {
		fmt.Fprintf(out, "  [%s] %q, %s\n", m.Light, m.Subject, m.MessageID)
		for _, r := range m.Recipients {
			fmt.Fprintf(out, "    %-26s %s %s\n", r.Address, r.Status, r.Reason)
			for _, p := range r.Proofs {
				fmt.Fprintf(out, "      %s  %-15s %s (%s, %s)\n", p.Time.Format("02/01/2006 15:04:05"), p.Event, p.Issuer, base(p.File), p.Verdict)
			}
		}
	}
	if unreadable > 0 {
		return fmt.Errorf("%d of %d files could not be read", unreadable, len(files))
	}
	return nil
}

func readOne(out io.Writer, verifier *pec.Verifier, ledger *receipt.Ledger, name string) error {
	m, err := pec.OpenFile(name, nil)
	if err != nil {
		return err
	}
	defer m.Close()
	report, err := verifier.Verify(context.Background(), m)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "  %-28s %-26s %s\n", base(name), m.Kind, report.Verdict)
	for _, check := range report.Checks {
		if check.Status == trust.Failed || check.Status == trust.Unknown {
			fmt.Fprintf(out, "      %s %s: %s\n", check.Name, check.Status, check.Detail)
		}
	}
	if sent, err := m.Sent(); err == nil {
		sent.Name = name
		ledger.AddSent(sent)
	}
	attachments, err := m.Attachments()
	if err != nil {
		return err
	}
	for _, a := range attachments {
		size, sum, err := a.Digest()
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "      attachment %s, %d bytes, SHA-256 %s…\n", a.Name, size, sum[:16])
	}
	events, err := report.Events(name)
	ledger.Add(events...)
	return err
}
