package receipt

import (
	"strings"

	"github.com/certmail/certmail/daticert"
)

// A Category is what a reason comes to, whatever the provider's way to put it.
type Category string

// The categories.
const (
	NoReason         Category = ""                  // no error, or a time-out notice that does not say which one it is
	UnknownRecipient Category = "unknown-recipient" // no such mailbox, or no longer (5.1.1, no-dest)
	UnknownDomain    Category = "unknown-domain"    // no such domain (no-dominio)
	MailboxFull      Category = "mailbox-full"      // casella piena (5.2.2)
	MailboxDisabled  Category = "mailbox-disabled"  // casella disabilitata o non in grado di ricevere
	Refused          Category = "refused"           // refused by a rule of the recipient's provider
	VirusFound       Category = "virus"             // virus informatico
	Formal           Category = "formal"            // eccezioni formali: the message broke a rule of submission
	Delay            Category = "delay"             // not delivered in the first 12 hours, may still be
	Timeout          Category = "time-out"          // not delivered in 24 hours, deemed failed
	Other            Category = "other"
)

// A Reason says why a message was not accepted or not delivered. It is a plain
// comparable value; the zero Reason is no reason.
type Reason struct {
	// Value is postacert/@errore as read. For REM it is empty.
	Value string `json:"value"`
	// Code is the code that errore-esteso begins with ("5.1.1"), or REM's
	// ("RB21").
	Code string `json:"code"`
	// Provider is who reports it, as named between code and text.
	Provider string `json:"provider,omitempty"`
	// Text is the rest of errore-esteso, or all of it.
	Text string `json:"detail"`
	// Category is what it comes to.
	Category Category `json:"category,omitempty"`
}

// ReasonOf reads the reason out of certification data. It decides on the code
// first and on errore last (AgID, note integrative, note 12).
func ReasonOf(d *daticert.Data) Reason {
	extended := d.ExtendedError()
	r := Reason{Value: string(d.Error), Code: extended.Code, Provider: extended.Provider, Text: extended.Text}
	if d.Type == daticert.TypeDelayNotice {
		switch {
		case r.Code == codeTimeout:
			r.Category = Timeout
		case r.Code != "":
			r.Category = Delay
		default:
			r.Category = byTimeoutText(r.Text)
		}
		return r
	}
	if category, ok := byCode(r.Code); ok {
		r.Category = category
		return r
	}
	r.Category = byKind(d.Error)
	if d.Type == daticert.TypeNonAcceptance && r.Category == Other {
		r.Category = Formal
	}
	return r
}

// IsZero reports whether nothing is said: no code, no text, and no errore but
// "nessuno".
func (r Reason) IsZero() bool {
	return (r.Value == "" || r.Value == string(daticert.ErrorNone)) && r.Code == "" && r.Text == ""
}

// String returns the code and the text, on one line, or errore where there is
// neither.
func (r Reason) String() string {
	text := oneLine(r.Text)
	switch {
	case r.IsZero():
		return ""
	case r.Code == "" && text == "":
		return oneLine(r.Value)
	case r.Code == "" || strings.HasPrefix(text, r.Code):
		return text
	case text == "":
		return r.Code
	default:
		return r.Code + " " + text
	}
}

func oneLine(s string) string {
	if strings.ContainsAny(s, "\r\n\t") {
		return strings.Join(strings.Fields(s), " ")
	}
	return s
}
