package envelope

import (
	"bytes"
	"crypto"
	_ "crypto/sha1" // every real PEC up to 2024 (pec.md §5.3)
	_ "crypto/sha256"
	_ "crypto/sha512"
	"hash"
	"io"
	"sync"
)

const windowSize = 64 << 10

// maxFields bounds the header fields of all parts together.
const maxFields = 32 << 10

// windows are reused between scans: a buffer costs more than a small message.
var windows = sync.Pool{New: func() any { b := make([]byte, windowSize); return &b }}

// scanner finds the parts of a message in one pass over its bytes, and takes
// the digest of the signed part in the same pass, so that what is read and
// what is verified cannot differ.
//
// A small message lies in buf whole; a large one passes through a window.
type scanner struct {
	opt   Options
	found *findings
	src   io.ReaderAt
	end   int64 // offset behind the last byte

	buf    []byte
	base   int64 // offset of buf[0]
	n      int   // bytes in buf
	pos    int   // next byte, always at the start of a line in the main loop
	whole  bool  // buf holds everything
	keep   int   // bytes from here on are still needed, or -1
	lastLF int64 // offset of the end of the last line's text, before its CR LF

	root    *Part
	current *Part   // the part whose header or body is being read
	stack   []*Part // open multiparts, outermost first
	header  bool    // in current's header
	parts   int
	slab    []Part        // room for the next parts
	room    []headerField // room for the next fields
	kids    []*Part       // room for the children of the next multiparts

	// the digest of the signed part
	hint       crypto.Hash
	sum        hash.Hash
	tapping    bool
	tapFrom    int  // first byte not yet digested
	bare       bool // a bare LF lies between tapFrom and pos
	lastBare   bool // the last line ended with a bare LF
	midLine    bool // pos is inside a line that is longer than the window
	stored     bool // the signed part holds a bare LF somewhere
	odd        bool // the signed part holds a run of CRs before an LF
	canon      []byte
	digest     []byte
	digestRoom [64]byte

	// what has been kept so far
	headerBytes, headerFields, keptBytes int

	// signedOnly makes the scan follow a multipart/signed one level deep only.
	signedOnly bool
}

// firstRoom is all that the scan of an ordinary certified message needs, in
// one piece.
type firstRoom struct {
	scanner
	parts  [6]Part
	fields [40]headerField
	kids   [8]*Part
	stack  [2]*Part
}

// scan reads src[start:end] as an entity.
func scan(src io.ReaderAt, start, end int64, opt Options, found *findings, signedOnly bool, whole []byte) (*scanner, error) {
	first := new(firstRoom)
	s := &first.scanner
	*s = scanner{
		opt: opt, found: found, src: src, end: end, base: start, keep: -1, lastLF: start, signedOnly: signedOnly,
		slab: first.parts[:], room: first.fields[:0], kids: first.kids[:0], stack: first.stack[:0],
	}
	if whole != nil {
		s.buf, s.n, s.whole = whole, len(whole), true
	} else if opt.window > 0 {
		s.buf = make([]byte, opt.window)
	} else {
		w := windows.Get().(*[]byte)
		defer windows.Put(w)
		s.buf = *w
		defer func() { s.buf, s.canon = nil, nil }()
	}
	s.root = s.newPart()
	s.root.Entity, s.root.Body = Range{start, end}, Range{end, end}
	s.begin(s.root)
	if err := s.run(); err != nil {
		return nil, err
	}
	return s, s.finish()
}

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

func (s *scanner) at(i int) int64 { return s.base + int64(i) }

// run is the loop over lines.
func (s *scanner) run() error {
	for {
		if s.n-s.pos < maxDelimiter && !s.atEnd() {
			if err := s.fill(); err != nil {
				return err
			}
		}
		if !s.header {
			s.skipLines()
		}
		if s.pos >= s.n {
			return nil
		}
		w := s.buf[s.pos:s.n]
		if w[0] == '-' && len(w) > 1 && w[1] == '-' && len(s.stack) > 0 {
			done, err := s.tryDelimiter(w)
			if err != nil {
				return err
			}
			if done {
				continue
			}
		}
		i := bytes.IndexByte(w, '\n')
		if i < 0 {
			if err := s.longLine(); err != nil {
				return err
			}
			continue
		}
		if err := s.line(i); err != nil {
			return err
		}
	}
}

// skipLines passes over the lines of a body that cannot be delimiters, up to
// where the main loop has to look: the same as line, for most of all bytes.
func (s *scanner) skipLines() {
	pos, stop := s.pos, s.n
	if !s.atEnd() {
		stop -= maxDelimiter
	}
	text := pos
	for pos < stop {
		w := s.buf[pos:s.n]
		if w[0] == '-' && len(w) > 1 && w[1] == '-' {
			break
		}
		i := bytes.IndexByte(w, '\n')
		if i < 0 {
			break
		}
		text = s.lineEnd(pos, pos+i)
		pos += i + 1
	}
	if pos > s.pos {
		s.lastLF, s.pos = s.at(text), pos
	}
}

// line takes in the line that ends with the LF i bytes from here.
func (s *scanner) line(i int) error {
	start, text := s.pos, s.lineEnd(s.pos, s.pos+i)
	empty := !s.midLine && (text == s.pos || s.buf[s.pos] == '\r' && len(bytes.TrimLeft(s.buf[s.pos:text], "\r")) == 0)
	s.midLine = false
	s.lastLF = s.at(text)
	s.pos += i + 1
	if s.header {
		if s.pos-s.keep > s.opt.MaxHeader {
			return s.headerTooLarge()
		}
		if empty {
			return s.endHeader(start, s.pos)
		}
	}
	return nil
}

