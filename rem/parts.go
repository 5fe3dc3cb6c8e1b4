package rem

import (
	"fmt"
	"strings"

	"github.com/certmail/certmail/envelope"
)

// Roles of parts, the values of REM-Section-Type (EN 319 532-3 §6.2.3 to 6.2.6).
const (
	sectionPrefix       = "rem_message/"
	sectionIntroduction = "rem_message/introduction"
	sectionOriginal     = "rem_message/original"
	sectionExtension    = "rem_message/extension"
	sectionEvidence     = "rem_message/xml_evidence"
	sectionPDF          = "rem_message/pdf_evidence"
)

// Is tells whether a message is, or claims to be, one of REM: by
// REM-MessageType in its header, or by a part of REM under its signature
// where a program on the way has dropped the header. A message that bears the
// marks of PEC and no signed part of REM is PEC.
func Is(e *envelope.Message) bool {
	if e.Form == envelope.FormDetached && e.Signed != nil {
		for _, p := range e.Signed.Parts {
			if section(p) != "" || isXML(p) && p.BeginsWith(namespaceERDS) {
				return true
			}
		}
	}
	return e.Class.Kind == envelope.KindOrdinary && e.Header.Has(headerMessageType)
}

// namespaceERDS is the namespace of evidence (EN 319 522-3).
const namespaceERDS = "http://uri.etsi.org/19522/v1#"

// section is the role that a part claims, in lower case; empty without one.
func section(p *envelope.Part) string {
	v := strings.ToLower(p.Header.Get(headerSection))
	if !strings.HasPrefix(v, sectionPrefix) {
		return ""
	}
	return v
}

func isXML(p *envelope.Part) bool {
	return p.Type.Value == "application/xml" || p.Type.Value == "text/xml" ||
		p.Type.Value == "application/octet-stream" && strings.HasSuffix(strings.ToLower(p.Name()), ".xml")
}

// recognise says what kind of other mail a message is that is not REM.
func (m *Message) recognise() {
	e := m.Envelope
	switch {
	case e.Class.Kind != envelope.KindOrdinary:
		m.find("pec-message", "this is PEC, certified mail of the Italian rules: see package pec")
	case e.Header.Has("X-REM-Msg-Type") || e.Header.Has("X-REM-Section-Type"):
		m.find("ts-102640", "this is REM of TS 102 640, the rules before EN 319 532, which are not supported")
	case e.Signed != nil:
		for _, p := range e.Signed.Parts {
			if p.Header.Has("X-REM-Section-Type") || isXML(p) && p.BeginsWith("http://uri.etsi.org/02640/") {
				m.find("ts-102640", "this is REM of TS 102 640, the rules before EN 319 532, which are not supported")
				return
			}
		}
	}
}

// assign gives the direct children of the signed multipart their roles: by
// REM-Section-Type, else by type and name, never by position (EN 319 532-3
// §6.2.7).
func (m *Message) assign() {
	m.Evidence = m.first[:0]
	if m.Envelope.Signed == nil {
		m.find("not-signed", "claims to be REM, and is not multipart/signed: nothing of it is certified")
		return
	}
	introductions := 0
	for i, p := range m.Envelope.Signed.Parts {
		role := section(p)
		if role == "" {
			role = guess(p, i)
		}
		switch role {
		case sectionIntroduction:
			if introductions++; introductions == 1 {
				m.Introduction = p
			}
		case sectionOriginal:
			m.takeOriginal(p)
		case sectionEvidence:
			m.takeEvidence(p)
		case sectionPDF:
			m.PDF = append(m.PDF, p)
		case sectionExtension:
			m.Extensions = append(m.Extensions, Extension{
				Part: p, Name: p.Name(), Code: p.Header.Get(headerExtensionCode), Namespace: p.Header.Get(headerExtensionSpace),
			})
		case "":
			m.Extra = append(m.Extra, p)
		default:
			m.Extra = append(m.Extra, p)
			m.find("unknown-section", headerSection+" "+excerpt(role)+" is none of EN 319 532-3")
		}
	}
	if introductions > 1 {
		m.Introduction = nil
		m.find("duplicate-introduction", fmt.Sprintf("%d parts could be the introduction: none is taken", introductions))
	}
	if m.originals > 1 {
		m.Original = nil
		m.find("duplicate-original", fmt.Sprintf("%d parts could be the original: none is taken", m.originals))
	}
}

// guess is the role of a part that states none.
func guess(p *envelope.Part, position int) string {
	switch {
	case p.Type.Value == "message/rfc822":
		return sectionOriginal
	case isXML(p) && p.BeginsWith(namespaceERDS):
		return sectionEvidence
	case position == 0 && (p.Type.Value == "multipart/alternative" || p.Type.Value == "text/plain" || p.Type.Value == "text/html") &&
		p.Disposition().Value != "attachment":
		return sectionIntroduction
	}
	return ""
}

func (m *Message) takeOriginal(p *envelope.Part) {
	if m.originals++; m.originals == 1 {
		m.Original = p
	}
	if p.Type.Value != "message/rfc822" {
		m.find("section-type", "the original is "+excerpt(p.Type.Value)+", want message/rfc822")
	}
	switch e := p.Encoding(); e {
	case envelope.Base64, envelope.QuotedPrintable:
		m.find("original-encoded", "the original is in "+e+", which RFC 2046 §5.2.1 forbids: it is decoded")
	}
}

func (m *Message) takeEvidence(p *envelope.Part) {
	if len(m.Evidence) >= m.opt.MaxEvidence {
		if len(m.Evidence) == m.opt.MaxEvidence && !m.limited() {
			m.find("too-many-evidence", fmt.Sprintf("more than %d evidence documents: the others are not read", m.opt.MaxEvidence))
		}
		m.Extra = append(m.Extra, p)
		return
	}
	if !isXML(p) {
		m.find("section-type", "evidence is "+excerpt(p.Type.Value)+", want application/xml")
	}
	m.Evidence = append(m.Evidence, EvidencePart{Part: p, Name: p.Name()})
}

// limited tells whether evidence was left out.
func (m *Message) limited() bool {
	for _, f := range m.Findings {
		if f.Code == "too-many-evidence" {
			return true
		}
	}
	return false
}
