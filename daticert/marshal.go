package daticert

import (
	"strconv"
	"unicode/utf8"
)

// Marshal writes d as a daticert.xml: UTF-8, valid by the DTD of RFC 6109 §4.4, in the
// shape in which providers write it. Empty Error and Recipient.Type get the DTD's
// default; a subject is written if HasSubject is set or it is not empty; the date
// is written in the form of the rules, whatever the form it was read in; white
// space around values is dropped, as readers drop it. Unknown, Findings and Raw are
// not written: to keep a document as it came, keep its bytes.
//
// What cannot be written is a [*Error]: [ErrMissing] for a mandatory value (all but
// ReplyTo, which may be empty), [ErrValue] for a value outside the DTD, several
// Deliveries, or characters that XML does not have, [ErrDate] for a date that is missing
// or does not exist. Whether the values make sense together is for [Data.Validate] to say.
func (d *Data) Marshal() ([]byte, error) {
	return d.AppendXML(make([]byte, 0, 1024))
}

// AppendXML is [Data.Marshal] onto the end of dst. On an error it returns dst as it
// was.
func (d *Data) AppendXML(dst []byte) ([]byte, error) {
	date, err := d.Date.civil()
	if err != nil {
		return dst, err
	}
	w := writer{b: dst}
	kind := d.Error
	if kind == "" {
		kind = ErrorNone
	}
	w.raw(`<?xml version="1.0" encoding="UTF-8"?>` + "\n<postacert")
	w.choice("tipo", string(d.Type), d.Type.Known())
	w.choice("errore", string(kind), kind.Known())
	w.raw(">\n    <intestazione>\n")
	w.element("mittente", d.Sender, true)
	if len(d.Recipients) == 0 {
		w.fail(ErrMissing, "destinatari", "at least one recipient wanted")
	}
	for i := range d.Recipients {
		r := &d.Recipients[i]
		typ := r.Type
		if typ == "" {
			typ = RecipientCertified
		}
		w.raw("        <destinatari")
		w.choice("tipo", string(typ), typ.Known())
		w.raw(">")
		w.text("destinatari", r.Address, true)
		w.raw("</destinatari>\n")
	}
	w.element("risposte", d.ReplyTo, false)
	if d.HasSubject || d.Subject != "" {
		w.element("oggetto", d.Subject, false)
	}
	w.raw("    </intestazione>\n    <dati>\n")
	w.element("gestore-emittente", d.Provider, true)
	form := date.date()
	w.raw(`        <data zona="` + form.Zone + "\">\n            <giorno>" + form.Day +
		"</giorno>\n            <ora>" + form.Hour + "</ora>\n        </data>\n")
	w.element("identificativo", d.Identifier, true)
	if d.MessageID != "" {
		w.element("msgid", d.MessageID, true)
	}
	if d.ReceiptType != "" {
		w.raw("        <ricevuta")
		w.choice("tipo", string(d.ReceiptType), d.ReceiptType.Known())
		w.raw(" />\n")
	}
	if len(d.Deliveries) > 1 {
		w.fail(ErrValue, "consegna", strconv.Itoa(len(d.Deliveries))+" values, the DTD allows one")
	}
	for _, v := range d.Deliveries {
		w.element("consegna", v, true)
	}
	for _, v := range d.TakenInCharge {
		w.element("ricezione", v, true)
	}
	if d.ErrorDetail != "" {
		w.element("errore-esteso", d.ErrorDetail, true)
	}
	w.raw("    </dati>\n</postacert>\n")
	if w.err != nil {
		return dst, w.err
	}
	return w.b, nil
}

// writer appends to b and remembers the first thing that cannot be written.
type writer struct {
	b   []byte
	err error
}

func (w *writer) raw(s string) { w.b = append(w.b, s...) }

func (w *writer) fail(kind error, element, detail string) {
	if w.err == nil {
		w.err = &Error{Kind: kind, Where: "element " + element, Detail: detail}
	}
}

// choice writes an attribute of which the DTD lists the values.
func (w *writer) choice(name, v string, known bool) {
	if !known {
		if w.err == nil {
			w.err = &Error{Kind: ErrValue, Where: "attribute " + name, Detail: quote(v) + " is not in the DTD"}
			if v == "" {
				w.err = &Error{Kind: ErrMissing, Where: "attribute " + name, Detail: "no value"}
			}
		}
		return
	}
	w.raw(` ` + name + `="` + v + `"`)
}

// element writes a text element on its own line. All that are written so stand at
// the second level.
func (w *writer) element(name, v string, mandatory bool) {
	w.raw("        <")
	w.raw(name)
	w.raw(">")
	w.text(name, v, mandatory)
	w.raw("</")
	w.raw(name)
	w.raw(">\n")
}

// text writes v escaped.
func (w *writer) text(element, v string, mandatory bool) {
	v = trimSpace(v)
	if v == "" && mandatory {
		w.fail(ErrMissing, element, "no value")
		return
	}
	from := 0
	for i := 0; i < len(v); {
		c := v[i]
		if c >= utf8.RuneSelf {
			r, n := utf8.DecodeRuneInString(v[i:])
			if r == utf8.RuneError && n == 1 {
				w.fail(ErrValue, element, "not UTF-8 at byte "+strconv.Itoa(i))
				return
			}
			if !isXMLCharacter(r) {
				w.fail(ErrValue, element, codePoint(r)+" at byte "+strconv.Itoa(i)+" is no XML character")
				return
			}
			i += n
			continue
		}
		reference := ""
		switch {
		case c == '<':
			reference = "&lt;"
		case c == '>':
			reference = "&gt;"
		case c == '&':
			reference = "&amp;"
		case c == '\r': // a reader would turn it into a line feed
			reference = "&#xD;"
		case c < ' ' && c != '\n' && c != '\t':
			w.fail(ErrValue, element, codePoint(rune(c))+" at byte "+strconv.Itoa(i)+" is no XML character")
			return
		}
		i++
		if reference != "" {
			w.raw(v[from : i-1])
			w.raw(reference)
			from = i
		}
	}
	w.raw(v[from:])
}
