package envelope

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"github.com/certmail/certmail/internal/mimeword"
	"github.com/certmail/certmail/internal/usertext"
)

// Field is a header field to write.
type Field struct {
	Name string
	// Value is plain text in UTF-8: what is not ASCII is written as encoded
	// words (RFC 2047), long values are folded.
	Value string
	// Received, when not nil, is a whole field as it was received (see
	// Header.RawField). It is written as it stands, but for its line ends, for
	// control characters, which become spaces, and for continuation lines of
	// white space alone, which are left out. Name and Value are ignored.
	Received []byte
}

// append writes the field with CR LF line ends.
func (f *Field) append(dst []byte) ([]byte, error) {
	if f.Received != nil {
		for rest := f.Received; ; {
			i := bytes.IndexByte(rest, '\n')
			if i < 0 || i == len(rest)-1 {
				break
			}
			if rest = rest[i+1:]; rest[0] != ' ' && rest[0] != '\t' {
				return nil, errorf("header", -1, ErrBuild, "%q is more than one field", clip(string(f.Received)))
			}
		}
		return append(usertext.AppendField(dst, f.Received), '\r', '\n'), nil
	}
	if fieldName([]byte(f.Name)) == 0 || strings.ContainsAny(f.Name, ": \t") {
		return nil, errorf("header", -1, ErrBuild, "%q is no field name", clip(f.Name))
	}
	if i := strings.IndexAny(f.Value, "\r\n\x00"); i >= 0 {
		return nil, errorf("header", -1, ErrBuild, "field %s holds a line end or a NUL", f.Name)
	}
	if !utf8.ValidString(f.Value) {
		return nil, errorf("header", -1, ErrBuild, "field %s is not UTF-8", f.Name)
	}
	dst = append(dst, f.Name...)
	dst = append(dst, ": "...)
	return append(appendFolded(dst, encodeText(f.Value), len(f.Name)+2), '\r', '\n'), nil
}

// encodeText writes unstructured text: as it is when it is plain ASCII that
// cannot be mistaken for an encoded word, else as encoded words. A quoted
// display name keeps its address readable: only the phrase is encoded.
func encodeText(s string) string {
	if isASCII(s) && !strings.Contains(s, "=?") {
		return s
	}
	if name, addr, ok := splitQuotedName(s); ok {
		return strings.Join(mimeword.Encode(name, 75), " ") + " " + addr
	}
	return strings.Join(mimeword.Encode(s, 75), " ")
}

func isASCII(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] >= utf8.RuneSelf || s[i] < ' ' && s[i] != '\t' || s[i] == 127 {
			return false
		}
	}
	return true
}

// splitQuotedName takes `"name" <addr>` apart.
func splitQuotedName(s string) (name, addr string, ok bool) {
	if !strings.HasPrefix(s, `"`) || !strings.HasSuffix(s, ">") {
		return "", "", false
	}
	name, rest := quotedString(s[1:])
	rest = strings.TrimSpace(rest)
	if !strings.HasPrefix(rest, "<") || !isASCII(rest) {
		return "", "", false
	}
	return name, rest, true
}

// What is escaped inside quotes; a file name must not break its line either.
var (
	quotedPhrase = strings.NewReplacer(`\`, `\\`, `"`, `\"`)
	quotedName   = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\r", "", "\n", "")
)

// NamedAddress writes a display name and an address as `"name" <address>`,
// with the name quoted (RFC 5322 §3.4).
func NamedAddress(name, address string) string {
	return `"` + quotedPhrase.Replace(name) + `" <` + address + ">"
}

// appendFolded breaks a value at spaces so that lines stay below 78
// characters where they can (RFC 5322 §2.1.1).
func appendFolded(dst []byte, s string, column int) []byte {
	for {
		room := 77 - column
		if len(s) <= room {
			return append(dst, s...)
		}
		cut := -1
		for i := 1; i < len(s); i++ {
			if s[i] == ' ' && s[i-1] != ' ' {
				if i > room && cut > 0 {
					break
				}
				cut = i
				if i > room {
					break
				}
			}
		}
		if cut < 0 || strings.TrimSpace(s[cut:]) == "" {
			return append(dst, s...)
		}
		dst = append(dst, s[:cut]...)
		dst = append(dst, '\r', '\n')
		s, column = s[cut:], 0
	}
}
