package pec

import (
	"errors"
	"fmt"
	"mime"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/certmail/certmail/daticert"
)

// ErrDraft says that a value of a Draft cannot be written into a message.
var ErrDraft = errors.New("draft cannot be written")

// DraftError is a value of a Draft that cannot be written. It wraps ErrDraft.
type DraftError struct {
	// Field is the Go path of the value: "Subject", "To[2].Address".
	Field string
	// Detail says what is wrong with it and what is wanted.
	Detail string
}

func (e *DraftError) Error() string { return "pec: draft: " + e.Field + " " + e.Detail }

// Unwrap returns ErrDraft.
func (e *DraftError) Unwrap() error { return ErrDraft }

const (
	maxText      = 64 << 10 // bytes of one header value
	maxFileName  = 255
	maxType      = 200
	maxFieldName = 40
)

// reservedFields are written by Compose, in transit or by providers; so are the
// families Content- and Resent-.
var reservedFields = [...]string{
	"From", "Sender", "To", "Cc", "Bcc", "Reply-To", "Subject", "Date", "Message-ID", "In-Reply-To", "References",
	"MIME-Version", "Return-Path", "Received", "DKIM-Signature", "X-TipoRicevuta",
	"X-Trasporto", "X-Ricevuta", "X-Riferimento-Message-ID", "X-VerificaSicurezza", "X-Mittente",
}

// faultList collects what is wrong with the values of a draft.
type faultList []error

func (l *faultList) add(why, field string, index ...any) {
	if why != "" {
		*l = append(*l, &DraftError{Field: fmt.Sprintf(field, index...), Detail: why})
	}
}

// faults finds everything that cannot be written. The rules of submission are
// not looked at here, but for the addresses themselves.
func (d *Draft) faults() faultList {
	var l faultList
	l.add(faultyText(d.From.Name), "From.Name")
	l.addresses("To", d.To)
	l.addresses("Cc", d.Cc)
	l.addresses("ReplyTo", d.ReplyTo)
	l.add(faultyText(d.Subject), "Subject")
	l.body("Text", d.Text)
	l.body("HTML", d.HTML)
	if y := d.Date.Year(); !d.Date.IsZero() && (y < 1900 || y > 9999) {
		l.add(fmt.Sprintf("is in the year %d, want 1900 to 9999", y), "Date")
	}
	l.references("InReplyTo", d.InReplyTo)
	l.references("References", d.References)
	for i, f := range d.Header {
		l.add(faultyFieldName(f.Name), "Header[%d].Name", i)
		l.add(faultyText(f.Value), "Header[%d].Value", i)
	}
	for i := range d.Attachments {
		l.file(i, &d.Attachments[i])
	}
	return l
}

func (l *faultList) addresses(name string, list []Address) {
	for i, a := range list {
		l.add(faultyText(a.Name), "%s[%d].Name", name, i)
		l.add(faultyAddress(a.Address), "%s[%d].Address", name, i)
	}
}

func (l *faultList) body(name, text string) {
	if !utf8.ValidString(text) {
		l.add("is not UTF-8", "%s", name)
	}
}

func (l *faultList) references(name string, ids []string) {
	for i, id := range ids {
		l.add(faultyReference(daticert.TrimMessageID(id)), "%s[%d]", name, i)
	}
}

func (l *faultList) file(i int, f *File) {
	switch why := faultyText(f.Name); {
	case why != "":
		l.add(why, "Attachments[%d].Name", i)
	case strings.TrimSpace(f.Name) == "":
		l.add("is empty: a brief receipt needs it (RFC 6109 §3.3.2.2)", "Attachments[%d].Name", i)
	case len(f.Name) > maxFileName:
		l.add(fmt.Sprintf("has %d bytes, want at most %d", len(f.Name), maxFileName), "Attachments[%d].Name", i)
	}
	_, why := f.mediaType()
	l.add(why, "Attachments[%d].Type", i)
	if f.Open == nil {
		l.add("is nil: there is no content", "Attachments[%d].Open", i)
	}
}

// mediaType returns the type as it is written, or what is wrong with it.
func (f *File) mediaType() (value, why string) {
	if f.Type == "" {
		return "application/octet-stream", ""
	}
	value, params, err := mime.ParseMediaType(f.Type)
	switch {
	case err != nil || !strings.Contains(value, "/"):
		return "", quoteClipped(f.Type) + " is no media type"
	case strings.HasPrefix(value, "multipart/"), strings.HasPrefix(value, "message/"):
		return "", value + " may not be transfer-encoded (RFC 2045 §6.4); attach it as application/octet-stream"
	}
	delete(params, "name") // Name says it
	value = mime.FormatMediaType(value, params)
	if value == "" || len(value) > maxType || !isPrintable(value) {
		return "", quoteClipped(f.Type) + fmt.Sprintf(" cannot be written, want printable ASCII of at most %d characters", maxType)
	}
	return value, ""
}

