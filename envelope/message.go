package envelope

import (
	"bytes"
	"crypto"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
)

// Form is how a message is signed.
type Form int

const (
	// FormNone: the message has no signature of its own.
	FormNone Form = iota
	// FormDetached: multipart/signed at the top, the only form of PEC (RFC
	// 6109 §2.1).
	FormDetached
	// FormOpaque: application/pkcs7-mime at the top. No PEC message is.
	FormOpaque
)

func (f Form) String() string { return [...]string{"none", "detached", "opaque"}[f] }

// Message is one message, read once into a model of exact byte ranges.
//
// Every accessor hands out what was scanned; nothing is serialised again. A
// Message is safe for concurrent use if its source is.
type Message struct {
	// Header is the top-level header block. No signature covers it.
	Header *Header
	// Class is what the message says it is (RFC 6109 appendix A), from
	// top-level headers and direct children only. It proves nothing.
	Class Class
	Form  Form
	// Root is the whole message as an entity.
	Root *Part
	// Signed is the entity that the signature covers; nil without one.
	Signed *Part
	// Text, Certification and Original are direct children of the signed
	// multipart: the readable text, daticert.xml and postacert.eml. Each is
	// nil when there is none, or when there are several to choose from.
	Text, Certification, Original *Part
	// Extra are the other direct children (provider-specific parts).
	Extra []*Part
	// SignaturePart is the part that holds the signature (smime.p7s).
	SignaturePart *Part
	// Findings is everything odd that was met.
	Findings []Finding

	src    io.ReaderAt
	whole  []byte // all of it, where it lies in memory
	size   int64
	opt    Options
	digest scanDigest
	closer func() error
}

// scanDigest is the digest of the signed part, taken during the scan.
type scanDigest struct {
	hash   crypto.Hash
	sum    []byte
	bareLF bool // line ends were canonicalised
	runs   bool // runs of CR before an LF
}

// wholeLimit is the size up to which a message is read into memory in one
// piece; larger ones pass through a window.
const wholeLimit = windowSize

// Open reads a message of size bytes. The source must not change while the
// Message is used; the Message does not close it. opt may be nil.
//
// The errors are ErrEmpty, ErrNotMessage, ErrTooLarge, ErrTooManyParts and those of
// the source; everything else that is wrong with a message is among its findings.
func Open(src io.ReaderAt, size int64, opt *Options) (*Message, error) {
	o := opt.withDefaults()
	if size > wholeLimit {
		return open(src, size, nil, o)
	}
	whole := make([]byte, max(size, 0))
	if n, err := src.ReadAt(whole, 0); n < len(whole) {
		if err == nil || err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		return nil, sourceError("source", int64(n), err)
	}
	return open(bytes.NewReader(whole), size, whole, o)
}

// OpenBytes reads a message that lies in memory, without copying it: the
// slice must not be modified while the Message is used.
func OpenBytes(message []byte, opt *Options) (*Message, error) {
	return open(bytes.NewReader(message), int64(len(message)), message, opt.withDefaults())
}

// Read reads a message from a plain reader: in memory up to
// Options.SpoolMemory, through a temporary file beyond it. Close the Message
// to remove the file.
func Read(r io.Reader, opt *Options) (*Message, error) {
	o := opt.withDefaults()
	s, err := newSpool(r, o)
	if err != nil {
		return nil, err
	}
	m, err := open(s.readerAt(), s.size, s.mem, o)
	if err != nil {
		_ = s.close()
		return nil, err
	}
	m.closer = s.close
	return m, nil
}

// OpenFile reads the message in a file, which stays open until Close.
func OpenFile(name string, opt *Options) (*Message, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		defer f.Close()
		return Read(f, opt)
	}
	var m *Message
	if err == nil {
		m, err = Open(f, info.Size(), opt)
	}
	if err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	m.closer = f.Close
	return m, nil
}

// Close releases what Read and OpenFile hold; after Open and OpenBytes it
// does nothing.
func (m *Message) Close() error {
	if m.closer == nil {
		return nil
	}
	err := m.closer()
	m.closer = nil
	return err
}

func open(src io.ReaderAt, size int64, whole []byte, opt Options) (*Message, error) {
	if size <= 0 {
		return nil, &Error{Where: "message", Offset: 0, Err: ErrEmpty}
	}
	if size > opt.MaxMessage {
		return nil, errorf("message", 0, ErrTooLarge, "%d bytes, want at most %d", size, opt.MaxMessage)
	}
	var found findings
	s, err := scan(src, 0, size, opt, &found, true, whole)
	if err != nil {
		return nil, err
	}
	if s.root.Header.Len() == 0 {
		return nil, &Error{Where: "message", Offset: 0, Err: ErrNotMessage}
	}
	m := &Message{Header: &s.root.Header, Root: s.root, src: src, whole: whole, size: size, opt: opt, digest: s.digest}
	if err := m.assign(&found); err != nil {
		return nil, err
	}
	m.classify(&found)
	m.Findings = found.list
	return m, nil
}

