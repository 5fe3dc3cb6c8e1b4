package report

import (
	"strings"

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
		T: t, Event: named(string(o.Event)), Time: t.stamp(o.Time), Issuer: prose(o.Issuer),
		Subject: strings.TrimSpace(prose(o.Subject)), Sender: strict(o.Sender), MessageID: strict(o.MessageID), Identifier: strict(o.Identifier),
		Verdict: t.Verdicts[o.Verdict], Kind: strict(o.Kind), SHA256: o.SHA256.String(), File: links.file(o.File),
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
		v.Recipients = append(v.Recipients, strict(r))
	}
	return v
}

// An unreadableView is a file that could not be read.
type unreadableView struct {
	File  fileView
	Error string
}

func newUnreadableView(u Unreadable, links *linker) unreadableView {
	v := unreadableView{links.file(u.File), prose(u.Error)}
	if v.File.Name == "" {
		v.File.Name = named(u.File)
	}
	return v
}
