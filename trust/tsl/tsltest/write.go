package tsltest

import (
	"bytes"
	"encoding/base64"
	"encoding/xml"
	"strconv"
	"time"

	"github.com/certmail/certmail/trust/tsl"
)

const (
	nsTSL  = "http://uri.etsi.org/02231/v2#"
	nsTSLX = "http://uri.etsi.org/02231/v2/additionaltypes#"
	nsSIE  = "http://uri.etsi.org/TrstSvc/SvcInfoExt/eSigDir-1999-93-EC-TrustedList/#"
)

// Write makes the XML of a list, unsigned. What the schema requires and the
// description lacks is filled in: version 6, sequence number 1, the national
// type, an English name, addresses, a next update half a year after the issue
// (unless the list is Closed). Findings are ignored, and extensions are written
// from their Name, Space, Critical and Value.
func Write(l *tsl.List) []byte {
	w := &writer{}
	w.raw(`<?xml version="1.0" encoding="UTF-8"?>` + "\n")
	w.raw(`<TrustServiceStatusList xmlns="` + nsTSL + `" xmlns:tslx="` + nsTSLX + `" xmlns:sie="` + nsSIE + `"`)
	if l.ID != "" {
		w.raw(` Id="`)
		w.text(l.ID)
		w.raw(`"`)
	}
	w.raw(` TSLTag="` + tsl.Tag + `">`)
	w.scheme(l)
	if len(l.Providers) > 0 {
		w.in("TrustServiceProviderList", func() {
			for i := range l.Providers {
				w.provider(&l.Providers[i], l.Territory)
			}
		})
	}
	w.raw("</TrustServiceStatusList>\n")
	return w.b.Bytes()
}

type writer struct{ b bytes.Buffer }

func (w *writer) raw(s string)  { w.b.WriteString(s) }
func (w *writer) text(s string) { _ = xml.EscapeText(&w.b, []byte(s)) }

func (w *writer) in(name string, content func()) {
	w.raw("<" + name + ">")
	content()
	w.raw("</" + name + ">")
}

func (w *writer) element(name, value string) { w.in(name, func() { w.text(value) }) }

func (w *writer) binary(name string, value []byte) {
	w.element(name, base64.StdEncoding.EncodeToString(value))
}

func (w *writer) time(name string, t time.Time) { w.element(name, t.UTC().Format(time.RFC3339Nano)) }

func (w *writer) lang(name, lang, value string) {
	w.raw("<" + name + ` xml:lang="`)
	w.text(or(lang, "en"))
	w.raw(`">`)
	w.text(or(value, "none"))
	w.raw("</" + name + ">")
}

func or(value, otherwise string) string {
	if value == "" {
		return otherwise
	}
	return value
}

func (w *writer) names(name string, names tsl.Names, otherwise string) {
	if len(names) == 0 {
		names = tsl.Names{{Language: "en", Value: otherwise}}
	}
	w.in(name, func() {
		for _, n := range names {
			w.lang("Name", n.Language, n.Value)
		}
	})
}

func (w *writer) uris(name string, uris []tsl.URI, otherwise string) {
	if len(uris) == 0 && otherwise != "" {
		uris = []tsl.URI{{Language: "en", Value: otherwise}}
	}
	if len(uris) == 0 {
		return
	}
	w.in(name, func() {
		for _, u := range uris {
			w.lang("URI", u.Language, u.Value)
		}
	})
}

func (w *writer) address(name, country string) {
	w.in(name, func() {
		w.raw(`<PostalAddresses><PostalAddress xml:lang="en"><StreetAddress>Test street 1</StreetAddress><Locality>Test</Locality>`)
		w.element("CountryName", or(country, "IT"))
		w.raw(`</PostalAddress></PostalAddresses><ElectronicAddress><URI xml:lang="en">mailto:tl@scheme.example</URI></ElectronicAddress>`)
	})
}

func (w *writer) number(name string, n, otherwise int) {
	if n == 0 {
		n = otherwise
	}
	w.element(name, strconv.Itoa(n))
}