func faultyFieldName(name string) string {
	if name == "" || len(name) > maxFieldName {
		return fmt.Sprintf("must have 1 to %d characters", maxFieldName)
	}
	for i := 0; i < len(name); i++ {
		if c := name[i]; c <= ' ' || c > '~' || c == ':' {
			return fmt.Sprintf("%s holds the byte %q", quoteClipped(name), c)
		}
	}
	lower := foldAddress(name)
	reserved := strings.HasPrefix(lower, "content-") || strings.HasPrefix(lower, "resent-")
	for _, r := range reservedFields {
		reserved = reserved || foldAddress(r) == lower
	}
	if reserved {
		return quoteClipped(name) + " is not for the caller to write"
	}
	return ""
}

// faultyText says what keeps text from a header field.
func faultyText(s string) string {
	if len(s) > maxText {
		return fmt.Sprintf("has %d bytes, want at most %d", len(s), maxText)
	}
	if !utf8.ValidString(s) {
		return "is not UTF-8"
	}
	for _, r := range s {
		// A tab is harmless; U+FFFE and U+FFFF cannot stand in XML, where the
		// provider must repeat the subject.
		if unicode.IsControl(r) && r != '\t' || r == 0xFFFE || r == 0xFFFF {
			return fmt.Sprintf("holds the control character %U", r)
		}
	}
	return ""
}

// faultyAddress says what is wrong with an address, "" if nothing is.
func faultyAddress(s string) string {
	const most, mostLocal = 254, 64 // RFC 5321 §4.5.3.1
	if s == "" {
		return "is empty"
	}
	if len(s) > most {
		return fmt.Sprintf("has %d characters, want at most %d", len(s), most)
	}
	local, domain, ok := strings.Cut(s, "@")
	switch {
	case !ok || local == "" || domain == "":
		return quoteClipped(s) + " is not of the form local@domain"
	case len(local) > mostLocal:
		return fmt.Sprintf("%s has %d characters before the @, want at most %d", quoteClipped(s), len(local), mostLocal)
	case local[0] == '.' || local[len(local)-1] == '.' || strings.Contains(local, ".."):
		return quoteClipped(s) + " has a dot where none may stand"
	}
	if strings.ContainsAny(s, "<>,; ") {
		return quoteClipped(s) + " is more than one bare address: a name goes into Address.Name, and each address is one of its own"
	}
	for _, r := range local {
		if r >= utf8.RuneSelf || r != '.' && !isAtext(byte(r)) {
			return fmt.Sprintf("%s holds the character %q", quoteClipped(s), r)
		}
	}
	if why := faultyDomain(domain); why != "" {
		return quoteClipped(s) + ": domain " + why
	}
	return ""
}

// faultyDomain wants a host name of at least two labels (RFC 1123 §2.1).
func faultyDomain(s string) string {
	labels := strings.Split(s, ".")
	if len(labels) < 2 || len(s) > 253 {
		return quoteClipped(s) + " is no domain name"
	}
	for _, l := range labels {
		if l == "" || len(l) > 63 || l[0] == '-' || l[len(l)-1] == '-' {
			return quoteClipped(s) + " is no domain name"
		}
		for _, r := range l {
			if r >= utf8.RuneSelf {
				return quoteClipped(s) + " is not ASCII: write it in its xn-- form"
			}
			if r != '-' && !isAlphanumeric(byte(r)) {
				return fmt.Sprintf("%s holds the character %q", quoteClipped(s), r)
			}
		}
	}
	return ""
}

func isAlphanumeric(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
}

// isAtext is RFC 5322 §3.2.3.
func isAtext(c byte) bool {
	return isAlphanumeric(c) || strings.IndexByte("!#$%&'*+-/=?^_`{|}~", c) >= 0
}

func isPrintable(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

// quoteClipped bounds what an error quotes.
func quoteClipped(s string) string {
	const most = 80
	if len(s) > most {
		return fmt.Sprintf("%q…", strings.ToValidUTF8(s[:most], ""))
	}
	return fmt.Sprintf("%q", s)
}

// foldAddress returns the form of an address that is the same for all ways to
// write it: brackets do not count, nor does the case of ASCII letters. Other
// letters are left alone: a Kelvin sign is no k.
func foldAddress(s string) string {
	b := []byte(daticert.TrimMessageID(s))
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}
