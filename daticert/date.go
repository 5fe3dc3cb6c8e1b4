package daticert

import (
	"strconv"
	"strings"
	"time"
)

// Date is the element data, as read: local legal time (ora legale) of the
// issuing provider with one-second precision, and its difference from UTC.
type Date struct {
	// Day (giorno) is dd/mm/yyyy.
	Day string
	// Hour (ora) is hh:mm:ss.
	Hour string
	// Zone (data/@zona) is local time minus UTC, ±hhmm.
	Zone string
}

// NewDate writes t, in its own location, as a Date. Fractions of a second are
// dropped, never rounded: what is certified has not happened later than t.
func NewDate(t time.Time) Date {
	_, offset := t.Zone()
	offset -= offset % 60
	t = t.In(time.FixedZone("", offset))
	var c civil
	c.year, c.day, c.offset = t.Year(), t.Day(), offset/60
	c.month = int(t.Month())
	c.hour, c.minute, c.second = t.Clock()
	return c.date()
}

// Time returns the instant, in a fixed zone with the offset that was read. It is
// tolerant in form (+01:00, Z, one-digit day, month and hour, white space
// anywhere; data with [FindingDateForm]) and strict in value. Second 60 is legal in the
// grammar: it is the second after 59. The error is a [*Error] of kind [ErrDate].
func (d Date) Time() (time.Time, error) {
	c, err := d.civil()
	if err != nil {
		return time.Time{}, err
	}
	return time.Date(c.year, time.Month(c.month), c.day, c.hour, c.minute, c.second, 0,
		time.FixedZone("", c.offset*60)), nil
}

// civil is a checked date; the offset is in minutes.
type civil struct {
	year, month, day, hour, minute, second, offset int
}

// date writes c in the form of the rules.
func (c civil) date() Date {
	b := make([]byte, 0, 24)
	b = append(appendPadded(b, c.day, 2), '/')
	b = append(appendPadded(b, c.month, 2), '/')
	b = appendPadded(b, c.year, 4)
	day := len(b)
	b = append(appendPadded(b, c.hour, 2), ':')
	b = append(appendPadded(b, c.minute, 2), ':')
	b = appendPadded(b, c.second, 2)
	hour := len(b)
	sign, offset := byte('+'), c.offset
	if offset < 0 {
		sign, offset = '-', -offset
	}
	b = appendPadded(appendPadded(append(b, sign), offset/60, 2), offset%60, 2)
	s := string(b)
	return Date{Day: s[:day], Hour: s[day:hour], Zone: s[hour:]}
}

func appendPadded(b []byte, n, width int) []byte {
	s := strconv.Itoa(n)
	for i := len(s); i < width; i++ {
		b = append(b, '0')
	}
	return append(b, s...)
}

// civil reads and checks d.
func (d Date) civil() (civil, error) {
	var c civil
	var ok bool
	if c.day, c.month, c.year, ok = triple(d.Day, '/', 4); !ok {
		return c, dateError("day", d.Day, "want dd/mm/yyyy")
	}
	if c.year < 1 || c.month < 1 || c.month > 12 || c.day < 1 || c.day > daysIn(c.year, c.month) {
		return c, dateError("day", d.Day, "no such day")
	}
	if c.hour, c.minute, c.second, ok = triple(d.Hour, ':', 2); !ok {
		return c, dateError("hour", d.Hour, "want hh:mm:ss")
	}
	if c.hour > 23 || c.minute > 59 || c.second > 60 {
		return c, dateError("hour", d.Hour, "no such time of day")
	}
	if c.offset, ok = zone(d.Zone); !ok {
		return c, dateError("zone", d.Zone, "want ±hhmm, at most 14 hours")
	}
	return c, nil
}

// canonical reports whether d has the exact form that the rules prescribe, digits
// and separators only: the values are civil's to judge.
func (d Date) canonical() bool {
	return pattern(d.Day, "00/00/0000") && pattern(d.Hour, "00:00:00") &&
		(pattern(d.Zone, "+0000") || pattern(d.Zone, "-0000"))
}

func pattern(s, form string) bool {
	if len(s) != len(form) {
		return false
	}
	for i := range len(s) {
		if form[i] == '0' {
			if !isDigit(s[i]) {
				return false
			}
		} else if s[i] != form[i] {
			return false
		}
	}
	return true
}

// triple reads three numbers with sep between them: the first of one or two
// digits; the others of two, or the middle one of one too and the last of four
// for a day.
func triple(s string, sep byte, last int) (a, b, c int, ok bool) {
	s = withoutSpace(s)
	i := strings.IndexByte(s, sep)
	j := strings.LastIndexByte(s, sep)
	if i < 0 || i == j {
		return 0, 0, 0, false
	}
	first, middle, end := s[:i], s[i+1:j], s[j+1:]
	if len(first) > 2 || len(middle) > 2 || len(end) != last || last == 2 && len(middle) != 2 {
		return 0, 0, 0, false
	}
	var okA, okB, okC bool
	a, okA = number(first)
	b, okB = number(middle)
	c, okC = number(end)
	return a, b, c, okA && okB && okC
}

// zone reads ±hhmm, ±hh:mm or Z as minutes.
func zone(s string) (minutes int, ok bool) {
	s = withoutSpace(s)
	if s == "Z" || s == "z" {
		return 0, true
	}
	if len(s) == 6 && s[3] == ':' {
		s = s[:3] + s[4:]
	}
	if len(s) != 5 || s[0] != '+' && s[0] != '-' {
		return 0, false
	}
	h, okH := number(s[1:3])
	m, okM := number(s[3:5])
	minutes = h*60 + m
	if !okH || !okM || m > 59 || minutes > 14*60 {
		return 0, false
	}
	if s[0] == '-' {
		minutes = -minutes
	}
	return minutes, true
}

// number reads a short run of digits.
func number(s string) (n int, ok bool) {
	if s == "" {
		return 0, false
	}
	for i := range len(s) {
		if !isDigit(s[i]) {
			return 0, false
		}
		n = n*10 + int(s[i]-'0')
	}
	return n, true
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func daysIn(year, month int) int {
	switch month {
	case 4, 6, 9, 11:
		return 30
	case 2:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	}
	return 31
}

func dateError(part, value, want string) error {
	return &Error{Kind: ErrDate, Where: "element data", Detail: part + " " + quote(value) + ": " + want}
}
