package remtest

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"fmt"
	"io"
	"time"

	"github.com/certmail/certmail/internal/testpki"
	"github.com/certmail/certmail/rem/csi"
	"github.com/certmail/certmail/trust/tsl"
)

// What providers publish about themselves (capability and security information,
// CSI; EN 319 532-4 §C.2.3.4), and the checks before a relay that rest on it.

// reissueEvery is how often a document comes out anew, validFor how long it is
// in use.
const (
	reissueEvery = 30 * 24 * time.Hour
	validFor     = 60 * 24 * time.Hour
)

// capabilities is a provider's document as it is published now.
func (p *publication) capabilities(of *node) ([]byte, error) {
	n := p.s.n
	now := n.Now()
	issue := int(now.Sub(n.start) / reissueEvery)
	issued := n.start.Add(time.Duration(issue)*reissueEvery - time.Hour)
	d := &csi.Document{
		Scheme: csi.Scheme{
			VersionIdentifier: 5, OperatorName: english("REMID authority of the tests"),
			OperatorAddress: csi.Address{
				Postal:     []csi.PostalAddress{{Language: "en", Street: "Test street 1", Locality: "Test", Country: of.config.Country}},
				Electronic: []tsl.URI{{Language: "en", Value: "mailto:remid@policy.remid.example"}},
			},
			InformationURIs: []tsl.URI{{Language: "en", Value: "https://policy.remid.example/"}},
			PolicyRules:     []tsl.URI{{Language: "en", Value: of.policy()}},
			ListLocation:    listURL(of.config.Country), Issued: issued, NextUpdate: issued.Add(validFor),
			DistributionPoints: []string{of.csiURL()},
		},
		Capabilities: csi.Capabilities{
			Version: csi.CapabilitiesVersion, ID: "https://" + of.mx() + "/", IDScheme: csi.IdentifierScheme, Domain: of.mx(), GoverningBody: of.config.Name,
			Profile: csi.BaselineProfile, ExpiryDate: csi.False, ScheduledDelivery: csi.False, AssuranceLevel: csi.AssuranceLevel, ConsignmentMode: csi.ConsignmentBasic,
		},
		Security: csi.Security{Version: csi.Version, TLSCertificate: p.servers[of].Raw},
	}
	expired, unsigned, wrong := n.active(CSIExpired, of) != nil, n.active(CSIUnsigned, of) != nil, n.active(CSIWrongValue, of) != nil
	made := fmt.Sprint(issue, expired, unsigned, wrong)
	old := p.documents[of]
	if old.of == made {
		return old.data, nil
	}
	if expired {
		d.Scheme.NextUpdate = now.Add(-time.Hour)
		d.Scheme.Issued = d.Scheme.NextUpdate.Add(-validFor)
	}
	if wrong {
		d.Capabilities.ScheduledDelivery = csi.True
	}
	d.Scheme.Sequence = old.sequence + 1
	if old.data != nil {
		d.Scheme.History = []string{"https://csi." + of.config.Domain + "/" + csi.HistoryName(old.data)}
	}
	var data []byte
	var err error
	if unsigned {
		data, err = csi.Write(d)
	} else {
		leaf := p.s.signers[of]
		data, err = csi.Sign(context.Background(), d, &csi.Signer{Key: leaf.Key, Certificate: leaf.Certificate, Chain: leaf.Chain}, d.Scheme.Issued)
	}
	if err != nil {
		return nil, fmt.Errorf("remtest: capabilities of %s: %w", of.config.Name, err)
	}
	p.documents[of] = published{made, d.Scheme.Sequence, data}
	return data, nil
}

// policy is the URI of the rules of a provider's domain.
func (of *node) policy() string {
	if of.config.Profile == Italian {
		return policyItaly
	}
	return policyDomain
}

// server is the certificate that a provider's mail exchanger shows now.
func (p *publication) server(of *node) (*x509.Certificate, error) {
	if p.s.n.active(WrongTLS, of) == nil {
		return p.servers[of], nil
	}
	ca := *p.s.ca.root // a copy, for its count of serial numbers
	return serverCertificate(&ca, p.s.ca.seed, of, " of somebody else")
}

// serverCertificate is for a provider's mail exchanger; label tells keys apart.
func serverCertificate(ca *testpki.Authority, seed uint64, of *node, label string) (*x509.Certificate, error) {
	var scalar [32]byte
	_, _ = io.ReadFull(testpki.Reader(seed, "server "+of.mx()+label), scalar[:])
	scalar[0] = scalar[0]&0x7f | 0x40 // below the order of P-256
	key, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), scalar[:])
	if err != nil {
		return nil, fmt.Errorf("remtest: %w", err)
	}
	return ca.Issue(key, of.config.Name, "", func(c *x509.Certificate) {
		c.Subject.CommonName = of.mx()
		c.EmailAddresses, c.Policies = nil, nil
		c.DNSNames = []string{of.mx()}
		c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	}).Certificate, nil
}

// relayable makes the checks before relaying (EN 319 532-4 §C.2.3.3.3,
// §C.2.3.4): the mail exchanger is that of a listed and active service, its
// document holds and is in use, the capabilities of the two fit, and the server
// is the one that the document names. Which code to give for a provider that is
// not trusted the standard leaves open: RB08, not identified.
func (s *sealer) relayable(of, to *node) error {
	if err := s.n.public.relayable(of, to); err != nil {
		return &refusal{"RB08", err.Error()}
	}
	return nil
}

func (p *publication) relayable(of, to *node) error {
	now := p.s.n.Now()
	lists, err := p.set()
	if err != nil {
		return err
	}
	peer, err := csi.FindByMX(lists, to.mx(), tsl.REM(), now)
	if err != nil {
		return err
	}
	theirs, err := p.document(to)
	if err != nil {
		return err
	}
	sum := sha256.Sum256(theirs.Raw())
	v := theirs.Verify(&csi.VerifyOptions{
		Now: now, Lists: lists, Peer: peer, Location: peer.SupplyPoints.Document, DigestFile: []byte(hex.EncodeToString(sum[:])),
		Certificate: p.s.store.Certificate, PreparedKey: p.s.store.PreparedKey,
	})
	if v.Err != nil {
		return v.Err
	}
	ours, err := p.document(of)
	if err != nil {
		return err
	}
	if differences := csi.Compare(ours, theirs); len(differences) > 0 {
		return fmt.Errorf("capabilities do not fit: %s", differences[0])
	}
	server, err := p.server(to)
	if err != nil {
		return err
	}
	return theirs.MatchTLS(server)
}

func (p *publication) document(of *node) (*csi.Document, error) {
	data, err := p.capabilities(of)
	if err != nil {
		return nil, err
	}
	return csi.Parse(data, nil)
}

// CSI returns the capability and security information of the provider of a
// domain as it is published now, and where.
func (n *Network) CSI(domain string) (document []byte, location string, err error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	of := n.byDomain[fold(domain)]
	if of == nil {
		return nil, "", fmt.Errorf("remtest: no provider of domain %q: %w", domain, ErrConfig)
	}
	document, err = n.public.capabilities(of)
	return document, of.csiURL(), err
}
