package rem

import (
	"fmt"
	"html"
	"strings"
	"time"

	"github.com/certmail/certmail/internal/usertext"
	"github.com/certmail/certmail/rem/evidence"
)

// Prefixes of Subject (EN 319 532-3 table 3; REM-Policy-IT 1.2).
const (
	prefixDispatch = "REM Dispatch: "
	prefixExternal = "EXTERNAL: "
)

// wording is what the introduction of a message says about its event, in
// Italian and English.
type wording struct {
	event    evidence.Event // empty: any other
	it, en   string         // title
	itText   string
	enText   string
	toPeople bool // it is about the recipients it speaks for, not about all
}

// wordings is the table of texts, in the order of EN 319 522-1 §6.
var wordings = [...]wording{
	{evidence.SubmissionAcceptance, "Ricevuta di accettazione", "Submission acceptance receipt",
		"Il messaggio è stato accettato dal servizio del mittente.", "The message was accepted by the sender's service.", false},
	{evidence.SubmissionRejection, "Avviso di non accettazione", "Submission rejection receipt",
		"Il messaggio non è stato accettato e non sarà inviato.", "The message was not accepted and will not be sent.", false},
	{evidence.RelayAcceptance, "Ricevuta di presa in carico", "Relay acceptance receipt",
		"Il messaggio è stato preso in carico dal servizio dei destinatari.", "The message was taken in charge by the recipients' service.", true},
	{evidence.RelayRejection, "Avviso di rifiuto tra servizi", "Relay rejection receipt",
		"Il servizio dei destinatari ha rifiutato il messaggio.", "The recipients' service refused the message.", true},
	{evidence.RelayFailure, "Avviso di mancata trasmissione", "Relay failure receipt",
		"Il messaggio non è stato trasmesso al servizio dei destinatari.", "The message was not relayed to the recipients' service.", true},
	{evidence.ContentConsignment, "Ricevuta di avvenuta consegna", "Content consignment receipt",
		"Il messaggio è stato messo a disposizione del destinatario.", "The message was made available to the recipient.", true},
	{evidence.ContentConsignmentFailure, "Avviso di mancata consegna", "Content consignment failure receipt",
		"Il messaggio non è stato consegnato al destinatario.", "The message was not consigned to the recipient.", true},
	{evidence.ContentHandover, "Ricevuta di ritiro", "Content handover receipt",
		"Il messaggio è stato ritirato dal destinatario.", "The message was handed over to the recipient.", true},
	{evidence.ContentHandoverFailure, "Avviso di mancato ritiro", "Content handover failure receipt",
		"Il messaggio non è stato ritirato dal destinatario.", "The message was not handed over to the recipient.", true},
	{evidence.RelayToNonERDS, "Ricevuta di inoltro alla posta ordinaria", "Receipt of relay to ordinary mail",
		"Il messaggio è stato inoltrato a un sistema di posta ordinaria.", "The message was relayed to a system of ordinary mail.", true},
	{evidence.RelayToNonERDSFailure, "Avviso di mancato inoltro alla posta ordinaria", "Receipt of failed relay to ordinary mail",
		"Il messaggio non è stato inoltrato al sistema di posta ordinaria.", "The message was not relayed to the system of ordinary mail.", true},
	{"", "Ricevuta REM", "REM receipt", "L'allegato contiene un'evidenza del servizio.", "The attachment contains evidence of the service.", true},
}

func wordingOf(e evidence.Event) *wording {
	for i := range wordings {
		if wordings[i].event == e {
			return &wordings[i]
		}
	}
	return &wordings[len(wordings)-1]
}

// introduction is what the readable part of a message says: the same in text
// and HTML, Italian first, then English (EN 319 532-3 §6.2.3; REM-Policy-IT
// 1.2). It is information for people: the evidence decides.
type introduction struct {
	kind       Kind
	external   bool // inflow from ordinary mail
	provider   string
	time       time.Time
	subject    string
	sender     string
	recipients []string
	concerned  []int // recipient numbers that the evidence speaks for
	event      evidence.Event
	reasons    []evidence.Reason
	identifier string
	files      []string // names of the evidence parts
	location   string   // of a notification
	rewritten  bool     // the original's Message-ID was replaced
}

// line is a paragraph in one language: a label and its value, or a sentence.
type line struct {
	label, value string
	address      bool // value is an address
	link         bool // value is a URL
}

