package csi

import (
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"time"

	"github.com/certmail/certmail/internal/xmltree"
	"github.com/certmail/certmail/trust"
	"github.com/certmail/certmail/trust/tsl"
)

// XML namespaces of EN 319 532-4 Annex C and of what it embeds.
const (
	nsCSI = "http://uri.etsi.org/19532/v1#"
	nsTL  = "http://uri.etsi.org/02231/v2#"
	nsERD = "http://uri.etsi.org/19522/v1#"
	nsDS  = "http://www.w3.org/2000/09/xmldsig#"
)

// Values of the REM baseline (EN 319 532-4 §C.2.3.4.2 to §C.2.3.4.5).
const (
	Version             = "EN319532v1"
	CapabilitiesVersion = "EN319522v1.1.1"
	BaselineProfile     = "http://uri.etsi.org/19532/v1#/REMbaseline"
	AssuranceLevel      = "http://eidas.europa.eu/LoA/substantial"
	ConsignmentBasic    = "http://uri.etsi.org/19522/v1#/consignment/basic"
	IdentifierScheme    = "http"
)

// Document is a CSI document as it was read; what is in it is a claim until
// Verify has judged it. It is not modified after Parse and safe for concurrent
// reading.
type Document struct {
	// Version is the root's, "EN319532v1"; ID its Id.
	Version, ID string
	Scheme      Scheme
	// Capabilities is CapabilityMetadata/ERDSMetadata, Security
	// SecurityMetadata/CapabilityBasedSecurity.
	Capabilities Capabilities
	Security     Security
	// Findings are the oddities met while reading.
	Findings []trust.Finding

	doc *xmltree.Document
}

// Scheme is SchemeData: who issued the document, when, and where it lives.
type Scheme struct {
	// VersionIdentifier is CSIVersionIdentifier, Sequence CSISequenceNumber,
	// which grows with every issue.
	VersionIdentifier int
	Sequence          int
	// OperatorName names the REMID authority.
	OperatorName    tsl.Names
	OperatorAddress Address
	InformationURIs []tsl.URI
	// PolicyRules are CSISchemePolicyCommunityRules; the English one is the
	// URI of the REMID policy, which goes into evidence.
	PolicyRules []tsl.URI
	// ListLocation is CSIPointerToTL: where the national trusted list is.
	ListLocation string
	Issued       time.Time
	// NextUpdate is when the document goes out of use; zero when there is none
	// or it cannot be read.
	NextUpdate time.Time
	// DistributionPoints are the URLs of the document itself.
	DistributionPoints []string
	// History is CSIPointersToOtherMetadata: the earlier issues, each named
	// after its own SHA-256. See CheckHistory.
	History []string
}

// PolicyURI is the English one of the PolicyRules, else the first.
func (s *Scheme) PolicyURI() string {
	names := make(tsl.Names, len(s.PolicyRules))
	for i, u := range s.PolicyRules {
		names[i] = tsl.Name(u)
	}
	return names.English()
}

// Address is the postal and electronic address of the scheme operator.
type Address struct {
	Postal     []PostalAddress
	Electronic []tsl.URI
}

// PostalAddress is an address in one language (TS 119 612 §5.3.5.1).
type PostalAddress struct {
	Language, Street, Locality, Province, PostalCode, Country string
}

// Capabilities is ERDSMetadata (EN 319 522-3 §4, EN 319 532-4 §C.2.3.4.2): what
// the service is and can do. A Present field tells an absent element from an
// empty or false one.
type Capabilities struct {
	// Version is "EN319522v1.1.1".
	Version string
	// ID is the URI of the service, IDScheme its IdentifierSchemeName, "http".
	ID, IDScheme string
	// Domain is the host of the mail exchanger, GoverningBody the provider's
	// name as in the trusted list (TSPName, English).
	Domain, GoverningBody string
	// Profile is the profile supported, BaselineProfile.
	Profile string
	// ExpiryDate and ScheduledDelivery are false in the baseline.
	ExpiryDate, ScheduledDelivery Flag
	// AssuranceLevel is the one supported, ConsignmentMode likewise.
	AssuranceLevel  string
	ConsignmentMode string
	// Policies, Repository, Qualified, ListLocation and RootLocation are
	// optional in EN 319 522-3 and not used by the baseline.
	Policies                               []string
	Repository, ListLocation, RootLocation string
	Qualified                              Flag
}

// Flag is a boolean that may be absent or unreadable.
type Flag string

// The values of a Flag; others are kept as written.
const (
	Absent Flag = ""
	True   Flag = "true"
	False  Flag = "false"
)

// Security is CapabilityBasedSecurity (EN 319 532-4 §C.2.3.4.4).
type Security struct {
	// Version is "EN319532v1".
	Version string
	// TLSCertificate is the certificate of the SMTP endpoint in DER.
	TLSCertificate []byte
	// DomainCertificate is not used by the baseline.
	DomainCertificate []byte
}

// ErrTLSCertificate: the document's TLSCertificate is missing or is none.
var ErrTLSCertificate = errors.New("csi: no readable TLSCertificate in the document")

// Certificate parses the TLSCertificate.
func (s *Security) Certificate() (*x509.Certificate, error) {
	c, err := x509.ParseCertificate(s.TLSCertificate)
	if err != nil {
		return nil, errors.Join(ErrTLSCertificate, err)
	}
	return c, nil
}

// Raw returns the bytes of the document as they were given. They are shared: do
// not modify them.
func (d *Document) Raw() []byte { return d.doc.Source }

// Digest is the SHA-256 of the document's bytes.
func (d *Document) Digest() [32]byte { return sha256.Sum256(d.doc.Source) }
