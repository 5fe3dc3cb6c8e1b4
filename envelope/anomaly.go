package envelope

import (
	"io"
	"time"

	"github.com/certmail/certmail/daticert"
	"github.com/certmail/certmail/internal/catalogue"
)

// Anomalous is what the incoming point knows of a message that is no correct
// envelope or receipt and goes on in a busta di anomalia (RFC 6109 §3.2.2).
type Anomalous struct {
	Provider Provider
	// Time is the time of arrival.
	Time time.Time
	// Sender and Recipients are the routing data of the received message.
	Sender     string
	Recipients []string
	// Reason says in a few words, in Italian, what was wrong.
	Reason string
	HTML   bool
	Style  Style
	// Options bounds the reading of the received message.
	Options *Options
}

// WriteAnomaly writes the busta di anomalia around the whole received
// message. It certifies nothing about it: there are no certification data,
// and the signature is the receiving provider's. What it inherits from odd
// headers is as in WriteTransport.
func WriteAnomaly(w io.Writer, src *io.SectionReader, a *Anomalous, s *Signer) error {
	or, err := readOriginal(src, a.Options)
	if err != nil {
		return err
	}
	row, _ := catalogue.ByID(catalogue.AnomalyEnvelope)
	date := daticert.NewDate(a.Time)
	values := catalogue.Values{
		Day: date.Day, Hour: date.Hour, Zone: date.Zone,
		Subject: or.subject(), Sender: a.Sender, Error: a.Reason,
	}
	for _, r := range a.Recipients {
		values.Recipients = append(values.Recipients, catalogue.Recipient{Address: r, Certified: true})
	}
	h := or.inherit("Return-Path", "Received")
	h = append(h,
		Field{Name: "Subject", Value: catalogue.Subject(&row, values.Subject)},
		Field{Name: "Date", Value: a.Time.Format(time.RFC1123Z)})
	if replyTo := or.inheritList("Reply-To"); len(replyTo) > 0 {
		h = append(h, replyTo...)
	} else {
		h = append(h, Field{Name: "Reply-To", Value: a.Sender})
	}
	h = append(append(h, or.inheritList("To")...), or.inheritList("Cc")...)
	h = append(h,
		Field{Name: row.Marker.Name, Value: row.Marker.Value},
		Field{Name: "From", Value: NamedAddress("Per conto di: "+a.Sender, a.Provider.Address)})
	h = append(h, or.inheritFirst("Message-ID")...)
	d := &Draft{
		Header:   h,
		Text:     row.Render(values),
		Original: io.NewSectionReader(src, 0, src.Size()),
		EightBit: or.eightBit,
		Style:    a.Style,
		Time:     a.Time,
	}
	if a.HTML {
		d.HTML = row.RenderHTML(values)
	}
	return Write(w, d, s)
}
