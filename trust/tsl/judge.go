package tsl

import (
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/certmail/certmail/trust"
)

// Standing is what a set of lists says of a certificate at a time.
type Standing string

const (
	// Qualified: a service of a qualified type, granted.
	Qualified Standing = "qualified"
	// Listed: active, but not qualified (or not yet: before July 2016 nobody
	// was).
	Listed Standing = "listed"
	// Ended: withdrawn, deprecated, ceased or revoked at that time.
	Ended Standing = "ended"
	// NotYetListed: the service is listed from a later time on.
	NotYetListed Standing = "not-yet-listed"
	// Undetermined: the certificate belongs to a service, but nothing can be
	// concluded from what the list says of it.
	Undetermined Standing = "undetermined"
	// Conflicting: it belongs to services of one type, of which one was active
	// and another had ended.
	Conflicting Standing = "conflicting"
	// NotListed: no list knows it as a service of that kind.
	NotListed Standing = "not-listed"
)

// Answer is what a Set says of one certificate.
type Answer struct {
	Kind ServiceKind
	At   time.Time
	// Standing sums the matches up; Reason tells it to people, with the
	// provider, the service, the status and since when.
	Standing Standing
	Reason   string
	// Best is the match that the standing rests on, nil for NotListed.
	Best *Match
	// Matches are all the services that the certificate belongs to, the
	// decisive ones first. Lists repeat each other, and one certificate may
	// serve several services.
	Matches []Match
	// Stale: the lists do not cover At, because their next issue was due
	// before it.
	Stale    bool
	Findings []trust.Finding
}

// Match is one service that the certificate belongs to.
type Match struct {
	List     *List
	Provider *Provider
	Service  *Service
	// Link is how the certificate belongs to the service, Through the listed
	// certificate (nil for links by key identifier).
	Link    Link
	Through *x509.Certificate
	// Span is the entry that was in force, with the time it was; its Entry is
	// nil when there was none.
	Span     Span
	Standing Standing
	Reason   string
	// Stale: the next issue of the list was due before the judged time.
	Stale bool
}

// maxNear bounds the findings about authorities that nearly counted: one may
// be listed for many services.
const maxNear = 16

// Judge answers whether the certificate was a service of the kind at the time.
// chain are the certificates that came with it; they help to find a path to a
// listed authority and are never believed.
//
// The time should be that of a qualified time-stamp, else the one that the
// signer claims: the caller says which. The certificate's own validity and
// revocation are other questions (package trust), except for the path to a
// listed authority, which has to be valid at that time.
func (s *Set) Judge(cert *x509.Certificate, chain []*x509.Certificate, want ServiceKind, at time.Time) *Answer {
	a := &Answer{Kind: want, At: at, Standing: NotListed}
	switch {
	case cert == nil:
		return a.undetermined("no certificate to look for")
	case at.IsZero():
		return a.undetermined("no time to judge at")
	case len(s.members) == 0:
		return a.undetermined("no trusted list given")
	}
	l := &linker{leaf: cert, chain: chain[:min(len(chain), maxChain)], at: at, kind: &want, known: &s.proofs}
	for _, service := range s.candidates(want.Types()) {
		link, through, near := l.to(service)
		if near != nil && len(a.Findings) < maxNear {
			a.Findings = append(a.Findings, trust.Finding{Code: "not-under-listed-authority", Detail: service.title() + ": " + near.Error()})
		}
		if link == LinkNone {
			continue
		}
		m := Match{List: service.in.List, Provider: service.provider, Service: service.service, Link: link, Through: through}
		m.judge(&want, at)
		m.Stale = service.in.stale(at)
		a.Matches = append(a.Matches, m)
	}
	a.conclude()
	return a
}

func (a *Answer) undetermined(why string) *Answer {
	a.Standing, a.Reason = Undetermined, why
	return a
}

func (l *listed) title() string {
	return "service " + strconv.Quote(l.service.Names.English()) + " of " + l.provider.Names.English()
}

// judge decides what the service was at the time.
func (m *Match) judge(want *ServiceKind, at time.Time) {
	span, err := m.Service.At(at)
	m.Span = span
	switch {
	case errors.Is(err, ErrNotYetListed):
		m.conclude(NotYetListed, strings.TrimPrefix(err.Error(), ErrNotYetListed.Error()+": "))
		return
	case err != nil:
		m.conclude(Undetermined, err.Error())
		return
	case !want.counts(span.Type):
		m.conclude(NotListed, "was of another type then")
		return
	}
	if x := unknownCritical(m.List.Extensions, m.Provider.Extensions, span.Extensions); x != nil {
		m.conclude(Undetermined, "a critical extension is not understood: "+x.Name)
		return
	}
	status, known := meaning(span.Status)
	switch {
	case !known:
		m.conclude(Undetermined, "status is not one of TS 119 612")
	case !status.active:
		m.conclude(Ended, "")
	case m.Link == LinkClaim:
		m.conclude(Undetermined, "which anybody can write into a certificate")
	case !want.qualified(span.Type):
		m.conclude(Listed, "not a qualified type of service")
	case span.Status != StatusGranted:
		m.conclude(Listed, "not granted as qualified")
	case at.Before(eIDAS()):
		m.conclude(Listed, "no service was qualified before "+stamp(eIDAS()))
	case m.Link == LinkKeyID:
		m.conclude(Listed, "a key identifier alone does not make a service qualified")
	default:
		m.conclude(Qualified, "")
	}
}

