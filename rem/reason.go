package rem

import (
	"strings"

	"github.com/certmail/certmail/receipt"
	"github.com/certmail/certmail/rem/evidence"
)

// categories says what the reasons of failure come to, in the words that PEC
// and REM share. The codes are those of EN 319 522-2 §8.3.3, EN 319 532-4 table
// C.28 and REM-Policy-IT 1.2; any other is receipt.Other.
var categories = map[string]receipt.Category{
	"RA02": receipt.Formal, "RA03": receipt.VirusFound, "RA04": receipt.Refused, "RA05": receipt.Refused,
	"RB02": receipt.Formal, "RB03": receipt.VirusFound, "RB04": receipt.Refused, "RB05": receipt.Refused, "RB06": receipt.Refused,
	"RB08": receipt.UnknownDomain, "RB10": receipt.UnknownRecipient, "RB21": receipt.UnknownRecipient, "RB22": receipt.Timeout,
	"RC08": receipt.Refused, "RC09": receipt.Timeout,
	"RD03": receipt.Timeout, "RD04": receipt.MailboxFull, "RD06": receipt.Refused, "RD21": receipt.UnknownRecipient,
	"RE03": receipt.Refused, "RE04": receipt.Timeout,
	"RF03": receipt.Refused, "RF51": receipt.Refused,
}

// ReasonOf returns why an evidence says that something failed; the zero Reason
// for an event that is no failure. The URI of the reason decides, never its
// text. Of several reasons the first counts, and the text has all of them.
func ReasonOf(d *evidence.Evidence) receipt.Reason {
	if !d.Event.Negative() || len(d.Reasons) == 0 {
		return receipt.Reason{}
	}
	r := receipt.Reason{Code: d.Reasons[0].Code(), Provider: d.Issuer.LegalName(), Category: receipt.Other}
	if c, ok := categories[r.Code]; ok {
		r.Category = c
	}
	texts := make([]string, 0, len(d.Reasons))
	for i := range d.Reasons {
		text := d.Reasons[i].Text()
		if i > 0 {
			text = strings.TrimSpace(d.Reasons[i].Code() + " " + text)
		}
		texts = append(texts, text)
	}
	r.Text = strings.Join(texts, "; ")
	return r
}

// italian tells whether a policy is AgID's REM-Policy-IT, or a fragment of it.
func italian(uri string) bool {
	rest, ok := strings.CutPrefix(uri, evidence.PolicyREMIT)
	return ok && (rest == "" || rest[0] == '#')
}
