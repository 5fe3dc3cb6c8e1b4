package envelope_test

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/certmail/certmail/daticert"
	"github.com/certmail/certmail/envelope"
	"github.com/certmail/certmail/internal/testpki"
)

// exampleEnvelope is a busta di trasporto of a throw-away provider.
func exampleEnvelope() []byte {
	leaf := testpki.NewAuthority(1, "CA di prova", nil).Provider("Gestore Alfa", "posta-certificata@gestore-a.example", nil)
	signer := &envelope.Signer{Key: leaf.Key, Certificate: leaf.Certificate, Chain: leaf.Chain}
	submitted := "From: mario@pec.alfa.example\r\nTo: ufficio@pec.beta.example\r\nSubject: Contratto\r\nMessage-ID: <7f3c@pc.alfa.example>\r\n\r\nIn allegato.\r\n"
	var b bytes.Buffer
	_, err := envelope.WriteTransport(&b, io.NewSectionReader(strings.NewReader(submitted), 0, int64(len(submitted))), &envelope.Transport{
		Provider:   envelope.Provider{Name: "Gestore Alfa", Address: "posta-certificata@gestore-a.example"},
		Identifier: "pec1.42@gestore-a.example",
		Time:       time.Date(2026, 3, 3, 10, 15, 32, 0, time.FixedZone("CET", 3600)),
		Sender:     "mario@pec.alfa.example",
		Recipients: []daticert.Recipient{{Address: "ufficio@pec.beta.example", Type: daticert.RecipientCertified}},
	}, signer)
	if err != nil {
		panic(err)
	}
	return b.Bytes()
}

// A message is scanned once; its parts are byte ranges, its signature is
// checked over the scanned bytes.
func ExampleOpenBytes() {
	m, err := envelope.OpenBytes(exampleEnvelope(), nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(m.Class.Kind, m.Form)
	fmt.Println(m.Header.Text("Subject"))
	fmt.Println(m.Certification.Name(), m.Original.Name())
	fmt.Println("intact:", m.VerifySignature(nil).OK())
	// Output:
	// transport envelope detached
	// POSTA CERTIFICATA: Contratto
	// daticert.xml postacert.eml
	// intact: true
}

// A reader that cannot be read at any offset is spooled; Close removes what
// that leaves behind.
func ExampleRead() {
	m, err := envelope.Read(bytes.NewReader(exampleEnvelope()), nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer m.Close()
	original, err := m.OpenOriginal()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer original.Close()
	fmt.Println(original.Header.Get("Message-ID"), original.Header.Get("X-Riferimento-Message-ID"))
	// Output: <pec1.42@gestore-a.example> <7f3c@pc.alfa.example>
}

// Structure follows the multiparts of any entity down to its leaves.
func ExampleStructure() {
	mail := "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nciao\r\n--b\r\nContent-Type: application/pdf; name=\"atto.pdf\"\r\n\r\n%PDF\r\n--b--\r\n"
	root, _, err := envelope.Structure(io.NewSectionReader(strings.NewReader(mail), 0, int64(len(mail))), nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	root.Walk(func(p *envelope.Part) bool {
		fmt.Println(p.Type.Value, p.Name(), p.Body.Len())
		return true
	})
	// Output:
	// multipart/mixed  81
	// text/plain  4
	// application/pdf atto.pdf 4
}

// WriteTransport is the access point's part: it puts a submitted message into
// a busta di trasporto, as a stream.
func ExampleWriteTransport() {
	message := string(exampleEnvelope())
	for _, line := range strings.Split(message[:strings.Index(message, "MIME-Version")], "\r\n") {
		fmt.Println(line)
	}
	// Output:
	// Subject: POSTA CERTIFICATA: Contratto
	// X-Riferimento-Message-ID: <7f3c@pc.alfa.example>
	// Date: Tue, 03 Mar 2026 10:15:32 +0100
	// Reply-To: mario@pec.alfa.example
	// To: ufficio@pec.beta.example
	// X-Trasporto: posta-certificata
	// From: "Per conto di: mario@pec.alfa.example"
	//  <posta-certificata@gestore-a.example>
}
