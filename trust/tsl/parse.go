package tsl

import (
	"fmt"
	"strconv"

	"github.com/certmail/certmail/internal/xmltree"
	"github.com/certmail/certmail/trust"
)

// Parse reads a trusted list (TrustServiceStatusList, TS 119 612 §5). It says
// nothing about its signature. data is kept and must not be changed
// afterwards.
//
// Real lists are odd, and most oddities are Findings: unreadable times,
// identities and numbers, elements that occur twice, languages left out. An
// error, which wraps ErrXML, ErrNotAList, ErrVersion or ErrLimit, means that
// there is no list to speak of.
func Parse(data []byte, o *Options) (*List, error) {
	limits := o.limits()
	if len(data) > limits.Bytes {
		return nil, fmt.Errorf("%w: %d bytes, at most %d", ErrLimit, len(data), limits.Bytes)
	}
	doc, err := xmltree.Parse(data, &xmltree.Limits{Bytes: limits.Bytes, Depth: limits.Depth, Elements: limits.Elements})
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrXML, err)
	}
	if !doc.Root.Is(nsTSL, "TrustServiceStatusList") {
		return nil, fmt.Errorf("%w: the root is {%s}%s, expected {%s}TrustServiceStatusList", ErrNotAList, doc.Root.Space, doc.Root.Local, nsTSL)
	}
	p := &parser{list: &List{doc: doc}, limits: limits, anyVersion: o != nil && o.AnyVersion}
	p.root(doc.Root)
	if p.err != nil {
		return nil, p.err
	}
	return p.list, nil
}

// parser carries what reading needs from element to element. After the first
// error nothing more is read.
type parser struct {
	list       *List
	limits     Limits
	anyVersion bool
	entries    int // service entries so far
	err        error
}

func (p *parser) note(code, detail string) {
	if len(p.list.Findings) < p.limits.Findings {
		p.list.Findings = append(p.list.Findings, trust.Finding{Code: code, Detail: detail})
	}
}

// where names an element for people: its name and its line would be better, but
// nothing on the way counts lines.
func where(e *xmltree.Element) string { return e.Local + " at byte " + strconv.Itoa(e.Start) }

// once tells whether this is the first element of its name; a second one is a
// finding and is not read.
func (p *parser) once(seen *bool, e *xmltree.Element) bool {
	if *seen {
		p.note("element-twice", where(e)+": occurs a second time; the first counts")
		return false
	}
	*seen = true
	return true
}

func (p *parser) root(root *xmltree.Element) {
	if tag, _ := root.Attr("", "TSLTag"); tag != Tag {
		p.note("list-tag", fmt.Sprintf("TSLTag is %q, expected %q", tag, Tag))
	}
	p.list.ID, _ = root.Attr("", "Id")
	var scheme, providers bool
	for e := root.FirstChild(); e != nil && p.err == nil; e = e.NextSibling() {
		switch {
		case e.Is(nsTSL, "SchemeInformation"):
			if p.once(&scheme, e) {
				p.scheme(e)
			}
		case e.Is(nsTSL, "TrustServiceProviderList"):
			if p.once(&providers, e) {
				p.providers(e)
			}
		case e.Is(nsDS, "Signature"):
		default:
			p.note("unknown-element", where(e)+": not expected under the root")
		}
	}
	if !scheme && p.err == nil {
		p.err = fmt.Errorf("%w: no SchemeInformation", ErrNotAList)
	}
}

