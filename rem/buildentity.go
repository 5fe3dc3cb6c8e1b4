package rem

import (
	"bytes"
	"strings"

	"github.com/certmail/certmail/envelope"
)

// entity makes the signed tree (EN 319 532-3 §6.2, tables 4 to 12): the
// introduction, the original, extensions, evidence.
func (b *builder) entity() *envelope.Entity {
	parts := []*envelope.Entity{b.introduction()}
	if b.original != nil {
		parts = append(parts, &envelope.Entity{
			Type:     "message/rfc822; name=AttachedMimeMessage",
			Encoding: "binary", // RFC 2046 §5.2.1: never encoded
			Header: []envelope.Field{
				{Name: "Content-Disposition", Value: "attachment; filename=AttachedMimeMessage"}, sectionField(sectionOriginal),
			},
			Body: b.original.reader(),
		})
	}
	for i := range b.Extensions {
		parts = append(parts, extensionEntity(&b.Extensions[i]))
	}
	for _, d := range b.documents {
		name := string(d.Event) + ".xml"
		parts = append(parts, &envelope.Entity{
			Type:     `application/xml; charset=UTF-8; name="` + name + `"`,
			Encoding: envelope.Base64,
			Header:   append(attachment(name), sectionField(sectionEvidence)),
			Body:     strings.NewReader(d.Raw),
		})
	}
	for i := range b.PDF {
		name := string(b.PDF[i].Event) + ".pdf"
		parts = append(parts, &envelope.Entity{
			Type:     `application/pdf; name="` + name + `"`,
			Encoding: envelope.Base64,
			Header:   append(attachment(name), sectionField(sectionPDF)),
			Body:     bytes.NewReader(b.PDF[i].Data),
		})
	}
	return &envelope.Entity{Type: "multipart/mixed", Parts: parts}
}

func sectionField(role string) envelope.Field {
	return envelope.Field{Name: headerSection, Value: role}
}

// attachment is the Content-Disposition of a named part.
func attachment(name string) []envelope.Field {
	return []envelope.Field{{Name: "Content-Disposition", Value: `attachment; filename="` + quoted(name) + `"`}}
}

// quoted is a name that can stand between quotes in a header.
func quoted(name string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == '"' || r == '\\' || r > '~' {
			return '_'
		}
		return r
	}, name)
}

func extensionEntity(x *ExtensionPart) *envelope.Entity {
	kind := x.Type
	if kind == "" {
		kind = "application/octet-stream"
	}
	header := append(attachment(x.Name), sectionField(sectionExtension))
	if x.Code != "" {
		header = append(header, envelope.Field{Name: headerExtensionCode, Value: x.Code})
	}
	if x.Namespace != "" {
		header = append(header, envelope.Field{Name: headerExtensionSpace, Value: x.Namespace})
	}
	return &envelope.Entity{
		Type: kind + `; name="` + quoted(x.Name) + `"`, Encoding: envelope.Base64, Header: header, Body: bytes.NewReader(x.Data),
	}
}

// introduction is the readable part.
func (b *builder) introduction() *envelope.Entity {
	in := introduction{
		kind: b.kind, external: b.external, provider: b.Service.Name, time: b.Time, subject: b.subject, sender: b.sender.Address,
		identifier: b.identifier, location: b.location, rewritten: b.original != nil,
	}
	if b.original != nil {
		in.recipients = b.original.Recipients
	}
	if len(b.documents) > 0 {
		d := b.documents[0]
		in.event = d.Event
		if b.kind == KindReceipt {
			in.time = d.Time.UTC.In(b.Time.Location())
			in.reasons = d.Reasons
		}
		if !b.external {
			in.recipients = in.recipients[:0:0]
			for i := range d.Recipients {
				in.recipients = append(in.recipients, address(&d.Recipients[i]))
			}
		}
		in.concerned = d.SpeaksFor()
	}
	for _, d := range b.documents {
		in.files = append(in.files, string(d.Event)+".xml")
	}
	text := func(kind, body string) *envelope.Entity {
		return &envelope.Entity{Type: kind + `; charset="UTF-8"`, Encoding: envelope.QuotedPrintable, Body: strings.NewReader(body)}
	}
	return &envelope.Entity{
		Type:   "multipart/alternative",
		Header: []envelope.Field{sectionField(sectionIntroduction)},
		Parts:  []*envelope.Entity{text("text/plain", in.text()), text("text/html", in.html())},
	}
}
