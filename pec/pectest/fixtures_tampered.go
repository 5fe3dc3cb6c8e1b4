package pectest

import (
	"bytes"
	"slices"
	"strings"
	"time"

	"github.com/certmail/certmail/pec"
	"github.com/certmail/certmail/receipt"
)

// What both halves of the tampered fixtures start from.
var (
	goodAcceptance = issue(receipt.FormAcceptance, 0, receipt.Notice{})
	goodDelivery   = issue(receipt.FormDeliveryConcise, 8*time.Second, receipt.Notice{})
	goodComplete   = issue(receipt.FormDeliveryComplete, 8*time.Second, receipt.Notice{})
	goodAnomaly    = anomalyOf(ordinary, "messaggio non firmato")
	goodFailure    = issue(receipt.FormNonDelivery, 11*time.Second, receipt.Notice{Detail: "5.1.1 - Gestore Beta S.r.l. - indirizzo non valido"})
)

// alteredFixtures are signed messages of which something signed was changed
// afterwards, or taken away.
func alteredFixtures() []fixture {
	const x, signature = pec.KindTransport, "signature"
	return []fixture{
		{file: "altered-original", kind: x, write: busta, bend: []bend{signedText("Il contratto in allegato.", "Il contratto non allegato.")}, fails: signature, note: "a word of the original"},
		{file: "altered-original-subject", kind: x, write: busta, bend: []bend{signedText("\r\nSubject: Contratto n. 7", "\r\nSubject: Contratto n. 8")}, fails: signature, note: "the original's subject"},
		{file: "altered-attachment", kind: pec.KindDelivery, write: goodComplete, bend: []bend{signedText("JVBERi0xLjQK", "JVBERi0xLjUK")}, fails: signature, note: "a byte of the attachment"},
		{file: "altered-text", kind: pec.KindAcceptance, write: goodAcceptance, bend: []bend{signedText("Ricevuta di accettazione", "Ricevuta di consegna")}, fails: signature, note: "the readable text"},
		{file: "altered-daticert-sender", kind: pec.KindDelivery, write: goodDelivery, bend: []bend{data("<mittente>"+mario, "<mittente>"+direttor)}, fails: signature, note: "mittente"},
		{file: "altered-daticert-type", kind: pec.KindNonDelivery, write: goodFailure, bend: []bend{data(`tipo="errore-consegna"`, `tipo="avvenuta-consegna"`)}, fails: "signature headers", note: "tipo: a failure made a delivery"},
		{file: "altered-daticert-time", kind: pec.KindDelivery, write: goodDelivery, bend: []bend{data("<giorno>03/03/2026", "<giorno>28/02/2026")}, fails: signature, note: "giorno: delivered before the term"},
		{file: "altered-daticert-recipient", kind: pec.KindDelivery, write: goodDelivery, bend: []bend{data("<consegna>"+ufficio, "<consegna>"+archivio)}, fails: signature, note: "consegna"},
		{file: "altered-part-header", kind: pec.KindAcceptance, write: goodAcceptance, bend: []bend{signedText("filename=\"daticert.xml\"", "filename=\"daticert.txt\"")}, fails: signature, note: "a header of a signed part"},
		{file: "altered-blank", kind: pec.KindAcceptance, write: goodAcceptance, bend: []bend{signedText("Content-Transfer-Encoding: binary\r\n", "Content-Transfer-Encoding: binary \r\n")}, fails: signature, note: "a blank at the end of a line"},
		{file: "altered-base64-wrap", kind: pec.KindAcceptance, write: goodAcceptance, bend: []bend{rewrapped(func(doc string) (string, error) { return doc, nil })}, fails: signature, note: "daticert.xml is the same, wrapped at another column"},
		{file: "altered-line-end-more", kind: pec.KindAcceptance, write: goodAcceptance, bend: []bend{inSigned(func(e string) (string, error) { return e + "\r\n", nil })}, fails: signature, note: "an empty line more at the end of the signed part"},
		{file: "part-removed", kind: x, write: busta, bend: []bend{without(2)}, fails: "signature original", note: "the original removed"},
		{file: "part-added", kind: pec.KindAcceptance, write: goodAcceptance, bend: []bend{add("Content-Type: text/plain\r\n\r\nAggiunto dopo.\r\n")}, fails: signature, note: "a part added to the signed ones"},
		{file: "parts-swapped", kind: x, write: busta, bend: []bend{parts(func(p []string) []string { p[1], p[2] = p[2], p[1]; return p })}, fails: signature, note: "certification data and original exchanged"},
		{file: "truncated-in-original", kind: x, write: busta, bend: []bend{cutAt("JVBERi0xLjQK")}, fails: "signature certification-data original", note: "cut in the middle of the original"},
		{file: "truncated-before-signature", kind: x, write: busta, bend: []bend{cutAt("Content-Type: application/x-pkcs7-signature")}, fails: signature, note: "cut before the signature part"},
		{file: "truncated-in-signature", kind: x, write: busta, bend: []bend{cutLines(8)}, fails: signature, note: "cut in the middle of the signature"},
		{file: "truncated-header", kind: pec.KindDelivery, write: goodDelivery, bend: []bend{cutAt("MIME-Version: 1.0\r\nContent-Type: multipart/signed")}, fails: "signature certification-data", note: "cut in the header"},
	}
}