func (w *writer) scheme(l *tsl.List) {
	w.in("SchemeInformation", func() {
		w.number("TSLVersionIdentifier", l.Version, 6)
		w.number("TSLSequenceNumber", l.Sequence, 1)
		w.element("TSLType", or(l.Type, tsl.TypeGeneric))
		w.names("SchemeOperatorName", l.OperatorName, "Test scheme operator "+l.Territory)
		w.address("SchemeOperatorAddress", l.Territory)
		w.names("SchemeName", l.SchemeName, l.Territory+":Test list")
		w.uris("SchemeInformationURI", l.InformationURIs, "https://scheme.example/"+l.Territory)
		w.element("StatusDeterminationApproach", "http://uri.etsi.org/TrstSvc/TrustedList/StatusDetn/EUappropriate")
		w.uris("SchemeTypeCommunityRules", l.CommunityRules, "http://uri.etsi.org/TrstSvc/TrustedList/schemerules/EUcommon")
		w.element("SchemeTerritory", l.Territory)
		w.raw(`<PolicyOrLegalNotice><TSLLegalNotice xml:lang="en">A list made for tests.</TSLLegalNotice></PolicyOrLegalNotice>`)
		w.number("HistoricalInformationPeriod", l.HistoryPeriod, 65535)
		if len(l.Pointers) > 0 {
			w.in("PointersToOtherTSL", func() {
				for i := range l.Pointers {
					w.pointer(&l.Pointers[i])
				}
			})
		}
		w.time("ListIssueDateTime", l.Issued)
		w.in("NextUpdate", func() {
			switch {
			case l.Closed:
			case l.NextUpdate.IsZero():
				w.time("dateTime", l.Issued.AddDate(0, 6, 0))
			default:
				w.time("dateTime", l.NextUpdate)
			}
		})
		if len(l.DistributionPoints) > 0 {
			w.in("DistributionPoints", func() {
				for _, u := range l.DistributionPoints {
					w.element("URI", u)
				}
			})
		}
		w.extensions("SchemeExtensions", l.Extensions)
	})
}

func (w *writer) pointer(p *tsl.Pointer) {
	w.in("OtherTSLPointer", func() {
		if len(p.Certificates) > 0 {
			w.in("ServiceDigitalIdentities", func() {
				for _, der := range p.Certificates {
					w.raw("<ServiceDigitalIdentity><DigitalId>")
					w.binary("X509Certificate", der)
					w.raw("</DigitalId></ServiceDigitalIdentity>")
				}
			})
		}
		w.element("TSLLocation", p.Location)
		w.in("AdditionalInformation", func() {
			other := func(content func()) { w.in("OtherInformation", content) }
			other(func() { w.element("TSLType", or(p.Type, tsl.TypeGeneric)) })
			other(func() { w.names("SchemeOperatorName", p.OperatorName, "Test scheme operator "+p.Territory) })
			if len(p.Rules) > 0 {
				other(func() { w.uris("SchemeTypeCommunityRules", p.Rules, "") })
			}
			other(func() { w.element("SchemeTerritory", p.Territory) })
			other(func() { w.element("tslx:MimeType", or(p.MediaType, tsl.MediaTypeXML)) })
		})
	})
}

func (w *writer) provider(p *tsl.Provider, territory string) {
	w.in("TrustServiceProvider", func() {
		w.in("TSPInformation", func() {
			w.names("TSPName", p.Names, "Test provider")
			w.names("TSPTradeName", p.TradeNames, "VAT"+territory+"-00000000000")
			w.address("TSPAddress", or(p.Country, territory))
			w.uris("TSPInformationURI", p.InformationURIs, "https://provider.example/")
			w.extensions("TSPInformationExtensions", p.Extensions)
		})
		w.in("TSPServices", func() {
			for i := range p.Services {
				w.service(&p.Services[i])
			}
		})
	})
}

