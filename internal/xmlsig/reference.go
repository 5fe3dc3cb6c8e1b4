package xmlsig

import (
	"crypto"
	"crypto/subtle"
	"strings"

	"github.com/certmail/certmail/internal/xmltree"
)

type referenceKind uint8

const (
	toDocument referenceKind = iota + 1
	toProperties
	toKeyInfo
)

// reference is a ds:Reference that was understood.
type reference struct {
	at     *xmltree.Element
	part   string
	kind   referenceKind
	id     string           // its own Id
	target *xmltree.Element // nil: the whole document, what is around the root included
	style  TransformStyle   // of a document
	canon  xmltree.Canon
	uri    string // digest method
	hash   crypto.Hash
	digest []byte
}

// referenceNames are for people; there are no more than three (maxReferences).
var referenceNames = [...]string{"reference 1", "reference 2", "reference 3"}

// understand reads the references and sees that they are those expected: one to
// the document, one to the signed properties, at most one to the key.
func (s *parts) understand(doc *xmltree.Document, p *Policy) *Error {
	var seen [toKeyInfo + 1]bool
	for i := range s.references {
		r := &s.references[i]
		r.part = referenceNames[i]
		if err := s.read(r, doc, p); err != nil {
			return err
		}
		if seen[r.kind] {
			return fail(ErrReference, r.part, "a second one to the same")
		}
		seen[r.kind] = true
	}
	switch {
	case !seen[toDocument]:
		return fail(ErrReference, "SignedInfo", "none to the document")
	case !seen[toProperties] && !p.PlainXMLDSig:
		return fail(ErrReference, "SignedInfo", "none to the signed properties")
	}
	return nil
}

// read takes one reference apart (XMLDSig §4.4.3).
func (s *parts) read(r *reference, doc *xmltree.Document, p *Policy) *Error {
	if err := container(r.at); err != nil {
		return err
	}
	c := children{r.at.FirstChild()}
	transforms := c.take(DSNamespace, "Transforms")
	method := c.take(DSNamespace, "DigestMethod")
	value := c.take(DSNamespace, "DigestValue")
	if err := c.only(r.at); err != nil {
		return err
	}
	if method == nil || value == nil {
		return fail(ErrStructure, r.part, "DigestMethod and DigestValue expected")
	}
	if err := s.aim(r, doc); err != nil {
		return err
	}
	if err := r.transforms(transforms, p); err != nil {
		return err
	}
	var err *Error
	if r.uri, err = algorithm(method, r.part); err != nil {
		return err
	}
	if r.hash = hashOf(r.uri); r.hash == 0 || !allows(p.Digests, r.uri) {
		return fail(ErrAlgorithm, r.part, "digest %q", r.uri)
	}
	if r.digest, err = s.room.decoded(value, maxDigest); err != nil {
		return err
	}
	if len(r.digest) != r.hash.Size() {
		return fail(ErrStructure, r.part, "a digest of %d octets, %d expected", len(r.digest), r.hash.Size())
	}
	return nil
}

// aim finds what the reference is to.
func (s *parts) aim(r *reference, doc *xmltree.Document) *Error {
	uri, ok := r.at.Attr("", "URI")
	if !ok {
		return fail(ErrReference, r.part, "no URI")
	}
	kind, _ := r.at.Attr("", "Type")
	r.id, _ = r.at.Attr("", "Id")
	if uri == "" {
		r.kind = toDocument
	} else {
		id, local := strings.CutPrefix(uri, "#")
		if !local || id == "" || strings.ContainsAny(id, "()/%#\"' \t\r\n") {
			return fail(ErrReference, r.part, "%q is not an identifier of this document", uri)
		}
		targets := doc.ByID(id)
		if len(targets) != 1 {
			return fail(ErrReference, r.part, "%d elements have the identifier %q", len(targets), id)
		}
		switch r.target = targets[0]; r.target {
		case doc.Root:
			r.kind = toDocument
		case s.signed: // not nil: the target is not
			r.kind = toProperties
		case s.keyInfo:
			r.kind = toKeyInfo
		default:
			return fail(ErrReference, r.part, "to an element %q", r.target.Local)
		}
	}
	if (kind == typeSignedProperties) != (r.kind == toProperties) {
		return fail(ErrReference, r.part, "the type %q is not what the reference is to", kind)
	}
	return nil
}

