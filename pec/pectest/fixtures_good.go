package pectest

import (
	"crypto"
	"slices"
	"time"

	"github.com/certmail/certmail/daticert"
	"github.com/certmail/certmail/pec"
	"github.com/certmail/certmail/receipt"
)

// goodFixtures are the messages of the rules, M1 to M11 in every form, with
// each digest and kind of key that we sign with. Those of one story fit
// together.
func goodFixtures() []fixture {
	var out []fixture
	for _, v := range []struct {
		suffix, note string
		habits       []habit
		only         []string // nil: all
	}{
		{"", "", nil, nil},
		{"-sha1", ", SHA-1 as in nearly all real mail up to the end of 2024", []habit{digest(crypto.SHA1)}, nil},
		{"-sha384", ", SHA-384", []habit{digest(crypto.SHA384)}, sampled},
		{"-sha512", ", SHA-512", []habit{digest(crypto.SHA512)}, sampled},
		{"-ecdsa", ", ECDSA over P-256", []habit{ellipticKey}, sampled},
		{"-html", ", with the HTML alternative that most providers write", []habit{withHTML}, nil},
	} {
		for _, row := range messagesOfTheRules() {
			if v.only != nil && !slices.Contains(v.only, row.file) {
				continue
			}
			row.file, row.story, row.note = row.file+v.suffix, row.story+v.suffix, row.note+v.note
			row.habits = append(row.habits, v.habits...)
			out = append(out, row)
		}
	}
	return out
}

// sampled are the files that are made with the rarer algorithms too.
var sampled = []string{"m1-accettazione", "m4-busta-di-trasporto", "m6-busta-di-anomalia", "m9-consegna-completa"}

