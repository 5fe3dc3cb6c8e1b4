package envelope

import (
	"io"
	"net/mail"
	"strings"
	"time"

	"github.com/certmail/certmail/daticert"
	"github.com/certmail/certmail/internal/catalogue"
	"github.com/certmail/certmail/internal/usertext"
)

// Provider is a gestore in the role of an author of messages.
type Provider struct {
	// Name is the descriptive name written as gestore-emittente.
	Name string
	// Address is the mailbox that certified messages come from
	// (posta-certificata@…), the one in the signing certificate.
	Address string
}

// Transport is what the access point of the sender's provider knows when it
// puts an accepted message into a busta di trasporto (RFC 6109 §3.1.5; DM
// 2-11-2005 annex 6.3.4).
type Transport struct {
	Provider Provider
	// Identifier is the new PEC identifier, without angle brackets.
	Identifier string
	// Time is the time of acceptance, in Italian legal time.
	Time time.Time
	// Sender is the reverse path; Recipients are all forward paths, typed by
	// the provider directory.
	Sender     string
	Recipients []daticert.Recipient
	// HTML adds the alternative that most providers write.
	HTML bool
	// ReceiptHeaderName replaces "X-TipoRicevuta" (a real provider writes
	// "X-Tiporicevuta").
	ReceiptHeaderName string
	Style             Style
	// Options bounds the reading of the original.
	Options *Options
}

// WriteTransport writes the busta di trasporto around original and returns
// the certification data in it. The original passes through as a stream: only
// its Message-ID changes (RFC 6109 §2.2.1).
//
// Nothing that a user writes into a header stops the envelope. In what the
// envelope inherits, control characters become spaces, and several To, Cc or
// Reply-To fields become one; in oggetto, and with it in the text and the
// Subject, what XML 1.0 cannot hold becomes U+FFFD.
func WriteTransport(w io.Writer, src *io.SectionReader, t *Transport, s *Signer) (*daticert.Data, error) {
	or, err := readOriginal(src, t.Options)
	if err != nil {
		return nil, err
	}
	data := t.data(or)
	xml, err := data.Marshal()
	if err != nil {
		return nil, &Error{Where: "certification data", Offset: -1, Err: err}
	}
	row, _ := catalogue.ByID(catalogue.TransportEnvelope)
	body, err := or.rewritten(t.Identifier, or.messageID())
	if err != nil {
		return nil, err
	}
	values := Values(data)
	d := &Draft{
		Header:            t.header(or, &row, data),
		Text:              row.Render(values),
		CertificationData: xml,
		Original:          body,
		EightBit:          or.eightBit,
		Style:             t.Style,
		Time:              t.Time,
	}
	if t.HTML {
		d.HTML = row.RenderHTML(values)
	}
	return data, Write(w, d, s)
}

// data are the certification data of the envelope (RFC 6109 §4.4).
func (t *Transport) data(or *original) *daticert.Data {
	d := &daticert.Data{
		Type:        daticert.TypeTransport,
		Error:       daticert.ErrorNone,
		Sender:      t.Sender,
		Recipients:  t.Recipients,
		ReplyTo:     or.replyTo(t.Sender),
		Subject:     or.subject(),
		HasSubject:  or.header.Has("Subject"),
		Provider:    t.Provider.Name,
		Date:        daticert.NewDate(t.Time),
		Identifier:  t.Identifier,
		MessageID:   or.messageID(),
		ReceiptType: daticert.ReceiptComplete,
	}
	switch v := daticert.ReceiptType(strings.ToLower(or.line(catalogue.HeaderReceiptType))); v {
	case daticert.ReceiptBrief, daticert.ReceiptConcise:
		d.ReceiptType = v // an unknown value counts as completa (UNCONFIRMED: RFC 6109 is silent)
	}
	if t.Style.OmitMessageID {
		d.MessageID = ""
	}
	return d
}

// replyTo is the address of the original's Reply-To, or the sender, as all
// real providers write it.
func (or *original) replyTo(sender string) string {
	value := usertext.Certifiable(or.line("Reply-To"))
	if value == "" {
		return sender
	}
	if list, err := mail.ParseAddressList(value); err == nil && len(list) > 0 {
		return usertext.Certifiable(list[0].Address)
	}
	return usertext.Certifiable(DecodeText(value))
}

// header is RFC 6109 §3.1.5, in the order of real envelopes.
func (t *Transport) header(or *original, row *catalogue.Row, d *daticert.Data) []Field {
	h := or.inherit("Return-Path", "Received")
	h = append(h, Field{Name: "Subject", Value: catalogue.Subject(row, d.Subject)})
	if id := or.messageID(); id != "" {
		h = append(h, reference(id))
	}
	h = append(h, Field{Name: "Date", Value: t.Time.Format(time.RFC1123Z)})
	if replyTo := or.inheritList("Reply-To"); len(replyTo) > 0 {
		h = append(h, replyTo...)
	} else {
		h = append(h, Field{Name: "Reply-To", Value: t.Sender})
	}
	h = append(append(h, or.inheritList("To")...), or.inheritList("Cc")...)
	h = append(h,
		Field{Name: row.Marker.Name, Value: row.Marker.Value},
		Field{Name: "From", Value: NamedAddress("Per conto di: "+t.Sender, t.Provider.Address)})
	if or.header.Has(catalogue.HeaderReceiptType) {
		name := t.ReceiptHeaderName
		if name == "" {
			name = catalogue.HeaderReceiptType
		}
		h = append(h, Field{Name: name, Value: or.line(catalogue.HeaderReceiptType)})
	}
	return append(h, Field{Name: "Message-ID", Value: "<" + t.Identifier + ">"})
}

// Values are what the texts of the rules say, taken from certification data.
func Values(d *daticert.Data) catalogue.Values {
	v := catalogue.Values{
		Day: d.Date.Day, Hour: d.Date.Hour, Zone: d.Date.Zone,
		Subject: d.Subject, Sender: d.Sender, Identifier: d.Identifier,
	}
	if d.ErrorDetail != "" {
		v.Error = d.ErrorDetail
	}
	for _, r := range d.Recipients {
		v.Recipients = append(v.Recipients, catalogue.Recipient{Address: r.Address, Certified: r.Type != daticert.RecipientExternal})
	}
	if len(d.Deliveries) > 0 {
		v.Recipient = d.Deliveries[0]
	}
	return v
}
