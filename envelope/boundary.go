package envelope

import "bytes"

// maxDelimiter is how far a line is read to decide whether it is a
// delimiter. RFC 2046 §5.1.1 allows 70 characters of boundary; the rest is
// room for longer ones that are met and for white space after them.
const (
	maxBoundary  = 256
	maxDelimiter = maxBoundary + 256
)

// delimiter is what a line is to an open multipart.
type delimiter int

const (
	notDelimiter delimiter = iota
	nearDelimiter
	openDelimiter
	closeDelimiter
)

// matchDelimiter compares the line at the start of w, which begins with "--",
// with a boundary: the whole of it, then only white space, so that a boundary
// which is the beginning of another one is never taken for it.
func matchDelimiter(w []byte, boundary string) delimiter {
	if len(w) < 2+len(boundary) || string(w[2:2+len(boundary)]) != boundary {
		return notDelimiter
	}
	rest := w[2+len(boundary):]
	kind := openDelimiter
	if len(rest) >= 2 && rest[0] == '-' && rest[1] == '-' {
		kind, rest = closeDelimiter, rest[2:]
	}
	for i, c := range rest {
		switch {
		case c == '\n':
			return kind
		case c == ' ' || c == '\t' || c == '\r':
		default:
			return nearDelimiter
		}
		if i > maxDelimiter {
			return nearDelimiter
		}
	}
	return kind // the last line, without an end
}

// lineLength returns the length of the line at the start of w with its end.
func lineLength(w []byte) int {
	if i := bytes.IndexByte(w, '\n'); i >= 0 {
		return i + 1
	}
	return len(w)
}
