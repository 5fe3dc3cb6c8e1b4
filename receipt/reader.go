package receipt

import (
	"context"
	"io"
	"iter"

	"github.com/certmail/certmail/envelope"
)

// A Reader judges the certified messages of one system, for a program that is
// not to care which system a message is of: *rem.Verifier is one. It is safe for
// concurrent use.
type Reader interface {
	// ReadCertified judges a message and says what happened by it; name is that
	// of the proof. It returns nil when the message is none of its system.
	//
	// copies gives the caller's copies, as they were submitted, of the message
	// with an id (without angle brackets). It may be nil.
	//
	// What is wrong with the message is in the reading; the error is that of the
	// context, of reading the message's bytes, or of copies.
	ReadCertified(ctx context.Context, e *envelope.Message, name string, copies Copies) (*Reading, error)
}

// Copies gives the sent copies of the message with the given id.
type Copies func(messageID string) iter.Seq2[*io.SectionReader, error]

// Reading is what a Reader found.
type Reading struct {
	System System
	// Kind is what the message is, by the names of its system.
	Kind    string
	Verdict Verdict
	// Events are what happened by it, with the message as their proof.
	Events []Event
}
