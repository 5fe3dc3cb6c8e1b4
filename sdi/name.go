package sdi

import (
	"errors"
	"fmt"
	"strings"
)

// ErrName says that a file name is not of the form that SDI gives and wants.
var ErrName = errors.New("not a file name of SDI")

// Name is the name of a file as SDI wants it (specifiche tecniche
// FatturaPA, "nome del file"): that of an invoice,
//
//	IT01234567890_00001.xml, IT01234567890_00001.xml.p7m, IT01234567890_00001.zip
//
// or that of a notification about it, IT01234567890_00001_RC_001.xml. Parts are
// kept in the letter case they came in. A name is a hint and proves nothing.
type Name struct {
	// Country of the transmitter, two letters (ISO 3166-1), and its ID: for IT
	// 11 to 16 letters and digits, for others 2 to 28.
	Country, ID string
	// Progressive is the transmitter's own number, 1 to 5 letters and digits.
	Progressive string
	// Type of notification, in upper case; empty for an invoice file.
	Type Type
	// Number of the notification, 1 to 3 letters and digits.
	Number string
	// Zip tells an archive (.zip) from a document (.xml), Signed that .p7m
	// follows.
	Zip, Signed bool

	text string
}

// String returns the name as it was parsed.
func (n Name) String() string { return n.text }

// Stem returns what the names of an invoice and of all its notifications begin
// with: country, ID and progressive.
func (n Name) Stem() string {
	return n.text[:min(len(n.text), len(n.Country)+len(n.ID)+len(n.Progressive)+1)]
}

// ParseName reads a file name without folder. Letters may be upper or lower
// case; anything else than ASCII is refused. The error wraps ErrName.
func ParseName(name string) (Name, error) {
	n := Name{text: name}
	const longest = 2 + 28 + 1 + 5 + 1 + 2 + 1 + 3 + len(".xml.p7m")
	if len(name) > longest {
		return Name{}, nameError(name, "longer than any")
	}
	stem := name
	if cut, ok := cutSuffixFold(stem, ".p7m"); ok {
		stem, n.Signed = cut, true
	}
	if cut, ok := cutSuffixFold(stem, ".zip"); ok {
		stem, n.Zip = cut, true
	} else if stem, ok = cutSuffixFold(stem, ".xml"); !ok {
		return Name{}, nameError(name, "it ends neither in .xml nor in .zip, with or without .p7m")
	}
	part := strings.Split(stem, "_")
	if len(part) != 2 && len(part) != 4 {
		return Name{}, nameError(name, "it has %d parts between underscores, expected 2 or 4", len(part))
	}
	for _, p := range part {
		if !alphanumeric(p) {
			return Name{}, nameError(name, "%q is not letters and digits", p)
		}
	}
	if len(part[0]) < 4 || !letter(part[0][0]) || !letter(part[0][1]) {
		return Name{}, nameError(name, "it does not begin with a country and an identifier")
	}
	n.Country, n.ID, n.Progressive = part[0][:2], part[0][2:], part[1]
	shortest, most := 2, 28
	if strings.EqualFold(n.Country, "IT") {
		shortest, most = 11, 16
	}
	if len(n.ID) < shortest || len(n.ID) > most {
		return Name{}, nameError(name, "an identifier of %d characters, expected %d to %d", len(n.ID), shortest, most)
	}
	if len(n.Progressive) > 5 {
		return Name{}, nameError(name, "a progressive of %d characters, expected 1 to 5", len(n.Progressive))
	}
	if len(part) == 4 {
		n.Type, n.Number = Type(strings.ToUpper(part[2])), part[3]
		if !n.Type.Known() {
			return Name{}, nameError(name, "no notification is called %q", part[2])
		}
		if len(n.Number) > 3 {
			return Name{}, nameError(name, "a notification number of %d characters, expected 1 to 3", len(n.Number))
		}
	}
	return n, nil
}

func nameError(name, format string, args ...any) error {
	const most = 100
	if len(name) > most {
		name = name[:most]
	}
	return fmt.Errorf("sdi: %q: %w: %s", name, ErrName, fmt.Sprintf(format, args...))
}

// cutSuffixFold cuts an ASCII suffix in any letter case. (strings.EqualFold
// would take the Kelvin sign for a k.)
func cutSuffixFold(s, suffix string) (string, bool) {
	at := len(s) - len(suffix)
	if at < 0 {
		return s, false
	}
	for i := range len(suffix) {
		if lower(s[at+i]) != suffix[i] {
			return s, false
		}
	}
	return s[:at], true
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		c += 'a' - 'A'
	}
	return c
}

func letter(c byte) bool { c = lower(c); return 'a' <= c && c <= 'z' }

func alphanumeric(s string) bool {
	for i := range len(s) {
		if !letter(s[i]) && (s[i] < '0' || s[i] > '9') {
			return false
		}
	}
	return s != ""
}
