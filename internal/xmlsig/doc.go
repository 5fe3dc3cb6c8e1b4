// Package xmlsig judges and makes XML signatures (XMLDSig, W3C XML Signature
// Syntax and Processing 1.1) with XAdES properties (EN 319 132-1) of the one kind
// that evidence and trusted lists bear: one enveloped signature, a direct child
// of the root, over the whole document, with its signed properties.
//
// Everything else that the standards allow is refused: other references,
// transforms, canonical forms with comments, Manifests, nested or several
// signatures, comments inside the signature, algorithms that are not on the list.
//
// Only integrity is judged: that the holder of the key of Signature.Signer signed
// what stands in Signature.SignedElement. Whether that certificate is to be
// trusted, and what a time-stamp token says, is for trust and trust/tsp.
//
// An exclusive canonical form does not cover namespace declarations that no
// element or attribute name uses. A qualified name in character data or in an
// attribute value (xsi:type) must not be resolved and relied on.
package xmlsig
