package pectest

import (
	"crypto"
	"strings"
	"time"

	"github.com/certmail/certmail/pec"
	"github.com/certmail/certmail/receipt"
)

// oddOriginalFixtures are messages about originals that are not plain letters.
func oddOriginalFixtures() []fixture {
	brief := issue(receipt.FormDeliveryBrief, 8*time.Second, receipt.Notice{})
	briefly := func(o receipt.BriefOptions) writer {
		return issue(receipt.FormDeliveryBrief, 8*time.Second, receipt.Notice{Brief: &o})
	}
	acceptance := issue(receipt.FormAcceptance, 0, receipt.Notice{})
	x, delivery := pec.KindTransport, pec.KindDelivery
	const typeText = "Content-Type: text/plain; charset=us-ascii"
	return []fixture{
		{file: "no-message-id", mail: changed("Message-ID: <{id}@pc-rossi.alfa.example>\r\n", ""), kind: x, write: busta, note: "the client set no Message-ID: neither X-Riferimento-Message-ID nor msgid"},
		{file: "no-message-id-receipt", mail: changed("Message-ID: <{id}@pc-rossi.alfa.example>\r\n", ""), kind: pec.KindAcceptance, write: acceptance, note: "the same in a receipt"},
		{file: "no-subject", mail: changed("Subject: Contratto n. 7\r\n", ""), kind: x, write: busta, note: "no subject, no oggetto"},
		{file: "no-subject-receipt", mail: changed("Subject: Contratto n. 7\r\n", ""), kind: pec.KindAcceptance, write: acceptance, note: "the same in a receipt"},
		{file: "empty-subject", mail: changed("Subject: Contratto n. 7", "Subject: "), kind: x, write: busta, note: "an empty subject"},
		{file: "recipients-60", mail: everybody(60), kind: pec.KindAcceptance, write: acceptance, note: "sixty recipients"},
		{file: "recipients-60-envelope", mail: everybody(60), kind: x, write: busta, note: "sixty recipients"},
		{file: "external-only", mail: to(info), kind: x, write: busta, note: "a transport envelope to ordinary mail only"},
		{file: "eight-bit-original", mail: letter(letterhead+typeUTF8, "Content-Transfer-Encoding: 8bit\r\n\r\nPerché è così.\r\n"), kind: x, write: busta, note: "an original in 8 bits, signed as it is"},
		{file: "eight-bit-original-receipt", mail: letter(letterhead+typeUTF8, "Content-Transfer-Encoding: 8bit\r\n\r\nPerché è così.\r\n"), kind: delivery,
			write: issue(receipt.FormDeliveryComplete, 8*time.Second, receipt.Notice{}), note: "the same in a delivery receipt"},
		{file: "latin-1-original", mail: letter(letterhead+"Content-Type: text/plain; charset=iso-8859-1\r\n", "Content-Transfer-Encoding: quoted-printable\r\n\r\nPerch=E9 =E8 cos=EC.\r\n"), kind: x, write: busta, note: "an original in ISO-8859-1"},
		{file: "empty-original", mail: letter(letterhead+typeText+"\r\n", "\r\n"), kind: x, write: busta, note: "an original with an empty body"},
		{file: "no-body", mail: letter(letterhead+typeText+"\r\n", ""), kind: x, write: busta, note: "an original that ends with its header"},
		{file: "no-line-end", mail: letter(letterhead+typeText+"\r\n", "\r\nsenza a capo"), kind: x, write: busta, note: "an original without a line end at the end"},
		{file: "lf-original", mail: letter(strings.ReplaceAll(letterhead+typeText+"\r\n", "\r\n", "\n"), "\nciao\nciao\n"), kind: x, write: busta, note: "submitted with LF, carried with CR LF"},
		{file: "long-lines", mail: letter(letterhead+typeText+"\r\n", "\r\n"+strings.Repeat("riga lunga ", 500)+"\r\n"), kind: x, write: busta, note: "a line of 5500 characters"},
		{file: "dash-lines", mail: letter(letterhead+typeText+"\r\n", "\r\n--\r\n--parti\r\n------=_falso\r\n-- \r\nMario\r\n.\r\nFrom mario\r\n"), kind: x, write: busta, note: "lines that look like delimiters and separators"},
		{file: "d19-provider-headers", mail: changed("MIME-Version", "X-Gestore-Details: in=1\r\nDKIM-Signature: v=1; a=rsa-sha256; d=alfa.example;\r\n\tb=AAAA\r\nMIME-Version"), kind: x, write: busta, note: "D19: fields that the provider added to the original"},
		{file: "hostile-file-names", mail: attachments("../../etc/passwd", "/tmp/x.pdf", `C:\x.pdf`, "a\\..\\b.pdf", "=?utf-8?b?Li4vLi4veC5wZGY=?=", ".", "con.pdf", "a.pdf", "a.pdf"), kind: x, write: busta, note: "attachments whose names lead elsewhere"},
		{file: "nested-multiparts", mail: letter(letterhead, nestedBody), kind: x, write: busta, note: "alternative in related in mixed, with an attached message"},
		{file: "brief-nested", mail: letter(letterhead, nestedBody), asks: "", kind: delivery, write: brief, note: "brief receipt: an embedded message becomes one digest"},
		{file: "brief-opaque", mail: letter(letterhead, opaqueBody), kind: delivery, write: brief, note: "brief receipt: an opaque S/MIME original cannot be shortened"},
		{file: "brief-signed", mail: letter(letterhead, signedBody), kind: delivery, write: brief, note: "brief receipt: of a signed original only the first part is shortened"},
		{file: "brief-sha256", kind: delivery, write: briefly(receipt.BriefOptions{Hash: crypto.SHA256}), note: "brief receipt with SHA-256 digests"},
		{file: "brief-decoded", kind: delivery, write: briefly(receipt.BriefOptions{Input: receipt.InputDecoded}), note: "brief receipt with digests of the decoded files"},
		{file: "brief-upper-case", kind: delivery, write: briefly(receipt.BriefOptions{UpperCase: true}), note: "brief receipt with digests in upper case"},
		{file: "sdi", mail: changed("Contratto n. 7", "Ricevuta di consegna 5929283", "{id}@pc-rossi.alfa.example", "{id}@sdi.alfa.example"), asks: "breve", kind: x, write: busta, note: "an answer of the exchange system for invoices: not a PEC receipt, though its subject says so"},
		{file: "s08-receipt-forwarded-by-pec", kind: x, write: transportOf(bent(acceptance, attached)), note: "a receipt attached to a certified message is content"},
		{file: "s08-receipt-sent-by-pec", kind: x, write: transportOf(issue(receipt.FormDeliveryComplete, 8*time.Second, receipt.Notice{})), note: "a receipt sent as a certified message is content"},
	}
}

