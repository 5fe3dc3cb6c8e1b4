package pectest

import (
	"strings"
	"time"

	"golang.org/x/text/encoding/charmap"

	"github.com/certmail/certmail/daticert"
	"github.com/certmail/certmail/pec"
	"github.com/certmail/certmail/receipt"
)

// oddDataFixtures are oddities of the certification data, under a good
// signature.
func oddDataFixtures() []fixture {
	acceptance := issue(receipt.FormAcceptance, 0, receipt.Notice{})
	delivery := issue(receipt.FormDeliveryConcise, 8*time.Second, receipt.Notice{})
	charge := issue(receipt.FormTakeCharge, 5*time.Second, receipt.Notice{})
	failed := func(detail string, kind daticert.ErrorKind) writer {
		return issue(receipt.FormNonDelivery, 11*time.Second, receipt.Notice{Error: kind, Detail: detail})
	}
	late := func(detail string) writer {
		return issue(receipt.FormTimeoutSecond, 23*time.Hour+43*time.Minute, receipt.Notice{Detail: detail})
	}
	const (
		unknown  = "5.1.1 - Gestore Beta S.r.l. - indirizzo non valido"
		deemed   = "il messaggio non è stato consegnato nelle ventiquattro ore successive al suo invio. Si ritiene che la spedizione debba considerarsi non andata a buon fine"
		certif   = `<destinatari tipo="certificato">`
		official = certif + ufficio + "</destinatari>\n        "
		external = `<destinatari tipo="esterno">` + info + "</destinatari>\n        "
	)
	x, accepted, failure := pec.KindTransport, pec.KindAcceptance, pec.KindNonDelivery
	return []fixture{
		{file: "d20-recipients-in-other-order", kind: x, write: busta, bend: []bend{signed(xml(func(doc string) (string, error) {
			return once(strings.Replace(doc, official, "", 1), external, external+official)
		}))}, note: "D20: destinatari in another order than To and Cc"},
		{file: "d21-address-case", kind: pec.KindDelivery, write: delivery, bend: []bend{signed(data("<consegna>"+ufficio, "<consegna>Ufficio@PEC.Beta.Example"))}, note: "D21: consegna in another case than destinatari"},
		{file: "d26-altro", mail: to(ufficio), kind: failure, write: failed(unknown, daticert.ErrorOther), note: "D26: unknown mailbox as altro with 5.1.1"},
		{file: "d26-no-dest-without-code", mail: to(ufficio), kind: failure, write: failed("utente sconosciuto", daticert.ErrorRecipient), note: "D26: no-dest with free text"},
		{file: "d27-commas", mail: to(ufficio), kind: failure, write: failed("5.5.1, Gestore Beta S.r.l., presenza di un virus nel messaggio", daticert.ErrorVirus), note: "D27: errore-esteso with commas; a virus without X-VerificaSicurezza"},
		{file: "d27-several-lines", mail: to(ufficio), kind: failure, write: failed("5.1.1 - Gestore Beta S.r.l. - indirizzo non valido:\n  - "+ufficio+"\n  - casella revocata", daticert.ErrorRecipient), note: "errore-esteso over several lines"},
		{file: "d27-free-text", mail: to(ufficio), kind: failure, write: failed("Sono stati rilevati i seguenti errori:\n- casella disabilitata\n- dominio scaduto", daticert.ErrorOther), note: "errore-esteso as before 2016"},
		{file: "d28-final-timeout", kind: pec.KindTimeout, write: late("5.4.1 - Gestore Alfa S.p.A. - " + deemed), note: "D28: the final failure arrives as preavviso-errore-consegna with 5.4.1"},
		{file: "d28-final-timeout-without-code", kind: pec.KindTimeout, write: late(deemed), note: "D28: the same, known by its text only"},
		{file: "d28-final-timeout-altro", kind: pec.KindTimeout, write: issue(receipt.FormTimeoutSecond, 24*time.Hour, receipt.Notice{Error: daticert.ErrorOther}), note: "D28: errore altro"},
		{file: "d28-no-errore-esteso", kind: pec.KindTimeout, write: late("x"), bend: []bend{signed(data("        <errore-esteso>x</errore-esteso>\n", ""))}, note: "D28: neither code nor text, only the time tells which notice it is"},
		{file: "d29-msgid-without-brackets", kind: accepted, write: acceptance, bend: []bend{signed(xml(func(doc string) (string, error) {
			return strings.NewReplacer("&lt;", "", "&gt;", "").Replace(doc), nil
		}))}, note: "D29: msgid without angle brackets"},
		{file: "d29-msgid-in-cdata", kind: accepted, write: acceptance, bend: []bend{signed(xml(func(doc string) (string, error) {
			return strings.NewReplacer("<msgid>&lt;", "<msgid><![CDATA[<", "&gt;</msgid>", ">]]></msgid>").Replace(doc), nil
		}))}, note: "D29: msgid in a CDATA section"},
		{file: "d29-no-msgid", kind: accepted, write: acceptance, bend: []bend{signed(xml(withoutElement("msgid")))}, note: "D29: X-Riferimento-Message-ID without msgid"},
		{file: "d38-several-consegna", kind: pec.KindDelivery, write: delivery, bend: []bend{signed(data("</consegna>", "</consegna>\n        <consegna>"+archivio+"</consegna>"))}, note: "D38: one receipt for two recipients"},
		{file: "d42-iso-8859-1", mail: changed("Contratto n. 7", "=?utf-8?q?Perch=C3=A9?="), kind: accepted, write: acceptance, bend: []bend{signed(xml(func(doc string) (string, error) {
			return charmap.ISO8859_1.NewEncoder().String(strings.Replace(doc, "UTF-8", "ISO-8859-1", 1))
		}))}, note: "D42: certification data in ISO-8859-1"},
		{file: "byte-order-mark", kind: accepted, write: acceptance, bend: []bend{signed(data("<?xml", "\ufeff<?xml"))}, note: "certification data with a byte order mark"},
		{file: "no-xml-declaration", kind: accepted, write: acceptance, bend: []bend{signed(data("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n", ""))}, note: "certification data without XML declaration"},
		{file: "d44-no-errore", kind: accepted, write: acceptance, bend: []bend{signed(data(` errore="nessuno"`, ""))}, note: "D44: no errore, which means nessuno"},
		{file: "d44-no-recipient-type", kind: accepted, write: acceptance, bend: []bend{signed(xml(func(doc string) (string, error) {
			return strings.ReplaceAll(doc, `<destinatari tipo="certificato">`, "<destinatari>"), nil
		}))}, note: "D44: no destinatari/@tipo, which means certificato"},
		{file: "d44-no-receipt-type", kind: x, write: busta, bend: []bend{signed(data(`<ricevuta tipo="completa" />`, "<ricevuta />"))}, note: "D44: no ricevuta/@tipo"},
		{file: "zone-with-colon", kind: accepted, write: acceptance, bend: []bend{signed(data(`zona="+0100"`, `zona="+01:00"`))}, note: "zona with a colon"},
		{file: "summer-time", mail: &summer, kind: accepted, write: acceptance, note: "Italian summer time"},
		{file: "blanks-in-values", kind: accepted, write: acceptance, bend: []bend{signed(data("<mittente>"+mario, "<mittente>\n            "+mario+"\n        "))}, note: "white space around a value"},
		{file: "stray-text", kind: accepted, write: acceptance, bend: []bend{signed(data("</intestazione>", "</intestazione>\n    -"))}, note: "text between elements"},
		{file: "d37-unknown-element", kind: accepted, write: acceptance, bend: []bend{signed(data("</dati>", "    <conservazione durata=\"30\">mesi</conservazione>\n    </dati>"))}, note: "D37: an element of no rule"},
		{file: "d37-unknown-errore", mail: to(ufficio), kind: failure, write: failed(unknown, daticert.ErrorRecipient), bend: []bend{signed(data(`errore="no-dest"`, `errore="casella-piena"`))}, note: "D37: a value of errore of no rule"},
		{file: "d37-unknown-recipient-type", kind: accepted, write: acceptance, bend: []bend{signed(data(`tipo="esterno"`, `tipo="estero"`))}, note: "D37: a recipient type of no rule"},
		{file: "elements-in-other-order", kind: accepted, write: acceptance, bend: []bend{signed(xml(func(doc string) (string, error) {
			return once(doc, "<intestazione>\n        <mittente>"+mario+"</mittente>", "<intestazione>\n        <oggetto>Contratto n. 7</oggetto>\n        <mittente>"+mario+"</mittente>")
		}), xml(func(doc string) (string, error) {
			i := strings.LastIndex(doc, "        <oggetto>")
			return doc[:i] + doc[i+strings.Index(doc[i:], "\n")+1:], nil
		}))}, note: "elements in another order than the DTD's"},
		{file: "harmless-doctype", kind: accepted, write: acceptance, bend: []bend{signed(data("<postacert ", "<!DOCTYPE postacert SYSTEM \"daticert.dtd\">\n<postacert "))}, note: "a DOCTYPE that only names the DTD; nothing is fetched"},
		{file: "comments", kind: accepted, write: acceptance, bend: []bend{signed(data("<dati>", "<!-- <identificativo>falso</identificativo> --><?gestore a?><dati>"))}, note: "a comment and a processing instruction"},
		{file: "take-charge-in-two", kind: pec.KindTakeCharge, write: charge, bend: []bend{signed(data("        <ricezione>"+archivio+"</ricezione>\n", ""))}, note: "take-charge receipt for one recipient of two"},
		{file: "virus-detection-with-ricezione", kind: pec.KindVirusDetection, write: issue(receipt.FormVirusDetection, 29*time.Second, receipt.Notice{Detail: "EICAR"}),
			bend: []bend{signed(data("<consegna>"+ufficio+"</consegna>", "<ricezione>"+ufficio+"</ricezione>"))}, note: "ricezione in place of consegna"},
		{file: "date-differs", kind: accepted, write: acceptance, bend: []bend{replaceField("Date", "Date: Tue, 03 Mar 2026 18:00:00 +0100\r\n")}, note: "a Date that is not the certified time: a finding, no failure"},
	}
}

// withoutElement removes a line that holds one element.
func withoutElement(name string) func(doc string) (string, error) {
	return func(doc string) (string, error) {
		start, end := strings.Index(doc, "        <"+name+">"), strings.Index(doc, "</"+name+">\n")
		if start < 0 || end < 0 {
			return "", errNoElement(name)
		}
		return doc[:start] + doc[end+len(name)+4:], nil
	}
}

type errNoElement string

func (e errNoElement) Error() string { return "no element " + string(e) }

// summer is a letter of July.
var summer = submission{from: mario, to: []string{ufficio}, header: letterhead + mixedType, body: mixedBody, at: time.Date(2026, 7, 3, 8, 0, 0, 0, time.UTC)}
