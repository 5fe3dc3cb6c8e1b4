package pectest

import (
	"bytes"
	"crypto/x509"
	"time"

	"github.com/certmail/certmail/internal/testpki"
	"github.com/certmail/certmail/pec"
)

// spoil applies the faults that befall a message when it is issued. again
// issues it once more by another signer.
func (n *Network) spoil(of *node, kind pec.Kind, about string, data []byte, again func(*Provider) ([]byte, error)) []byte {
	where := occasion{kind: kind, provider: of, mailbox: about}
	var signer *Provider
	switch {
	case n.strikes(WrongSigner, where) != nil:
		signer = of.impostor(testpki.NewAuthority(n.opt.Seed, "Certmail Other CA", nil), nil)
	case n.strikes(ExpiredCertificate, where) != nil:
		at := n.now()
		signer = of.impostor(n.authority.ca, func(c *x509.Certificate) {
			c.NotBefore, c.NotAfter = at.AddDate(-4, 0, 0), at.Add(-24*time.Hour)
		})
	}
	if signer != nil {
		if other, err := again(signer); err == nil {
			data = other
		}
	}
	if n.strikes(Alter, where) != nil {
		data = altered(data)
	}
	return data
}

// impostor is the provider with another certificate.
func (of *node) impostor(ca *testpki.Authority, change func(*x509.Certificate)) *Provider {
	leaf := ca.Provider(of.Identity.Name, of.Identity.Address, change)
	signer := *of.Signer
	signer.Key, signer.Certificate, signer.Chain = leaf.Key, leaf.Certificate, leaf.Chain
	return &Provider{
		Identity: of.Identity, Domain: of.Domain, Domains: of.Domains, ServiceMailbox: of.ServiceMailbox, Signer: &signer, HTML: of.HTML, Style: of.Style,
		ReceiptHeaderName: of.ReceiptHeaderName, random: testpki.Reader(of.net.opt.Seed, "impostor of "+of.Identity.Name),
	}
}

// altered changes one letter of the signed text.
func altered(data []byte) []byte {
	out := bytes.Clone(data)
	if i := bytes.Index(out, []byte("messaggio")); i >= 0 {
		out[i] = 'M'
	}
	return out
}
