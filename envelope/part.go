package envelope

import (
	"bytes"
	"io"
	"strings"
)

// Range is a half-open range of byte offsets in the message's source.
type Range struct{ Start, End int64 }

// Len returns the number of bytes.
func (r Range) Len() int64 { return r.End - r.Start }

// Part is one MIME entity of a message, known by its exact byte ranges.
// Parts are read-only and safe for concurrent use as long as the source is.
type Part struct {
	// Header is the part's own header block.
	Header Header
	// Type is the parsed Content-Type; a part without one is text/plain
	// (RFC 2045 §5.2).
	Type MediaType
	// Entity covers header, empty line and body; Body the body alone. The
	// line end before a delimiter belongs to neither (RFC 2046 §5.1.1).
	Entity, Body Range
	// Parts are the direct children of a multipart that was followed.
	Parts []*Part

	name        string
	boundary    string
	depth       int
	followed    bool  // its children were looked for
	open        bool  // its close delimiter is missing
	firstEnd    int64 // end of the preamble
	epilogue    Range
	near        bool   // a line began like its delimiter and was none
	kept        []byte // body bytes taken during the scan
	keepDropped bool
	src         io.ReaderAt
}

// Name returns the file name of a part as people should see it: the filename
// of Content-Disposition, else the name of Content-Type, RFC 2231 and (though
// not legal there) RFC 2047 decoded. It may hold anything: never use it as a
// path.
func (p *Part) Name() string { return p.name }

func (p *Part) readName() string {
	if v, ok := p.Header.find("Content-Disposition"); ok {
		m := MediaType{params: unfold(v), extended: strings.IndexByte(v, '*') >= 0}
		if name := m.Param("filename"); name != "" {
			return DecodeText(name)
		}
	}
	return DecodeText(p.Type.Param("name"))
}

// Disposition returns the parsed Content-Disposition.
func (p *Part) Disposition() MediaType {
	return parseMediaType(p.Header.Get("Content-Disposition"))
}

// Encoding returns the Content-Transfer-Encoding in lower case, "" when the
// part states none.
func (p *Part) Encoding() string {
	v, _ := p.Header.find("Content-Transfer-Encoding")
	return strings.ToLower(strings.TrimSpace(dropComment(unfold(v))))
}

// Raw returns a reader over the part's body as it stands in the message,
// still transfer-encoded.
func (p *Part) Raw() *io.SectionReader {
	if p.kept != nil {
		return io.NewSectionReader(bytes.NewReader(p.kept), 0, int64(len(p.kept)))
	}
	return io.NewSectionReader(p.src, p.Body.Start, p.Body.Len())
}

// WholeEntity returns a reader over header and body as they stand in the
// message.
func (p *Part) WholeEntity() *io.SectionReader {
	return io.NewSectionReader(p.src, p.Entity.Start, p.Entity.Len())
}

// Walk calls visit for the part and all parts below it, depth first, until
// visit returns false.
func (p *Part) Walk(visit func(*Part) bool) bool {
	if !visit(p) {
		return false
	}
	for _, child := range p.Parts {
		if !child.Walk(visit) {
			return false
		}
	}
	return true
}
