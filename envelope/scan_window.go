package envelope

import (
	"crypto"
	"crypto/sha256"
	"io"
)

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
	if len(s.buf)-s.n < maxDelimiter {
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

// flush digests up to index upto.
func (s *scanner) flush(upto int) {
	if upto <= s.tapFrom {
		return
	}
	span := s.buf[s.tapFrom:upto]
	if s.whole && s.hint == crypto.SHA256 && !s.bare && s.sum == nil {
		*s.sumRoom = sha256.Sum256(span)
		s.digest, s.tapFrom = s.sumRoom[:], upto
		return
	}
	if s.sum == nil {
		s.sum = s.hint.New()
	}
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
	if s.digest == nil {
		if s.sum == nil {
			s.sum = s.hint.New() // nothing was signed
		}
		s.digest = s.sum.Sum(nil)
	}
}
