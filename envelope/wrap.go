package envelope

import (
	"bufio"
	"crypto"
	"io"
	"time"

	"github.com/certmail/certmail/internal/cms"
)

// Wrap is a signed message of any shape to be written: the header, and the
// entity that the signature covers as a tree. PEC has the fixed shape of Draft;
// this is for REM (EN 319 532-3 §6).
type Wrap struct {
	// Header is written in order. MIME-Version and Content-Type are added.
	Header []Field
	// Entity is what is signed.
	Entity *Entity
	// Time is the signing time; zero means the signer's clock.
	Time time.Time
	// Random names the boundaries; crypto/rand unless set.
	Random io.Reader
}

// Entity is a MIME entity to be written.
type Entity struct {
	// Type is the value of Content-Type. A multipart gets its boundary added.
	Type string
	// Header are its other fields, written as they are given before Content-Type
	// (what does not fit is refused as in a Draft).
	Header []Field
	// Parts are the children of a multipart.
	Parts []*Entity
	// Encoding is how Body is written: Base64 or QuotedPrintable encode it and
	// state so; any other value states it, where it is not empty, and writes Body
	// as it is but for its line ends, which become CR LF.
	Encoding string
	// Body is the content of what is no multipart, read once.
	Body io.Reader
}

// Encodings that an Entity is written in.
const (
	Base64          = "base64"
	QuotedPrintable = "quoted-printable"
)

// WriteWrap writes a message of any shape, signed as S/MIME with the
// signing-certificate-v2 attribute, which makes it a CAdES-B-B signature (EN 319
// 122-1 §5.2.2), as a stream: bodies pass through once and memory does not
// grow with them. Line ends are CR LF.
func WriteWrap(w io.Writer, d *Wrap, s *Signer) error {
	if s == nil || s.Key == nil || s.Certificate == nil {
		return errorf("signer", -1, ErrBuild, "a key and its certificate are needed")
	}
	if !s.hash().Available() || s.hash() == crypto.SHA1 {
		return errorf("signer", -1, ErrBuild, "digest algorithm %v is not available here", s.hash())
	}
	style := Style{Protocol: "application/pkcs7-signature", Random: d.Random}
	draft := &Draft{Style: style, Time: d.Time}
	out := &writer{w: bufio.NewWriterSize(w, 4<<10), d: draft, hash: s.hash()}
	out.signature = out.boundary("----=_")
	out.fields(d.Header)
	out.line("MIME-Version: 1.0")
	out.line(`Content-Type: multipart/signed; protocol="`, out.protocol(), `";`)
	out.line("\tmicalg=", out.micalg(), ";")
	out.line("\t", `boundary="`, out.signature, `"`)
	out.line()
	out.line("This is an S/MIME signed message")
	out.line()
	out.line("--", out.signature)
	sum := s.hash().New()
	out.tap = sum
	out.tree(d.Entity, 0)
	out.tap = nil
	if out.err != nil {
		return out.err
	}
	der, err := cms.Sign(sum.Sum(nil), &cms.Signing{
		Key: s.Key, Certificate: s.Certificate, Chain: s.Chain, Hash: s.hash(), SigningTime: s.signingTime(draft), IncludeESS: true,
	})
	if err != nil {
		return &Error{Where: "signature", Offset: -1, Err: err}
	}
	out.sign(der)
	if out.err == nil {
		out.err = out.w.Flush()
	}
	return out.err
}

func (o *writer) fields(list []Field) {
	var block []byte
	for i := range list {
		var err error
		if block, err = list[i].append(block); err != nil {
			if o.err == nil {
				o.err = err
			}
			return
		}
	}
	_, _ = o.Write(block)
}

// maxEntityDepth bounds the trees that are written.
const maxEntityDepth = 8

// tree writes an entity without the line end before the next delimiter.
func (o *writer) tree(e *Entity, depth int) {
	switch {
	case o.err != nil:
		return
	case e == nil:
		o.err = errorf("entity", -1, ErrBuild, "there is nothing to write")
		return
	case depth > maxEntityDepth:
		o.err = errorf("entity", -1, ErrBuild, "nested deeper than %d", maxEntityDepth)
		return
	}
	o.fields(e.Header)
	if e.Parts == nil {
		o.leaf(e)
		return
	}
	boundary := o.boundary("----=_")
	o.line("Content-Type: ", e.Type, ";")
	o.line("\t", `boundary="`, boundary, `"`)
	o.line()
	for i, part := range e.Parts {
		if i > 0 {
			o.line()
		}
		o.line("--", boundary)
		o.tree(part, depth+1)
	}
	o.line()
	_, _ = o.Write([]byte("--" + boundary + "--"))
	if depth == 0 {
		o.line()
	}
}

func (o *writer) leaf(e *Entity) {
	o.fields([]Field{{Name: "Content-Type", Value: e.Type}})
	body := e.Body
	if body == nil {
		body = noBody{}
	}
	var err error
	switch e.Encoding {
	case QuotedPrintable, Base64:
		var data []byte
		if data, err = io.ReadAll(body); err != nil {
			break
		}
		if e.Encoding == QuotedPrintable {
			o.quotedPrintable(data)
			break
		}
		o.line("Content-Transfer-Encoding: base64")
		o.line()
		o.base64(data, 76)
	default:
		if e.Encoding != "" {
			o.line("Content-Transfer-Encoding: ", e.Encoding)
		}
		o.line()
		lines := newLineEndWriter(o, CollapsedLineEnds)
		if err = copyThrough(lines, body); err == nil {
			err = lines.Close()
		}
	}
	if err != nil && o.err == nil {
		o.err = &Error{Where: "entity", Offset: -1, Err: err}
	}
}

type noBody struct{}

func (noBody) Read([]byte) (int, error) { return 0, io.EOF }

// WriteCanonical copies r to w with all line ends turned into CR LF, a run of
// CRs before an LF into one (RFC 5321 §2.3.8), and returns how many bytes were
// written. Text that has only such line ends is not changed.
func WriteCanonical(w io.Writer, r io.Reader) (int64, error) {
	lines := newLineEndWriter(w, CollapsedLineEnds)
	if err := copyThrough(lines, r); err != nil {
		return lines.wrote, &Error{Where: "line ends", Offset: lines.wrote, Err: err}
	}
	err := lines.Close()
	return lines.wrote, err
}
