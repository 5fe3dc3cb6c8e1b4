package main

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
	"time"

	"github.com/certmail/certmail/pec"
	"github.com/certmail/certmail/sdi"
)

// shownSDI is what of the Sistema di Interscambio is in a message. As everything
// that show says it is what the message says of itself.
type shownSDI struct {
	// ClaimsSDI: the sender is in SDI's domain; LookAlike is SDI's domain when
	// the sender's resembles it.
	ClaimsSDI  bool   `json:"claims_sdi"`
	LookAlike  string `json:"look_alike"`
	Simulation bool   `json:"simulation"`
	SubjectID  string `json:"subject_id"`
	// Files are the attachments that are SDI's by content or by name.
	Files []shownSDIFile `json:"files"`
}

type shownSDIFile struct {
	Name          string             `json:"name"`
	Kind          string             `json:"kind"`
	Type          string             `json:"type"`
	Channel       string             `json:"channel"`
	Namespace     string             `json:"namespace"`
	Root          string             `json:"root"`
	Version       string             `json:"version"`
	Size          int64              `json:"size"`
	SHA256        string             `json:"sha256"`
	PayloadSHA256 string             `json:"payload_sha256"`
	Layers        []shownLayer       `json:"layers"`
	Signature     *shownSignature    `json:"signature"`
	Names         []string           `json:"names"`
	Invoice       *shownInvoice      `json:"invoice"`
	Notification  *shownNotification `json:"notification"`
}

type shownLayer struct {
	Encoding   string           `json:"encoding"`
	Signatures []shownSignature `json:"signatures"`
}

// shownSignature: integrity is a status as of "certmail verify"; who signed is
// not judged.
type shownSignature struct {
	Subject     string `json:"subject"`
	SHA256      string `json:"sha256"`
	SigningTime string `json:"signing_time"`
	Integrity   string `json:"integrity"`
	Detail      string `json:"detail"`
}

type shownInvoice struct {
	File          string          `json:"file"`
	Format        string          `json:"format"`
	Transmitter   string          `json:"transmitter"`
	Progressive   string          `json:"progressive"`
	RecipientCode string          `json:"recipient_code"`
	Supplier      shownParty      `json:"supplier"`
	Customer      shownParty      `json:"customer"`
	Documents     []shownDocument `json:"documents"`
	Count         int             `json:"count"`
}

type shownParty struct {
	VAT        string `json:"vat"`
	FiscalCode string `json:"fiscal_code"`
}

type shownDocument struct {
	Type   string `json:"type"`
	Number string `json:"number"`
	Date   string `json:"date"`
}

type shownNotification struct {
	ID            string           `json:"id"`
	FileName      string           `json:"file_name"`
	Hash          string           `json:"hash"`
	OriginalHash  string           `json:"original_hash"`
	Archive       string           `json:"archive"`
	MessageID     string           `json:"message_id"`
	PECMessageID  string           `json:"pec_message_id"`
	Received      string           `json:"received"`
	Delivered     string           `json:"delivered"`
	Available     string           `json:"available"`
	Recipient     shownOffice      `json:"recipient"`
	Description   string           `json:"description"`
	Note          string           `json:"note"`
	Errors        []shownSDIError  `json:"errors"`
	Outcome       string           `json:"outcome"`
	Rejection     string           `json:"rejection"`
	InvoiceRef    *shownInvoiceRef `json:"invoice_ref"`
	RecipientCode string           `json:"recipient_code"`
	Format        string           `json:"format"`
	Attempts      int              `json:"attempts"`
}

type shownOffice struct {
	Code        string `json:"code"`
	Description string `json:"description"`
}

type shownSDIError struct {
	Code        string `json:"code"`
	Description string `json:"description"`
	Suggestion  string `json:"suggestion"`
}

type shownInvoiceRef struct {
	Number   string `json:"number"`
	Year     string `json:"year"`
	Position string `json:"position"`
}

// readSDI looks for invoices and for messages of SDI.
func (s *shown) readSDI(m *pec.Message) {
	found, err := sdi.Inspect(m, nil, nil)
	if err != nil || !found.Recognised() {
		return // what cannot be read was told already
	}
	for _, f := range found.Findings {
		switch f.Code {
		case "unverified", "original-unreadable", "attachments-unreadable", "attachment-unreadable":
		default:
			s.find(f.Code, f.Detail)
		}
	}
	s.SDI = &shownSDI{ClaimsSDI: found.ClaimsSDI, LookAlike: found.LookAlike, Simulation: found.Subject.Simulation, SubjectID: found.Subject.ID, Files: []shownSDIFile{}}
	for _, f := range found.Files {
		if f.Kind == sdi.KindOther && f.Parsed == nil {
			continue
		}
		s.Findings = append(s.Findings, findings("in "+f.Name+": ", f.Findings)...)
		file := sdiFile(f)
		s.SDI.Files = append(s.SDI.Files, file)
		if s.Invoice == nil {
			s.Invoice = file.Invoice
		}
	}
}

func sdiFile(f *sdi.File) shownSDIFile {
	out := shownSDIFile{Name: f.Name, Kind: string(f.Kind), Namespace: f.Namespace, Root: f.Root, Version: f.Version,
		Size: f.Size, SHA256: f.SHA256, PayloadSHA256: f.PayloadSHA256, Layers: []shownLayer{}, Names: append([]string{}, f.Names...)}
	for _, l := range f.Layers {
		layer := shownLayer{Encoding: l.Encoding}
		for i := range l.Signatures {
			layer.Signatures = append(layer.Signatures, *sdiSignature(&l.Signatures[i]))
		}
		out.Layers = append(out.Layers, layer)
	}
	out.Signature = sdiSignature(f.Signature)
	out.Invoice = sdiInvoice(f)
	if n := f.Notification; n != nil {
		out.Type, out.Channel = string(n.Type), string(n.Channel)
		out.Notification = sdiNotification(n)
	}
	return out
}

