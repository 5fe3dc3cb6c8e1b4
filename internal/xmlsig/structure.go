package xmlsig

import (
	"strings"

	"github.com/certmail/certmail/internal/xmltree"
)

// parts is a ds:Signature taken apart.
type parts struct {
	at, signedInfo, value, keyInfo *xmltree.Element
	// qualifying is the only content of the only ds:Object; nil without one.
	qualifying *xmltree.Element
	// signed and unsigned are its SignedProperties and UnsignedProperties.
	signed, unsigned *xmltree.Element

	canonURI, methodURI string
	canon               xmltree.Canon
	method              method
	signature           []byte
	references          []reference
	room                *room
}

// children takes child elements one after the other.
type children struct{ next *xmltree.Element }

// take returns the next child if it has that name, and goes on; else nil.
func (c *children) take(space, local string) *xmltree.Element {
	e := c.next
	if e == nil || !e.Is(space, local) {
		return nil
	}
	c.next = e.NextSibling()
	return e
}

// container checks that an element holds elements and white space only.
func container(e *xmltree.Element) *Error {
	if !e.Blank() {
		return fail(ErrStructure, e.Local, "character data between the elements")
	}
	return nil
}

// only checks that no child is left.
func (c *children) only(parent *xmltree.Element) *Error {
	if c.next != nil {
		return fail(ErrStructure, parent.Local, "element %q not expected here", c.next.Local)
	}
	return nil
}

// takeApart reads the signature's structure (XMLDSig §4).
func (s *parts) takeApart(sig *xmltree.Element, p *Policy, m *room) *Error {
	for e := range sig.Descendants() {
		if e.Remarks() {
			return fail(ErrStructure, e.Local, "comments and processing instructions are not accepted inside a signature")
		}
	}
	s.at, s.room = sig, m
	s.references = m.references[:0]
	c := children{sig.FirstChild()}
	s.signedInfo = c.take(DSNamespace, "SignedInfo")
	s.value = c.take(DSNamespace, "SignatureValue")
	s.keyInfo = c.take(DSNamespace, "KeyInfo")
	object := c.take(DSNamespace, "Object")
	if err := c.only(sig); err != nil {
		return err
	}
	if s.signedInfo == nil || s.value == nil {
		return fail(ErrStructure, "Signature", "SignedInfo and SignatureValue expected")
	}
	if err := container(sig); err != nil {
		return err
	}
	if err := s.takeObject(object); err != nil {
		return err
	}
	var err *Error
	if s.signature, err = m.decoded(s.value, maxRSA/8); err != nil {
		return err
	}
	return s.takeSignedInfo(p)
}

// takeObject reads the ds:Object: qualifying properties and nothing else.
func (s *parts) takeObject(object *xmltree.Element) *Error {
	if object == nil {
		return nil
	}
	c := children{object.FirstChild()}
	s.qualifying = c.take(XAdESNamespace, "QualifyingProperties")
	if err := c.only(object); err != nil {
		return err
	}
	if s.qualifying == nil {
		return fail(ErrStructure, "Object", "QualifyingProperties expected")
	}
	if err := container(object); err != nil {
		return err
	}
	c = children{s.qualifying.FirstChild()}
	s.signed = c.take(XAdESNamespace, "SignedProperties")
	s.unsigned = c.take(XAdESNamespace, "UnsignedProperties")
	return c.only(s.qualifying)
}

// takeSignedInfo reads SignedInfo; the references are looked at elsewhere.
func (s *parts) takeSignedInfo(p *Policy) *Error {
	info := s.signedInfo
	if err := container(info); err != nil {
		return err
	}
	c := children{info.FirstChild()}
	canon := c.take(DSNamespace, "CanonicalizationMethod")
	method := c.take(DSNamespace, "SignatureMethod")
	if canon == nil || method == nil {
		return fail(ErrStructure, "SignedInfo", "CanonicalizationMethod and SignatureMethod expected")
	}
	var err *Error
	if s.canonURI, s.canon, err = canonicalization(canon, p, "CanonicalizationMethod", ErrAlgorithm); err != nil {
		return err
	}
	if s.methodURI, err = algorithm(method, "SignatureMethod"); err != nil {
		return err
	}
	var known bool
	if s.method, known = methodOf(s.methodURI); !known || !allows(p.Signatures, s.methodURI) {
		return fail(ErrAlgorithm, "SignatureMethod", "%q", s.methodURI)
	}
	for e := c.take(DSNamespace, "Reference"); e != nil; e = c.take(DSNamespace, "Reference") {
		if len(s.references) == p.maxReferences() {
			return fail(ErrReference, "SignedInfo", "more than %d", p.maxReferences())
		}
		s.references = append(s.references, reference{at: e})
	}
	return c.only(info)
}

// algorithm returns the Algorithm of an element that holds nothing else.
func algorithm(e *xmltree.Element, part string) (string, *Error) {
	uri, ok := e.Attr("", "Algorithm")
	if !ok || len(e.Attrs) != 1 || e.FirstChild() != nil || !e.Blank() {
		return "", fail(ErrStructure, part, "one attribute Algorithm and no content expected")
	}
	return uri, nil
}

// canonicalization reads a method or transform that is a canonical form; the
// exclusive one may have a PrefixList (Exclusive XML Canonicalization §4). Another
// form is the error not.
func canonicalization(e *xmltree.Element, p *Policy, part string, not error) (string, xmltree.Canon, *Error) {
	uri, ok := e.Attr("", "Algorithm")
	if !ok || len(e.Attrs) != 1 || !e.Blank() {
		return "", xmltree.Canon{}, fail(ErrStructure, part, "one attribute Algorithm expected")
	}
	canon, ok := canonOf(uri)
	if !ok || !allows(p.Canonicalizations, uri) {
		return "", canon, fail(not, part, "%q is no canonical form that is accepted", uri)
	}
	c := children{e.FirstChild()}
	if canon.Exclusive {
		if list := c.take(ExclusiveC14N, "InclusiveNamespaces"); list != nil {
			prefixes, ok := list.Attr("", "PrefixList")
			if !ok || len(list.Attrs) != 1 || list.FirstChild() != nil || !list.Blank() {
				return "", canon, fail(ErrStructure, part, "InclusiveNamespaces with one attribute PrefixList expected")
			}
			if canon.Inclusive = strings.Fields(prefixes); len(canon.Inclusive) > maxPrefixes {
				return "", canon, fail(ErrStructure, part, "a PrefixList of %d, at most %d expected", len(canon.Inclusive), maxPrefixes)
			}
		}
	}
	return uri, canon, c.only(e)
}
