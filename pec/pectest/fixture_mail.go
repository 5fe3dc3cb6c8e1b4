package pectest

import (
	"fmt"
	"strings"
	"time"
)

// submission is a mail as a sender's program submits it, with CR LF line ends.
// {id} in its header stands for the name of the story.
type submission struct {
	from   string
	to     []string
	header string
	body   string // the empty line before it included
	at     time.Time
}

// letterhead are the fields that nearly all of them have.
const letterhead = "Received: from pc-rossi (pc-rossi.alfa.example [192.0.2.7]) by smtp.gestore-a.example; Tue, 3 Mar 2026 10:15:30 +0100\r\n" +
	"From: Mario Rossi <" + mario + ">\r\nTo: " + ufficio + "\r\nSubject: Contratto n. 7\r\nMessage-ID: <{id}@pc-rossi.alfa.example>\r\n" +
	"Date: Tue, 03 Mar 2026 10:15:29 +0100\r\nMIME-Version: 1.0\r\n"

const plainBody = "Content-Type: text/plain; charset=us-ascii\r\n\r\nBuongiorno,\r\n\r\nil contratto segue per posta.\r\n\r\nMario Rossi\r\n"

const mixedType = "Content-Type: multipart/mixed; boundary=\"parti\"\r\n"

const mixedBody = "\r\n--parti\r\nContent-Type: text/plain; charset=us-ascii\r\n\r\nIl contratto in allegato.\r\n" +
	"--parti\r\nContent-Type: application/pdf; name=\"contratto.pdf\"\r\nContent-Disposition: attachment; filename=\"contratto.pdf\"\r\n" +
	"Content-Transfer-Encoding: base64\r\n\r\nJVBERi0xLjQKJSBjb250cmF0dG8gZGkgcHJvdmEKJSVFT0YK\r\n--parti--\r\n"

// letter is a mail to the office with other fields.
func letter(header, body string) *submission {
	return &submission{from: mario, to: []string{ufficio}, header: header, body: body}
}

// changed is the plain letter with something replaced in its header.
func changed(oldnew ...string) *submission {
	head, body, _ := strings.Cut(plainBody, "\r\n")
	return letter(strings.NewReplacer(oldnew...).Replace(letterhead)+head+"\r\n", body)
}

// contract goes to the office, to the archive in Cc and to an ordinary mailbox,
// with an attachment.
var contract = submission{
	from: mario, to: []string{ufficio, archivio, info},
	header: strings.Replace(letterhead, "To: "+ufficio+"\r\n", "To: "+ufficio+", "+info+"\r\nCc: "+archivio+"\r\n", 1) + mixedType,
	body:   mixedBody,
}

// to is the contract for one recipient.
func to(address string) *submission {
	return &submission{from: mario, to: []string{address}, header: strings.Replace(letterhead, ufficio, address, 1) + mixedType, body: mixedBody}
}

// everybody is a letter to many.
func everybody(n int) *submission {
	var list []string
	for i := range n {
		list = append(list, fmt.Sprintf("ufficio%02d@pec.beta.example", i+1))
	}
	m := changed(ufficio, strings.Join(list, ",\r\n "))
	m.to = list
	return m
}

// spam is ordinary mail that arrives at a certified mailbox.
var spam = submission{
	from: stranger, to: []string{ufficio},
	header: "Return-Path: <" + stranger + ">\r\nReceived: from gamma.example by mx.gestore-b.example; Tue, 3 Mar 2026 10:15:30 +0100\r\n" +
		"From: Qualcuno <" + stranger + ">\r\nTo: " + ufficio + "\r\nSubject: Buongiorno\r\nMessage-ID: <{id}@gamma.example>\r\n" +
		"Date: Tue, 03 Mar 2026 10:15:29 +0100\r\n",
	body: "\r\nUn messaggio qualunque.\r\n",
}

// service is what a provider writes to its own customer: no certified mail.
var service = submission{
	from: "assistenza@gestore-a.example", to: []string{mario},
	header: "From: Assistenza <assistenza@gestore-a.example>\r\nTo: " + mario + "\r\nSubject: ACCETTAZIONE: la sua casella scade\r\n" +
		"Message-ID: <{id}@gestore-a.example>\r\nDate: Tue, 03 Mar 2026 10:15:29 +0100\r\nMIME-Version: 1.0\r\n",
	body: "Content-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nLa casella =E8 quasi piena.\r\n",
}
