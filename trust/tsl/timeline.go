package tsl

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

// Reasons why a service has no entry for a time, found with errors.Is.
var (
	// ErrNotYetListed: the first entry starts later.
	ErrNotYetListed = errors.New("tsl: service not listed yet at that time")
	// ErrDoubt: the list contradicts itself, or cannot be read, where it
	// speaks of the service.
	ErrDoubt = errors.New("tsl: what the list says of the service cannot be relied on")
)

// Span is an entry with the time in which it was in force: from Starting up to
// Until, which is excluded; a zero Until means that it still is.
type Span struct {
	*Entry
	Until time.Time
	// Current says that it is the entry of ServiceInformation.
	Current bool
}

// Timeline returns the entries of a service from the newest to the oldest. The
// order in the list does not count (TS 119 612 §5.5.10 wants it descending, real
// lists differ), with one exception: the current entry is the current one, and
// a previous status that claims to start later is left out, as is one that
// another covers at once.
func (s *Service) Timeline() []Span {
	spans := make([]Span, 1, 1+len(s.History))
	spans[0] = Span{Entry: &s.Entry, Current: true}
	for i := range s.History {
		if h := &s.History[i]; h.Starting.Before(s.Starting) {
			spans = append(spans, Span{Entry: h})
		}
	}
	slices.SortStableFunc(spans[1:], func(a, b Span) int { return b.Starting.Compare(a.Starting) })
	kept := spans[:1]
	for _, span := range spans[1:] {
		next := kept[len(kept)-1].Starting
		if span.Starting.Equal(next) {
			continue // the list names the newer one first
		}
		span.Until = next
		kept = append(kept, span)
	}
	return kept
}

// At returns the entry in force at a time; see Timeline. The error wraps
// ErrNotYetListed, or ErrDoubt when one entry of the service cannot be read:
// what it hides may be a withdrawal.
func (s *Service) At(t time.Time) (Span, error) {
	if s.doubt != "" {
		return Span{}, fmt.Errorf("%w: %s", ErrDoubt, s.doubt)
	}
	for i := range s.History {
		if s.History[i].doubt != "" {
			return Span{}, fmt.Errorf("%w: in its history, %s", ErrDoubt, s.History[i].doubt)
		}
	}
	if !t.Before(s.Starting) {
		return Span{Entry: &s.Entry, Current: true}, nil
	}
	timeline := s.Timeline()
	for _, span := range timeline {
		if !t.Before(span.Starting) {
			return span, nil
		}
	}
	return Span{}, fmt.Errorf("%w: first listed from %s", ErrNotYetListed, stamp(timeline[len(timeline)-1].Starting))
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }
