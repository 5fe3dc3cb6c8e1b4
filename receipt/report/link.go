package report

import (
	"html/template"
	"net/url"
	"strings"

	"github.com/certmail/certmail/internal/htmlpage"
)

// A fileView is a file name with its link, empty for none.
type fileView struct {
	Name string
	URL  template.URL
}

// maxPath is the length in bytes of the longest path that is linked.
const maxPath = 4096

// A linker makes the links to proofs.
type linker struct {
	link func(string) string
}

// file returns what to show for a file.
func (l *linker) file(name string) fileView {
	if name == "" {
		return fileView{}
	}
	v := fileView{Name: htmlpage.Named(name)}
	if l.link == nil {
		v.URL = template.URL(relativeURL(name))
	} else if raw := l.link(name); safeURL(raw) {
		v.URL = template.URL(raw)
	}
	return v
}

// relativeURL makes a URL of a slash-separated file name. Whatever is in the
// name, the URL has neither scheme nor host, and nothing but unreserved
// characters, "%" and "/". The name "-", standard input, has none, nor has one
// that is longer than file systems allow.
func relativeURL(name string) string {
	if name == "-" || len(name) > maxPath {
		return ""
	}
	const hex = "0123456789ABCDEF"
	out := make([]byte, 0, len(name)+16)
	for i := 0; i < len(name); i++ {
		switch c := name[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '-', c == '.', c == '_', c == '~':
			out = append(out, c)
		case c == '/':
			if len(out) == 0 || out[len(out)-1] != '/' { // two at the start would begin a host
				out = append(out, c)
			}
		default:
			out = append(out, '%', hex[c>>4], hex[c&15])
		}
	}
	return string(out)
}

// safeURL reports whether a caller's URL may be linked. Browsers repair URLs
// that are not well-formed, each in its way: those are refused.
func safeURL(raw string) bool {
	if raw == "" || raw[0] == '#' || len(raw) > 4*maxPath { // a place in this page is no proof
		return false
	}
	for i := 0; i < len(raw); i++ {
		if c := raw[i]; c <= ' ' || c == 0x7F || c == '\\' || c == '"' || c == '<' || c == '>' {
			return false
		}
	}
	u, err := url.Parse(raw)
	if err != nil {
		return false
	}
	switch strings.ToLower(u.Scheme) {
	case "":
		return u.Host == "" && u.Opaque == "" && !strings.HasPrefix(raw, "//")
	case "file":
		return u.Opaque == ""
	case "http", "https":
		return u.Host != "" && u.Opaque == ""
	}
	return false
}
