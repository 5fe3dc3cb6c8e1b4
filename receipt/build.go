package receipt

import (
	"errors"
	"io"
	"time"

	"github.com/certmail/certmail/daticert"
	"github.com/certmail/certmail/envelope"
	"github.com/certmail/certmail/internal/catalogue"
	"github.com/certmail/certmail/internal/usertext"
)

// ErrBuild is wrapped by every error of [Build] that is about what it was
// given.
var ErrBuild = errors.New("cannot be built")

// A BuildError says what of a receipt is missing or does not fit.
type BuildError struct {
	Form   Form
	Field  string
	Reason string
}

func (e *BuildError) Error() string {
	return "receipt: build " + string(e.Form) + ": " + e.Field + ": " + e.Reason
}

// Unwrap returns [ErrBuild].
func (e *BuildError) Unwrap() error { return ErrBuild }

// A Notice is what one receipt or notice says beyond its [Transaction].
type Notice struct {
	// Provider issues it and signs it.
	Provider envelope.Provider
	// Time is when the certified event happened, in Italian legal time (the zone
	// of the value is written). Header, text, certification data and signature
	// all say the same second (RFC 6109 §4.1).
	Time time.Time
	// MessageID is the message's own, with or without angle brackets. It is not
	// the transaction's identifier.
	MessageID string
	// To is the service mailbox (casella di servizio) of the sender's provider,
	// for [FormTakeCharge] and [FormVirusDetection]. The others go to the sender.
	To string
	// Recipient is whom it is about, where it is about one.
	Recipient string
	// TakenInCharge are the recipients of a [FormTakeCharge].
	TakenInCharge []string
	// Error overrides the value of errore that the rules give the form, such as
	// no-dest for a [FormNonDelivery].
	Error daticert.ErrorKind
	// Detail is errore-esteso and the description in the text. [ErrorDetail]
	// makes one of the form in use since 2016.
	Detail string
	// Original is the original (postacert.eml of the envelope), for
	// [FormDeliveryComplete] and [FormDeliveryBrief] alone.
	Original *io.SectionReader
	// Brief says how [FormDeliveryBrief] digests; nil for the rules.
	Brief *BriefOptions
	// HTML adds the alternative that most providers write.
	HTML  bool
	Style envelope.Style
}

// ErrorDetail writes errore-esteso as AgID's note integrative (note 12)
// prescribe: code, provider, text.
func ErrorDetail(code, provider, text string) string {
	return code + " - " + provider + " - " + text
}

// Build writes a receipt or notice: the draft, ready for [envelope.Write], and
// the certification data in it. The row of the form in the table of messages
// decides everything: header, subject, text, elements of the certification
// data, and whether the original is carried along.
//
// The draft reads n.Original when it is written, so it can be written once.
func Build(form Form, t *Transaction, n *Notice) (*envelope.Draft, *daticert.Data, error) {
	row, ok := catalogue.ByID(catalogue.ID(form))
	if !ok || row.Envelope() || string(row.ID) != string(form) {
		return nil, nil, &BuildError{form, "form", "not a receipt or notice"}
	}
	if err := check(form, &row, t, n); err != nil {
		return nil, nil, err
	}
	at := n.Time.Truncate(time.Second)
	data := certify(&row, t, n, at)
	xml, err := data.Marshal()
	if err != nil {
		return nil, nil, err
	}
	values := envelope.Values(data)
	if row.Elements.TakenInCharge {
		values.Recipients = nil
		for _, address := range data.TakenInCharge {
			values.Recipients = append(values.Recipients, catalogue.Recipient{Address: address, Certified: true})
		}
	}
	draft := &envelope.Draft{
		Header: header(&row, t, n, at), Text: row.Render(values), CertificationData: xml, Style: n.Style, Time: at,
	}
	if n.HTML {
		draft.HTML = row.RenderHTML(values)
	}
	switch row.Original {
	case catalogue.OriginalWhole:
		draft.Original = io.NewSectionReader(n.Original, 0, n.Original.Size())
		draft.EightBit, err = hasEightBit(io.NewSectionReader(n.Original, 0, n.Original.Size()))
	case catalogue.OriginalBrief:
		var brief *Brief
		if brief, err = NewBrief(n.Original, n.Brief); err == nil {
			draft.Original = brief.Reader()
			draft.EightBit, err = hasEightBit(brief.Reader())
		}
	}
	if err != nil {
		return nil, nil, err
	}
	return draft, data, nil
}

