package sdi

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"strings"

	"github.com/certmail/certmail/trust"
)

// File is what Recognise finds out about a file.
type File struct {
	// Name as it was given. It may hold anything: never use it as a path.
	Name string
	// Parsed is the name taken apart; nil when it is none of SDI's.
	Parsed *Name
	// Size in bytes and SHA256, in lower-case hexadecimal, of the file as it was
	// transmitted, its signature (.p7m) included.
	Size   int64
	SHA256 string
	// Kind is what it is by its content.
	Kind Kind
	// Layers are the signatures around the content, the outermost first.
	Layers []Layer
	// PayloadSHA256 is that of what is inside the last layer; SHA256 when there
	// is no layer.
	PayloadSHA256 string
	// Root, Namespace and Version (versione) of an XML document.
	Root, Namespace, Version string
	// Invoice and Notification are set by Kind.
	Invoice      *Invoice
	Notification *Notification
	// Names are those in a zip archive, as many as Options.MaxNames.
	Names []string
	// Signature is the XAdES signature of the document; nil without one, which
	// is a finding for notifications that SDI signs.
	Signature *Signature
	// Findings is everything odd.
	Findings []Finding
}

// Signed tells whether a signature of the kind that the file ought to have holds
// and is trusted: that of a notification, or one over the invoice, inside it or
// in the innermost layer. Metadata (MT) are never signed.
func (f *File) Signed() bool {
	if f.Signature.OK() {
		return true
	}
	if f.Kind == KindNotification || len(f.Layers) == 0 {
		return false
	}
	last := f.Layers[len(f.Layers)-1].Signatures
	for i := range last {
		if last[i].OK() {
			return true
		}
	}
	return false
}

// maxFindings bounds what is told of one file; whoever writes nonsense ten
// thousand times is heard a hundred times.
const maxFindings = 100

func (f *File) find(code, format string, args ...any) {
	if len(f.Findings) >= maxFindings {
		return
	}
	f.Findings = append(f.Findings, Finding{Code: code, Detail: fmt.Sprintf(format, args...)})
}

// Recognise reads a file and says what of SDI it is, by its content: out of up
// to three signatures around each other (.p7m in DER, BER, PEM or base64), the
// root element, its namespace and versione decide. Of a zip archive only the
// names are read. A name that says otherwise is a finding, and so is an element
// of SDI in a wrong namespace, which is not recognised.
//
// Files that cannot be of SDI are digested as they stream by and not kept in
// memory. The error is the reader's; anything wrong with the content is a
// finding.
func Recognise(name string, r io.Reader, opt *Options) (*File, error) {
	o := opt.withDefaults()
	f := &File{Name: name, Kind: KindOther}
	if n, err := ParseName(name); err == nil {
		f.Parsed = &n
	}
	data, err := f.read(r, o)
	if err != nil {
		return nil, fmt.Errorf("sdi: %q: %w", shorten(name), err)
	}
	if data != nil {
		f.look(data, o)
	}
	f.compareName()
	return f, nil
}

// read digests the file and returns its bytes where they are worth a look.
func (f *File) read(r io.Reader, o *Options) ([]byte, error) {
	sum := sha256.New()
	count := &counter{}
	in := bufio.NewReaderSize(io.TeeReader(r, io.MultiWriter(sum, count)), 32<<10)
	head, err := in.Peek(1024)
	if err != nil && err != io.EOF {
		return nil, err
	}
	var data []byte
	if sniff(head) != formNone {
		if data, err = io.ReadAll(io.LimitReader(in, o.MaxFile+1)); err != nil {
			return nil, err
		}
	}
	if _, err := io.Copy(io.Discard, in); err != nil {
		return nil, err
	}
	f.Size, f.SHA256 = count.n, hex.EncodeToString(sum.Sum(nil))
	f.PayloadSHA256 = f.SHA256
	if f.Size > o.MaxFile {
		if data != nil {
			f.find("too-large", "%d bytes, of which at most %d are looked at", f.Size, o.MaxFile)
		}
		return nil, nil
	}
	return data, nil
}

// look takes the layers off and recognises what is inside.
func (f *File) look(data []byte, o *Options) {
	for {
		switch sniff(data) {
		case formCMS:
			if len(f.Layers) == o.MaxLayers {
				f.find("too-many-layers", "signed more than %d times over", o.MaxLayers)
				return
			}
			layer, content, err := unwrap(data, o)
			if err != nil {
				// A certificate, a key, a text that begins like base64: no news
				// about a file that never said it was signed.
				if f.Parsed != nil || len(f.Layers) > 0 || hasSuffixFold(f.Name, ".p7m") {
					f.find("signature-unreadable", "layer %d: %v", len(f.Layers)+1, err)
				}
				return
			}
			f.Layers = append(f.Layers, *layer)
			data = content
			f.PayloadSHA256 = digest(data)
			continue
		case formZip:
			f.archive(data, o)
		case formXML:
			f.document(data, o)
		}
		return
	}
}

// compareName holds the name against the content.
func (f *File) compareName() {
	n, mismatch := f.Parsed, func(format string, args ...any) { f.find("name-content-mismatch", format, args...) }
	switch {
	case n == nil && f.Kind == KindOther:
		return
	case n == nil:
		f.find("name-not-sdi", "%q is no file name of SDI, the content is of kind %s", shorten(f.Name), f.Kind)
		return
	case f.Kind == KindOther:
		f.find("content-not-recognised", "the name is one of SDI, the content is not")
		return
	}
	switch {
	case n.Type != "" && f.Kind != KindNotification:
		mismatch("the name is that of a notification %s, the content is of kind %s", n.Type, f.Kind)
	case n.Type == "" && f.Kind == KindNotification:
		mismatch("the name is that of an invoice, the content is a notification %s", f.Notification.Type)
	case n.Type != "" && n.Type != f.Notification.Type:
		mismatch("the name is that of a notification %s, the content is one of type %s", n.Type, f.Notification.Type)
	case n.Zip != (f.Kind == KindArchive):
		mismatch("the name and the content do not agree whether this is a zip archive")
	}
	if n.Signed != (len(f.Layers) > 0) {
		mismatch("the name and the content do not agree whether this is a signed file (.p7m)")
	}
	if f.Kind == KindNotification && n.Type != "" && f.Notification.FileName != "" {
		if about, err := ParseName(f.Notification.FileName); err == nil && !strings.EqualFold(about.Stem(), n.Stem()) {
			mismatch("the name speaks of %s, NomeFile is %s", n.Stem(), f.Notification.FileName)
		}
	}
}

type counter struct{ n int64 }

func (c *counter) Write(p []byte) (int, error) { c.n += int64(len(p)); return len(p), nil }

func digest(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

func hasSuffixFold(s, suffix string) bool { _, ok := cutSuffixFold(s, suffix); return ok }

// shorten bounds foreign text for a message to people.
func shorten(s string) string {
	const most = 200
	if len(s) > most {
		s = strings.ToValidUTF8(s[:most], "") + "…"
	}
	return s
}

// worst sums up the integrity of a layer: every signature counts.
func worst(list []Signature) trust.Status {
	status := trust.Passed
	for i := range list {
		switch list[i].Integrity {
		case trust.Failed:
			return trust.Failed
		case trust.Passed:
		default:
			status = trust.Unknown
		}
	}
	return status
}
