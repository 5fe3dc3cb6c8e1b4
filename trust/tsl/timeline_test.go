package tsl_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/certmail/certmail/trust/tsl"
	"github.com/certmail/certmail/trust/tsl/tsltest"
	"github.com/stretchr/testify/require"
)

func TestStatusAtATime(t *testing.T) {
	// A real timeline: a gap of two hours at the change of law.
	infocert := service(
		entry(tsl.ServiceTSAQualified, tsl.StatusGranted, "2016-07-01T00:00:01Z"),
		entry(tsl.ServiceTSAQualified, tsl.StatusWithdrawn, "2016-06-30T22:00:00Z"),
		entry(tsl.ServiceTSA, tsl.StatusAccredited, "2016-06-28T00:00:00Z"),
	)
	unordered := service(infocert.Entry, infocert.History[1], infocert.History[0])
	twoAtOnce := service(
		entry(tsl.ServiceREMQualified, tsl.StatusGranted, "2022-01-01T00:00:00Z"),
		entry(tsl.ServiceREMQualified, tsl.StatusWithdrawn, "2020-01-01T00:00:00Z"),
		entry(tsl.ServiceREMQualified, tsl.StatusGranted, "2020-01-01T00:00:00Z"),
	)
	atCurrent := service(
		entry(tsl.ServiceREMQualified, tsl.StatusWithdrawn, "2020-01-01T00:00:00Z"),
		entry(tsl.ServiceREMQualified, tsl.StatusGranted, "2020-01-01T00:00:00Z"),
	)
	afterCurrent := service(
		entry(tsl.ServiceREMQualified, tsl.StatusWithdrawn, "2020-01-01T00:00:00Z"),
		entry(tsl.ServiceREMQualified, tsl.StatusGranted, "2021-01-01T00:00:00Z"),
		entry(tsl.ServiceREMQualified, tsl.StatusGranted, "2018-01-01T00:00:00Z"),
	)
	for _, c := range []struct {
		name               string
		service            tsl.Service
		at                 string
		kind, status, from string
		until              string
	}{
		{"before everything", infocert, "2016-06-27T23:59:59Z", "", "", "", ""},
		{"exactly the first", infocert, "2016-06-28T00:00:00Z", "TSA", "accredited", "2016-06-28T00:00:00Z", "2016-06-30T22:00:00Z"},
		{"last instant of the first", infocert, "2016-06-30T21:59:59.999999999Z", "TSA", "accredited", "2016-06-28T00:00:00Z", "2016-06-30T22:00:00Z"},
		{"the end belongs to the next", infocert, "2016-06-30T22:00:00Z", "TSA/QTST", "withdrawn", "2016-06-30T22:00:00Z", "2016-07-01T00:00:01Z"},
		{"current", infocert, "2030-01-01T00:00:00Z", "TSA/QTST", "granted", "2016-07-01T00:00:01Z", ""},
		{"another zone", infocert, "2016-07-01T00:30:00+02:00", "TSA/QTST", "withdrawn", "2016-06-30T22:00:00Z", "2016-07-01T00:00:01Z"},
		{"order does not count, 1", unordered, "2016-06-29T00:00:00Z", "TSA", "accredited", "2016-06-28T00:00:00Z", "2016-06-30T22:00:00Z"},
		{"order does not count, 2", unordered, "2016-06-30T23:00:00Z", "TSA/QTST", "withdrawn", "2016-06-30T22:00:00Z", "2016-07-01T00:00:01Z"},
		{"two at once: the newer one", twoAtOnce, "2021-01-01T00:00:00Z", "EDS/REM/Q", "withdrawn", "2020-01-01T00:00:00Z", "2022-01-01T00:00:00Z"},
		{"the current one covers", atCurrent, "2020-01-01T00:00:00Z", "EDS/REM/Q", "withdrawn", "2020-01-01T00:00:00Z", ""},
		{"nothing below the covered", atCurrent, "2019-12-31T00:00:00Z", "", "", "", ""},
		{"no past after the present", afterCurrent, "2022-01-01T00:00:00Z", "EDS/REM/Q", "withdrawn", "2020-01-01T00:00:00Z", ""},
		{"past before it", afterCurrent, "2019-01-01T00:00:00Z", "EDS/REM/Q", "granted", "2018-01-01T00:00:00Z", "2020-01-01T00:00:00Z"},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := written(t, made("IT", c.service))
			span, err := l.Providers[0].Services[0].At(at(c.at))
			if c.status == "" {
				require.ErrorIs(t, err, tsl.ErrNotYetListed)
				return
			}
			require.NoError(t, err)
			require.Equal(t, []any{c.kind, c.status, at(c.from)}, []any{tsl.ShortType(span.Type), tsl.ShortStatus(span.Status), span.Starting})
			if c.until == "" {
				require.True(t, span.Until.IsZero() && span.Current)
			} else {
				require.Equal(t, at(c.until), span.Until)
				require.False(t, span.Current)
			}
		})
	}
}

