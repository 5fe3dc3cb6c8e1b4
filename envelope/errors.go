package envelope

import (
	"errors"
	"fmt"
)

// What stops a message from being read at all. Everything else is a Finding.
var (
	// ErrTooLarge says that a size limit of Options was passed.
	ErrTooLarge = errors.New("too large")
	// ErrTooManyParts says that the message has more parts than
	// Options.MaxParts.
	ErrTooManyParts = errors.New("too many parts")
	// ErrTooDeep says that multiparts are nested deeper than Options.MaxDepth.
	ErrTooDeep = errors.New("nested too deep")
	// ErrEmpty says that there is no message.
	ErrEmpty = errors.New("empty message")
	// ErrNotMessage says that the source has not a single header field.
	ErrNotMessage = errors.New("not a message: no header field")
	// ErrSource says that the source of a message could not be read: nothing
	// is known about the message itself.
	ErrSource = errors.New("cannot read the source")
	// ErrNoPart says that the message has no such part.
	ErrNoPart = errors.New("no such part")
	// ErrEncoding says that a Content-Transfer-Encoding is unknown or that
	// its data is damaged.
	ErrEncoding = errors.New("bad transfer encoding")
	// ErrNotSigned says that the message has no signature of its own.
	ErrNotSigned = errors.New("not signed")
	// ErrBuild says that a message cannot be written from what was given.
	ErrBuild = errors.New("cannot build message")
)

// Error tells where in a message something went wrong.
type Error struct {
	// Where names the place: "header", "part 3", "signature".
	Where string
	// Offset is the byte offset in the message, or -1.
	Offset int64
	Err    error
}

func (e *Error) Error() string {
	if e.Offset >= 0 {
		return fmt.Sprintf("envelope: %s at byte %d: %v", e.Where, e.Offset, e.Err)
	}
	return fmt.Sprintf("envelope: %s: %v", e.Where, e.Err)
}

func (e *Error) Unwrap() error { return e.Err }

// sourceError wraps what a source said.
func sourceError(where string, offset int64, err error) error {
	return &Error{Where: where, Offset: offset, Err: fmt.Errorf("%w: %w", ErrSource, err)}
}

func errorf(where string, offset int64, sentinel error, format string, args ...any) error {
	return &Error{Where: where, Offset: offset, Err: fmt.Errorf("%w: %s", sentinel, fmt.Sprintf(format, args...))}
}
