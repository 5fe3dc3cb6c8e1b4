package reftest

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"
)

// ValidTrustedList lets xmllint validate a trusted list against the schema of
// TS 119 612 V2.2.1. The signature only has to be well-formed: stand-ins
// replace the schemas that it imports from elsewhere.
func ValidTrustedList(tb testing.TB, xml []byte) {
	tb.Helper()
	validate(tb, xml, filepath.Base(trustedListSchema(tb)), trustedListSchema(tb))
}

// ValidCSI lets xmllint validate a Capability and Security Information document
// against the schema of EN 319 532-4, likewise.
func ValidCSI(tb testing.TB, xml []byte) {
	tb.Helper()
	csi := Dir(tb, "etsi", "en319532-4-v1.2.1-kit", "NORMATIVE-XSD", "CSI19352v117-202201.xsd")
	validate(tb, xml, filepath.Base(csi), csi, trustedListSchema(tb), Dir(tb, "etsi", "en319522-3-xsd", "1952203xmlSchema.xsd"))
}

func trustedListSchema(tb testing.TB) string {
	return Dir(tb, "etsi", "ts119612-v2.2.1-xsd", "ts_119612v020201_201601xsd.xsd")
}

var importLocation = regexp.MustCompile(`(<xsd?:import\s+namespace="([^"]+)"\s+schemaLocation=")[^"]*"`)

// standIns are what the imports of the ETSI schemas lead to instead, by
// namespace.
var standIns = map[string]struct{ file, text string }{
	"http://www.w3.org/XML/1998/namespace": {"xml.xsd", `<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="http://www.w3.org/XML/1998/namespace">
<xs:attribute name="lang" type="xs:language"/></xs:schema>`},
	"http://www.w3.org/2000/09/xmldsig#": {"xmldsig.xsd", `<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns="http://www.w3.org/2000/09/xmldsig#"
targetNamespace="http://www.w3.org/2000/09/xmldsig#" elementFormDefault="qualified">
<xs:complexType name="anything" mixed="true"><xs:sequence><xs:any minOccurs="0" maxOccurs="unbounded" processContents="lax"/></xs:sequence><xs:anyAttribute processContents="lax"/></xs:complexType>
<xs:complexType name="SignatureType"><xs:sequence><xs:element name="SignedInfo" type="anything"/><xs:element name="SignatureValue" type="anything"/>
<xs:element name="KeyInfo" type="anything" minOccurs="0"/><xs:element name="Object" type="anything" minOccurs="0" maxOccurs="unbounded"/></xs:sequence><xs:attribute name="Id" type="xs:ID"/></xs:complexType>
<xs:element name="Signature" type="SignatureType"/><xs:element name="KeyValue" type="anything"/><xs:element name="SignatureMethod" type="anything"/>
<xs:element name="SignatureValue" type="anything"/><xs:element name="DigestMethod" type="anything"/><xs:element name="DigestValue" type="xs:base64Binary"/></xs:schema>`},
	"http://www.w3.org/2001/04/xmlenc#": {"xenc.xsd", `<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="http://www.w3.org/2001/04/xmlenc#"/>`},
	"urn:oasis:names:tc:SAML:2.0:assertion": {"saml.xsd", `<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns="urn:oasis:names:tc:SAML:2.0:assertion"
targetNamespace="urn:oasis:names:tc:SAML:2.0:assertion" elementFormDefault="qualified">
<xs:complexType name="anything" mixed="true"><xs:sequence><xs:any minOccurs="0" maxOccurs="unbounded" processContents="lax"/></xs:sequence><xs:anyAttribute processContents="lax"/></xs:complexType>
<xs:element name="Attribute" type="anything"/><xs:element name="Assertion" type="anything"/></xs:schema>`},
	"http://uri.etsi.org/19522/v1#": {"1952203xmlSchema.xsd", ""},
	"http://uri.etsi.org/02231/v2#": {"ts_119612v020201_201601xsd.xsd", ""},
}

// validate runs xmllint on copies of the schemas whose imports lead to the
// stand-ins or to each other. The first schema is the one to validate against.
func validate(tb testing.TB, xml []byte, main string, schemas ...string) {
	tb.Helper()
	dir := tb.TempDir()
	for _, s := range standIns {
		if s.text == "" {
			continue
		}
		if err := os.WriteFile(filepath.Join(dir, s.file), []byte(s.text), 0o600); err != nil {
			tb.Fatal(err)
		}
	}
	for _, schema := range schemas {
		data, err := os.ReadFile(schema)
		if err != nil {
			tb.Fatal(err)
		}
		data = importLocation.ReplaceAllFunc(data, func(found []byte) []byte {
			m := importLocation.FindSubmatch(found)
			return append(append(bytes.Clone(m[1]), standIns[string(m[2])].file...), '"')
		})
		if err := os.WriteFile(filepath.Join(dir, filepath.Base(schema)), data, 0o600); err != nil {
			tb.Fatal(err)
		}
	}
	cmd := exec.Command(Tool(tb, "xmllint"), "--noout", "--nonet", "--schema", filepath.Join(dir, main), "-")
	cmd.Stdin = bytes.NewReader(xml)
	if text, err := cmd.CombinedOutput(); err != nil {
		tb.Fatalf("xmllint: %v\n%s\n%.20000s", err, text, xml)
	}
}
