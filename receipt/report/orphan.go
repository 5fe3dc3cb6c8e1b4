package report

import (
	"strings"

	"github.com/certmail/certmail/internal/htmlpage"
	"github.com/certmail/certmail/receipt"
)

// An orphanView is a receipt that belongs to no message.
type orphanView struct {
	T                     *language
	Event                 string
	Time                  stamp
	Issuer                string
	Subject, Sender       string
	MessageID, Identifier string
	Recipients            []string
	Unnamed               int
	Verdict, Kind, SHA256 string
	File                  fileView
	Why                   noteView
}

// orphanRecipients is how many recipients of an unmatched receipt are named.
const orphanRecipients = 20

func newOrphanView(o *receipt.Orphan, t *language, links *linker) *orphanView {
	v := &orphanView{
		T: t, Event: htmlpage.Named(string(o.Event)), Time: t.stamp(o.Time), Issuer: htmlpage.Prose(o.Issuer),
		Subject: strings.TrimSpace(htmlpage.Prose(o.Subject)), Sender: htmlpage.Strict(o.Sender), MessageID: htmlpage.Strict(o.MessageID), Identifier: htmlpage.Strict(o.Identifier),
		Verdict: t.Verdicts[o.Verdict], Kind: htmlpage.Strict(o.Kind), SHA256: o.SHA256.String(), File: links.file(o.File),
		Why: t.note(t.WhyOrphan, o.Why),
	}
	if words, ok := t.Events[o.Event]; ok {
		v.Event = words.Name
	}
	if v.Issuer == "" {
		v.Issuer = t.NoIssuer
	}
	for i, r := range o.Recipients {
		if i == orphanRecipients {
			v.Unnamed = len(o.Recipients) - i
			break
		}
		v.Recipients = append(v.Recipients, htmlpage.Strict(r))
	}
	return v
}

// An unreadableView is a file that could not be read.
type unreadableView struct {
	File  fileView
	Error string
}

func newUnreadableView(u Unreadable, links *linker) unreadableView {
	v := unreadableView{links.file(u.File), htmlpage.Prose(u.Error)}
	if v.File.Name == "" {
		v.File.Name = htmlpage.Named(u.File)
	}
	return v
}
