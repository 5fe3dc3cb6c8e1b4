package report_test

import (
	"crypto/sha256"
	"strings"
	"time"

	"github.com/certmail/certmail/receipt"
	"github.com/certmail/certmail/receipt/report"
)

const (
	anna  = "anna@alfa.example"
	bruno = "bruno@beta.example"
	carla = "carla@beta.example"
	dario = "dario@posta.example"
	alfa  = "Posta Alfa S.p.A."
	beta  = "Beta Certificata S.r.l."
)

var (
	start = time.Date(2026, 3, 3, 10, 15, 30, 0, time.FixedZone("", 3600))
	now   = start.Add(26 * time.Hour)
)

// A book is a ledger that is filled in few words.
type book struct {
	*receipt.Ledger
	n int
}

// sent records a submission and returns its Message-ID.
func (b *book) sent(id, subject string, to ...string) string {
	s := receipt.Sent{MessageID: id + "@pc.alfa.example", Sender: anna, Subject: subject, Time: start.Add(time.Duration(b.n) * time.Second)}
	b.n++
	for _, a := range to {
		s.Recipients = append(s.Recipients, receipt.SentRecipient{Address: a})
	}
	b.AddSent(s)
	return s.MessageID
}

// event records one; to is empty for the whole message.
func (b *book) event(id string, kind receipt.EventKind, after time.Duration, to string, edit ...func(*receipt.Event)) {
	b.n++
	issuer, short := beta, strings.TrimSuffix(id, "@pc.alfa.example")
	if kind == receipt.EventAccepted || kind == receipt.EventNotAccepted || kind == receipt.EventDelayed || kind == receipt.EventTimedOut {
		issuer = alfa
	}
	name := "ricevute/" + short + "-" + string(kind) + ".eml"
	if to != "" {
		name = "ricevute/" + short + "-" + string(kind) + "-" + strings.ReplaceAll(to, "@", " ") + ".eml"
	}
	e := receipt.Event{
		System: receipt.PEC, Kind: kind, MessageID: id, Identifier: "opec1." + short + ".20260303101530.00042.1@pec.alfa.example",
		Recipient: to, Sender: anna, Subject: "Oggetto", Time: start.Add(after), Issuer: issuer,
		Proof: receipt.Proof{Name: name, Kind: map[receipt.EventKind]string{
			receipt.EventAccepted: "accettazione", receipt.EventNotAccepted: "non-accettazione", receipt.EventTakenInCharge: "presa-in-carico",
			receipt.EventDelivered: "avvenuta-consegna", receipt.EventNotDelivered: "errore-consegna",
			receipt.EventDelayed: "preavviso-errore-consegna", receipt.EventTimedOut: "preavviso-errore-consegna", receipt.EventVirusDetected: "rilevazione-virus",
		}[kind], SHA256: sha256.Sum256([]byte(name)), Verdict: receipt.Valid},
	}
	for _, f := range edit {
		f(&e)
	}
	b.Add(e)
}

func verdict(v receipt.Verdict) func(*receipt.Event) {
	return func(e *receipt.Event) { e.Proof.Verdict = v }
}

func listing(typed ...string) func(*receipt.Event) {
	return func(e *receipt.Event) {
		for i := 0; i < len(typed); i += 2 {
			e.Recipients = append(e.Recipients, receipt.Recipient{Address: typed[i], Type: typed[i+1]})
		}
	}
}

func because(category receipt.Category, code, text string) func(*receipt.Event) {
	return func(e *receipt.Event) {
		e.Reason = receipt.Reason{Value: "altro", Code: code, Text: text, Category: category}
	}
}

const hour = time.Hour

