package envelope

import (
	"bytes"
)

// newPart takes a part from a slab: most messages have fewer than six.
func (s *scanner) newPart() *Part {
	if len(s.slab) == 0 {
		s.slab = make([]Part, 6)
	}
	p := &s.slab[0]
	s.slab = s.slab[1:]
	p.src = s.src
	return p
}

// tryDelimiter handles a line that begins with two hyphens.
func (s *scanner) tryDelimiter(w []byte) (bool, error) {
	for level := len(s.stack) - 1; level >= 0; level-- {
		switch kind := matchDelimiter(w, s.stack[level].boundary); kind {
		case nearDelimiter:
			s.stack[level].near = true
		case openDelimiter, closeDelimiter:
			return true, s.delimit(level, kind, lineLength(w))
		}
	}
	return false, nil
}

// delimit ends the part before a delimiter and begins the one after it.
func (s *scanner) delimit(level int, kind delimiter, length int) error {
	multi := s.stack[level]
	lineStart, textEnd := s.at(s.pos), s.lastLF
	if s.header {
		// The part ended inside its header.
		text := max(int(textEnd-s.base), s.keep)
		if err := s.endHeader(text, text); err != nil {
			return err
		}
	}
	s.endKept(max(int(textEnd-s.base), 0))
	for len(s.stack)-1 > level {
		inner := s.stack[len(s.stack)-1]
		inner.open = true
		s.closePart(inner, textEnd)
		s.stack = s.stack[:len(s.stack)-1]
	}
	if n := len(multi.Parts); n > 0 {
		s.closePart(multi.Parts[n-1], textEnd)
	} else {
		multi.firstEnd = max(textEnd, multi.Body.Start)
	}
	if s.tapping && level == 0 {
		s.endTap(textEnd)
	}
	// The end of the delimiter line may belong to the next delimiter.
	s.lastLF = s.at(s.pos + length)
	if s.buf[s.pos+length-1] == '\n' {
		s.lastLF = s.at(s.lineEnd(s.pos, s.pos+length-1))
	}
	s.pos += length
	if kind == closeDelimiter {
		multi.open = false
		multi.epilogue = Range{s.at(s.pos), s.at(s.pos)}
		s.stack = s.stack[:level]
		s.current = multi
		s.header = false
		return nil
	}
	if s.parts++; s.parts > s.opt.MaxParts {
		return errorf("message", lineStart, ErrTooManyParts, "more than %d", s.opt.MaxParts)
	}
	child := s.newPart()
	child.Entity, child.depth = Range{s.at(s.pos), s.end}, multi.depth+1
	if multi.Parts == nil && cap(s.kids)-len(s.kids) >= 4 {
		multi.Parts = s.kids[len(s.kids) : len(s.kids) : len(s.kids)+4]
		s.kids = s.kids[:len(s.kids)+4]
	}
	multi.Parts = append(multi.Parts, child)
	if level == 0 && len(multi.Parts) == 1 && s.hint != 0 {
		s.tapping, s.tapFrom, s.bare = true, s.pos, false
	}
	s.begin(child)
	return nil
}

// begin starts the header of a part.
func (s *scanner) begin(p *Part) {
	s.current, s.header, s.keep = p, true, s.pos
	s.fields, s.plainFields, s.headerCRs = s.room[len(s.room):], true, 0
}