func messagesOfTheRules() []fixture {
	const (
		nobody = "nessuno@pec.beta.example"
		full   = "piena@pec.beta.example"
		gone   = "ufficio@pec.delta.example"
	)
	virus := receipt.ErrorDetail("5.5.1", "Gestore Beta S.r.l.", "presenza di un virus nel messaggio")
	return []fixture{
		{file: "m1-accettazione", story: "contratto", kind: pec.KindAcceptance, write: issue(receipt.FormAcceptance, 0, receipt.Notice{}),
			note: "acceptance, for two certified recipients and an ordinary one"},
		{file: "m1-accettazione-esterno", story: "esterno", mail: to(info), kind: pec.KindAcceptance, write: issue(receipt.FormAcceptance, 0, receipt.Notice{}),
			note: "acceptance of a message to ordinary mail only: no other receipt will come"},
		{file: "m2-non-accettazione", story: "rifiutato", kind: pec.KindNonAcceptance,
			write: issue(receipt.FormNonAcceptance, 0, receipt.Notice{Detail: "destinatario presente nel campo Ccn"}), note: "non-acceptance for a formal reason"},
		{file: "m3-non-accettazione-virus", story: "virus-in-partenza", kind: pec.KindNonAcceptance,
			write: issue(receipt.FormNonAcceptanceVirus, 0, receipt.Notice{Detail: "Eicar-Test-Signature"}), note: "non-acceptance for a virus"},
		{file: "m4-busta-di-trasporto", story: "contratto", kind: pec.KindTransport, write: busta, note: "transport envelope; the sender asked for no form of receipt"},
		{file: "m4-busta-di-trasporto-completa", story: "completa", asks: "completa", kind: pec.KindTransport, write: busta, note: "transport envelope that asks for complete receipts"},
		{file: "m4-busta-di-trasporto-breve", story: "breve", asks: "breve", kind: pec.KindTransport, write: busta, note: "transport envelope that asks for brief receipts"},
		{file: "m4-busta-di-trasporto-sintetica", story: "sintetica", asks: "sintetica", kind: pec.KindTransport, write: busta, note: "transport envelope that asks for concise receipts"},
		{file: "m5-presa-in-carico", story: "contratto", kind: pec.KindTakeCharge, write: issue(receipt.FormTakeCharge, 5*time.Second, receipt.Notice{}),
			note: "take-charge receipt between providers, for both certified recipients"},
		{file: "m6-busta-di-anomalia", story: "posta-ordinaria", mail: &spam, kind: pec.KindAnomaly, write: anomalyOf(ordinary, "messaggio non firmato"),
			note: "anomaly envelope around ordinary mail; it certifies nothing about it"},
		{file: "m7-rilevazione-virus", story: "virus-in-arrivo", mail: to(ufficio), kind: pec.KindVirusDetection,
			write: issue(receipt.FormVirusDetection, 29*time.Second, receipt.Notice{Detail: "Win.Test.EICAR_HDB-1"}), note: "virus detection, between providers"},
		{file: "m8-mancata-consegna-virus", story: "virus-in-arrivo", mail: to(ufficio), kind: pec.KindNonDelivery,
			write: issue(receipt.FormNonDeliveryVirus, 32*time.Second, receipt.Notice{Detail: virus}), note: "non-delivery for a virus, by the sender's provider"},
		{file: "m9-consegna-completa", story: "contratto", kind: pec.KindDelivery, write: issue(receipt.FormDeliveryComplete, 8*time.Second, receipt.Notice{}),
			note: "complete delivery receipt with the original"},
		{file: "m9-consegna-copia", story: "contratto", kind: pec.KindDelivery,
			write: issue(receipt.FormDeliveryConcise, 9*time.Second, receipt.Notice{Recipient: archivio}), note: "delivery receipt for a recipient in Cc: always without the original"},
		{file: "m9-consegna-breve", story: "breve", asks: "breve", kind: pec.KindDelivery, write: issue(receipt.FormDeliveryBrief, 8*time.Second, receipt.Notice{}),
			note: "brief delivery receipt: attachments replaced by their SHA-1 digests"},
		{file: "m9-consegna-sintetica", story: "sintetica", asks: "sintetica", kind: pec.KindDelivery,
			write: issue(receipt.FormDeliveryConcise, 8*time.Second, receipt.Notice{}), note: "concise delivery receipt"},
		{file: "m10-mancata-consegna", story: "sconosciuto", mail: to(nobody), kind: pec.KindNonDelivery,
			write: issue(receipt.FormNonDelivery, 11*time.Second, receipt.Notice{Error: daticert.ErrorRecipient,
				Detail: receipt.ErrorDetail("5.1.1", "Gestore Beta S.r.l.", "indirizzo non valido")}), note: "non-delivery: no such mailbox"},
		{file: "m10-casella-piena", story: "piena", mail: to(full), kind: pec.KindNonDelivery,
			write: issue(receipt.FormNonDelivery, 11*time.Second, receipt.Notice{Detail: receipt.ErrorDetail("5.2.2", "Gestore Beta S.r.l.", "casella piena")}),
			note:  "non-delivery: mailbox full"},
		{file: "m10-dominio-inesistente", story: "dominio", mail: to(gone), kind: pec.KindNonDelivery,
			write: issueBySender(receipt.FormNonDelivery, 40*time.Second, receipt.Notice{Error: daticert.ErrorDomain,
				Detail: receipt.ErrorDetail("5.1.2", "Gestore Alfa S.p.A.", "dominio inesistente")}), note: "non-delivery by the sender's provider: no such domain"},
		{file: "m11-preavviso-12-ore", story: "ritardo", mail: to(ufficio), kind: pec.KindTimeout,
			write: issue(receipt.FormTimeoutFirst, 12*time.Hour, receipt.Notice{}), note: "first time-out notice, after 12 hours"},
		{file: "m11-preavviso-24-ore", story: "ritardo", mail: to(ufficio), kind: pec.KindTimeout,
			write: issue(receipt.FormTimeoutSecond, 23*time.Hour+43*time.Minute, receipt.Notice{}), note: "second time-out notice, after 24 hours: deemed failed"},
	}
}
