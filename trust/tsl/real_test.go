package tsl_test

import (
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/certmail/certmail/internal/reftest"
	"github.com/certmail/certmail/trust/tsl"
	"github.com/stretchr/testify/require"
)

const (
	lotlFile = "EU-LOTL-seq332-2023-09.xml"
	beFile   = "BE-seq66-2023-09.xml"
	siFile   = "SI-seq69-2023-06.xml"
	czFile   = "odd-CZ-two-signatures.xml"
)

func realList(tb testing.TB, name string) *tsl.List {
	tb.Helper()
	l, err := tsl.Parse(reftest.File(tb, "tsl", name), nil)
	require.NoError(tb, err)
	return l
}

func at(s string) time.Time {
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		panic(err)
	}
	return t
}

// xmllint counts what we read.
func TestRealListsAreReadWhole(t *testing.T) {
	tool := reftest.Tool(t, "xmllint")
	count := func(file, path string) int {
		out, err := exec.Command(tool, "--xpath", "count("+path+")", reftest.Dir(t, "tsl", file)).Output()
		require.NoError(t, err)
		n, err := strconv.Atoi(strings.TrimSpace(string(out)))
		require.NoError(t, err)
		return n
	}
	for _, file := range []string{lotlFile, beFile, siFile, czFile} {
		t.Run(file, func(t *testing.T) {
			l := realList(t, file)
			have := map[string]int{"OtherTSLPointer": len(l.Pointers), "TrustServiceProvider": len(l.Providers), "TSPName": len(l.Providers)}
			for i := range l.Pointers {
				have["X509Certificate"] += len(l.Pointers[i].Certificates)
			}
			for i := range l.Providers {
				for j := range l.Providers[i].Services {
					s := &l.Providers[i].Services[j]
					have["TSPService"]++
					have["ServiceHistoryInstance"] += len(s.History)
					have["ServiceSupplyPoint"] += len(s.SupplyPoints)
					for _, e := range append([]tsl.Entry{s.Entry}, s.History...) {
						have["X509Certificate"] += len(e.Identity.Certificates)
						have["X509SKI"] += len(e.Identity.KeyIDs)
						have["X509SubjectName"] += len(e.Identity.Subjects)
						have["Extension"] += len(e.Extensions)
						require.NotEmpty(t, e.Names.English())
						require.False(t, e.Starting.IsZero())
						require.NotEqual(t, e.Status, tsl.ShortStatus(e.Status))
					}
				}
			}
			for name, n := range have {
				require.Equal(t, count(file, "//*[local-name()='"+name+"' and namespace-uri()='http://uri.etsi.org/02231/v2#']"), n, name)
			}
			require.Equal(t, count(file, "//*[local-name()='TSPService']"), have["TSPService"])
			require.Empty(t, l.Findings)
		})
	}
}

func TestRealListsHead(t *testing.T) {
	for _, c := range []struct {
		file, territory, kind string
		sequence              int
		issued, next          string
		operator              string
	}{
		{lotlFile, "EU", tsl.TypeListOfLists, 332, "2023-09-27T09:00:29Z", "2024-03-26T10:00:29Z", "European Commission"},
		{beFile, "BE", tsl.TypeGeneric, 66, "2023-09-19T00:00:24Z", "2024-03-18T01:00:24Z", "FPS Economy, SMEs, Self-employed and Energy - Quality and Safety"},
		{siFile, "SI", tsl.TypeGeneric, 69, "2023-06-28T13:53:06Z", "2023-12-28T14:53:06Z", ""},
	} {
		l := realList(t, c.file)
		require.Equal(t, []any{5, c.sequence, c.territory, c.kind, 65535, false}, []any{l.Version, l.Sequence, l.Territory, l.Type, l.HistoryPeriod, l.Closed}, c.file)
		require.Equal(t, at(c.issued), l.Issued)
		require.Equal(t, at(c.next), l.NextUpdate)
		if c.operator != "" {
			require.Equal(t, c.operator, l.OperatorName.English())
		}
	}
}

// The services of registered delivery in the real lists with their history, as
// another XML reader lists them.
func TestRealRegisteredDeliveryServices(t *testing.T) {
	type row struct{ provider, service, timeline string }
	list := func(file string) []row {
		var found []row
		l := realList(t, file)
		for i := range l.Providers {
			for j := range l.Providers[i].Services {
				s := &l.Providers[i].Services[j]
				if !strings.HasPrefix(tsl.ShortType(s.Type), "EDS") {
					continue
				}
				var timeline []string
				for _, span := range s.Timeline() {
					timeline = append(timeline, tsl.ShortType(span.Type)+" "+tsl.ShortStatus(span.Status)+" "+span.Starting.Format(time.RFC3339))
				}
				found = append(found, row{l.Providers[i].Names.English(), s.Names.English(), strings.Join(timeline, ", ")})
			}
		}
		return found
	}
	require.Equal(t, []row{
		{"EIUS d.o.o.", "EIUS QMAIL", "EDS/Q withdrawn 2020-10-13T09:26:19Z, EDS/Q granted 2017-07-05T00:00:00Z"},
		{"EIUS d.o.o.", "EIUS QMAIL", "EDS/Q withdrawn 2023-06-26T15:00:29Z, EDS/Q granted 2020-10-13T00:00:00Z"},
		{"EIUS d.o.o.", "EIUS QMAIL", "EDS/Q granted 2023-06-20T15:05:11Z"},
	}, list(siFile))
	be := list(beFile)
	require.Len(t, be, 12)
	require.Equal(t, row{"Connect Solutions", "Aangetekende.email", "EDS/Q granted 2018-02-08T00:00:00Z"}, be[0])
	require.Equal(t, row{"Postalia Belgium", "EasyPost Connect", "EDS/REM/Q granted 2023-04-28T00:00:04Z"}, be[11])
}

func TestRealPointers(t *testing.T) {
	l := realList(t, lotlFile)
	byTerritory := map[string]*tsl.Pointer{}
	for i := range l.Pointers {
		if p := &l.Pointers[i]; p.MediaType == tsl.MediaTypeXML {
			byTerritory[p.Territory] = p
		}
	}
	it := byTerritory["IT"]
	require.Equal(t, "https://eidas.agid.gov.it/TL/TSL-IT.xml", it.Location)
	require.Equal(t, tsl.TypeGeneric, it.Type)
	certs, unreadable := it.Parsed()
	require.Len(t, certs, 4)
	require.Zero(t, unreadable)
	require.NotEmpty(t, it.OperatorName.English())
	require.Equal(t, tsl.TypeListOfLists, byTerritory["EU"].Type)
	require.Len(t, byTerritory, 32)
}
