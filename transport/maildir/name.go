package maildir

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

type flagLetter struct {
	letter byte
	flag   string
}

// flagLetters are the flags of the info part of a file name, in their order
// there, and as IMAP has them. P (passed) is what mail programs show as
// $Forwarded.
var flagLetters = []flagLetter{{'D', `\Draft`}, {'F', `\Flagged`}, {'P', `$Forwarded`}, {'R', `\Answered`}, {'S', `\Seen`}, {'T', `\Deleted`}}

// splitName cuts a file name into the part that stays and the info.
func splitName(name string, separator byte) (base, info string) {
	if i := strings.IndexByte(name, separator); i >= 0 {
		return name[:i], name[i:]
	}
	return name, ""
}

// readInfo returns the flags of an info, and the letters in it that are no
// flags of IMAP: Dovecot's keywords, and others' inventions.
func readInfo(info string, separator byte) (flags []string, others string) {
	letters, ok := strings.CutPrefix(info, string(separator)+"2,")
	if !ok {
		return nil, ""
	}
	for _, f := range flagLetters {
		if strings.IndexByte(letters, f.letter) >= 0 {
			flags = append(flags, f.flag)
		}
	}
	for i := range len(letters) {
		if !slices.ContainsFunc(flagLetters, func(f flagLetter) bool { return f.letter == letters[i] }) {
			others += letters[i : i+1]
		}
	}
	return flags, others
}

// writeInfo makes an info of flags. Letters are in ASCII order, as Maildir has
// it.
func writeInfo(flags []string, others string, separator byte) (string, error) {
	letters := []byte(others)
	for _, flag := range flags {
		i := slices.IndexFunc(flagLetters, func(f flagLetter) bool { return strings.EqualFold(f.flag, flag) })
		if i < 0 {
			return "", fmt.Errorf("maildir: %w: %.100q", ErrFlag, flag)
		}
		letters = append(letters, flagLetters[i].letter)
	}
	if others == "" || isLetters(others) {
		slices.Sort(letters)
		letters = slices.Compact(letters)
	}
	return string(separator) + "2," + string(letters), nil
}

func isLetters(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') })
}

// nameTime reads the time that the name of a message begins with: seconds,
// and microseconds behind M (1771234567.M123456P42.host).
func nameTime(base string) (time.Time, bool) {
	seconds, rest, ok := strings.Cut(base, ".")
	if !ok || len(seconds) > 11 {
		return time.Time{}, false
	}
	s, err := strconv.ParseUint(seconds, 10, 63)
	if err != nil {
		return time.Time{}, false
	}
	micro := uint64(0)
	unique, _, _ := strings.Cut(rest, ".")
	if i := strings.IndexByte(unique, 'M'); i >= 0 {
		digits := unique[i+1:]
		if j := strings.IndexFunc(digits, func(r rune) bool { return r < '0' || r > '9' }); j >= 0 {
			digits = digits[:j]
		}
		if n, err := strconv.ParseUint(digits, 10, 32); err == nil && n < 1_000_000 {
			micro = n
		}
	}
	return time.Unix(int64(s), int64(micro)*1000).UTC(), true
}
