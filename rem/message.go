package rem

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"

	"github.com/certmail/certmail/envelope"
	"github.com/certmail/certmail/rem/evidence"
	"github.com/certmail/certmail/trust"
)

// Finding is something odd that was met and did not stop the reading.
type Finding = trust.Finding

// Options bounds the reading of a message. The zero value and nil mean the
// defaults.
type Options struct {
	Envelope envelope.Options
	Evidence evidence.Options
	// MaxEvidence is how many evidence documents are read (default 64), and
	// MaxEvidenceSize how large one may be, in bytes (default 4 MiB).
	MaxEvidence, MaxEvidenceSize int
}

func (o *Options) orDefaults() Options {
	var v Options
	if o != nil {
		v = *o
	}
	if v.MaxEvidence <= 0 {
		v.MaxEvidence = 64
	}
	if v.MaxEvidenceSize <= 0 {
		v.MaxEvidenceSize = 4 << 20
	}
	return v
}

// Message is a message that was read and not judged: everything in it is what
// it says of itself. Verify it before believing any of it.
type Message struct {
	// Kind is what the message says it is.
	Kind Kind
	// HeadersMissing tells that Kind was taken from the parts alone.
	HeadersMissing bool
	// Envelope gives access to headers, parts and exact bytes.
	Envelope *envelope.Message
	// Introduction is the text that the service wrote, Original the message
	// that was sent, each nil when there is none or several to choose from.
	Introduction, Original *envelope.Part
	// Evidence are the XML evidence documents, in their order.
	Evidence []EvidencePart
	// PDF are evidence documents for people, of which nothing is read.
	PDF []*envelope.Part
	// Extensions are the extension parts, Extra the parts of no known role.
	Extensions []Extension
	Extra      []*envelope.Part
	// Findings is everything odd that was met while reading.
	Findings []Finding

	opt           Options
	originals     int    // how many parts could be the original
	contradiction string // between header and parts
	first         [1]EvidencePart
}

// EvidencePart is one XML evidence of a message.
type EvidencePart struct {
	// Part is where it stands, Name its file name.
	Part *envelope.Part
	Name string
	// Document is what it says; nil when it cannot be read, and then Err says
	// why.
	Document *evidence.Evidence
	Err      error

	text   string
	opened *evidence.Document
}

// Bytes returns a copy of the document exactly as it stands in the message, but
// for its transfer encoding; nil when that could not be undone.
func (e *EvidencePart) Bytes() []byte {
	if e.text == "" {
		return nil
	}
	return []byte(e.text)
}

// Extension is an extension part (EN 319 532-3 §6.2.5): what a service adds
// beyond the standard.
type Extension struct {
	Part *envelope.Part
	// Name is the name of the extension, Code its REM-Extension-Code (the code
	// of a component, such as I06), Namespace its REM-Extension-Namespace-URI.
	Name, Code, Namespace string
}

// Parse reads a message of size bytes. The source must not change while the
// Message is in use, and is not closed by it. The errors are
// envelope.ErrEmpty, envelope.ErrNotMessage, the limits and the source's;
// whatever else is odd about a message is a finding. A message that is not
// REM is read too: its kind is KindOrdinary.
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
// caller's business or becomes that of the Message. Ask Is first where the
// message may be PEC.
func FromEnvelope(e *envelope.Message, opt *Options) (*Message, error) {
	return newMessage(e, nil, opt.orDefaults())
}

// Close releases the file behind a message from Read or OpenFile.
func (m *Message) Close() error { return m.Envelope.Close() }

func newMessage(e *envelope.Message, err error, opt Options) (*Message, error) {
	if err != nil {
		return nil, err
	}
	m := &Message{Kind: KindOrdinary, Envelope: e, opt: opt}
	m.takeFindings()
	if !Is(e) {
		m.recognise()
		return m, nil
	}
	m.assign()
	m.classify()
	for i := range m.Evidence {
		m.readEvidence(i)
	}
	m.compareTransactions()
	return m, nil
}

// takeFindings leaves out what the envelope finds strange because it is not
// PEC.
func (m *Message) takeFindings() {
	for _, f := range m.Envelope.Findings {
		if f.Code != "duplicate-original" && f.Code != "duplicate-daticert" {
			m.Findings = append(m.Findings, Finding(f))
		}
	}
}

// maxFindings bounds what a hostile message can make us collect.
const maxFindings = 500

func (m *Message) find(code, detail string) {
	if len(m.Findings) >= maxFindings {
		return
	}
	m.Findings = append(m.Findings, Finding{Code: code, Detail: detail})
}

// readEvidence decodes and reads one document.
func (m *Message) readEvidence(i int) {
	e := &m.Evidence[i]
	if e.text, e.Err = textOf(e.Part, int64(m.opt.MaxEvidenceSize)); e.Err == nil {
		if e.opened, e.Err = evidence.OpenString(e.text, &m.opt.Evidence); e.Err == nil {
			e.Document = e.opened.Evidence()
		}
	}
	if e.Err != nil {
		m.find("evidence-unreadable", "evidence "+e.label(i)+": "+e.Err.Error())
		return
	}
	for _, f := range e.Document.Findings {
		m.find(f.Code, "evidence "+e.label(i)+": "+f.Detail)
	}
	if want := string(e.Document.Event); want != "" && e.Name != "" && !strings.EqualFold(strings.TrimSuffix(e.Name, ".xml"), want) {
		m.find("evidence-name", "evidence "+e.label(i)+" is named "+excerpt(e.Name)+", want "+want+".xml")
	}
}

// rooms are what evidence is decoded in.
var rooms = sync.Pool{New: func() any { return new([]byte) }}

// textOf decodes a part of at most size octets.
func textOf(p *envelope.Part, size int64) (string, error) {
	const most = 256 << 10 // of what is kept
	room := rooms.Get().(*[]byte)
	*room = slices.Grow((*room)[:0], int(min(p.Body.Len()*3/4+8, size))) // most are in base64
	all, err := p.AppendBytes(*room, size)
	text := string(all) // empty with an error
	if cap(*room) <= most {
		rooms.Put(room)
	}
	return text, err
}

// label names an evidence for people: its number from 1 and its file name.
func (e *EvidencePart) label(i int) string {
	if e.Name == "" {
		return fmt.Sprint(i + 1)
	}
	return fmt.Sprintf("%d (%s)", i+1, excerpt(e.Name))
}

// compareTransactions looks for evidence of several transactions in one
// message, which no service writes.
func (m *Message) compareTransactions() {
	var first *evidence.Evidence
	for i := range m.Evidence {
		switch d := m.Evidence[i].Document; {
		case d == nil:
		case first == nil:
			first = d
		case d.MessageID != first.MessageID:
			m.find("several-transactions", "evidence of "+excerpt(first.MessageID)+" and of "+excerpt(d.MessageID)+" in one message")
			return
		}
	}
}

// main returns the number of the evidence that the outer header speaks of: the
// one whose id it gives, else the first that can be read; -1 without any.
func (m *Message) main() int {
	first := -1
	id := ""
	if len(m.Evidence) > 1 {
		id = bare(m.Envelope.Header.Get(headerEvidenceID))
	}
	for i := range m.Evidence {
		e := &m.Evidence[i]
		if e.Document == nil {
			continue
		}
		if first < 0 {
			first = i
		}
		if id != "" && e.Document.ID == id {
			return i
		}
	}
	return first
}

// document is what the main evidence says, nil without one.
func (m *Message) document() *evidence.Evidence {
	if i := m.main(); i >= 0 {
		return m.Evidence[i].Document
	}
	return nil
}
