package daticert

import (
	"strings"
	"unicode/utf8"
)

// block is a Data with room for what nearly every document has, so that they
// cost one allocation together.
type block struct {
	Data
	recipients [2]Recipient
	deliveries [1]string
}

// scan reads the one shape that providers write: XML declaration, the elements in
// the DTD's order, attributes written out, any white space between elements, the
// five predefined references in values. It returns nil for any other document,
// well-formed or not, which is then for the general reader: scan itself
// reports neither errors nor findings. Unescaped values are appended to s.copy.
func (s *scanner) scan(lim limits) *Data {
	if lim.depth < 4 || !s.take(`<?xml version="1.0" encoding="`) || !s.take(`UTF-8"?>`) && !s.take(`utf-8"?>`) {
		return nil
	}
	if !s.open(`<postacert tipo="`) {
		return nil
	}
	b := new(block)
	d := &b.Data
	recipients, deliveries := b.recipients[:0], b.deliveries[:0]

	d.Type = Type(s.attribute())
	if !s.take(` errore="`) {
		return nil
	}
	d.Error = ErrorKind(s.attribute())
	s.must(`>`)

	s.want(`<intestazione>`)
	s.want(`<mittente>`)
	d.Sender = s.value(`</mittente>`)
	for s.open(`<destinatari tipo="`) {
		var r Recipient
		r.Type = RecipientType(s.attribute())
		s.must(`>`)
		r.Address = s.value(`</destinatari>`)
		if s.odd {
			return nil
		}
		recipients = append(recipients, r)
	}
	s.want(`<risposte>`)
	d.ReplyTo = s.value(`</risposte>`)
	if s.open(`<oggetto>`) {
		d.HasSubject = true
		d.Subject = s.text(`</oggetto>`)
	}
	s.want(`</intestazione>`)

	s.want(`<dati>`)
	s.want(`<gestore-emittente>`)
	d.Provider = s.value(`</gestore-emittente>`)
	s.want(`<data zona="`)
	d.Date.Zone = s.attribute()
	s.must(`>`)
	s.want(`<giorno>`)
	d.Date.Day = s.value(`</giorno>`)
	s.want(`<ora>`)
	d.Date.Hour = s.value(`</ora>`)
	s.want(`</data>`)
	s.want(`<identificativo>`)
	d.Identifier = s.value(`</identificativo>`)
	if s.open(`<msgid>`) {
		d.MessageID = s.value(`</msgid>`)
	}
	if s.open(`<ricevuta tipo="`) {
		d.ReceiptType = ReceiptType(s.attribute())
		if !s.take(` />`) {
			s.must(`/>`)
		}
	}
	if s.open(`<consegna>`) {
		deliveries = append(deliveries, s.value(`</consegna>`))
	}
	for s.open(`<ricezione>`) {
		v := s.value(`</ricezione>`)
		if s.odd {
			return nil
		}
		d.TakenInCharge = append(d.TakenInCharge, v)
	}
	if s.open(`<errore-esteso>`) {
		d.ErrorDetail = s.value(`</errore-esteso>`)
	}
	s.want(`</dati>`)
	s.want(`</postacert>`)
	s.space()
	if s.odd || s.i != len(s.s) || len(recipients) == 0 {
		return nil
	}
	// At most 15 elements and 4 attributes are not repeated. Near a limit the general
	// reader counts.
	if len(recipients) > lim.recipients || len(d.TakenInCharge) > lim.recipients ||
		2*len(recipients)+len(d.TakenInCharge)+19 > lim.elements {
		return nil
	}
	d.Recipients = recipients[:len(recipients):len(recipients)]
	if len(deliveries) > 0 {
		d.Deliveries = deliveries
	}
	return d
}

// scanner walks over one document. Once odd, it stays so, and what it returns
// means nothing.
type scanner struct {
	s    string
	i    int
	odd  bool
	copy strings.Builder // the document's bytes, and behind them unescaped values
}

