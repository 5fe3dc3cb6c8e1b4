package pectest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/x509"
	"encoding/binary"
	"fmt"
	"io"
	"math/big"
	"strings"
	"sync"
	"time"

	"github.com/certmail/certmail/envelope"
	"github.com/certmail/certmail/internal/testpki"
)

// cast are the authorities of the fixtures and the count of their stories.
type cast struct {
	seed uint64
	// root is believed, anchor too though root did not issue it; foreign, which
	// did, is not believed, and impostor only has root's name.
	root              *Authority
	issuing           *testpki.Authority // below root
	anchor            *testpki.Authority // below foreign
	foreign, impostor *testpki.Authority
	constrained       *testpki.Authority // below root, may not certify our providers
	stories           map[string]int     // to the order of their first appearance
	told              map[string]int     // rows of a story so far
	leaves            map[leafID]*testpki.Leaf
}

// leafID names a certificate that an authority issues to a provider.
type leafID struct {
	ca       *testpki.Authority
	provider string
	key      string // its kind
}

func newCast(seed uint64) *cast {
	findKeys(seed)
	c := &cast{seed: seed, root: NewAuthority(seed), stories: map[string]int{}, told: map[string]int{}, leaves: map[leafID]*testpki.Leaf{}}
	c.issuing = c.root.ca.Sub("Certmail Test Issuing CA", nil)
	c.constrained = c.root.ca.Sub("Certmail Test Constrained CA", func(t *x509.Certificate) {
		t.PermittedEmailAddresses = []string{"gestore-z.example"}
	})
	c.foreign = testpki.NewAuthority(seed, "Certmail Foreign CA", nil)
	c.anchor = c.foreign.Sub("Certmail Test Second CA", nil)
	c.impostor = testpki.NewAuthority(^seed, "Certmail Test CA", nil)
	return c
}

// findKeys searches the RSA keys at the same time, which is most of the work.
// The keys do not depend on it: each follows from the seed and its name.
func findKeys(seed uint64) {
	var all sync.WaitGroup
	for _, name := range []string{"Certmail Test CA", "Certmail Test Issuing CA", "Certmail Test Constrained CA", "Certmail Foreign CA",
		"Certmail Test Second CA", "key of " + alfaName, "key of " + betaName} {
		all.Go(func() { testpki.RSAKey(seed, name, 2048) })
	}
	all.Go(func() { testpki.RSAKey(^seed, "Certmail Test CA", 2048) })
	all.Wait()
}

// The people and providers of the fixtures.
const (
	mario    = "mario.rossi@pec.alfa.example" // the sender, at Gestore Alfa
	ufficio  = "ufficio@pec.beta.example"     // at Gestore Beta, in To
	archivio = "archivio@pec.beta.example"    // at Gestore Beta, in Cc
	info     = "info@gamma.example"           // ordinary mail
	stranger = "qualcuno@gamma.example"       // ordinary mail
	direttor = "direttore@pec.banca.example"  // whom forgers would like to be

	alfaName, betaName = "Gestore Alfa S.p.A.", "Gestore Beta S.r.l."

	alfaMailbox = "posta-certificata@gestore-a.example"
	betaMailbox = "posta-certificata@gestore-b.example"
)

// firstDay is when the first story begins; each begins a minute later.
var firstDay = time.Date(2026, 3, 3, 9, 15, 30, 0, time.UTC)

// scene sets the stage for a row.
func (c *cast) scene(row *fixture) *scene {
	story, ok := c.stories[row.story]
	if !ok {
		story = len(c.stories)
		c.stories[row.story] = story
	}
	s := &scene{cast: c, mail: row.mail, at: firstDay.Add(time.Duration(story) * time.Minute), nth: c.told[row.story]}
	c.told[row.story]++
	if s.mail == nil {
		s.mail = &contract
	}
	if !s.mail.at.IsZero() {
		s.at = s.mail.at
	}
	s.alfa = c.provider(alfaName, "gestore-a.example", row.file, "pec.alfa.example")
	s.beta = c.provider(betaName, "gestore-b.example", row.file, "pec.beta.example", "pec.delta.example")
	s.signer = s.alfa
	for _, p := range []*Provider{s.alfa, s.beta} {
		p.counter = story * 100
		for _, h := range row.habits {
			h(c, p)
		}
	}
	head := strings.ReplaceAll(s.mail.header, "{id}", strings.NewReplacer("/", "-", ".eml", "").Replace(row.story))
	if row.asks != "" {
		head += "X-TipoRicevuta: " + row.asks + "\r\n"
	}
	s.submitted = []byte(head + s.mail.body)
	return s
}