func (p *parser) scheme(scheme *xmltree.Element) {
	l := p.list
	var seen struct{ version, sequence, kind, territory, history, issued, next, pointers bool }
	version := ""
	for e := scheme.FirstChild(); e != nil && p.err == nil; e = e.NextSibling() {
		if e.Space != nsTSL {
			p.note("unknown-element", where(e)+": not expected in SchemeInformation")
			continue
		}
		switch e.Local {
		case "TSLVersionIdentifier":
			if p.once(&seen.version, e) {
				version = text(e)
			}
		case "TSLSequenceNumber":
			if p.once(&seen.sequence, e) {
				l.Sequence = p.number(e)
			}
		case "TSLType":
			if p.once(&seen.kind, e) {
				l.Type = text(e)
			}
		case "SchemeOperatorName":
			l.OperatorName = names(e)
		case "SchemeName":
			l.SchemeName = names(e)
		case "SchemeInformationURI":
			l.InformationURIs = uris(e)
		case "SchemeTypeCommunityRules":
			l.CommunityRules = uris(e)
		case "SchemeTerritory":
			if p.once(&seen.territory, e) {
				l.Territory = text(e)
			}
		case "HistoricalInformationPeriod":
			if p.once(&seen.history, e) {
				l.HistoryPeriod = p.number(e)
			}
		case "PointersToOtherTSL":
			if p.once(&seen.pointers, e) {
				for pointer := range e.All(nsTSL, "OtherTSLPointer") {
					p.pointer(pointer)
				}
			}
		case "ListIssueDateTime":
			if p.once(&seen.issued, e) {
				l.Issued, _ = p.time(e)
			}
		case "NextUpdate":
			if p.once(&seen.next, e) {
				p.nextUpdate(e)
			}
		case "DistributionPoints":
			for u := range e.All(nsTSL, "URI") {
				l.DistributionPoints = append(l.DistributionPoints, text(u))
			}
		case "SchemeExtensions":
			l.Extensions = p.extensions(e)
		}
	}
	p.version(version)
	for _, must := range []struct {
		seen bool
		name string
	}{{seen.sequence, "TSLSequenceNumber"}, {seen.kind, "TSLType"}, {seen.territory, "SchemeTerritory"}, {seen.issued, "ListIssueDateTime"}, {seen.next, "NextUpdate"}} {
		if !must.seen {
			p.note("missing-element", "no "+must.name)
		}
	}
}

// version accepts 5 and 6 (TS 119 612 §5.3.1).
func (p *parser) version(written string) {
	n, err := strconv.Atoi(written)
	switch {
	case p.err != nil:
	case err == nil && (n == 5 || n == 6):
		p.list.Version = n
	case p.anyVersion:
		p.list.Version = n
		p.note("list-version", fmt.Sprintf("TSLVersionIdentifier is %q, expected 5 or 6", written))
	default:
		p.err = &VersionError{Version: written}
	}
}

// nextUpdate reads NextUpdate. Present and empty, it closes the list
// (TS 119 612 §5.3.15).
func (p *parser) nextUpdate(e *xmltree.Element) {
	when := e.First(nsTSL, "dateTime")
	if when == nil {
		if text(e) != "" || e.FirstChild() != nil {
			p.note("bad-time", where(e)+": holds something else than dateTime")
			return
		}
		p.list.Closed = true
		return
	}
	p.list.NextUpdate, _ = p.time(when)
}

// pointer reads OtherTSLPointer (TS 119 612 §5.3.13).
func (p *parser) pointer(e *xmltree.Element) {
	var found Pointer
	for c := e.FirstChild(); c != nil; c = c.NextSibling() {
		switch {
		case c.Is(nsTSL, "ServiceDigitalIdentities"):
			for id := range c.All(nsTSL, "ServiceDigitalIdentity") {
				found.Certificates = append(found.Certificates, p.identity(id).Certificates...)
			}
		case c.Is(nsTSL, "TSLLocation"):
			found.Location = text(c)
		case c.Is(nsTSL, "AdditionalInformation"):
			for other := range c.All(nsTSL, "OtherInformation") {
				p.pointerInformation(&found, other)
			}
		}
	}
	if found.Location == "" {
		p.note("pointer-without-location", where(e))
	}
	p.list.Pointers = append(p.list.Pointers, found)
}

func (p *parser) pointerInformation(found *Pointer, other *xmltree.Element) {
	for e := other.FirstChild(); e != nil; e = e.NextSibling() {
		var field *string
		switch {
		case e.Is(nsTSL, "TSLType"):
			field = &found.Type
		case e.Is(nsTSL, "SchemeTerritory"):
			field = &found.Territory
		case e.Is(nsTSLX, "MimeType"):
			field = &found.MediaType
		case e.Is(nsTSL, "SchemeOperatorName"):
			found.OperatorName = names(e)
		case e.Is(nsTSL, "SchemeTypeCommunityRules"):
			found.Rules = uris(e)
		}
		if field == nil {
			continue
		}
		if *field != "" && *field != text(e) {
			p.note("element-twice", where(e)+": a second value; the first counts")
			continue
		}
		*field = text(e)
	}
}
