package pec

import (
	"bytes"
	"errors"
	"io"
	"net/mail"
	"os"
	"path/filepath"
	"time"

	"github.com/certmail/certmail/daticert"
)

// Address is a mailbox with an optional display name.
type Address = mail.Address

// Addresses makes a list of bare addresses (ufficio@pec.example): a name to be
// shown goes into Address.Name. They are checked by Compose.
func Addresses(address ...string) []Address {
	list := make([]Address, len(address))
	for i, a := range address {
		list[i].Address = a
	}
	return list
}

// Draft is a message to be submitted to one's own provider, which will wrap and
// sign it: the sender's side writes an ordinary message that keeps the rules of
// RFC 6109 §3.1.1.
//
// Addresses are dot-atom@domain in ASCII (write an international domain in its
// xn-- form); quoted local parts and address literals are refused. Text values
// are UTF-8; line ends and other control characters in header values are
// refused, never repaired.
type Draft struct {
	// From is the one author. It must be the account's own address; Client.Send
	// and SendAll fill it in where it is empty.
	From Address
	// To are the primary recipients, at least one. They get the delivery
	// receipt of the form asked for, those in Cc always the concise one.
	To, Cc []Address
	// Bcc must be empty: certified mail has no blind copies. The field exists so
	// that a program that fills it gets ErrBlindCopy and not a silent loss.
	Bcc []Address
	// ReplyTo is where answers go; it is certified as risposte.
	ReplyTo []Address
	// Subject, of at most 64 KiB; none is written when empty.
	Subject string
	// Text and HTML are the readable text, in any line ends. When both are given
	// they must say the same. A line end is added at the end where none is.
	Text, HTML string
	// Attachments in order.
	Attachments []File
	// ReceiptType asks for a form of delivery receipt (ricevuta di avvenuta
	// consegna, RFC 6109 §3.3.2). Empty writes no X-TipoRicevuta, which means
	// complete; each of the three legal values is written as it stands,
	// ReceiptComplete too, so that the request can be made explicit.
	ReceiptType daticert.ReceiptType
	// MessageID replaces the generated one, with or without angle brackets. It
	// must be unique among all that the sender ever sends.
	MessageID string
	// Date of writing; the clock of the options when zero.
	Date time.Time
	// InReplyTo and References are ids of earlier messages, with or without
	// angle brackets.
	InReplyTo, References []string
	// Header are further fields. None that Compose writes itself, that is added
	// in transit or that only a provider may write.
	Header []HeaderField
}

// HeaderField is a further header field, its value plain text in UTF-8.
type HeaderField struct{ Name, Value string }

// File is an attachment to be sent. It is read once, while the message is
// written, and never held in memory.
type File struct {
	// Name as the recipient shall see it, at most 255 bytes. It is required: a
	// brief receipt replaces attachments by their hash only where they have a
	// name (RFC 6109 §3.3.2.2).
	Name string
	// Type is the media type; application/octet-stream when empty. multipart/*
	// and message/* may not be transfer-encoded (RFC 2045 §6.4) and are refused:
	// attach a message, byte for byte, as application/octet-stream.
	Type string
	// Open returns the content; the reader is closed when it was read.
	Open func() (io.ReadCloser, error)
}

// FileBytes makes an attachment of data in memory.
func FileBytes(name, mediaType string, data []byte) File {
	return File{Name: name, Type: mediaType, Open: func() (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(data)), nil
	}}
}

// FileReader makes an attachment of a reader, which can be read once: the draft
// can then be composed once.
func FileReader(name, mediaType string, r io.Reader) File {
	used := false
	return File{Name: name, Type: mediaType, Open: func() (io.ReadCloser, error) {
		if used || r == nil {
			return nil, errors.New("the reader of the attachment was used before")
		}
		used = true
		return io.NopCloser(r), nil
	}}
}

// FilePath makes an attachment of a file, named by the last element of path and
// opened while the message is written.
func FilePath(path, mediaType string) File {
	return File{Name: filepath.Base(path), Type: mediaType, Open: func() (io.ReadCloser, error) {
		return os.Open(path)
	}}
}
