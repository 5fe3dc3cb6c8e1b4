package csi

import (
	"bytes"
	"context"
	"crypto"
	"crypto/x509"
	"encoding/base64"
	"encoding/xml"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/certmail/certmail/internal/xmlsig"
	"github.com/certmail/certmail/trust/tsl"
)

// ErrIncomplete: a document cannot be written, because something that its
// schema or the REM baseline requires is missing or wrong.
var ErrIncomplete = errors.New("csi: document not complete")

// Write makes the XML of a document, unsigned. It is strict: what the schema of
// EN 319 532-4 requires must be there. Missing versions are filled in with those
// of the baseline; use Baseline to see whether the rest is as the baseline wants
// it.
func Write(d *Document) ([]byte, error) {
	if missing := incomplete(d); len(missing) > 0 {
		return nil, fmt.Errorf("%w: %s", ErrIncomplete, strings.Join(missing, ", "))
	}
	w := &writer{}
	w.raw(`<?xml version="1.0" encoding="UTF-8"?>` + "\n" + `<si:CapabilityAndSecurityInformation xmlns:si="` + nsCSI + `" xmlns:tl="` + nsTL + `" xmlns:ci="` + nsERD + `"`)
	w.attribute("version", or(d.Version, Version))
	if d.ID != "" {
		w.attribute("Id", d.ID)
	}
	w.raw(">")
	w.in("si:SchemeData", func() { w.scheme(&d.Scheme) })
	w.in("si:CapabilityMetadata", func() { w.capabilities(&d.Capabilities) })
	w.in("si:SecurityMetadata", func() { w.security(&d.Security) })
	w.raw("</si:CapabilityAndSecurityInformation>\n")
	return w.b.Bytes(), nil
}

// Signer is who signs documents: the service, with the certificate of its
// trusted list, or the REMID authority.
type Signer struct {
	Key         crypto.Signer
	Certificate *x509.Certificate
	// Chain goes into the signature, issuer first, without the root.
	Chain []*x509.Certificate
}

// Sign writes a document and signs it (XAdES-B-B, EN 319 532-4 §C.2.3.4.1
// c.3.1.11). at is the claimed time of signing.
func Sign(ctx context.Context, d *Document, s *Signer, at time.Time) ([]byte, error) {
	unsigned, err := Write(d)
	if err != nil {
		return nil, err
	}
	signed, err := xmlsig.Sign(ctx, unsigned, &xmlsig.Signing{Key: s.Key, Certificate: s.Certificate, Chain: s.Chain, Time: at})
	if err != nil {
		return nil, fmt.Errorf("csi: %w", err)
	}
	return signed, nil
}

// incomplete lists what the schema requires and the document lacks.
func incomplete(d *Document) []string {
	s, c := &d.Scheme, &d.Capabilities
	var missing []string
	for _, must := range []struct {
		there bool
		name  string
	}{
		{s.Sequence > 0, "CSISequenceNumber"}, {len(s.OperatorName) > 0, "CSISchemeOperatorName"},
		{len(s.OperatorAddress.Postal) > 0 && len(s.OperatorAddress.Electronic) > 0, "CSISchemeOperatorAddress"},
		{len(s.InformationURIs) > 0, "CSISchemeInformationURI"}, {len(s.PolicyRules) > 0, "CSISchemePolicyCommunityRules"},
		{s.ListLocation != "", "CSIPointerToTL"}, {!s.Issued.IsZero(), "CSIIssueDateTime"},
		{s.NextUpdate.After(s.Issued), "CSINextUpdate after CSIIssueDateTime"}, {len(s.DistributionPoints) > 0, "CSIDistributionPoints"},
		{c.ID != "", "ERDSId"}, {c.Domain != "", "ERDSDomain"}, {c.GoverningBody != "", "ERDSGoverningBody"}, {c.Profile != "", "ERDSProfileSupported"},
		{c.ExpiryDate.valid(), "ERDSExpiryDateAndTimeSupport"}, {c.ScheduledDelivery.valid(), "ERDSScheduledDeliverySupport"},
		{c.Qualified == Absent || c.Qualified.valid(), "ERDSEUQualifiedIndicator"},
		{len(d.Security.TLSCertificate) > 0, "TLSCertificate"},
	} {
		if !must.there {
			missing = append(missing, must.name)
		}
	}
	return missing
}

func (f Flag) valid() bool { return f == True || f == False }

type writer struct{ b bytes.Buffer }

func (w *writer) raw(s string)  { w.b.WriteString(s) }
func (w *writer) text(s string) { _ = xml.EscapeText(&w.b, []byte(s)) }

func (w *writer) attribute(name, value string) {
	w.raw(" " + name + `="`)
	w.text(value)
	w.raw(`"`)
}

func (w *writer) in(name string, content func()) {
	w.raw("<" + name + ">")
	content()
	w.raw("</" + name + ">")
}

