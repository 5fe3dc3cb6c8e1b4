package bench

import (
	"bytes"
	"errors"
	"fmt"
)

// rem measures a receipt of registered electronic mail, on one core.
func (r *run) rem() error {
	defer oneCore()()
	if r.subject.REM == nil {
		r.results.miss("rem/warm", notWired)
		return nil
	}
	x, err := r.subject.REM()
	if err != nil {
		return fmt.Errorf("the REM receipt: %w", err)
	}
	r.notes["rem"] = size(len(x.Message))
	l, err := newLimits(r.Trust, x.Message)
	if err != nil {
		return err
	}
	if err := fairREM(x); err != nil {
		return &contestError{"rem", err}
	}
	return r.rounds([]contestant{
		operation("rem/limit", 1, func() error { return l.receipt(x) }),
		operation("rem/warm", 1, func() error { return x.Verify(x.Message) }),
	})
}

// fairREM sees that the receipt is taken, and refused with one bit of its signed
// part flipped.
func fairREM(x *REM) error {
	at := bytes.Index(x.Message, x.Signed)
	if at < 0 || len(x.Signed) == 0 || len(x.Evidence) == 0 {
		return errors.New("a receipt without its parts")
	}
	altered := bytes.Clone(x.Message)
	altered[at+len(x.Signed)/2] ^= 1
	if err := x.Verify(x.Message); err != nil {
		return err
	}
	if x.Verify(altered) == nil {
		return errors.New("an altered message verifies")
	}
	if err := x.Verify(x.Message); err != nil {
		return fmt.Errorf("after an altered message: %w", err)
	}
	return nil
}
