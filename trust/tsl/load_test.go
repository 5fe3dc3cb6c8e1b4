package tsl_test

import (
	"context"
	"crypto/x509"
	"errors"
	"testing"
	"testing/fstest"
	"time"

	"github.com/certmail/certmail/internal/reftest"
	"github.com/certmail/certmail/trust"
	"github.com/certmail/certmail/trust/tsl"
	"github.com/certmail/certmail/trust/tsl/tsltest"
	"github.com/stretchr/testify/require"
)

// From the real list of lists to the two real lists at hand.
func TestLoadRealLists(t *testing.T) {
	lotl := reftest.File(t, "tsl", lotlFile)
	src := tsl.Files{
		"https://tsl.belgium.be/tsl-be.xml":                   reftest.File(t, "tsl", beFile),
		"https://www.tl.gov.si/SI_TL.xml":                     reftest.File(t, "tsl", siFile),
		"https://tsl.gov.cz/publ/TSL_CZ.xtsl":                 reftest.File(t, "tsl", czFile),
		"https://eidas.agid.gov.it/TL/TSL-IT.xml":             []byte("<html/>"),
		"https://www.signatur.rtr.at/currenttl.xml":           reftest.File(t, "tsl", siFile), // another territory's
		"https://elektroninisparasas.lt/LT-TSL.xml":           lotl,
		"https://dp.trustedlist.fi/fi-tl.xml":                 nil,
		"https://crc.bg/files/_en/TSL_BG.pdf":                 []byte("%PDF"),
		"https://ec.europa.eu/tools/lotl/eu-lotl-pivot-1.xml": lotl,
	}
	loaded, err := tsl.Load(background(), lotl, pointed(t, "EU"), src, &tsl.LoadOptions{
		Now: at("2023-10-01T00:00:00Z"), Territories: []string{"be", "SI", "CZ", "IT", "AT", "LT", "FI", "PT", "XX"},
		Notice: "https://eur-lex.europa.eu/legal-content/EN/TXT/?uri=uriserv:OJ.C_.2019.276.01.0001.01.ENG",
	})
	require.NoError(t, err)
	require.Equal(t, trust.Valid, loaded.LOTL.Verdict())
	require.Empty(t, loaded.Pivots)
	errs := map[string]error{}
	for _, l := range loaded.Lists {
		errs[l.Pointer.Territory] = l.Err
		require.Equal(t, tsl.MediaTypeXML, l.Pointer.MediaType)
	}
	for territory, want := range map[string]error{"BE": nil, "SI": nil, "CZ": tsl.ErrSignatures, "IT": tsl.ErrNotAList, "AT": tsl.ErrSigner,
		"LT": tsl.ErrNotVerified, "FI": tsl.ErrXML, "PT": tsl.ErrFetch} {
		got, there := errs[territory]
		require.True(t, there, territory)
		require.ErrorIs(t, got, want, territory)
	}
	require.Equal(t, []trust.Finding{{Code: "no-such-list", Detail: "the list of lists points to no list of XX"}}, loaded.Findings)
	require.Len(t, loaded.Set.Lists(), 2)
	require.Equal(t, 66, loaded.Set.List("BE").Sequence)
	require.Equal(t, at("2023-12-28T14:53:06Z"), loaded.Set.NextUpdate())
}

// world is a list of lists of an operator's with one national list.
type world struct {
	eu, it *tsltest.Operator
	lotl   *tsl.List
	src    tsl.Files
}

const itURL, lotlURL = "https://scheme.example/TSL-IT.xml", "https://lists.example/lotl.xml"

func newWorld(tb testing.TB) *world {
	w := &world{eu: tsltest.NewOperator(seed, "EU"), it: tsltest.NewOperator(seed, "IT")}
	p := newPKI()
	w.src = tsl.Files{itURL: signed(tb, w.it, made("IT", service(entry(tsl.ServiceREMQualified, tsl.StatusGranted, "2020-01-01T00:00:00Z", p.rem.Certificate))))}
	w.lotl = made("EU")
	w.lotl.Providers, w.lotl.Type, w.lotl.Sequence = nil, tsl.TypeListOfLists, 100
	w.lotl.Pointers = []tsl.Pointer{w.eu.Pointer("EU", tsl.TypeListOfLists, lotlURL), w.it.Pointer("IT", "", itURL)}
	return w
}