const typeUTF8 = "Content-Type: text/plain; charset=utf-8\r\n"

// attachments is a letter with files of the names.
func attachments(names ...string) *submission {
	body := "\r\n--parti\r\nContent-Type: text/plain\r\n\r\nIn allegato.\r\n"
	for _, n := range names {
		quoted := `"` + strings.ReplaceAll(n, `\`, `\\`) + `"`
		body += "--parti\r\nContent-Type: application/pdf; name=" + quoted + "\r\nContent-Disposition: attachment; filename=" + quoted +
			"\r\nContent-Transfer-Encoding: base64\r\n\r\nJVBERi0xLjQK\r\n"
	}
	return letter(letterhead+mixedType, body+"--parti--\r\n")
}

const nestedBody = "Content-Type: multipart/mixed; boundary=uno\r\n\r\n--uno\r\nContent-Type: multipart/related; boundary=due\r\n\r\n" +
	"--due\r\nContent-Type: multipart/alternative; boundary=tre\r\n\r\n--tre\r\nContent-Type: text/plain\r\n\r\nciao\r\n" +
	"--tre\r\nContent-Type: text/html\r\n\r\n<p>ciao</p>\r\n--tre--\r\n--due\r\nContent-Type: image/png; name=logo.png\r\n" +
	"Content-ID: <logo@pc-rossi.alfa.example>\r\nContent-Transfer-Encoding: base64\r\n\r\niVBORw0KGgo=\r\n--due--\r\n" +
	"--uno\r\nContent-Type: message/rfc822\r\n\r\nFrom: qualcuno@gamma.example\r\nSubject: prima\r\n\r\nuna mail di prima\r\n--uno--\r\n"

// opaqueBody and signedBody only look like S/MIME: nobody verifies what the
// author signed.
const opaqueBody = "Content-Type: application/pkcs7-mime; smime-type=signed-data; name=smime.p7m\r\nContent-Disposition: attachment; filename=smime.p7m\r\n" +
	"Content-Transfer-Encoding: base64\r\n\r\nMIAGCSqGSIb3DQEHAqCAMIACAQExADCABgkqhkiG9w0BBwEAADEAAAAAAAAA\r\n"

const signedBody = "Content-Type: multipart/signed; protocol=\"application/pkcs7-signature\"; micalg=sha-256; boundary=firma\r\n\r\n" +
	"--firma\r\nContent-Type: multipart/mixed; boundary=dentro\r\n\r\n--dentro\r\nContent-Type: text/plain\r\n\r\nciao\r\n" +
	"--dentro\r\nContent-Type: application/pdf; name=contratto.pdf\r\nContent-Transfer-Encoding: base64\r\n\r\nJVBERi0xLjQK\r\n--dentro--\r\n" +
	"--firma\r\nContent-Type: application/pkcs7-signature; name=smime.p7s\r\nContent-Transfer-Encoding: base64\r\n\r\nMIAGCSqGSIb3DQEHAqCAMIACAQExADCABgkqhkiG9w0BBwEAADEAAAAAAAAA\r\n--firma--\r\n"
