package sditest

import (
	"crypto"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"time"

	"github.com/certmail/certmail/internal/testpki"
	"github.com/certmail/certmail/sdi"
)

// Domain is the mail domain of the SDI played here, for sdi.Options.Domains.
const Domain = "pec.fatturapa.example"

// SDI is an exchange system with a signing certificate of its own.
type SDI struct {
	authority *testpki.Authority
	leaf      *testpki.Leaf
}

// New makes one. The same seed gives the same one.
func New(seed uint64) *SDI {
	ca := testpki.NewAuthority(seed, "CA Agenzia di prova", nil)
	leaf := ca.Provider("Agenzia di prova", "sdi@"+Domain, func(c *x509.Certificate) {
		// The profile of the real one: no mail address, for non-repudiation only.
		c.Subject = pkix.Name{Country: []string{"IT"}, Organization: []string{"Agenzia di prova"}, OrganizationalUnit: []string{"Servizi Telematici"}, CommonName: "Sistema Interscambio di prova"}
		c.EmailAddresses, c.ExtKeyUsage, c.Policies = nil, nil, nil
		c.KeyUsage = x509.KeyUsageContentCommitment
	})
	return &SDI{ca, leaf}
}

// Anchor is the authority above the signing certificate, for sdi.Anchors.
func (s *SDI) Anchor() *x509.Certificate { return s.authority.Certificate }

// Certificate is the signing certificate, Key its key: to sign what SDI never
// would.
func (s *SDI) Certificate() *x509.Certificate { return s.leaf.Certificate }

// Key is the key of Certificate.
func (s *SDI) Key() crypto.Signer { return s.leaf.Key }

// Address is the nth address that SDI sends from: sdi01@, sdi02@ and so on.
func Address(n int) string { return fmt.Sprintf("sdi%02d@%s", n, Domain) }

// Notification writes a notification with the fields of its type in the order of
// the schema, those that are empty left out, signed at a time the way SDI signs.
// Metadata (MT) and outcomes of the public body (EC) are not signed.
func (s *SDI) Notification(n *sdi.Notification, at time.Time) ([]byte, error) {
	doc, err := document(n)
	if err != nil || !n.Type.Signed() {
		return doc, err
	}
	return s.Sign(doc, at)
}

// FileName is the name of a notification's file: the nth of its type about the
// invoice.
func FileName(n *sdi.Notification, number int) (string, error) {
	about, err := sdi.ParseName(n.FileName)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%s_%s_%03d.xml", about.Stem(), n.Type, number), nil
}