func TestOddHistoriesAreFindings(t *testing.T) {
	granted := func(from string) tsl.Entry { return entry(tsl.ServiceREMQualified, tsl.StatusGranted, from) }
	for code, s := range map[string]tsl.Service{
		"history-after-current": service(granted("2020-01-01T00:00:00Z"), granted("2021-01-01T00:00:00Z")),
		"history-unordered":     service(granted("2020-01-01T00:00:00Z"), granted("2017-01-01T00:00:00Z"), granted("2018-01-01T00:00:00Z")),
		"unknown-status":        service(entry(tsl.ServiceREM, "http://example.test/inventato", "2020-01-01T00:00:00Z")),
	} {
		require.Equal(t, []string{code}, codes(written(t, made("IT", s))), code)
	}
}

func codes(l *tsl.List) []string {
	var found []string
	for _, f := range l.Findings {
		found = append(found, f.Code)
	}
	return found
}

// What cannot be read may hide a withdrawal: nothing is concluded from a
// service with such an entry, wherever in its history it stands.
func TestUnreadableEntriesAreNotSkipped(t *testing.T) {
	s := service(
		entry(tsl.ServiceREMQualified, tsl.StatusWithdrawn, "2024-01-01T00:00:00Z"),
		entry(tsl.ServiceREMQualified, tsl.StatusGranted, "2020-01-01T00:00:00Z"),
	)
	clean := string(tsltest.Write(made("IT", s)))
	one := "<ServiceStatus>" + tsl.StatusWithdrawn + "</ServiceStatus>"
	for name, damaged := range map[string]string{
		"no time":                 strings.Replace(clean, "2024-01-01T00:00:00Z", "soon", 1),
		"a date":                  strings.Replace(clean, "2024-01-01T00:00:00Z", "2024-01-01", 1),
		"year zero":               strings.Replace(clean, "2024-01-01T00:00:00Z", "0001-01-01T00:00:00Z", 1),
		"no time in the history":  strings.Replace(clean, "2020-01-01T00:00:00Z", "", 1),
		"two statuses":            strings.Replace(clean, one, one+"<ServiceStatus>"+tsl.StatusGranted+"</ServiceStatus>", 1),
		"no status":               strings.Replace(clean, one, "", 1),
		"no time element":         strings.Replace(clean, "<StatusStartingTime>2024-01-01T00:00:00Z</StatusStartingTime>", "", 1),
		"no type":                 strings.Replace(clean, "<ServiceTypeIdentifier>"+tsl.ServiceREMQualified+"</ServiceTypeIdentifier>", "", 1),
		"two current entries":     strings.Replace(clean, "</ServiceInformation>", "</ServiceInformation><ServiceInformation/>", 1),
		"no current entry at all": strings.Replace(strings.Replace(clean, "<ServiceInformation>", "<Gone>", 1), "</ServiceInformation>", "</Gone>", 1),
	} {
		t.Run(name, func(t *testing.T) {
			require.NotEqual(t, clean, damaged)
			l, err := tsl.Parse([]byte(damaged), nil)
			require.NoError(t, err)
			require.NotEmpty(t, l.Findings)
			for _, when := range []string{"2019-01-01T00:00:00Z", "2021-01-01T00:00:00Z", "2025-01-01T00:00:00Z"} {
				_, err = l.Providers[0].Services[0].At(at(when))
				require.ErrorIs(t, err, tsl.ErrDoubt, when)
			}
		})
	}
}

func TestToleranceWhileReading(t *testing.T) {
	clean := tsltest.Write(full(newPKI()))
	replace := func(old, new string) []byte {
		require.Contains(t, string(clean), old)
		return bytes.Replace(clean, []byte(old), []byte(new), 1)
	}
	for name, c := range map[string]struct {
		data []byte
		code string
	}{
		"byte order mark":              {append([]byte("\xef\xbb\xbf"), clean...), ""},
		"comment around the root":      {replace("?>\n", "?>\n<!-- by hand -->\n"), ""},
		"time without zone":            {replace("2025-01-10T10:00:00Z", "2025-01-10T10:00:00"), "time-without-zone"},
		"sequence that is no number":   {replace("<TSLSequenceNumber>7<", "<TSLSequenceNumber>seven<"), "bad-number"},
		"two sequence numbers":         {replace("<TSLSequenceNumber>7<", "<TSLSequenceNumber>7</TSLSequenceNumber><TSLSequenceNumber>8<"), "element-twice"},
		"something foreign at the top": {replace("</SchemeInformation>", "</SchemeInformation><x xmlns='urn:x'/>"), "unknown-element"},
		"another tag":                  {replace(tsl.Tag, "http://uri.etsi.org/02231/TSLTag"), "list-tag"},
		"no territory":                 {replace("<SchemeTerritory>IT</SchemeTerritory><PolicyOrLegalNotice>", "<PolicyOrLegalNotice>"), "missing-element"},
		"not base64":                   {replace("<X509Certificate>MI", "<X509Certificate>!!"), "bad-certificate"},
		"blanks in base64":             {replace("<X509Certificate>MI", "<X509Certificate>\n   M I\t"), ""},
		"critical or not":              {replace(`Critical="false"`, `Critical="perhaps"`), "bad-critical"},
	} {
		t.Run(name, func(t *testing.T) {
			l, err := tsl.Parse(c.data, nil)
			require.NoError(t, err)
			if c.code == "" {
				require.Empty(t, l.Findings)
				return
			}
			require.Contains(t, codes(l), c.code)
		})
	}
}
