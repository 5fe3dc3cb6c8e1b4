package pectest

import (
	"crypto"
	"strings"
	"time"

	"github.com/certmail/certmail/envelope"
	"github.com/certmail/certmail/pec"
	"github.com/certmail/certmail/receipt"
)

// oddPartFixtures are oddities of the signed part: its entities, their names,
// types and encodings, and the line ends.
func oddPartFixtures() []fixture {
	acceptance := issue(receipt.FormAcceptance, 0, receipt.Notice{})
	x := pec.KindTransport
	names := func(certification, original string) []habit {
		return []habit{style(func(s *envelope.Style) { s.CertificationName, s.OriginalName = certification, original })}
	}
	const (
		xmlType  = "Content-Type: application/xml; name=\"daticert.xml\""
		xmlNamed = xmlType + "\r\nContent-Disposition: inline; filename=\"daticert.xml\""
		emlType  = "Content-Type: message/rfc822; name=\"postacert.eml\""
		emlNamed = emlType + "\r\nContent-Disposition: inline; filename=\"postacert.eml\""
		octets   = "Content-Type: application/octet-stream; name="
	)
	return []fixture{
		{file: "d09-no-binary", kind: x, write: busta, bend: []bend{signed(signedText("Content-Transfer-Encoding: binary\r\nMIME-Version: 1.0\r\n", ""))},
			note: "D9 the other way round: no Content-Transfer-Encoding and no MIME-Version on the signed multipart"},
		{file: "d10-attachment", kind: x, write: busta, bend: []bend{signed(signedText("inline; filename=\"daticert", "attachment; filename=\"daticert"), signedText("inline; filename=\"postacert", "attachment; filename=\"postacert"))},
			note: "D10: disposition attachment"},
		{file: "d11-name-case", kind: x, habits: names("DatiCert.XML", "PostaCert.EML"), write: busta, note: "D11: names in another case"},
		{file: "d11-encoded-names", kind: x, habits: names("=?utf-8?q?daticert=2Exml?=", "=?utf-8?b?cG9zdGFjZXJ0LmVtbA==?="), write: busta, note: "D11: names in encoded words"},
		{file: "d11-rfc2231-names", kind: x, write: busta, bend: []bend{signed(
			signedText(xmlNamed, "Content-Type: application/xml; name*=utf-8''daticert%2Exml\r\nContent-Disposition: inline; filename*0=dati; filename*1=cert.xml"),
			signedText(emlNamed, "Content-Type: message/rfc822; name*=utf-8'it'postacert%2Eeml\r\nContent-Disposition: inline"))}, note: "D11: names by RFC 2231"},
		{file: "d11-names-in-both-forms", kind: x, write: busta, bend: []bend{signed(signedText(xmlType, xmlType+"; name*=utf-8''daticert.xml"))}, note: "the name in its plain and its extended form"},
		{file: "d11-no-names", kind: x, habits: names("-", "-"), write: busta, note: "D11: no names at all, found by type"},
		{file: "d11-filename-only", kind: x, write: busta, bend: []bend{signed(signedText(xmlType, "Content-Type: application/xml"), signedText(emlType, "Content-Type: message/rfc822"))}, note: "D11: names in the disposition only"},
		{file: "d11-text-xml", kind: x, write: busta, bend: []bend{signed(signedText(xmlNamed, "Content-Type: text/xml; charset=utf-8"))}, note: "D11: text/xml without a name"},
		{file: "d12-original-by-subject", kind: x, habits: names("", "Contratto n. 7.eml"), write: busta, note: "D12: the original under the name of its subject"},
		{file: "d13-octet-stream", kind: x, write: busta, bend: []bend{signed(signedText(xmlType, octets+"\"daticert.xml\""), signedText(emlType, octets+"\"postacert.eml\""))}, note: "D13: both as application/octet-stream"},
		{file: "d13-octet-stream-no-names", kind: pec.KindAcceptance, write: acceptance, bend: []bend{signed(signedText(xmlNamed, "Content-Type: application/octet-stream"))},
			note: "D13: the certification data as application/octet-stream without a name, found by looking inside"},
		{file: "d14-original-base64", kind: x, write: busta, bend: []bend{signed(encodeOriginal)}, note: "D14: the original in base64, which its type does not allow"},
		{file: "d15-other-text", kind: x, write: busta, bend: []bend{signed(signedText("Messaggio di posta certificata\r\n", "-- Messaggio di posta certificata --\r\n\r\nNOTA: consultare https://www.gestore-a.example/guida\r\n\r\n"))},
			note: "D15: the provider's own words; nothing is read from them"},
		{file: "d16-apostrophes", kind: x, write: busta, bend: []bend{signed(signedText("\"Contratto n. 7\" =E8 stato", "\"Contratto n. 7\" e' stato"), signedText("originale =E8 incluso", "originale e' incluso"))},
			note: "D16: e' for è"},
		{file: "d17-html", kind: x, habits: []habit{withHTML}, write: busta, note: "D17: text as multipart/alternative"},
		{file: "d17-html-style", kind: x, habits: []habit{withHTML}, write: busta, bend: []bend{signed(parts(func(p []string) []string {
			p[0] = strings.Replace(p[0], "<body", "<STYLE>p {color: #000}</STYLE><body", 1)
			return p
		}))}, note: "D17: a STYLE block in the HTML"},
		{file: "d17-html-only", kind: pec.KindAcceptance, write: acceptance, bend: []bend{signed(signedText("text/plain; charset=\"iso-8859-1\"", "text/html; charset=\"iso-8859-1\""))}, note: "text in HTML only"},
		{file: "original-first", kind: x, habits: []habit{style(func(s *envelope.Style) { s.OriginalFirst = true })}, write: busta, note: "the original before the certification data"},
		{file: "certification-quoted-printable", kind: x, habits: []habit{style(func(s *envelope.Style) { s.PlainCertification = true })}, write: busta, note: "the certification data in quoted-printable"},
		{file: "extra-part", kind: pec.KindAcceptance, write: acceptance, bend: []bend{signed(add("Content-Type: application/pdf; name=\"condizioni.pdf\"\r\nContent-Transfer-Encoding: base64\r\n\r\nJVBERi0xLjQK\r\n"))},
			note: "a part of the provider's own"},
		{file: "extra-xml", kind: pec.KindAcceptance, write: acceptance, bend: []bend{signed(add("Content-Type: application/xml; name=\"dettagli.xml\"\r\n\r\n<dettagli/>\r\n"))}, note: "another XML of the provider's own"},
		{file: "d36-lf", kind: x, write: busta, bend: []bend{lf}, note: "D36: stored with LF"},
		{file: "d36-lf-receipt", kind: pec.KindDelivery, write: issue(receipt.FormDeliveryComplete, 8*time.Second, receipt.Notice{}), bend: []bend{lf}, note: "D36: stored with LF"},
		{file: "d36-lf-sha1", kind: x, habits: []habit{digest(crypto.SHA1)}, write: busta, bend: []bend{lf}, note: "D36: stored with LF, SHA-1"},
		{file: "d36-mixed", kind: x, write: busta, bend: []bend{lfPart}, note: "D36: LF in the signed part, CR LF around it"},
		{file: "no-final-line-end", kind: x, write: busta, bend: []bend{func(_ *scene, m []byte) ([]byte, error) { return m[:len(m)-2], nil }}, note: "no line end behind the last delimiter"},
		{file: "s07-preamble-text", kind: pec.KindAcceptance, write: acceptance, bend: []bend{anywhere("This is an S/MIME signed message", "Il contratto e' stato firmato.")},
			note: "text before the first part: not signed, reported and shown to nobody"},
		{file: "s07-epilogue-text", kind: pec.KindAcceptance, write: acceptance, bend: []bend{behind("\r\nIl contratto e' stato firmato.\r\n")}, note: "text behind the last part: not signed, reported and shown to nobody"},
		{file: "d35-mailing-list", kind: x, write: busta, bend: []bend{wrapped("multipart/mixed", "Content-Type: text/plain\r\n\r\n-- \r\nlista@gamma.example"), header("Subject: ", "Subject: [lista] ")},
			fails: "signature certification-data original", note: "D35: a list manager wrapped the signed part: nothing at the top is signed any more"},
	}
}

// encodeOriginal writes the original in base64.
func encodeOriginal(_ *scene, m []byte) ([]byte, error) {
	return parts(func(p []string) []string {
		head, body, _ := strings.Cut(p[2], "\r\n\r\n")
		head = strings.Replace(head, "7bit", "base64", 1)
		p[2] = head + "\r\n\r\n" + strings.TrimSuffix(string(base64Lines([]byte(body))), "\r\n")
		return p
	})(nil, m)
}
