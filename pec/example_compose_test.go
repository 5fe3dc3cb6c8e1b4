package pec_test

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/certmail/certmail/daticert"
	"github.com/certmail/certmail/envelope"
	"github.com/certmail/certmail/pec"
)

func ExampleCompose() {
	draft := &pec.Draft{
		From:        pec.Address{Name: "Azienda Esempio", Address: "ufficio@azienda.example"},
		To:          pec.Addresses("anna@comune.example"),
		Cc:          pec.Addresses("bruno@studio.example"),
		Subject:     "Diffida: perché è dovuta",
		Text:        "In allegato l'atto.\n",
		Attachments: []pec.File{pec.FileBytes("atto.pdf", "application/pdf", []byte("%PDF-1.7 …"))},
		ReceiptType: daticert.ReceiptBrief,
		MessageID:   "pratica-7@azienda.example", // left out, a unique one is made
		Date:        time.Date(2026, 11, 21, 10, 30, 0, 0, time.FixedZone("", 3600)),
	}
	account := &pec.Account{Address: "ufficio@azienda.example", Host: "smtps.gestore.example", Port: 465}
	out, err := pec.Compose(draft, &pec.ComposeOptions{Account: account})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer out.Close()
	// Submit out.Source() to out.Recipients, and keep the bytes.
	fmt.Println(out.MailFrom, out.Recipients, out.MessageID)
	for _, name := range []string{"From", "To", "Cc", "Subject", "X-TipoRicevuta"} {
		fmt.Println(name+":", out.Message.Header.Get(name))
	}
	// Output:
	// ufficio@azienda.example [anna@comune.example bruno@studio.example] pratica-7@azienda.example
	// From: "Azienda Esempio" <ufficio@azienda.example>
	// To: anna@comune.example
	// Cc: bruno@studio.example
	// Subject: =?utf-8?q?Diffida=3A_perch=C3=A9_=C3=A8_dovuta?=
	// X-TipoRicevuta: breve
}

func ExampleComposeTo() {
	draft := &pec.Draft{
		From: pec.Address{Address: "ufficio@azienda.example"},
		To:   pec.Addresses("anna@comune.example"),
		Text: "Ciao\n",
		Date: time.Date(2026, 11, 21, 10, 30, 0, 0, time.UTC),
	}
	var outbox strings.Builder // a file, so that large attachments need no memory
	s, err := pec.ComposeTo(&outbox, draft, nil)
	fmt.Println(err, s.Size == int64(outbox.Len()), len(s.SHA256))
	// Output: <nil> true 64
}

func ExamplePreflight() {
	m, err := envelope.OpenBytes([]byte("From: ufficio@azienda.example\r\n"+
		"To: anna@comune.example\r\n"+
		"Bcc: capo@azienda.example\r\n"+
		"Date: Sat, 21 Nov 2026 10:30:00 +0100\r\n"+
		"Message-ID: <7@azienda.example>\r\n"+
		"Subject: perché\r\n\r\nCiao\r\n"), nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	account := &pec.Account{Address: "ufficio@azienda.example"}
	findings, err := pec.Preflight(m, "ufficio@azienda.example", []string{"anna@comune.example", "capo@azienda.example"}, account)
	for _, f := range findings {
		fmt.Println("note:", f.Code)
	}
	for _, v := range pec.Violations(err) {
		fmt.Println(v.Rule, v.Clause, v.Detail)
	}
	fmt.Println(errors.Is(err, pec.ErrBlindCopy))
	// Output:
	// note: 8bit-header
	// SND-05 RFC 6109 §3.1.1 neither in To nor in Cc: "capo@azienda.example"
	// SND-06 RFC 6109 §3.1.1 Bcc has a value
	// true
}

func ExampleNewMessageID() {
	at := time.Date(2026, 11, 21, 10, 30, 0, 0, time.UTC)
	id, err := pec.NewMessageID(strings.NewReader("0123456789abcdef"), at, "azienda.example") // nil is crypto/rand
	fmt.Println(id, err)
	// Output: 20261121103000.gaytemzugu3doobzmfrggzdfmy@azienda.example <nil>
}
