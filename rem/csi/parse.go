package csi

import (
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/certmail/certmail/internal/xmltree"
	"github.com/certmail/certmail/internal/xsd"
	"github.com/certmail/certmail/trust"
	"github.com/certmail/certmail/trust/tsl"
)

// Options adjust reading. A nil pointer and the zero value are the defaults.
type Options struct {
	// Bytes is the largest document that is read, 1 MiB by default. Real ones
	// have some 10 KB.
	Bytes int
	// Certificate is the size of the largest certificate in it, 64 KiB.
	Certificate int
}

// Reasons why a document is not read, found with errors.Is.
var (
	// ErrXML: not XML of the kind that is accepted, or larger than Options say.
	ErrXML = errors.New("csi: not readable XML")
	// ErrNotCSI: the document is something else.
	ErrNotCSI = errors.New("csi: not a Capability and Security Information document")
)

// Parse reads a CSI document (CapabilityAndSecurityInformation, EN 319 532-4
// §C.2.3.4.1). It says nothing about its signature. data is kept and must not
// be changed afterwards. What is odd becomes a finding; an error wraps ErrXML
// or ErrNotCSI.
func Parse(data []byte, o *Options) (*Document, error) {
	p := &parser{certificate: 64 << 10}
	bytes := 1 << 20
	if o != nil && o.Bytes > 0 {
		bytes = o.Bytes
	}
	if o != nil && o.Certificate > 0 {
		p.certificate = o.Certificate
	}
	doc, err := xmltree.Parse(data, &xmltree.Limits{Bytes: bytes, Depth: 64, Elements: 20_000})
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrXML, err)
	}
	if !doc.Root.Is(nsCSI, "CapabilityAndSecurityInformation") {
		return nil, fmt.Errorf("%w: the root is {%s}%s, expected {%s}CapabilityAndSecurityInformation", ErrNotCSI, doc.Root.Space, doc.Root.Local, nsCSI)
	}
	p.d = &Document{doc: doc}
	p.root(doc.Root)
	return p.d, nil
}

// maxFindings bounds what one document can make us report.
const maxFindings = 200

type parser struct {
	d           *Document
	certificate int
}

func (p *parser) note(code string, e *xmltree.Element, detail string) {
	if len(p.d.Findings) < maxFindings {
		p.d.Findings = append(p.d.Findings, trust.Finding{Code: code, Detail: e.Local + " at byte " + strconv.Itoa(e.Start) + ": " + detail})
	}
}

// field is a child of an element and what reads it. Each is read once; a missing
// one that is required is a finding.
type field struct {
	name     string
	optional bool
	read     func(e *xmltree.Element)
}

// is tells whether an element is the field. The fields of ERDSMetadata are in no
// namespace, and are also recognised in that of their parent.
func (f *field) is(e *xmltree.Element, space string) bool {
	return f.name == e.Local && (e.Space == space || space == "" && e.Space == nsERD)
}

// children walks over the children of an element by a table of fields. The
// table's order is that of the schema.
func (p *parser) children(parent *xmltree.Element, space string, fields []field) {
	seen := make([]bool, len(fields))
	last := 0
	for e := parent.FirstChild(); e != nil; e = e.NextSibling() {
		if e.Is(nsDS, "Signature") && e.Parent == e.Document().Root {
			continue // whether it is the only one is for Verify
		}
		at := -1
		for i := range fields {
			if fields[i].is(e, space) {
				at = i
			}
		}
		switch {
		case at < 0:
			p.note("unknown-element", e, "not expected in "+parent.Local)
			continue
		case seen[at]:
			p.note("element-twice", e, "occurs a second time; the first counts")
			continue
		case space == "" && e.Space != "":
			p.note("wrong-namespace", e, "in namespace "+e.Space+", expected in none")
		case at < last:
			p.note("wrong-order", e, "not in the order of the schema")
		}
		seen[at], last = true, max(last, at)
		fields[at].read(e)
	}
	for i := range fields {
		if !seen[i] && !fields[i].optional {
			p.note("missing-element", parent, "no "+fields[i].name)
		}
	}
}

