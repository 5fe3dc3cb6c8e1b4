package evidence

// Extension is a tns:Extension (E01). The two of the REM baseline are typed;
// whatever else is kept as it was.
type Extension struct {
	// Critical is @isCritical: who does not understand the extension must not
	// decide by the evidence. Unmarked: the attribute was absent, which means
	// false; it is always written.
	Critical, Unmarked bool
	// General and Relay are the extensions of EN 319 532-4 C.3.2. An element of
	// those names that holds something else too is in Other instead, with a
	// finding.
	General *GeneralInfo
	Relay   *RelayInfo
	// Other is the content of any other extension.
	Other *Any
}

// Known says that the extension is one that this package understands.
func (x *Extension) Known() bool { return x.Other == nil && (x.General != nil || x.Relay != nil) }

// GeneralInfo is ext:GeneralEvidenceInfo (EN 319 532-4 C.3.2.1).
type GeneralInfo struct {
	// Subject is that of the original message as decoded text; nil when absent.
	Subject *string
	// Untrusted are the UntrustedPathToRecipient, recipient numbers from 1.
	Untrusted []int
}

// RelayInfo is ext:RelayEvidenceInfo (EN 319 532-4 C.3.2.2).
type RelayInfo struct {
	// RefersTo are the RelayEvidenceRefersTo, recipient numbers from 1; none
	// means all.
	RefersTo []int
}

// Any is XML of a form that this package does not know, kept octet for octet
// (AnyType of EN 319 522-3).
type Any struct {
	// Attributes are those of the element that holds the content, as far as
	// they are not known, and without namespace declarations.
	Attributes []AnyAttribute
	// XML is the content between the start tag and the end tag, as read. For
	// Authentication.Assertion and Attribute.Verbatim it is the whole element.
	XML []byte
	// Namespaces are the prefixes that XML uses without declaring them, as far
	// as they are not those that every evidence declares.
	Namespaces []Namespace
}

// AnyAttribute is an attribute in a namespace, with the prefix it had.
type AnyAttribute struct{ Prefix, Space, Local, Value string }