// endHeader indexes the header that ends at index end; the body begins at
// index body.
func (s *scanner) endHeader(end, body int) error {
	p := s.current
	raw := s.buf[s.keep:max(end, s.keep)]
	s.header, s.keep = false, -1
	if s.headerBytes += len(raw); s.headerBytes > 2*s.opt.MaxHeader {
		return errorf("header", s.at(end), ErrTooLarge, "header blocks of more than %d bytes in all", 2*s.opt.MaxHeader)
	}
	if s.complete(raw) {
		p.Header = Header{text: string(raw), fields: s.fields}
	} else {
		p.Header = parseHeader(raw, s.found, s.room)
	}
	if s.headerFields += len(p.Header.fields); s.headerFields > maxFields {
		return errorf("header", s.at(end), ErrTooLarge, "more than %d header fields in all", maxFields)
	}
	s.keepRoom(p.Header.fields)
	p.Body = Range{s.at(body), p.Entity.End}
	p.Type = parseMediaType(p.Header.Get("Content-Type"))
	if p.Type.Value == "" {
		p.Type.Value = "text/plain"
	}
	if !p.Type.IsMultipart() {
		p.name = p.readName()
	}
	s.checkHeader(p)
	if s.follow(p) {
		s.stack = append(s.stack, p)
		p.followed, p.open = true, true
		p.firstEnd = p.Body.Start
		if p == s.root && p.Type.Value == "multipart/signed" {
			s.hint = hashOfMicalg(p.Type.Param("micalg"))
		}
	} else if s.wanted(p) {
		s.keep = body
	}
	return nil
}

// noteField indexes the header line between two indexes of buf as it goes by,
// which spares a second reading of nearly every header. Whatever is not plain
// is left to parseHeader.
func (s *scanner) noteField(start, text int) {
	if !s.plainFields {
		return
	}
	line := s.buf[start:text]
	if line[0] == ' ' || line[0] == '\t' {
		if len(s.fields) == 0 {
			s.plainFields = false
		} else {
			s.fields[len(s.fields)-1].end = int32(text - s.keep)
		}
		return
	}
	colon := 0
	for colon < len(line) && line[colon] > ' ' && line[colon] < 127 && line[colon] != ':' {
		colon++
	}
	if colon == 0 || colon == len(line) || line[colon] != ':' {
		s.plainFields = false
		return
	}
	at := int32(start - s.keep)
	s.fields = append(s.fields, headerField{at, at + int32(colon), at + int32(colon) + 1, int32(text - s.keep)})
}

// complete tells whether the fields noted are all there is to say about a
// header block: no CR but in line ends, no NUL.
func (s *scanner) complete(raw []byte) bool {
	return s.plainFields && bytes.IndexByte(raw, 0) < 0 && bytes.Count(raw, crByte) == s.headerCRs
}

// keepRoom goes on behind the fields just written.
func (s *scanner) keepRoom(used []headerField) {
	n := len(s.room) + len(used)
	if n+8 > cap(s.room) {
		s.room = make([]headerField, 0, 32)
		return
	}
	s.room = s.room[:n]
}

// wanted says whether a part's body is taken during the scan: the signature,
// and what may be the certification data.
func (s *scanner) wanted(p *Part) bool {
	if s.root.Type.Value != "multipart/signed" || p == s.root {
		return false
	}
	if p.depth == 1 {
		return len(s.root.Parts) == 2 && p == s.root.Parts[1]
	}
	if p.depth != 2 || len(s.root.Parts) != 1 {
		return false
	}
	return isXML(p) || isCertificationName(p.Name()) || p.Type.Value == "application/octet-stream" && p.Name() == ""
}

func (s *scanner) endKept(end int) {
	if s.header || s.keep < 0 {
		return
	}
	raw := s.buf[s.keep:max(end, s.keep)]
	s.keep = -1
	if !s.whole {
		if s.keptBytes += len(raw); s.keptBytes > s.keepLimit() {
			s.current.keepDropped = true
			return
		}
		raw = bytes.Clone(raw)
	}
	s.current.kept = raw
}

func (s *scanner) closePart(p *Part, end int64) {
	p.Entity.End = end
	p.Entity.Start = min(p.Entity.Start, end) // an empty part whose delimiter's line end is taken
	p.Body.End = end
	p.Body.Start = min(p.Body.Start, p.Body.End) // the empty line's end belongs to the delimiter
	if p.followed && len(p.Parts) > 0 && p.open {
		last := p.Parts[len(p.Parts)-1]
		if last.Entity.End > p.Entity.End || last.Entity.End == s.end {
			s.closePart(last, end)
		}
	}
	if p.epilogue.Start > 0 {
		p.epilogue.End = max(end, p.epilogue.Start)
	}
}
