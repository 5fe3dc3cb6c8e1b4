package csi

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/certmail/certmail/trust/tsl"
)

// SupplyPoints are the two ServiceSupplyPoint of a REM service (EN 319 532-4
// §C.2.3.3 b.2.4): its mail exchanger and its CSI document.
type SupplyPoints struct {
	// Host is the mail exchanger's name in lower case without a final dot,
	// Port its port, 25 when none is written.
	Host string
	Port int
	// Document is the https URL of the CSI document.
	Document string
}

// ErrSupplyPoint: a supply point is missing, is there twice or cannot be read.
var ErrSupplyPoint = errors.New("csi: supply point")

// ParseSupplyPoints reads the supply points of a service. The baseline wants
// exactly one of each; a service without, or with two, is an error that wraps
// ErrSupplyPoint. Points of other schemes are left alone.
func ParseSupplyPoints(points []tsl.SupplyPoint) (SupplyPoints, error) {
	var found SupplyPoints
	for _, p := range points {
		switch scheme, _, _ := strings.Cut(p.URI, ":"); strings.ToLower(scheme) {
		case "smtp":
			host, port, err := ParseSMTP(p.URI)
			if err != nil {
				return found, err
			}
			if found.Host != "" {
				return found, fmt.Errorf("%w: two of smtp, %s and %s", ErrSupplyPoint, found.Host, host)
			}
			found.Host, found.Port = host, port
		case "https":
			if found.Document != "" {
				return found, fmt.Errorf("%w: two of https, %s and %s", ErrSupplyPoint, found.Document, p.URI)
			}
			if u, err := url.Parse(p.URI); err != nil || u.Host == "" {
				return found, fmt.Errorf("%w: %q is no URL", ErrSupplyPoint, p.URI)
			}
			found.Document = p.URI
		}
	}
	switch {
	case found.Host == "":
		return found, fmt.Errorf("%w: none of smtp", ErrSupplyPoint)
	case found.Document == "":
		return found, fmt.Errorf("%w: none of https", ErrSupplyPoint)
	}
	return found, nil
}

// ParseSMTP reads an smtp supply point: "smtp://host[:port]", or as the
// examples of EN 319 532-4 print it, "smtp:host[:port]" (§C.2.3.3 b.2.4.2). The
// host comes back in lower case without a final dot.
func ParseSMTP(uri string) (host string, port int, err error) {
	const scheme = "smtp:"
	refuse := func(why string) (string, int, error) {
		return "", 0, fmt.Errorf("%w: %q: %s, expected smtp://host[:port]", ErrSupplyPoint, uri, why)
	}
	if len(uri) < len(scheme) || !strings.EqualFold(uri[:len(scheme)], scheme) {
		return refuse("another scheme")
	}
	host = strings.TrimPrefix(uri[len(scheme):], "//")
	host, written, hasPort := strings.Cut(host, ":")
	port = 25
	if hasPort {
		if port, err = strconv.Atoi(written); err != nil || port < 1 || port > 65535 || written[0] == '+' {
			return refuse("port " + strconv.Quote(written))
		}
	}
	if host = foldHost(host); !isHost(host) {
		return refuse("host " + strconv.Quote(host))
	}
	return host, port, nil
}

// SameHost compares host names as DNS does: without regard to case and to a
// final dot (EN 319 532-4 §C.2.3.2 a.2).
func SameHost(a, b string) bool {
	a = foldHost(a)
	return isHost(a) && a == foldHost(b)
}

func foldHost(host string) string {
	lower := []byte(strings.TrimSuffix(host, "."))
	for i, c := range lower {
		if c >= 'A' && c <= 'Z' {
			lower[i] = c + 'a' - 'A'
		}
	}
	return string(lower)
}

// isHost says whether a folded name is one of letters, digits, hyphens and
// dots, as host names are (RFC 1123 §2.1; names in other scripts are A-labels).
func isHost(host string) bool {
	if host == "" || len(host) > 253 {
		return false
	}
	for _, label := range strings.Split(host, ".") {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		for i := range len(label) {
			if c := label[i]; c != '-' && (c < '0' || c > '9') && (c < 'a' || c > 'z') {
				return false
			}
		}
	}
	return true
}

// Peer is a REM service found by its mail exchanger.
type Peer struct {
	tsl.Match
	SupplyPoints SupplyPoints
	// Same are the entries of all lists that name this service, this one among
	// them: lists may repeat each other under providers of their own.
	Same []tsl.Match
}

// named says whether one of the lists calls the provider of the service so
// (TSPName, English).
func (p *Peer) named(name string) bool {
	return slices.ContainsFunc(p.Same, func(m tsl.Match) bool { return m.Provider.Names.English() == name })
}

// Reasons why there is nobody to relay to, found with errors.Is.
var (
	// ErrNoMX: the host is no mail exchanger's name.
	ErrNoMX = errors.New("csi: no valid mail exchanger")
	// ErrNoPeer: no listed service has the host as its supply point.
	ErrNoPeer = errors.New("csi: mail exchanger of no listed service")
	// ErrManyPeers: active services of several providers have it.
	ErrManyPeers = errors.New("csi: mail exchanger of several listed services")
)

// FindByMX finds the service to which mail for a domain may be relayed, by the
// host of the domain's MX record (EN 319 532-4 §C.2.3.2, §C.2.3.3.3): the smtp
// supply point of a service of the kind that was active at the time, with a
// certificate as its identity. The record itself is the caller's to look up.
//
// An inactive service is returned with an error that wraps tsl.ErrNotActive or
// tsl.ErrStale.
func FindByMX(lists *tsl.Set, mx string, kind tsl.ServiceKind, at time.Time) (*Peer, error) {
	if mx = foldHost(mx); !isHost(mx) {
		return nil, fmt.Errorf("%w: %q", ErrNoMX, mx)
	}
	var found, inactive *Peer
	for _, m := range lists.Services(kind, at) {
		points, err := ParseSupplyPoints(m.Service.SupplyPoints)
		if err != nil || points.Host != mx {
			continue
		}
		p := &Peer{Match: m, SupplyPoints: points, Same: []tsl.Match{m}}
		switch {
		case m.Active() != nil || len(m.Service.Identity.Certificates) == 0:
			inactive = p
		case found != nil && !sameIdentity(found.Service, p.Service):
			return nil, fmt.Errorf("%w: %s, of %s and of %s", ErrManyPeers, mx, found.Reason, p.Reason)
		case found != nil:
			found.Same = append(found.Same, m)
		default:
			found = p
		}
	}
	switch {
	case found != nil:
		return found, nil
	case inactive == nil:
		return nil, fmt.Errorf("%w: %s", ErrNoPeer, mx)
	case inactive.Active() != nil:
		return inactive, inactive.Active()
	}
	return inactive, fmt.Errorf("%w: %s: no certificate identifies the service", tsl.ErrNotActive, inactive.Reason)
}

// sameIdentity: several lists may name one service.
func sameIdentity(a, b *tsl.Service) bool {
	return slices.ContainsFunc(a.Identity.Certificates, func(der []byte) bool {
		return slices.ContainsFunc(b.Identity.Certificates, func(other []byte) bool { return string(der) == string(other) })
	})
}
