package tsl

import (
	"fmt"
	"strconv"
	"time"

	"github.com/certmail/certmail/internal/xmltree"
	"github.com/certmail/certmail/internal/xsd"
)

// text is the character data of an element without the blanks around it.
func text(e *xmltree.Element) string { return xsd.Trim(e.Text()) }

func language(e *xmltree.Element) string {
	lang, _ := e.Attr(xmltree.XMLNamespace, "lang")
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

// number reads a number that is not negative; 0 with a finding when it is none.
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
	t, local, err := xsd.Time(text(e))
	if err != nil {
		p.note("bad-time", fmt.Sprintf("%s: %q: %v", where(e), text(e), err))
		return time.Time{}, false
	}
	if local {
		p.note("time-without-zone", fmt.Sprintf("%s: %q, taken for UTC", where(e), text(e)))
	}
	return t, true
}
