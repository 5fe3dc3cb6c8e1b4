package pec

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/certmail/certmail/daticert"
	"github.com/certmail/certmail/envelope"
	"github.com/certmail/certmail/internal/catalogue"
)

// Finding is something odd that was met and did not stop the reading.
type Finding = daticert.Finding

// Options bounds the reading of a message. The zero value and nil mean the
// defaults.
type Options struct {
	Envelope envelope.Options
	Daticert daticert.Options
}

// Message is a message that was read and not judged: everything in it is what
// it says of itself. Verify it before believing any of it.
type Message struct {
	// Kind is what the message says it is.
	Kind Kind
	// Envelope gives access to headers, parts and exact bytes.
	Envelope *envelope.Message
	// Data are the certification data, nil without any or when they cannot be
	// read (then a finding says why).
	Data *daticert.Data
	// Findings is everything odd that was met while reading.
	Findings []Finding

	opt     Options
	dataErr error
	time    time.Time // of the certification data
	timeErr error
}

// Parse reads a message of size bytes. The source must not change while the
// Message is in use, and is not closed by it. The errors are
// envelope.ErrEmpty, envelope.ErrNotMessage, the limits and the source's;
// whatever else is odd about a message is a finding.
func Parse(src io.ReaderAt, size int64, opt *Options) (*Message, error) {
	o := opt.orDefaults()
	e, err := envelope.Open(src, size, &o.Envelope)
	return newMessage(e, err, o)
}

// ParseBytes reads a message in memory, which must not be modified while the
// Message is in use.
func ParseBytes(message []byte, opt *Options) (*Message, error) {
	o := opt.orDefaults()
	e, err := envelope.OpenBytes(message, &o.Envelope)
	return newMessage(e, err, o)
}

// Read reads a message from a plain reader: a large one goes to a temporary
// file, which Close removes.
func Read(r io.Reader, opt *Options) (*Message, error) {
	o := opt.orDefaults()
	e, err := envelope.Read(r, &o.Envelope)
	return newMessage(e, err, o)
}

// OpenFile reads the message in a file, which stays open until Close.
func OpenFile(name string, opt *Options) (*Message, error) {
	o := opt.orDefaults()
	e, err := envelope.OpenFile(name, &o.Envelope)
	return newMessage(e, err, o)
}

// FromEnvelope reads a message that is open already; closing it stays the
// caller's business or becomes that of the Message. Package rem has the same:
// a caller of both opens a message once and asks rem.Is.
func FromEnvelope(e *envelope.Message, opt *Options) (*Message, error) {
	return newMessage(e, nil, opt.orDefaults())
}

func (o *Options) orDefaults() Options {
	if o == nil {
		return Options{}
	}
	return *o
}

// Close releases the file behind a message from Read or OpenFile.
func (m *Message) Close() error { return m.Envelope.Close() }

func newMessage(e *envelope.Message, err error, opt Options) (*Message, error) {
	if err != nil {
		return nil, err
	}
	m := &Message{Envelope: e, Findings: e.Findings, opt: opt}
	m.readData()
	m.Kind = kindOf(e.Class, m.Data)
	return m, nil
}

// documents are reused: daticert.Parse keeps no reference to what it is given.
var documents = sync.Pool{New: func() any { b := make([]byte, 0, 2048); return &b }}

// readData parses the certification data from the bytes taken during the
// scan, the same that were digested.
func (m *Message) readData() {
	part := m.Envelope.Certification
	if part == nil {
		return
	}
	limit := m.opt.Daticert.MaxSize
	if limit <= 0 {
		limit = daticert.DefaultMaxSize
	}
	room := documents.Get().(*[]byte)
	defer documents.Put(room)
	raw, err := part.AppendBytes((*room)[:0], int64(limit))
	if cap(raw) <= 64<<10 && raw != nil {
		*room = raw[:0]
	}
	if err == nil {
		m.Data, err = daticert.Parse(raw, &m.opt.Daticert)
	}
	if err != nil {
		m.dataErr = err
		m.find("certification-data-unreadable", err.Error())
		return
	}
	m.time, m.timeErr = m.Data.Date.Time()
	m.addFindings(m.Data.Findings)
}

