package rem

import (
	"errors"

	"github.com/certmail/certmail/envelope"
)

var (
	// ErrNoEvidence says that a message carries no evidence that can be read.
	ErrNoEvidence = errors.New("no readable evidence")
	// ErrNoOriginal says that a message carries no original: receipts and
	// notifications never do.
	ErrNoOriginal = errors.New("no original message inside")
	// ErrNoText says that a message has no readable text.
	ErrNoText = envelope.ErrNoText
	// ErrNotValid says that the certified view was asked of a message whose
	// verdict is not valid.
	ErrNotValid = errors.New("message did not verify")
	// ErrBuild says that a message cannot be written from what was given.
	ErrBuild = errors.New("cannot build message")
)
