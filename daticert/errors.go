package daticert

import "errors"

// The kinds of [Error]. Ask with errors.Is.
var (
	// ErrNotXML: the bytes are not well-formed XML 1.0.
	ErrNotXML = errors.New("daticert: not well-formed XML")
	// ErrNotPostacert: well-formed XML with another root element.
	ErrNotPostacert = errors.New("daticert: root element is not postacert")
	// ErrDoctype: a document type declaration with an internal subset. Its entities
	// and attribute defaults could change what the document says, so it is not read.
	ErrDoctype = errors.New("daticert: document type declaration with an internal subset")
	// ErrTooLarge: more bytes than Options.MaxSize.
	ErrTooLarge = errors.New("daticert: document too large")
	// ErrTooDeep: elements nested deeper than Options.MaxDepth.
	ErrTooDeep = errors.New("daticert: elements nested too deep")
	// ErrTooManyElements: more elements and attributes than Options.MaxElements.
	ErrTooManyElements = errors.New("daticert: too many elements")
	// ErrTooManyRecipients: more addresses of one kind than Options.MaxRecipients.
	ErrTooManyRecipients = errors.New("daticert: too many recipients")

	// ErrDate: giorno, ora or zona cannot be read as a date, or name an impossible one.
	ErrDate = errors.New("daticert: not a date")
	// ErrMissing: Marshal lacks a value that the rules make mandatory.
	ErrMissing = errors.New("daticert: value missing")
	// ErrValue: Marshal was given a value that XML or the DTD cannot hold.
	ErrValue = errors.New("daticert: value not allowed")
)

// Error is every error that this package returns.
type Error struct {
	// Kind is one of the Err values above.
	Kind error
	// Where is the place, for instance "line 3" or "element data"; it may be empty.
	Where string
	// Detail says what is wrong there.
	Detail string
	// Err is the cause, where another package gave one.
	Err error
}

// Error implements error: "daticert: element data: hour "25:00:00": want hh:mm:ss".
func (e *Error) Error() string {
	s := "daticert: "
	if e.Where != "" {
		s += e.Where + ": "
	}
	s += e.Detail
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

// Unwrap gives the kind and the cause to errors.Is and errors.As.
func (e *Error) Unwrap() []error {
	if e.Err == nil {
		return []error{e.Kind}
	}
	return []error{e.Kind, e.Err}
}
