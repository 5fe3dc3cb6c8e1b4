package report

import (
	"strings"

	"github.com/certmail/certmail/internal/htmlpage"
	"github.com/certmail/certmail/receipt"
)

// inRow is how many recipients the row of a message names; all are in its
// details.
const inRow = 4

// A messageView is one row of the table with its details.
type messageView struct {
	T                   *language
	N                   int
	Tone                tone
	Light, Says         string // the colour's word, and what it is about
	Subject, Sender     string
	MessageID           string
	Identifier          string
	Submitted, Accepted stamp
	When                stamp // of the row: the submission, else the acceptance
	WhenIsAcceptance    bool
	Settled, Open       bool
	Recipients          []recipientView
	Named               []recipientView // the first of them
	Unnamed             int             // how many more
	Proofs              int
	Conflicts           []conflictView
	Remarks             []remarkView
}

// A conflictView is one contradiction.
type conflictView struct {
	Text, Recipient, Technical string
	Verified                   bool
	Files                      []fileView
}

// A remarkView is one finding.
type remarkView struct{ Text, Technical string }

func newMessageView(n int, m *receipt.Message, open bool, t *language, links *linker) *messageView {
	v := &messageView{
		T: t, N: n, Tone: toneOf(m.Light), Says: saysOf(m, &t.Outcomes),
		Subject: strings.TrimSpace(htmlpage.Prose(m.Subject)), Sender: htmlpage.Strict(m.Sender), MessageID: htmlpage.Strict(m.MessageID), Identifier: htmlpage.Strict(m.Identifier),
		Submitted: t.stamp(m.Submitted), Accepted: t.stamp(m.Accepted), Settled: m.Settled && len(m.Conflicts) == 0, Open: open,
	}
	v.Light = t.Lights[receipt.Light(v.Tone)].Name
	v.When = v.Submitted
	if m.Submitted.IsZero() && !m.Accepted.IsZero() {
		v.When, v.WhenIsAcceptance = v.Accepted, true
	}
	v.Recipients = make([]recipientView, len(m.Recipients))
	for i := range m.Recipients {
		v.Recipients[i] = newRecipientView(&m.Recipients[i], t, links)
		v.Proofs += len(m.Recipients[i].Proofs)
	}
	v.Named = v.Recipients
	if len(v.Named) > inRow+1 { // "and 1 other" takes the same room as the other
		v.Named, v.Unnamed = v.Named[:inRow], len(v.Named)-inRow
	}
	for i := range m.Conflicts {
		v.Conflicts = append(v.Conflicts, newConflictView(&m.Conflicts[i], t, links))
	}
	for _, f := range m.Findings {
		v.Remarks = append(v.Remarks, remarkView{word(t.Findings, f.Code), htmlpage.Prose(f.Detail)})
	}
	return v
}

func newConflictView(c *receipt.Contradiction, t *language, links *linker) conflictView {
	v := conflictView{
		Text: word(t.Contradictions, c.Code), Recipient: htmlpage.Strict(c.Recipient), Technical: htmlpage.Prose(c.Detail), Verified: c.Verified,
	}
	for _, f := range c.Files {
		v.Files = append(v.Files, links.file(f))
	}
	return v
}

// saysOf puts in a few words what the light of a message is about: of several
// recipients, the gravest.
func saysOf(m *receipt.Message, o *outcomes) string {
	var rejected, failed, external, overdue, uncertain, waiting bool
	for i := range m.Recipients {
		r := &m.Recipients[i]
		switch r.Status {
		case receipt.StatusConflict:
			if m.Light == receipt.Red && r.Verified {
				return o.Conflict
			}
		case receipt.StatusRejected:
			rejected = rejected || r.Verified
		case receipt.StatusFailed:
			failed = failed || r.Verified
		case receipt.StatusExternal:
			external = true
		case receipt.StatusOverdue:
			overdue = true
		case receipt.StatusUncertain:
			uncertain = true
		case receipt.StatusDelivered:
		default:
			waiting = true
		}
	}
	switch m.Light {
	case receipt.Green:
		return o.Delivered
	case receipt.Red:
		if rejected && !failed {
			return o.Rejected
		}
		return o.Failed
	case receipt.Amber:
		switch {
		case overdue:
			return o.Overdue
		case uncertain:
			return o.Uncertain
		case external && !waiting:
			return o.External
		case !waiting:
			return o.TwoContents // all delivered, and not green
		}
		return o.Waiting
	}
	return o.Unverified
}