// lines are the paragraphs behind a title.
func (in *introduction) lines(italian bool) (title string, all []line) {
	say := func(it, en string) string {
		if italian {
			return it
		}
		return en
	}
	sentence := func(it, en string) { all = append(all, line{value: say(it, en)}) }
	label := func(it, en, value string, l line) {
		if value != "" {
			l.label, l.value = say(it, en), usertext.Certifiable(usertext.Line(value))
			all = append(all, l)
		}
	}
	w := wordingOf(in.event)
	switch {
	case in.external:
		title = say("Messaggio da posta ordinaria", "Message from ordinary mail")
		sentence("Il messaggio allegato proviene dalla posta ordinaria: il mittente non è certificato.",
			"The attached message comes from ordinary mail: its sender is not certified.")
	case in.kind == KindDispatch || in.kind == KindPayload:
		title = say("Messaggio REM", "REM message")
		sentence("Il messaggio originale è allegato.", "The original message is attached.")
	case in.kind == KindNotification:
		title = say("Avviso di messaggio in attesa", "Notification of a waiting message")
		sentence("Un messaggio attende di essere accettato o rifiutato.", "A message waits to be accepted or refused.")
	default:
		title = say(w.it, w.en)
		sentence(w.itText, w.enText)
	}
	label("Servizio", "Service", in.provider, line{})
	label("Giorno", "Day", in.time.Format("02-01-2006"), line{})
	label("Ora", "Hour", in.time.Format("15:04:05 (-0700)"), line{})
	label("Oggetto", "Subject", in.subject, line{})
	label("Mittente", "Sender", in.sender, line{address: true})
	for i, r := range in.recipients {
		label(fmt.Sprint("Destinatario ", i+1), fmt.Sprint("Recipient ", i+1), r, line{address: true})
	}
	if w.toPeople && len(in.concerned) > 0 && in.kind == KindReceipt {
		for _, n := range in.concerned {
			label(fmt.Sprint("Riguarda il destinatario ", n), fmt.Sprint("About recipient ", n), in.recipients[n-1], line{address: true})
		}
	}
	for _, r := range in.reasons {
		label("Motivo", "Reason", strings.TrimSpace(r.Code()+" "+r.Text()), line{})
	}
	label("Identificativo del messaggio", "Message identifier", in.identifier, line{})
	label("Accettare o rifiutare", "Accept or refuse", in.location, line{link: true})
	for _, name := range in.files {
		label("Evidenza allegata", "Attached evidence", name, line{})
	}
	if in.rewritten {
		sentence("Nell'intestazione del messaggio originale il Message-ID è stato sostituito con l'identificativo; quello del mittente è in REM-UAMessageIdentifier.",
			"In the header of the original message the Message-ID was replaced by the identifier; the sender's own is in REM-UAMessageIdentifier.")
	}
	return title, all
}

// text is the plain text.
func (in *introduction) text() string {
	var b strings.Builder
	for i, italian := range [...]bool{true, false} {
		if i > 0 {
			b.WriteString("\n----------------------------------------\n\n")
		}
		title, lines := in.lines(italian)
		b.WriteString(title + "\n\n")
		for _, l := range lines {
			if l.label != "" {
				b.WriteString(l.label + ": ")
			}
			b.WriteString(l.value + "\n")
		}
	}
	return b.String()
}

// html says the same. Nothing in it is active, and the text of each link is
// where it leads.
func (in *introduction) html() string {
	var b strings.Builder
	b.WriteString("<!DOCTYPE html>\n<html><head><meta charset=\"UTF-8\"><title>REM</title></head><body>\n")
	for i, italian := range [...]bool{true, false} {
		if i > 0 {
			b.WriteString("<hr>\n")
		}
		title, lines := in.lines(italian)
		fmt.Fprintf(&b, "<div lang=%q>\n<h1>%s</h1>\n", [...]string{"it", "en"}[i], html.EscapeString(title))
		for _, l := range lines {
			value := html.EscapeString(l.value)
			switch {
			case l.address && faultyAddress(l.value) == "":
				value = `<a href="mailto:` + value + `">` + value + "</a>"
			case l.link:
				value = `<a href="` + value + `">` + value + "</a>"
			}
			if l.label != "" {
				value = "<b>" + html.EscapeString(l.label) + ":</b> " + value
			}
			b.WriteString("<p>" + value + "</p>\n")
		}
		b.WriteString("</div>\n")
	}
	b.WriteString("</body></html>\n")
	return b.String()
}
