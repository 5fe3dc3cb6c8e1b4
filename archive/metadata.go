package archive

import (
	"bytes"
	"encoding/base64"
	"encoding/xml"
	"fmt"
	"io"
	"strings"
	"text/template"
	"time"
	"unicode/utf8"
)

// Metadata is what Allegato 5 of the AgID guidelines (Linee guida sulla
// formazione, gestione e conservazione dei documenti informatici) wants to know
// of a document (DocumentoInformatico). Names of elements and rules of the
// official schema are not confirmed: what is written is up to a template that
// can be replaced, and conformance is not claimed.
type Metadata struct {
	// Digest is the base64 of the SHA-256 of the .eml file; Identifier is
	// unique and persistent.
	Digest, Algorithm, Identifier string
	// Formation is the whole sentence of ModalitaDiFormazione.
	Formation string
	// Type is TipologiaDocumentale, Flow "E" (in), "U" (out) or "I".
	Type, Flow string
	// Date (YYYY-MM-DD), Hour (hh:mm:ss, as the provider wrote it) and Number
	// register the document; RegisterCode, when not empty, is that of a register
	// of the caller's (Repertorio\Registro), else there is none (Nessuno).
	Date, Hour, Number, RegisterCode string
	Subjects                         []Subject
	Object                           string   // Oggetto
	Keywords                         []string // at most 5 are written
	Attachments                      []MetadataAttachment
	// ClassCode, ClassName and ClassPlan are Classificazione, left out when the
	// first is empty.
	ClassCode, ClassName, ClassPlan string
	Confidential                    bool // Riservato
	Format                          string
	// Product, ProductVersion and ProductMaker are ProdottoSoftware.
	Product, ProductVersion, ProductMaker string
	// Signed, Sealed, Stamped and Conforming are the four answers of Verifica.
	Signed, Sealed, Stamped, Conforming bool
	// Aggregation is the id of the Fascicolo: the transaction.
	Aggregation string
	// Primary is the document that this one belongs to; nil without one.
	Primary *PrimaryDocument
	Name    string
	Version int
	// Retention is in years; 0 leaves it out.
	Retention int
	Note      string
}

// Subject is one Ruolo.
type Subject struct {
	// Role is TipoRuolo: Mittente, Destinatario, Autore, Produttore,
	// SoggettoCheEffettuaLaRegistrazione and others.
	Role string
	// Kind is PF (natural person), PG (legal person) or SW (software).
	Kind string
	// FirstName and LastName are for PF, Name is for PG and SW.
	FirstName, LastName, Name string
	FiscalCode                string
	Addresses                 []string // digital addresses
}

// MetadataAttachment is one entry of IndiceAllegati.
type MetadataAttachment struct{ Digest, Identifier, Description string }

// PrimaryDocument is IdIdentificativoDocumentoPrimario.
type PrimaryDocument struct{ Digest, Identifier string }

// The sentences a and b of ModalitaDiFormazione (guidelines §2.1.1).
const (
	FormationCreated  = "creazione tramite l’utilizzo di strumenti software o servizi cloud qualificati che assicurino la produzione di documenti nei formati e nel rispetto delle regole di interoperabilità di cui all’allegato 2"
	FormationAcquired = "acquisizione di un documento informatico per via telematica o su supporto informatico, acquisizione della copia per immagine su supporto informatico di un documento analogico, acquisizione della copia informatica di un documento analogico"
)

var typeNames = map[string]string{
	"posta-certificata": "Messaggio PEC ricevuto", "anomalia": "Busta di anomalia PEC ricevuta", "accettazione": "Ricevuta di accettazione PEC",
	"non-accettazione": "Avviso di non accettazione PEC", "presa-in-carico": "Ricevuta di presa in carico PEC",
	"avvenuta-consegna": "Ricevuta di avvenuta consegna PEC", "errore-consegna": "Avviso di mancata consegna PEC",
	"preavviso-errore-consegna": "Avviso di mancata consegna PEC per superamento dei tempi massimi", "rilevazione-virus": "Avviso di rilevazione virus PEC",
	"dispatch": "Messaggio REM ricevuto", "payload": "Messaggio REM ricevuto", "receipt": "Ricevuta REM", "notification": "Notifica REM", "ordinary": "Messaggio di posta elettronica",
}

const maxKeywords = 5

