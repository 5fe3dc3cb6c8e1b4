package sdi

import "github.com/certmail/certmail/internal/xmltree"

// Notification is what a notification says; fields that its type does not have,
// or that are missing or empty, are empty. Unless it was signed (File.Signature)
// and came from SDI (Message.FromSDI), it is anybody's word.
type Notification struct {
	Type    Type
	Channel Channel
	// ID is IdentificativoSdI, SDI's number of the file, up to 12 digits.
	ID string
	// FileName (NomeFile) is the invoice file that it speaks of.
	FileName string
	// Hash is the SHA-256 of that file, in hexadecimal; OriginalHash is
	// HashFileOriginale of an AT. See Match.
	Hash, OriginalHash string
	// Archive (RiferimentoArchivio) is the zip file that the invoice came in.
	Archive ArchiveRef
	// MessageID is SDI's id of this notification; PECMessageID (PecMessageId)
	// names the PEC message that brought the invoice, by the provider's
	// identifier in what was seen (identificativo).
	MessageID, PECMessageID string
	// Received, Delivered and Available are DataOraRicezione, DataOraConsegna,
	// and DataMessaADisposizione (a date).
	Received, Delivered Moment
	Available           string
	// Recipient (Destinatario) got the invoice (RC, AT).
	Recipient Recipient
	// Description and Note are for people.
	Description, Note string
	// Errors are why SDI rejected the file (ListaErrori of NS), at most 200.
	Errors []Error
	// Outcome is what the public body said (NE, EC); nil without.
	Outcome *Outcome
	// Invoice is what a DT or SE speaks of (RiferimentoFattura); nil for the
	// whole file.
	Invoice *InvoiceRef
	// Rejection is Scarto of an SE: EN00 not conformant, EN01 not admissible;
	// CustomerMessageID is MessageIdCommittente.
	Rejection, CustomerMessageID string
	// RecipientCode, Format and Attempts are CodiceDestinatario, Formato and
	// TentativiInvio of an MT.
	RecipientCode, Format string
	Attempts              int
	// DualRole is IntermediarioConDupliceRuolo="Si" of a DT.
	DualRole bool
}

// ArchiveRef names an archive of invoices by SDI's number and its file name.
type ArchiveRef struct{ ID, FileName string }

// Recipient is an office or code that invoices go to.
type Recipient struct{ Code, Description string }

// Error is an error that SDI found in an invoice file, with its 5-digit code.
type Error struct{ Code, Description, Suggestion string }

// Outcome is a public body's answer (EsitoCommittente).
type Outcome struct {
	// ID is IdentificativoSdI.
	ID string
	// Result is EC01 (accepted) or EC02 (refused).
	Result string
	// Invoice it is about; nil for the whole file.
	Invoice *InvoiceRef
	// Description is the reason; MessageID is MessageIdCommittente.
	Description, MessageID string
}

// The values of Outcome.Result.
const (
	ResultAccepted = "EC01"
	ResultRefused  = "EC02"
)

// InvoiceRef names one invoice of a lot: NumeroFattura, AnnoFattura,
// PosizioneFattura.
type InvoiceRef struct{ Number, Year, Position string }

// maxErrors is how many errors the schema allows.
const maxErrors = 200

func (r *reader) notification(top *xmltree.Element, is root) *Notification {
	n := &Notification{Type: is.typ, Channel: is.channel}
	n.ID = r.identifier(top)
	n.FileName = r.text(top, "NomeFile")
	n.Hash = r.text(top, "Hash")
	n.OriginalHash = r.text(top, "HashFileOriginale")
	if archive := r.child(top, "RiferimentoArchivio"); archive != nil {
		n.Archive = ArchiveRef{r.identifier(archive), r.text(archive, "NomeFile")}
	}
	n.MessageID, n.PECMessageID = r.text(top, "MessageId"), r.text(top, "PecMessageId")
	n.Received, n.Delivered = r.moment(top, "DataOraRicezione"), r.moment(top, "DataOraConsegna")
	n.Available = r.text(top, "DataMessaADisposizione")
	to := r.child(top, "Destinatario")
	n.Recipient = Recipient{r.text(to, "Codice"), r.text(to, "Descrizione")}
	n.Description, n.Note = r.text(top, "Descrizione"), r.text(top, "Note")
	n.RecipientCode, n.Format, n.Attempts = r.text(top, "CodiceDestinatario"), r.text(top, "Formato"), r.count(top, "TentativiInvio")
	n.Rejection = r.text(top, "Scarto")
	n.Invoice = r.invoiceRef(top)
	dual, _ := top.Attr("", "IntermediarioConDupliceRuolo")
	n.DualRole = dual == "Si"
	n.Errors = r.errors(r.child(top, "ListaErrori"))
	switch n.Type {
	case EC:
		n.Outcome = r.outcome(top)
		n.Invoice = n.Outcome.Invoice
	case NE:
		if e := r.child(top, "EsitoCommittente"); e != nil {
			n.Outcome = r.outcome(e)
			if n.Outcome.ID != "" && n.ID != "" && n.Outcome.ID != n.ID {
				r.file.find("identifier-mismatch", "the outcome inside speaks of %s, the notification of %s", shorten(n.Outcome.ID), shorten(n.ID))
			}
		}
	}
	n.CustomerMessageID = r.text(top, "MessageIdCommittente")
	if n.ID == "" {
		r.file.find("identifier-missing", "no IdentificativoSdI")
	}
	if n.FileName == "" && n.Type != EC && n.Type != SE {
		r.file.find("file-name-missing", "no NomeFile")
	}
	return n
}

func (r *reader) outcome(e *xmltree.Element) *Outcome {
	o := &Outcome{ID: r.identifier(e), Result: r.text(e, "Esito"), Invoice: r.invoiceRef(e),
		Description: r.text(e, "Descrizione"), MessageID: r.text(e, "MessageIdCommittente")}
	if o.Result != ResultAccepted && o.Result != ResultRefused {
		r.file.find("outcome-not-recognised", "Esito %q, expected EC01 or EC02", shorten(o.Result))
	}
	return o
}

func (r *reader) invoiceRef(e *xmltree.Element) *InvoiceRef {
	ref := r.child(e, "RiferimentoFattura")
	if ref == nil {
		return nil
	}
	return &InvoiceRef{r.text(ref, "NumeroFattura"), r.text(ref, "AnnoFattura"), r.text(ref, "PosizioneFattura")}
}

func (r *reader) errors(list *xmltree.Element) []Error {
	if list == nil {
		return nil
	}
	var all []Error
	for e := list.FirstChild(); e != nil; e = e.NextSibling() {
		if !r.is(e, "Errore") {
			continue
		}
		if len(all) == maxErrors {
			r.file.find("errors-left-out", "more than %d errors", maxErrors)
			break
		}
		all = append(all, Error{r.text(e, "Codice"), r.text(e, "Descrizione"), r.text(e, "Suggerimento")})
	}
	return all
}
