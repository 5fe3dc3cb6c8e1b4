package pec

import (
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"mime/quotedprintable"
	"strings"

	"github.com/emersion/go-message/textproto"
)

// writeMessage writes header and body. Text is quoted-printable and files are
// base64, so that every line is short and 7-bit whatever is in them.
func (c *composer) writeMessage(w io.Writer) error {
	d := c.draft
	if len(d.Attachments) == 0 {
		return c.writeText(func(h headerBlock) (io.Writer, error) {
			h = append(c.header[:len(c.header):len(c.header)], h...)
			return w, textproto.WriteHeader(w, h.header())
		}, true)
	}
	h := c.header[:len(c.header):len(c.header)]
	boundary, err := c.boundary()
	if err != nil {
		return err
	}
	h.add("Content-Type", "multipart/mixed;", `boundary="`+boundary+`"`)
	if err := textproto.WriteHeader(w, h.header()); err != nil {
		return err
	}
	mixed := textproto.NewMultipartWriter(w)
	if err := mixed.SetBoundary(boundary); err != nil {
		return err
	}
	if d.Text != "" || d.HTML != "" {
		if err := c.writeText(func(h headerBlock) (io.Writer, error) { return mixed.CreatePart(h.header()) }, false); err != nil {
			return err
		}
	}
	for i := range d.Attachments {
		if err := d.Attachments[i].write(mixed); err != nil {
			return fmt.Errorf("pec: compose: attachment %d, %s: %w", i, quoteClipped(d.Attachments[i].Name), err)
		}
	}
	return mixed.Close()
}

// writeText writes the readable text as one entity, which begin starts.
func (c *composer) writeText(begin func(headerBlock) (io.Writer, error), whole bool) error {
	d := c.draft
	if d.Text == "" || d.HTML == "" {
		kind, text := "text/plain", d.Text
		if d.HTML != "" {
			kind, text = "text/html", d.HTML
		}
		return writeLeaf(begin, kind, text)
	}
	boundary, err := c.boundary()
	if err != nil {
		return err
	}
	var h headerBlock
	h.add("Content-Type", "multipart/alternative;", `boundary="`+boundary+`"`)
	w, err := begin(h)
	if err != nil {
		return err
	}
	alternative := textproto.NewMultipartWriter(w)
	if err := alternative.SetBoundary(boundary); err != nil {
		return err
	}
	part := func(h headerBlock) (io.Writer, error) { return alternative.CreatePart(h.header()) }
	if err := writeLeaf(part, "text/plain", d.Text); err != nil {
		return err
	}
	if err := writeLeaf(part, "text/html", d.HTML); err != nil {
		return err
	}
	return alternative.Close()
}

var lineEnds = strings.NewReplacer("\r\n", "\n", "\r", "\n")

func writeLeaf(begin func(headerBlock) (io.Writer, error), kind, text string) error {
	var h headerBlock
	h.add("Content-Type", kind+";", "charset=utf-8")
	h.add("Content-Transfer-Encoding", "quoted-printable")
	w, err := begin(h)
	if err != nil || text == "" {
		return err
	}
	text = lineEnds.Replace(text)
	if !strings.HasSuffix(text, "\n") {
		text += "\n"
	}
	q := quotedprintable.NewWriter(w)
	if _, err := io.WriteString(q, text); err != nil {
		return err
	}
	return q.Close()
}

// write streams the file.
func (f *File) write(mixed *textproto.MultipartWriter) error {
	kind, why := f.mediaType()
	if why != "" {
		return errors.New(why)
	}
	var h headerBlock
	h.addFile(kind, f.Name)
	r, err := f.Open()
	if err != nil {
		return err
	}
	if r == nil {
		return errors.New("its Open returned no reader")
	}
	defer r.Close()
	w, err := mixed.CreatePart(h.header())
	if err != nil {
		return err
	}
	return encodeBase64(w, r)
}

// encodeBase64 writes lines of 76 characters, the last without a line end.
func encodeBase64(w io.Writer, r io.Reader) error {
	const width, perLine, lines = 76, 57, 256
	in := make([]byte, perLine*lines)
	out := make([]byte, 0, (width+2)*lines)
	first := true
	for {
		n, err := io.ReadFull(r, in)
		out = out[:0]
		for rest := in[:n]; len(rest) > 0; {
			k := min(perLine, len(rest))
			if !first {
				out = append(out, '\r', '\n')
			}
			first = false
			out = base64.StdEncoding.AppendEncode(out, rest[:k])
			rest = rest[k:]
		}
		if _, werr := w.Write(out); werr != nil {
			return werr
		}
		switch {
		case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF) && n > 0:
			return nil
		case err != nil:
			return err
		}
	}
}

// boundary returns a delimiter that cannot occur in what we write: "=_" is
// neither quoted-printable nor base64.
func (c *composer) boundary() (string, error) {
	var b [16]byte
	if _, err := io.ReadFull(c.random, b[:]); err != nil {
		return "", fmt.Errorf("pec: compose: boundary: random bytes: %w", err)
	}
	return "=_" + hex.EncodeToString(b[:]), nil
}
