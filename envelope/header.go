package envelope

import (
	"bytes"
	"iter"
	"mime"
	"strings"
	"unicode/utf8"

	"github.com/emersion/go-message/charset"
)

// Header is one header block, kept byte for byte as it was received.
//
// Names are compared without regard to case (real providers write
// X-Tiporicevuta). A Header is read-only and safe for concurrent use.
type Header struct {
	text   string // values are parts of it
	fields []headerField
}

// headerField holds offsets into the text: name is text[start:name], the value
// text[value:end] with its folds and without its final line end.
type headerField struct{ start, name, value, end int32 }

// parseHeader indexes a block. It never fails: what is not a field is
// reported as a finding and skipped.
//
// The fields are appended to room, which may be nil and is not read.
func parseHeader(raw []byte, found *findings, room []headerField) Header {
	var h Header
	if len(raw) == 0 {
		return h
	}
	h.text = string(raw)
	h.fields = room[len(room):]
	crs := 0 // those that belong to a CR LF
	for pos := 0; pos < len(raw); {
		end, next := headerLine(raw, pos)
		crs += crBefore(end, next)
		for next < len(raw) && (raw[next] == ' ' || raw[next] == '\t') {
			end, next = headerLine(raw, next)
			crs += crBefore(end, next)
		}
		colon := bytes.IndexByte(raw[pos:end], ':')
		name := fieldName(raw[pos : pos+max(colon, 0)])
		switch {
		case name > 0:
			h.fields = append(h.fields, headerField{int32(pos), int32(pos + name), int32(pos + colon + 1), int32(end)})
		case pos == 0 && bytes.HasPrefix(raw, []byte("From ")):
			found.add("mbox-separator", "the message begins with the separator line of an mbox file")
		case end > pos:
			found.add("malformed-header-line", "not a header field: "+clip(string(raw[pos:end])))
		}
		pos = next
	}
	if bytes.IndexByte(raw, 0) >= 0 {
		found.add("nul-in-header", "a header block holds a NUL byte")
	}
	if bytes.Count(raw, crByte) != crs && loneCR(raw) {
		found.add("cr-in-header", "a header block holds a CR without its LF; other programs may break the line there")
	}
	return h
}

// crBefore counts the CR of a line end.
func crBefore(end, next int) int { return max(0, min(1, next-end-1)) }

var crByte = []byte{'\r'}

// loneCR finds a CR that is part of no line end. Runs of CRs before each and
// every LF are line ends that were converted twice; before some of them, they
// are odd.
func loneCR(raw []byte) bool {
	runs := 0
	for rest := raw; ; {
		i := bytes.IndexByte(rest, '\r')
		if i < 0 {
			return runs > 0 && runs < bytes.Count(raw, []byte("\n"))
		}
		n := len(rest) - i - len(bytes.TrimLeft(rest[i:], "\r"))
		rest = rest[i+n:]
		switch {
		case len(rest) > 0 && rest[0] != '\n':
			return true
		case n > 1:
			runs++
		}
	}
}

// headerLine returns the end of the line at pos without its line end, and
// the start of the next one.
func headerLine(raw []byte, pos int) (end, next int) {
	i := bytes.IndexByte(raw[pos:], '\n')
	if i < 0 {
		return len(raw), len(raw)
	}
	end, next = pos+i, pos+i+1
	for end > pos && raw[end-1] == '\r' {
		end--
	}
	return end, next
}

// fieldName returns the length of the RFC 5322 §2.2 name before a colon, 0 if
// there is none. White space before the colon is accepted, as its obsolete
// syntax does.
func fieldName(b []byte) int {
	n := len(b)
	for n > 0 && (b[n-1] == ' ' || b[n-1] == '\t') {
		n--
	}
	for _, c := range b[:n] {
		if c <= ' ' || c >= 127 {
			return 0
		}
	}
	return n
}

// Raw returns the block as it was received, without the empty line that ends
// it.
func (h *Header) Raw() []byte { return []byte(h.text) }