// check compares what was given with what the row asks for.
func check(form Form, row *catalogue.Row, t *Transaction, n *Notice) error {
	if t == nil || n == nil {
		return &BuildError{form, "transaction", "missing"}
	}
	for _, want := range [...]struct {
		field   string
		missing bool
	}{
		{"sender", t.Sender == ""},
		{"recipients", len(t.Recipients) == 0},
		{"identifier", t.Identifier == ""},
		{"provider name", n.Provider.Name == ""},
		{"provider address", n.Provider.Address == ""},
		{"time", n.Time.IsZero()},
		{"message id", daticert.TrimMessageID(n.MessageID) == ""},
		{"to", row.To == catalogue.ServiceMailbox && n.To == ""},
		{"recipient", row.Elements.Delivery && n.Recipient == ""},
		{"taken in charge", row.Elements.TakenInCharge && len(n.TakenInCharge) == 0},
		{"detail", row.Elements.ErrorDetail && row.Message != "M11" && n.Detail == ""},
		{"original", row.Original >= catalogue.OriginalWhole && n.Original == nil},
	} {
		if want.missing {
			return &BuildError{form, want.field, "missing"}
		}
	}
	if row.Original < catalogue.OriginalWhole && n.Original != nil {
		return &BuildError{form, "original", "this message must not carry it (" + row.Clause + ")"}
	}
	for _, address := range append([]string{n.Recipient}, n.TakenInCharge...) {
		if address != "" && !t.has(address) {
			return &BuildError{form, "recipient", address + " is not one of the transaction's"}
		}
	}
	return nil
}

// certify fills in the certification data (RFC 6109 §4.4).
func certify(row *catalogue.Row, t *Transaction, n *Notice, at time.Time) *daticert.Data {
	d := &daticert.Data{
		Type: daticert.Type(row.Type), Error: errorKind(row, n), Sender: t.Sender, ReplyTo: t.ReplyTo,
		Subject: usertext.Certifiable(t.Subject), HasSubject: t.HasSubject || t.Subject != "",
		Provider: n.Provider.Name, Date: daticert.NewDate(at), Identifier: daticert.TrimMessageID(t.Identifier),
	}
	if d.ReplyTo == "" {
		d.ReplyTo = t.Sender
	}
	if id := messageID(t); id != "" && !n.Style.OmitMessageID {
		d.MessageID = "<" + id + ">"
	}
	for _, r := range t.Recipients {
		kind := r.Type
		if kind == "" {
			kind = daticert.RecipientCertified
		}
		d.Recipients = append(d.Recipients, daticert.Recipient{Address: r.Address, Type: kind})
	}
	if row.Elements.ReceiptType {
		d.ReceiptType = t.asked()
	}
	if row.Elements.Delivery {
		d.Deliveries = []string{n.Recipient}
	}
	if row.Elements.TakenInCharge {
		d.TakenInCharge = append(d.TakenInCharge, n.TakenInCharge...)
	}
	if row.Elements.ErrorDetail {
		d.ErrorDetail = n.Detail
		if d.ErrorDetail == "" && row.ID == catalogue.TimeoutSecond {
			d.ErrorDetail = ErrorDetail(codeTimeout, n.Provider.Name, "il messaggio "+catalogue.TimeoutSecondSentence+" Si ritiene che la spedizione debba considerarsi non andata a buon fine")
		}
	}
	return d
}

// errorKind returns errore: the caller's, the row's, or "nessuno" for the
// time-out notices, whose value the rules do not tell (UNCONFIRMED).
func errorKind(row *catalogue.Row, n *Notice) daticert.ErrorKind {
	switch {
	case n.Error != "":
		return n.Error
	case row.Error != "":
		return daticert.ErrorKind(row.Error)
	default:
		return daticert.ErrorNone
	}
}

// header writes what RFC 6109 §3 prescribes for receipts and notices, in the
// order of real ones. Nothing is inherited from the original.
func header(row *catalogue.Row, t *Transaction, n *Notice, at time.Time) []envelope.Field {
	subject := usertext.Certifiable(t.Subject)
	if !t.HasSubject && subject == "" {
		subject = catalogue.SubjectWhenMissing
	}
	to := t.Sender
	if row.To == catalogue.ServiceMailbox {
		to = n.To
	}
	h := []envelope.Field{{Name: "Subject", Value: catalogue.Subject(row, subject)}}
	if id := messageID(t); id != "" {
		h = append(h, envelope.Field{Name: catalogue.HeaderReference, Value: "<" + id + ">"})
	}
	h = append(h,
		envelope.Field{Name: "Date", Value: at.Format(time.RFC1123Z)},
		envelope.Field{Name: "Message-ID", Value: "<" + daticert.TrimMessageID(n.MessageID) + ">"},
		envelope.Field{Name: "To", Value: to},
		envelope.Field{Name: row.Marker.Name, Value: row.Marker.Value})
	if row.Extra.Name != "" {
		value := row.Extra.Value
		if value == "" {
			value = t.Sender // X-Mittente
		}
		h = append(h, envelope.Field{Name: row.Extra.Name, Value: value})
	}
	return append(h, envelope.Field{Name: "From", Value: n.Provider.Address})
}

// messageID is the client's id as it can be certified and written.
func messageID(t *Transaction) string {
	return daticert.TrimMessageID(usertext.Certifiable(usertext.Line(t.MessageID)))
}

// hasEightBit reports whether any byte is above 127.
func hasEightBit(r io.Reader) (bool, error) {
	buf := make([]byte, 32<<10)
	for {
		n, err := r.Read(buf)
		for _, c := range buf[:n] {
			if c >= 0x80 {
				return true, nil
			}
		}
		if err == io.EOF {
			return false, nil
		}
		if err != nil {
			return false, err
		}
	}
}
