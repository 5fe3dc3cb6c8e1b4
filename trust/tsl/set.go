package tsl

import (
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/certmail/certmail/trust"
)

// Set is verified lists that are asked together. It is immutable and safe for
// concurrent use; a new issue makes a new Set. What it remembers between
// questions (parsed certificates, paths that hold) changes no answer.
type Set struct {
	members  []*Verification
	byType   map[string][]*listed
	findings []trust.Finding
	proofs   proofs
}

// listed is one service with its place and its certificates.
type listed struct {
	in       *Verification
	provider *Provider
	service  *Service

	parse sync.Once
	certs []*x509.Certificate // of the identity, those that can be read
}

// NewSet puts verified lists together. A list that was not believed (see
// Verification.Believed) is refused with an error that wraps ErrNotVerified and
// the reason. A stale list is not refused: it is still right about the times
// that it covers, and Judge says so where it does not. Of two issues of the
// same list the later one counts.
func NewSet(lists ...*Verification) (*Set, error) {
	s := &Set{byType: map[string][]*listed{}}
	for i, v := range lists {
		if v == nil || v.List == nil {
			return nil, fmt.Errorf("%w: list %d is nil", ErrNotVerified, i)
		}
		if !v.Believed() {
			return nil, fmt.Errorf("%w: %s: %w", ErrNotVerified, v.List.Title(), v.reason())
		}
		s.add(v)
	}
	for _, v := range s.members {
		s.index(v)
	}
	return s, nil
}

func (v *Verification) reason() error {
	if v.Err != nil {
		return v.Err
	}
	return errors.New("its signature was not judged")
}

func (s *Set) add(v *Verification) {
	for i, have := range s.members {
		if have.List.Territory != v.List.Territory || have.List.Type != v.List.Type || v.List.Territory == "" {
			continue
		}
		older, newer := have, v
		if v.List.Sequence < have.List.Sequence {
			older, newer = v, have
		}
		s.findings = append(s.findings, trust.Finding{Code: "two-issues-of-a-list", Detail: newer.List.Title() + " replaces " + older.List.Title()})
		s.members[i] = newer
		return
	}
	s.members = append(s.members, v)
}

func (s *Set) index(v *Verification) {
	l := v.List
	for i := range l.Providers {
		provider := &l.Providers[i]
		for j := range provider.Services {
			service := &provider.Services[j]
			entry := &listed{in: v, provider: provider, service: service}
			s.byType[service.Type] = append(s.byType[service.Type], entry)
			for k := range service.History {
				past := service.History[k].Type
				if list := s.byType[past]; len(list) == 0 || list[len(list)-1] != entry {
					s.byType[past] = append(list, entry)
				}
			}
		}
	}
}

// Lists returns the verifications of the lists in the set.
func (s *Set) Lists() []*Verification { return slices.Clone(s.members) }

// Findings are what was odd about putting the lists together.
func (s *Set) Findings() []trust.Finding { return slices.Clone(s.findings) }

// List returns the list of a territory, or nil.
func (s *Set) List(territory string) *List {
	for _, v := range s.members {
		if strings.EqualFold(v.List.Territory, territory) {
			return v.List
		}
	}
	return nil
}

// NextUpdate is when the first of the lists is due; zero for a set without
// lists that are ever due.
func (s *Set) NextUpdate() time.Time {
	var first time.Time
	for _, v := range s.members {
		if next := v.List.NextUpdate; !next.IsZero() && (first.IsZero() || next.Before(first)) {
			first = next
		}
	}
	return first
}

// candidates are the services of which some entry, present or past, is of one
// of the types.
func (s *Set) candidates(types []string) []*listed {
	var found []*listed
	for i, t := range types {
		for _, entry := range s.byType[t] {
			if i == 0 || !slices.Contains(found, entry) {
				found = append(found, entry)
			}
		}
	}
	return found
}

// certificates parses the identity of a service, once. What is no certificate
// is left out.
func (l *listed) certificates() []*x509.Certificate {
	l.parse.Do(func() {
		for _, der := range l.service.Identity.Certificates {
			if c, err := x509.ParseCertificate(der); err == nil {
				l.certs = append(l.certs, c)
			}
		}
	})
	return l.certs
}
