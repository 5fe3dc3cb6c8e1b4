package pec

import (
	"errors"

	"github.com/certmail/certmail/envelope"
)

var (
	// ErrNoCertificationData says that a message has no daticert.xml.
	ErrNoCertificationData = errors.New("no certification data")
	// ErrNoOriginal says that a message carries no original: acceptance,
	// notices and concise delivery receipts never do.
	ErrNoOriginal = errors.New("no original message inside")
	// ErrNoText says that a message has no readable text.
	ErrNoText = envelope.ErrNoText
	// ErrAuthor says that From does not hold exactly one address.
	ErrAuthor = envelope.ErrAuthor
	// ErrNotSubmission says that a message is no copy of a submitted one.
	ErrNotSubmission = errors.New("not a submitted message")
	// ErrNotValid says that the certified view was asked of a message whose
	// verdict is not valid.
	ErrNotValid = errors.New("message did not verify")
)
