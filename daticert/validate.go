package daticert

import (
	"slices"
	"strings"
)

// Validate returns everything that is wrong or odd about d: first d.Findings, then
// what the fields show: values that the DTD does not know, values missing, a date
// that does not exist, and what does not go with the type by RFC 6109 §3 and §4.4.
// Where d comes from [Parse], an empty result also means that [Data.Marshal] writes
// it and that Parse reads it back equal. Nothing here says who wrote the data.
func (d *Data) Validate() []Finding {
	list := slices.Clone(d.Findings)
	for _, f := range d.fieldFindings() {
		if !slices.Contains(list, f) {
			list = addFinding(list, f.Code, f.Detail)
		}
	}
	return list
}

// valueFindings appends what the values themselves show. Empty ones are passed
// over: only the document tells why they are empty.
func (d *Data) valueFindings(list []Finding) []Finding {
	notListed := func(path, v string) {
		list = addFinding(list, FindingAttributeValue, path+"="+quote(v))
	}
	if d.Type != "" && !d.Type.Known() {
		notListed("postacert/@tipo", string(d.Type))
	}
	if d.Error != "" && !d.Error.Known() {
		notListed("postacert/@errore", string(d.Error))
	}
	for i := range d.Recipients {
		if t := d.Recipients[i].Type; t != "" && !t.Known() {
			notListed("postacert/intestazione/destinatari/@tipo", string(t))
		}
	}
	if d.ReceiptType != "" && !d.ReceiptType.Known() {
		notListed("postacert/dati/ricevuta/@tipo", string(d.ReceiptType))
	}
	if d.Date == (Date{}) {
		return list
	}
	if _, err := d.Date.civil(); err != nil {
		list = addFinding(list, FindingDateInvalid, err.(*Error).Detail)
	} else if !d.Date.canonical() {
		list = addFinding(list, FindingDateForm, quote(d.Date.Day)+" "+quote(d.Date.Hour)+" "+quote(d.Date.Zone))
	}
	return list
}

// fieldFindings is all that can be said without the document.
func (d *Data) fieldFindings() []Finding {
	list := d.valueFindings(nil)
	list = d.emptyFindings(list)
	if len(d.Deliveries) > 1 {
		list = addFinding(list, FindingRepeatedElement, "postacert/dati/consegna")
	}
	return d.typeFindings(list)
}

// emptyFindings reports what must have a value and has none, unless the document's
// own findings say so already.
func (d *Data) emptyFindings(list []Finding) []Finding {
	want := func(path, v string) {
		if trimSpace(v) == "" && !slices.ContainsFunc(d.Findings, func(f Finding) bool {
			return strings.HasPrefix(path, strings.TrimSuffix(f.Detail, `=""`)) &&
				(f.Code == FindingMissingElement || f.Code == FindingMissingAttribute ||
					f.Code == FindingEmptyValue || f.Code == FindingAttributeValue)
		}) {
			list = addFinding(list, FindingEmptyValue, path)
		}
	}
	want("postacert/@tipo", string(d.Type))
	want("postacert/intestazione/mittente", d.Sender)
	if len(d.Recipients) == 0 {
		want("postacert/intestazione/destinatari", "")
	}
	for i := range d.Recipients {
		want("postacert/intestazione/destinatari", d.Recipients[i].Address)
	}
	want("postacert/intestazione/risposte", d.ReplyTo)
	want("postacert/dati/gestore-emittente", d.Provider)
	want("postacert/dati/data/@zona", d.Date.Zone)
	want("postacert/dati/data/giorno", d.Date.Day)
	want("postacert/dati/data/ora", d.Date.Hour)
	want("postacert/dati/identificativo", d.Identifier)
	for _, v := range d.Deliveries {
		want("postacert/dati/consegna", v)
	}
	for _, v := range d.TakenInCharge {
		want("postacert/dati/ricezione", v)
	}
	return list
}

// presence of an optional element in one type of message.
type presence uint8

const (
	absent presence = iota
	optional
	mandatory
)

// profile is what one type of message holds.
type profile struct {
	typ    Type
	errors []ErrorKind // nil: not confirmed, any

	receiptType, delivery, takenInCharge, errorDetail presence
}

// profiles follow RFC 6109 §3.1-§3.3 and the comments of the DTD (§4.4). The rules do
// not say which errore the delay notice has.
var profiles = []profile{
	{typ: TypeAcceptance, errors: []ErrorKind{ErrorNone}},
	{typ: TypeNonAcceptance, errors: []ErrorKind{ErrorOther, ErrorVirus}, errorDetail: mandatory},
	{typ: TypeTransport, errors: []ErrorKind{ErrorNone}, receiptType: mandatory},
	{typ: TypeTakeCharge, errors: []ErrorKind{ErrorNone}, takenInCharge: mandatory},
	{typ: TypeDelivery, errors: []ErrorKind{ErrorNone}, receiptType: mandatory, delivery: mandatory},
	{typ: TypeNonDelivery, errors: []ErrorKind{ErrorRecipient, ErrorDomain, ErrorVirus, ErrorOther}, delivery: mandatory, errorDetail: mandatory},
	{typ: TypeDelayNotice, delivery: mandatory, errorDetail: optional},
	// One provider names the recipients of a virus detection in ricezione.
	{typ: TypeVirusDetection, errors: []ErrorKind{ErrorVirus}, delivery: mandatory, takenInCharge: optional, errorDetail: optional},
}

// typeFindings compares d with the profile of its type.
func (d *Data) typeFindings(list []Finding) []Finding {
	i := slices.IndexFunc(profiles, func(p profile) bool { return p.typ == d.Type })
	if i < 0 {
		return list
	}
	p := &profiles[i]
	kind := d.Error
	if kind == "" {
		kind = ErrorNone
	}
	if p.errors != nil && kind.Known() && !slices.Contains(p.errors, kind) {
		list = addFinding(list, FindingErrorForType, string(d.Type)+" with errore "+quote(string(kind)))
	}
	check := func(want presence, has bool, name string) {
		switch {
		case want == mandatory && !has:
			list = addFinding(list, FindingMissingForType, string(d.Type)+" without "+name)
		case want == absent && has:
			list = addFinding(list, FindingUnexpectedForType, string(d.Type)+" with "+name)
		}
	}
	delivered := len(d.Deliveries) > 0
	if d.Type == TypeVirusDetection && len(d.TakenInCharge) > 0 {
		delivered = true
	}
	check(p.receiptType, d.ReceiptType != "", "ricevuta")
	check(p.delivery, delivered, "consegna")
	check(p.takenInCharge, len(d.TakenInCharge) > 0, "ricezione")
	check(p.errorDetail, d.ErrorDetail != "", "errore-esteso")
	return list
}
