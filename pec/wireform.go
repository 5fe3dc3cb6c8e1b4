package pec

import (
	"bytes"
	"fmt"
)

// maxLine is the longest line in bytes, line end excluded (RFC 5322 §2.1.1).
const maxLine = 998

// wireForm is a writer that keeps nothing of a message but what matters for its
// way: its size, its line ends and its bytes above 127.
type wireForm struct {
	size                   int64
	eightHeader, eightBody bool
	bareEnd, nul           bool
	longest                int // bytes of the longest line
	lines, firstLong       int // lines so far, number of the first that is too long

	line   int  // bytes of the current line
	cr     bool // the last byte was a CR
	inBody bool
}

func (f *wireForm) Write(p []byte) (int, error) {
	n := len(p)
	f.size += int64(n)
	for len(p) > 0 {
		i := bytes.IndexByte(p, '\n')
		if i < 0 {
			f.text(p)
			break
		}
		f.text(p[:i])
		f.endLine()
		p = p[i+1:]
	}
	return n, nil
}

// text takes in bytes of a line, none of them an LF.
func (f *wireForm) text(p []byte) {
	if len(p) == 0 {
		return
	}
	if f.cr {
		f.bareEnd, f.line = true, f.line+1
	}
	if f.cr = p[len(p)-1] == '\r'; f.cr {
		p = p[:len(p)-1]
	}
	f.line += len(p)
	for _, c := range p {
		if c >= ' ' && c < 0x80 {
			continue
		}
		switch {
		case c == '\r':
			f.bareEnd = true
		case c == 0:
			f.nul = true
		case c >= 0x80 && f.inBody:
			f.eightBody = true
		case c >= 0x80:
			f.eightHeader = true
		}
	}
}

func (f *wireForm) endLine() {
	f.bareEnd = f.bareEnd || !f.cr
	f.lines++
	if f.longest = max(f.longest, f.line); f.line > maxLine && f.firstLong == 0 {
		f.firstLong = f.lines
	}
	f.inBody = f.inBody || f.line == 0
	f.line, f.cr = 0, false
}

// finish takes in a last line that has no line end.
func (f *wireForm) finish() {
	if f.cr || f.line > 0 {
		if f.cr {
			f.cr, f.line = false, f.line+1
		}
		f.endLine() // without its CR: bare
	}
}

// findings says what could change on the way. The machines of certified mail
// may not re-encode it (RFC 6109 §3.3.2.2), but a server that refuses such
// bytes, or a program that repairs them, comes before those.
func (f *wireForm) findings() []Finding {
	var list []Finding
	add := func(found bool, code, detail string) {
		if found {
			list = append(list, Finding{Code: code, Detail: detail})
		}
	}
	add(f.eightHeader, FindingEightBitHeader, "the header holds bytes above 127; encode them (RFC 2047)")
	add(f.eightBody, FindingEightBitBody, "the body holds bytes above 127: not every server takes them (RFC 6152)")
	add(f.bareEnd, FindingBareLineEnd, "a line does not end with CR LF: what is submitted will not be these bytes")
	add(f.nul, FindingNUL, "the message holds a NUL byte")
	if f.firstLong > 0 {
		add(true, FindingLongLine, fmt.Sprintf("line %d has more than %d bytes, the longest has %d: lines may be broken on the way", f.firstLong, maxLine, f.longest))
	}
	return list
}
