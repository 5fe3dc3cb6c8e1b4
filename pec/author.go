package pec

import (
	"fmt"
	"io"
	"mime"
	"net/mail"
	"strings"

	"github.com/emersion/go-message/charset"

	"github.com/certmail/certmail/envelope"
)

// author is the one mailbox of a From field.
type author struct {
	name    string // display name, decoded; never trusted
	address string // addr-spec
}

// parseAuthor takes the one address of the one From field. Several fields,
// several addresses, groups and NULs are refused: which one a reader would
// show is not ours to guess (RFC 5322 §3.6.2; RFC 6109 §2.1).
func parseAuthor(h *envelope.Header) (author, error) {
	switch n := h.Count("From"); n {
	case 1:
	case 0:
		return author{}, fmt.Errorf("%w: there is no From field", ErrAuthor)
	default:
		return author{}, fmt.Errorf("%w: there are %d From fields", ErrAuthor, n)
	}
	value := h.Get("From")
	for i := range len(value) {
		if value[i] < ' ' && value[i] != '\t' || value[i] == 127 {
			return author{}, fmt.Errorf("%w: control characters in From", ErrAuthor)
		}
	}
	if a, ok := plainAuthor(value); ok {
		return a, nil
	}
	list, err := addressParser.ParseList(value)
	if err != nil {
		return author{}, fmt.Errorf("%w: %w", ErrAuthor, err)
	}
	if len(list) != 1 || isGroup(value) {
		return author{}, fmt.Errorf("%w: it holds %d", ErrAuthor, len(list))
	}
	return author{name: envelope.DecodeText(list[0].Name), address: list[0].Address}, nil
}

// plainAuthor reads the two forms that providers write, an address alone and
// a quoted name before an address in angle brackets. Everything else is left
// to the general parser.
func plainAuthor(v string) (author, bool) {
	if plainAddress(v) {
		return author{address: v}, true
	}
	if len(v) < 4 || v[0] != '"' || v[len(v)-1] != '>' {
		return author{}, false
	}
	end := strings.IndexAny(v[1:], `"\`)
	if end < 0 || v[1+end] != '"' {
		return author{}, false
	}
	rest := strings.TrimLeft(v[2+end:], " ")
	if len(rest) < 2 || rest[0] != '<' || !plainAddress(rest[1:len(rest)-1]) {
		return author{}, false
	}
	return author{name: envelope.DecodeText(v[1 : 1+end]), address: rest[1 : len(rest)-1]}, true
}

// plainAddress accepts dot-atom@domain of unsuspicious characters.
func plainAddress(s string) bool {
	at := -1
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '-', c == '_':
		case c == '.':
			if i == 0 || i == len(s)-1 || s[i-1] == '.' || s[i-1] == '@' || s[i+1] == '@' {
				return false
			}
		case c == '+' && at < 0:
		case c == '@' && at < 0:
			at = i
		default:
			return false
		}
	}
	return at > 0 && at < len(s)-1
}

// isGroup finds the colon and semicolon of a group outside quotes.
func isGroup(v string) bool {
	quoted := false
	for i := 0; i < len(v); i++ {
		switch v[i] {
		case '\\':
			i++
		case '"':
			quoted = !quoted
		case ':', ';':
			if !quoted {
				return true
			}
		}
	}
	return false
}

// onBehalfOf returns the address that the display name of an envelope's From
// claims to speak for: "Per conto di: mario@…" (DM 2-11-2005 annex 6.3.4).
func onBehalfOf(from string) string {
	name := from
	if a, ok := plainAuthor(from); ok {
		name = a.name
	} else if list, err := addressParser.Parse(from); err == nil {
		name = envelope.DecodeText(list.Name)
	}
	return behalfOf(name)
}

// behalfOf takes the address out of such a display name.
func behalfOf(name string) string {
	const claim = "per conto di:"
	if len(name) < len(claim) || !strings.EqualFold(name[:len(claim)], claim) {
		return ""
	}
	return strings.TrimSpace(name[len(claim):])
}

// addressParser reads addresses whatever the charset of their names.
var addressParser = mail.AddressParser{WordDecoder: &mime.WordDecoder{CharsetReader: anyCharset}}

// anyCharset never lets a display name in the way of an address.
func anyCharset(name string, r io.Reader) (io.Reader, error) {
	if decoded, err := charset.Reader(name, r); err == nil {
		return decoded, nil
	}
	return r, nil
}
