// Package xmltree reads XML for people who verify signatures: strictly, within
// limits, without recursion, and keeping for each element the bytes it was read
// from. It also writes the canonical forms that XML signatures digest (Canonical
// XML 1.0 and 1.1, Exclusive XML Canonicalization 1.0), whole or in part.
//
// Accepted is well-formed XML 1.0 (fifth edition) that is namespace-well-formed
// (Namespaces in XML 1.0, third edition), in UTF-8, with or without byte order
// mark. A document type declaration is refused outright: with it go entities,
// default attributes and external resources. So are other encodings, XML 1.1,
// more than Limits allows, and anything that two readers could take differently.
//
// A Document never changes after Parse and may be used by several goroutines.
package xmltree
