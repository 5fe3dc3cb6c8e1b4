package envelope

import (
	"bytes"
	"encoding/binary"
	"io"
	"strings"
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
func (or *original) rewritten(identifier, oldID string) (io.Reader, error) {
	var block []byte
	for _, f := range or.header.fields {
		if or.header.match(f, "Message-ID") || or.header.match(f, "X-Riferimento-Message-ID") {
			continue
		}
		block = append(appendCanonical(block, or.header.raw[f.start:f.end]), '\r', '\n')
	}
	fields := []Field{{Name: "Message-ID", Value: "<" + identifier + ">"}}
	if oldID != "" {
		fields = append(fields, Field{Name: "X-Riferimento-Message-ID", Value: oldID})
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

// inherit returns the fields of the names, as received, in the order of the
// original.
func (or *original) inherit(names ...string) []Field {
	var out []Field
	for _, f := range or.header.fields {
		for _, name := range names {
			if or.header.match(f, name) {
				out = append(out, Field{Name: name, Received: or.header.raw[f.start:f.end]})
			}
		}
	}
	return out
}

// messageID returns the original's Message-ID with its angle brackets.
func (or *original) messageID() string { return strings.TrimSpace(or.header.Get("Message-ID")) }
