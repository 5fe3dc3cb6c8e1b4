package receipt

import (
	"strings"
	"time"

	"github.com/certmail/certmail/daticert"
)

// This file is the one place that knows how providers really report errors.
// The order of decision is the order of the tables: the code in errore-esteso,
// then (for a time-out notice) its sentences, then the value of errore, which
// is imprecise in practice: an unknown mailbox comes as no-dest from some
// providers and as altro from others, even from one and the same.

// codeTimeout is the code of the second, final time-out notice. Its tipo says
// "early warning" (preavviso-errore-consegna) all the same.
const codeTimeout = "5.4.1"

// codes gives the meaning of the enhanced status codes (RFC 3463) that AgID's
// note integrative (note 12 of 5-10-2015) prescribe in errore-esteso. Seen: in
// real notices. Defined: named by RFC 3463, not met in PEC yet.
var codes = [...]struct {
	code     string
	category Category
	evidence string
}{
	{"5.1.1", UnknownRecipient, "seen, with errore no-dest and altro"},
	{"5.1.2", UnknownDomain, "defined"},
	{"5.1.3", UnknownRecipient, "defined"},
	{"5.1.6", UnknownRecipient, "defined"},
	{"5.2.0", MailboxDisabled, "defined"},
	{"5.2.1", MailboxDisabled, "defined"},
	{"5.2.2", MailboxFull, "seen"},
	{codeTimeout, Timeout, "seen, in a preavviso-errore-consegna"},
	{"5.5.1", VirusFound, "seen, with commas between the fields"},
	{"5.7.1", Refused, "defined"},
}

// kinds gives the meaning of errore where no code does.
var kinds = [...]struct {
	kind     daticert.ErrorKind
	category Category
}{
	{daticert.ErrorNone, NoReason},
	{daticert.ErrorRecipient, UnknownRecipient},
	{daticert.ErrorDomain, UnknownDomain},
	{daticert.ErrorVirus, VirusFound},
	{daticert.ErrorOther, Other},
}

// timeoutMarkers tell the two time-out notices apart by the sentences of RFC
// 6109 §3.1.6 when errore-esteso has no code. Only errore-esteso is searched:
// the readable text of a message is not for machines (RFC 6109 §4.3). The
// first that occurs decides, so the hedged sentence of the first notice stands
// before the flat one of the second.
var timeoutMarkers = [...]struct {
	text     string // lower case, single spaces, ASCII
	category Category
}{
	{"nelle prime dodici ore", Delay},
	{"potrebbe non andare a buon fine", Delay},
	{"ventiquattro ore successive", Timeout},
	{"non andata a buon fine", Timeout},
}

// finalAfter is the age of a message from which a time-out notice that says
// nothing else is the second one: it is sent between 22 and 24 hours after
// dispatch, the first after 12 (RFC 6109 §3.1.6).
const finalAfter = 22 * time.Hour

// byCode returns the meaning of a code.
func byCode(code string) (Category, bool) {
	for i := range codes {
		if codes[i].code == code {
			return codes[i].category, true
		}
	}
	return NoReason, false
}

// byKind returns the meaning of a value of errore.
func byKind(kind daticert.ErrorKind) Category {
	for i := range kinds {
		if kinds[i].kind == kind {
			return kinds[i].category
		}
	}
	return Other
}

// byTimeoutText returns which notice a sentence belongs to, NoReason for
// neither.
func byTimeoutText(text string) Category {
	text = strings.ToLower(strings.Join(strings.Fields(text), " "))
	for i := range timeoutMarkers {
		if strings.Contains(text, timeoutMarkers[i].text) {
			return timeoutMarkers[i].category
		}
	}
	return NoReason
}