func (w *writer) element(name, value string) { w.in(name, func() { w.text(value) }) }

// optional writes an element unless it is empty.
func (w *writer) optional(name, value string) {
	if value != "" {
		w.element(name, value)
	}
}

func (w *writer) lang(name, lang, value string) {
	w.raw("<" + name)
	w.attribute("xml:lang", or(lang, "en"))
	w.raw(">")
	w.text(value)
	w.raw("</" + name + ">")
}

func or(value, otherwise string) string {
	if value == "" {
		return otherwise
	}
	return value
}

func (w *writer) uris(name string, uris []tsl.URI) {
	w.in(name, func() {
		for _, u := range uris {
			w.lang("tl:URI", u.Language, u.Value)
		}
	})
}

func (w *writer) plainURIs(name string, uris []string) {
	if len(uris) == 0 {
		return
	}
	w.in(name, func() {
		for _, u := range uris {
			w.element("tl:URI", u)
		}
	})
}

func (w *writer) scheme(s *Scheme) {
	w.element("si:CSIVersionIdentifier", strconv.Itoa(max(s.VersionIdentifier, 1)))
	w.element("si:CSISequenceNumber", strconv.Itoa(s.Sequence))
	w.in("si:CSISchemeOperatorName", func() {
		for _, n := range s.OperatorName {
			w.lang("tl:Name", n.Language, n.Value)
		}
	})
	w.in("si:CSISchemeOperatorAddress", func() {
		w.in("tl:PostalAddresses", func() {
			for _, a := range s.OperatorAddress.Postal {
				w.raw("<tl:PostalAddress")
				w.attribute("xml:lang", or(a.Language, "en"))
				w.raw(">")
				w.element("tl:StreetAddress", a.Street)
				w.element("tl:Locality", a.Locality)
				w.optional("tl:StateOrProvince", a.Province)
				w.optional("tl:PostalCode", a.PostalCode)
				w.element("tl:CountryName", a.Country)
				w.raw("</tl:PostalAddress>")
			}
		})
		w.uris("tl:ElectronicAddress", s.OperatorAddress.Electronic)
	})
	w.uris("si:CSISchemeInformationURI", s.InformationURIs)
	w.uris("si:CSISchemePolicyCommunityRules", s.PolicyRules)
	w.element("si:CSIPointerToTL", s.ListLocation)
	w.element("si:CSIIssueDateTime", s.Issued.UTC().Format(time.RFC3339Nano))
	w.in("si:CSINextUpdate", func() { w.element("tl:dateTime", s.NextUpdate.UTC().Format(time.RFC3339Nano)) })
	w.plainURIs("si:CSIDistributionPoints", s.DistributionPoints)
	w.plainURIs("si:CSIPointersToOtherMetadata", s.History)
}

// capabilities writes ERDSMetadata; its children are in no namespace.
func (w *writer) capabilities(c *Capabilities) {
	w.raw("<ci:ERDSMetadata")
	w.attribute("version", or(c.Version, CapabilitiesVersion))
	w.raw("><ERDSId")
	w.attribute("IdentifierSchemeName", or(c.IDScheme, IdentifierScheme))
	w.raw(">")
	w.text(c.ID)
	w.raw("</ERDSId>")
	w.element("ERDSDomain", c.Domain)
	w.element("ERDSGoverningBody", c.GoverningBody)
	w.element("ERDSProfileSupported", c.Profile)
	w.optional("ERDSMetadataRepository", c.Repository)
	w.optional("ERDSEUQualifiedIndicator", string(c.Qualified))
	w.optional("ERDSTLSLocation", c.ListLocation)
	w.optional("ERDSRootCACertLocation", c.RootLocation)
	w.element("ERDSExpiryDateAndTimeSupport", string(c.ExpiryDate))
	w.element("ERDSScheduledDeliverySupport", string(c.ScheduledDelivery))
	if c.AssuranceLevel != "" {
		w.in("ERDSAssuranceLevelsSupported", func() { w.element("AssuranceLevel", c.AssuranceLevel) })
	}
	if len(c.Policies) > 0 {
		w.in("ERDSPolicySupport", func() {
			for _, p := range c.Policies {
				w.element("PolicyID", p)
			}
		})
	}
	w.optional("ERDSSupportedConsignmentModes", c.ConsignmentMode)
	w.raw("</ci:ERDSMetadata>")
}

func (w *writer) security(s *Security) {
	w.raw("<si:CapabilityBasedSecurity")
	w.attribute("version", or(s.Version, Version))
	w.raw(">")
	w.element("si:TLSCertificate", base64.StdEncoding.EncodeToString(s.TLSCertificate))
	if len(s.DomainCertificate) > 0 {
		w.element("si:DomainSignCertificate", base64.StdEncoding.EncodeToString(s.DomainCertificate))
	}
	w.raw("</si:CapabilityBasedSecurity>")
}