func unknownCritical(lists ...[]Extension) *Extension {
	for _, list := range lists {
		for i := range list {
			if list[i].Critical && !list[i].Known {
				return &list[i]
			}
		}
	}
	return nil
}

// conclude sets the standing and its reason in words.
func (m *Match) conclude(standing Standing, why string) {
	m.Standing = standing
	var b strings.Builder
	b.WriteString((&listed{provider: m.Provider, service: m.Service}).title())
	if e := m.Span.Entry; e != nil {
		fmt.Fprintf(&b, " (%s): %s since %s", ShortType(e.Type), ShortStatus(e.Status), stamp(e.Starting))
		if !m.Span.Until.IsZero() {
			fmt.Fprintf(&b, " until %s", stamp(m.Span.Until))
		}
	} else {
		fmt.Fprintf(&b, " (%s)", ShortType(m.Service.Type))
	}
	if why != "" {
		b.WriteString(", " + why)
	}
	if m.Link != LinkNone {
		b.WriteString("; " + m.Link.inWords())
	}
	b.WriteString(" (" + m.List.Title() + ")")
	m.Reason = b.String()
}

// rank orders standings by how much they say.
func (s Standing) rank() int {
	return slices.Index([]Standing{NotListed, NotYetListed, Undetermined, Ended, Listed, Qualified}, s)
}

// conclude sums up the matches.
func (a *Answer) conclude() {
	slices.SortStableFunc(a.Matches, func(x, y Match) int {
		if d := y.Standing.rank() - x.Standing.rank(); d != 0 {
			return d
		}
		if x.Stale != y.Stale {
			if x.Stale {
				return 1
			}
			return -1
		}
		return y.Link.strength() - x.Link.strength()
	})
	if len(a.Matches) == 0 || a.Matches[0].Standing == NotListed {
		a.Reason = "no trusted list given knows the certificate as a service for " + a.Kind.Name
		if len(a.Matches) > 0 {
			a.Reason += ": " + a.Matches[0].Reason
		}
		return
	}
	best := &a.Matches[0]
	a.Best, a.Standing, a.Reason, a.Stale = best, best.Standing, best.Reason, best.Stale
	if best.Stale {
		a.Findings = append(a.Findings, trust.Finding{Code: "list-stale", Detail: best.List.Title() + " was to be replaced before " + stamp(a.At)})
	}
	a.contradict(best)
	for i := range a.Matches {
		m := &a.Matches[i]
		if m.Span.Entry == nil {
			continue
		}
		for _, x := range m.Span.Extensions {
			if x.Space == nsTSLX && x.Name == "TakenOverBy" {
				a.Findings = append(a.Findings, trust.Finding{Code: "service-taken-over", Detail: m.Reason + ": taken over by " + x.Value})
			}
		}
	}
}

// contradict looks for a service of the same type that the certificate belongs
// to as well, and that had ended.
func (a *Answer) contradict(best *Match) {
	if best.Standing != Qualified && best.Standing != Listed {
		return
	}
	for i := range a.Matches {
		m := &a.Matches[i]
		if m.Standing != Ended || m.Span.Type != best.Span.Type || m.Link == LinkClaim {
			continue
		}
		a.Standing = Conflicting
		a.Reason = "the certificate belongs to services that disagree: " + best.Reason + "; and " + m.Reason
		a.Findings = append(a.Findings, trust.Finding{Code: "services-disagree", Detail: m.Reason})
		return
	}
}

// Check is the answer as the check trusted-list: passed when the service was
// qualified or listed, failed when it had ended or was not listed yet, unknown
// when the lists say nothing that can be relied on.
func (a *Answer) Check() trust.Check {
	c := trust.Check{Name: trust.CheckTrustedList, Status: trust.Unknown, Detail: a.Reason}
	switch {
	case a.Stale:
		c.Detail = "the list does not cover the time: " + a.Reason
	case a.Standing == Qualified || a.Standing == Listed:
		c.Status = trust.Passed
		c.Detail = string(a.Standing) + ": " + a.Reason
	case a.Standing == Ended || a.Standing == NotYetListed:
		c.Status = trust.Failed
		c.Detail = string(a.Standing) + ": " + a.Reason
	}
	return c
}

// Qualified says whether the certificate was a qualified service of the kind at
// that time, by lists that cover it.
func (a *Answer) Qualified() bool { return a.Standing == Qualified && !a.Stale }

// In returns the best match in the list of a territory, or nil: where several
// lists name a service, the provider's name is that of its own country's list.
func (a *Answer) In(territory string) *Match {
	for i := range a.Matches {
		if strings.EqualFold(a.Matches[i].List.Territory, territory) {
			return &a.Matches[i]
		}
	}
	return nil
}

// ProviderNamed returns the best match whose provider has this name (TSPName,
// any language), or nil: EN 319 532-4 §C.3.4 g wants the issuer of evidence to
// call itself so.
func (a *Answer) ProviderNamed(name string) *Match {
	for i := range a.Matches {
		if a.Matches[i].Provider.Names.Has(name) {
			return &a.Matches[i]
		}
	}
	return nil
}
