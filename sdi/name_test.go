package sdi

import (
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// nameExpression is the table of the technical rules as one expression; the
// length of an Italian identifier is checked beside it.
var nameExpression = regexp.MustCompile(`(?i)^([A-Z]{2})([A-Z0-9]{2,28})_([A-Z0-9]{1,5})(?:_(RC|NS|MC|NE|MT|DT|AT|EC|SE)_([A-Z0-9]{1,3}))?\.(xml|zip)(\.p7m)?$`)

func byExpression(name string) (Name, bool) {
	m := nameExpression.FindStringSubmatch(name)
	if m == nil || !isASCII(name) || strings.EqualFold(m[1], "IT") && (len(m[2]) < 11 || len(m[2]) > 16) {
		return Name{}, false
	}
	return Name{m[1], m[2], m[3], Type(strings.ToUpper(m[4])), m[5], strings.EqualFold(m[6], "zip"), m[7] != "", name}, true
}

func TestSDI_Names(t *testing.T) {
	for name, want := range map[string]*Name{
		"IT01234567890_00001.xml":               {Country: "IT", ID: "01234567890", Progressive: "00001"},
		"IT01234567890_00001.xml.p7m":           {Country: "IT", ID: "01234567890", Progressive: "00001", Signed: true},
		"ITAAABBB99T99X999W_00001.xml":          {Country: "IT", ID: "AAABBB99T99X999W", Progressive: "00001"},
		"IT01234567890_00001.zip":               {Country: "IT", ID: "01234567890", Progressive: "00001", Zip: true},
		"IT01234567890_00001_MT_001.xml":        {Country: "IT", ID: "01234567890", Progressive: "00001", Type: MT, Number: "001"},
		"IT02652600210_00007_mt_002.xml":        {Country: "IT", ID: "02652600210", Progressive: "00007", Type: MT, Number: "002"},
		"it01234567890_a.XML.P7M":               {Country: "it", ID: "01234567890", Progressive: "a", Signed: true},
		"DE123456789_1.xml":                     {Country: "DE", ID: "123456789", Progressive: "1"},
		"FR12_1.xml":                            {Country: "FR", ID: "12", Progressive: "1"},
		"FR1_1.xml":                             nil,
		"DE1234567890123456789012345678_1.xml":  {Country: "DE", ID: "1234567890123456789012345678", Progressive: "1"},
		"DE12345678901234567890123456789_1.xml": nil,
		"IT0123_00001.xml":                      nil,
		"IT01234567890123456_00001.xml":         nil,
		"IT01234567890_000001.xml":              nil,
		"IT01234567890_00001_RC_1234.xml":       nil,
		"IT01234567890_RC_001.xml":              nil,
		"IT01234567890_00001_XX_001.xml":        nil,
		"IT01234567890_.xml":                    nil,
		"1T01234567890_00001.xml":               nil,
		"IT01234567890_00001.pdf":               nil,
		"IT01234567890_00001.p7m":               nil,
		"IT01234567890_00001.xml.p7m.p7m":       nil,
		"IT01234567890_00001.xml ":              nil,
		"a/IT01234567890_00001.xml":             nil,
		"IT01234567890_00001_MC_\u212a.xml":     nil, // the Kelvin sign, a K to (?i)
		"":                                      nil,
		".xml":                                  nil,
	} {
		got, err := ParseName(name)
		_, agrees := byExpression(name)
		require.Equal(t, want != nil, agrees, "%q by the expression", name)
		if want == nil {
			require.ErrorIs(t, err, ErrName, name)
			continue
		}
		require.NoError(t, err)
		want.text = name
		require.Equal(t, *want, got)
		require.Equal(t, name, got.String())
		require.Equal(t, strings.Join(strings.Split(strings.SplitN(name, ".", 2)[0], "_")[:2], "_"), got.Stem())
	}
}

func TestSDI_NameZero(t *testing.T) {
	require.Equal(t, "", Name{}.Stem())
	require.Equal(t, "", Name{Country: "IT", ID: "1"}.Stem()) // made by hand, no text
}

// FuzzName: the parser and the expression of the rules agree.
func FuzzName(f *testing.F) {
	for _, seed := range []string{"IT01234567890_00001.xml", "it01234567890_a.XML.P7M", "IT01234567890_00001_MT_001.xml", "IT01234567890_00001.zip.p7m", "FR1_1.xml", "\u212a", "IT01234567890_0000\u017f.xml"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, name string) {
		got, err := ParseName(name)
		want, ok := byExpression(name)
		if ok != (err == nil) || got != want {
			t.Fatalf("%q: %+v, %v; by the expression %+v, %v", name, got, err, want, ok)
		}
	})
}
