package tsl

import (
	"errors"
	"fmt"
	"time"
)

// Services returns the services of a kind as they stood at a time, without
// asking for any certificate: their Link is LinkNone, and Standing is what a
// certificate that belongs to the service would get. Services that were of
// another kind then are left out.
func (s *Set) Services(kind ServiceKind, at time.Time) []Match {
	var found []Match
	for _, service := range s.candidates(kind.Types()) {
		m := Match{List: service.in.List, Provider: service.provider, Service: service.service, Link: LinkNone}
		m.judge(&kind, at)
		if m.Standing == NotListed {
			continue
		}
		m.Stale = service.in.stale(at)
		found = append(found, m)
	}
	return found
}

// ErrNotActive: a service was neither qualified nor listed at a time.
var ErrNotActive = errors.New("tsl: service not active")

// Active says whether the service was qualified or listed, by a list that
// covers the time. The error wraps ErrNotActive, or ErrStale.
func (m *Match) Active() error {
	switch {
	case m.Standing != Qualified && m.Standing != Listed:
		return fmt.Errorf("%w: %s", ErrNotActive, m.Reason)
	case m.Stale:
		return fmt.Errorf("%w: %s", ErrStale, m.Reason)
	}
	return nil
}