// transforms reads the transforms: for a document, one that leaves the signature
// out; then one canonical form at most, Canonical XML 1.0 without any (XMLDSig
// §4.4.3.2).
func (r *reference) transforms(e *xmltree.Element, p *Policy) *Error {
	var c children
	if e != nil {
		if err := container(e); err != nil {
			return err
		}
		c.next = e.FirstChild()
	}
	t := c.take(DSNamespace, "Transform")
	if r.kind == toDocument {
		if t == nil {
			return fail(ErrTransform, r.part, "nothing leaves the signature out")
		}
		var err *Error
		if r.style, err = leavingOut(t, p, r.part); err != nil {
			return err
		}
		t = c.take(DSNamespace, "Transform")
	}
	if t != nil {
		var err *Error
		if _, r.canon, err = canonicalization(t, p, r.part, ErrTransform); err != nil {
			return err
		}
	} else if !allows(p.Canonicalizations, C14N10) {
		return fail(ErrTransform, r.part, "no canonical form is given")
	}
	if c.next != nil {
		return fail(ErrTransform, r.part, "%q not expected here", c.next.Local)
	}
	return nil
}

// leavingOut reads the transform that takes the signature out of the document.
func leavingOut(t *xmltree.Element, p *Policy, part string) (TransformStyle, *Error) {
	uri, ok := t.Attr("", "Algorithm")
	if !ok || len(t.Attrs) != 1 || !t.Blank() {
		return 0, fail(ErrStructure, part, "a Transform with one attribute Algorithm expected")
	}
	switch {
	case uri == TransformEnveloped && p.allowsStyle(Enveloped):
		if t.FirstChild() != nil {
			return 0, fail(ErrTransform, part, "enveloped-signature has no parameters")
		}
		return Enveloped, nil
	case uri == TransformFilter2 && p.allowsStyle(Filter2):
		if !subtractsSignatures(t) {
			return 0, fail(ErrTransform, part, "the filter expected is: subtract /descendant::ds:Signature")
		}
		return Filter2, nil
	}
	return 0, fail(ErrTransform, part, "%q does not leave the signature out, or is not allowed", uri)
}

// subtractsSignatures tells whether an XPath Filter 2.0 is the one that takes out
// every ds:Signature, whatever the prefix.
func subtractsSignatures(t *xmltree.Element) bool {
	c := children{t.FirstChild()}
	path := c.take(filter2Namespace, "XPath")
	if path == nil || c.next != nil || path.FirstChild() != nil || len(path.Attrs) != 1 {
		return false
	}
	if filter, _ := path.Attr("", "Filter"); filter != "subtract" {
		return false
	}
	name, ok := strings.CutPrefix(strings.Trim(path.Text(), " \t\r\n"), "/descendant::")
	prefix, local, prefixed := strings.Cut(name, ":")
	if !ok || !prefixed || prefix == "" || local != "Signature" {
		return false
	}
	uri, ok := path.Resolve(prefix)
	return ok && uri == DSNamespace
}

// check computes the digest of what the reference is to and compares.
func (v *verifier) check(r *reference) *Error {
	canon := r.canon
	at := r.target
	if r.kind == toDocument {
		signature := v.parts.at
		canon.Without = func(e *xmltree.Element) bool { return e == signature }
	}
	sum, err := v.digest(at, canon, r.hash)
	if err != nil {
		return fail(ErrTransform, r.part, "%v", err)
	}
	if subtle.ConstantTimeCompare(sum, r.digest) != 1 {
		what := "the document"
		switch r.kind {
		case toProperties:
			what = "the signed properties"
		case toKeyInfo:
			what = "the key information"
		}
		return fail(ErrDigest, r.part, "%s was altered", what)
	}
	return nil
}
