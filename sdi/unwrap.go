package sdi

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/certmail/certmail/internal/cms"
	"github.com/certmail/certmail/trust"
)

// Layer is a signature around a content (busta crittografica, .p7m: CMS
// SignedData with its content inside, CAdES).
type Layer struct {
	// Encoding is how it was written: "der", "ber" (streamed), and "pem" or
	// "base64" around either of them.
	Encoding string
	// Size in bytes of the content, and its SHA256 in lower-case hexadecimal.
	Size   int64
	SHA256 string
	// Signatures, at least one, side by side.
	Signatures []Signature
	// Findings are remarks about the form.
	Findings []Finding
}

// Integrity is Passed when every signature of the layer holds, Failed when one
// does not, else Unknown. Who signed is another matter.
func (l *Layer) Integrity() trust.Status { return worst(l.Signatures) }

// The forms that a file may have by its first bytes.
type form uint8

const (
	formNone form = iota
	formXML
	formZip
	formCMS
)

// sniff looks at the first bytes only.
func sniff(head []byte) form {
	if len(head) < 2 {
		return formNone
	}
	switch {
	case head[0] == 0x30 && head[1] >= 0x80: // a SEQUENCE of 128 octets or more
		return formCMS
	case bytes.HasPrefix(head, []byte("PK\x03\x04")), bytes.HasPrefix(head, []byte("PK\x05\x06")):
		return formZip
	case isUTF16(head):
		return formXML
	}
	text := bytes.TrimLeft(bytes.TrimPrefix(head, []byte("\xef\xbb\xbf")), " \t\r\n")
	switch {
	case bytes.HasPrefix(text, []byte("<")):
		return formXML
	case bytes.HasPrefix(text, []byte("-----BEGIN ")):
		return formCMS
	case bytes.HasPrefix(text, []byte("MI")), bytes.HasPrefix(text, []byte("TUl")): // base64 of 30 8x, and of that
		if len(text) > 64 {
			text = text[:64]
		}
		for _, c := range text {
			if !letter(c) && (c < '0' || c > '9') && c != '+' && c != '/' && c != '=' && c != '\r' && c != '\n' {
				return formNone
			}
		}
		return formCMS
	}
	return formNone
}

var errNoContent = errors.New("a signature without the content that it signs")

// unwrap reads one layer. The content may be a range of data.
func unwrap(data []byte, o *Options) (*Layer, []byte, error) {
	limits := &cms.Limits{Size: int(o.MaxFile)}
	der, err := cms.Decode(data, limits)
	if err != nil {
		return nil, nil, err
	}
	sd, err := cms.Parse(der, limits)
	if err != nil {
		return nil, nil, err
	}
	if !sd.HasContent {
		return nil, nil, errNoContent
	}
	l := &Layer{Encoding: "der", Size: int64(len(sd.Content)), SHA256: digest(sd.Content)}
	switch text := bytes.TrimLeft(data, "\xef\xbb\xbf \t\r\n"); {
	case bytes.HasPrefix(text, []byte("-----BEGIN ")):
		l.Encoding = "pem"
	case data[0] != 0x30:
		l.Encoding = "base64"
	case sd.BER:
		l.Encoding = "ber"
	}
	if sd.EContentType != cms.TypeData {
		l.Findings = append(l.Findings, Finding{Code: "content-type", Detail: "the content is of type " + sd.EContentType + ", not data"})
	}
	if sd.TrailingBytes > 0 {
		l.Findings = append(l.Findings, Finding{Code: "trailing-bytes", Detail: fmt.Sprintf("%d bytes after the signature", sd.TrailingBytes)})
	}
	for _, f := range sd.Findings {
		l.Findings = append(l.Findings, Finding{Code: f.Code, Detail: f.Detail})
	}
	l.Signatures = cmsSignatures(sd, o.Invoices, o.At)
	return l, sd.Content, nil
}
