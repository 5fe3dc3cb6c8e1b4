package evidence

// Namespaces of an evidence document (EN 319 522-3 §5.1, EN 319 532-4 C.3.3).
const (
	// NamespaceERDS holds Evidence and every other global element of
	// EN 319 522-3. Its local elements are in no namespace at all: the schema
	// has no elementFormDefault.
	NamespaceERDS = "http://uri.etsi.org/19522/v1#"
	// NamespaceREM holds the extensions of EN 319 532-4 C.3.2, all qualified.
	NamespaceREM = "http://uri.etsi.org/19532/v1#"

	NamespaceDS            = "http://www.w3.org/2000/09/xmldsig#"
	NamespaceSAML          = "urn:oasis:names:tc:SAML:2.0:assertion"
	NamespaceXSI           = "http://www.w3.org/2001/XMLSchema-instance"
	NamespaceLegalPerson   = "http://eidas.europa.eu/attributes/legalperson"
	NamespaceNaturalPerson = "http://eidas.europa.eu/attributes/naturalperson"

	namespaceXML   = "http://www.w3.org/XML/1998/namespace"
	namespaceXMLNS = "http://www.w3.org/2000/xmlns/"

	// namespaceTS102640 is that of the evidence before EN 319 522.
	namespaceTS102640 = "http://uri.etsi.org/02640/v2#"
)

// Namespace is a prefix and what it stands for. The empty prefix is the
// default namespace.
type Namespace struct{ Prefix, URI string }

// rootNamespaces are declared on every Evidence element that is written, in
// this order. elp and enp occur only inside values of xsi:type, where exclusive
// canonicalisation does not see them: declared on the root, they are not lost.
var rootNamespaces = [...]Namespace{
	{"tns", NamespaceERDS},
	{"ext", NamespaceREM},
	{"saml", NamespaceSAML},
	{"ds", NamespaceDS},
	{"xsi", NamespaceXSI},
	{"elp", NamespaceLegalPerson},
	{"enp", NamespaceNaturalPerson},
}
