package store

import (
	"fmt"
	"time"

	"github.com/certmail/certmail/daticert"
)

// MaxName is how many bytes the names may have that programs choose: accounts,
// keys, workers and folders.
const MaxName = 254

// DefaultLimit is how many are listed where no limit is given.
const DefaultLimit = 1000

// CanDecide tells whether Decide may move a submission from one state to
// another.
func CanDecide(from, to State) bool {
	switch from {
	case Queued:
		return to == Cancelled || to == Sent
	case Uncertain:
		return to == Sent || to == Refused || to == Queued
	}
	return false
}

// Check tells whether a submission can be enqueued; every store asks it. It
// wraps ErrInvalid.
func (s *Submission) Check(now time.Time) error {
	switch {
	case daticert.TrimMessageID(s.Sent.MessageID) == "":
		return fmt.Errorf("submission: no Message-ID, by which its receipts are known: %w", ErrInvalid)
	case s.Sent.SHA256.IsZero():
		return fmt.Errorf("submission: no digest of its bytes: %w", ErrInvalid)
	case s.Size < 0:
		return fmt.Errorf("submission: size %d: %w", s.Size, ErrInvalid)
	}
	return first(checkName("account", s.Account), checkName("key", s.Key), checkTime("NotBefore", s.NotBefore), checkTime("now", now))
}

// Check tells whether work can be claimed so. It wraps ErrInvalid.
func (c *Claim) Check() error {
	if !c.Lease.After(c.Now) {
		return fmt.Errorf("claim: lease ends before it begins: %w", ErrInvalid)
	}
	if c.Account != "" {
		if err := checkName("account", c.Account); err != nil {
			return err
		}
	}
	return first(checkName("worker", c.Worker), checkTime("Now", c.Now), checkTime("Lease", c.Lease))
}

// Check tells whether an attempt can end so. It wraps ErrState or ErrInvalid.
func (r *Result) Check() error {
	switch r.State {
	case Sent, Refused, Uncertain, Queued:
		if r.Untried && r.State != Queued {
			return fmt.Errorf("result: %q of what was not tried: %w", r.State, ErrState)
		}
		return first(checkTime("NotBefore", r.NotBefore), checkTime("At", r.At))
	}
	return fmt.Errorf("result: %q ends no attempt: %w", r.State, ErrState)
}

// Check tells whether a batch can be taken in. It wraps ErrInvalid.
func (b *Batch) Check() error {
	return first(checkName("account", b.Account), checkName("folder", b.Folder), checkTime("At", b.At))
}

// CheckTime tells whether a store can keep a time of its own: those of the years
// 0 to 9999. It wraps ErrInvalid. The times of events may be any.
func CheckTime(t time.Time) error { return checkTime("time", t) }

func checkTime(what string, t time.Time) error {
	if year := t.UTC().Year(); year < 0 || year > 9999 {
		return fmt.Errorf("%s: year %d, want 0 to 9999: %w", what, year, ErrInvalid)
	}
	return nil
}

func checkName(what, name string) error {
	if name == "" || len(name) > MaxName {
		return fmt.Errorf("%s: %d bytes, want 1 to %d: %w", what, len(name), MaxName, ErrInvalid)
	}
	return nil
}

func first(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
