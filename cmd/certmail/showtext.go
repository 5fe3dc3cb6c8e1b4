package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/certmail/certmail/pec"
)

// unreadable says which message could not be read, and why.
func unreadable(in *input) error {
	return errors.New(title(in.name) + ": cannot be read: " + in.err.Error())
}

// showText writes a message for people.
func (a *app) showText(s *shown) {
	p := a.page()
	p.line(p.paint(bold, title(s.File)))
	p.line("  ", s.title())
	certified := s.System != string(pec.SystemMail)
	date, to := "Date", "To (destinatari)"
	if certified {
		date = "Time of the event (data)"
	}
	p.row("Provider (gestore)", s.Provider)
	p.row(date, forPeople(s.Time))
	p.row("From (mittente)", s.Sender)
	for i, r := range s.Recipients {
		if i > 0 {
			to = ""
		}
		text := r.Address
		if r.Type != "" {
			text += " (" + r.Type + ")"
		}
		p.line("  ", p.paint(dim, pad(to, nameWidth)), " ", plain(text))
	}
	p.row("About the recipient (consegna)", s.Recipient)
	p.row("Subject (oggetto)", s.Subject)
	p.evidenceRows(s.Events)
	p.row("Form of receipt (ricevuta)", s.ReceiptType)
	if s.Error != nil {
		p.row("Error (errore)", s.Error.Value)
		p.row("Reason (errore-esteso)", s.Error.String())
	}
	p.row("Identifier (identificativo)", s.Identifier)
	p.row("Message-ID", s.MessageID)
	p.row("Speaks of Message-ID (msgid)", s.RefMessageID)
	a.showOriginal(p, s.Original)
	a.showSDI(p, s)
	p.findings(s.Findings)
	if certified {
		p.line("  ", p.paint(dim, "Read, not verified: this is what the message says of itself."))
	}
	p.line()
}

// title says what kind of message it is.
func (s *shown) title() string {
	if s.System == string(pec.SystemREM) {
		return remTitle(s.Kind, s.Events)
	}
	return wordsFor(pec.Kind(s.Kind)).title()
}

func (a *app) showOriginal(p *page, o *original) {
	if o == nil {
		return
	}
	p.row("Original (postacert.eml)", size(o.Size), "SHA-256 "+o.SHA256)
	p.row("  its subject", o.Subject)
	p.row("  its Message-ID", o.MessageID)
	for i, f := range o.Attachments {
		name := fmt.Sprintf("  attachment (allegato) %d", i+1)
		p.row(name, "“"+f.Name+"”, "+f.Type+", "+size(f.Size), "SHA-256 "+f.SHA256)
	}
}

func (p *page) findings(list []finding) {
	for i, f := range list {
		name := "Odd (osservazioni)"
		if i > 0 {
			name = ""
		}
		p.line("  ", p.paint(dim, pad(name, nameWidth)), " ", p.paint(yellow, plain(f.Code)), " ", plain(f.Detail))
	}
}

// forPeople writes a time of the JSON for people.
func forPeople(s string) string {
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return s
	}
	return when(t)
}
