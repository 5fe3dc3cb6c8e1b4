package sdi

import (
	"strconv"
	"strings"
	"time"

	"github.com/certmail/certmail/internal/xmltree"
)

// maxField bounds the text of one field in bytes, far above what the schemas
// allow.
const maxField = 4096

// reader reads fields. Elements are found by their local names, without a
// namespace as SDI writes them or in that of the root; unknown ones are passed
// over.
type reader struct {
	file  *File
	space string
}

// child returns the only child of that name; where there are several, the
// first, and says so.
func (r *reader) child(e *xmltree.Element, local string) *xmltree.Element {
	if e == nil {
		return nil
	}
	var found *xmltree.Element
	for c := e.FirstChild(); c != nil; c = c.NextSibling() {
		if !r.is(c, local) {
			continue
		}
		if found != nil {
			r.file.find("field-repeated", "%s is there more than once, the first one counts", local)
			break
		}
		found = c
	}
	return found
}

func (r *reader) is(e *xmltree.Element, local string) bool {
	return e.Local == local && (e.Space == "" || e.Space == r.space)
}

// text returns the text at the end of a path of children, trimmed; "" when an
// element is missing or empty.
func (r *reader) text(e *xmltree.Element, path ...string) string {
	for _, local := range path {
		e = r.child(e, local)
	}
	if e == nil {
		return ""
	}
	s := strings.Trim(e.Text(), " \t\r\n")
	if len(s) > maxField {
		r.file.find("field-too-long", "%s has %d bytes, of which %d are kept", e.Local, len(s), maxField)
		s = strings.ToValidUTF8(s[:maxField], "")
	}
	return s
}

// Moment is a date or a time as it was written. Time is zero when it is missing,
// or no date-time with an offset from UTC.
type Moment struct {
	Text string
	Time time.Time
}

// IsZero tells that nothing was written.
func (m Moment) IsZero() bool { return m.Text == "" }

func (r *reader) moment(e *xmltree.Element, local string) Moment {
	m := Moment{Text: r.text(e, local)}
	if m.Text == "" {
		return m
	}
	if t, err := time.Parse("2006-01-02T15:04:05Z07:00", m.Text); err == nil && !strings.Contains(m.Text, ",") {
		m.Time = t
	} else {
		r.file.find("time-unreadable", "%s %q is no date and time with an offset", local, shorten(m.Text))
	}
	return m
}

// identifier reads an IdentificativoSdI: at most 12 digits.
func (r *reader) identifier(e *xmltree.Element) string {
	id := r.text(e, "IdentificativoSdI")
	if id != "" && !isIdentifier(id) {
		r.file.find("identifier-invalid", "IdentificativoSdI %q is not 1 to 12 digits", shorten(id))
	}
	return id
}

func isIdentifier(id string) bool {
	return id != "" && len(id) <= 12 && strings.Trim(id, "0123456789") == ""
}

// count reads a small number; 0 when it is none.
func (r *reader) count(e *xmltree.Element, local string) int {
	text := r.text(e, local)
	if text == "" {
		return 0
	}
	n, err := strconv.ParseUint(text, 10, 31)
	if err != nil {
		r.file.find("number-unreadable", "%s %q is no number", local, shorten(text))
		return 0
	}
	return int(n)
}
