package daticert

import (
	"strconv"
	"unicode/utf8"
)

// Finding is something odd that did not stop the reading. Codes are stable;
// details are for people.
type Finding struct{ Code, Detail string }

// Codes of findings. A document is valid by the DTD exactly when it has no
// finding whose code begins with "dtd-".
const (
	// FindingMissingElement: an element that the DTD makes mandatory is absent.
	FindingMissingElement = "dtd-missing-element"
	// FindingRepeatedElement: more occurrences than the DTD allows. The first one is in
	// the field, the others in Unknown (consegna: all in Deliveries).
	FindingRepeatedElement = "dtd-repeated-element"
	// FindingElementOrder: an element after one that should follow it.
	FindingElementOrder = "dtd-element-order"
	// FindingUndeclaredElement: an element that the DTD does not allow there.
	FindingUndeclaredElement = "dtd-undeclared-element"
	// FindingUndeclaredAttribute: an attribute that the DTD does not allow there.
	FindingUndeclaredAttribute = "dtd-undeclared-attribute"
	// FindingMissingAttribute: an attribute that the DTD makes mandatory is absent.
	FindingMissingAttribute = "dtd-missing-attribute"
	// FindingAttributeValue: a value outside the DTD's list, kept as read.
	FindingAttributeValue = "dtd-attribute-value"
	// FindingStrayText: text where the DTD allows only elements.
	FindingStrayText = "dtd-stray-text"
	// FindingNotEmpty: content inside ricevuta, which is EMPTY.
	FindingNotEmpty = "dtd-not-empty"

	// FindingEmptyValue: an element or attribute without a value where one is meant to be.
	FindingEmptyValue = "empty-value"
	// FindingDateForm: a date that can be read but is not in the form dd/mm/yyyy,
	// hh:mm:ss, ±hhmm.
	FindingDateForm = "date-form"
	// FindingDateInvalid: a date that cannot be read or that no calendar has.
	FindingDateInvalid = "date-invalid"
	// FindingCommentInValue: a comment or processing instruction in the middle of a
	// value. The text around it is joined; some readers stop at it.
	FindingCommentInValue = "comment-in-value"
	// FindingInstruction: a processing instruction, ignored.
	FindingInstruction = "processing-instruction"
	// FindingDoctype: a document type declaration, ignored and not fetched.
	FindingDoctype = "doctype-ignored"
	// FindingLeadingSpace: white space before the XML declaration, not well-formed XML
	// for a strict reader.
	FindingLeadingSpace = "leading-space"
	// FindingCharset: a character set other than UTF-8, read as declared.
	FindingCharset = "charset"
	// FindingCharsetMismatch: the declared character set is unknown or is not that of
	// the bytes; they were read as UTF-8 or, with FindingCharsetGuessed, as windows-1252.
	FindingCharsetMismatch = "charset-mismatch"
	// FindingCharsetGuessed: bytes that are not UTF-8, read as windows-1252.
	FindingCharsetGuessed = "charset-guessed"
	// FindingTruncated: there are more findings than are listed.
	FindingTruncated = "findings-truncated"

	// FindingErrorForType: errore does not go with tipo.
	FindingErrorForType = "error-for-type"
	// FindingMissingForType: this tipo wants an element that is absent.
	FindingMissingForType = "missing-for-type"
	// FindingUnexpectedForType: an element that this tipo does not have.
	FindingUnexpectedForType = "unexpected-for-type"
)

// maxFindings bounds the list, whatever the document.
const maxFindings = 200

// addFinding appends up to maxFindings findings and then, once, the note that
// there are more.
func addFinding(list []Finding, code, detail string) []Finding {
	switch {
	case len(list) < maxFindings:
		return append(list, Finding{code, detail})
	case len(list) == maxFindings:
		return append(list, Finding{FindingTruncated, "only the first " + strconv.Itoa(maxFindings) + " are listed"})
	}
	return list
}

// quote shows a value of the document in a detail: quoted, printable, short.
func quote(s string) string { return strconv.Quote(clip(s)) }

// clip shortens s to some 80 bytes, at a character's edge.
func clip(s string) string {
	const most = 80
	if len(s) <= most {
		return s
	}
	n := most
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n] + "…"
}
