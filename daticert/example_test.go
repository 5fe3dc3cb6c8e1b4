package daticert_test

import (
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/certmail/certmail/daticert"
)

const document = `<?xml version="1.0" encoding="UTF-8"?>
<postacert tipo="errore-consegna" errore="no-dest">
    <intestazione>
        <mittente>mario.rossi@pec.alfa.example</mittente>
        <destinatari tipo="certificato">nessuno@pec.beta.example</destinatari>
        <risposte>mario.rossi@pec.alfa.example</risposte>
        <oggetto>Contratto n. 7</oggetto>
    </intestazione>
    <dati>
        <gestore-emittente>Gestore Beta S.r.l.</gestore-emittente>
        <data zona="+0100">
            <giorno>03/03/2026</giorno>
            <ora>10:15:41</ora>
        </data>
        <identificativo>pec1.20260303101532.00042.1@gestore-a.example</identificativo>
        <msgid>&lt;7f3c@pc-rossi.alfa.example&gt;</msgid>
        <consegna>nessuno@pec.beta.example</consegna>
        <errore-esteso>5.1.1 - Gestore Beta S.r.l. - indirizzo non valido</errore-esteso>
    </dati>
</postacert>
`

func ExampleParse() {
	d, err := daticert.Parse([]byte(document), nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	at, err := d.Date.Time()
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(d.Type, "for", d.Deliveries[0])
	fmt.Println("message", daticert.TrimMessageID(d.MessageID), "of", d.Sender)
	fmt.Println("certified by", d.Provider, "at", at.Format(time.RFC3339))
	fmt.Println("odd:", len(d.Validate()))
	// Output:
	// errore-consegna for nessuno@pec.beta.example
	// message 7f3c@pc-rossi.alfa.example of mario.rossi@pec.alfa.example
	// certified by Gestore Beta S.r.l. at 2026-03-03T10:15:41+01:00
	// odd: 0
}

func ExampleParse_error() {
	_, err := daticert.Parse([]byte(`<html/>`), nil)
	fmt.Println(errors.Is(err, daticert.ErrNotPostacert), err)
	// Output: true daticert: root element is "html", want postacert
}

func ExampleData_Validate() {
	d := daticert.Data{
		Type: daticert.TypeDelivery, Sender: "a@pec.alfa.example", ReplyTo: "a@pec.alfa.example",
		Recipients: []daticert.Recipient{{Address: "b@pec.beta.example"}},
		Provider:   "Gestore Beta", Identifier: "1@gestore.example",
		Date: daticert.Date{Day: "31/02/2026", Hour: "10:15:00", Zone: "+0100"},
	}
	for _, f := range d.Validate() {
		fmt.Println(f.Code+":", f.Detail)
	}
	// Output:
	// date-invalid: day "31/02/2026": no such day
	// missing-for-type: avvenuta-consegna without ricevuta
	// missing-for-type: avvenuta-consegna without consegna
}

func ExampleData_Marshal() {
	d := daticert.Data{
		Type:       daticert.TypeAcceptance,
		Sender:     "mario.rossi@pec.alfa.example",
		Recipients: []daticert.Recipient{{Address: "info@gamma.example", Type: daticert.RecipientExternal}},
		ReplyTo:    "mario.rossi@pec.alfa.example",
		Subject:    "Contratto n. 7",
		Provider:   "Gestore Alfa S.p.A.",
		Date:       daticert.NewDate(time.Date(2026, 3, 3, 10, 15, 32, 0, time.FixedZone("CET", 3600))),
		Identifier: "pec1.20260303101532.00042.1@gestore-a.example",
		MessageID:  "<7f3c@pc-rossi.alfa.example>",
	}
	out, err := d.Marshal()
	if err != nil {
		fmt.Println(err)
		return
	}
	os.Stdout.Write(out)
	// Output:
	// <?xml version="1.0" encoding="UTF-8"?>
	// <postacert tipo="accettazione" errore="nessuno">
	//     <intestazione>
	//         <mittente>mario.rossi@pec.alfa.example</mittente>
	//         <destinatari tipo="esterno">info@gamma.example</destinatari>
	//         <risposte>mario.rossi@pec.alfa.example</risposte>
	//         <oggetto>Contratto n. 7</oggetto>
	//     </intestazione>
	//     <dati>
	//         <gestore-emittente>Gestore Alfa S.p.A.</gestore-emittente>
	//         <data zona="+0100">
	//             <giorno>03/03/2026</giorno>
	//             <ora>10:15:32</ora>
	//         </data>
	//         <identificativo>pec1.20260303101532.00042.1@gestore-a.example</identificativo>
	//         <msgid>&lt;7f3c@pc-rossi.alfa.example&gt;</msgid>
	//     </dati>
	// </postacert>
}

func ExampleParseErrorDetail() {
	e := daticert.ParseErrorDetail("5.5.1, Gestore Pec S.p.A., presenza di un virus nel messaggio")
	fmt.Printf("%s | %s | %s | %v\n", e.Code, e.Provider, e.Text, e.OK)
	e = daticert.ParseErrorDetail("destinatario presente nel campo Ccn")
	fmt.Printf("%s | %s | %s | %v\n", e.Code, e.Provider, e.Text, e.OK)
	// Output:
	// 5.5.1 | Gestore Pec S.p.A. | presenza di un virus nel messaggio | true
	//  |  | destinatario presente nel campo Ccn | false
}

func ExampleDate_Time() {
	_, err := daticert.Date{Day: "31/02/2026", Hour: "10:15:00", Zone: "+0100"}.Time()
	fmt.Println(err)
	// Output: daticert: element data: day "31/02/2026": no such day
}

func ExampleTrimMessageID() {
	fmt.Println(daticert.TrimMessageID(" <7f3c@pc-rossi.alfa.example>"))
	// Output: 7f3c@pc-rossi.alfa.example
}
