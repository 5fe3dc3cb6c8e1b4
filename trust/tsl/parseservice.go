package tsl

import (
	"fmt"
	"strings"

	"github.com/certmail/certmail/internal/xmltree"
	"github.com/certmail/certmail/internal/xsd"
)

func (p *parser) providers(list *xmltree.Element) {
	for e := range list.All(nsTSL, "TrustServiceProvider") {
		var found Provider
		var information, services bool
		for c := e.FirstChild(); c != nil && p.err == nil; c = c.NextSibling() {
			switch {
			case c.Is(nsTSL, "TSPInformation"):
				if p.once(&information, c) {
					p.provider(&found, c)
				}
			case c.Is(nsTSL, "TSPServices"):
				if p.once(&services, c) {
					for s := range c.All(nsTSL, "TSPService") {
						found.Services = append(found.Services, p.service(s))
						if p.err != nil {
							return
						}
					}
				}
			}
		}
		if len(found.Names) == 0 {
			p.note("provider-without-name", where(e))
		}
		p.list.Providers = append(p.list.Providers, found)
	}
}

// provider reads TSPInformation (TS 119 612 §5.4).
func (p *parser) provider(found *Provider, information *xmltree.Element) {
	for e := information.FirstChild(); e != nil; e = e.NextSibling() {
		if e.Space != nsTSL {
			continue
		}
		switch e.Local {
		case "TSPName":
			if found.Names != nil {
				p.note("element-twice", where(e)+": occurs a second time; the first counts")
				continue
			}
			found.Names = names(e)
		case "TSPTradeName":
			found.TradeNames = names(e)
		case "TSPInformationURI":
			found.InformationURIs = uris(e)
		case "TSPInformationExtensions":
			found.Extensions = p.extensions(e)
		case "TSPAddress":
			if list := e.First(nsTSL, "PostalAddresses"); list != nil {
				if address := list.First(nsTSL, "PostalAddress"); address != nil {
					if country := address.First(nsTSL, "CountryName"); country != nil {
						found.Country = text(country)
					}
				}
			}
		}
	}
}

// service reads TSPService (TS 119 612 §5.5, §5.6).
func (p *parser) service(e *xmltree.Element) Service {
	var found Service
	var information bool
	for c := e.FirstChild(); c != nil && p.err == nil; c = c.NextSibling() {
		switch {
		case c.Is(nsTSL, "ServiceInformation"):
			if information {
				found.doubt = "the list has two current entries for it"
				p.note("element-twice", where(c)+": two current entries of one service; it is not judged")
				continue
			}
			information = true
			p.entry(&found.Entry, &found, c)
		case c.Is(nsTSL, "ServiceHistory"):
			for h := range c.All(nsTSL, "ServiceHistoryInstance") {
				var past Entry
				p.entry(&past, nil, h)
				found.History = append(found.History, past)
			}
		}
	}
	if !information {
		found.doubt = "the list has no current entry for it"
		p.note("missing-element", where(e)+": no ServiceInformation")
	}
	p.order(&found, e)
	return found
}

// entry reads ServiceInformation, with the fields that only it has when full is
// not nil, or ServiceHistoryInstance. What makes it unusable for a decision is
// left in Entry.doubt.
func (p *parser) entry(found *Entry, full *Service, information *xmltree.Element) {
	if p.entries++; p.entries > p.limits.Services {
		p.err = fmt.Errorf("%w: more than %d service entries", ErrLimit, p.limits.Services)
		return
	}
	var seen struct{ kind, identity, status, starting, extensions bool }
	decisive := func(flag *bool, e *xmltree.Element) bool {
		if *flag {
			found.doubt = "two elements " + e.Local + " in one entry"
		}
		return p.once(flag, e)
	}
	for e := information.FirstChild(); e != nil; e = e.NextSibling() {
		if e.Space != nsTSL {
			p.note("unknown-element", where(e)+": not expected in an entry of a service")
			continue
		}
		switch e.Local {
		case "ServiceTypeIdentifier":
			if decisive(&seen.kind, e) {
				found.Type = text(e)
			}
		case "ServiceName":
			found.Names = names(e)
		case "ServiceDigitalIdentity":
			if decisive(&seen.identity, e) {
				found.Identity = p.identity(e)
			}
		case "ServiceStatus":
			if decisive(&seen.status, e) {
				found.Status = text(e)
			}
		case "StatusStartingTime":
			if decisive(&seen.starting, e) {
				var ok bool
				if found.Starting, ok = p.time(e); !ok {
					found.doubt = "StatusStartingTime cannot be read"
				}
			}
		case "ServiceInformationExtensions":
			if decisive(&seen.extensions, e) {
				found.Extensions = p.extensions(e)
			}
		case "SchemeServiceDefinitionURI":
			if full != nil {
				full.SchemeDefinitions = uris(e)
			}
		case "TSPServiceDefinitionURI":
			if full != nil {
				full.ProviderDefinitions = uris(e)
			}
		case "ServiceSupplyPoints":
			if full != nil {
				for point := range e.All(nsTSL, "ServiceSupplyPoint") {
					kind, _ := point.Attr("", "type")
					full.SupplyPoints = append(full.SupplyPoints, SupplyPoint{URI: text(point), Type: kind})
				}
			}
		}
	}
	for _, must := range [...]struct {
		seen bool
		name string
	}{{seen.kind, "ServiceTypeIdentifier"}, {seen.status, "ServiceStatus"}, {seen.starting, "StatusStartingTime"}} {
		if !must.seen {
			found.doubt = "an entry has no " + must.name
			p.note("missing-element", where(information)+": no "+must.name)
		}
	}
	if seen.status {
		if _, ok := meaning(found.Status); !ok {
			p.note("unknown-status", where(information)+": "+found.Status)
		}
	}
}

