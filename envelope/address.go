package envelope

import (
	"errors"
	"fmt"
	"io"
	"mime"
	"net/mail"
	"strings"

	"github.com/emersion/go-message/charset"
)

// Mailbox is an address with its display name, decoded and never to be trusted.
type Mailbox struct {
	Name    string
	Address string // addr-spec
}

// ErrAuthor says that From does not hold exactly one address.
var ErrAuthor = errors.New("field From must hold exactly one address")

// Author takes the one address of the one From field. Several fields, several
// addresses, groups and NULs are refused with ErrAuthor: which one a reader
// would show is not ours to guess (RFC 5322 §3.6.2; RFC 6109 §2.1).
func (h *Header) Author() (Mailbox, error) {
	switch n := h.Count("From"); n {
	case 1:
	case 0:
		return Mailbox{}, fmt.Errorf("%w: there is no From field", ErrAuthor)
	default:
		return Mailbox{}, fmt.Errorf("%w: there are %d From fields", ErrAuthor, n)
	}
	return ParseMailbox(h.Get("From"))
}

// ParseMailbox reads a value that must hold one address, as that of a From
// field; else the error is an ErrAuthor.
func ParseMailbox(value string) (Mailbox, error) {
	for i := range len(value) {
		if value[i] < ' ' && value[i] != '\t' || value[i] == 127 {
			return Mailbox{}, fmt.Errorf("%w: control characters in From", ErrAuthor)
		}
	}
	if a, ok := plainMailbox(value); ok {
		return a, nil
	}
	list, group, err := ParseMailboxes(value)
	if err != nil {
		return Mailbox{}, fmt.Errorf("%w: %w", ErrAuthor, err)
	}
	if len(list) != 1 || group {
		return Mailbox{}, fmt.Errorf("%w: it holds %d", ErrAuthor, len(list))
	}
	return list[0], nil
}

// ParseMailboxes reads a list of addresses (RFC 5322 §3.4) whatever the charset
// of its names, groups opened; group tells whether there was one.
func ParseMailboxes(value string) (all []Mailbox, group bool, err error) {
	list, err := addressParser.ParseList(value)
	for _, a := range list {
		all = append(all, Mailbox{Name: DecodeText(a.Name), Address: a.Address})
	}
	return all, isGroup(value), err
}

// Addresses returns the addr-specs of all fields of the name. A list that
// breaks the grammar somewhere still gives those that can be read.
func (h *Header) Addresses(name string) []string {
	var all []string
	for _, value := range h.Values(name) {
		list, _, err := ParseMailboxes(value)
		if err != nil {
			for _, one := range splitList(value) {
				if a, err := addressParser.Parse(one); err == nil {
					list = append(list, Mailbox{Address: a.Address})
				}
			}
		}
		for _, a := range list {
			all = append(all, a.Address)
		}
	}
	return all
}

// plainMailbox reads the three forms that providers write: an address alone,
// one in angle brackets, and a quoted name before that. Everything else is left
// to the general parser.
func plainMailbox(v string) (Mailbox, bool) {
	if plainAddress(v) {
		return Mailbox{Address: v}, true
	}
	if len(v) < 4 || v[len(v)-1] != '>' {
		return Mailbox{}, false
	}
	if v[0] == '<' && plainAddress(v[1:len(v)-1]) {
		return Mailbox{Address: v[1 : len(v)-1]}, true
	}
	if v[0] != '"' {
		return Mailbox{}, false
	}
	end := strings.IndexByte(v[1:], '"')
	if end < 0 || strings.IndexByte(v[1:1+end], '\\') >= 0 {
		return Mailbox{}, false
	}
	rest := strings.TrimLeft(v[2+end:], " ")
	if len(rest) < 2 || rest[0] != '<' || !plainAddress(rest[1:len(rest)-1]) {
		return Mailbox{}, false
	}
	return Mailbox{Name: DecodeText(v[1 : 1+end]), Address: rest[1 : len(rest)-1]}, true
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

// splitList takes a list of addresses apart at the commas outside quotes,
// comments and angle brackets.
func splitList(s string) []string {
	var out []string
	quoted, depth, start := false, 0, 0
	add := func(end int) {
		if one := strings.TrimSpace(s[start:end]); one != "" {
			out = append(out, one)
		}
		start = end + 1
	}
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '(' || c == '<':
			depth++
		case (c == ')' || c == '>') && depth > 0:
			depth--
		case c == ',' && depth == 0:
			add(i)
		}
	}
	add(len(s))
	return out
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
