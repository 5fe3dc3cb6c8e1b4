package envelope

import (
	"bufio"
	"crypto"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"io"
	"mime/quotedprintable"
	"strings"

	"github.com/certmail/certmail/internal/cms"
)

// Write writes the message of a Draft, signed, as a stream: the original
// passes through once and memory does not grow with it. The MIME structure is
// the one of real providers (RFC 6109 §2.1, §4.3). Line ends are CR LF.
func Write(w io.Writer, d *Draft, s *Signer) error {
	if s == nil || s.Key == nil || s.Certificate == nil {
		return errorf("signer", -1, ErrBuild, "a key and its certificate are needed")
	}
	if !s.hash().Available() {
		return errorf("signer", -1, ErrBuild, "digest algorithm %v is not available", s.hash())
	}
	out := &writer{w: bufio.NewWriterSize(w, 4<<10), d: d, hash: s.hash()}
	out.signature = out.boundary("----")
	out.mixed = out.boundary("----------=_")
	out.header()
	sum := s.hash().New()
	out.tap = sum
	out.entity()
	out.tap = nil
	if out.err != nil {
		return out.err
	}
	der, err := cms.Sign(sum.Sum(nil), &cms.Signing{
		Key: s.Key, Certificate: s.Certificate, Chain: s.Chain, Hash: s.hash(), SigningTime: s.signingTime(d),
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

// writer remembers its first error.
type writer struct {
	w                *bufio.Writer
	tap              io.Writer // the digest, while the signed entity is written
	d                *Draft
	hash             crypto.Hash
	signature, mixed string
	buf              []byte
	err              error
}

func (o *writer) Write(p []byte) (int, error) {
	if o.err != nil {
		return 0, o.err
	}
	if o.tap != nil {
		_, _ = o.tap.Write(p) // a hash never fails
	}
	var n int
	n, o.err = o.w.Write(p)
	return n, o.err
}

func (o *writer) line(parts ...string) {
	o.buf = o.buf[:0]
	for _, p := range parts {
		o.buf = append(o.buf, p...)
	}
	o.buf = append(o.buf, '\r', '\n')
	_, _ = o.Write(o.buf)
}

func (o *writer) boundary(prefix string) string {
	random := o.d.Style.Random
	if random == nil {
		random = rand.Reader
	}
	var b [16]byte
	if _, err := io.ReadFull(random, b[:]); err != nil && o.err == nil {
		o.err = &Error{Where: "boundary", Offset: -1, Err: err}
	}
	return prefix + strings.ToUpper(hex.EncodeToString(b[:]))
}

func (o *writer) protocol() string {
	if o.d.Style.Protocol != "" {
		return o.d.Style.Protocol
	}
	return "application/x-pkcs7-signature"
}

func (o *writer) micalg() string {
	if o.d.Style.Micalg != "" {
		return o.d.Style.Micalg
	}
	switch o.hash {
	case crypto.SHA1:
		return "sha1"
	case crypto.SHA384:
		return "sha-384"
	case crypto.SHA512:
		return "sha-512"
	}
	return "sha-256"
}

func (o *writer) header() {
	var block []byte
	var last *Field
	for i := range o.d.Header {
		f := &o.d.Header[i]
		if strings.EqualFold(f.Name, "Message-ID") && f.Received == nil {
			last = f // real providers write it behind the MIME fields
			continue
		}
		var err error
		if block, err = f.append(block); err != nil {
			o.err = err
			return
		}
	}
	_, _ = o.Write(block)
	o.line("MIME-Version: 1.0")
	o.line(`Content-Type: multipart/signed; protocol="`, o.protocol(), `"; micalg="`, o.micalg(), `"; boundary="`, o.signature, `"`)
	if last != nil {
		id, err := last.append(nil)
		if err != nil {
			o.err = err
			return
		}
		_, _ = o.Write(id)
	}
	o.line()
	o.line("This is an S/MIME signed message")
	o.line()
	o.line("--", o.signature)
}

// entity writes what is signed. Its last line end belongs to the delimiter
// and is written by sign.
func (o *writer) entity() {
	o.line(`Content-Type: multipart/mixed; boundary="`, o.mixed, `"`)
	o.line("Content-Transfer-Encoding: binary")
	o.line("MIME-Version: 1.0")
	o.line()
	o.line("--", o.mixed)
	o.text()
	parts := []func(){o.certification, o.original}
	if o.d.Style.OriginalFirst {
		parts[0], parts[1] = parts[1], parts[0]
	}
	for _, part := range parts {
		part()
	}
	for i := range o.d.Extra {
		o.attachment(&o.d.Extra[i])
	}
	_, _ = o.Write([]byte("\r\n--" + o.mixed + "--\r\n"))
}

func (o *writer) nextPart() {
	o.line()
	o.line("--", o.mixed)
}

func (o *writer) text() {
	plain := func() {
		o.line(`Content-Type: text/plain; charset="iso-8859-1"`)
		o.line("Content-Disposition: inline")
		text := o.d.Text
		if o.d.Style.Reword != nil {
			text = o.d.Style.Reword(text)
		}
		o.quotedPrintable(latin1(text, false))
	}
	if o.d.HTML == "" {
		plain()
		return
	}
	alternative := o.boundary("----------=_")
	o.line(`Content-Type: multipart/alternative; boundary="`, alternative, `"`)
	o.line("Content-Transfer-Encoding: binary")
	o.line()
	o.line("--", alternative)
	plain()
	o.line()
	o.line("--", alternative)
	o.line(`Content-Type: text/html; charset="iso-8859-1"`)
	o.line("Content-Disposition: inline")
	o.quotedPrintable(latin1(o.d.HTML, true))
	o.line()
	o.line("--", alternative, "--")
}

func (o *writer) quotedPrintable(text []byte) {
	o.line("Content-Transfer-Encoding: quoted-printable")
	o.line()
	q := quotedprintable.NewWriter(o)
	if _, err := q.Write(text); err == nil {
		_ = q.Close()
	}
}

// partHeader writes the fields of a named part. A name of "-" is left out.
func (o *writer) partHeader(kind, name, fallback, encoding string) {
	if name == "" {
		name = fallback
	}
	if name == "-" {
		o.line("Content-Type: ", kind)
	} else {
		name = encodeText(quotedName.Replace(name))
		o.line("Content-Type: ", kind, `; name="`, name, `"`)
		o.line(`Content-Disposition: inline; filename="`, name, `"`)
	}
	o.line("Content-Transfer-Encoding: ", encoding)
}

func (o *writer) certification() {
	if o.d.CertificationData == nil {
		return
	}
	o.nextPart()
	if o.d.Style.PlainCertification {
		o.line(`Content-Type: application/xml; name="`, "daticert.xml", `"`)
		o.quotedPrintable(o.d.CertificationData)
		return
	}
	o.partHeader("application/xml", o.d.Style.CertificationName, "daticert.xml", "base64")
	o.line()
	o.base64(o.d.CertificationData, 60)
}

func (o *writer) original() {
	if o.d.Original == nil {
		return
	}
	o.nextPart()
	encoding := "7bit"
	if o.d.EightBit {
		encoding = "8bit"
	}
	o.partHeader("message/rfc822", o.d.Style.OriginalName, "postacert.eml", encoding)
	o.line()
	// CRs before a line end do not survive SMTP (RFC 5321 §2.3.8), and OpenSSL
	// leaves them out of the digest.
	lines := newLineEndWriter(o, CollapsedLineEnds)
	if err := copyThrough(lines, o.d.Original); err != nil && o.err == nil {
		o.err = &Error{Where: "original", Offset: -1, Err: err}
	}
	if err := lines.Close(); err != nil && o.err == nil {
		o.err = err
	}
}

func (o *writer) attachment(a *Attachment) {
	kind := a.Type
	if kind == "" {
		kind = "application/octet-stream"
	}
	o.nextPart()
	o.partHeader(kind, a.Name, "-", "base64")
	o.line()
	o.base64(a.Data, 76)
}

func (o *writer) base64(data []byte, width int) {
	lines := make([]byte, 0, base64.StdEncoding.EncodedLen(len(data))*(width+2)/width+8)
	for chunk := width / 4 * 3; len(data) > 0; {
		n := min(chunk, len(data))
		lines = base64.StdEncoding.AppendEncode(lines, data[:n])
		lines = append(lines, '\r', '\n')
		data = data[n:]
	}
	_, _ = o.Write(lines)
}

// sign writes the signature part and the end.
func (o *writer) sign(der []byte) {
	o.line()
	o.line("--", o.signature)
	o.line("Content-Type: ", o.protocol(), `; name="smime.p7s"`)
	o.line("Content-Transfer-Encoding: base64")
	o.line(`Content-Disposition: attachment; filename="smime.p7s"`)
	o.line()
	o.base64(der, 64)
	o.line()
	o.line("--", o.signature, "--")
}

// latin1 converts text to ISO-8859-1. HTML says what the charset lacks with
// character references.
func latin1(s string, html bool) []byte {
	out := make([]byte, 0, len(s)+16)
	for _, r := range s {
		switch {
		case r < 256:
			out = append(out, byte(r))
		case html:
			out = append(out, "&#"...)
			out = appendInt(out, int(r))
			out = append(out, ';')
		default:
			out = append(out, '?')
		}
	}
	return out
}

func appendInt(dst []byte, n int) []byte {
	if n >= 10 {
		dst = appendInt(dst, n/10)
	}
	return append(dst, byte('0'+n%10))
}