// order notes histories that contradict themselves. At copes with them.
func (p *parser) order(s *Service, e *xmltree.Element) {
	for i := range s.History {
		switch start := s.History[i].Starting; {
		case start.IsZero() || s.Starting.IsZero():
		case start.After(s.Starting):
			p.note("history-after-current", where(e)+": a previous status starts after the current one")
			return
		case i > 0 && start.After(s.History[i-1].Starting):
			p.note("history-unordered", where(e)+": previous statuses are not in descending order")
			return
		}
	}
}

// identity reads a list of DigitalId (TS 119 612 §5.5.3).
func (p *parser) identity(list *xmltree.Element) Identity {
	var found Identity
	for id := range list.All(nsTSL, "DigitalId") {
		for e := id.FirstChild(); e != nil; e = e.NextSibling() {
			switch {
			case e.Is(nsTSL, "X509Certificate"):
				der, err := xsd.Binary(e.Text())
				switch {
				case err != nil:
					p.note("bad-certificate", where(e)+": "+err.Error())
				case len(der) > p.limits.Certificate:
					p.note("bad-certificate", fmt.Sprintf("%s: %d bytes, at most %d", where(e), len(der), p.limits.Certificate))
				case len(der) == 0:
					p.note("bad-certificate", where(e)+": empty")
				default:
					found.Certificates = append(found.Certificates, der)
				}
			case e.Is(nsTSL, "X509SKI"):
				ski, err := xsd.Binary(e.Text())
				if err != nil || len(ski) == 0 {
					p.note("bad-key-id", where(e))
					continue
				}
				found.KeyIDs = append(found.KeyIDs, ski)
			case e.Is(nsTSL, "X509SubjectName"):
				found.Subjects = append(found.Subjects, text(e))
			default:
				found.Others++
			}
		}
	}
	return found
}

// extensions reads Extension elements (TS 119 612 §5.5.9). An extension with
// something unknown in it is unknown.
func (p *parser) extensions(list *xmltree.Element) []Extension {
	var found []Extension
	for e := range list.All(nsTSL, "Extension") {
		x := Extension{Raw: e.Bytes()}
		written, _ := e.Attr("", "Critical")
		var ok bool
		if x.Critical, ok = xsd.Boolean(written); !ok {
			x.Critical = true
			p.note("bad-critical", fmt.Sprintf("%s: Critical is %q; taken for true", where(e), written))
		}
		content := e.FirstChild()
		if content == nil {
			p.note("empty-extension", where(e))
			found = append(found, x)
			continue
		}
		x.Known = true
		for c := content; c != nil; c = c.NextSibling() {
			value, known := extensionValue(c)
			x.Known = x.Known && known
			if c == content {
				x.Space, x.Name, x.Value = c.Space, c.Local, value
			}
		}
		if x.Critical && !x.Known {
			p.note("unknown-critical-extension", fmt.Sprintf("%s: {%s}%s", where(e), x.Space, x.Name))
		}
		found = append(found, x)
	}
	return found
}

// extensionValue tells an extension in a line: TS 119 612 §5.5.9.1 to §5.5.9.4.
func extensionValue(e *xmltree.Element) (value string, known bool) {
	switch {
	case e.Is(nsTSL, "AdditionalServiceInformation"):
		if u := e.First(nsTSL, "URI"); u != nil {
			value = text(u)
		}
		return value, true
	case e.Is(nsTSL, "ExpiredCertsRevocationInfo"):
		return text(e), true
	case e.Is(nsTSLX, "TakenOverBy"):
		if n := e.First(nsTSL, "TSPName"); n != nil {
			value = names(n).English()
		} else if n := e.First(nsTSLX, "TSPName"); n != nil {
			value = names(n).English()
		}
		return value, true
	case e.Is(nsSIE, "Qualifications"):
		var qualifiers []string
		for d := range e.Descendants() {
			if d.Is(nsSIE, "Qualifier") {
				uri, _ := d.Attr("", "uri")
				qualifiers = append(qualifiers, uri)
			}
		}
		return strings.Join(qualifiers, " "), true
	}
	return "", false
}
