package csi_test

import (
	"strings"
	"testing"
	"time"

	"github.com/certmail/certmail/rem/csi"
	"github.com/certmail/certmail/trust/tsl"
	"github.com/stretchr/testify/require"
)

func TestC01_MailExchangerIsTheSupplyPoint(t *testing.T) {
	r := newREMID()
	lists := set(t, r.list(nil))
	for _, mx := range []string{"mx.provider.example", "mx.provider.example.", "MX.Provider.Example", "MX.PROVIDER.EXAMPLE."} {
		p, err := csi.FindByMX(lists, mx, tsl.REM(), now)
		require.NoError(t, err, mx)
		require.Equal(t, "Provider IT", p.Provider.Names.English())
		require.Equal(t, csi.SupplyPoints{Host: "mx.provider.example", Port: 25, Document: location}, p.SupplyPoints)
		require.Equal(t, tsl.Qualified, p.Standing)
	}
	for mx, want := range map[string]error{
		"mx2.provider.example":             csi.ErrNoPeer,
		"provider.example":                 csi.ErrNoPeer,
		"x.mx.provider.example":            csi.ErrNoPeer,
		"mx.provider.example.evil.test":    csi.ErrNoPeer,
		"":                                 csi.ErrNoMX,
		".":                                csi.ErrNoMX,
		"mx..provider.example":             csi.ErrNoMX,
		"mx.provider.example..":            csi.ErrNoMX,
		"mx.provider.example:25":           csi.ErrNoMX,
		"mx.provi\u0131der.example":        csi.ErrNoMX,
		"mx.provider.e\u212Aample":         csi.ErrNoMX, // the Kelvin sign folds to k
		strings.Repeat("a.", 200) + "test": csi.ErrNoMX,
	} {
		_, err := csi.FindByMX(lists, mx, tsl.REM(), now)
		require.ErrorIs(t, err, want, mx)
	}
}

// Type and status of the service count, at the time asked for.
func TestC01_OnlyActiveServicesOfTheKind(t *testing.T) {
	r := newREMID()
	find := func(change func(*tsl.Service), kind tsl.ServiceKind, when time.Time) (*csi.Peer, error) {
		return csi.FindByMX(set(t, r.list(func(l *tsl.List) { change(&l.Providers[0].Services[0]) })), "mx.provider.example", kind, when)
	}
	nothing := func(*tsl.Service) {}
	withdraw := func(s *tsl.Service) {
		s.History = []tsl.Entry{{Type: s.Type, Status: tsl.StatusGranted, Starting: s.Starting}}
		s.Status, s.Starting = tsl.StatusWithdrawn, at("2025-01-01T00:00:00Z")
	}
	_, err := find(withdraw, tsl.REM(), now)
	require.ErrorIs(t, err, tsl.ErrNotActive)
	p, err := find(withdraw, tsl.REM(), at("2024-06-01T00:00:00Z")) // C-08: by the history of the list
	require.NoError(t, err)
	require.Equal(t, at("2025-01-01T00:00:00Z"), p.Span.Until)
	_, err = find(nothing, tsl.REM(), at("2023-06-01T00:00:00Z"))
	require.ErrorIs(t, err, tsl.ErrNotActive)
	p, err = find(nothing, tsl.REM(), at("2026-06-01T00:00:00Z"))
	require.ErrorIs(t, err, tsl.ErrStale)
	require.True(t, p.Stale)
	_, err = find(nothing, tsl.TimeStamping(), now)
	require.ErrorIs(t, err, csi.ErrNoPeer)
	_, err = find(func(s *tsl.Service) { s.Type = tsl.ServiceEDSQualified }, tsl.REMBaseline(), now)
	require.ErrorIs(t, err, csi.ErrNoPeer)
	_, err = find(func(s *tsl.Service) { s.Identity = tsl.Identity{KeyIDs: [][]byte{{1}}} }, tsl.REM(), now)
	require.ErrorIs(t, err, tsl.ErrNotActive)
	require.ErrorContains(t, err, "no certificate")
	_, err = find(func(s *tsl.Service) { s.SupplyPoints = s.SupplyPoints[:1] }, tsl.REM(), now)
	require.ErrorIs(t, err, csi.ErrNoPeer)

	// Another provider that claims the same mail exchanger makes it ambiguous.
	_, err = csi.FindByMX(set(t, r.list(func(l *tsl.List) {
		l.Providers[1].Services[0].SupplyPoints[0].URI = "smtp:mx.provider.example"
	})), "mx.provider.example", tsl.REM(), now)
	require.ErrorIs(t, err, csi.ErrManyPeers)
	// Two lists that name one service do not.
	again := r.list(nil)
	again.Territory = "SI"
	p, err = csi.FindByMX(set(t, r.list(nil), again), "mx.provider.example", tsl.REM(), now)
	require.NoError(t, err)
	require.Len(t, p.Same, 2)
}

func TestC02_SupplyPointForms(t *testing.T) {
	for uri, want := range map[string]struct {
		host string
		port int
	}{
		"smtp://mx.provider.example":        {"mx.provider.example", 25},
		"smtp://mx.provider.example:2525":   {"mx.provider.example", 2525},
		"smtp:mx.provider.example:25":       {"mx.provider.example", 25},
		"smtp:mx.provider.example":          {"mx.provider.example", 25},
		"SMTP://MX.provider.Example.:65535": {"mx.provider.example", 65535},
		"smtp://xn--caff-8oa.example":       {"xn--caff-8oa.example", 25},
	} {
		host, port, err := csi.ParseSMTP(uri)
		require.NoError(t, err, uri)
		require.Equal(t, []any{want.host, want.port}, []any{host, port}, uri)
	}
	for _, uri := range []string{"", "smtp", "smtp:", "smtp://", "smtps://mx.provider.example", "https://mx.provider.example", "mx.provider.example",
		"smtp://mx.provider.example:", "smtp://mx.provider.example:0", "smtp://mx.provider.example:65536", "smtp://mx.provider.example:+25", "smtp://mx.provider.example:-1",
		"smtp://mx.provider.example:25/x", "smtp://user@mx.provider.example", "smtp:///mx.provider.example", "smtp://mx provider.example", "smtp://mx.provider.example?x", "smtp://-mx.example"} {
		_, _, err := csi.ParseSMTP(uri)
		require.ErrorIs(t, err, csi.ErrSupplyPoint, uri)
	}
	points := func(uris ...string) (found []tsl.SupplyPoint) {
		for _, u := range uris {
			found = append(found, tsl.SupplyPoint{URI: u})
		}
		return found
	}
	const smtp, https = "smtp:mx.a.example:25", "https://a.example/csi.xml"
	got, err := csi.ParseSupplyPoints(points(https, "ldap://a.example", smtp))
	require.NoError(t, err)
	require.Equal(t, csi.SupplyPoints{Host: "mx.a.example", Port: 25, Document: https}, got)
	for _, bad := range [][]tsl.SupplyPoint{points(), points(smtp), points(https), points(smtp, smtp, https), points(smtp, https, https), points("smtp:", https), points(smtp, "https://"), points(smtp, "http://a.example/csi.xml")} {
		_, err := csi.ParseSupplyPoints(bad)
		require.ErrorIs(t, err, csi.ErrSupplyPoint)
	}
}
