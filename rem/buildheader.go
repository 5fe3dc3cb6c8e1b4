package rem

import (
	"net/url"
	"strings"
	"time"

	"github.com/certmail/certmail/envelope"
	"github.com/certmail/certmail/internal/usertext"
	"github.com/certmail/certmail/rem/evidence"
)

// header makes the outer header, in the order of the official examples.
func (b *builder) header() error {
	if err := b.author(); err != nil {
		return err
	}
	b.add("Subject", b.title+usertext.Certifiable(usertext.Line(b.subject)))
	b.add("Date", b.Time.Format(time.RFC1123Z))
	b.add("Message-ID", "<"+b.id+">")
	if b.InReplyTo != "" {
		b.reference("In-Reply-To", b.InReplyTo)
	}
	b.add(headerVersion, metadataVersion)
	if !b.RelayDate.IsZero() {
		b.add(headerRelayDate, b.RelayDate.UTC().Format(time.RFC1123Z)+" (UTC)")
	}
	b.some(headerAssurance, b.Assurance)
	b.some(headerMode, b.Mode)
	policies := b.Policies
	if policies == nil {
		policies = []string{PolicyBaseline}
	}
	for _, p := range policies {
		b.add(headerPolicy, p)
	}
	b.fields = append(b.fields, b.extra...)
	b.add(headerMessageType, b.kind.URI())
	b.some(headerDigestAlgorithm, b.digestMethod)
	b.some(headerDigestValue, b.digestValue())
	if b.userAgentID != "" {
		b.reference(headerUserAgentID, b.userAgentID)
	}
	acceptance := false
	if len(b.documents) > 0 {
		d := b.documents[0]
		acceptance = d.Event == evidence.SubmissionAcceptance
		b.add(headerEvent, d.EventID)
		b.reference(headerEvidenceID, d.ID)
		for _, r := range d.Reasons {
			b.add(headerReason, r.URI)
		}
	}
	b.some(headerLocation, b.location)
	b.add(headerSender, b.mailbox(b.sender))
	return b.conform(acceptance)
}

// author writes who the message is from and to (EN 319 532-3 table 3).
func (b *builder) author() error {
	if why := faultyAddress(b.sender.Address); why != "" {
		return buildError("the address of the sender %s", why)
	}
	service := "<" + b.Service.Address + ">"
	if b.original != nil {
		from := b.original.header.RawField("From")
		b.fields = append(b.fields, envelope.Field{Name: "Reply-To", Received: append([]byte("Reply-To"), from[len("From"):]...)})
		b.add("From", envelope.NamedAddress("On behalf of: "+b.sender.Address, b.Service.Address))
		for _, name := range [...]string{"To", "Cc"} {
			if raw := b.original.header.RawFields(name); len(raw) > 0 {
				b.fields = append(b.fields, envelope.Field{Name: name, Received: joined(name, raw)})
			}
		}
		if !b.original.header.Has("To") { // only Cc: table C.26 wants a To
			b.add("To", "undisclosed-recipients:;")
		}
		return nil
	}
	if len(b.to) == 0 {
		return buildError("a %s needs somebody to go to", b.kind)
	}
	b.add("From", service)
	var to []string
	for _, m := range b.to {
		if why := faultyAddress(m.Address); why != "" {
			return buildError("the address in To %s", why)
		}
		to = append(to, b.mailbox(m))
	}
	b.add("To", strings.Join(to, ", "))
	return nil
}

// joined makes one field of several of the same name, which RFC 5322 §3.6 does
// not allow: what the dispatch says is then the same to all who read it.
func joined(name string, raw [][]byte) []byte {
	if len(raw) == 1 {
		return raw[0]
	}
	one := []byte(name + ":")
	for i, field := range raw {
		if i > 0 {
			one = append(one, ",\r\n"...)
		}
		_, value, _ := strings.Cut(string(field), ":")
		one = append(append(one, ' '), strings.Trim(value, " \t\r\n,")...)
	}
	return one
}

func (b *builder) mailbox(m envelope.Mailbox) string {
	if m.Name == "" {
		return "<" + m.Address + ">"
	}
	return envelope.NamedAddress(usertext.Certifiable(usertext.Line(m.Name)), m.Address)
}

func (b *builder) add(name, value string) {
	b.fields = append(b.fields, envelope.Field{Name: name, Value: value})
}

// some adds a field that has something to say.
func (b *builder) some(name, value string) {
	if value != "" {
		b.add(name, value)
	}
}

// reference adds an id in angle brackets, as it is.
func (b *builder) reference(name, id string) {
	b.fields = append(b.fields, envelope.IDField(name, "<"+usertext.Line(usertext.Certifiable(id))+">"))
}

// conform walks table C.26: what it does not allow is not written.
func (b *builder) conform(acceptance bool) error {
	of := column(b.kind, acceptance)
	if of == nil || b.Lenient {
		return nil
	}
	for i := range headerTable {
		row := &headerTable[i]
		n := 0
		for j := range b.fields {
			if strings.EqualFold(b.fields[j].Name, row.name) {
				n++
			}
		}
		if row.name == "Content-Type" {
			n++ // written around the rest
		}
		if want := of(row); !want.allows(n) {
			return buildError("%s stands %d times, EN 319 532-4 table C.26 wants %s", row.name, n, want)
		}
	}
	return nil
}

// faultyAddress says what keeps an address from being written into a header.
func faultyAddress(a string) string {
	at := strings.LastIndexByte(a, '@')
	if at < 1 || at == len(a)-1 || len(a) > 320 {
		return excerpt(a) + " is no address"
	}
	for _, c := range a {
		if c <= ' ' || c == 127 || strings.ContainsRune(`<>()[]\,;:"`, c) {
			return excerpt(a) + " holds a character that an address cannot have"
		}
	}
	return ""
}

// faultyURL accepts https URLs only: people click on them.
func faultyURL(s string) string {
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil || strings.ContainsAny(s, "\"'<> \r\n") {
		return excerpt(s) + " is no https URL"
	}
	return ""
}