func sdiSignature(s *sdi.Signature) *shownSignature {
	if s == nil {
		return nil
	}
	out := &shownSignature{Integrity: string(s.Integrity), SigningTime: stamp(s.SigningTime)}
	if s.IntegrityErr != nil {
		out.Detail = s.IntegrityErr.Error()
	}
	if s.Certificate != nil {
		sum := sha256.Sum256(s.Certificate.Raw)
		out.Subject, out.SHA256 = s.Certificate.Subject.String(), hex.EncodeToString(sum[:])
	}
	return out
}

func sdiInvoice(f *sdi.File) *shownInvoice {
	v := f.Invoice
	if v == nil {
		return nil
	}
	out := &shownInvoice{File: f.Name, Format: v.Format, Transmitter: v.Transmitter.String(), Progressive: v.Progressive, RecipientCode: v.RecipientCode,
		Supplier: shownParty{v.Supplier.VAT.String(), v.Supplier.FiscalCode}, Customer: shownParty{v.Customer.VAT.String(), v.Customer.FiscalCode},
		Documents: []shownDocument{}, Count: v.Count}
	for _, d := range v.Documents {
		out.Documents = append(out.Documents, shownDocument(d))
	}
	return out
}

func sdiNotification(n *sdi.Notification) *shownNotification {
	out := &shownNotification{ID: n.ID, FileName: n.FileName, Hash: n.Hash, OriginalHash: n.OriginalHash, Archive: n.Archive.FileName, MessageID: n.MessageID,
		PECMessageID: n.PECMessageID, Received: n.Received.Text, Delivered: n.Delivered.Text, Available: n.Available, Recipient: shownOffice(n.Recipient),
		Description: n.Description, Note: n.Note, Errors: []shownSDIError{}, Rejection: n.Rejection, RecipientCode: n.RecipientCode, Format: n.Format, Attempts: n.Attempts}
	for _, e := range n.Errors {
		out.Errors = append(out.Errors, shownSDIError(e))
	}
	ref := n.Invoice
	if n.Outcome != nil {
		out.Outcome = n.Outcome.Result
		if n.Outcome.Invoice != nil {
			ref = n.Outcome.Invoice
		}
	}
	if ref != nil {
		out.InvoiceRef = (*shownInvoiceRef)(ref)
	}
	return out
}

// showSDI writes a line or two for people.
func (a *app) showSDI(p *page, s *shown) {
	if s.SDI == nil {
		return
	}
	for _, f := range s.SDI.Files {
		switch {
		case f.Invoice != nil:
			v := f.Invoice
			lines := []string{"“" + f.Name + "”, " + v.Format + ", from " + v.Supplier.id() + " to " + v.Customer.id()}
			for i, d := range v.Documents {
				if i == 5 {
					lines = append(lines, "and "+count(v.Count-i, "more document", "more documents"))
					break
				}
				lines = append(lines, d.Type+" no. "+d.Number+" of "+d.Date)
			}
			for _, l := range f.Layers {
				for i := range l.Signatures {
					lines = append(lines, l.Signatures[i].words())
				}
			}
			p.rows("E-invoice (fattura elettronica)", append(lines, f.Signature.words())...)
		case f.Notification != nil:
			n := f.Notification
			lines := []string{"“" + f.Name + "”: " + sdiWords(sdi.Type(f.Type)) + ", SDI number " + n.ID + ", of " + n.FileName}
			for i, e := range n.Errors {
				if i == 5 {
					lines = append(lines, "and "+count(len(n.Errors)-i, "more error", "more errors"))
					break
				}
				lines = append(lines, e.Code+" "+e.Description)
			}
			p.rows("SDI notification (notifica)", append(lines, f.Signature.words())...)
		default:
			p.rows("SDI file", "“"+f.Name+"”, "+f.Kind, strings.Join(f.Names, ", "))
		}
	}
}

// rows is row without the values that are empty.
func (p *page) rows(name string, values ...string) {
	p.row(name, slices.DeleteFunc(values, func(v string) bool { return v == "" })...)
}

func (v shownParty) id() string {
	if v.VAT != "" {
		return v.VAT
	}
	return v.FiscalCode
}

// words says in a line who signed; nothing for no signature.
func (s *shownSignature) words() string {
	if s == nil {
		return ""
	}
	text := "signature: " + s.Integrity + ", " + s.Subject
	if t, err := time.Parse(time.RFC3339, s.SigningTime); err == nil {
		text += ", says " + when(t)
	}
	return text
}

func sdiWords(t sdi.Type) string {
	switch t {
	case sdi.RC:
		return "delivered (ricevuta di consegna)"
	case sdi.NS:
		return "rejected by SDI (scarto)"
	case sdi.MC:
		return "could not be delivered (mancata consegna)"
	case sdi.NE:
		return "outcome of the public body (esito)"
	case sdi.DT:
		return "time for an outcome passed (decorrenza termini)"
	case sdi.AT:
		return "transmission attested (attestazione)"
	case sdi.MT:
		return "metadata of an invoice (metadati)"
	case sdi.EC:
		return "outcome for SDI (esito committente)"
	case sdi.SE:
		return "outcome refused by SDI (scarto esito)"
	}
	return string(t)
}
