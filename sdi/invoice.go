package sdi

import "github.com/certmail/certmail/internal/xmltree"

// Invoice is what is read of an e-invoice: who, to whom, which documents. All of
// it is the author's word. A field is empty when it is missing.
type Invoice struct {
	// Transmitter is who sends it to SDI (IdTrasmittente).
	Transmitter TaxID
	// Progressive (ProgressivoInvio) is the transmitter's number for it.
	Progressive string
	// Format is FormatoTrasmissione: FPA12, FPR12, FSM10, or SDI10 and SDI11.
	Format string
	// RecipientCode is CodiceDestinatario: 6 characters for public bodies, 7 for
	// others, 0000000 when SDI has to look for another address.
	RecipientCode string
	// Supplier (cedente, prestatore) issued it, Customer (cessionario,
	// committente) is to pay.
	Supplier, Customer Party
	// Documents are those of the bodies (FatturaElettronicaBody), at most
	// Options.MaxDocuments; Count is how many there are.
	Documents []Document
	Count     int
}

// TaxID is a VAT number or fiscal code with its country.
type TaxID struct{ Country, Code string }

// String returns country and code in one piece.
func (t TaxID) String() string { return t.Country + t.Code }

// Party is a side of an invoice: VAT number (IdFiscaleIVA) and Italian fiscal
// code (CodiceFiscale), either of which may be missing.
type Party struct {
	VAT        TaxID
	FiscalCode string
}

// Document is one document of an invoice: TipoDocumento (TD01 is an invoice),
// Numero, and Data as it was written (YYYY-MM-DD).
type Document struct{ Type, Number, Date string }

func (r *reader) invoice(top *xmltree.Element, kind Kind, limit int) *Invoice {
	header := r.child(top, "FatturaElettronicaHeader")
	if header == nil {
		r.file.find("header-missing", "the invoice has no FatturaElettronicaHeader")
	}
	transmission := r.child(header, "DatiTrasmissione")
	v := &Invoice{
		Transmitter:   r.taxID(r.child(transmission, "IdTrasmittente")),
		Progressive:   r.text(transmission, "ProgressivoInvio"),
		Format:        r.text(transmission, "FormatoTrasmissione"),
		RecipientCode: r.text(transmission, "CodiceDestinatario"),
	}
	supplier, customer := r.child(header, "CedentePrestatore"), r.child(header, "CessionarioCommittente")
	if kind == KindSimplifiedInvoice {
		customer = r.child(customer, "IdentificativiFiscali")
	} else {
		supplier, customer = r.child(supplier, "DatiAnagrafici"), r.child(customer, "DatiAnagrafici")
	}
	v.Supplier, v.Customer = r.party(supplier), r.party(customer)
	for body := top.FirstChild(); body != nil; body = body.NextSibling() {
		if !r.is(body, "FatturaElettronicaBody") {
			continue
		}
		if v.Count++; v.Count > limit {
			continue
		}
		general := r.child(r.child(body, "DatiGenerali"), "DatiGeneraliDocumento")
		v.Documents = append(v.Documents, Document{r.text(general, "TipoDocumento"), r.text(general, "Numero"), r.text(general, "Data")})
	}
	switch {
	case v.Count == 0:
		r.file.find("body-missing", "the invoice has no FatturaElettronicaBody")
	case v.Count > limit:
		r.file.find("documents-left-out", "the lot has %d documents, of which %d were read", v.Count, limit)
	}
	return v
}

func (r *reader) party(e *xmltree.Element) Party {
	return Party{r.taxID(r.child(e, "IdFiscaleIVA")), r.text(e, "CodiceFiscale")}
}

func (r *reader) taxID(e *xmltree.Element) TaxID {
	return TaxID{r.text(e, "IdPaese"), r.text(e, "IdCodice")}
}
