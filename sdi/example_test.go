package sdi_test

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/certmail/certmail/pec"
	"github.com/certmail/certmail/pec/pectest"
	"github.com/certmail/certmail/receipt"
	"github.com/certmail/certmail/sdi"
	"github.com/certmail/certmail/sdi/sditest"
)

func ExampleParseName() {
	n, err := sdi.ParseName("IT01234567890_00001_RC_001.xml")
	fmt.Println(n.Country, n.ID, n.Progressive, n.Type, n.Number, err)
	_, err = sdi.ParseName("fattura.xml")
	fmt.Println(err)
	// Output:
	// IT 01234567890 00001 RC 001 <nil>
	// sdi: "fattura.xml": not a file name of SDI: it has 1 parts between underscores, expected 2 or 4
}

func ExampleParseSubject() {
	s := sdi.ParseSubject("Ricevuta di consegna 7339338 (SIMULAZIONE)")
	fmt.Printf("%s, %s, %v\n", s.Text, s.ID, s.Simulation)
	// Output: Ricevuta di consegna, 7339338, true
}

func ExampleLookAlike() {
	for _, address := range []string{"sdi03@pec.fatturapa.it", "sdi03@pec.fatturpa.it"} {
		fmt.Printf("%q\n", sdi.LookAlike(address, nil))
	}
	// Output:
	// ""
	// "pec.fatturapa.it"
}

func ExampleRecognise() {
	exchange := sditest.New(1)
	data, err := exchange.Notification(&sdi.Notification{Type: sdi.NS, Channel: sdi.ChannelPrivate, ID: "4711", FileName: "IT01234567890_00001.xml",
		Errors: []sdi.Error{{Code: "00404", Description: "Fattura duplicata"}}}, time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC))
	if err != nil {
		fmt.Println(err)
		return
	}
	opt := &sdi.Options{Notifications: sdi.Anchors(exchange.Anchor()), At: time.Date(2026, 3, 2, 9, 1, 0, 0, time.UTC)}
	f, err := sdi.Recognise("IT01234567890_00001_NS_001.xml", bytes.NewReader(data), opt)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(f.Kind, f.Notification.Type, f.Notification.ID, f.Notification.FileName, f.Notification.Errors[0].Description)
	fmt.Println("signed by SDI:", f.Signed(), f.Signature.Certificate.Subject.CommonName)
	// Output:
	// notification NS 4711 IT01234567890_00001.xml Fattura duplicata
	// signed by SDI: true Sistema Interscambio di prova
}

func ExampleInspect() {
	network, err := pectest.NewNetwork(nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	anna, _ := network.Account("anna@alfa.example")
	_, err = anna.Send(context.Background(), &pec.Draft{To: pec.Addresses("bruno@beta.example"), Subject: "Invio File 4711", Text: "In allegato.\n",
		Attachments: []pec.File{pec.FileBytes("IT01234567890_00001.xml", "", sditest.Invoice(&sdi.Invoice{Format: "FPR12"}))}})
	if err != nil {
		fmt.Println(err)
		return
	}
	network.Settle()
	bruno, _ := network.Mailbox("bruno@beta.example")
	m, err := pec.ParseBytes(bruno.Messages()[0].Data, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	report, err := network.Verifier().Verify(context.Background(), m)
	if err != nil {
		fmt.Println(err)
		return
	}
	found, err := sdi.Inspect(m, report, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("verified:", found.Verified, "from SDI:", found.FromSDI(), "invoices:", len(found.Invoices()))
	for _, f := range found.Findings {
		fmt.Println(f.Code)
	}
	// Output:
	// verified: true from SDI: false invoices: 1
	// sdi-content-from-non-sdi-sender
}

func ExampleLink() {
	sent := sdi.Sent{FileName: "IT01234567890_00001.xml.p7m", SHA256: strings.Repeat("ab", 32), MessageID: "1@pc.alfa.example"}
	carriage := sdi.Carriage{MessageID: sent.MessageID, Identifier: "pec1.42@gestore-a.example", Recipient: "sdi01@pec.fatturapa.it", Status: receipt.StatusDelivered}
	rejected := sdi.Notice{Verified: true, Notification: sdi.Notification{Type: sdi.NS, ID: "4711", FileName: sent.FileName, PECMessageID: carriage.Identifier}}
	for _, life := range sdi.Link(sdi.Facts{Sent: []sdi.Sent{sent}, Notices: []sdi.Notice{rejected}, Carriage: []sdi.Carriage{carriage}}).Lives {
		fmt.Println("PEC:", life.Carriage[0].Status)
		fmt.Println("SDI:", life.State, life.ID, life.Notices[0].Keys)
	}
	// Output:
	// PEC: delivered
	// SDI: rejected 4711 [file-name pec-identifier]
}

func ExampleNotification_Match() {
	n := sdi.Notification{Type: sdi.MC, Hash: strings.Repeat("ab", 32)}
	fmt.Println(n.Match(strings.Repeat("cd", 32), strings.Repeat("ab", 32)))
	// Output: payload
}
