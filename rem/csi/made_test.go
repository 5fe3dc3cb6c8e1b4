package csi_test

import (
	"context"
	"crypto/x509"
	"testing"
	"time"

	"github.com/certmail/certmail/internal/testpki"
	"github.com/certmail/certmail/rem/csi"
	"github.com/certmail/certmail/trust/tsl"
	"github.com/certmail/certmail/trust/tsl/tsltest"
	"github.com/stretchr/testify/require"
)

const (
	seed     = 5320
	location = "https://provider.example/csi.xml"
)

var background = context.Background

func at(s string) time.Time {
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		panic(err)
	}
	return t
}

var (
	issued = at("2025-01-10T10:00:00Z")
	now    = at("2025-02-01T00:00:00Z")
)

func en(s string) tsl.Names { return tsl.Names{{Language: "en", Value: s}} }

// remid is an interoperability domain of one provider and its authority.
type remid struct {
	root, ca  *testpki.Authority
	service   *testpki.Leaf // the identity in the trusted list
	other     *testpki.Leaf // of another listed service
	authority *testpki.Leaf // the REMID authority
	tls       *testpki.Leaf
}

func newREMID() *remid {
	root := testpki.NewAuthority(seed, "Test root", nil)
	ca := root.Sub("Test REM authority", nil)
	return &remid{
		root: root, ca: ca,
		service:   ca.Provider("Provider IT", "rem@provider.example", nil),
		other:     ca.Provider("Other provider", "rem@other.example", nil),
		authority: testpki.NewAuthority(seed, "REMID root", nil).Provider("REMID authority", "remid@authority.example", nil),
		tls: root.Provider("MX", "", func(c *x509.Certificate) {
			c.EmailAddresses, c.DNSNames, c.ExtKeyUsage = nil, []string{"mx.provider.example"}, []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
		}),
	}
}

func signer(l *testpki.Leaf) *csi.Signer {
	return &csi.Signer{Key: l.Key, Certificate: l.Certificate, Chain: l.Chain}
}

// document is the provider's, as the baseline wants it.
func (r *remid) document() *csi.Document {
	return &csi.Document{
		ID: "csi-1",
		Scheme: csi.Scheme{
			Sequence: 3, OperatorName: en("REMID authority"),
			OperatorAddress: csi.Address{
				Postal:     []csi.PostalAddress{{Language: "en", Street: "Street 1", Locality: "Rome", PostalCode: "00100", Country: "IT"}},
				Electronic: []tsl.URI{{Language: "en", Value: "mailto:remid@authority.example"}},
			},
			InformationURIs: []tsl.URI{{Language: "en", Value: "https://authority.example/scheme"}},
			PolicyRules:     []tsl.URI{{Language: "it", Value: "https://authority.example/regole"}, {Language: "en", Value: "https://authority.example/policy"}},
			ListLocation:    "https://scheme.example/TSL-IT.xml",
			Issued:          issued, NextUpdate: issued.AddDate(0, 6, 0),
			DistributionPoints: []string{location},
		},
		Capabilities: csi.Capabilities{
			ID: "https://provider.example/rems", Domain: "mx.provider.example", GoverningBody: "Provider IT",
			Profile: csi.BaselineProfile, ExpiryDate: csi.False, ScheduledDelivery: csi.False,
			AssuranceLevel: csi.AssuranceLevel, ConsignmentMode: csi.ConsignmentBasic,
		},
		Security: csi.Security{TLSCertificate: r.tls.Certificate.Raw},
	}
}

// list is the trusted list with the provider's service and another's.
func (r *remid) list(change func(*tsl.List)) *tsl.List {
	service := func(cert *x509.Certificate, host string) tsl.Service {
		return tsl.Service{
			Entry: tsl.Entry{Type: tsl.ServiceREMQualified, Names: en("REM service"), Status: tsl.StatusGranted, Starting: at("2024-01-01T00:00:00Z"),
				Identity: tsl.Identity{Certificates: [][]byte{cert.Raw}}},
			SupplyPoints: []tsl.SupplyPoint{{URI: "smtp://mx." + host + ":25"}, {URI: "https://" + host + "/csi.xml"}},
		}
	}
	l := &tsl.List{Territory: "IT", Issued: issued, Providers: []tsl.Provider{
		{Names: en("Provider IT"), Services: []tsl.Service{service(r.service.Certificate, "provider.example")}},
		{Names: en("Other provider"), Services: []tsl.Service{service(r.other.Certificate, "other.example")}},
	}}
	if change != nil {
		change(l)
	}
	return l
}

func set(tb testing.TB, lists ...*tsl.List) *tsl.Set {
	tb.Helper()
	var vouched []*tsl.Verification
	for _, l := range lists {
		got, err := tsl.Parse(tsltest.Write(l), nil)
		require.NoError(tb, err)
		vouched = append(vouched, got.Vouch(time.Time{}, nil))
	}
	s, err := tsl.NewSet(vouched...)
	require.NoError(tb, err)
	return s
}

func signed(tb testing.TB, d *csi.Document, s *csi.Signer) []byte {
	tb.Helper()
	xml, err := csi.Sign(background(), d, s, d.Scheme.Issued)
	require.NoError(tb, err)
	return xml
}

func parsed(tb testing.TB, xml []byte) *csi.Document {
	tb.Helper()
	d, err := csi.Parse(xml, nil)
	require.NoError(tb, err)
	return d
}

func codes(d *csi.Document) []string {
	var found []string
	for _, f := range d.Findings {
		found = append(found, f.Code)
	}
	return found
}
