package daticert

import "strings"

// ExtendedError is the content of errore-esteso taken apart, in the form that
// AgID's note integrative (note 12 of 5-10-2015) prescribe:
//
//	5.1.1 - Gestore Beta S.r.l. - indirizzo non valido
type ExtendedError struct {
	// Code is the enhanced status code (RFC 3463), for instance "5.1.1": decide on it
	// before errore. It is set whenever the text begins with one.
	Code string
	// Provider is the provider that reports the error.
	Provider string
	// Text is what is left; all of it, without the white space around it, where OK is
	// false.
	Text string
	// OK reports whether the text has the whole form: code, provider, text. Older
	// notices and those of non-acceptance are free text.
	OK bool
}

// ParseErrorDetail takes errore-esteso apart. The separator is a dash or a comma
// with any white space around it, and the text may have several lines. The mark
// after the code ends the provider's name where it stands apart (" - ", ", "), so
// that a name may hold a dash or the other mark; if it nowhere does, the
// first dash or comma ends the name.
func ParseErrorDetail(s string) ExtendedError {
	whole := strings.Trim(s, detailSpace)
	code, rest, ok := statusCode(whole)
	if !ok {
		return ExtendedError{Text: whole}
	}
	free := ExtendedError{Code: code, Text: whole}
	rest = strings.TrimLeft(rest, detailSpace)
	if rest == "" || rest[0] != '-' && rest[0] != ',' {
		return free
	}
	sep := rest[0]
	rest = strings.TrimLeft(rest[1:], detailSpace)
	end := separatorLike(rest, sep)
	if end < 0 {
		end = strings.IndexAny(rest, "-,")
	}
	if end < 0 {
		return free
	}
	return ExtendedError{
		Code:     code,
		Provider: strings.TrimRight(rest[:end], detailSpace),
		Text:     strings.TrimLeft(rest[end+1:], detailSpace),
		OK:       true,
	}
}

// detailSpace is what \s matches in the rule of which this is the code.
const detailSpace = " \t\n\r\f"

// separatorLike finds the first " - " or ", ": sep set off by white space, on both
// sides for a dash, after it for a comma.
func separatorLike(s string, sep byte) int {
	for i := range len(s) {
		if s[i] != sep {
			continue
		}
		before := i == 0 || strings.IndexByte(detailSpace, s[i-1]) >= 0
		after := i+1 == len(s) || strings.IndexByte(detailSpace, s[i+1]) >= 0
		if after && (before || sep == ',') {
			return i
		}
	}
	return -1
}

// statusCode splits off a leading code of the form d.ddd.ddd.
func statusCode(s string) (code, rest string, ok bool) {
	if len(s) < 5 || !isDigit(s[0]) || s[1] != '.' {
		return "", s, false
	}
	i := 2 + digits(s[2:])
	if i == 2 || i > 5 || i == len(s) || s[i] != '.' {
		return "", s, false
	}
	n := digits(s[i+1:])
	if n == 0 || n > 3 {
		return "", s, false
	}
	i += 1 + n
	if i < len(s) && (s[i] == '.' || isWord(s[i])) {
		return "", s, false
	}
	return s[:i], s[i:], true
}

// digits counts the digits that s begins with.
func digits(s string) int {
	n := 0
	for n < len(s) && isDigit(s[n]) {
		n++
	}
	return n
}

// isWord tells a code from the beginning of a longer word or number.
func isWord(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || isDigit(c) || c == '_' || c >= 0x80
}