// sample is a report with every status, light, conflict, finding, note and
// kind of orphan that the ledger makes of submissions and events.
func sample() *receipt.Report {
	b := &book{Ledger: receipt.NewLedger(nil)}
	const c, x = "certificato", "esterno"

	id := b.sent("contratto", "Contratto di locazione n. 7/2026, copia firmata", bruno, carla)
	b.event(id, receipt.EventAccepted, time.Minute, "", listing(bruno, c, carla, c))
	b.event(id, receipt.EventTakenInCharge, 2*time.Minute, bruno)
	b.event(id, receipt.EventDelivered, 3*time.Minute, bruno)
	b.event(id, receipt.EventDelivered, 4*time.Minute, carla)

	id = b.sent("diffida", "Diffida ad adempiere", bruno, "nessuno@beta.example", dario)
	b.event(id, receipt.EventAccepted, 5*time.Minute, "", listing(bruno, c, "nessuno@beta.example", c, dario, x))
	b.event(id, receipt.EventDelivered, 6*time.Minute, bruno)
	b.event(id, receipt.EventNotDelivered, 7*time.Minute, "nessuno@beta.example", because(receipt.UnknownRecipient, "5.1.1", "- Beta Certificata S.r.l. - indirizzo non valido"))

	id = b.sent("virus", "Preventivo", bruno)
	b.event(id, receipt.EventAccepted, 10*time.Minute, "", listing(bruno, c))
	b.event(id, receipt.EventVirusDetected, 11*time.Minute, bruno, because(receipt.VirusFound, "", "Eicar-Test-Signature"))

	id = b.sent("rifiutato", "Ricorso", bruno)
	b.event(id, receipt.EventNotAccepted, 12*time.Minute, "", because(receipt.Formal, "5.6.0", "il campo From non coincide con il mittente"))

	id = b.sent("preavviso", "Convocazione assemblea", bruno, carla)
	b.event(id, receipt.EventAccepted, 20*time.Minute+2*hour, "", listing(bruno, c, carla, c))
	b.event(id, receipt.EventDelayed, 14*hour+20*time.Minute, bruno, because(receipt.Delay, "4.4.1", "nessuna consegna nelle prime 12 ore"))
	b.event(id, receipt.EventTakenInCharge, 3*hour, carla)

	id = b.sent("scaduto", "Sollecito di pagamento", bruno)
	b.event(id, receipt.EventAccepted, 25*time.Minute, "", listing(bruno, c))
	b.event(id, receipt.EventDelayed, 12*hour+25*time.Minute, bruno)
	b.event(id, receipt.EventDelayed, 24*hour+25*time.Minute, bruno, func(e *receipt.Event) {
		e.Proof.Name, e.Proof.SHA256[0] = "ricevute/scaduto-2.eml", 7
	})

	id = b.sent("tardi", "Disdetta", bruno)
	b.event(id, receipt.EventAccepted, 26*time.Minute, "", listing(bruno, c))
	b.event(id, receipt.EventTimedOut, 24*hour+26*time.Minute, bruno, because(receipt.Timeout, "5.4.1", "superati i tempi massimi"))
	b.event(id, receipt.EventDelivered, 25*hour, bruno)

	id = b.sent("attesa", "Richiesta di accesso agli atti", bruno)
	b.event(id, receipt.EventAccepted, 20*hour, "", listing(bruno, c))

	id = b.sent("muto", "Messaggio rimasto senza risposta", bruno)
	_ = id
	b.AddSent(receipt.Sent{MessageID: "incerto@pc.alfa.example", Sender: anna, Subject: "Invio interrotto", Time: start.Add(25 * hour), Uncertain: true,
		Recipients: []receipt.SentRecipient{{Address: bruno}}})
	b.AddSent(receipt.Sent{MessageID: "appena@pc.alfa.example", Sender: anna, Subject: "Inviato da poco", Time: now.Add(-time.Minute),
		Recipients: []receipt.SentRecipient{{Address: bruno}}})

	id = b.sent("esterno", "Newsletter", dario)
	b.event(id, receipt.EventAccepted, 30*time.Minute, "", listing(dario, x))

	id = b.sent("grigio", "Non verificato da nessuno", bruno)
	b.event(id, receipt.EventAccepted, 31*time.Minute, "", listing(bruno, c), verdict(receipt.Unverified))
	b.event(id, receipt.EventDelivered, 32*time.Minute, bruno, verdict(receipt.Indeterminate))

	id = b.sent("alterato", "Ricevuta alterata", bruno)
	b.event(id, receipt.EventAccepted, 33*time.Minute, "", listing(bruno, c))
	b.event(id, receipt.EventDelivered, 34*time.Minute, bruno, verdict(receipt.Invalid))

	id = b.sent("conflitto", "Esito contraddittorio", bruno, carla)
	b.event(id, receipt.EventAccepted, 35*time.Minute, "", listing(bruno, c, carla, c))
	b.event(id, receipt.EventDelivered, 36*time.Minute, bruno)
	b.event(id, receipt.EventNotDelivered, 37*time.Minute, bruno, because(receipt.MailboxFull, "5.2.2", "casella piena"))
	b.event(id, receipt.EventDelivered, 37*time.Minute, carla, verdict(receipt.Unverified))
	b.event(id, receipt.EventNotDelivered, 38*time.Minute, carla, verdict(receipt.Unverified))

	id = b.sent("doppio", "Accettato e non accettato", bruno)
	b.event(id, receipt.EventAccepted, 38*time.Minute, "", listing(bruno, c))
	b.event(id, receipt.EventNotAccepted, 39*time.Minute, "")

	id = b.sent("duevolte", "Due identificativi", bruno)
	b.event(id, receipt.EventAccepted, 40*time.Minute, "", listing(bruno, c))
	b.event(id, receipt.EventDelivered, 41*time.Minute, bruno, func(e *receipt.Event) { e.Identifier = "altro@pec.alfa.example" })

	id = b.sent("condiviso", "Identificativo condiviso", bruno)
	b.event(id, receipt.EventDelivered, 42*time.Minute, bruno, func(e *receipt.Event) { e.Identifier = "altro@pec.alfa.example" })

	id = b.sent("contenuti", "Originali diversi", bruno, carla)
	b.event(id, receipt.EventDelivered, 43*time.Minute, bruno, func(e *receipt.Event) { e.Proof.Content[0] = 1 })
	b.event(id, receipt.EventDelivered, 44*time.Minute, carla, func(e *receipt.Event) { e.Proof.Content[0] = 2 })

	b.AddSent(receipt.Sent{MessageID: "ripetuto@pc.alfa.example", Sender: anna, Subject: "Ripetuto", Time: start.Add(25 * hour), SHA256: receipt.Digest{1}, Recipients: []receipt.SentRecipient{{Address: bruno}}})
	b.AddSent(receipt.Sent{MessageID: "ripetuto@pc.alfa.example", Sender: anna, Subject: "Ripetuto", Time: start.Add(25 * hour), SHA256: receipt.Digest{2}, Recipients: []receipt.SentRecipient{{Address: bruno}}})
	b.event("ripetuto@pc.alfa.example", receipt.EventAccepted, 23*hour, "", listing(bruno, c, carla, c))
	b.event("ripetuto@pc.alfa.example", receipt.EventDelivered, 26*hour, bruno, func(e *receipt.Event) { e.Sender = "" })

	id = b.sent("chiavi", "Abbinato con altre chiavi", bruno, carla, "elio@beta.example")
	b.event(id, receipt.EventAccepted, 46*time.Minute, "", listing(bruno, c, carla, c, "elio@beta.example", c))
	b.event(id, receipt.EventDelivered, 47*time.Minute, bruno, func(e *receipt.Event) { e.MessageID = "" })
	b.event(id, receipt.EventDelivered, 48*time.Minute, carla, func(e *receipt.Event) { e.Reference, e.MessageID, e.Identifier = e.MessageID, "", "" })
	b.event(id, receipt.EventDelivered, 49*time.Minute, "elio@beta.example", verdict(receipt.Indeterminate), func(e *receipt.Event) { e.Identifier = "diverso@pec.alfa.example" })

	many := make([]string, 12)
	for i := range many {
		many[i] = "ufficio" + string(rune('a'+i)) + "@beta.example"
	}
	id = b.sent("tutti", "A molti destinatari", many...)
	b.event(id, receipt.EventAccepted, 50*time.Minute, "")
	for _, a := range many {
		b.event(id, receipt.EventDelivered, 51*time.Minute, a)
	}

	b.event("mai-visto@pc.alfa.example", receipt.EventDelivered, hour, bruno)
	b.event(id, receipt.EventDelivered, hour, many[0], func(e *receipt.Event) { e.Sender, e.Proof.SHA256[0] = "mallory@gamma.example", 9 })
	b.event(id, receipt.EventDelivered, hour, "intruso@beta.example", verdict(receipt.Unverified))
	b.event(id, receipt.EventDelivered, hour, "", verdict(receipt.Indeterminate))
	b.event("", receipt.EventNotDelivered, hour, bruno, verdict(receipt.Invalid), func(e *receipt.Event) { e.Identifier = "" })
	return b.Snapshot(now)
}

func samplePage() *report.Page {
	return &report.Page{
		Generated: now, Report: sample(),
		Unreadable: []report.Unreadable{{File: "ricevute/rotto.eml", Error: "message ends inside a part"}, {File: "-", Error: "empty"}},
	}
}
