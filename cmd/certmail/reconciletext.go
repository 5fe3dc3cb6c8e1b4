package main

import (
	"cmp"
	"errors"

	"github.com/certmail/certmail/receipt"
)

var lightStyles = map[receipt.Light]string{receipt.Green: green, receipt.Red: red, receipt.Amber: yellow, receipt.Grey: dim}

var lightWords = map[receipt.Light]string{
	receipt.Green: "GREEN: delivered to all (verde)",
	receipt.Red:   "RED: failed, rejected or contradictory (rosso)",
	receipt.Amber: "AMBER: still open (giallo)",
	receipt.Grey:  "GREY: the proofs are not verified (grigio)",
}

var statusWords = map[receipt.Status]struct{ style, text string }{
	receipt.StatusSubmitted: {yellow, "submitted (inviato)"},
	receipt.StatusUncertain: {yellow, "uncertain (incerto)"},
	receipt.StatusAccepted:  {yellow, "accepted (accettato)"},
	receipt.StatusInTransit: {yellow, "in transit (preso in carico)"},
	receipt.StatusDelayed:   {yellow, "delayed (preavviso)"},
	receipt.StatusOverdue:   {yellow, "overdue (in ritardo)"},
	receipt.StatusExternal:  {yellow, "ordinary mailbox (esterno)"},
	receipt.StatusDelivered: {green, "delivered (consegnato)"},
	receipt.StatusFailed:    {red, "failed (mancata consegna)"},
	receipt.StatusRejected:  {red, "rejected (non accettato)"},
	receipt.StatusConflict:  {red, "conflict (prove discordanti)"},
}

var contentWords = map[receipt.ContentMatch]string{
	receipt.ContentSame:    ", content as sent (come inviato)",
	receipt.ContentDiffers: ", NOT the content that was sent (contenuto diverso)",
}

// reconcileText writes what became of the messages, for people.
func (a *app) reconcileText(r *reconciled) {
	p := a.page()
	for i := range r.Messages {
		p.message(&r.Messages[i])
	}
	for i := range r.Orphans {
		o := &r.Orphans[i]
		p.line(p.paint(bold, "ORPHAN (orfana)"), ": ", plain(o.File), ", ", o.Kind, ", ", o.Verdict.String())
		p.text("  ", o.Why)
		p.row("Message-ID", o.MessageID)
		p.row("Subject (oggetto)", o.Subject)
		p.row("Time of the event (data)", when(o.Time))
		p.line()
	}
	p.line(count(len(r.Messages), "message", "messages"), ", ", count(len(r.Orphans), "orphan", "orphans"), ", ", count(len(r.Unreadable), "file", "files"), " unreadable.")
	for _, u := range r.Unreadable {
		a.complain(errors.New(u.File + ": cannot be read: " + u.Error))
	}
}

func (p *page) message(m *receipt.Message) {
	subject := cmp.Or(m.Subject, "(no subject)")
	p.line(p.paint(bold, plain(subject)), "  ", p.paint(lightStyles[m.Light], lightWords[m.Light]))
	p.row("From (mittente)", m.Sender)
	p.row("Submitted (inviato)", when(m.Submitted))
	p.row("Accepted (accettazione)", when(m.Accepted))
	p.row("Message-ID", m.MessageID)
	p.row("Identifier (identificativo)", m.Identifier)
	for i := range m.Recipients {
		p.recipient(&m.Recipients[i])
	}
	for _, c := range m.Conflicts {
		p.line("  ", p.paint(red, "conflict"), " ", plain(c.Code+": "+c.Detail))
		for _, f := range c.Files {
			p.line("    ", plain(f))
		}
	}
	p.findings(findings("", m.Findings))
	p.line()
}

func (p *page) recipient(r *receipt.RecipientStatus) {
	w := statusWords[r.Status]
	who := r.Address
	if r.Type != "" {
		who += " (" + r.Type + ")"
	}
	late := ""
	if r.Late {
		late = ", late, after the notice that it had failed"
	}
	at := when(r.Time)
	if at != "" {
		at = "  " + at
	}
	p.line("  ", pad(plain(who), nameWidth), " ", p.paint(w.style, w.text), at, late)
	if r.Reason != "" {
		p.text("      ", r.Reason)
	}
	p.text("      ", r.Explanation)
	for _, proof := range r.Proofs {
		p.line("      ", p.paint(dim, "proof (prova)"), " ", plain(proof.File), ", ", plain(proof.Kind), ", ", proof.Verdict.String(), contentWords[proof.Content])
		if proof.Note != "" {
			p.text("        ", proof.Note)
		}
	}
}
