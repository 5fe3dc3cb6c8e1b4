package sditest

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"strconv"

	"github.com/certmail/certmail/sdi"
)

// ErrDocument says that a document cannot be written.
var ErrDocument = errors.New("sditest: cannot write the document")

// roots of the two channels, by type.
func rootOf(n *sdi.Notification) (space, local string, err error) {
	private := map[sdi.Type]string{sdi.RC: "RicevutaConsegna", sdi.NS: "RicevutaScarto", sdi.MC: "RicevutaImpossibilitaRecapito", sdi.MT: "FileMetadati"}
	public := map[sdi.Type]string{sdi.RC: "RicevutaConsegna", sdi.NS: "NotificaScarto", sdi.MC: "NotificaMancataConsegna", sdi.NE: "NotificaEsito",
		sdi.DT: "NotificaDecorrenzaTermini", sdi.AT: "AttestazioneTrasmissioneFattura", sdi.MT: "MetadatiInvioFile", sdi.EC: "NotificaEsitoCommittente", sdi.SE: "ScartoEsitoCommittente"}
	space, local = sdi.NamespacePrivate, private[n.Type]
	if n.Channel != sdi.ChannelPrivate {
		space, local = sdi.NamespacePA, public[n.Type]
	}
	if local == "" {
		return "", "", fmt.Errorf("%w: no notification %s in the channel %q", ErrDocument, n.Type, n.Channel)
	}
	return space, local, nil
}

// writer writes elements without a prefix, as SDI does below the root.
type writer struct{ bytes.Buffer }

func (w *writer) field(name, value string) {
	if value != "" {
		w.WriteString("<" + name + ">")
		_ = xml.EscapeText(w, []byte(value))
		w.WriteString("</" + name + ">")
	}
}

func (w *writer) group(name string, inside func()) {
	w.WriteString("<" + name + ">")
	inside()
	w.WriteString("</" + name + ">")
}

func (w *writer) reference(r *sdi.InvoiceRef) {
	if r != nil {
		w.group("RiferimentoFattura", func() {
			w.field("NumeroFattura", r.Number)
			w.field("AnnoFattura", r.Year)
			w.field("PosizioneFattura", r.Position)
		})
	}
}

func (w *writer) outcome(o *sdi.Outcome) {
	w.field("IdentificativoSdI", o.ID)
	w.reference(o.Invoice)
	w.field("Esito", o.Result)
	w.field("Descrizione", o.Description)
	w.field("MessageIdCommittente", o.MessageID)
}

// document writes a notification, unsigned.
func document(n *sdi.Notification) ([]byte, error) {
	space, local, err := rootOf(n)
	if err != nil {
		return nil, err
	}
	w := &writer{}
	dual := ""
	if n.DualRole {
		dual = ` IntermediarioConDupliceRuolo="Si"`
	}
	fmt.Fprintf(w, `<?xml version="1.0" encoding="UTF-8"?>`+"\n"+`<ns3:%s xmlns:ns3="%s" versione="1.0"%s>`, local, space, dual)
	if n.Type == sdi.EC && n.Outcome != nil {
		w.outcome(n.Outcome)
		fmt.Fprintf(w, "</ns3:%s>\n", local)
		return w.Bytes(), nil
	}
	w.field("IdentificativoSdI", n.ID)
	if n.Type == sdi.DT || n.Type == sdi.SE {
		w.reference(n.Invoice)
	}
	w.field("NomeFile", n.FileName)
	w.field("Hash", n.Hash)
	w.field("CodiceDestinatario", n.RecipientCode)
	w.field("Formato", n.Format)
	if n.Attempts > 0 {
		w.field("TentativiInvio", strconv.Itoa(n.Attempts))
	}
	w.field("DataOraRicezione", n.Received.Text)
	w.field("DataOraConsegna", n.Delivered.Text)
	w.field("DataMessaADisposizione", n.Available)
	if n.Type == sdi.AT {
		w.archive(n)
	}
	if n.Type == sdi.RC || n.Type == sdi.AT {
		w.group("Destinatario", func() {
			w.field("Codice", n.Recipient.Code)
			w.field("Descrizione", n.Recipient.Description)
		})
	}
	if n.Type != sdi.AT {
		w.archive(n)
	}
	if n.Type == sdi.NS {
		w.group("ListaErrori", func() {
			for _, e := range n.Errors {
				w.group("Errore", func() {
					w.field("Codice", e.Code)
					w.field("Descrizione", e.Description)
					w.field("Suggerimento", e.Suggestion)
				})
			}
		})
	}
	if n.Type == sdi.NE && n.Outcome != nil {
		w.group("EsitoCommittente", func() { w.outcome(n.Outcome) })
	}
	w.field("Scarto", n.Rejection)
	w.field("Descrizione", n.Description)
	w.field("MessageId", n.MessageID)
	w.field("MessageIdCommittente", n.CustomerMessageID)
	w.field("PecMessageId", n.PECMessageID)
	w.field("Note", n.Note)
	w.field("HashFileOriginale", n.OriginalHash)
	fmt.Fprintf(w, "</ns3:%s>\n", local)
	return w.Bytes(), nil
}

func (w *writer) archive(n *sdi.Notification) {
	if n.Archive != (sdi.ArchiveRef{}) {
		w.group("RiferimentoArchivio", func() {
			w.field("IdentificativoSdI", n.Archive.ID)
			w.field("NomeFile", n.Archive.FileName)
		})
	}
}

// Invoice writes an e-invoice (FatturaElettronica 1.2) with the fields given and
// one line per document: enough to be recognised, not enough for the real SDI.
func Invoice(v *sdi.Invoice) []byte {
	w := &writer{}
	fmt.Fprintf(w, `<?xml version="1.0" encoding="UTF-8"?>`+"\n"+`<p:FatturaElettronica versione="%s" xmlns:p="%s">`, v.Format, sdi.NamespaceInvoice)
	id := func(name string, t sdi.TaxID) {
		if t != (sdi.TaxID{}) {
			w.group(name, func() { w.field("IdPaese", t.Country); w.field("IdCodice", t.Code) })
		}
	}
	party := func(name string, p sdi.Party) {
		w.group(name, func() {
			w.group("DatiAnagrafici", func() { id("IdFiscaleIVA", p.VAT); w.field("CodiceFiscale", p.FiscalCode) })
		})
	}
	w.group("FatturaElettronicaHeader", func() {
		w.group("DatiTrasmissione", func() {
			id("IdTrasmittente", v.Transmitter)
			w.field("ProgressivoInvio", v.Progressive)
			w.field("FormatoTrasmissione", v.Format)
			w.field("CodiceDestinatario", v.RecipientCode)
		})
		party("CedentePrestatore", v.Supplier)
		party("CessionarioCommittente", v.Customer)
	})
	for _, d := range v.Documents {
		w.group("FatturaElettronicaBody", func() {
			w.group("DatiGenerali", func() {
				w.group("DatiGeneraliDocumento", func() {
					w.field("TipoDocumento", d.Type)
					w.field("Divisa", "EUR")
					w.field("Data", d.Date)
					w.field("Numero", d.Number)
				})
			})
			w.group("DatiBeniServizi", func() {
				w.group("DettaglioLinee", func() { w.field("NumeroLinea", "1"); w.field("Descrizione", "Servizi") })
			})
		})
	}
	w.WriteString("</p:FatturaElettronica>\n")
	return w.Bytes()
}
