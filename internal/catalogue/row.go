// Package catalogue is the one table of the messages of certified mail
// (posta elettronica certificata, PEC): the receipts, notices and envelopes
// that providers issue, RFC 6109 §3.
//
// A row says everything that tells one message type from another: the header
// field that marks it, the prefix of its subject, its value in the
// certification data, its Italian text, the parts it carries, who signs it and
// who gets it. Code that reads or writes certified mail walks the rows and has
// no branch of its own per type.
//
// The Italian text of the rules is the normative one and was not available
// for every row; each row says how well its wording is known ([Evidence]).
// Nothing may ever be read back out of these texts: RFC 6109 §4.3 reserves
// automatic processing to the certification data.
package catalogue

// An ID names one row: the number of the message type, followed by its form
// where the type has several.
type ID string

// The rows of the catalogue.
const (
	Acceptance         ID = "M1"           // ricevuta di accettazione
	NonAcceptance      ID = "M2"           // avviso di non accettazione per eccezioni formali
	NonAcceptanceVirus ID = "M3"           // avviso di non accettazione per virus informatico
	TransportEnvelope  ID = "M4"           // busta di trasporto
	TakeCharge         ID = "M5"           // ricevuta di presa in carico
	AnomalyEnvelope    ID = "M6"           // busta di anomalia
	VirusDetection     ID = "M7"           // avviso di rilevazione virus informatico
	NonDeliveryVirus   ID = "M8"           // avviso di mancata consegna per virus informatico
	DeliveryComplete   ID = "M9-completa"  // ricevuta completa di avvenuta consegna
	DeliveryBrief      ID = "M9-breve"     // ricevuta di avvenuta consegna breve
	DeliveryConcise    ID = "M9-sintetica" // ricevuta di avvenuta consegna sintetica
	NonDelivery        ID = "M10"          // avviso di mancata consegna
	TimeoutFirst       ID = "M11-12h"      // avviso di mancata consegna per superamento dei tempi massimi, primo
	TimeoutSecond      ID = "M11-24h"      // avviso di mancata consegna per superamento dei tempi massimi, secondo
)

// Names of the header fields that PEC adds (RFC 6109, appendix A). Field
// names are compared without regard to case: a large provider writes
// "X-Tiporicevuta".
const (
	HeaderTransport   = "X-Trasporto"
	HeaderReceipt     = "X-Ricevuta"
	HeaderReference   = "X-Riferimento-Message-ID"
	HeaderReceiptType = "X-TipoRicevuta"
	HeaderSecurity    = "X-VerificaSicurezza"
	HeaderSender      = "X-Mittente"
)

// SecurityError is the one value of [HeaderSecurity].
const SecurityError = "errore"

// A Field is a header field that a row prescribes. An empty Value means that
// the value belongs to the single message, as the sender's address in
// X-Mittente does.
type Field struct {
	Name  string
	Value string
}

// Evidence says how well the Italian wording of a row is known.
type Evidence string

// The marks of evidence, the best first.
const (
	Seen          Evidence = "seen"          // read in a real message of a provider
	Quoted        Evidence = "quoted"        // quoted by a court or a commentary
	Transcribed   Evidence = "transcribed"   // found in another implementation of the rules
	Reconstructed Evidence = "reconstructed" // rebuilt from the English of RFC 6109 with the grammar of the others; unconfirmed
)

// Original says what a message carries of the one it speaks of.
type Original uint8

// How a message carries the original.
const (
	OriginalNone      Original = iota // the rules list only text and certification data
	OriginalForbidden                 // the rules say that it must not be included
	OriginalWhole                     // the whole original, byte for byte
	OriginalBrief                     // the original with its attachments replaced by their hashes
)

// A Party takes part in a transaction.
type Party uint8

// The parties that sign or get a message.
const (
	SenderProvider    Party = iota + 1 // gestore mittente
	RecipientProvider                  // gestore destinatario
	EitherProvider                     // usually the recipient's provider; the sender's when the exchange between the two failed
	Sender                             // the reverse path of the original, never its Reply-To
	Recipients                         // the forward paths of the original
	ServiceMailbox                     // casella di servizio of the sender's provider
)

// Elements says which of the varying elements of the certification data a row
// carries (RFC 6109 §4.4). All rows but the anomaly envelope carry the others.
type Elements struct {
	ReceiptType   bool // ricevuta
	Delivery      bool // consegna
	TakenInCharge bool // ricezione
	ErrorDetail   bool // errore-esteso
}

// A Row describes one message type, or one form of it. It is a plain value:
// what a caller does with its copy changes nothing for others.
type Row struct {
	ID      ID
	Message string // number of the message type, "M9"
	Form    string // "completa", "breve", "sintetica", "12h", "24h"; empty where there is one form only

	Italian string // name in the rules
	English string // name in RFC 6109, or close to it

	Marker Field // the field that makes the message what it is
	Extra  Field // a field added to it; zero when there is none

	SubjectPrefix string // with the colon, without the space that follows
	Type          string // postacert/@tipo; empty for the anomaly envelope, which has no certification data
	Error         string // postacert/@errore to write when the caller knows no better; empty where nothing is confirmed

	Title    string // first line of the text
	Text     string // the lines below the title, with placeholders in braces
	Evidence Evidence
	Note     string // what the mark does not say

	Elements Elements
	XML      bool // carries daticert.xml
	Original Original
	SignedBy Party
	To       Party
	Clause   string // where RFC 6109 defines it
}

// Template returns the whole text of the row with its placeholders, lines
// separated by "\n".
func (r *Row) Template() string { return r.Title + "\n" + r.Text }

// Virus reports whether the row is the virus form of its type, which
// X-VerificaSicurezza alone tells from the other.
func (r *Row) Virus() bool { return r.Extra.Name == HeaderSecurity }

// Envelope reports whether the row is one of the two envelopes, which travel
// from user to user, and not a receipt or notice.
func (r *Row) Envelope() bool { return r.Marker.Name == HeaderTransport }
