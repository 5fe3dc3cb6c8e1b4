package pectest

import (
	"crypto/x509"
	"fmt"
	"strings"

	"github.com/certmail/certmail/envelope"
	"github.com/certmail/certmail/internal/testpki"
	"github.com/certmail/certmail/trust"
)

// Authority is a throw-away certification authority for providers.
type Authority struct {
	seed uint64
	ca   *testpki.Authority
}

// NewAuthority makes the authority of a seed. Its RSA key takes a moment to
// find the first time; the same seed gives the same key and certificate.
func NewAuthority(seed uint64) *Authority {
	return &Authority{seed: seed, ca: testpki.NewAuthority(seed, "Certmail Test CA", nil)}
}

// Certificate returns the authority's self-signed certificate.
func (a *Authority) Certificate() *x509.Certificate { return a.ca.Certificate }

// PEM returns it in PEM.
func (a *Authority) PEM() []byte { return a.ca.PEM() }

// Store returns a trust store that believes in this authority alone.
func (a *Authority) Store() (*trust.Store, error) {
	return trust.NewStore(trust.Material{Anchors: []*x509.Certificate{a.ca.Certificate}}, nil)
}

// Provider makes a provider with a signing certificate of the right profile
// (RFC 6109 §5.5). domain is its own mail domain, the one of
// posta-certificata@domain; domains are those of its users.
//
// It panics on a domain that is not reserved for tests (RFC 2606): test mail
// must not carry the name of a real provider.
func (a *Authority) Provider(name, domain string, domains ...string) *Provider {
	for _, d := range append([]string{domain}, domains...) {
		if !Reserved(d) {
			panic(fmt.Sprintf("pectest: domain %q is not reserved for tests: want .example, .test, .invalid or .localhost", d))
		}
	}
	address := "posta-certificata@" + domain
	leaf := a.ca.Provider(name, address, nil)
	return &Provider{
		Identity:       envelope.Provider{Name: name, Address: address},
		Domain:         domain,
		Domains:        append([]string{domain}, domains...),
		ServiceMailbox: "ricevute@" + domain,
		Signer:         &envelope.Signer{Key: leaf.Key, Certificate: leaf.Certificate, Chain: leaf.Chain},
		random:         testpki.Reader(a.seed, "boundaries of "+name),
	}
}

// Reserved tells whether a domain is one that RFC 2606 and RFC 6761 reserve
// for tests and examples.
func Reserved(domain string) bool {
	domain = "." + strings.ToLower(strings.TrimSuffix(domain, "."))
	for _, suffix := range []string{".example", ".test", ".invalid", ".localhost", ".example.com", ".example.net", ".example.org"} {
		if strings.HasSuffix(domain, suffix) {
			return true
		}
	}
	return false
}