// cutLines cuts the message some lines before its end.
func cutLines(n int) bend {
	return func(_ *scene, m []byte) ([]byte, error) {
		lines := bytes.SplitAfter(m, []byte("\n"))
		return bytes.Join(lines[:len(lines)-n], nil), nil
	}
}

// forgedHeaderFixtures are messages with a good signature and an outer header,
// which nobody signs, that says something else. S and a number stand for the
// catalogue of attacks that we keep.
func forgedHeaderFixtures() []fixture {
	const (
		headers, address, both = "headers", "signer-address", "signer-address headers"
		x, d                   = pec.KindTransport, pec.KindDelivery
		behalf                 = `"Per conto di: ` + mario + `"`
		from                   = "From: " + betaMailbox
	)
	return []fixture{
		{file: "s04-from", kind: d, write: goodDelivery, bend: []bend{header(from, "From: posta-certificata@gestore-c.example")}, fails: address, note: "S4: From of another provider"},
		{file: "s04-from-sender", kind: x, write: busta, bend: []bend{header("<"+alfaMailbox+">", "<"+mario+">")}, fails: address, note: "S4: From of the sender himself"},
		{file: "s05-display-name", kind: x, write: busta, bend: []bend{header(behalf, `"Per conto di: `+direttor+`"`)}, fails: headers, note: "S5: the display name speaks for somebody else than mittente"},
		{file: "s05-display-name-encoded", kind: x, write: busta, bend: []bend{header(behalf, "=?utf-8?q?Per_conto_di=3A_direttore=40pec=2Ebanca=2Eexample?=")}, fails: headers, note: "S5: the same in an encoded word"},
		{file: "s11-type", kind: d, write: goodFailure, bend: []bend{header("X-Ricevuta: errore-consegna", "X-Ricevuta: avvenuta-consegna")}, fails: headers, note: "S11: a failure passed off as a delivery"},
		{file: "s11-envelope-as-receipt", kind: d, write: busta, bend: []bend{header("X-Trasporto: posta-certificata", "X-Ricevuta: avvenuta-consegna")}, fails: headers, note: "S11: an envelope passed off as a receipt"},
		{file: "s11-receipt-as-envelope", kind: x, write: goodDelivery, bend: []bend{header("X-Ricevuta: avvenuta-consegna", "X-Trasporto: posta-certificata")}, fails: "headers original", note: "S11: a receipt passed off as an envelope"},
		{file: "s11-receipt-as-anomaly", kind: pec.KindAnomaly, write: goodComplete, bend: []bend{header("X-Ricevuta: avvenuta-consegna", "X-Trasporto: errore")}, fails: "certification-data", note: "S11: a receipt passed off as an anomaly envelope: that one has no certification data"},
		{file: "s11-anomaly-as-envelope", mail: &spam, kind: x, write: goodAnomaly, bend: []bend{header("X-Trasporto: errore", "X-Trasporto: posta-certificata")}, fails: "certification-data", note: "S11: an anomaly envelope, which certifies nothing, passed off as a transport envelope"},
		{file: "s11-virus", kind: pec.KindNonDelivery, write: goodFailure, bend: []bend{lastField("X-VerificaSicurezza: errore")}, fails: headers, note: "S11: X-VerificaSicurezza where errore names no virus"},
		{file: "s11-conflicting-markers", kind: x, write: busta, bend: []bend{field("X-Ricevuta: avvenuta-consegna")}, fails: headers, note: "S11: both markers"},
		{file: "s12-reference", kind: d, write: goodDelivery, bend: []bend{replaceField("X-Riferimento-Message-ID", "X-Riferimento-Message-ID: <altro@pc-rossi.alfa.example>\r\n")}, fails: headers, note: "S12: X-Riferimento-Message-ID is not msgid"},
		{file: "s12-identifier", kind: x, write: busta, bend: []bend{replaceField("Message-ID", "Message-ID: <pec1.20260303101530.99999.1@gestore-a.example>\r\n")}, fails: headers, note: "the envelope's Message-ID is not identificativo"},
		{file: "s13-two-from", kind: d, write: goodDelivery, bend: []bend{field("From: " + direttor)}, fails: both, note: "S13: two From fields, the forged one first"},
		{file: "s13-two-from-last", kind: d, write: goodDelivery, bend: []bend{lastField("from : " + direttor)}, fails: both, note: "S13: two From fields, the forged one last and spelled otherwise"},
		{file: "s13-two-subjects", kind: d, write: goodDelivery, bend: []bend{field("Subject: CONSEGNA: altro")}, fails: headers, note: "S13: two Subject fields"},
		{file: "s13-two-markers", kind: pec.KindUnknown, write: goodFailure, bend: []bend{field("X-Ricevuta: avvenuta-consegna")}, fails: headers, note: "S13: two X-Ricevuta that differ"},
		{file: "s13-two-references", kind: d, write: goodDelivery, bend: []bend{field("X-Riferimento-Message-ID: <altro@pc-rossi.alfa.example>")}, fails: headers, note: "S13: two X-Riferimento-Message-ID"},
		{file: "s13-two-content-types", kind: d, write: goodDelivery, bend: []bend{field("Content-Type: multipart/mixed; boundary=altro")}, fails: "signature certification-data headers", note: "S13: two Content-Type fields: no structure is followed"},
		{file: "s14-two-boundaries", kind: d, write: goodDelivery, bend: []bend{header("multipart/signed; ", "multipart/signed; boundary=altro; ")}, fails: "signature certification-data headers", note: "S14: two boundary parameters"},
		{file: "s14-extended-boundary", kind: d, write: goodDelivery, bend: []bend{header("multipart/signed; ", "multipart/signed; boundary*=us-ascii''altro; ")}, fails: "signature certification-data headers", note: "S14: a second boundary by RFC 2231"},
		{file: "s25-look-alike", kind: d, write: goodDelivery, bend: []bend{header(from, "From: posta-certificata@gestore-8.example")}, fails: address, note: "S25: a domain that looks alike"},
		{file: "s25-trailing-dot", kind: d, write: goodDelivery, bend: []bend{header(from, from+".")}, fails: address, note: "S25: a domain with a dot at the end"},
		{file: "s25-cyrillic", kind: d, write: goodDelivery, bend: []bend{header(from, "From: posta-certificata@gestоre-b.example")}, fails: address, note: "S25: a Cyrillic o"},
		{file: "s25-subdomain", kind: d, write: goodDelivery, bend: []bend{header(from, from+".evil.test")}, fails: address, note: "S25: the right domain at the beginning of another"},
		{file: "s26-encoded-word", kind: d, write: goodDelivery, bend: []bend{header(from, "From: =?utf-8?q?posta-certificata=40gestore-b=2Eexample?= <x@evil.test>")}, fails: address, note: "S26: the provider's address in the display name only"},
		{file: "s26-quoted-address", kind: d, write: goodDelivery, bend: []bend{header(from, `From: "`+betaMailbox+`" <x@evil.test>`)}, fails: address, note: "S26: the same, quoted"},
		{file: "s26-comment", kind: d, write: goodDelivery, bend: []bend{header(from, "From: x@evil.test ("+betaMailbox+")")}, fails: address, note: "S26: the same in a comment"},
		{file: "s27-two-addresses", kind: d, write: goodDelivery, bend: []bend{header(from, from+", x@evil.test")}, fails: address, note: "S27: two addresses in From"},
		{file: "s27-group", kind: d, write: goodDelivery, bend: []bend{header(from, "From: Gestore: "+betaMailbox+";")}, fails: address, note: "S27: a group in From"},
		{file: "s27-nul", kind: d, write: goodDelivery, bend: []bend{header(from, from+"\x00@evil.test")}, fails: address, note: "S27: a NUL in From"},
		{file: "s27-no-from", kind: d, write: goodDelivery, bend: []bend{drop("From")}, fails: address, note: "S27: no From at all"},
		{file: "s28-cr-hides-marker", kind: pec.KindNonDelivery, write: goodFailure, bend: []bend{field("X-A: a\rX-Ricevuta: avvenuta-consegna\rX-B: b")}, note: "S28: a marker behind a lone CR, where some readers see it: reported, and not read"},
	}
}

