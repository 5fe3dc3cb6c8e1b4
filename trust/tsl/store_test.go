package tsl_test

import (
	"testing"

	"github.com/certmail/certmail/trust"
	"github.com/certmail/certmail/trust/tsl"
	"github.com/certmail/certmail/trust/tsp/tsptest"
	"github.com/stretchr/testify/require"
)

// One store for each kind of service: a listed service passes for what it is
// listed for, and a listed authority for what is issued under it, and neither
// for anything else.
func TestAnchorsInStores(t *testing.T) {
	p := newPKI()
	tsa, err := tsptest.New(tsptest.Config{Seed: seed, Clock: at(in2022).UTC})
	require.NoError(t, err)
	lists := set(t, made("IT",
		service(entry(tsl.ServiceREMQualified, tsl.StatusGranted, "2020-01-01T00:00:00Z", p.ca.Certificate)),
		service(entry(tsl.ServiceTSAQualified, tsl.StatusGranted, "2020-01-01T00:00:00Z", tsa.Root())),
	))
	store := func(kind tsl.ServiceKind) *trust.Store {
		s, err := trust.NewStore(trust.Material{Anchors: lists.Anchors(kind)}, nil)
		require.NoError(t, err)
		return s
	}
	mail, stamps := store(tsl.REM()), store(tsl.TimeStamping())
	for _, c := range []struct {
		name    string
		store   *trust.Store
		leaf    []byte
		purpose trust.Purpose
		want    trust.Status
	}{
		{"mail by the store for mail", mail, p.rem.Certificate.Raw, trust.ForMail, trust.Passed},
		{"stamp by the store for stamps", stamps, tsa.Certificate().Raw, trust.ForTimeStamps, trust.Passed},
		{"mail by the store for stamps", stamps, p.rem.Certificate.Raw, trust.ForMail, trust.Unknown},
		{"stamp by the store for mail", mail, tsa.Certificate().Raw, trust.ForTimeStamps, trust.Unknown},
		{"stamp as mail", stamps, tsa.Certificate().Raw, trust.ForMail, trust.Failed},
	} {
		got := c.store.Evaluate(trust.Query{Leaf: c.leaf, At: at(in2022), Purpose: c.purpose})
		require.Equal(t, c.want, got.AtEvent.Status, "%s: %s", c.name, got.AtEvent.Detail)
	}
	require.Equal(t, tsl.Qualified, lists.Judge(tsa.Certificate(), nil, tsl.TimeStamping(), at(in2022)).Standing)
}
