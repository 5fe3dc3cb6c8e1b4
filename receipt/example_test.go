package receipt_test

import (
	"crypto/sha256"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/certmail/certmail/daticert"
	"github.com/certmail/certmail/envelope"
	"github.com/certmail/certmail/receipt"
)

const nonDelivery = `<?xml version="1.0" encoding="UTF-8"?>
<postacert tipo="errore-consegna" errore="altro">
    <intestazione>
        <mittente>anna@alfa.example</mittente>
        <destinatari tipo="certificato">bruno@beta.example</destinatari>
        <risposte>anna@alfa.example</risposte>
        <oggetto>Contratto n. 7</oggetto>
    </intestazione>
    <dati>
        <gestore-emittente>Gestore Beta S.r.l.</gestore-emittente>
        <data zona="+0100"><giorno>03/03/2026</giorno><ora>10:15:41</ora></data>
        <identificativo>pec1.20260303101532.00042.1@gestore-a.example</identificativo>
        <msgid>&lt;7f3c@pc.alfa.example&gt;</msgid>
        <consegna>bruno@beta.example</consegna>
        <errore-esteso>5.1.1 - Gestore Beta S.r.l. - indirizzo non valido</errore-esteso>
    </dati>
</postacert>`

func ExampleFromData() {
	data, err := daticert.Parse([]byte(nonDelivery), nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	r, err := receipt.FromData(data, receipt.Header{Ricevuta: "errore-consegna"})
	if err != nil {
		fmt.Println(err)
		return
	}
	switch r := r.(type) {
	case *receipt.Delivery:
		fmt.Println("delivered to", r.Recipient)
	case *receipt.NonDelivery:
		fmt.Println("not delivered to", r.Recipient, "-", r.Reason.Category, "-", r.Reason)
	}
	// Output: not delivered to bruno@beta.example - unknown-recipient - 5.1.1 indirizzo non valido
}

func ExampleEvents() {
	data, _ := daticert.Parse([]byte(nonDelivery), nil)
	r, _ := receipt.FromData(data, receipt.Header{})
	message := []byte("the bytes of the message that carried it")
	for _, e := range receipt.Events(r, receipt.Proof{Name: "inbox/17.eml", SHA256: sha256.Sum256(message), Verdict: receipt.Valid}) {
		fmt.Println(e.Kind, e.MessageID, e.Recipient, e.ID()[:8])
	}
	// Output: not-delivered 7f3c@pc.alfa.example bruno@beta.example 18251bd6
}

func ExampleReasonOf() {
	final := receipt.ReasonOf(&daticert.Data{
		Type: daticert.TypeDelayNotice, Error: daticert.ErrorNone,
		ErrorDetail: "5.4.1 - Gestore Alfa S.p.A. - il messaggio non è stato consegnato nelle ventiquattro ore successive al suo invio",
	})
	fmt.Println(final.Category)
	// Output: time-out
}

func ExampleLedger() {
	at := time.Date(2026, 3, 3, 10, 15, 30, 0, time.FixedZone("", 3600))
	l := receipt.NewLedger(nil)
	l.AddSent(receipt.Sent{
		MessageID: "<7f3c@pc.alfa.example>", Sender: "anna@alfa.example", Subject: "Contratto n. 7", Time: at,
		Recipients: []receipt.SentRecipient{{Address: "bruno@beta.example"}, {Address: "dario@mail.example", Copy: true}},
	})

	event := receipt.Event{
		System: receipt.PEC, MessageID: "7f3c@pc.alfa.example", Identifier: "pec1@gestore-a.example", Sender: "anna@alfa.example",
		Recipients: []receipt.Recipient{{Address: "bruno@beta.example", Type: "certificato"}, {Address: "dario@mail.example", Type: "esterno"}},
	}
	delivered := event
	delivered.Kind, delivered.Recipient, delivered.Issuer = receipt.EventDelivered, "bruno@beta.example", "Gestore Beta S.r.l."
	delivered.Time, delivered.Proof = at.Add(9*time.Second), receipt.Proof{Name: "2.eml", Verdict: receipt.Valid}
	accepted := event
	accepted.Kind, accepted.Issuer = receipt.EventAccepted, "Gestore Alfa S.p.A."
	accepted.Time, accepted.Proof = at.Add(2*time.Second), receipt.Proof{Name: "1.eml", Verdict: receipt.Valid}
	l.Add(delivered, accepted) // in any order

	for _, m := range l.Snapshot(at.Add(time.Hour)).Messages {
		fmt.Println(m.Subject, m.Light, "settled:", m.Settled)
		for _, r := range m.Recipients {
			fmt.Println("-", r.Address, r.Status)
			fmt.Println(" ", r.Explanation)
		}
	}
	// Output:
	// Contratto n. 7 amber settled: true
	// - bruno@beta.example delivered
	//   delivered, says Gestore Beta S.r.l. (valid proof 2.eml), matched by Message-ID
	// - dario@mail.example external
	//   accepted, says Gestore Alfa S.p.A. (valid proof 1.eml), matched by Message-ID; an ordinary mailbox, of which no receipt comes
}

func ExampleBuild() {
	t := &receipt.Transaction{
		Sender: "anna@alfa.example", Subject: "Contratto n. 7", MessageID: "7f3c@pc.alfa.example", Identifier: "pec1@gestore-a.example",
		Recipients: []receipt.TransactionRecipient{{Address: "bruno@beta.example"}, {Address: "dario@mail.example", Type: daticert.RecipientExternal}},
	}
	draft, data, err := receipt.Build(receipt.FormAcceptance, t, &receipt.Notice{
		Provider:  envelope.Provider{Name: "Gestore Alfa S.p.A.", Address: "posta-certificata@gestore-a.example"},
		Time:      time.Date(2026, 3, 3, 10, 15, 32, 0, time.FixedZone("", 3600)),
		MessageID: "pec1.1@gestore-a.example",
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	// envelope.Write(w, draft, signer) signs and writes it.
	fmt.Println(data.Type)
	fmt.Println(draft.Text)
	// Output:
	// accettazione
	// Ricevuta di accettazione
	// Il giorno 03/03/2026 alle ore 10:15:32 (+0100) il messaggio
	// "Contratto n. 7" proveniente da "anna@alfa.example"
	// ed indirizzato a:
	// bruno@beta.example ("posta certificata")
	// dario@mail.example ("posta ordinaria")
	// è stato accettato dal sistema ed inoltrato.
	// Identificativo messaggio: pec1@gestore-a.example
}

func ExampleVerifyBrief() {
	submitted := "Subject: Contratto n. 7\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n" +
		"--b\r\n\r\nIn allegato il contratto.\r\n" +
		"--b\r\nContent-Type: application/pdf; name=contratto.pdf\r\nContent-Transfer-Encoding: base64\r\n\r\nJVBERi0xLjQK\r\n--b--\r\n"
	section := func(s string) *io.SectionReader {
		return io.NewSectionReader(strings.NewReader(s), 0, int64(len(s)))
	}

	brief, err := receipt.NewBrief(section(submitted), nil) // what the recipient's provider does
	if err != nil {
		fmt.Println(err)
		return
	}
	received, _ := io.ReadAll(brief.Reader())

	report, err := receipt.VerifyBrief(section(string(received)), section(submitted), nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(report.OK())
	for _, p := range report.Parts {
		fmt.Printf("%s %q %s %q\n", p.Path, p.Name, p.Match, p.Input)
	}
	// Output:
	// true
	// 1 "" identical ""
	// 2 "contratto.pdf" digest "encoded"
}

// What was sent, and the same as a receipt brings it back: the provider added a
// field and replaced the Message-ID.
func ExampleBodyDigest() {
	sent := "From: anna@alfa.example\nSubject: Contratto n. 7\nMessage-ID: <7f3c@pc.alfa.example>\n\nPago 1000 euro.\n"
	carried := "Received: from pc.alfa.example\r\nFrom: anna@alfa.example\r\nSubject: Contratto n. 7\r\n" +
		"Message-ID: <pec1@gestore-a.example>\r\n\r\nPago 1000 euro.\r\n"
	for _, other := range []string{carried, strings.Replace(carried, "1000", "10000", 1)} {
		a, err := receipt.BodyDigest(strings.NewReader(sent))
		if err != nil {
			fmt.Println(err)
			return
		}
		b, err := receipt.BodyDigest(strings.NewReader(other))
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(a == b)
	}
	// Output:
	// true
	// false
}
