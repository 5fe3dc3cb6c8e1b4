package daticert

// Data is the content of one daticert.xml (element postacert).
//
// Text values are as read, in UTF-8, with references resolved and without the
// white space around them; nothing else is changed. Nothing in a Data shares
// memory with the bytes given to [Parse]. Fields may be set freely: Data is also
// what [Data.Marshal] writes.
type Data struct {
	// Type is postacert/@tipo, what kind of message this is.
	Type Type
	// Error is postacert/@errore. Parse sets ErrorNone where the attribute is absent,
	// the DTD's default.
	Error ErrorKind

	// Sender (mittente) is the sender of the original message.
	Sender string
	// Recipients (destinatari) are all the recipients of the original message, in
	// document order, repetitions included. The order means nothing: compare them as
	// a set, ignoring case.
	Recipients []Recipient
	// ReplyTo (risposte) is the Reply-To of the original message. Providers write the
	// sender's address when there was none.
	ReplyTo string
	// Subject (oggetto) is the decoded subject of the original message.
	Subject string
	// HasSubject tells an empty subject from an absent one.
	HasSubject bool

	// Provider (gestore-emittente) names, in free text, the provider that issued this
	// message. It is no key: providers change its spelling.
	Provider string
	// Date (data) is when the certified event happened.
	Date Date
	// Identifier (identificativo) is the PEC identifier of the transaction, the same
	// in every message of it, in practice without angle brackets.
	Identifier string
	// MessageID (msgid) is the Message-ID that the sender's client gave the original,
	// as read, in practice with angle brackets; empty when the client set none.
	// [TrimMessageID] takes the brackets off.
	MessageID string
	// ReceiptType (ricevuta/@tipo) is the form of delivery receipt that the sender
	// asked for; empty when the element is absent.
	ReceiptType ReceiptType
	// Deliveries (consegna) is the recipient that this message is about. The DTD allows
	// one; more are kept, with a finding.
	Deliveries []string
	// TakenInCharge (ricezione) are the recipients taken in charge.
	TakenInCharge []string
	// ErrorDetail (errore-esteso) describes the error. See [ParseErrorDetail].
	ErrorDetail string

	// Unknown is all that the document holds and that has no field above: elements and
	// attributes that the DTD does not declare where they are, the second and later
	// occurrences of what may occur once, and stray text.
	Unknown []Unknown
	// Findings is what Parse found odd, in document order. [Data.Validate] gives these
	// and more.
	Findings []Finding
	// Raw is the document as received, byte for byte.
	Raw string
}

// Recipient is one recipient (destinatari) of the original message.
type Recipient struct {
	// Address is as typed by the sender: compare it ignoring case.
	Address string
	// Type is destinatari/@tipo. Parse sets RecipientCertified where the attribute is
	// absent, the DTD's default.
	Type RecipientType
}

// Unknown is one thing of the document that has no field in [Data].
type Unknown struct {
	// Path says where it was: "postacert/dati/nuovo" for an element,
	// "postacert/dati/data/@fuso" for an attribute, "postacert/dati/text()" for text.
	Path string
	// Attributes of an unknown element, in document order, names with their prefix.
	Attributes []Attribute
	// Text is an element's text with that of the elements inside it, or the value of
	// an attribute, without the white space around it.
	Text string
	// XML is an element's source, tags included, after decoding to UTF-8; empty for
	// attributes and text.
	XML string
}

// Attribute is one attribute of an unknown element.
type Attribute struct {
	Name, Value string
}

// ExtendedError is [ParseErrorDetail] applied to d.ErrorDetail.
func (d *Data) ExtendedError() ExtendedError { return ParseErrorDetail(d.ErrorDetail) }
