package receipt

import (
	"bytes"
	"crypto"
	"encoding/hex"
	"fmt"
	"io"
	"mime"
	"strings"

	"github.com/certmail/certmail/envelope"
)

// A BriefOptions says how the original of a brief delivery receipt (ricevuta
// di avvenuta consegna breve) is made. Nil and zero mean the rules of RFC 6109
// §3.3.2.2: SHA-1 over the part as it stands, transfer-encoded.
type BriefOptions struct {
	// Hash is crypto.SHA1 or crypto.SHA256.
	Hash crypto.Hash
	// Input is what of a part is digested.
	Input BriefInput
	// UpperCase writes the digests in upper case.
	UpperCase bool
	// Options bounds the reading of the original.
	Options *envelope.Options
}

// A BriefInput is what of an attachment is digested. The rules say "the entire
// content of the part" and warn against wrapping its base64 again, so it is the
// encoded text; what providers do today is not confirmed, and [VerifyBrief]
// tries all of these.
type BriefInput string

// The inputs, in the order in which they are tried.
const (
	InputEncoded      BriefInput = "encoded"                        // as it stands, CR LF line ends, without the one before the delimiter (RFC 2046 §5.1.1)
	InputEncodedFinal BriefInput = "encoded, with final line break" // that one included
	InputEncodedBare  BriefInput = "encoded, without line break"    // without any line break at the end
	InputLF           BriefInput = "encoded, LF"                    // as InputEncoded with LF line ends
	InputLFFinal      BriefInput = "encoded, LF, with final line break"
	InputLFBare       BriefInput = "encoded, LF, without line break"
	InputDecoded      BriefInput = "decoded" // the file itself
)

// A Brief is an original whose attachments are replaced by their digests. It
// reads the source anew each time; nothing of it is kept in memory.
type Brief struct {
	// Replaced are the attachments, in the order of the message.
	Replaced []Replacement
	pieces   []piece
	src      *io.SectionReader
}

// A Replacement is one attachment that became a digest.
type Replacement struct {
	Name   string // of the attachment; the part that stands for it is called Name + ".hash"
	Digest string // in hexadecimal, as written
}

// piece is a stretch of the result: text of ours, or a range of the source.
type piece struct {
	text string
	from envelope.Range
}

// NewBrief replaces the attachments of an original by their digests: every part
// with a name or filename, and every embedded message as a whole. Inside
// multipart/signed only the first part is looked at, so that the signature
// stays (and no longer holds, by design); an opaque S/MIME message
// (application/pkcs7-mime) cannot be shortened and stays whole.
func NewBrief(original *io.SectionReader, opt *BriefOptions) (*Brief, error) {
	var o BriefOptions
	if opt != nil {
		o = *opt
	}
	if o.Hash == 0 {
		o.Hash = crypto.SHA1
	}
	if o.Input == "" {
		o.Input = InputEncoded
	}
	if !o.Hash.Available() {
		return nil, fmt.Errorf("receipt: brief: digest algorithm %v is not available", o.Hash)
	}
	root, _, err := envelope.Structure(original, o.Options)
	if err != nil {
		return nil, fmt.Errorf("receipt: brief: original: %w", err)
	}
	b := &Brief{src: original}
	at := int64(0)
	for _, p := range attachments(root) {
		digest, err := digestOf(p, o.Hash, o.Input)
		if err != nil {
			return nil, fmt.Errorf("receipt: brief: attachment %q: %w", p.Name(), err)
		}
		text := hex.EncodeToString(digest)
		if o.UpperCase {
			text = strings.ToUpper(text)
		}
		name := attachmentName(p)
		b.Replaced = append(b.Replaced, Replacement{name, text})
		b.pieces = append(b.pieces, piece{from: envelope.Range{Start: at, End: p.Entity.Start}}, piece{text: stub(p, p == root, name, text)})
		at = p.Entity.End
	}
	b.pieces = append(b.pieces, piece{from: envelope.Range{Start: at, End: original.Size()}})
	return b, nil
}

// Reader returns a reader over the result, from its beginning.
func (b *Brief) Reader() io.Reader {
	list := make([]io.Reader, len(b.pieces))
	for i, p := range b.pieces {
		if p.text != "" {
			list[i] = strings.NewReader(p.text)
		} else {
			list[i] = io.NewSectionReader(b.src, p.from.Start, p.from.Len())
		}
	}
	return io.MultiReader(list...)
}

// attachments returns the parts to replace, in the order of the message. S/MIME
// is looked for at the top of the message only (RFC 6109 §3.3.2.2).
func attachments(root *envelope.Part) []*envelope.Part {
	switch root.Type.Value {
	case "application/pkcs7-mime", "application/x-pkcs7-mime":
		return nil
	case "multipart/signed":
		if len(root.Parts) == 2 && isSignature(root.Parts[1]) {
			return named(nil, root.Parts[0])
		}
	}
	return named(nil, root)
}

func isSignature(p *envelope.Part) bool {
	return p.Type.Value == "application/pkcs7-signature" || p.Type.Value == "application/x-pkcs7-signature"
}

// named appends the topmost parts below p that are attachments.
func named(list []*envelope.Part, p *envelope.Part) []*envelope.Part {
	if p.Type.Value == "message/rfc822" || p.Name() != "" {
		return append(list, p)
	}
	for _, child := range p.Parts {
		list = named(list, child)
	}
	return list
}

// attachmentName returns the name of a part; an embedded message often has
// none.
func attachmentName(p *envelope.Part) string {
	if name := p.Name(); name != "" {
		return name
	}
	return "message.eml"
}

// stub is the part that stands for an attachment. Where the attachment is the
// message itself, the other fields of its header stay.
func stub(p *envelope.Part, isRoot bool, name, digest string) string {
	eol := "\r\n"
	if raw := p.Header.Raw(); bytes.IndexByte(raw, '\n') >= 0 && !bytes.Contains(raw, []byte("\r\n")) {
		eol = "\n"
	}
	var b strings.Builder
	if isRoot {
		keepFields(&b, p, eol)
	}
	b.WriteString("Content-Type: " + mime.FormatMediaType("text/plain", map[string]string{"name": name + hashSuffix}) + eol)
	b.WriteString("Content-Transfer-Encoding: 7bit" + eol)
	b.WriteString("Content-Disposition: " + mime.FormatMediaType("attachment", map[string]string{"filename": name + hashSuffix}) + eol)
	b.WriteString(eol + digest)
	return b.String()
}

// hashSuffix ends the name of a part that stands for an attachment.
const hashSuffix = ".hash"

func keepFields(b *strings.Builder, p *envelope.Part, eol string) {
	for line := range bytes.Lines(fieldsWithout(p.Header.Raw(), "content-type", "content-transfer-encoding", "content-disposition")) {
		if text := bytes.TrimRight(line, "\r\n"); len(text) > 0 {
			b.Write(text)
			b.WriteString(eol)
		}
	}
}

// fieldsWithout returns a header block without some fields, continuation
// lines and all.
func fieldsWithout(raw []byte, names ...string) []byte {
	var out []byte
	drop := false
	for line := range bytes.Lines(raw) {
		if line[0] != ' ' && line[0] != '\t' {
			name, _, _ := bytes.Cut(line, []byte(":"))
			drop = false
			for _, n := range names {
				drop = drop || strings.EqualFold(strings.TrimSpace(string(name)), n)
			}
		}
		if !drop {
			out = append(out, line...)
		}
	}
	return out
}
