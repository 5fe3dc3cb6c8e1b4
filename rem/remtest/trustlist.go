package remtest

import (
	"context"
	"crypto/x509"
	"fmt"
	"slices"
	"time"

	"github.com/certmail/certmail/rem"
	"github.com/certmail/certmail/trust"
	"github.com/certmail/certmail/trust/tsl"
	"github.com/certmail/certmail/trust/tsl/tsltest"
)

// The trusted lists of a network: one for each country of its providers,
// signed by an operator of its own (EN 319 532-4 §C.2.3.3).

// listedSince is when the services of a network were granted.
var listedSince = time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)

// publication is what is known in public about the providers.
type publication struct {
	s         *sealer
	operators map[string]*tsltest.Operator // by country
	lists     map[string]published         // the present issues
	documents map[*node]published          // capabilities
	servers   map[*node]*x509.Certificate  // of the mail exchangers
	current   *tsl.Set
	judge     *rem.Verifier
}

// published is a document with what it was made of.
type published struct {
	of       string
	sequence int
	data     []byte
}

// standing is how a provider stands in the trusted list now, by the faults.
func (of *node) standing() (listed bool, withdrawn time.Time) {
	n := of.net
	if n.active(ServiceUnlisted, of) != nil {
		return false, time.Time{}
	}
	if f := n.active(ServiceWithdrawn, of); f != nil {
		return true, later(f.added, n.start.Add(f.From))
	}
	return true, time.Time{}
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// list is the trusted list of a country as it is published now. A new issue
// comes when something changed, and in time before the old one is due.
func (p *publication) list(country string) ([]byte, error) {
	n := p.s.n
	now := n.Now()
	l := &tsl.List{Territory: country, Issued: now, NextUpdate: now.AddDate(0, 6, 0), DistributionPoints: []string{listURL(country)}}
	made := fmt.Sprint(now.Sub(n.start) / (90 * 24 * time.Hour))
	for _, of := range n.nodes {
		if of.config.Country != country {
			continue
		}
		listed, withdrawn := of.standing()
		made += fmt.Sprint(" ", listed, withdrawn.Unix())
		if listed {
			l.Providers = append(l.Providers, p.provider(of, withdrawn))
		}
	}
	l.Providers = append(l.Providers, p.timeStamping())
	old := p.lists[country]
	if old.of == made {
		return old.data, nil
	}
	l.Sequence = old.sequence + 1
	data, err := p.operators[country].Sign(context.Background(), l)
	if err != nil {
		return nil, fmt.Errorf("remtest: trusted list of %s: %w", country, err)
	}
	p.lists[country] = published{made, l.Sequence, data}
	return data, nil
}

func listURL(country string) string { return "https://tl." + fold(country) + ".example/list.xml" }

// provider describes one with its service, whose supply points are the mail
// exchanger and the capabilities.
func (p *publication) provider(of *node, withdrawn time.Time) tsl.Provider {
	entry := tsl.Entry{
		Type: tsl.ServiceREMQualified, Names: english(of.config.Name + " registered electronic mail"),
		Identity: tsl.Identity{Certificates: [][]byte{p.s.signers[of].Certificate.Raw}}, Status: tsl.StatusGranted, Starting: listedSince,
	}
	s := tsl.Service{Entry: entry, SupplyPoints: []tsl.SupplyPoint{{URI: "smtp://" + of.mx() + ":25"}, {URI: of.csiURL()}}}
	if !withdrawn.IsZero() {
		s.History = []tsl.Entry{entry}
		s.Status, s.Starting = tsl.StatusWithdrawn, withdrawn
	}
	return tsl.Provider{Names: english(of.config.Name), Country: of.config.Country, Services: []tsl.Service{s}}
}

// timeStamping is the provider of the time-stamps.
func (p *publication) timeStamping() tsl.Provider {
	return tsl.Provider{Names: english("Certmail Test TSA"), Services: []tsl.Service{{Entry: tsl.Entry{
		Type: tsl.ServiceTSAQualified, Names: english("Qualified time-stamps"),
		Identity: tsl.Identity{Certificates: [][]byte{p.s.ca.tsa.Certificate().Raw}}, Status: tsl.StatusGranted, Starting: listedSince,
	}}}}
}

func english(name string) tsl.Names { return tsl.Names{{Language: "en", Value: name}} }

// countries are those of the providers, in their order.
func (n *Network) countries() []string {
	var all []string
	for _, of := range n.nodes {
		if !slices.Contains(all, of.config.Country) {
			all = append(all, of.config.Country)
		}
	}
	return all
}

// set is what the present trusted lists say together.
func (p *publication) set() (*tsl.Set, error) {
	changed := p.current == nil
	for _, country := range p.s.n.countries() {
		old := p.lists[country].sequence
		if _, err := p.list(country); err != nil {
			return nil, err
		}
		changed = changed || p.lists[country].sequence != old
	}
	if !changed {
		return p.current, nil
	}
	var all []*tsl.Verification
	for _, country := range p.s.n.countries() {
		l, err := tsl.Parse(p.lists[country].data, nil)
		if err != nil {
			return nil, fmt.Errorf("remtest: %w", err)
		}
		signer := []*x509.Certificate{p.operators[country].Certificate}
		all = append(all, l.Verify(signer, p.s.n.Now(), &tsl.VerifyOptions{Territory: country}))
	}
	var err error
	if p.current, err = tsl.NewSet(all...); err == nil {
		p.judge = rem.NewVerifier(p.s.store, &rem.VerifyOptions{Lists: p.current})
	}
	return p.current, err
}

// verifier judges messages by the present lists.
func (p *publication) verifier() (*rem.Verifier, error) {
	_, err := p.set()
	return p.judge, err
}

// Material is what a verifier must believe in to judge the network's messages
// without its trusted lists: the two roots.
func (n *Network) Material() trust.Material {
	return trust.Material{Anchors: []*x509.Certificate{n.authority.Root(), n.authority.TimeStampRoot()}}
}

// Store returns a trust store of that material.
func (n *Network) Store() *trust.Store { return n.public.s.store }

// Verifier returns a verifier that judges messages at the time of their
// time-stamps, by the network's authorities and its trusted lists of now.
func (n *Network) Verifier() (*rem.Verifier, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.public.verifier()
}

// TrustedList returns the trusted list of a country as it is published now
// (TS 119 612, XML), and the certificate that the list of lists would give for
// it.
func (n *Network) TrustedList(country string) (list []byte, signer *x509.Certificate, err error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	operator := n.public.operators[country]
	if operator == nil {
		return nil, nil, fmt.Errorf("remtest: no provider of country %q: %w", country, ErrConfig)
	}
	list, err = n.public.list(country)
	return list, operator.Certificate, err
}

// Lists returns the trusted lists of all countries, verified, as they are
// published now.
func (n *Network) Lists() (*tsl.Set, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.public.set()
}
