package pectest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"math/big"
	"net"
	"strings"
	"time"

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

// ServerCertificate makes a TLS certificate for a server with these names and
// IP addresses. Key and serial number are new each time and it is valid for a
// year around now: mail clients judge it by their own clock, and refuse long
// ones. What follows from the seed stays as it is.
func (a *Authority) ServerCertificate(names ...string) (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return tls.Certificate{}, err
	}
	ca, now := *a.ca, time.Now() // a copy, for its count of serial numbers
	leaf := ca.Issue(key, "Certmail Test", "", func(c *x509.Certificate) {
		c.SerialNumber = serial.Add(serial, big.NewInt(1<<32))
		c.Subject = pkix.Name{Organization: []string{"Certmail Test"}, CommonName: "certmail test server"}
		c.NotBefore, c.NotAfter = now.AddDate(0, 0, -1), now.AddDate(1, 0, 0)
		c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
		c.EmailAddresses, c.Policies = nil, nil
		for _, name := range names {
			if ip := net.ParseIP(name); ip != nil {
				c.IPAddresses = append(c.IPAddresses, ip)
			} else {
				c.DNSNames = append(c.DNSNames, name)
			}
		}
	})
	return tls.Certificate{Certificate: [][]byte{leaf.Certificate.Raw}, PrivateKey: key, Leaf: leaf.Certificate}, nil
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