func (w *world) load(tb testing.TB, anchors []*x509.Certificate, o *tsl.LoadOptions) (*tsl.Loaded, error) {
	tb.Helper()
	return tsl.Load(background(), signed(tb, w.eu, w.lotl), anchors, w.src, o)
}

func TestLoad(t *testing.T) {
	w := newWorld(t)
	loaded, err := w.load(t, []*x509.Certificate{w.eu.Certificate}, nil)
	require.NoError(t, err)
	require.NoError(t, loaded.Lists[0].Err)
	a := loaded.Set.Judge(newPKI().rem.Certificate, nil, tsl.REM(), at(in2022))
	require.True(t, a.Qualified(), a.Reason)

	_, err = w.load(t, nil, nil)
	require.ErrorIs(t, err, tsl.ErrNotVerified)
	_, err = w.load(t, []*x509.Certificate{w.it.Certificate}, nil)
	require.ErrorIs(t, err, tsl.ErrAnchors)
	_, err = w.load(t, []*x509.Certificate{w.eu.Certificate}, &tsl.LoadOptions{LastSequence: map[string]int{"EU": 101}})
	require.ErrorIs(t, err, tsl.ErrSequence)
	loaded, err = w.load(t, []*x509.Certificate{w.eu.Certificate}, &tsl.LoadOptions{LastSequence: map[string]int{"IT": 8}, Notice: "https://journal.example/1"})
	require.NoError(t, err)
	require.ErrorIs(t, loaded.Lists[0].Err, tsl.ErrSequence)
	require.Empty(t, loaded.Set.Lists())
	require.Equal(t, "lotl-other-notice", loaded.Findings[0].Code)

	ctx, cancel := context.WithCancel(background())
	cancel()
	_, err = tsl.Load(ctx, signed(t, w.eu, w.lotl), []*x509.Certificate{w.eu.Certificate}, w.src, nil)
	require.ErrorIs(t, err, context.Canceled)
	loaded, err = tsl.Load(background(), signed(t, w.eu, w.lotl), []*x509.Certificate{w.eu.Certificate}, nil, nil)
	require.NoError(t, err)
	require.ErrorIs(t, loaded.Lists[0].Err, tsl.ErrFetch)
}

// A list of another territory, or another kind, under a pointer is refused
// although its signer is the pointer's.
func TestLoadComparesWithThePointer(t *testing.T) {
	for name, swap := range map[string]func(w *world) *tsl.List{
		"territory": func(w *world) *tsl.List { return made("SI") },
		"kind":      func(w *world) *tsl.List { l := made("IT"); l.Type = tsl.TypeListOfLists; return l },
	} {
		w := newWorld(t)
		w.src[itURL] = signed(t, w.it, swap(w))
		loaded, err := w.load(t, []*x509.Certificate{w.eu.Certificate}, nil)
		require.NoError(t, err, name)
		require.ErrorIs(t, loaded.Lists[0].Err, tsl.ErrTerritory, name)
	}
	w := newWorld(t)
	w.lotl.Type = tsl.TypeGeneric
	_, err := w.load(t, []*x509.Certificate{w.eu.Certificate}, nil)
	require.ErrorIs(t, err, tsl.ErrTerritory)
}