// Len returns the number of fields.
func (h *Header) Len() int { return len(h.fields) }

func (h *Header) name(f headerField) string { return h.text[f.start:f.name] }

func (h *Header) value(f headerField) string { return h.text[f.value:f.end] }

func (h *Header) match(f headerField, name string) bool {
	if int(f.name-f.start) != len(name) {
		return false
	}
	b := h.text[f.start:f.name]
	for i := 0; i < len(name); i++ {
		if b[i] != name[i] && lower(b[i]) != lower(name[i]) {
			return false
		}
	}
	return true
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}

// raw value of the first field of the name.
func (h *Header) find(name string) (string, bool) {
	for _, f := range h.fields {
		if h.match(f, name) {
			return h.value(f), true
		}
	}
	return "", false
}

// Has tells whether a field of the name is there, even an empty one.
func (h *Header) Has(name string) bool {
	_, ok := h.find(name)
	return ok
}

// Get returns the value of the first field of the name, unfolded and
// trimmed, with encoded words left as they are.
func (h *Header) Get(name string) string {
	v, _ := h.find(name)
	return unfold(v)
}

// Count returns how many fields have the name.
func (h *Header) Count(name string) int {
	n := 0
	for _, f := range h.fields {
		if h.match(f, name) {
			n++
		}
	}
	return n
}

// Values returns the unfolded values of all fields of the name, in order.
func (h *Header) Values(name string) []string {
	var all []string
	for _, f := range h.fields {
		if h.match(f, name) {
			all = append(all, unfold(h.value(f)))
		}
	}
	return all
}

// Text returns the value of the first field of the name as readable text:
// unfolded, with the encoded words of RFC 2047 decoded, whatever their
// charset. What cannot be decoded is returned as it stands.
func (h *Header) Text(name string) string { return DecodeText(h.Get(name)) }

// All iterates over the fields in order, as names and unfolded values.
func (h *Header) All() iter.Seq2[string, string] {
	return func(yield func(string, string) bool) {
		for _, f := range h.fields {
			if !yield(h.name(f), unfold(h.value(f))) {
				return
			}
		}
	}
}

// RawField returns the first field of the name as it was received, from its
// name to the end of its last line, line end excluded.
func (h *Header) RawField(name string) []byte {
	for _, f := range h.fields {
		if h.match(f, name) {
			return []byte(h.text[f.start:f.end])
		}
	}
	return nil
}

// RawFields returns every field of the name as it was received.
func (h *Header) RawFields(name string) [][]byte {
	var all [][]byte
	for _, f := range h.fields {
		if h.match(f, name) {
			all = append(all, []byte(h.text[f.start:f.end]))
		}
	}
	return all
}

// unfold removes line ends (RFC 5322 §2.2.3) and the white space around the
// value; invalid UTF-8 is read as ISO-8859-1 so that nothing is lost.
func unfold(v string) string {
	v = strings.TrimSpace(v)
	if strings.IndexByte(v, '\n') < 0 {
		return validText(v)
	}
	var out strings.Builder
	out.Grow(len(v))
	for line := range strings.Lines(v) {
		line = strings.TrimSuffix(line, "\n")
		out.WriteString(strings.TrimRight(line, "\r"))
	}
	return validText(out.String())
}

func validText(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	runes := make([]rune, len(s))
	for i := range len(s) {
		runes[i] = rune(s[i])
	}
	return string(runes)
}

// DecodeText decodes the encoded words of RFC 2047 in a header value,
// whatever their charset. What cannot be decoded is returned as it stands.
func DecodeText(s string) string {
	if !strings.Contains(s, "=?") {
		return s
	}
	dec := mime.WordDecoder{CharsetReader: charset.Reader}
	text, err := dec.DecodeHeader(s)
	if err != nil {
		return s
	}
	return text
}

// clip bounds what a finding quotes from a message.
func clip(s string) string {
	const most = 120
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "…"
}