// take moves over lit if it is next.
func (s *scanner) take(lit string) bool {
	if strings.HasPrefix(s.s[s.i:], lit) {
		s.i += len(lit)
		return true
	}
	return false
}

// must is take where nothing else is usual.
func (s *scanner) must(lit string) {
	if !s.take(lit) {
		s.odd = true
	}
}

// open moves over white space and lit if lit comes after the white space.
func (s *scanner) open(lit string) bool {
	s.space()
	return s.take(lit)
}

// want is open where nothing else is usual.
func (s *scanner) want(lit string) {
	s.space()
	s.must(lit)
}

func (s *scanner) space() {
	for s.i < len(s.s) && isSpace(s.s[s.i]) {
		s.i++
	}
}

// What a byte means inside a value.
const (
	plain    uint8 = 0
	high     uint8 = 1 // part of a character beyond ASCII
	escape   uint8 = 2 // a reference begins
	stopping uint8 = 4 // the end of a value, or a byte the scanner does not judge
)

// meaning has the rows that text and attributes share: '"' ends an attribute and
// is plain in text, all the other marks are the same for both. A carriage
// return needs normalising, '>' may be part of "]]>".
var meaning = func() (m [256]uint8) {
	for c := range m {
		switch {
		case c == '<' || c == '>' || c < ' ' && c != '\n' && c != '\t':
			m[c] = stopping
		case c == '&':
			m[c] = escape
		case c >= utf8.RuneSelf:
			m[c] = high
		}
	}
	return m
}()

// value is text that may not be empty.
func (s *scanner) value(closing string) string {
	v := s.text(closing)
	if v == "" {
		s.odd = true
	}
	return v
}

// text reads up to closing, which must be the next tag.
func (s *scanner) text(closing string) string {
	start := s.i
	var seen uint8
	i := start
	for i < len(s.s) {
		m := meaning[s.s[i]]
		if m == stopping {
			break
		}
		seen |= m
		i++
	}
	s.i = i
	s.must(closing)
	if s.odd {
		return ""
	}
	v := trimSpace(s.s[start:i])
	if seen != plain {
		return s.unescape(v, seen)
	}
	return v
}

// attribute reads the rest of an attribute's value and its closing quote. Here a
// tab or line end is left to the general reader, and so is an empty value.
func (s *scanner) attribute() string {
	start := s.i
	i := start
	for i < len(s.s) && s.s[i] != '"' && meaning[s.s[i]] == plain && s.s[i] >= ' ' {
		i++
	}
	s.i = i
	s.must(`"`)
	v := trimSpace(s.s[start:i])
	if v == "" {
		s.odd = true
	}
	return v
}

// unescape checks characters beyond ASCII and resolves the predefined references.
func (s *scanner) unescape(v string, seen uint8) string {
	// Every character that UTF-8 can write and XML does not have (U+FFFE, U+FFFF)
	// begins with EF BF.
	if seen&high != 0 && (!utf8.ValidString(v) || strings.Contains(v, "\xEF\xBF")) {
		s.odd = true
		return ""
	}
	if seen&escape == 0 {
		return v
	}
	i := strings.IndexByte(v, '&')
	start := s.copy.Len()
	for i >= 0 {
		s.copy.WriteString(v[:i])
		v = v[i:]
		switch {
		case strings.HasPrefix(v, "&lt;"):
			s.copy.WriteByte('<')
			v = v[4:]
		case strings.HasPrefix(v, "&gt;"):
			s.copy.WriteByte('>')
			v = v[4:]
		case strings.HasPrefix(v, "&amp;"):
			s.copy.WriteByte('&')
			v = v[5:]
		case strings.HasPrefix(v, "&quot;"):
			s.copy.WriteByte('"')
			v = v[6:]
		case strings.HasPrefix(v, "&apos;"):
			s.copy.WriteByte('\'')
			v = v[6:]
		default:
			s.odd = true
			return ""
		}
		i = strings.IndexByte(v, '&')
	}
	s.copy.WriteString(v)
	return s.copy.String()[start:]
}
