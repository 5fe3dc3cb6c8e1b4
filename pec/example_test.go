package pec_test

import (
	"bytes"
	"context"
	"crypto/x509"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/certmail/certmail/daticert"
	"github.com/certmail/certmail/envelope"
	"github.com/certmail/certmail/internal/testpki"
	"github.com/certmail/certmail/pec"
	"github.com/certmail/certmail/trust"
)

// exampleMail returns a busta di trasporto and the authority above its
// provider.
func exampleMail() (*x509.Certificate, []byte) {
	ca := testpki.NewAuthority(1, "CA di prova", nil)
	leaf := ca.Provider("Gestore Alfa", "posta-certificata@gestore-a.example", nil)
	submitted := "From: mario@pec.alfa.example\r\nTo: ufficio@pec.beta.example\r\nSubject: Contratto\r\nMessage-ID: <7f3c@pc.alfa.example>\r\n" +
		"MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nIn allegato.\r\n--b\r\nContent-Type: application/pdf; name=\"contratto.pdf\"\r\n\r\n%PDF\r\n--b--\r\n"
	var b bytes.Buffer
	_, err := envelope.WriteTransport(&b, io.NewSectionReader(strings.NewReader(submitted), 0, int64(len(submitted))), &envelope.Transport{
		Provider:   envelope.Provider{Name: "Gestore Alfa", Address: "posta-certificata@gestore-a.example"},
		Identifier: "pec1.42@gestore-a.example",
		Time:       time.Date(2026, 3, 3, 10, 15, 32, 0, time.FixedZone("CET", 3600)),
		Sender:     "mario@pec.alfa.example",
		Recipients: []daticert.Recipient{{Address: "ufficio@pec.beta.example", Type: daticert.RecipientCertified}},
	}, &envelope.Signer{Key: leaf.Key, Certificate: leaf.Certificate, Chain: leaf.Chain})
	if err != nil {
		panic(err)
	}
	return ca.Certificate, b.Bytes()
}

// Who only wants the content gets there in two lines. Nothing is judged.
func ExampleParseBytes() {
	_, mail := exampleMail()
	m, err := pec.ParseBytes(mail, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	attachments, err := m.Attachments()
	fmt.Println(m.Kind, m.Sender(), m.Subject(), attachments[0].Name, err)
	// Output: posta-certificata mario@pec.alfa.example Contratto contratto.pdf <nil>
}

// A report is a list of checks; the certified view is there only if all of
// them held.
func ExampleVerifier_Verify() {
	authority, mail := exampleMail()
	store, err := trust.NewStore(trust.Material{Anchors: []*x509.Certificate{authority}}, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	m, err := pec.ParseBytes(mail, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	report, err := pec.NewVerifier(store, nil).Verify(context.Background(), m)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, check := range report.Checks {
		fmt.Println(check.Name, check.Status)
	}
	fmt.Println(report.Verdict, "at", report.Time.Format(time.RFC3339), report.Basis)
	if certified, err := report.Certified(); err == nil {
		fmt.Printf("%s certifies that %s wrote to %s\n", certified.Provider, certified.Data.Sender, certified.Data.Recipients[0].Address)
	}
	// Output:
	// signature passed
	// digest-algorithm passed
	// signer-chain passed
	// signer-address passed
	// provider-directory skipped
	// revocation skipped
	// certification-data passed
	// headers passed
	// original passed
	// valid at 2026-03-03T10:15:32+01:00 certified-event
	// Gestore Alfa certifies that mario@pec.alfa.example wrote to ufficio@pec.beta.example
}