func (w *writer) service(s *tsl.Service) {
	w.in("TSPService", func() {
		w.in("ServiceInformation", func() {
			w.entry(&s.Entry)
			w.uris("SchemeServiceDefinitionURI", s.SchemeDefinitions, "")
			if len(s.SupplyPoints) > 0 {
				w.in("ServiceSupplyPoints", func() {
					for _, point := range s.SupplyPoints {
						w.raw("<ServiceSupplyPoint")
						if point.Type != "" {
							w.raw(` type="`)
							w.text(point.Type)
							w.raw(`"`)
						}
						w.raw(">")
						w.text(point.URI)
						w.raw("</ServiceSupplyPoint>")
					}
				})
			}
			w.uris("TSPServiceDefinitionURI", s.ProviderDefinitions, "")
			w.extensions("ServiceInformationExtensions", s.Extensions)
		})
		if len(s.History) == 0 {
			return
		}
		w.in("ServiceHistory", func() {
			for i := range s.History {
				w.in("ServiceHistoryInstance", func() {
					w.entry(&s.History[i])
					w.extensions("ServiceInformationExtensions", s.History[i].Extensions)
				})
			}
		})
	})
}

// entry writes the fields that an entry of the present and one of the past
// begin with.
func (w *writer) entry(e *tsl.Entry) {
	w.element("ServiceTypeIdentifier", e.Type)
	w.names("ServiceName", e.Names, "Test service")
	w.in("ServiceDigitalIdentity", func() {
		id := func(content func()) { w.in("DigitalId", content) }
		for _, der := range e.Identity.Certificates {
			id(func() { w.binary("X509Certificate", der) })
		}
		for _, name := range e.Identity.Subjects {
			id(func() { w.element("X509SubjectName", name) })
		}
		for _, ski := range e.Identity.KeyIDs {
			id(func() { w.binary("X509SKI", ski) })
		}
	})
	w.element("ServiceStatus", e.Status)
	w.time("StatusStartingTime", e.Starting)
}

func (w *writer) extensions(name string, list []tsl.Extension) {
	if len(list) == 0 {
		return
	}
	w.in(name, func() {
		for _, x := range list {
			w.raw(`<Extension Critical="` + strconv.FormatBool(x.Critical) + `">`)
			w.extension(x)
			w.raw("</Extension>")
		}
	})
}

func (w *writer) extension(x tsl.Extension) {
	switch {
	case x.Name == "AdditionalServiceInformation" && (x.Space == nsTSL || x.Space == ""):
		w.in("AdditionalServiceInformation", func() { w.lang("URI", "en", x.Value) })
	case x.Name == "ExpiredCertsRevocationInfo" && (x.Space == nsTSL || x.Space == ""):
		w.element("ExpiredCertsRevocationInfo", x.Value)
	case x.Name == "TakenOverBy" && (x.Space == nsTSLX || x.Space == ""):
		w.in("tslx:TakenOverBy", func() {
			w.raw(`<tslx:URI xml:lang="en">https://provider.example/takeover</tslx:URI><tslx:TSPName>`)
			w.lang("Name", "en", x.Value)
			w.raw(`</tslx:TSPName><SchemeOperatorName>`)
			w.lang("Name", "en", "Test scheme operator")
			w.raw(`</SchemeOperatorName><SchemeTerritory>IT</SchemeTerritory>`)
		})
	case x.Name == "Qualifications" && (x.Space == nsSIE || x.Space == ""):
		w.raw(`<sie:Qualifications><sie:QualificationElement><sie:Qualifiers><sie:Qualifier uri="`)
		w.text(x.Value)
		w.raw(`"/></sie:Qualifiers><sie:CriteriaList assert="all"><sie:Description>test</sie:Description></sie:CriteriaList></sie:QualificationElement></sie:Qualifications>`)
	default:
		w.raw("<x:" + x.Name + ` xmlns:x="`)
		w.text(x.Space)
		w.raw(`">`)
		w.text(x.Value)
		w.raw("</x:" + x.Name + ">")
	}
}