// Size returns the number of bytes of the message.
func (m *Message) Size() int64 { return m.size }

// Source returns the message's bytes, exactly as they were received.
func (m *Message) Source() *io.SectionReader { return io.NewSectionReader(m.src, 0, m.size) }

// assign gives the parts of a signed message their roles (RFC 6109 §4.3).
func (m *Message) assign(found *findings) error {
	switch m.Root.Type.Value {
	case "multipart/signed":
		return m.assignSigned(found)
	case "application/pkcs7-mime", "application/x-pkcs7-mime":
		m.Form = FormOpaque
		found.add("unexpected-form", "the message is "+m.Root.Type.Value+"; a certified message is multipart/signed")
	default:
		m.Root.Walk(func(p *Part) bool {
			if p.Type.Value == "multipart/signed" {
				found.add("not-top-level-signed", "a multipart/signed stands below the top of the message: it is content, not the message's signature")
				return false
			}
			return true
		})
	}
	return nil
}

func (m *Message) assignSigned(found *findings) error {
	parts := m.Root.Parts
	m.Form = FormDetached
	if len(parts) != 2 {
		found.add("signed-part-count", fmt.Sprintf("multipart/signed has %d parts, want 2 (RFC 1847 §2.1)", len(parts)))
		return nil
	}
	m.Signed, m.SignaturePart = parts[0], parts[1]
	if m.digest.bareLF {
		found.add("line-endings-changed", "the message is stored with bare LF line ends; its digest is taken over CR LF (RFC 8551 §3.1.1)")
	}
	if m.Root.near || m.Signed.near {
		found.add("boundary-prefix", "a line begins like a delimiter and is none; other programs may split the message there")
	}
	if err := m.reportAround(found); err != nil {
		return err
	}
	if !m.Signed.followed {
		return nil
	}
	if m.Signed.Type.Value != "multipart/mixed" {
		found.add("signed-not-mixed", "the signed entity is "+clip(m.Signed.Type.Value)+", want multipart/mixed")
	}
	m.assignChildren(found)
	return nil
}

// reportAround looks at the text before the first and behind the last
// delimiter, which nobody signs and some programs show.
func (m *Message) reportAround(found *findings) error {
	for _, around := range []struct {
		Range
		code, where string
		usual       []string
	}{
		{Range{m.Root.Body.Start, m.Root.firstEnd}, "preamble-text", "before", usualPreamble},
		{m.Root.epilogue, "epilogue-text", "behind", nil},
	} {
		text, more, err := m.visible(around.Range)
		if err != nil {
			return err
		}
		if len(text) > 0 && (more || !usual(text, around.usual)) {
			found.add(around.code, "unsigned text "+around.where+" the signed part: "+clip(string(text)))
		}
	}
	return nil
}

// usualPreamble are the texts that programs write before the first delimiter
// for readers without MIME.
var usualPreamble = []string{"This is an S/MIME signed message", "This is a multi-part message in MIME format"}

func usual(text []byte, list []string) bool {
	text = bytes.TrimRight(text, ".")
	return slices.ContainsFunc(list, func(one string) bool { return strings.EqualFold(one, string(text)) })
}

// visible returns the beginning of the text in a range, white space around it
// left out, and whether there is more.
func (m *Message) visible(r Range) (text []byte, more bool, err error) {
	const most = 200
	if m.whole != nil {
		text = bytes.TrimSpace(m.whole[r.Start:r.End])
		return text[:min(len(text), most)], len(text) > most, nil
	}
	buf := make([]byte, min(32<<10, r.Len()))
	for off := r.Start; off < r.End; off += int64(len(buf)) {
		chunk := buf[:min(int64(len(buf)), r.End-off)]
		if n, err := m.src.ReadAt(chunk, off); n < len(chunk) {
			return nil, false, sourceError("message", off, err)
		}
		if len(text) == 0 {
			chunk = bytes.TrimLeft(chunk, " \t\r\n\v\f")
		}
		take := min(len(chunk), most-len(text))
		text = append(text, chunk[:take]...)
		if len(bytes.TrimSpace(chunk[take:])) > 0 {
			return text, true, nil
		}
	}
	return bytes.TrimSpace(text), false, nil
}
