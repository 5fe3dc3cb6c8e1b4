package pec

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/certmail/certmail/daticert"
	"github.com/certmail/certmail/envelope"
	"github.com/certmail/certmail/internal/catalogue"
	"github.com/certmail/certmail/receipt"
)

// What a mail program shows of a message, and where it sends an answer, stands
// in fields that nobody signs. Programs on the way change them for many
// reasons, so a difference from the certification data is a finding
// (subject-mismatch, reply-to-mismatch) and fails nothing.

// compareSubject compares the Subject with oggetto behind the prefix that
// belongs to the certified type: a failure must not be shown as a success.
func (r *Report) compareSubject() {
	h, d := r.message.Envelope.Header, r.message.Data
	if !d.HasSubject || !h.Has("Subject") {
		return
	}
	row, ok := catalogue.ByType(string(d.Type), d.Error == daticert.ErrorVirus)
	if !ok {
		return
	}
	subject := h.Text("Subject")
	rest, ok := catalogue.StripPrefix(&row, subject)
	switch {
	case !ok:
		r.find("subject-mismatch", "Subject "+excerpt(subject)+" does not begin with "+row.SubjectPrefix+", as that of "+string(d.Type)+" does")
	case !sameSubject(rest, d.Subject):
		r.find("subject-mismatch", "Subject "+excerpt(subject)+" is not oggetto "+excerpt(d.Subject))
	}
}

// truncated is the number of characters from which a subject may be the
// beginning of the other: some programs keep no more.
const truncated = 200

// sameSubject tells whether the header and the certification data may state
// the same subject. White space and control characters do not count: programs
// fold differently, and some keep the space between two encoded words.
// Neither does what one side could not decode: there U+FFFD or "?" may stand
// for characters outside ASCII, and an encoded word for anything.
func sameSubject(a, b string) bool {
	if a == b {
		return true
	}
	b = envelope.DecodeText(b)
	for n := 0; ; n++ {
		a, b = strings.TrimLeftFunc(a, invisible), strings.TrimLeftFunc(b, invisible)
		if a == "" || b == "" {
			return a == b || n >= truncated
		}
		x, i := utf8.DecodeRuneInString(a)
		y, j := utf8.DecodeRuneInString(b)
		switch {
		case x == y:
			a, b = a[i:], b[j:]
		case (lost(x) || lost(y)) && (x >= utf8.RuneSelf || y >= utf8.RuneSelf):
			a, b = strings.TrimLeftFunc(a, foreign), strings.TrimLeftFunc(b, foreign)
		case strings.HasPrefix(a, "=?") || strings.HasPrefix(b, "=?"):
			return true
		default:
			return n >= truncated && (ellipsis(a) || ellipsis(b))
		}
	}
}

func invisible(r rune) bool  { return unicode.IsSpace(r) || unicode.IsControl(r) }
func lost(r rune) bool       { return r == utf8.RuneError || r == '?' }
func foreign(r rune) bool    { return r >= utf8.RuneSelf || lost(r) }
func ellipsis(s string) bool { return s == "..." || s == "…" }

// compareReplyTo compares the Reply-To of a transport envelope with risposte,
// or without it with mittente. It may also say what the Reply-To of the
// original says, which is signed: risposte has room for one address.
func (r *Report) compareReplyTo() {
	m := r.message
	if m.Kind != KindTransport {
		return
	}
	h, want := m.Envelope.Header, m.Data.ReplyTo
	if want == "" {
		want = m.Data.Sender
	}
	value := h.Get("Reply-To")
	if value == "" || want == "" || receipt.SameAddress(value, want) && h.Count("Reply-To") == 1 {
		return
	}
	got := h.Addresses("Reply-To")
	if len(got) == 1 && receipt.SameAddress(got[0], want) {
		return
	}
	if original, err := m.Envelope.OriginalHeader(); err == nil {
		signed := original.Addresses("Reply-To")
		if len(got) > 0 && slices.EqualFunc(got, signed, receipt.SameAddress) || len(got) == 0 && len(signed) == 0 && original.Has("Reply-To") {
			return
		}
	}
	r.find("reply-to-mismatch", "Reply-To "+excerpt(value)+" is not "+want+", where the certification data have answers go")
}

// sameClientID compares X-Riferimento-Message-ID with msgid, both with or
// without angle brackets. An id that is not ASCII, or looks like an encoded
// word, may have become one in the header (RFC 2047).
func sameClientID(reference, certified string) bool {
	reference, certified = daticert.TrimMessageID(reference), daticert.TrimMessageID(certified)
	if reference == certified {
		return true
	}
	decoded := daticert.TrimMessageID(envelope.DecodeText(reference))
	return decoded == certified || decoded == daticert.TrimMessageID(envelope.DecodeText(certified))
}

// excerpt bounds what a finding quotes.
func excerpt(s string) string {
	const most = 160
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "…"
}
