package daticert

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestRCV16_OffsetTime(t *testing.T) {
	for _, c := range []struct {
		day, hour, zone, want string
		form                  bool // in the form of the rules
	}{
		{"03/03/2026", "10:15:40", "+0100", "2026-03-03T10:15:40+01:00", true},
		{"13/07/2026", "00:00:00", "+0200", "2026-07-13T00:00:00+02:00", true},
		{"31/12/2016", "23:59:60", "+0000", "2017-01-01T00:00:00Z", true},
		{"29/02/2024", "10:15:40", "-0330", "2024-02-29T10:15:40-03:30", true},
		{"29/02/2000", "10:15:40", "+1400", "2000-02-29T10:15:40+14:00", true},
		{"03/03/2026", "10:15:40", "+01:00", "2026-03-03T10:15:40+01:00", false},
		{"03/03/2026", "10:15:40", "Z", "2026-03-03T10:15:40Z", false},
		{"03/03/2026", "10:15:40", "z", "2026-03-03T10:15:40Z", false},
		{"03 / 03 / 2026", "10 : 15:40", "+ 01 00", "2026-03-03T10:15:40+01:00", false},
		{"3/3/2026", "9:15:40", "+0100", "2026-03-03T09:15:40+01:00", false},
	} {
		document := with(t, `zona="+0100"`, `zona="`+c.zone+`"`)
		d := mustParse(t, replaceOnce(t, replaceOnce(t, document, "03/03/2026", c.day), "10:15:40", c.hour))
		require.Equal(t, Date{c.day, c.hour, c.zone}, d.Date, "kept as read")
		got, err := d.Date.Time()
		require.NoError(t, err)
		require.Equal(t, c.want, got.Format(time.RFC3339))
		if c.form {
			require.Empty(t, d.Findings)
		} else {
			require.Equal(t, []string{FindingDateForm}, codes(d.Findings))
		}
	}
}

func TestRCV16_ImpossibleDateIsAFindingNotAnError(t *testing.T) {
	for _, c := range []struct{ day, hour, zone, want string }{
		{"31/02/2026", "10:15:40", "+0100", `day "31/02/2026": no such day`},
		{"29/02/2100", "10:15:40", "+0100", `day "29/02/2100": no such day`},
		{"31/04/2026", "10:15:40", "+0100", `day "31/04/2026": no such day`},
		{"00/03/2026", "10:15:40", "+0100", `day "00/03/2026": no such day`},
		{"01/13/2026", "10:15:40", "+0100", `day "01/13/2026": no such day`},
		{"01/01/0000", "10:15:40", "+0100", `day "01/01/0000": no such day`},
		{"2026-03-03", "10:15:40", "+0100", `day "2026-03-03": want dd/mm/yyyy`},
		{"03/03/26", "10:15:40", "+0100", `day "03/03/26": want dd/mm/yyyy`},
		{"003/03/2026", "10:15:40", "+0100", `day "003/03/2026": want dd/mm/yyyy`},
		{"03/03/2026", "25:00:00", "+0100", `hour "25:00:00": no such time of day`},
		{"03/03/2026", "24:00:00", "+0100", `hour "24:00:00": no such time of day`},
		{"03/03/2026", "10:60:00", "+0100", `hour "10:60:00": no such time of day`},
		{"03/03/2026", "10:15:61", "+0100", `hour "10:15:61": no such time of day`},
		{"03/03/2026", "10:15", "+0100", `hour "10:15": want hh:mm:ss`},
		{"03/03/2026", "10:1:40", "+0100", `hour "10:1:40": want hh:mm:ss`},
		{"03/03/2026", "dieci", "+0100", `hour "dieci": want hh:mm:ss`},
		{"03/03/2026", "10:15:40", "CET", `zone "CET": want ±hhmm, at most 14 hours`},
		{"03/03/2026", "10:15:40", "+9900", `zone "+9900": want ±hhmm, at most 14 hours`},
		{"03/03/2026", "10:15:40", "0100", `zone "0100": want ±hhmm, at most 14 hours`},
		{"03/03/2026", "10:15:40", "+0160", `zone "+0160": want ±hhmm, at most 14 hours`},
		{"03/03/2026", "10:15:40", "+1401", `zone "+1401": want ±hhmm, at most 14 hours`},
	} {
		document := with(t, `zona="+0100"`, `zona="`+c.zone+`"`)
		d := mustParse(t, replaceOnce(t, replaceOnce(t, document, "03/03/2026", c.day), "10:15:40", c.hour))
		require.Equal(t, Date{c.day, c.hour, c.zone}, d.Date)
		require.Equal(t, []Finding{{FindingDateInvalid, c.want}}, d.Findings)
		got, err := d.Date.Time()
		require.True(t, got.IsZero())
		var e *Error
		require.ErrorAs(t, err, &e)
		require.ErrorIs(t, err, ErrDate)
		require.EqualError(t, err, "daticert: element data: "+c.want)
		_, err = d.Marshal()
		require.ErrorIs(t, err, ErrDate)
	}
}

func TestNewDate(t *testing.T) {
	rome := time.FixedZone("CEST", 2*3600)
	require.Equal(t, Date{"05/07/2026", "09:03:01", "+0200"}, NewDate(time.Date(2026, 7, 5, 9, 3, 1, 999999999, rome)))
	require.Equal(t, Date{"05/07/2026", "09:03:01", "+0000"}, NewDate(time.Date(2026, 7, 5, 9, 3, 1, 0, time.UTC)))
	require.Equal(t, Date{"05/07/2026", "09:03:01", "-0330"}, NewDate(time.Date(2026, 7, 5, 9, 3, 1, 0, time.FixedZone("", -12600))))
	// Local mean time has seconds in its offset, the form has not: same instant.
	lmt := time.Date(1866, 1, 1, 0, 0, 0, 0, time.FixedZone("LMT", 2996))
	got, err := NewDate(lmt).Time()
	require.NoError(t, err)
	require.True(t, got.Equal(lmt))
}

// The calendar of package time is the oracle for every day of some centuries.
func TestDateAgreesWithTheCalendar(t *testing.T) {
	end := time.Date(2201, 1, 1, 0, 0, 0, 0, time.UTC)
	for at := time.Date(1899, 12, 31, 23, 59, 59, 0, time.UTC); at.Before(end); at = at.Add(24*time.Hour + 61*time.Second) {
		got, err := NewDate(at).Time()
		require.NoError(t, err)
		require.True(t, got.Equal(at))
	}
	for year := 1896; year < 2110; year++ {
		for month := 1; month <= 12; month++ {
			require.Equal(t, time.Date(year, time.Month(month+1), 0, 0, 0, 0, 0, time.UTC).Day(), daysIn(year, month))
		}
	}
}
