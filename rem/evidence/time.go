package evidence

import "time"

// Time is a dateTime of an evidence: the instant, and the octets that stated
// it. Later evidence copies SubmissionTime unchanged (EN 319 532-4 C.3.4 j), so
// both travel.
type Time struct {
	// UTC is the instant, zero when there is none or Lexical is not a dateTime.
	UTC time.Time
	// Lexical is the value as written, with its fraction and offset.
	Lexical string
}

// At is the instant in the form that EN 319 532-4 C.3.4 wants: UTC with "Z",
// whole seconds (what is beyond is cut off).
func At(t time.Time) Time {
	t = t.UTC().Truncate(time.Second)
	return Time{UTC: t, Lexical: t.Format("2006-01-02T15:04:05Z")}
}

// IsZero says that there is no time: neither an instant nor a written value.
func (t Time) IsZero() bool { return t.Lexical == "" && t.UTC.IsZero() }

// Valid says that the time is known: something was written and it was a
// dateTime.
func (t Time) Valid() bool { return !t.UTC.IsZero() }

func (t Time) String() string {
	if t.Lexical != "" {
		return t.Lexical
	}
	if t.UTC.IsZero() {
		return ""
	}
	return At(t.UTC).Lexical
}

// canonical says that the value is written as C.3.4 wants: UTC with "Z".
func (t Time) canonical() bool {
	return len(t.Lexical) > 0 && t.Lexical[len(t.Lexical)-1] == 'Z'
}

// parseTime reads an xs:dateTime (XML Schema part 2 §3.2.7) of the years 1 to
// 9999. zoned is false when it has no time zone: it is then read as UTC. More
// than nine digits of a fraction are cut off.
func parseTime(s string) (t time.Time, zoned, ok bool) {
	// 2006-01-02T15:04:05
	if len(s) < 19 || s[4] != '-' || s[7] != '-' || s[10] != 'T' || s[13] != ':' || s[16] != ':' {
		return t, false, false
	}
	year, ok1 := digits(s[0:4])
	month, ok2 := digits(s[5:7])
	day, ok3 := digits(s[8:10])
	hour, ok4 := digits(s[11:13])
	minute, ok5 := digits(s[14:16])
	second, ok6 := digits(s[17:19])
	if !ok1 || !ok2 || !ok3 || !ok4 || !ok5 || !ok6 || year == 0 || month < 1 || month > 12 || day < 1 ||
		hour > 24 || minute > 59 || second > 59 {
		return t, false, false
	}
	rest, nanos := s[19:], 0
	if rest != "" && rest[0] == '.' {
		n, unit := 1, 100_000_000
		for n < len(rest) && rest[n] >= '0' && rest[n] <= '9' {
			nanos += int(rest[n]-'0') * unit
			unit /= 10
			n++
		}
		if n == 1 {
			return t, false, false
		}
		rest = rest[n:]
	}
	if hour == 24 && (minute != 0 || second != 0 || nanos != 0) { // 24:00:00 is the end of the day
		return t, false, false
	}
	offset := 0
	switch {
	case rest == "":
	case rest == "Z":
		zoned = true
	case len(rest) == 6 && (rest[0] == '+' || rest[0] == '-') && rest[3] == ':':
		h, okh := digits(rest[1:3])
		m, okm := digits(rest[4:6])
		if !okh || !okm || m > 59 || h > 14 || h == 14 && m != 0 {
			return t, false, false
		}
		offset = h*3600 + m*60
		if rest[0] == '-' {
			offset = -offset
		}
		zoned = true
	default:
		return t, false, false
	}
	t = time.Date(year, time.Month(month), day, hour, minute, second, nanos, time.UTC)
	if hour < 24 && t.Day() != day { // the 31st of a shorter month
		return time.Time{}, false, false
	}
	if hour == 24 && time.Date(year, time.Month(month), day, 0, 0, 0, 0, time.UTC).Day() != day {
		return time.Time{}, false, false
	}
	t = t.Add(-time.Duration(offset) * time.Second)
	return t, zoned, !t.IsZero()
}

func digits(s string) (n int, ok bool) {
	for i := 0; i < len(s); i++ {
		if s[i] < '0' || s[i] > '9' {
			return 0, false
		}
		n = n*10 + int(s[i]-'0')
	}
	return n, true
}