// provider makes a provider whose randomness is that of one fixture.
func (c *cast) provider(name, domain, file string, domains ...string) *Provider {
	p := &Provider{
		Identity: envelope.Provider{Name: name, Address: "posta-certificata@" + domain},
		Domain:   domain, Domains: append([]string{domain}, domains...), ServiceMailbox: "ricevute@" + domain,
		random: testpki.Reader(c.seed, "boundaries of "+name+" in "+file),
	}
	p.use(c, c.root.ca, testpki.RSAKey(c.seed, "key of "+name, 2048), nil)
	return p
}

// use gives the provider a certificate of an authority. One that is not
// changed is issued once.
func (p *Provider) use(c *cast, ca *testpki.Authority, key crypto.Signer, change func(*x509.Certificate)) {
	id := leafID{ca, p.Identity.Name, fmt.Sprintf("%T", key)}
	leaf := c.leaves[id]
	if leaf == nil || change != nil {
		leaf = ca.Issue(key, p.Identity.Name, p.Identity.Address, func(t *x509.Certificate) {
			// A serial number that does not depend on how many came before.
			label := "serial of " + id.provider + " under " + ca.Certificate.Subject.CommonName + " with " + id.key
			t.SerialNumber = new(big.Int).SetUint64(number(c.seed, label) >> 1)
			if change != nil {
				change(t)
			}
		})
	}
	if change == nil {
		c.leaves[id] = leaf
	}
	p.Signer = &envelope.Signer{Key: leaf.Key, Certificate: leaf.Certificate, Chain: leaf.Chain}
}

func number(seed uint64, label string) uint64 {
	var b [8]byte
	_, _ = testpki.Reader(seed, label).Read(b[:]) // never fails
	return binary.BigEndian.Uint64(b[:])
}

// The habits of signing.

func digest(h crypto.Hash) habit { return func(_ *cast, p *Provider) { p.Signer.Hash = h } }

// certified gives the providers other certificates, of an authority of the
// cast.
func certified(ca func(*cast) *testpki.Authority, change func(*x509.Certificate)) habit {
	return func(c *cast, p *Provider) { p.use(c, ca(c), p.Signer.Key, change) }
}

func trusted(c *cast) *testpki.Authority { return c.root.ca }

// chain says which certificates go with the signer's.
func chain(of func(*cast) []*x509.Certificate) habit {
	return func(c *cast, p *Provider) { p.Signer.Chain = of(c) }
}

// ellipticKey makes the provider sign with ECDSA over P-256, edwardsKey with
// Ed25519. Both give one signature only for one message, so that the same seed
// gives the same bytes.
func ellipticKey(c *cast, p *Provider) {
	key, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), scalar(c.seed, p))
	if err != nil {
		p.Signer = nil // envelope.Write says so; it cannot happen below the curve's order
		return
	}
	p.use(c, c.root.ca, repeatable{key}, nil)
}

func edwardsKey(c *cast, p *Provider) {
	var seed [ed25519.SeedSize]byte
	_, _ = testpki.Reader(c.seed, "Ed25519 "+p.Identity.Name).Read(seed[:])
	p.use(c, c.root.ca, ed25519.NewKeyFromSeed(seed[:]), nil)
}

// scalar is a private key of P-256: below 2^255, hence below the order.
func scalar(seed uint64, p *Provider) []byte {
	var b [32]byte
	_, _ = testpki.Reader(seed, "P-256 "+p.Identity.Name).Read(b[:])
	b[0] = b[0]&0x7f | 0x40
	return b[:]
}

// repeatable signs without randomness (RFC 6979).
type repeatable struct{ key *ecdsa.PrivateKey }

func (k repeatable) Public() crypto.PublicKey { return k.key.Public() }

func (k repeatable) Sign(_ io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	return k.key.Sign(nil, digest, opts)
}

// The habits of writing.

func withHTML(_ *cast, p *Provider) { p.HTML = true }

func style(change func(*envelope.Style)) habit {
	return func(_ *cast, p *Provider) { change(&p.Style) }
}
