package xmlsig

import "github.com/certmail/certmail/internal/xmltree"

// Find returns the document's signature: the only ds:Signature in it, a child of
// the root. A second one anywhere, even inside ds:Object or the unsigned
// properties, makes ErrSeveralSignatures: what a transform leaves out and what a
// signature covers must not depend on which one is looked at.
func Find(doc *xmltree.Document, _ *Policy) (*xmltree.Element, error) {
	var found *xmltree.Element
	for e := range doc.Elements() {
		if !e.Is(DSNamespace, "Signature") {
			continue
		}
		if found != nil {
			return nil, fail(ErrSeveralSignatures, "", "")
		}
		found = e
	}
	switch {
	case found == nil:
		return nil, fail(ErrNoSignature, "", "in the root element %q", doc.Root.Local)
	case found.Parent != doc.Root:
		return nil, fail(ErrMisplaced, "", "")
	}
	return found, nil
}
