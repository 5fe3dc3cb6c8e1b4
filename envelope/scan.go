package envelope

import (
	"bytes"
	"crypto"
	_ "crypto/sha1" // the digest of every real PEC seen up to 2024
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
	fields  []headerField // of the header being read
	// plainFields: all its lines so far are fields or continuations of them.
	plainFields bool
	headerCRs   int     // those in its line ends
	kids        []*Part // room for the children of the next multiparts

	// the digest of the signed part
	hint     crypto.Hash
	sum      hash.Hash
	tapping  bool
	tapFrom  int  // first byte not yet digested
	bare     bool // a bare LF lies between tapFrom and pos
	lastBare bool // the last line ended with a bare LF
	midLine  bool // pos is inside a line that is longer than the window
	stored   bool // the signed part holds a bare LF somewhere
	odd      bool // the signed part holds a run of CRs before an LF
	canon    []byte
	digest   []byte
	sumRoom  *[32]byte

	// what has been kept so far
	headerBytes, headerFields, keptBytes int

	// signedOnly makes the scan follow a multipart/signed one level deep only.
	signedOnly bool
}

// scanned is what a scan finds out; nothing of the scanner stays with it.
type scanned struct {
	root   *Part
	digest scanDigest
}

// firstRoom is all that an ordinary certified message keeps of its scan, in
// one piece.
type firstRoom struct {
	parts  [6]Part
	fields [32]headerField
	kids   [8]*Part
	stack  [2]*Part
	digest [32]byte
}

// scan reads src[start:end] as an entity.
func scan(src io.ReaderAt, start, end int64, opt Options, found *findings, signedOnly bool, whole []byte) (scanned, error) {
	first := new(firstRoom)
	s := &scanner{
		opt: opt, found: found, src: src, end: end, base: start, keep: -1, lastLF: start, signedOnly: signedOnly,
		slab: first.parts[:], room: first.fields[:0], kids: first.kids[:0], sumRoom: &first.digest, stack: first.stack[:0],
	}
	if whole != nil {
		s.buf, s.n, s.whole = whole, len(whole), true
	} else if opt.window > 0 {
		s.buf = make([]byte, opt.window)
	} else {
		w := windows.Get().(*[]byte)
		defer windows.Put(w)
		s.buf = *w
	}
	s.root = s.newPart()
	s.root.Entity, s.root.Body = Range{start, end}, Range{end, end}
	s.begin(s.root)
	if err := s.run(); err != nil {
		return scanned{}, err
	}
	err := s.finish()
	return scanned{s.root, scanDigest{hash: s.hint, sum: s.digest, bareLF: s.stored, runs: s.odd}}, err
}

func (s *scanner) at(i int) int64 { return s.base + int64(i) }

// run is the loop over lines.
func (s *scanner) run() error {
	for {
		for s.n-s.pos < maxDelimiter && !s.atEnd() { // a delimiter must not be judged by half of its line
			if err := s.fill(); err != nil {
				return err
			}
		}
		if !s.header && (s.n-s.pos < regularMin || !s.skipRegular()) {
			s.skipLines()
		}
		if s.n-s.pos < maxDelimiter && !s.atEnd() {
			continue // the last line skipped was a long one
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
	if s.midLine && s.header {
		s.plainFields = false
	}
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
		s.noteField(start, text)
		if text < s.pos-1 {
			s.headerCRs++
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
			s.plainFields = false
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