// forgedFormFixtures are messages whose form is not that of certified mail.
func forgedFormFixtures() []fixture {
	const (
		x, d    = pec.KindTransport, pec.KindDelivery
		nothing = "signature certification-data"
		text    = "Content-Type: text/plain\r\n\r\nHo ricevuto il contratto firmato.\r\n"
	)
	part := func(where func(first, last []byte) (before []byte)) bend { return extraPart(where, text) }
	return []fixture{
		{file: "s01-unsigned-receipt", kind: d, write: goodDelivery, bend: []bend{unsigned}, fails: nothing, note: "S1: a receipt that nobody signed"},
		{file: "s01-unsigned-envelope", kind: x, write: busta, bend: []bend{unsigned}, fails: nothing + " original", note: "S1: an envelope that nobody signed"},
		{file: "s01-unsigned-no-marker", kind: pec.KindOrdinary, write: goodDelivery, bend: []bend{unsigned, drop("X-Ricevuta")}, note: "S1: the same without the marker is ordinary mail"},
		{file: "s01-header-only", kind: d, mail: &spam, write: ordinary, bend: []bend{field("X-Ricevuta: avvenuta-consegna")}, fails: nothing, note: "S1: ordinary mail with a marker"},
		{file: "s01-no-signature-part", kind: d, write: goodDelivery, bend: []bend{anywhere("Content-Type: application/x-pkcs7-signature; name=\"smime.p7s\"", "Content-Type: text/plain"), p7sText(func(string) string { return "ZmlybWF0bw==" })}, fails: "signature", note: "S1: the second part is no signature"},
		{file: "s06-wrapped", kind: d, write: goodDelivery, bend: []bend{wrapped("multipart/mixed", text)}, fails: nothing, note: "S6: a genuine receipt in a larger multipart with other text"},
		{file: "s06-wrapped-alternative", kind: d, write: goodDelivery, bend: []bend{wrapped("multipart/alternative", text)}, fails: nothing, note: "S6: a genuine receipt as an alternative"},
		{file: "s08-attached-under-marker", kind: d, write: goodDelivery, bend: []bend{attached, field("X-Ricevuta: avvenuta-consegna")}, fails: nothing, note: "S8: a genuine receipt attached to what claims to be one"},
		{file: "s09-forged-receipt-inside", kind: x, write: transportOf(bent(goodComplete, unsigned)), note: "S9: a genuine envelope around a forged receipt: what it carries is content"},
		{file: "s07-part-before", kind: d, write: goodDelivery, bend: []bend{part(func(first, _ []byte) []byte { return first })}, fails: nothing, note: "S7: three parts, the new one first"},
		{file: "s07-part-between", kind: d, write: goodDelivery, bend: []bend{part(func(_, last []byte) []byte { return last })}, fails: nothing, note: "S7: three parts, the new one in the middle"},
		{file: "s07-part-behind", kind: d, write: goodDelivery, bend: []bend{partBehind(text)}, fails: nothing, note: "S7: three parts, the new one last"},
		{file: "s16-opaque", kind: pec.KindAcceptance, write: goodAcceptance, bend: []bend{opaque}, fails: nothing, note: "S16: application/pkcs7-mime is no form of certified mail"},
		{file: "s32-signed-twice", kind: d, write: goodDelivery, bend: []bend{signedTwice, header(betaMailbox, alfaMailbox)}, fails: "certification-data", note: "S32: a relay signed what a provider had signed: it certifies nothing itself"},
		{file: "envelope-without-original", kind: x, write: busta, bend: []bend{signed(without(2))}, fails: "original", note: "a transport envelope without the original"},
		{file: "envelope-with-two-originals", kind: x, write: busta, bend: []bend{signed(again(2))}, fails: "original", note: "two originals, which one is meant cannot be told"},
		{file: "anomaly-without-original", mail: &spam, kind: pec.KindAnomaly, write: goodAnomaly, bend: []bend{signed(without(1))}, fails: "original", note: "an anomaly envelope with nothing in it"},
		{file: "anomaly-with-data", kind: pec.KindAnomaly, write: busta, bend: []bend{header("X-Trasporto: posta-certificata", "X-Trasporto: errore")}, fails: "certification-data", note: "an anomaly envelope with certification data"},
		{file: "receipt-with-original", kind: pec.KindTakeCharge, write: issue(receipt.FormTakeCharge, 5*time.Second, receipt.Notice{}), bend: []bend{signed(add("Content-Type: message/rfc822; name=\"postacert.eml\"\r\n\r\nFrom: " + mario + "\r\n\r\nciao\r\n"))},
			note: "a receipt with an original that its kind must not carry: a finding, no failure"},
	}
}

