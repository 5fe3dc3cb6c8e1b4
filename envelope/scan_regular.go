package envelope

import "bytes"

const (
	regularMin   = 4 << 10 // below this the lines are looked at one by one
	regularStray = 16      // hyphens that are no delimiters, before giving up
)

var lineFeed = []byte{'\n'}

// skipRegular passes over what makes up nearly all of a large message: lines
// of one length, as base64 has them. It finds the next line that may be a
// delimiter by its hyphen, takes the line ends where the last line's length
// foretells them, and counts to be sure that it has seen every one. It changes
// nothing and returns false where that does not work out.
func (s *scanner) skipRegular() bool {
	stop := s.n
	if !s.atEnd() {
		stop -= maxDelimiter
	}
	if stop-s.pos < regularMin {
		return false
	}
	region := s.buf[s.pos:s.regularEnd(stop)]
	end := bytes.LastIndexByte(region, '\n') + 1
	if end < regularMin {
		return false
	}
	region = region[:end]
	length, seen, bare, odd := 0, 0, false, false
	for i := bytes.IndexByte(region, '\n'); ; {
		seen++
		switch {
		case i == 0 || region[i-1] != '\r':
			bare = true
		case i > 1 && region[i-2] == '\r':
			odd = true
		}
		if i+1 == end {
			break
		}
		if next := i + length; length > 0 && next < end && region[next] == '\n' {
			i = next
			continue
		}
		length = bytes.IndexByte(region[i+1:], '\n') + 1
		i += length
	}
	if bytes.Count(region, lineFeed) != seen {
		return false
	}
	text := end - 1
	s.lastBare = text == 0 || region[text-1] != '\r'
	if !s.lastBare {
		text--
	}
	s.bare = s.bare || bare
	s.odd = s.odd || odd && s.tapping
	s.lastLF = s.at(s.pos + text)
	s.pos += end
	return true
}

// regularEnd returns the index of the next line that begins with two hyphens,
// or the end of what may be skipped; the start where there are many hyphens.
func (s *scanner) regularEnd(stop int) int {
	for i, stray := s.pos, 0; stray < regularStray; stray++ {
		n := bytes.IndexByte(s.buf[i:stop], '-')
		if n < 0 {
			return stop
		}
		i += n
		if (i == s.pos || s.buf[i-1] == '\n') && i+1 < s.n && s.buf[i+1] == '-' {
			return i
		}
		i++
	}
	return s.pos
}
