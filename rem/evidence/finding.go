package evidence

import "github.com/certmail/certmail/trust"

// Finding is something odd that was met while reading.
type Finding = trust.Finding

// Codes of findings. Those that begin with "schema-" break the schema of
// EN 319 522-3; [Evidence.Check] makes deviations of them.
const (
	// FindingMissing: an element or attribute that the schema requires is
	// absent. Evidence of a failure may be incomplete (EN 319 532-4 C.4.5.1 h).
	FindingMissing = "schema-missing"
	// FindingUnknownElement: an element that the schema does not have there. It
	// is not in the value.
	FindingUnknownElement = "schema-unknown-element"
	// FindingOrder: an element after one that should follow it.
	FindingOrder = "schema-order"
	// FindingRepeated: more occurrences than allowed. The first is in the value.
	FindingRepeated = "schema-repeated"
	// FindingChoice: elements that exclude each other, or none of them.
	FindingChoice = "schema-choice"
	// FindingTime: a value that is not an xs:dateTime.
	FindingTime = "schema-time"
	// FindingNumber: a value that is not a whole number, or far too large.
	FindingNumber = "schema-number"
	// FindingBase64: a value that is not base64.
	FindingBase64 = "schema-base64"
	// FindingPrefix: a name in a value (xsi:type) whose prefix is not declared.
	FindingPrefix = "schema-prefix"
	// FindingBoolean: isCritical is not a boolean; read as true.
	FindingBoolean = "schema-boolean"

	// FindingQualified: a local element of EN 319 522-3 in the namespace of the
	// global ones, where the schema has it in none. Read as if it were right.
	FindingQualified = "qualified-local-element"
	// FindingZone: a dateTime without time zone, read as UTC.
	FindingZone = "time-without-zone"
	// FindingRecipient: a recipient number that no recipient has.
	FindingRecipient = "recipient-out-of-range"
	// FindingExtension: a critical extension that is not known, so nothing
	// should be decided by this evidence without people.
	FindingExtension = "unknown-critical-extension"
	// FindingEvent: an event that is not in the table.
	FindingEvent = "unknown-event"
	// FindingMore: there were more findings than are kept.
	FindingMore = "more-findings"
)

// maxFindings bounds what a hostile document can make us collect.
const maxFindings = 100