// extraPart puts a part before the first or before the last of the two.
func extraPart(where func(first, last []byte) []byte, part string) bend {
	return func(_ *scene, m []byte) ([]byte, error) {
		e, err := openSigned(m)
		if err != nil {
			return nil, err
		}
		before := where(m[e.Signed.Entity.Start:], m[e.SignaturePart.Entity.Start:])
		at := len(m) - len(before)
		return slices.Concat(m[:at], []byte(part+"\r\n--"+e.Root.Type.Param("boundary")+"\r\n"), m[at:]), nil
	}
}

func partBehind(part string) bend {
	return func(_ *scene, m []byte) ([]byte, error) {
		e, err := openSigned(m)
		if err != nil {
			return nil, err
		}
		end := "--" + e.Root.Type.Param("boundary")
		text, err := once(string(m), end+"--", end+"\r\n"+part+end+"--")
		return []byte(text), err
	}
}

// opaque turns the detached signature into an opaque message, as if the
// content stood inside.
func opaque(_ *scene, m []byte) ([]byte, error) {
	der, err := p7sOf(m)
	if err != nil {
		return nil, err
	}
	head, _, _ := strings.Cut(string(m), "MIME-Version: ")
	return []byte(head + "MIME-Version: 1.0\r\nContent-Type: application/pkcs7-mime; smime-type=signed-data; name=smime.p7m\r\n" +
		"Content-Transfer-Encoding: base64\r\n\r\n" + string(base64Lines(der))), nil
}
