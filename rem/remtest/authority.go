package remtest

import (
	"crypto/x509"
	"fmt"
	"net/url"
	"time"

	"github.com/certmail/certmail/internal/testpki"
	"github.com/certmail/certmail/trust/tsp/tsptest"
)

// Authority is the throw-away certification of a network: a root and below it
// the authority that certifies REM services and nothing else (EN 319 532-4
// §C.2.3.3.2 b.2.3.3), and a time-stamping authority with a root of its own.
type Authority struct {
	seed      uint64
	root, rem *testpki.Authority
	tsa       *tsptest.Authority
}

// newAuthority makes the authorities of a seed, which live by a clock.
func newAuthority(seed uint64, now func() time.Time) (*Authority, error) {
	a := &Authority{seed: seed, root: testpki.NewAuthority(seed, "Certmail REM Test Root", nil)}
	a.rem = a.root.Sub("Certmail REM Test CA", nil)
	var err error
	a.tsa, err = tsptest.New(tsptest.Config{Clock: now, Seed: seed, Qualified: true})
	if err != nil {
		return nil, fmt.Errorf("remtest: %w", err)
	}
	return a, nil
}

// Root returns the root of the services' certificates, TimeStampRoot that of
// the time-stamps.
func (a *Authority) Root() *x509.Certificate { return a.root.Certificate }

// TimeStampRoot returns the root of the time-stamping authority.
func (a *Authority) TimeStampRoot() *x509.Certificate { return a.tsa.Root() }

// PEM returns both roots.
func (a *Authority) PEM() []byte { return testpki.PEM(a.Root(), a.TimeStampRoot()) }

// service certifies a service as the test certificates of ETSI and AgID are:
// one e-mail address, the one that messages come from, and the policies of
// evidence and of REM (EN 319 532-3 table 13).
func (a *Authority) service(of *node, ca *testpki.Authority, change func(*x509.Certificate)) *testpki.Leaf {
	leaf := ca.Provider(of.config.Name, of.address(), func(c *x509.Certificate) {
		c.Subject.CommonName = of.config.Name + " REM service"
		c.Subject.Country = []string{of.config.Country}
		c.Policies = nil
		for _, arc := range []uint64{195223, 195324} {
			if oid, err := x509.OIDFromInts([]uint64{0, 4, 0, arc}); err == nil {
				c.Policies = append(c.Policies, oid)
			}
		}
		if change != nil {
			change(c)
		}
	})
	return leaf
}

// csiURL is where a provider's capabilities are published.
func (of *node) csiURL() string {
	return (&url.URL{Scheme: "https", Host: "csi." + of.config.Domain, Path: "/csi.xml"}).String()
}
