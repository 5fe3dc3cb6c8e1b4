package tsl_test

import (
	"context"
	"crypto/x509"
	"testing"
	"time"

	"github.com/certmail/certmail/internal/testpki"
	"github.com/certmail/certmail/trust/tsl"
	"github.com/certmail/certmail/trust/tsl/tsltest"
	"github.com/stretchr/testify/require"
)

const seed = 612

var background = context.Background

func en(s string) tsl.Names { return tsl.Names{{Language: "en", Value: s}} }

// entry is what a service was from a time on.
func entry(serviceType, status, from string, certs ...*x509.Certificate) tsl.Entry {
	e := tsl.Entry{Type: serviceType, Names: en("Test service"), Status: status, Starting: at(from)}
	for _, c := range certs {
		e.Identity.Certificates = append(e.Identity.Certificates, c.Raw)
	}
	return e
}

func service(current tsl.Entry, history ...tsl.Entry) tsl.Service {
	return tsl.Service{Entry: current, History: history}
}

// made is a list of one provider, issued in 2025.
func made(territory string, services ...tsl.Service) *tsl.List {
	return &tsl.List{
		Territory: territory, Sequence: 7, Issued: at("2025-01-10T10:00:00Z"), NextUpdate: at("2025-07-10T10:00:00Z"),
		Providers: []tsl.Provider{{Names: en("Provider " + territory), Services: services}},
	}
}

// written makes XML of lists and reads it again.
func written(tb testing.TB, l *tsl.List) *tsl.List {
	tb.Helper()
	got, err := tsl.Parse(tsltest.Write(l), nil)
	require.NoError(tb, err)
	return got
}

// set vouches for lists.
func set(tb testing.TB, lists ...*tsl.List) *tsl.Set {
	tb.Helper()
	var vouched []*tsl.Verification
	for _, l := range lists {
		vouched = append(vouched, written(tb, l).Vouch(time.Time{}, nil))
	}
	s, err := tsl.NewSet(vouched...)
	require.NoError(tb, err)
	return s
}

// pki is a certification authority with signers under it.
type pki struct {
	root, ca *testpki.Authority
	rem      *testpki.Leaf
}

func newPKI() *pki {
	root := testpki.NewAuthority(seed, "Test root", nil)
	ca := root.Sub("Test REM authority", nil)
	return &pki{root: root, ca: ca, rem: ca.Provider("Provider IT", "rem@provider.example", nil)}
}

func (p *pki) chain() []*x509.Certificate {
	return []*x509.Certificate{p.ca.Certificate, p.root.Certificate}
}

// stamper makes a time-stamping certificate.
func (p *pki) stamper(name string, change func(*x509.Certificate)) *testpki.Leaf {
	return p.ca.Provider(name, "tsa@provider.example", func(c *x509.Certificate) {
		c.EmailAddresses = nil
		c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageTimeStamping}
		if change != nil {
			change(c)
		}
	})
}
