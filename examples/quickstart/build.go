package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/certmail/certmail/daticert"
	"github.com/certmail/certmail/pec/pectest"
	"github.com/certmail/certmail/receipt"
	"github.com/certmail/certmail/trust"
)

var sentAt = time.Date(2026, 3, 3, 9, 15, 30, 0, time.UTC)

const (
	anna   = "anna@pec.alfa.example"    // the sender, at Gestore Alfa
	bruno  = "bruno@pec.beta.example"   // delivered, at Gestore Beta
	nobody = "nessuno@pec.beta.example" // no such mailbox
	dario  = "dario@gamma.example"      // ordinary mail
)

const submitted = "From: Anna <anna@pec.alfa.example>\r\n" +
	"To: bruno@pec.beta.example, nessuno@pec.beta.example, dario@gamma.example\r\n" +
	"Subject: =?utf-8?q?Contratto_n=2E_7_=E2=80=93_perch=C3=A9_firmare?=\r\n" +
	"Message-ID: <7f3c@pc-anna.alfa.example>\r\n" +
	"Date: Tue, 03 Mar 2026 10:15:30 +0100\r\n" +
	"MIME-Version: 1.0\r\n" +
	"Content-Type: multipart/mixed; boundary=\"parti\"\r\n\r\n" +
	"--parti\r\nContent-Type: text/plain; charset=us-ascii\r\n\r\nIl contratto in allegato.\r\n" +
	"--parti\r\nContent-Type: application/pdf; name=\"contratto.pdf\"\r\n" +
	"Content-Disposition: attachment; filename=\"contratto.pdf\"\r\nContent-Transfer-Encoding: base64\r\n\r\n" +
	"JVBERi0xLjQKJSBjb250cmF0dG8gZGkgcHJvdmEK\r\n--parti--\r\n"

// build plays both providers: it writes the submitted message, the envelope
// and every receipt to the folder, and returns whom to believe.
func build(out io.Writer, folder string) (*trust.Store, []string, error) {
	ca := pectest.NewAuthority(2026)
	alfa := ca.Provider("Gestore Alfa S.p.A.", "gestore-a.example", "pec.alfa.example")
	beta := ca.Provider("Gestore Beta S.r.l.", "gestore-b.example", "pec.beta.example")

	envelope, transaction, err := alfa.Envelope([]byte(submitted), anna, []string{bruno, nobody, dario}, sentAt.Add(2*time.Second), beta)
	if err != nil {
		return nil, nil, err
	}
	acceptance, err := alfa.Issue(receipt.FormAcceptance, transaction, receipt.Notice{Time: sentAt.Add(2 * time.Second)})
	if err != nil {
		return nil, nil, err
	}
	charge, err := beta.Issue(receipt.FormTakeCharge, transaction, receipt.Notice{
		Time: sentAt.Add(7 * time.Second), To: alfa.ServiceMailbox, TakenInCharge: []string{bruno, nobody},
	})
	if err != nil {
		return nil, nil, err
	}
	delivery, err := beta.Deliver(envelope, transaction, bruno, sentAt.Add(10*time.Second))
	if err != nil {
		return nil, nil, err
	}
	failure, err := beta.Issue(receipt.FormNonDelivery, transaction, receipt.Notice{
		Time: sentAt.Add(11 * time.Second), Recipient: nobody, Error: daticert.ErrorRecipient,
		Detail: receipt.ErrorDetail("5.1.1", beta.Identity.Name, "indirizzo non valido"),
	})
	if err != nil {
		return nil, nil, err
	}

	var files []string
	fmt.Fprintln(out, "Built and signed by two throw-away providers:")
	for _, f := range []struct {
		name string
		data []byte
	}{
		{"0-inviato.eml", []byte(submitted)}, {"1-accettazione.eml", acceptance}, {"2-busta.eml", envelope},
		{"3-presa-in-carico.eml", charge}, {"4-consegna.eml", delivery}, {"5-mancata-consegna.eml", failure},
	} {
		name := filepath.Join(folder, f.name)
		if err := os.WriteFile(name, f.data, 0o600); err != nil {
			return nil, nil, err
		}
		fmt.Fprintf(out, "  %-28s %5d bytes\n", f.name, len(f.data))
		files = append(files, name)
	}
	// For the command line: certmail verify --ca ca.pem …
	if err := os.WriteFile(filepath.Join(folder, "ca.pem"), ca.PEM(), 0o600); err != nil {
		return nil, nil, err
	}
	store, err := ca.Store()
	return store, files, err
}

func base(name string) string { return filepath.Base(name) }