// The signers of the list of lists change; pivots introduce the new ones,
// oldest first.
func TestLoadPivots(t *testing.T) {
	first, second, third := tsltest.NewOperator(seed+10, "EU"), tsltest.NewOperator(seed+11, "EU"), tsltest.NewOperator(seed+12, "EU")
	pivot := func(by, introduces *tsltest.Operator, sequence int) []byte {
		l := made("EU")
		l.Providers, l.Type, l.Sequence = nil, tsl.TypeListOfLists, sequence
		l.Pointers = []tsl.Pointer{introduces.Pointer("EU", tsl.TypeListOfLists, lotlURL)}
		return signed(t, by, l)
	}
	const old, young, journal = "https://lists.example/pivot-50.xml", "https://lists.example/pivot-80.xml", "https://journal.example/C276"
	prepare := func() *world {
		w := newWorld(t)
		w.eu = third
		w.lotl.Pointers[0] = third.Pointer("EU", tsl.TypeListOfLists, lotlURL)
		w.lotl.InformationURIs = []tsl.URI{{Language: "en", Value: young}, {Language: "en", Value: old}, {Language: "en", Value: journal}, {Language: "it", Value: young}}
		w.src[old], w.src[young] = pivot(first, second, 50), pivot(second, third, 80)
		return w
	}
	anchors := func(o ...*tsltest.Operator) (certs []*x509.Certificate) {
		for _, o := range o {
			certs = append(certs, o.Certificate)
		}
		return certs
	}

	loaded, err := prepare().load(t, anchors(first), &tsl.LoadOptions{Now: at("2025-02-01T00:00:00Z"), Notice: journal})
	require.NoError(t, err)
	require.Len(t, loaded.Pivots, 2)
	require.Equal(t, 50, loaded.Pivots[0].List.Sequence)
	require.Equal(t, trust.Valid, loaded.LOTL.Verdict())
	require.NoError(t, loaded.Lists[0].Err)
	require.Empty(t, loaded.Findings)

	loaded, err = prepare().load(t, anchors(second), nil) // from the middle
	require.NoError(t, err)
	require.Len(t, loaded.Pivots, 1)
	loaded, err = prepare().load(t, anchors(third), nil)
	require.NoError(t, err)
	require.Empty(t, loaded.Pivots)

	for name, damage := range map[string]func(w *world){
		"old one missing":   func(w *world) { delete(w.src, old) },
		"young one missing": func(w *world) { delete(w.src, young) },
		"old one altered":   func(w *world) { w.src[old] = append([]byte(" "), w.src[old]...) },
		"break in the row":  func(w *world) { w.src[young] = pivot(first, third, 80) },
		"wrong order":       func(w *world) { w.src[old], w.src[young] = w.src[young], w.src[old] },
		"introduces nobody": func(w *world) { w.src[young] = pivot(second, second, 80) },
		"from the future":   func(w *world) { w.src[young] = pivot(second, third, 101) },
		"none named":        func(w *world) { w.lotl.InformationURIs = nil },
	} {
		w := prepare()
		damage(w)
		_, err := w.load(t, anchors(first), nil)
		require.Error(t, err, name)
		require.True(t, errors.Is(err, tsl.ErrAnchors) || errors.Is(err, tsl.ErrSigner), "%s: %v", name, err)
	}
}

func TestFolder(t *testing.T) {
	src := tsl.Folder{FS: fstest.MapFS{"TSL-IT.xml": {Data: []byte("x")}, "sub/y.xml": {Data: []byte("y")}}}
	data, err := src.Fetch(background(), "https://eidas.agid.gov.it/TL/TSL-IT.xml?a=b")
	require.NoError(t, err)
	require.Equal(t, "x", string(data))
	for _, url := range []string{"https://x.example/", "https://x.example/other.xml", "https://x.example/..", "https://x.example/%2e%2e%2fTSL.xml", ":", "https://x.example/sub/"} {
		_, err = src.Fetch(background(), url)
		require.ErrorIs(t, err, tsl.ErrFetch, url)
	}
}

func TestDigestFile(t *testing.T) {
	w := newWorld(t)
	l := parsed(t, w.src[itURL])
	sum := l.Digest()
	hex := []byte("")
	for _, b := range sum {
		const digits = "0123456789ABCDEF"
		hex = append(hex, digits[b>>4], digits[b&15])
	}
	for _, file := range [][]byte{sum[:], hex, append([]byte("\t"), append(hex, "\r\n"...)...)} {
		require.NoError(t, tsl.CompareDigest(l.Raw(), file))
		require.ErrorIs(t, tsl.CompareDigest(append([]byte(" "), l.Raw()...), file), tsl.ErrDigest)
	}
	for _, file := range []string{"", "abc", string(hex[1:]), string(hex[:63]) + "x"} {
		_, err := tsl.ReadDigest([]byte(file))
		require.ErrorIs(t, err, tsl.ErrDigest)
	}
}

