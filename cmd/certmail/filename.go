package main

import (
	"fmt"
	"path"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxName is the longest file name that is written, in bytes; file systems
// take 255, and some add to it.
const maxName = 200

// fileName makes a file name of what a message calls a file. Messages come
// from strangers: whatever they say, the name has no folder in it, is no device
// of Windows, is not hidden, and shows as what it is.
func fileName(said string) string {
	s := said
	if i := strings.LastIndexAny(s, `/\`); i >= 0 && strings.Trim(s[i:], `/\. `) != "" {
		s = s[i+1:]
	}
	var b strings.Builder
	for _, r := range strings.ToValidUTF8(s, "_") {
		switch {
		case steers(r) || r == utf8.RuneError || strings.ContainsRune(`/\:*?"<>|`, r):
			b.WriteByte('_')
		case unicode.IsSpace(r):
			b.WriteByte(' ')
		default:
			b.WriteRune(r)
		}
	}
	s = strings.TrimLeft(b.String(), ". ")
	s = strings.TrimRight(s, ". ")
	if strings.Trim(s, "_ .") == "" {
		return "attachment"
	}
	if s[0] == '-' || isDevice(s) {
		s = "_" + s // not to be taken for a flag, or a device
	}
	return shorten(s, maxName)
}

// isDevice reports a name that Windows takes for a device, with any extension.
func isDevice(name string) bool {
	stem, _, _ := strings.Cut(name, ".")
	stem = strings.ToUpper(strings.TrimRight(stem, " "))
	switch stem {
	case "CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$", "CLOCK$":
		return true
	}
	for _, port := range []string{"COM", "LPT"} {
		if number, ok := strings.CutPrefix(stem, port); ok && strings.ContainsRune("0123456789¹²³", first(number)) && utf8.RuneCountInString(number) == 1 {
			return true
		}
	}
	return false
}

func first(s string) rune {
	r, _ := utf8.DecodeRuneInString(s)
	return r
}

// shorten cuts the stem so that the whole name has at most n bytes. A very
// long extension is none.
func shorten(name string, n int) string {
	if len(name) <= n {
		return name
	}
	stem, ext := splitExtension(name)
	cut := n - len(ext)
	for cut > 0 && !utf8.RuneStart(stem[cut]) {
		cut--
	}
	return strings.TrimRight(stem[:cut], ". ") + ext
}

// splitExtension splits "a.tar.gz" into "a.tar" and ".gz".
func splitExtension(name string) (stem, ext string) {
	ext = path.Ext(name)
	if len(ext) > 20 || len(ext) == len(name) {
		ext = ""
	}
	return name[:len(name)-len(ext)], ext
}

// names gives out file names, each once: two that differ only in case are one
// file on many systems.
type names map[string]bool

// take returns the name, or "name (2).ext" when it is taken.
func (t names) take(name string) string {
	stem, ext := splitExtension(name)
	for n := 2; t[folded(name)]; n++ {
		number := fmt.Sprintf(" (%d)", n)
		name = shorten(stem, maxName-len(number)-len(ext)) + number + ext
	}
	t[folded(name)] = true
	return name
}

// folded is the same for names that differ only in case.
func folded(name string) string {
	return strings.Map(func(r rune) rune {
		least := r
		for next := unicode.SimpleFold(r); next != r; next = unicode.SimpleFold(next) {
			least = min(least, next)
		}
		return least
	}, name)
}
