package tsl

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/certmail/certmail/internal/xmltree"
)

// text is the character data of an element without the blanks around it.
func text(e *xmltree.Element) string { return strings.Trim(e.Text(), " \t\r\n") }

func language(e *xmltree.Element) string {
	lang, _ := e.Attr(nsXML, "lang")
	return lang
}

// names reads InternationalNamesType.
func names(e *xmltree.Element) Names {
	var found Names
	for n := range e.All(nsTSL, "Name") {
		found = append(found, Name{language(n), text(n)})
	}
	return found
}

// uris reads NonEmptyMultiLangURIListType.
func uris(e *xmltree.Element) []URI {
	var found []URI
	for u := range e.All(nsTSL, "URI") {
		found = append(found, URI{language(u), text(u)})
	}
	return found
}

// number reads a positive integer; 0 with a finding when it is none.
func (p *parser) number(e *xmltree.Element) int {
	n, err := strconv.Atoi(text(e))
	if err != nil || n < 0 {
		p.note("bad-number", fmt.Sprintf("%s: %q", where(e), text(e)))
		return 0
	}
	return n
}

// time reads xsd:dateTime. The lists write UTC (TS 119 612 §5.1.1); a value
// without zone is taken for UTC, with a finding.
func (p *parser) time(e *xmltree.Element) (time.Time, bool) {
	t, local, err := parseTime(text(e))
	if err != nil {
		p.note("bad-time", fmt.Sprintf("%s: %q: %v", where(e), text(e), err))
		return time.Time{}, false
	}
	if local {
		p.note("time-without-zone", fmt.Sprintf("%s: %q, taken for UTC", where(e), text(e)))
	}
	return t, true
}

var errTime = errors.New("not a time")

// parseTime reads xsd:dateTime; local says that it has no zone.
func parseTime(s string) (t time.Time, local bool, err error) {
	if len(s) < len("2006-01-02T15:04:05") || s[10] != 'T' {
		return time.Time{}, false, errTime
	}
	if t, err = time.Parse(time.RFC3339, s); err == nil {
		return plausible(t.UTC(), false)
	}
	if t, err = time.Parse("2006-01-02T15:04:05", s); err == nil {
		return plausible(t, true)
	}
	return time.Time{}, false, errTime
}

// plausible keeps the zero time, which means that there is none, out of lists.
func plausible(t time.Time, local bool) (time.Time, bool, error) {
	if t.Year() < 1900 {
		return time.Time{}, false, errTime
	}
	return t, local, nil
}

// binary reads xsd:base64Binary, blanks anywhere.
func binary(e *xmltree.Element) ([]byte, error) {
	s := text(e)
	if strings.ContainsAny(s, " \t\r\n") {
		s = strings.Map(func(r rune) rune {
			if r == ' ' || r == '\t' || r == '\r' || r == '\n' {
				return -1
			}
			return r
		}, s)
	}
	return base64.StdEncoding.Strict().DecodeString(s)
}

// boolean reads xsd:boolean; what is neither counts as true, which is the
// careful answer to "critical?".
func boolean(s string) (value, ok bool) {
	switch strings.Trim(s, " \t\r\n") {
	case "false", "0":
		return false, true
	case "true", "1":
		return true, true
	}
	return true, false
}