func (p *parser) root(root *xmltree.Element) {
	d := p.d
	d.Version, _ = root.Attr("", "version")
	d.ID, _ = root.Attr("", "Id")
	if d.Version != Version {
		p.note("csi-version", root, fmt.Sprintf("version %q, expected %q", d.Version, Version))
	}
	if root.First(nsDS, "Signature") == nil {
		p.note("not-signed", root, "no ds:Signature (EN 319 532-4 §C.2.3.4.1 c.3.1.11)")
	}
	p.children(root, nsCSI, []field{
		{"SchemeData", false, p.scheme},
		{"CapabilityMetadata", false, func(e *xmltree.Element) {
			metadata := e.First(nsERD, "ERDSMetadata")
			if metadata == nil {
				p.note("missing-element", e, "no ERDSMetadata")
				return
			}
			p.capabilities(metadata)
		}},
		{"SecurityMetadata", false, func(e *xmltree.Element) {
			security := e.First(nsCSI, "CapabilityBasedSecurity")
			if security == nil {
				p.note("missing-element", e, "no CapabilityBasedSecurity")
				return
			}
			p.security(security)
		}},
	})
}

// scheme reads SchemeData.
func (p *parser) scheme(e *xmltree.Element) {
	s := &p.d.Scheme
	p.children(e, nsCSI, []field{
		{"CSIVersionIdentifier", false, func(e *xmltree.Element) { s.VersionIdentifier = p.number(e) }},
		{"CSISequenceNumber", false, func(e *xmltree.Element) { s.Sequence = p.number(e) }},
		{"CSISchemeOperatorName", false, func(e *xmltree.Element) {
			for n := range e.All(nsTL, "Name") {
				s.OperatorName = append(s.OperatorName, tsl.Name{Language: language(n), Value: text(n)})
			}
		}},
		{"CSISchemeOperatorAddress", false, p.address},
		{"CSISchemeInformationURI", false, func(e *xmltree.Element) { s.InformationURIs = uris(e) }},
		{"CSISchemePolicyCommunityRules", false, func(e *xmltree.Element) { s.PolicyRules = uris(e) }},
		{"CSIPointerToTL", false, func(e *xmltree.Element) { s.ListLocation = text(e) }},
		{"CSIIssueDateTime", false, func(e *xmltree.Element) { s.Issued = p.time(e) }},
		{"CSINextUpdate", false, func(e *xmltree.Element) {
			if when := e.First(nsTL, "dateTime"); when != nil {
				s.NextUpdate = p.time(when)
				return
			}
			p.note("missing-element", e, "no dateTime")
		}},
		{"CSIDistributionPoints", false, func(e *xmltree.Element) { s.DistributionPoints = plainURIs(e) }},
		{"CSIPointersToOtherMetadata", true, func(e *xmltree.Element) {
			s.History = plainURIs(e)
			for _, u := range s.History {
				if _, err := historyDigest(u); err != nil {
					p.note("history-name", e, err.Error())
				}
			}
		}},
		{"CSISchemeExtensions", true, func(*xmltree.Element) {}},
	})
}

func (p *parser) address(e *xmltree.Element) {
	into := &p.d.Scheme.OperatorAddress
	if list := e.First(nsTL, "PostalAddresses"); list != nil {
		for a := range list.All(nsTL, "PostalAddress") {
			at := func(name string) string {
				if c := a.First(nsTL, name); c != nil {
					return text(c)
				}
				return ""
			}
			into.Postal = append(into.Postal, PostalAddress{Language: language(a), Street: at("StreetAddress"), Locality: at("Locality"),
				Province: at("StateOrProvince"), PostalCode: at("PostalCode"), Country: at("CountryName")})
		}
	}
	if list := e.First(nsTL, "ElectronicAddress"); list != nil {
		into.Electronic = uris(list)
	}
}

