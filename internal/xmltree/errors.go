package xmltree

import (
	"errors"
	"fmt"
)

// Sentinels of what Parse and WriteCanonical refuse. They arrive wrapped in
// *Error; test with errors.Is.
var (
	// ErrMalformed: not well-formed XML 1.0.
	ErrMalformed = errors.New("not well-formed XML")
	// ErrNamespace: a prefix without declaration, a forbidden declaration, a
	// name with two colons, the same attribute twice under two prefixes.
	ErrNamespace = errors.New("not namespace-well-formed XML")
	// ErrEncoding: not UTF-8, or declared to be something else.
	ErrEncoding = errors.New("not UTF-8")
	// ErrDoctype: there is a document type declaration.
	ErrDoctype = errors.New("document type declaration refused")
	// ErrTooLarge: more octets than Limits.Bytes.
	ErrTooLarge = errors.New("document too large")
	// ErrTooDeep: elements nested deeper than Limits.Depth.
	ErrTooDeep = errors.New("elements nested too deep")
	// ErrTooMany: more elements, attributes, namespace declarations, or comments
	// and processing instructions around the root, than allowed.
	ErrTooMany = errors.New("too many parts")
	// ErrRelativeNamespace: a namespace name without a scheme, for which there is
	// no canonical form (Canonical XML 1.0 §1.3).
	ErrRelativeNamespace = errors.New("relative namespace name")
	// ErrInheritedBase: Canonical XML 1.1 of an element that inherits more than
	// one xml:base, whose joining (§2.4) is not supported.
	ErrInheritedBase = errors.New("xml:base to be joined")
)

// Error tells where in the source something is wrong.
type Error struct {
	// Offset into the source in octets.
	Offset int
	// Line and Column of it, from 1; the column counts octets. Both are 0 for a
	// document that was too large to be looked at.
	Line, Column int
	// Detail says what was found and what was expected.
	Detail string
	// Err is one of the package's sentinels.
	Err error
}

// Error implements error.
func (e *Error) Error() string {
	if e.Line == 0 {
		return fmt.Sprintf("xml: %v: %s", e.Err, e.Detail)
	}
	return fmt.Sprintf("xml: line %d, column %d: %v: %s", e.Line, e.Column, e.Err, e.Detail)
}

// Unwrap returns the sentinel.
func (e *Error) Unwrap() error { return e.Err }

// errorAt fills in line and column.
func errorAt(src string, offset int, sentinel error, detail string) *Error {
	offset = min(offset, len(src))
	e := &Error{Offset: offset, Line: 1, Column: 1, Detail: detail, Err: sentinel}
	for i := range offset {
		if src[i] == '\n' {
			e.Line++
			e.Column = 1
		} else {
			e.Column++
		}
	}
	return e
}

// quoted shortens what is shown of the source in an error.
func quoted(s string) string {
	const most = 40
	if len(s) > most {
		return fmt.Sprintf("%q…", s[:most])
	}
	return fmt.Sprintf("%q", s)
}
