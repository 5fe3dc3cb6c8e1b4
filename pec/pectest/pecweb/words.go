package pecweb

import (
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/certmail/certmail/pec"
	"github.com/certmail/certmail/pec/pectest"
)

// kindNames are what people call the kinds of messages.
var kindNames = map[pec.Kind]string{
	pec.KindTransport: "transport envelope", pec.KindAnomaly: "anomaly envelope", pec.KindAcceptance: "acceptance receipt",
	pec.KindNonAcceptance: "notice of non-acceptance", pec.KindTakeCharge: "take-charge receipt", pec.KindDelivery: "delivery receipt",
	pec.KindNonDelivery: "notice of non-delivery", pec.KindTimeout: "time-out notice", pec.KindVirusDetection: "virus detection notice",
	pec.KindUnknown: "mail of an unknown type", pec.KindOrdinary: "ordinary mail",
}

func kindName(k pec.Kind) string {
	if name := kindNames[k]; name != "" {
		return name
	}
	return plain(string(k))
}

// maxRunes is how much of one text is shown.
const maxRunes = 2000

// plain makes text of strangers safe to look at: what is invisible or changes
// the direction of the text around it shows as its code.
func plain(s string) string {
	if len(s) <= maxRunes && utf8.ValidString(s) && strings.IndexFunc(s, func(r rune) bool { return hidden(r) || marked(r) }) < 0 {
		return s
	}
	return cleaned(s, maxRunes, false)
}

// prose is plain for a longer text that keeps its lines.
func prose(s string) string { return cleaned(s, 100_000, true) }

func cleaned(s string, most int, lines bool) string {
	var b strings.Builder
	n, marks := 0, 0
	for i, r := range s {
		if n++; n > most {
			fmt.Fprintf(&b, " […+%d]", utf8.RuneCountInString(s[i:]))
			break
		}
		if marks++; !unicode.In(r, unicode.Mn, unicode.Me) {
			marks = 0
		}
		switch {
		case lines && (r == '\n' || r == '\t'):
			b.WriteRune(r)
		case lines && r == '\r':
		case r == '\n' || r == '\r' || r == '\t':
			b.WriteByte(' ')
		case hidden(r) && r != 0x200D || marks > 4:
			fmt.Fprintf(&b, "[U+%04X]", r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// hidden reports controls, formats, separators and letters that look like
// nothing.
func hidden(r rune) bool {
	switch r {
	case 0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x2028, 0x2029, 0x2800, 0x3164, 0xFFA0:
		return true
	}
	return unicode.In(r, unicode.Cc, unicode.Cf)
}

// marked reports accents and the like, which may pile up.
func marked(r rune) bool { return r > 0x2FF && unicode.In(r, unicode.Mn, unicode.Me) }

// named is plain for what is linked, which must not be blank.
func named(s string) string {
	if s = plain(s); strings.TrimSpace(s) == "" {
		return "(none)"
	}
	return s
}

func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return grouped(int64(n)) + " " + many
}

// grouped writes a number by thousands.
func grouped(n int64) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// number is grouped for whatever a template has.
func number(n any) string {
	if i, ok := n.(int); ok {
		return grouped(int64(i))
	}
	return grouped(n.(int64))
}

// moment is a time for machines and for people.
type moment struct{ ISO, Day, Clock string }

func stamp(t time.Time) moment {
	if t.IsZero() {
		return moment{}
	}
	t = pectest.LegalTime(t)
	return moment{t.Format(time.RFC3339), t.Format("2 Jan 2006"), t.Format("15:04:05")}
}
