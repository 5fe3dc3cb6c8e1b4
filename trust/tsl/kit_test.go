package tsl_test

import (
	"crypto/x509"
	"testing"
	"time"

	"github.com/certmail/certmail/internal/reftest"
	"github.com/certmail/certmail/trust"
	"github.com/certmail/certmail/trust/tsl"
	"github.com/stretchr/testify/require"
)

// kitList reads one of the example lists of EN 319 532-4, "A", "B" or "C".
func kitList(tb testing.TB, provider string) *tsl.List {
	tb.Helper()
	data := reftest.File(tb, "etsi", "en319532-4-v1.2.1-kit", "INFORMATIVE-EXAMPLES", "COMMON_SERVICE_INTERFACE", "TL_CC"+provider+".xml")
	_, err := tsl.Parse(data, nil)
	require.ErrorIs(tb, err, tsl.ErrVersion)
	l, err := tsl.Parse(data, &tsl.Options{AnyVersion: true})
	require.NoError(tb, err)
	reftest.ValidTrustedList(tb, data)
	return l
}

func kitCertificate(tb testing.TB, name string) *x509.Certificate {
	tb.Helper()
	certs, err := trust.ParseCertificates(reftest.File(tb, "etsi", "en319532-4-v1.2.1-kit", "INFORMATIVE-EXAMPLES", "CERTIFICATES", name))
	require.NoError(tb, err)
	return certs[0]
}

// The three lists of the kit name all three services, each under the provider
// of its own country: the link goes by certificate, the provider's name is that
// of the country's list.
func TestKitLists(t *testing.T) {
	var vouched []*tsl.Verification
	for _, provider := range []string{"A", "B", "C"} {
		l := kitList(t, provider)
		require.Equal(t, []string{"list-version"}, codes(l))
		v := l.Verify(nil, time.Time{}, nil)
		require.ErrorIs(t, v.Err, tsl.ErrUnsigned)
		require.False(t, v.Believed())
		vouched = append(vouched, l.Vouch(time.Time{}, nil))
	}
	set, err := tsl.NewSet(vouched...)
	require.NoError(t, err)
	when := at("2022-01-01T00:00:00Z")
	for provider, c := range map[string]struct{ file, name, service string }{
		"A": {"S-REMS-A-CERTIFICATE.crt", "S-REMS-A provider", "SA-REMS provider"},
		"B": {"R-REMS-B-CERTIFICATE.crt", "R-REMS-B provider", "RB-REMS provider"},
		"C": {"R-REMS-C-CERTIFICATE.crt", "R-REMS-C provider", "RC-REMS provider"},
	} {
		cert := kitCertificate(t, c.file)
		a := set.Judge(cert, nil, tsl.REMBaseline(), when)
		require.Equal(t, tsl.Qualified, a.Standing, a.Reason)
		require.Len(t, a.Matches, 3)
		for _, m := range a.Matches {
			require.Equal(t, tsl.LinkCertificate, m.Link)
			require.Equal(t, c.service, m.Service.Names.English())
		}
		own := a.In("CC" + provider)
		require.Equal(t, c.name, own.Provider.Names.English())
		require.Same(t, own, a.ProviderNamed(c.name))
		// The lists were due in October 2021, their services start at the end
		// of that year: by the lists, nobody had been listed when the messages
		// of the kit were sent.
		require.True(t, a.Stale)
		require.Equal(t, trust.Unknown, a.Check().Status)
		require.Equal(t, tsl.NotYetListed, set.Judge(cert, nil, tsl.REM(), at("2021-12-01T21:04:40Z")).Standing)
	}
	chain := []*x509.Certificate{kitCertificate(t, "REM-ROOT-CA.crt")}
	require.Equal(t, tsl.NotListed, set.Judge(kitCertificate(t, "REM-INTERMEDIATE-CA.crt"), chain, tsl.REM(), when).Standing)
	require.Equal(t, tsl.NotListed, set.Judge(kitCertificate(t, "TSA.NOWNTSTS202004.pem"), nil, tsl.TimeStamping(), when).Standing)
	require.Len(t, set.Anchors(tsl.REM()), 3)
}