// MetadataOf maps an item of a transaction.
func MetadataOf(it *Item, t *Transaction, o *Options) *Metadata {
	opt := o.withDefaults(t)
	m := &Metadata{
		Digest: base64.StdEncoding.EncodeToString(digestBytes(it.SHA256)), Algorithm: "SHA-256", Identifier: "urn:sha256:" + it.SHA256,
		Formation: FormationAcquired, Type: typeNames[it.Kind], Flow: "U", Number: it.Identifier, Object: it.Subject,
		Format: "message/rfc822", Product: opt.Application, ProductVersion: opt.Version, ProductMaker: opt.Producer,
		Sealed: it.System == "rem" && it.Kind != "ordinary", Stamped: len(it.TimeStamp) > 0 || it.System == "rem" && it.Kind != "ordinary" && it.Kind != "payload",
		Aggregation: transactionID(t), Name: it.Name + ".eml", Version: 1,
	}
	switch it.Role {
	case RoleEnvelope:
		m.Flow = "E"
	case RoleMessage:
		m.Formation = FormationCreated
	}
	if m.Type == "" {
		m.Type = "Messaggio"
	}
	if m.Number == "" {
		m.Number = it.MessageID
	}
	at := it.Time
	if at.IsZero() {
		at = it.FirstSeen.UTC()
	}
	m.Date, m.Hour = at.Format(time.DateOnly), at.Format(time.TimeOnly)
	if it.Sender != "" {
		m.Subjects = append(m.Subjects, Subject{Role: "Mittente", Kind: "PG", Name: it.Sender, Addresses: []string{it.Sender}})
	}
	to := it.Recipients
	if it.Recipient != "" {
		to = []Recipient{{Address: it.Recipient}}
	}
	for _, r := range to {
		m.Subjects = append(m.Subjects, Subject{Role: "Destinatario", Kind: "PG", Name: r.Address, Addresses: []string{r.Address}})
	}
	m.Subjects = append(m.Subjects, Subject{Role: "Produttore", Kind: "SW", Name: opt.Application})
	for _, a := range it.Attachments {
		m.Attachments = append(m.Attachments, MetadataAttachment{base64.StdEncoding.EncodeToString(digestBytes(a.SHA256)), "urn:sha256:" + a.SHA256, a.Name})
	}
	for _, r := range it.Relations {
		for _, other := range t.Items {
			if m.Primary == nil && r.To != "" && other.Name == r.To {
				m.Primary = &PrimaryDocument{base64.StdEncoding.EncodeToString(digestBytes(other.SHA256)), "urn:sha256:" + other.SHA256}
			}
		}
	}
	switch {
	case t.Retention < 0:
		m.Retention = 9999
	case t.Retention == 0:
		m.Retention = defaultRetention
	default:
		m.Retention = t.Retention
	}
	var note []string
	for _, n := range [...][2]string{{"identificativo", it.Identifier}, {"message-id", it.MessageID}, {"riferimento", it.RefMessageID}} {
		if n[1] != "" {
			note = append(note, n[0]+": "+n[1])
		}
	}
	m.Note = strings.Join(note, "; ")
	if opt.Describe != nil {
		opt.Describe(it, m)
	}
	if len(m.Keywords) > maxKeywords {
		m.Keywords = m.Keywords[:maxKeywords]
	}
	return m
}

// ParseMetadataTemplate reads a template for Options.Metadata. Beside what
// package text/template has, it knows the function xml, which writes text so
// that it stays text.
func ParseMetadataTemplate(text string) (*template.Template, error) {
	t, err := template.New("metadata").Funcs(template.FuncMap{"xml": xmlText}).Parse(text)
	if err != nil {
		return nil, fmt.Errorf("archive: metadata template: %w", err)
	}
	return t, nil
}

// xmlText escapes text and replaces what XML 1.0 cannot hold.
func xmlText(s string) (string, error) {
	if !utf8.ValidString(s) {
		s = strings.ToValidUTF8(s, "\uFFFD")
	}
	var b strings.Builder
	err := xml.EscapeText(&b, []byte(s))
	return b.String(), err
}

// writeMetadata fills a template in and makes sure that the result is XML with
// one root element.
func writeMetadata(t *template.Template, m *Metadata) ([]byte, error) {
	var b bytes.Buffer
	if err := t.Execute(&b, m); err != nil {
		return nil, fmt.Errorf("archive: metadata: %w", err)
	}
	d := xml.NewDecoder(bytes.NewReader(b.Bytes()))
	depth, roots := 0, 0
	for {
		token, err := d.Token()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("archive: metadata: %w", err)
		}
		switch token.(type) {
		case xml.StartElement:
			if depth++; depth == 1 {
				roots++
			}
		case xml.EndElement:
			depth--
		}
	}
	if roots != 1 {
		return nil, fmt.Errorf("%w: metadata with %d root elements, want 1", ErrFormat, roots)
	}
	return b.Bytes(), nil
}
