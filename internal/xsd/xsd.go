// Package xsd reads the lexical forms of XML Schema values that the documents
// of ETSI are made of.
package xsd

import (
	"encoding/base64"
	"errors"
	"strings"
	"time"
)

const blanks = " \t\r\n"

// Trim takes the blanks around a value away, as XML Schema does for all types
// but strings.
func Trim(s string) string { return strings.Trim(s, blanks) }

// ErrTime: the value is no xsd:dateTime of the present era.
var ErrTime = errors.New("not a time")

// Time reads xsd:dateTime, already trimmed, to UTC. local says that the value
// has no zone; it is taken for UTC. Years before 1900 are refused, so that the
// zero time never comes out of a document.
func Time(s string) (t time.Time, local bool, err error) {
	if len(s) < len("2006-01-02T15:04:05") || s[10] != 'T' {
		return time.Time{}, false, ErrTime
	}
	if t, err = time.Parse(time.RFC3339, s); err != nil {
		if t, err = time.Parse("2006-01-02T15:04:05", s); err != nil {
			return time.Time{}, false, ErrTime
		}
		local = true
	}
	if t = t.UTC(); t.Year() < 1900 || t.Year() > 9999 {
		return time.Time{}, false, ErrTime
	}
	return t, local, nil
}

// Binary reads xsd:base64Binary, with blanks anywhere.
func Binary(s string) ([]byte, error) {
	s = Trim(s)
	if strings.ContainsAny(s, blanks) {
		s = strings.Map(func(r rune) rune {
			if strings.ContainsRune(blanks, r) {
				return -1
			}
			return r
		}, s)
	}
	return base64.StdEncoding.Strict().DecodeString(s)
}

// Boolean reads xsd:boolean.
func Boolean(s string) (value, ok bool) {
	switch Trim(s) {
	case "true", "1":
		return true, true
	case "false", "0":
		return false, true
	}
	return false, false
}