func (m *Message) find(code, detail string) {
	m.addFindings([]Finding{{Code: code, Detail: detail}})
}

// addFindings never appends to a slice that the envelope owns.
func (m *Message) addFindings(more []Finding) {
	if len(more) > 0 {
		m.Findings = append(m.Findings[:len(m.Findings):len(m.Findings)], more...)
	}
}

// MessageID returns the message's own Message-ID without angle brackets.
func (m *Message) MessageID() string {
	return daticert.TrimMessageID(m.Envelope.Header.Get("Message-ID"))
}

// RefMessageID returns the client's id of the message that this one speaks
// of, without angle brackets: dati/msgid, else X-Riferimento-Message-ID.
func (m *Message) RefMessageID() string {
	if m.Data != nil && m.Data.MessageID != "" {
		return daticert.TrimMessageID(m.Data.MessageID)
	}
	return daticert.TrimMessageID(m.Envelope.Header.Get(catalogue.HeaderReference))
}

// Identifier returns the PEC identifier (identificativo), or "".
func (m *Message) Identifier() string {
	if m.Data == nil {
		return ""
	}
	return m.Data.Identifier
}

// Sender returns the address of the real sender: mittente of the
// certification data, else the Return-Path of an envelope, else the address in
// the display name "Per conto di: …"; for ordinary mail the From address. Only
// the first is ever certified.
func (m *Message) Sender() string {
	h := m.Envelope.Header
	if m.Data != nil && m.Data.Sender != "" {
		return m.Data.Sender
	}
	switch m.Kind {
	case KindTransport, KindAnomaly:
		if path := strings.Trim(h.Get("Return-Path"), "<> "); strings.Contains(path, "@") {
			return path
		}
		if name := onBehalfOf(h.Get("From")); name != "" {
			return name
		}
	}
	from, err := h.Author()
	if err != nil {
		return ""
	}
	return from.Address
}

// Subject returns the subject of the message that was sent: oggetto of the
// certification data, else the Subject header without the one prefix that
// fits the kind.
func (m *Message) Subject() string {
	if m.Data != nil && m.Data.HasSubject {
		return m.Data.Subject
	}
	subject := m.Envelope.Header.Text("Subject")
	if row, ok := m.row(); ok {
		subject, _ = catalogue.StripPrefix(&row, subject)
	}
	return subject
}

// row is the catalogue's row of the message's kind.
func (m *Message) row() (catalogue.Row, bool) {
	switch m.Kind {
	case KindTransport:
		return catalogue.ByID(catalogue.TransportEnvelope)
	case KindAnomaly:
		return catalogue.ByID(catalogue.AnomalyEnvelope)
	case KindOrdinary, KindUnknown:
		return catalogue.Row{}, false
	}
	virus := strings.EqualFold(m.Envelope.Header.Get(catalogue.HeaderSecurity), catalogue.SecurityError)
	return catalogue.ByRicevuta(string(m.Kind), virus)
}

// Time returns the time of the certified event, or an error when there is
// none or it is no date.
func (m *Message) Time() (time.Time, error) {
	if m.Data == nil {
		return time.Time{}, fmt.Errorf("pec: event time: %w", ErrNoCertificationData)
	}
	return m.time, m.timeErr
}

// Text returns the readable text of the message that was sent, for receipts
// and notices that of the provider. It is decoded whatever its charset, and
// HTML is returned only where there is no plain text. At most limit bytes are
// read.
func (m *Message) Text(limit int64) (string, error) {
	if m.Envelope.Original != nil {
		o, err := m.Original()
		if err != nil {
			return "", err
		}
		defer o.Close()
		return o.Text(limit)
	}
	src := m.Envelope.Source()
	if m.Envelope.Text != nil {
		src = m.Envelope.Text.WholeEntity()
	}
	root, _, err := envelope.Structure(src, &m.opt.Envelope)
	if err != nil {
		return "", err
	}
	return readableText(root, limit)
}