// lineEnd takes note of the line end at index lf of the line that starts at
// index start, and returns the index where the line's text ends.
func (s *scanner) lineEnd(start, lf int) int {
	if lf == start || s.buf[lf-1] != '\r' {
		s.bare, s.lastBare = true, true
		return lf
	}
	s.lastBare = false
	if lf-1 > start && s.buf[lf-2] == '\r' {
		s.odd = s.odd || s.tapping
	}
	return lf - 1
}

// longLine takes in a line whose end is not in the window.
func (s *scanner) longLine() error {
	for {
		if i := bytes.IndexByte(s.buf[s.pos:s.n], '\n'); i >= 0 {
			return s.line(i)
		}
		if s.header && s.n-s.keep > s.opt.MaxHeader {
			return s.headerTooLarge()
		}
		if s.atEnd() {
			s.pos = s.n
			s.lastLF = s.at(s.n)
			return nil
		}
		// A trailing CR waits for its LF.
		if end := len(bytes.TrimRight(s.buf[s.pos:s.n], "\r")); end > 0 {
			s.pos += end
			s.midLine = true
		} else if s.n-s.pos > maxDelimiter {
			s.pos = s.n - 1 // nothing but CRs
			s.midLine = true
		}
		s.lastLF = s.at(s.pos)
		if err := s.fill(); err != nil {
			return err
		}
	}
}

func (s *scanner) atEnd() bool { return s.whole || s.at(s.n) >= s.end }

// fill drops what is no longer needed and reads on.
func (s *scanner) fill() error {
	from := s.pos
	if s.tapping {
		hold := int(s.lastLF - s.base) // the last line end may belong to a delimiter
		s.flush(min(max(hold, s.tapFrom), s.pos))
		s.bare = s.lastBare && s.tapFrom < s.pos
		from = min(from, s.tapFrom)
	}
	// The last line end is kept in any case: a CR before an LF is looked at.
	from = min(from, max(int(s.lastLF-s.base), 0))
	if s.keep >= 0 {
		if s.n-s.keep+s.keptBytes > s.keepLimit() {
			if s.header {
				return s.headerTooLarge()
			}
			s.keep = -1
			s.current.keepDropped = true
		} else {
			from = min(from, s.keep)
		}
	}
	copy(s.buf, s.buf[from:s.n])
	s.n -= from
	s.pos -= from
	s.tapFrom -= from
	s.base += int64(from)
	if s.keep >= 0 {
		s.keep -= from
	}
	if s.n == len(s.buf) {
		s.buf = append(s.buf, make([]byte, len(s.buf))...)
	}
	want := min(int64(len(s.buf)-s.n), s.end-s.at(s.n))
	got, err := s.src.ReadAt(s.buf[s.n:s.n+int(want)], s.at(s.n))
	s.n += got
	if int64(got) < want {
		if err == nil || err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		return sourceError("source", s.at(s.n), err)
	}
	return nil
}

func (s *scanner) headerTooLarge() error {
	return errorf("header", s.at(s.keep), ErrTooLarge, "a header block of more than %d bytes", s.opt.MaxHeader)
}

// keepLimit bounds what is kept for the part being read.
func (s *scanner) keepLimit() int {
	if s.header {
		return s.opt.MaxHeader + s.keptBytes + windowSize
	}
	return s.opt.MaxCertification + s.opt.MaxSignature + windowSize
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
		s.sum = s.hint.New()
		s.tapping, s.tapFrom, s.bare = true, s.pos, false
	}
	s.begin(child)
	return nil
}

// begin starts the header of a part.
func (s *scanner) begin(p *Part) {
	s.current, s.header, s.keep = p, true, s.pos
}

// endHeader indexes the header that ends at index end; the body begins at
// index body.
func (s *scanner) endHeader(end, body int) error {
	p := s.current
	raw := s.buf[s.keep:max(end, s.keep)]
	if !s.whole {
		raw = bytes.Clone(raw)
	}
	s.header, s.keep = false, -1
	if s.headerBytes += len(raw); s.headerBytes > 2*s.opt.MaxHeader {
		return errorf("header", s.at(end), ErrTooLarge, "header blocks of more than %d bytes in all", 2*s.opt.MaxHeader)
	}
	p.Header = parseHeader(raw, s.found, s.room)
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
	p.Entity.End = max(end, p.Entity.Start)
	p.Body.End = p.Entity.End
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

// flush digests up to index upto.
func (s *scanner) flush(upto int) {
	if upto <= s.tapFrom {
		return
	}
	span := s.buf[s.tapFrom:upto]
	if s.bare {
		s.stored = true
		s.canon = appendCanonical(s.canon[:0], span)
		span = s.canon
	}
	s.sum.Write(span)
	s.tapFrom = upto
	s.bare = false
}

func (s *scanner) endTap(textEnd int64) {
	s.flush(int(max(textEnd-s.base, int64(s.tapFrom))))
	s.tapping = false
	s.digest = s.sum.Sum(s.digestRoom[:0])
}

// finish closes what the end of the message left open.
func (s *scanner) finish() error {
	end := s.at(s.n)
	if s.header {
		if err := s.endHeader(s.n, s.n); err != nil {
			return err
		}
	}
	s.endKept(s.n)
	if s.tapping {
		s.endTap(end)
	}
	s.closePart(s.root, end)
	for _, p := range s.stack {
		s.closePart(p, end)
		s.found.add("truncated", "a multipart is not closed: no line \"--"+clip(p.boundary)+"--\"")
	}
	return nil
}
