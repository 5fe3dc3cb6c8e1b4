package pectest

import (
	"bytes"
	"crypto/sha256"
	"crypto/x509"
	"time"

	"github.com/certmail/certmail/internal/testpki"
	"github.com/certmail/certmail/pec"
)

// spoil applies the faults that befall a message when it is issued, and tells
// whether one did. again issues it once more by another signer.
func (n *Network) spoil(of *node, kind pec.Kind, about string, data []byte, again func(*Provider) ([]byte, error)) (out []byte, spoiled bool) {
	where := occasion{kind: kind, provider: of, mailbox: about}
	var signer *Provider
	checked := false
	if f := n.strikes(WrongSigner, where); f != nil {
		signer, checked = of.impostor(testpki.NewAuthority(n.opt.Seed, "Certmail Other CA", nil), nil), f.Checked
	} else if f := n.strikes(ExpiredCertificate, where); f != nil {
		at := n.now()
		signer, checked = of.impostor(n.authority.ca, func(c *x509.Certificate) {
			c.NotBefore, c.NotAfter = at.AddDate(-4, 0, 0), at.Add(-24*time.Hour)
		}), f.Checked
	}
	if signer != nil {
		if other, err := again(signer); err == nil {
			data, spoiled = other, true
		}
	}
	if f := n.strikes(Alter, where); f != nil {
		data, spoiled, checked = altered(data), true, f.Checked
	}
	if spoiled {
		n.spoiled[sha256.Sum256(data)] = checked
	}
	return data, spoiled
}

// isSpoiled tells whether a fault spoiled a message, and whether the incoming
// point may notice.
func (n *Network) isSpoiled(data []byte) (spoiled, checked bool) {
	if len(n.spoiled) == 0 {
		return false, true
	}
	checked, spoiled = n.spoiled[sha256.Sum256(data)]
	return spoiled, checked
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