// capabilities reads ERDSMetadata, whose children are in no namespace (EN 319
// 522-3, schema without elementFormDefault).
func (p *parser) capabilities(e *xmltree.Element) {
	c := &p.d.Capabilities
	c.Version, _ = e.Attr("", "version")
	into := func(field *string) func(*xmltree.Element) {
		return func(e *xmltree.Element) { *field = text(e) }
	}
	p.children(e, "", []field{
		{"ERDSId", false, func(e *xmltree.Element) {
			c.ID = text(e)
			c.IDScheme, _ = e.Attr("", "IdentifierSchemeName")
		}},
		{"ERDSDomain", false, into(&c.Domain)},
		{"ERDSGoverningBody", false, into(&c.GoverningBody)},
		{"ERDSProfileSupported", false, into(&c.Profile)},
		{"ERDSMetadataRepository", true, into(&c.Repository)},
		{"ERDSEUQualifiedIndicator", true, func(e *xmltree.Element) { c.Qualified = p.flag(e) }},
		{"ERDSTLSLocation", true, into(&c.ListLocation)},
		{"ERDSRootCACertLocation", true, into(&c.RootLocation)},
		{"ERDSExpiryDateAndTimeSupport", false, func(e *xmltree.Element) { c.ExpiryDate = p.flag(e) }},
		{"ERDSScheduledDeliverySupport", false, func(e *xmltree.Element) { c.ScheduledDelivery = p.flag(e) }},
		{"ERDSAssuranceLevelsSupported", true, func(e *xmltree.Element) {
			for level := e.FirstChild(); level != nil; level = level.NextSibling() {
				if level.Local == "AssuranceLevel" && (level.Space == "" || level.Space == nsERD) {
					c.AssuranceLevel = text(level)
					return
				}
			}
			p.note("missing-element", e, "no AssuranceLevel")
		}},
		{"ERDSPolicySupport", true, func(e *xmltree.Element) {
			for policy := e.FirstChild(); policy != nil; policy = policy.NextSibling() {
				c.Policies = append(c.Policies, text(policy))
			}
		}},
		{"ERDSSupportedConsignmentModes", true, into(&c.ConsignmentMode)},
	})
}

func (p *parser) security(e *xmltree.Element) {
	s := &p.d.Security
	s.Version, _ = e.Attr("", "version")
	p.children(e, nsCSI, []field{
		{"TLSCertificate", false, func(e *xmltree.Element) { s.TLSCertificate = p.binary(e) }},
		{"DomainSignCertificate", true, func(e *xmltree.Element) { s.DomainCertificate = p.binary(e) }},
		{"CBSSchemeExtensions", true, func(*xmltree.Element) {}},
	})
}

func (p *parser) binary(e *xmltree.Element) []byte {
	der, err := xsd.Binary(e.Text())
	switch {
	case err != nil:
		p.note("bad-certificate", e, err.Error())
		return nil
	case len(der) > p.certificate:
		p.note("bad-certificate", e, fmt.Sprintf("%d bytes, at most %d", len(der), p.certificate))
		return nil
	}
	return der
}

func (p *parser) number(e *xmltree.Element) int {
	n, err := strconv.Atoi(text(e))
	if err != nil || n < 0 {
		p.note("bad-number", e, strconv.Quote(text(e)))
		return 0
	}
	return n
}

func (p *parser) time(e *xmltree.Element) time.Time {
	t, local, err := xsd.Time(text(e))
	switch {
	case err != nil:
		p.note("bad-time", e, strconv.Quote(text(e)))
		return time.Time{}
	case local:
		p.note("time-without-zone", e, strconv.Quote(text(e))+", taken for UTC")
	}
	return t
}

func (p *parser) flag(e *xmltree.Element) Flag {
	switch value, ok := xsd.Boolean(text(e)); {
	case !ok:
		p.note("bad-boolean", e, strconv.Quote(text(e)))
		return Flag(text(e))
	case value:
		return True
	}
	return False
}

func text(e *xmltree.Element) string { return xsd.Trim(e.Text()) }

func language(e *xmltree.Element) string {
	lang, _ := e.Attr(xmltree.XMLNamespace, "lang")
	return lang
}

func uris(e *xmltree.Element) []tsl.URI {
	var found []tsl.URI
	for u := range e.All(nsTL, "URI") {
		found = append(found, tsl.URI{Language: language(u), Value: text(u)})
	}
	return found
}

func plainURIs(e *xmltree.Element) []string {
	var found []string
	for u := range e.All(nsTL, "URI") {
		found = append(found, text(u))
	}
	return found
}
