package report

import (
	"cmp"
	"html/template"
	"strings"

	"github.com/certmail/certmail/internal/htmlpage"
	"github.com/certmail/certmail/receipt"
)

// A frame is what stands above the messages.
type frame struct {
	T          *language
	Title      string
	Policy     string
	Style      template.CSS
	Generated  stamp
	Messages   int
	Counts     []lightCount
	Orphans    int
	Unreadable int
}

// A lightCount is one line of the summary.
type lightCount struct {
	Tone  tone
	Words lightWords
	N     int
}

func newFrame(p *Page, r *receipt.Report, t *language, style []byte) *frame {
	f := &frame{
		T: t, Title: strings.TrimSpace(htmlpage.Prose(p.Title)), Policy: htmlpage.Policy(style), Style: template.CSS(style), Generated: t.stamp(p.Generated),
		Messages: len(r.Messages), Orphans: len(r.Orphans), Unreadable: len(p.Unreadable),
	}
	if f.Title == "" {
		f.Title = t.DefaultTitle
	}
	counts := make(map[tone]int, 4)
	for i := range r.Messages {
		counts[toneOf(r.Messages[i].Light)]++
	}
	for _, light := range [...]receipt.Light{receipt.Green, receipt.Red, receipt.Amber, receipt.Grey} {
		f.Counts = append(f.Counts, lightCount{tone(light), t.Lights[light], counts[tone(light)]})
	}
	return f
}

// A tone is the class of a light, recipient or proof in the style sheet, and
// the name of its shape.
type tone string

const (
	green = tone(receipt.Green)
	red   = tone(receipt.Red)
	amber = tone(receipt.Amber)
	grey  = tone(receipt.Grey)
	step  = tone("step") // of a proof that decides nothing by itself
)

// toneOf returns the tone of a light; one that is not known proves nothing.
func toneOf(l receipt.Light) tone {
	switch l {
	case receipt.Green, receipt.Red, receipt.Amber:
		return tone(l)
	}
	return grey
}

// toneOfRecipient returns the tone of one recipient.
func toneOfRecipient(r *receipt.RecipientStatus) tone {
	switch r.Status {
	case receipt.StatusDelivered:
		if r.Verified {
			return green
		}
	case receipt.StatusFailed, receipt.StatusRejected, receipt.StatusConflict:
		if r.Verified {
			return red
		}
	case receipt.StatusSubmitted, receipt.StatusUncertain, receipt.StatusOverdue,
		receipt.StatusAccepted, receipt.StatusInTransit, receipt.StatusDelayed, receipt.StatusExternal:
		if r.Verified || len(r.Proofs) == 0 {
			return amber
		}
	}
	return grey
}

// toneOfProof returns the tone of one proof: what it says when it counts, grey
// whatever it says when it does not.
func toneOfProof(kind receipt.EventKind, counts bool) tone {
	if !counts {
		return grey
	}
	return cmp.Or(tone(kind.Light()), step)
}