// The answers of the real lists about their own services, with times around
// what their histories say.
func TestRealAnswers(t *testing.T) {
	w, err := tsl.Load(background(), reftest.File(t, "tsl", lotlFile), pointed(t, "EU"), tsl.Files{
		"https://tsl.belgium.be/tsl-be.xml": reftest.File(t, "tsl", beFile),
		"https://www.tl.gov.si/SI_TL.xml":   reftest.File(t, "tsl", siFile),
	}, &tsl.LoadOptions{Now: at("2023-10-01T00:00:00Z")})
	require.NoError(t, err)
	find := func(territory, provider, serviceType, from string) *x509.Certificate {
		l := w.Set.List(territory)
		for i := range l.Providers {
			for j := range l.Providers[i].Services {
				s := &l.Providers[i].Services[j]
				if l.Providers[i].Names.English() == provider && tsl.ShortType(s.Type) == serviceType && s.Starting.Format(time.RFC3339) == from {
					c, err := x509.ParseCertificate(s.Identity.Certificates[0])
					require.NoError(t, err)
					return c
				}
			}
		}
		require.Fail(t, "no such service")
		return nil
	}
	postalia := find("BE", "Postalia Belgium", "EDS/REM/Q", "2023-04-28T00:00:04Z")
	eius := find("SI", "EIUS d.o.o.", "EDS/Q", "2020-10-13T09:26:19Z")
	sitsa := find("SI", "Ministrstvo za javno upravo", "TSA/QTST", "2020-10-13T08:22:06Z")
	halcom := find("SI", "HALCOM D.D.", "TSA/QTST", "2016-06-30T22:00:00Z")
	rekono := find("SI", "Rekono d.o.o.", "TSA/TSS-QC", "2021-03-01T01:00:00Z")
	for _, c := range []struct {
		cert     *x509.Certificate
		kind     tsl.ServiceKind
		at       string
		standing tsl.Standing
		reason   string
	}{
		{postalia, tsl.REM(), "2023-04-28T00:00:03Z", tsl.NotYetListed, "Postalia Belgium"},
		{postalia, tsl.REM(), "2023-04-28T00:00:04Z", tsl.Qualified, "EasyPost Connect"},
		{postalia, tsl.REMBaseline(), "2023-06-01T00:00:00Z", tsl.Qualified, "EDS/REM/Q"},
		{postalia, tsl.TimeStamping(), "2023-06-01T00:00:00Z", tsl.NotListed, ""},
		{eius, tsl.REM(), "2019-01-01T00:00:00Z", tsl.Qualified, "EIUS QMAIL"},
		{eius, tsl.REMBaseline(), "2019-01-01T00:00:00Z", tsl.NotListed, ""},
		{eius, tsl.EDS(), "2020-10-13T09:26:18Z", tsl.Qualified, "until 2020-10-13T09:26:19Z"},
		{eius, tsl.EDS(), "2020-10-13T09:26:19Z", tsl.Ended, "withdrawn since 2020-10-13T09:26:19Z"},
		{sitsa, tsl.TimeStamping(), "2014-01-01T00:00:00Z", tsl.NotYetListed, ""},
		{sitsa, tsl.TimeStamping(), "2016-01-01T00:00:00Z", tsl.Listed, "TSA/TSS-QC): undersupervision"},
		{sitsa, tsl.TimeStamping(), "2017-01-01T00:00:00Z", tsl.Listed, "recognisedatnationallevel"},
		{sitsa, tsl.TimeStamping(), "2019-01-01T00:00:00Z", tsl.Qualified, "TSA/QTST): granted"},
		{sitsa, tsl.TimeStamping(), "2021-01-01T00:00:00Z", tsl.Ended, "withdrawn"},
		{halcom, tsl.TimeStamping(), "2010-01-01T00:00:00Z", tsl.Listed, "undersupervision"},
		{halcom, tsl.TimeStamping(), "2012-01-01T00:00:00Z", tsl.Ended, "supervisionceased"},
		{halcom, tsl.TimeStamping(), "2018-01-01T00:00:00Z", tsl.Ended, "withdrawn"},
		{rekono, tsl.TimeStamping(), "2020-07-01T00:00:00Z", tsl.Listed, "(TSA): recognisedatnationallevel"},
		{rekono, tsl.TimeStamping(), "2022-07-01T00:00:00Z", tsl.Listed, "TSA/TSS-QC"},
	} {
		a := w.Set.Judge(c.cert, nil, c.kind, at(c.at))
		require.Equal(t, c.standing, a.Standing, "%s: %s", c.at, a.Reason)
		require.Contains(t, a.Reason, c.reason)
	}
	require.True(t, w.Set.Judge(postalia, nil, tsl.REM(), at("2026-01-01T00:00:00Z")).Stale)
	require.Len(t, w.Set.Services(tsl.REM(), at("2023-09-01T00:00:00Z")), 15)
	require.Len(t, w.Set.Anchors(tsl.REMBaseline()), 1)
}
