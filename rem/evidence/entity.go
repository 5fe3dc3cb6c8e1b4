package evidence

// Entity is a provider: EntityDetailsType (EN 319 522-3 §5.2.2).
type Entity struct {
	// Attributes are the SAML attributes of tns:Identity.
	Attributes []Attribute
	// Certificates are CertificateDetails, at most three.
	Certificates []Certificate
	// Other is tns:Any.
	Other *Any
}

// Names of the SAML attributes of the REM baseline (EN 319 532-4 C.3.4 g to i;
// eIDAS SAML Attribute Profile).
const (
	AttributeLegalName        = "http://eidas.europa.eu/attributes/legalperson/LegalName"
	AttributePersonIdentifier = "http://eidas.europa.eu/attributes/naturalperson/PersonIdentifier"

	nameFormatURI        = "urn:oasis:names:tc:SAML:2.0:attrname-format:uri"
	typeLegalName        = "LegalNameType"
	typePersonIdentifier = "PersonIdentifierType"
)

// Provider is the Entity that the baseline writes: one attribute LegalName
// (EN 319 532-4 C.3.4 g).
func Provider(legalName string) Entity {
	return Entity{Attributes: []Attribute{{
		Name: AttributeLegalName, NameFormat: nameFormatURI, FriendlyName: "LegalName",
		Values: []AttributeValue{{Type: QName{NamespaceLegalPerson, typeLegalName}, Text: legalName}},
	}}}
}

// LegalName is the provider's name, empty when there is none.
func (e *Entity) LegalName() string { return attribute(e.Attributes, AttributeLegalName) }

// Attribute is a saml:Attribute.
type Attribute struct {
	Name, NameFormat, FriendlyName string
	Values                         []AttributeValue
	// Verbatim is the whole element as it was read, set when it holds more than
	// the fields here. It is what is written, so clear it to write the fields.
	Verbatim *Any
}

// AttributeValue is a saml:AttributeValue. Text is empty for one with elements
// inside; Verbatim of its Attribute has them.
type AttributeValue struct {
	// Type is xsi:type, resolved; zero when absent.
	Type QName
	Text string
}

// QName is a name in a namespace.
type QName struct{ Space, Local string }

func attribute(list []Attribute, name string) string {
	for i := range list {
		if list[i].Name == name && len(list[i].Values) > 0 {
			return list[i].Values[0].Text
		}
	}
	return ""
}

// Certificate is one choice of CertificateDetails (EN 319 522-3 §5.2.2): the
// certificate itself, its identifier, or identifier and signature.
type Certificate struct {
	X509      []byte // DER
	ID        *CertificateID
	Signature *CertificateSignature // with ID: CertIDAndSignature
}

// CertificateID is CertIDTypeV2.
type CertificateID struct {
	URI          string
	DigestMethod string // algorithm URI
	Digest       []byte
	IssuerSerial []byte // IssuerSerialV2, DER
}

// CertificateSignature is CertSignatureDetails.
type CertificateSignature struct {
	Method string // algorithm URI
	Value  []byte
}
