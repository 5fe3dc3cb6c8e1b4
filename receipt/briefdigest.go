package receipt

import (
	"bytes"
	"crypto"
	_ "crypto/sha1" // RFC 6109 §3.3.2.2 digests with it
	_ "crypto/sha256"
	"hash"
	"io"

	"github.com/certmail/certmail/envelope"
)

// encodedInputs are the six digests of a part as it stands: two kinds of line
// end, three of ending.
var encodedInputs = [...][3]BriefInput{
	{InputEncodedBare, InputEncoded, InputEncodedFinal},
	{InputLFBare, InputLF, InputLFFinal},
}

// digestOf returns the digest of one input of a part.
func digestOf(p *envelope.Part, h crypto.Hash, input BriefInput) ([]byte, error) {
	if input == InputDecoded {
		return digestDecoded(p, h)
	}
	all, err := digestEncoded(p, h)
	if err != nil {
		return nil, err
	}
	for _, one := range all {
		if one.input == input {
			return one.sum, nil
		}
	}
	return nil, &BuildError{FormDeliveryBrief, "input", "unknown: " + string(input)}
}

type inputDigest struct {
	input BriefInput
	sum   []byte
}

// digestEncoded takes all digests of the part as it stands in one pass. Line
// breaks at the end are held back and given to the digest one kind of ending
// after the other.
func digestEncoded(p *envelope.Part, h crypto.Hash) ([]inputDigest, error) {
	w := &lineWriter{out: [2]hash.Hash{h.New(), h.New()}}
	if _, err := io.Copy(w, struct{ io.Reader }{p.Raw()}); err != nil {
		return nil, err
	}
	w.flushCR()
	var list []inputDigest
	for i, sum := range w.out {
		names := encodedInputs[i]
		list = append(list, inputDigest{names[0], sum.Sum(nil)})
		for range w.held {
			sum.Write(lineEnds[i])
		}
		list = append(list, inputDigest{names[1], sum.Sum(nil)})
		sum.Write(lineEnds[i])
		list = append(list, inputDigest{names[2], sum.Sum(nil)})
	}
	return list, nil
}

func digestDecoded(p *envelope.Part, h crypto.Hash) ([]byte, error) {
	r, err := p.Content()
	if err != nil {
		return nil, err
	}
	sum := h.New()
	if _, err := io.Copy(sum, r); err != nil {
		return nil, err
	}
	return sum.Sum(nil), nil
}

var lineEnds = [2][]byte{[]byte("\r\n"), []byte("\n")}

// lineWriter gives text to two digests, one with CR LF and one with LF line
// ends, whatever those of the text (CR LF, LF, CR alone, or CR CR LF of mail
// that was converted twice). It holds back the line breaks at the end.
type lineWriter struct {
	out  [2]hash.Hash
	held int
	crs  int // at the end of what was written, not known yet to be line ends
}

func (w *lineWriter) Write(p []byte) (int, error) {
	n := len(p)
	for len(p) > 0 {
		switch i := bytes.IndexAny(p, "\r\n"); {
		case i < 0:
			w.text(p)
			p = nil
		case i > 0:
			w.text(p[:i])
			p = p[i:]
		case p[0] == '\r':
			w.crs++
			p = p[1:]
		default:
			w.crs = 0
			w.held++
			p = p[1:]
		}
	}
	return n, nil
}

func (w *lineWriter) text(p []byte) {
	w.flushCR()
	for i, sum := range w.out {
		for range w.held {
			sum.Write(lineEnds[i])
		}
		sum.Write(p)
	}
	w.held = 0
}

func (w *lineWriter) flushCR() {
	w.held += w.crs
	w.crs = 0
}
