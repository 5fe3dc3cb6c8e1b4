package xsd

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestTime(t *testing.T) {
	for in, want := range map[string]struct {
		t     time.Time
		local bool
	}{
		"2023-09-19T00:00:24Z":                {time.Date(2023, 9, 19, 0, 0, 24, 0, time.UTC), false},
		"2023-09-19T02:00:24.5+02:00":         {time.Date(2023, 9, 19, 0, 0, 24, 500e6, time.UTC), false},
		"2023-09-19T00:00:24":                 {time.Date(2023, 9, 19, 0, 0, 24, 0, time.UTC), true},
		"2023-09-19T00:00:24.000000001-00:30": {time.Date(2023, 9, 19, 0, 30, 24, 1, time.UTC), false},
	} {
		got, local, err := Time(in)
		require.NoError(t, err, in)
		require.Equal(t, want.t, got, in)
		require.Equal(t, want.local, local, in)
	}
	for _, in := range []string{"", "2023-09-19", "2023-09-19 00:00:24Z", "0001-01-01T00:00:00Z", "1899-12-31T23:59:59Z", "2023-13-19T00:00:24Z",
		"12023-09-19T00:00:24Z", "-2023-09-19T00:00:24Z", "2023-09-19T00:00:24Z ", "9999-12-31T23:59:59-14:00"} {
		_, _, err := Time(in)
		require.ErrorIs(t, err, ErrTime, in)
	}
}

func TestBinary(t *testing.T) {
	for in, want := range map[string]string{"": "", "QUJD": "ABC", " QU\r\nJD\t": "ABC", "QUI=": "AB"} {
		got, err := Binary(in)
		require.NoError(t, err, in)
		require.Equal(t, want, string(got))
	}
	for _, in := range []string{"Q", "QUJ=", "QU_-", "QUI", "QUJD=", "!"} {
		_, err := Binary(in)
		require.Error(t, err, in)
	}
}

func TestBoolean(t *testing.T) {
	for in, want := range map[string][2]bool{"true": {true, true}, " 1\n": {true, true}, "0": {false, true}, "false": {false, true},
		"": {false, false}, "TRUE": {false, false}, "yes": {false, false}} {
		value, ok := Boolean(in)
		require.Equal(t, want, [2]bool{value, ok}, in)
	}
}
