package tsl

import (
	"crypto/sha256"
	"crypto/x509"
	"fmt"
	"strings"
	"time"

	"github.com/certmail/certmail/internal/xmltree"
	"github.com/certmail/certmail/trust"
)

// List is one trusted list as it was read; what is in it is a claim until
// Verify has judged its signature. It is not modified after Parse and safe for
// concurrent reading.
type List struct {
	// Version is TSLVersionIdentifier: 5, or 6 since TS 119 612 v2.3.1.
	Version int
	// Sequence is TSLSequenceNumber; it grows with every issue.
	Sequence int
	// Type is TypeGeneric, TypeListOfLists or another TSLType.
	Type string
	// Territory is SchemeTerritory: a country code ("IT", but "EL" and "UK"),
	// or "EU" for the list of lists.
	Territory string
	// ID is the Id attribute of the root, if any.
	ID string

	OperatorName    Names
	SchemeName      Names
	InformationURIs []URI
	CommunityRules  []URI
	// HistoryPeriod is HistoricalInformationPeriod in days; 65535 means that
	// nothing is ever dropped.
	HistoryPeriod int
	Pointers      []Pointer

	Issued time.Time
	// NextUpdate is when the next issue is due at the latest; zero when the
	// list is Closed or the value cannot be read.
	NextUpdate time.Time
	// Closed: NextUpdate is there and empty, the scheme has ended (TS 119 612
	// §5.3.15).
	Closed             bool
	DistributionPoints []string
	Extensions         []Extension

	Providers []Provider

	// Findings are the oddities met while reading.
	Findings []trust.Finding

	doc *xmltree.Document
}

// Provider is a trust service provider (TSP) with its services.
type Provider struct {
	// Names are TSPName; the English one equals the issuer's name in REM
	// evidence (EN 319 532-4 §C.2.3.3).
	Names Names
	// TradeNames are TSPTradeName, with the registration identifier
	// ("VATIT-…") among them.
	TradeNames      Names
	InformationURIs []URI
	// Country is CountryName of the first postal address.
	Country    string
	Extensions []Extension
	Services   []Service
}

// Service is one trust service: its current entry and what it was before.
type Service struct {
	// Entry is ServiceInformation, the present.
	Entry
	// History are the previous entries in the order of the list, which is not
	// to be relied on: see At and Timeline.
	History []Entry
	// SupplyPoints are where the service is reached; for REM, the mail
	// exchanger and the CSI document (EN 319 532-4 §C.2.3.3 b.2.4).
	SupplyPoints []SupplyPoint
	// SchemeDefinitions and ProviderDefinitions are SchemeServiceDefinitionURI
	// and TSPServiceDefinitionURI.
	SchemeDefinitions, ProviderDefinitions []URI
}

// Entry is what a list says of a service from Starting on.
type Entry struct {
	// Type is ServiceTypeIdentifier. It can change in the course of a history.
	Type     string
	Names    Names
	Identity Identity
	// Status is ServiceStatus, Starting its StatusStartingTime; zero when it
	// cannot be read, and then nothing is concluded from the whole service.
	Status   string
	Starting time.Time
	// Extensions are ServiceInformationExtensions.
	Extensions []Extension

	doubt string // why nothing can be concluded from it
}

// Identity is how a service is recognised (ServiceDigitalIdentity, TS 119 612
// §5.5.3). A history entry mostly has no certificate: the identity of a service
// is that of its current entry.
type Identity struct {
	// Certificates are the X509Certificate values in DER. They are not parsed
	// yet, and may not even be certificates.
	Certificates [][]byte
	// KeyIDs are X509SKI, Subjects X509SubjectName as written.
	KeyIDs   [][]byte
	Subjects []string
	// Others counts identities of other kinds (ds:KeyValue, Other), which are
	// not used.
	Others int
}

// SupplyPoint is a ServiceSupplyPoint.
type SupplyPoint struct {
	URI string
	// Type is the optional attribute of TS 119 612 v2.2.1 §5.5.7.
	Type string
}

// Pointer leads to another list (OtherTSLPointer, TS 119 612 §5.3.13).
type Pointer struct {
	Location string
	// Certificates are those with which the list there may be signed, in DER.
	Certificates [][]byte
	Type         string
	Territory    string
	MediaType    string
	OperatorName Names
	// Rules are the SchemeTypeCommunityRules.
	Rules []URI
}

// Parsed returns the certificates of the pointer that can be read, and how
// many cannot.
func (p *Pointer) Parsed() (certs []*x509.Certificate, unreadable int) {
	for _, der := range p.Certificates {
		c, err := x509.ParseCertificate(der)
		if err != nil {
			unreadable++
			continue
		}
		certs = append(certs, c)
	}
	return certs, unreadable
}

// Name is one value of a name in one language (TS 119 612 §5.1.4).
type Name struct{ Language, Value string }

// Names is a name in several languages. The same language may occur twice.
type Names []Name

// English returns the first English value; without one, the first of all.
func (n Names) English() string {
	for _, name := range n {
		if isEnglish(name.Language) {
			return name.Value
		}
	}
	if len(n) > 0 {
		return n[0].Value
	}
	return ""
}

// Has says whether one of the values, in whatever language, is this one
// exactly.
func (n Names) Has(value string) bool {
	for _, name := range n {
		if name.Value == value {
			return true
		}
	}
	return false
}

func isEnglish(lang string) bool {
	return len(lang) >= 2 && strings.EqualFold(lang[:2], "en") && (len(lang) == 2 || lang[2] == '-')
}

// URI is a reference to a text in one language.
type URI struct{ Language, Value string }

// Extension is an extension of a list, a provider or a service.
type Extension struct {
	// Name is the local name of the extension's element, Space its namespace.
	Space, Name string
	Critical    bool
	// Known: this package knows what the extension means. A service with an
	// unknown critical extension is not judged (TS 119 612 §5.5.9).
	Known bool
	// Value is what can be told in a line: the URI of an
	// AdditionalServiceInformation, the URIs of the qualifiers, the time of
	// ExpiredCertsRevocationInfo, the name of who took the service over.
	Value string
	// Raw is the Extension element as it stands in the list.
	Raw []byte
}

// Digest is the SHA-256 of the list's bytes, by which a cache or the companion
// file (.sha2, TS 119 612 §6.1) tells issues apart.
func (l *List) Digest() [32]byte { return sha256.Sum256(l.doc.Source) }

// Raw returns the bytes of the list as they were given. They are shared: do
// not modify them.
func (l *List) Raw() []byte { return l.doc.Source }

// Title names the list for people: "BE sequence 66 of 2023-09-19".
func (l *List) Title() string {
	name := l.Territory
	if name == "" {
		name = "list without territory"
	}
	return fmt.Sprintf("%s sequence %d of %s", name, l.Sequence, l.Issued.UTC().Format(time.DateOnly))
}
