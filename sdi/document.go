package sdi

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"

	"github.com/certmail/certmail/internal/xmltree"
)

// document recognises an XML document.
func (f *File) document(data []byte, o *Options) {
	limits := &xmltree.Limits{Bytes: int(o.MaxFile), Elements: o.MaxElements, Depth: 64}
	doc, err := xmltree.Parse(data, limits)
	recoded := false
	if errors.Is(err, xmltree.ErrEncoding) {
		if utf, name, ok := recode(data, int(o.MaxFile)); ok {
			var again error
			if doc, again = xmltree.Parse(utf, limits); again == nil {
				err, recoded = nil, true
				defer func() {
					if f.Kind != KindOther {
						f.find("encoding-not-utf8", "the document is in %s; SDI wants UTF-8", name)
					}
				}()
			}
		}
	}
	if err != nil {
		if f.Parsed != nil || mentionsSDI(data) {
			f.find("xml-unreadable", "%v", err)
		}
		return
	}
	top := doc.Root
	f.Root, f.Namespace = shorten(top.Local), shorten(top.Space)
	version, _ := top.Attr("", "versione")
	f.Version = shorten(version)
	r, found, known := rootOf(top.Space, top.Local)
	switch {
	case !found && known:
		f.find("namespace-not-recognised", "an element %s in the namespace %q, which is none of SDI's for it", f.Root, f.Namespace)
		return
	case !found:
		return
	}
	f.Kind = r.kind
	if !slices.Contains(r.versions, version) {
		f.find("version-not-recognised", "versione %q, expected %s", f.Version, strings.Join(r.versions, " or "))
	}
	fields := &reader{file: f, space: top.Space}
	if r.kind == KindNotification {
		f.Notification = fields.notification(top, r)
	} else {
		f.Invoice = fields.invoice(top, r.kind, o.MaxDocuments)
	}
	if recoded {
		return // a signature over another encoding's octets is not judged here
	}
	judge := o.Invoices
	if r.kind == KindNotification {
		judge = o.Notifications
	}
	f.Signature = xmlSignature(doc, r.kind == KindNotification, judge, o.At)
	if f.Signature == nil && r.typ.Signed() && r.kind == KindNotification {
		f.find("signature-missing", "SDI signs notifications %s, and this one bears no signature", r.typ)
	}
}

// mentionsSDI tells whether the beginning of a document that cannot be read
// names SDI, so that it is worth a remark.
func mentionsSDI(data []byte) bool {
	head := data[:min(len(data), 4096)]
	return bytes.Contains(head, []byte("www.fatturapa.gov.it/sdi")) || bytes.Contains(head, []byte("ivaservizi.agenziaentrate.gov.it/docs/xsd"))
}

func isUTF16(head []byte) bool {
	return bytes.HasPrefix(head, []byte{0xfe, 0xff}) || bytes.HasPrefix(head, []byte{0xff, 0xfe})
}

// recode turns a document in an encoding that invoices are met in, against the
// rules, into UTF-8, so that it can at least be recognised. limit bounds the
// result in octets.
func recode(data []byte, limit int) (utf []byte, name string, ok bool) {
	var from encoding.Encoding
	if isUTF16(data) {
		name, from = "UTF-16", unicode.UTF16(unicode.BigEndian, unicode.ExpectBOM)
	} else {
		name = declaredEncoding(data)
		switch name {
		case "ISO-8859-1", "WINDOWS-1252", "LATIN1", "CP1252":
			from = charmap.Windows1252
		case "ISO-8859-15":
			from = charmap.ISO8859_15
		case "US-ASCII":
			from = encoding.Nop
		default:
			return nil, "", false
		}
	}
	utf, err := from.NewDecoder().Bytes(data)
	if err != nil || len(utf) > limit || !utf8.Valid(utf) {
		return nil, "", false
	}
	if _, end, ok := declaration(utf); ok {
		utf = utf[end:]
	}
	return utf, name, true
}

// declaration finds the XML declaration.
func declaration(data []byte) (text string, end int, ok bool) {
	if !bytes.HasPrefix(data, []byte("<?xml")) {
		return "", 0, false
	}
	end = bytes.Index(data[:min(len(data), 300)], []byte("?>"))
	if end < 0 {
		return "", 0, false
	}
	return string(data[:end]), end + 2, true
}

// declaredEncoding returns the encoding of the XML declaration in upper case.
func declaredEncoding(data []byte) string {
	text, _, _ := declaration(data)
	_, value, ok := strings.Cut(text, "encoding")
	value = strings.TrimLeft(value, " \t\r\n=")
	if !ok || value == "" || value[0] != '"' && value[0] != '\'' {
		return ""
	}
	name, _, ok := strings.Cut(value[1:], value[:1])
	if !ok {
		return ""
	}
	return strings.ToUpper(name)
}
