package pectest

import (
	"time"

	"github.com/certmail/certmail/envelope"
	"github.com/certmail/certmail/pec"
	"github.com/certmail/certmail/receipt"
)

// oddHeaderFixtures are oddities of the outer header. D and a number stand
// for the catalogue of deviations that we keep of real mail.
func oddHeaderFixtures() []fixture {
	acceptance := issue(receipt.FormAcceptance, 0, receipt.Notice{})
	delivery := issue(receipt.FormDeliveryConcise, 8*time.Second, receipt.Notice{})
	nested := issue(receipt.FormDeliveryComplete, 8*time.Second, receipt.Notice{})
	x, plain := pec.KindTransport, "application/pkcs7-signature"
	return []fixture{
		{file: "d01-x-tiporicevuta", asks: "breve", kind: x, write: busta, bend: []bend{header("X-TipoRicevuta", "X-Tiporicevuta")}, note: "D1: header name as a real provider writes it"},
		{file: "d01-upper-case", asks: "breve", kind: x, write: busta, bend: []bend{header("X-Trasporto: posta-certificata", "X-TRASPORTO: POSTA-CERTIFICATA"), header("X-TipoRicevuta", "X-TIPORICEVUTA")},
			note: "D1: names and marker in upper case"},
		{file: "d01-lower-case", kind: pec.KindAcceptance, write: acceptance, bend: []bend{header("X-Ricevuta: accettazione", "x-ricevuta:accettazione  "), header("From: ", "from: ")},
			note: "D1: names in lower case, no blank before the value, blanks behind"},
		{file: "d02-no-receipt-type", kind: x, write: busta, note: "D2: no X-TipoRicevuta, the certification data say completa"},
		{file: "d02-receipt-type-only-in-header", asks: "breve", kind: x, write: busta, bend: []bend{signed(data("    <ricevuta tipo=\"breve\" />\n", ""))},
			note: "X-TipoRicevuta without ricevuta in the certification data"},
		{file: "d03-sender", kind: x, write: busta, bend: []bend{lastField("Sender: " + alfaMailbox)}, note: "D3: a Sender field, which the English rules ask for and nobody writes"},
		{file: "d04-reply-to", mail: changed("MIME-Version", "Reply-To: Protocollo <protocollo@pec.alfa.example>\r\nMIME-Version"), kind: x, write: busta, note: "D4: the original's own Reply-To"},
		{file: "d05-pkcs7-protocol", habits: []habit{style(func(s *envelope.Style) { s.Protocol = plain })}, kind: x, write: busta, note: "D5: application/pkcs7-signature"},
		{file: "d05-micalg-sha256", habits: []habit{style(func(s *envelope.Style) { s.Micalg = "sha256" })}, kind: x, write: busta, note: "D5: micalg sha256"},
		{file: "d05-micalg-upper-case", habits: []habit{style(func(s *envelope.Style) { s.Micalg = "SHA-256" })}, kind: x, write: busta, note: "D5: micalg SHA-256"},
		{file: "d05-micalg-wrong", habits: []habit{style(func(s *envelope.Style) { s.Micalg = "sha1" })}, kind: x, write: busta, note: "D5: micalg sha1 over a SHA-256 signature; it is only a hint"},
		{file: "d05-micalg-unknown", habits: []habit{style(func(s *envelope.Style) { s.Micalg = "unknown" })}, kind: x, write: busta, note: "D5: micalg unknown"},
		{file: "d05-micalg-missing", kind: x, write: busta, bend: []bend{header(` micalg="sha-256";`, "")}, note: "D5: no micalg"},
		{file: "d05-unquoted", kind: x, write: busta, bend: []bend{outerBoundary("firma-0001"), header(`protocol="application/x-pkcs7-signature"; micalg="sha-256"; boundary="firma-0001"`,
			"micalg=sha-256;\r\n\tprotocol=application/x-pkcs7-signature;\r\n\tboundary=firma-0001")}, note: "D5: parameters without quotes, folded, in another order"},
		{file: "d06-x-protocol-plain-part", kind: x, write: busta, bend: []bend{anywhere("application/x-pkcs7-signature; name", plain+"; name")}, note: "D6: protocol with x-, part without"},
		{file: "d06-plain-protocol-x-part", kind: x, write: busta, bend: []bend{header(`"application/x-pkcs7-signature"`, `"`+plain+`"`)}, note: "D6: protocol without x-, part with"},
		{file: "d06-no-protocol", kind: x, write: busta, bend: []bend{header(` protocol="application/x-pkcs7-signature";`, "")}, note: "no protocol parameter at all"},
		{file: "d07-prefix-boundaries", kind: x, write: busta, bend: []bend{innerBoundary("--=_firma-mista"), outerBoundary("--=_firma"), signAgain},
			note: "D7: boundaries that begin with dashes, one the beginning of the other"},
		{file: "d07-plain-boundaries", kind: x, write: busta, bend: []bend{innerBoundary("MIX"), outerBoundary("SIG"), signAgain}, note: "short boundaries without dashes"},
		{file: "d08-no-preamble", kind: x, write: busta, bend: []bend{anywhere("This is an S/MIME signed message\r\n\r\n", "")}, note: "D8: no preamble"},
		{file: "d18-extra-headers", kind: x, write: busta, bend: []bend{field("X-Gestore-Details: in=1; out=1\r\nX-Gestore-Checker-Version: 5.1.4"),
			lastField("DKIM-Signature: v=1; a=rsa-sha256; d=gestore-a.example; s=s1;\r\n\tbh=AAAA; b=BBBB"), lastField("X-Fattura-PA: Yes")}, note: "D18: fields of the provider's own"},
		{file: "d22-envelope-in-anomaly", kind: pec.KindAnomaly, write: anomalyOf(busta, "firma non valida"),
			note: "D22: a transport envelope that came by ordinary mail; its certification data are not this message's"},
		{file: "d22-receipt-in-anomaly", kind: pec.KindAnomaly, write: anomalyOf(nested, "messaggio non proveniente da un gestore"), note: "D22: a delivery receipt inside an anomaly envelope"},
		{file: "d22-receipt-attached-in-anomaly", kind: pec.KindAnomaly, write: anomalyOf(bent(nested, attached), "messaggio non firmato"), note: "D22: a delivery receipt attached to ordinary mail inside an anomaly envelope"},
		{file: "d23-stacked-subject", mail: changed("Contratto n. 7", "POSTA CERTIFICATA: Contratto n. 7"), kind: x, write: busta, note: "D23: POSTA CERTIFICATA: twice; one is the original's"},
		{file: "d23-receipt-subject", mail: changed("Contratto n. 7", "ACCETTAZIONE: Contratto n. 7"), kind: x, write: busta, note: "D23: the original's subject is that of a receipt"},
		{file: "d23-reply-subject", mail: changed("Contratto n. 7", "R: POSTA CERTIFICATA: Contratto n. 7"), kind: pec.KindDelivery, write: nested, note: "D23: an answer to certified mail"},
		{file: "d24-encoded-subject", mail: changed("Contratto n. 7", "=?utf-8?q?Contratto_n=2E_7_=E2=80=93_perch=C3=A9_firmare?="), kind: x, write: busta, note: "D24: subject in encoded words"},
		{file: "d24-encoded-subject-in-receipt", mail: changed("Contratto n. 7", "=?utf-8?q?Contratto_n=2E_7_=E2=80=93_perch=C3=A9_firmare?="), kind: pec.KindAcceptance, write: acceptance, note: "D24: the same in a receipt"},
		{file: "d24-raw-encoded-word", kind: x, write: busta, mail: changed("Contratto n. 7", "=?utf-8?q?Perch=C3=A9?="), bend: []bend{replaceField("Subject", "Subject: POSTA CERTIFICATA: =?utf-8?q?Perch=C3=A9?=\r\n")},
			note: "D24: the prefix before the original's own encoded word"},
		{file: "d24-windows-1252-subject", mail: changed("Contratto n. 7", "=?windows-1252?Q?Contratto_=96_perch=E9?="), kind: x, write: busta, note: "D24: subject in windows-1252"},
		{file: "d24-long-subject", mail: changed("Contratto n. 7", longSubject), kind: x, write: busta, note: "D24: subject over several lines"},
		{file: "d24-folded-prefix", kind: x, write: busta, bend: []bend{header("Subject: POSTA CERTIFICATA: ", "Subject: POSTA\r\n CERTIFICATA:\r\n ")}, note: "D24: folded inside the prefix"},
		{file: "d32-take-charge-to-user", kind: pec.KindTakeCharge, write: issue(receipt.FormTakeCharge, 5*time.Second, receipt.Notice{}), bend: []bend{header("To: ricevute@gestore-a.example", "To: "+mario)},
			note: "D32: a take-charge receipt that reached the user"},
		{file: "d37-unknown-receipt-type", asks: "estesa", kind: x, write: busta, note: "D37: X-TipoRicevuta of no rule; it counts as completa"},
		{file: "d37-unknown-marker", kind: pec.KindUnknown, write: delivery, bend: []bend{header("X-Ricevuta: avvenuta-consegna", "X-Ricevuta: consegna-avvenuta")}, fails: "headers",
			note: "D37: a marker value of no rule"},
		{file: "d43-no-x-ricevuta", kind: pec.KindDelivery, write: delivery, bend: []bend{drop("X-Ricevuta")}, open: "headers",
			note: "D43: no marker: the type is that of the certification data, and headers cannot be judged"},
		{file: "d45-from-on-one-line", kind: x, write: busta, bend: []bend{header("\r\n <"+alfaMailbox, " <"+alfaMailbox)}, note: "From not folded"},
		{file: "d45-from-folded-with-tab", kind: x, write: busta, bend: []bend{header("\r\n <"+alfaMailbox, "\r\n\t<"+alfaMailbox)}, note: "D45: From folded with a tab"},
		{file: "d45-folded-received", kind: x, write: busta, bend: []bend{field("Received: from mx.gestore-a.example\r\n\tby mx.gestore-b.example\r\n\twith ESMTPS; Tue, 3 Mar 2026 10:15:31 +0100")}, note: "D45: Received folded with tabs"},
		{file: "d45-folded-marker", kind: x, write: busta, bend: []bend{header("X-Trasporto: posta", "X-Trasporto:\r\n posta")}, note: "D45: the marker's value on the next line"},
		{file: "d45-long-reference", mail: changed("{id}@", longID+"@"), kind: pec.KindAcceptance, write: acceptance, note: "D45: an X-Riferimento-Message-ID of 200 characters on one line"},
		{file: "from-in-upper-case", kind: x, write: busta, bend: []bend{header("<"+alfaMailbox+">", "<Posta-Certificata@GESTORE-A.Example>")}, note: "From and certificate differ in case only"},
		{file: "from-in-angle-brackets", kind: pec.KindAcceptance, write: acceptance, bend: []bend{header("From: "+alfaMailbox, "From: <"+alfaMailbox+">")}, note: "From in angle brackets without a name"},
		{file: "display-name-encoded", kind: x, write: busta, bend: []bend{header(`"Per conto di: `+mario+`"`, "=?utf-8?q?Per_conto_di=3A_mario=2Erossi=40pec=2Ealfa=2Eexample?=")}, note: "Per conto di in an encoded word"},
		{file: "return-path", kind: x, write: busta, bend: []bend{field("Return-Path: <" + mario + ">\r\nDelivered-To: " + ufficio)}, note: "as it lies in a mailbox"},
		{file: "mbox-line", kind: x, write: busta, bend: []bend{field("From " + mario + "  Tue Mar  3 09:15:31 2026")}, note: "with the separator line of an mbox"},
	}
}

const longID = "a-very-long-message-id-as-some-clients-write-them-0123456789-0123456789-0123456789-0123456789-0123456789-" +
	"0123456789-0123456789-0123456789-0123456789-0123456789-0123456789-0123456789-0123456789-0123456789"

const longSubject = "Atto di citazione avanti al Tribunale nella causa tra le parti indicate in epigrafe,\r\n" +
	" con istanza di provvisoria esecuzione e contestuale deposito dei documenti da uno a\r\n ventisette, notificato a mezzo posta certificata"
