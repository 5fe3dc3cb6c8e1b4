package xmlsig

import (
	"bytes"
	"encoding/base64"
	"strings"
	"sync"

	"github.com/certmail/certmail/internal/base64fast"
	"github.com/certmail/certmail/internal/xmltree"
)

// room is memory that a verification works in and gives back. Nothing that it
// returns refers to it.
type room struct {
	decodedValues []byte // of base64, one behind the other
	form          []byte // the last canonical form
	references    [3]reference
	certificates  [2]certID
}

var rooms = sync.Pool{New: func() any { return new(room) }}

// release gives the room back, but for what a large signature made grow.
func (m *room) release() {
	const most = 64 << 10
	next := room{decodedValues: m.decodedValues[:0], form: m.form[:0]}
	if cap(next.decodedValues) > most {
		next.decodedValues = nil
	}
	if cap(next.form) > most {
		next.form = nil
	}
	*m = next
	rooms.Put(m)
}

// take returns n octets that nobody else uses.
func (m *room) take(n int) []byte {
	const least = 16 << 10
	if cap(m.decodedValues)-len(m.decodedValues) < n {
		m.decodedValues = make([]byte, 0, max(least, n)) // what was taken stays where it is
	}
	at := len(m.decodedValues)
	m.decodedValues = m.decodedValues[:at+n]
	return m.decodedValues[at : at+n : at+n]
}

// decoded returns the base64 content of an element, in the room; white space is
// left out, padding is demanded, and so are zero bits at the end.
func (m *room) decoded(e *xmltree.Element, most int) ([]byte, *Error) {
	if e.FirstChild() != nil {
		return nil, fail(ErrStructure, e.Local, "elements where base64 is expected")
	}
	text := e.Text()
	out, ok := m.regular(text, most)
	if !ok {
		var err *Error
		if out, err = decodedText(text, e.Local, most); err != nil {
			return nil, err
		}
	}
	if len(out) == 0 || len(out) > most {
		return nil, fail(ErrStructure, e.Local, "%d octets, 1 to %d expected", len(out), most)
	}
	return out, nil
}

// regular is decodedText for what is base64 in whole groups, with line ends
// between them, up to the last few characters; ok is false for anything else.
func (m *room) regular(text string, most int) (out []byte, ok bool) {
	const end = 64
	if len(text) > 2*most+1024 {
		return nil, false
	}
	out = m.take(len(text))
	copy(out, text)
	n, rest := base64fast.Groups(out, out)
	if len(rest) > end || bytes.ContainsAny(rest, " \t") {
		return nil, false
	}
	var last [end]byte
	k, err := base64.StdEncoding.Strict().Decode(last[:], rest) // skips line ends
	if err != nil {
		return nil, false
	}
	copy(out[n:], last[:k])
	return out[: n+k : n+k], true
}

// decodedText decodes whatever is base64.
func decodedText(text, part string, most int) ([]byte, *Error) {
	if strings.ContainsAny(text, " \t") {
		text = strings.NewReplacer(" ", "", "\t", "").Replace(text)
	}
	if len(text) > 2*most+1024 {
		return nil, fail(ErrStructure, part, "more than %d octets", most)
	}
	out, err := base64.StdEncoding.Strict().DecodeString(text) // skips line ends
	if err != nil {
		return nil, fail(ErrStructure, part, "%v", err)
	}
	return out, nil
}
