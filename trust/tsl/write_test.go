package tsl_test

import (
	"testing"

	"github.com/certmail/certmail/internal/reftest"
	"github.com/certmail/certmail/trust/tsl"
	"github.com/certmail/certmail/trust/tsl/tsltest"
	"github.com/stretchr/testify/require"
)

// full uses everything that a list can hold.
func full(p *pki) *tsl.List {
	s := service(
		entry(tsl.ServiceREMQualified, tsl.StatusWithdrawn, "2024-05-01T00:00:00Z", p.rem.Certificate),
		tsl.Entry{Type: tsl.ServiceREMQualified, Names: en("Old name"), Status: tsl.StatusGranted, Starting: at("2020-05-01T00:00:00.5Z"),
			Identity:   tsl.Identity{KeyIDs: [][]byte{p.rem.Certificate.SubjectKeyId}, Subjects: []string{p.rem.Certificate.Subject.String()}},
			Extensions: []tsl.Extension{{Name: "AdditionalServiceInformation", Critical: true, Value: "http://uri.etsi.org/TrstSvc/TrustedList/SvcInfoExt/ForeSeals"}}},
	)
	s.SupplyPoints = []tsl.SupplyPoint{{URI: "smtp://mx.provider.example:25"}, {URI: "https://provider.example/csi.xml", Type: "https://provider.example/csi"}}
	s.SchemeDefinitions = []tsl.URI{{Language: "en", Value: "https://scheme.example/def"}}
	s.ProviderDefinitions = []tsl.URI{{Language: "it", Value: "https://provider.example/def"}}
	s.Extensions = []tsl.Extension{
		{Name: "TakenOverBy", Value: "Another <provider> & sons"},
		{Name: "Qualifications", Critical: true, Value: "http://uri.etsi.org/TrstSvc/TrustedList/SvcInfoExt/QCForESeal"},
		{Name: "ExpiredCertsRevocationInfo", Value: "2016-06-30T22:00:00Z"},
	}
	l := made("IT", s)
	l.ID = "list-1"
	l.Providers[0].Names = tsl.Names{{Language: "it", Value: "Gestore perché no"}, {Language: "en-GB", Value: "Provider IT"}}
	l.DistributionPoints = []string{"https://scheme.example/TSL-IT.xml"}
	l.Extensions = []tsl.Extension{{Space: "urn:test", Name: "Remark", Value: "x"}}
	l.Pointers = []tsl.Pointer{{Location: "https://scheme.example/lotl.xml", Type: tsl.TypeListOfLists, Territory: "EU", Certificates: [][]byte{p.root.Certificate.Raw},
		Rules: []tsl.URI{{Language: "en", Value: "http://uri.etsi.org/TrstSvc/TrustedList/schemerules/EUlistofthelists"}}}}
	return l
}

func TestWrittenListsAreValid(t *testing.T) {
	p := newPKI()
	reftest.ValidTrustedList(t, tsltest.Write(full(p)))
	reftest.ValidTrustedList(t, tsltest.Write(made("SI", service(entry(tsl.ServiceTSA, tsl.StatusRecognisedAtNationalLevel, "2020-01-01T00:00:00Z")))))
	closed := made("XX")
	closed.Providers, closed.Closed = nil, true
	reftest.ValidTrustedList(t, tsltest.Write(closed))
	require.True(t, written(t, closed).Closed)
}

func TestWrittenListsAreReadAsTheyWere(t *testing.T) {
	want := full(newPKI())
	got := written(t, want)
	require.Empty(t, got.Findings)
	require.Equal(t, []any{6, 7, "IT", "list-1", tsl.TypeGeneric}, []any{got.Version, got.Sequence, got.Territory, got.ID, got.Type})
	require.Equal(t, want.Issued, got.Issued)
	require.Equal(t, want.NextUpdate, got.NextUpdate)
	require.Equal(t, want.DistributionPoints, got.DistributionPoints)
	require.Equal(t, "Remark", got.Extensions[0].Name)
	require.False(t, got.Extensions[0].Known)

	p := got.Providers[0]
	require.Equal(t, want.Providers[0].Names, p.Names)
	require.Equal(t, "Provider IT", p.Names.English())
	require.Equal(t, "IT", p.Country)

	s, was := p.Services[0], want.Providers[0].Services[0]
	require.Equal(t, was.SupplyPoints, s.SupplyPoints)
	require.Equal(t, was.SchemeDefinitions, s.SchemeDefinitions)
	require.Equal(t, was.ProviderDefinitions, s.ProviderDefinitions)
	require.Equal(t, was.Identity, s.Identity)
	require.Equal(t, was.History[0].Identity, s.History[0].Identity)
	require.Equal(t, was.History[0].Starting, s.History[0].Starting)
	for i, x := range s.Extensions {
		require.True(t, x.Known, x.Name)
		require.Equal(t, []any{was.Extensions[i].Name, was.Extensions[i].Value, was.Extensions[i].Critical}, []any{x.Name, x.Value, x.Critical})
		require.Contains(t, string(x.Raw), "Extension")
	}
	pointer, wanted := got.Pointers[0], want.Pointers[0]
	require.Equal(t, []any{wanted.Location, wanted.Type, "EU", wanted.Certificates, tsl.MediaTypeXML, wanted.Rules},
		[]any{pointer.Location, pointer.Type, pointer.Territory, pointer.Certificates, pointer.MediaType, pointer.Rules})
}
