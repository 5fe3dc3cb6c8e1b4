package evidence

import (
	"errors"
	"strconv"
	"strings"
)

var (
	// ErrNotEvidence: well-formed XML, and the root is not tns:Evidence.
	ErrNotEvidence = errors.New("evidence: not an ERDS evidence (EN 319 522-3)")
	// ErrTS102640 is the ErrNotEvidence of a REMEvidence of TS 102 640, the REM
	// before EN 319 532. It is recognised and not supported.
	ErrTS102640 error = ts102640{}
	// ErrLimit: more recipients, reasons, extensions or the like than [Options] allow.
	// (Size, depth and number of elements are limits of the XML reader.)
	ErrLimit = errors.New("evidence: limit exceeded")
	// ErrText: a value holds what no XML document can, such as a control
	// character or octets that are not UTF-8.
	ErrText = errors.New("evidence: text that XML cannot hold")
)

type ts102640 struct{}

func (ts102640) Error() string {
	return "evidence: a TS 102 640 REMEvidence, which is not supported (it is not EN 319 522-3)"
}

func (ts102640) Is(target error) bool { return target == ErrNotEvidence }

// RootError is the ErrNotEvidence that says what the root is instead.
type RootError struct{ Space, Local string }

func (e *RootError) Error() string {
	return ErrNotEvidence.Error() + ": the root is " + clip(e.Local) + " of namespace " + strconv.Quote(clip(e.Space))
}

func (e *RootError) Unwrap() error { return ErrNotEvidence }

// LimitError is the ErrLimit that says which.
type LimitError struct {
	What  string
	Limit int
}

func (e *LimitError) Error() string {
	return ErrLimit.Error() + ": more than " + strconv.Itoa(e.Limit) + " " + e.What
}

func (e *LimitError) Unwrap() error { return ErrLimit }

// TextError is the ErrText that says where.
type TextError struct{ Where string }

func (e *TextError) Error() string { return ErrText.Error() + ": " + e.Where }

func (e *TextError) Unwrap() error { return ErrText }

// RawError: raw XML given to be written is not what can stand there.
type RawError struct {
	Where string
	Err   error
}

func (e *RawError) Error() string { return "evidence: raw XML of " + e.Where + ": " + e.Err.Error() }

func (e *RawError) Unwrap() error { return e.Err }

var (
	errNotOne      = errors.New("not exactly one SAML element of that kind")
	errTwoMeanings = errors.New("one prefix for two namespaces")
	errTwoForms    = errors.New("beside an extension of the baseline")
)

// UnknownError: an event or reason that is not in the tables.
type UnknownError struct{ What, Value string }

func (e *UnknownError) Error() string {
	return "evidence: unknown " + e.What + " " + strconv.Quote(clip(e.Value))
}

// NonConformant is the error of [Evidence.Marshal] for a value that its profile
// does not let out: every deviation, not only the first.
type NonConformant struct {
	Profile    string
	Deviations []Deviation
}

func (e *NonConformant) Error() string {
	var b strings.Builder
	b.WriteString("evidence: does not conform to ")
	b.WriteString(e.Profile)
	b.WriteString(" (")
	b.WriteString(strconv.Itoa(len(e.Deviations)))
	b.WriteString(" deviations)")
	for i := range e.Deviations {
		b.WriteString("; ")
		b.WriteString(e.Deviations[i].String())
	}
	return b.String()
}
