package envelope

import (
	"bytes"
	"encoding/binary"
	"io"
	"strings"

	"github.com/certmail/certmail/internal/catalogue"
	"github.com/certmail/certmail/internal/mimeword"
	"github.com/certmail/certmail/internal/usertext"
)

// original is a submitted or received message that is about to be enveloped.
type original struct {
	header   Header
	src      *io.SectionReader
	body     int64 // offset of what follows the header block and its empty line
	hasBody  bool
	eightBit bool
}

// readOriginal reads the header and looks through the body for bytes above
// 127. src is read twice in all, never kept in memory.
func readOriginal(src *io.SectionReader, opt *Options) (*original, error) {
	o := opt.withDefaults()
	if src == nil || src.Size() == 0 {
		return nil, &Error{Where: "original", Offset: 0, Err: ErrEmpty}
	}
	block, body, err := readHeaderBlock(src, o.MaxHeader)
	if err != nil {
		return nil, err
	}
	or := &original{src: src, body: int64(body), hasBody: int64(body) < src.Size()}
	or.header = parseHeader(block, nil, nil)
	or.eightBit, err = hasEightBit(src)
	return or, err
}

// readHeaderBlock returns the header block without its empty line, and the
// offset behind that line.
func readHeaderBlock(src *io.SectionReader, limit int) ([]byte, int, error) {
	var block []byte
	for {
		chunk := make([]byte, max(1024, len(block)))
		n, err := src.ReadAt(chunk, int64(len(block)))
		block = append(block, chunk[:n]...)
		if end, body, ok := headerEnd(block); ok {
			return block[:end:end], body, nil
		}
		if err == io.EOF || n == 0 && err == nil {
			return block, len(block), nil
		}
		if err != nil {
			return nil, 0, sourceError("original", int64(len(block)), err)
		}
		if len(block) > limit {
			return nil, 0, errorf("original", 0, ErrTooLarge, "a header block of more than %d bytes", limit)
		}
	}
}

// headerEnd finds the empty line.
func headerEnd(block []byte) (end, body int, ok bool) {
	for pos := 0; pos < len(block); {
		i := bytes.IndexByte(block[pos:], '\n')
		if i < 0 {
			return 0, 0, false
		}
		if len(bytes.TrimRight(block[pos:pos+i], "\r")) == 0 {
			return pos, pos + i + 1, true
		}
		pos += i + 1
	}
	return 0, 0, false
}

func hasEightBit(src *io.SectionReader) (bool, error) {
	window := windows.Get().(*[]byte)
	defer windows.Put(window)
	buf := *window
	for off := int64(0); off < src.Size(); {
		n, err := src.ReadAt(buf, off)
		if highBit(buf[:n]) {
			return true, nil
		}
		off += int64(n)
		if err == io.EOF {
			break
		}
		if err != nil {
			return false, sourceError("original", off, err)
		}
	}
	return false, nil
}

func highBit(b []byte) bool {
	for ; len(b) >= 8; b = b[8:] {
		if binary.LittleEndian.Uint64(b)&0x8080808080808080 != 0 {
			return true
		}
	}
	for _, c := range b {
		if c >= 0x80 {
			return true
		}
	}
	return false
}

// rewritten is the original as the transport envelope carries it: unchanged
// but for its Message-ID, which becomes the identifier, and the old one, kept
// in X-Riferimento-Message-ID. Both stand at the end of the header block, as
// all real providers write them (RFC 6109 §2.2.1). A reference that the
// sender's program had put there is dropped: only the provider may state it.
// What is no field stays too.
func (or *original) rewritten(identifier, oldID string) (io.Reader, error) {
	var block []byte
	raw, from := or.header.Raw(), 0
	for _, f := range or.header.fields {
		if or.header.match(f, "Message-ID") || or.header.match(f, catalogue.HeaderReference) {
			block = appendCanonical(block, raw[from:f.start])
			_, from = headerLine(raw, int(f.end))
		}
	}
	block = appendCanonical(block, raw[from:])
	if len(block) > 0 && block[len(block)-1] != '\n' {
		block = append(block, '\r', '\n')
	}
	fields := []Field{{Name: "Message-ID", Value: "<" + identifier + ">"}}
	if oldID != "" {
		fields = append(fields, reference(oldID))
	}
	for i := range fields {
		var err error
		if block, err = fields[i].append(block); err != nil {
			return nil, err
		}
	}
	block = append(block, '\r', '\n')
	return io.MultiReader(bytes.NewReader(block), io.NewSectionReader(or.src, or.body, or.src.Size()-or.body)), nil
}

// inherit returns all fields of the names, as received, in the order of the
// original. These are trace fields, of which there may be any number.
func (or *original) inherit(names ...string) []Field {
	var out []Field
	for _, f := range or.header.fields {
		for _, name := range names {
			if or.header.match(f, name) {
				out = append(out, Field{Name: name, Received: []byte(or.header.text[f.start:f.end])})
			}
		}
	}
	return out
}

// inheritList returns the one field of a name that holds a list of addresses,
// as received. Where the original has several, which RFC 5322 §3.6 does not
// allow, their lists become one: what the envelope says is then the same to
// all who read it.
func (or *original) inheritList(name string) []Field {
	one := append([]byte(name), ':')
	n := 0
	for _, f := range or.header.fields {
		if !or.header.match(f, name) {
			continue
		}
		list := strings.Trim(or.header.text[f.value:f.end], " \t\r\n\x00,")
		if len(list) == 0 {
			continue
		}
		if n++; n > 1 {
			one = append(one, ",\r\n"...)
		}
		one = append(append(one, ' '), list...)
	}
	if or.header.Count(name) > 1 && n > 0 {
		return []Field{{Name: name, Received: one}}
	}
	return or.inheritFirst(name)
}

// inheritFirst returns the first field of a name, as received.
func (or *original) inheritFirst(name string) []Field {
	if raw := or.header.RawField(name); raw != nil {
		return []Field{{Name: name, Received: raw}}
	}
	return nil
}

// line returns an unfolded value of the original's as the provider may write
// it into a header of its own (package usertext has the rule).
func (or *original) line(name string) string { return usertext.Line(or.header.Get(name)) }

// subject returns the decoded Subject as it is certified: what XML 1.0 cannot
// hold, a NUL above all, is U+FFFD in it.
func (or *original) subject() string { return usertext.Certifiable(or.header.Text("Subject")) }

// messageID returns the original's Message-ID, with its angle brackets, as the
// sender's program wrote it: not decoded. Control characters are spaces, so
// that certification data and header say the same.
func (or *original) messageID() string { return usertext.Certifiable(or.line("Message-ID")) }

// reference is X-Riferimento-Message-ID.
func reference(id string) Field { return IDField(catalogue.HeaderReference, id) }

// IDField is a field that repeats the id of somebody else's message. An id in
// ASCII is written as it is, even when it looks like an encoded word, so that
// programs that compare find it; one that RFC 5322 does not allow, or too long
// for a line, in encoded words. The id must hold no control characters.
func IDField(name, id string) Field {
	head := name + ": "
	if !isASCII(id) || len(head)+len(id) > 998 {
		id = strings.Join(mimeword.Encode(id, 76-len(head)), "\r\n ")
	}
	return Field{Name: name, Received: []byte(head + id)}
}
