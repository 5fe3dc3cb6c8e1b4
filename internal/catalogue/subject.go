package catalogue

import "strings"

// SubjectWhenMissing stands for the subject of an original that has none, in
// the text (between its quotation marks) and after the prefix.
//
// UNCONFIRMED: the rules say that the certification data then have no
// "oggetto" (RFC 6109 §4.4) and are silent about text and header. We assume
// that providers print nothing. This is the only place that decides it.
const SubjectWhenMissing = ""

// PrefixFor returns what stands before the original subject in the Subject of
// a message of the row, the space included.
func PrefixFor(r *Row) string { return r.SubjectPrefix + " " }

// Subject returns the Subject of a message of the row about an original with
// the given decoded subject. A missing one is given as [SubjectWhenMissing].
func Subject(r *Row, original string) string {
	return strings.TrimRight(PrefixFor(r)+oneLine(original), " ")
}

// StripPrefix removes one prefix of the row's marker from a decoded subject
// and reports whether it was there. Only one is removed, and only one that
// fits the header: the subject of a certified message about a certified
// message is "POSTA CERTIFICATA: POSTA CERTIFICATA: ...". Both prefixes of a
// type with a virus form are known for that type. A run of white space in the
// subject counts as the single space of the prefix, because folding may have
// widened it.
func StripPrefix(r *Row, subject string) (string, bool) {
	for i := range rows {
		if rows[i].Marker != r.Marker {
			continue
		}
		if rest, ok := cutPrefix(subject, rows[i].SubjectPrefix); ok {
			return rest, true
		}
	}
	return subject, false
}

// cutPrefix is strings.CutPrefix with blanks at the start, in the middle of
// the prefix and behind it taken loosely.
func cutPrefix(s, prefix string) (string, bool) {
	rest := trimBlank(s)
	for i := 0; i < len(prefix); i++ {
		if rest == "" {
			return s, false
		}
		if prefix[i] == ' ' {
			cut := trimBlank(rest)
			if len(cut) == len(rest) {
				return s, false
			}
			rest = cut
			continue
		}
		if rest[0] != prefix[i] {
			return s, false
		}
		rest = rest[1:]
	}
	return trimBlank(rest), true
}

func trimBlank(s string) string { return strings.TrimLeft(s, " \t\r\n") }
