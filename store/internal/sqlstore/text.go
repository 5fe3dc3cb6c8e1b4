package sqlstore

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/certmail/certmail/daticert"
	"github.com/certmail/certmail/store"
)

// text returns a string as text that every database takes, which is valid
// UTF-8 without NUL: it is the string itself, but that other bytes are written
// as \xHH and a backslash as two.
func text(s string) string {
	if utf8.ValidString(s) && !strings.ContainsAny(s, "\x00\\") {
		return s
	}
	out := make([]byte, 0, len(s)+16)
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && n == 1, s[i] == 0:
			const digits = "0123456789abcdef"
			out = append(out, '\\', 'x', digits[s[i]>>4], digits[s[i]&15])
		case s[i] == '\\':
			out = append(out, `\\`...)
		default:
			out = append(out, s[i:i+n]...)
		}
		i += n
	}
	return string(out)
}

// original undoes text.
func original(s string) (string, error) {
	before, rest, found := strings.Cut(s, `\`)
	if !found {
		return s, nil
	}
	out := append(make([]byte, 0, len(s)), before...)
	for {
		switch {
		case strings.HasPrefix(rest, `\`):
			out, rest = append(out, '\\'), rest[1:]
		case len(rest) >= 3 && rest[0] == 'x':
			b, err := hex.DecodeString(rest[1:3])
			if err != nil {
				return "", fmt.Errorf("text: %w: %w", err, store.ErrCorrupt)
			}
			out, rest = append(out, b[0]), rest[3:]
		default:
			return "", fmt.Errorf("text: a lone backslash: %w", store.ErrCorrupt)
		}
		if before, rest, found = strings.Cut(rest, `\`); !found {
			return string(append(out, before...)), nil
		}
		out = append(out, before...)
	}
}

// maxIndexed is the length in bytes beyond which an index holds a digest: mail
// may say anything, and indexes take some 2,700 bytes.
const maxIndexed = 200

// indexed returns a string as it stands in an index.
func indexed(s string) string {
	if len(s) <= maxIndexed {
		return text(s) // four times as long at most
	}
	sum := sha256.Sum256([]byte(s))
	return `\#` + hex.EncodeToString(sum[:])
}

// messageID returns a Message-ID as it stands in an index.
func messageID(id string) string { return indexed(daticert.TrimMessageID(id)) }

// The form of times: it sorts as they do, and people can read it.
const timeForm = "2006-01-02T15:04:05.000000000Z"

const zeroTime = "0001-01-01T00:00:00.000000000Z"

func when(t time.Time) string { return t.UTC().Format(timeForm) }

func parseTime(s string) (time.Time, error) {
	if s == zeroTime {
		return time.Time{}, nil
	}
	t, err := time.Parse(timeForm, s)
	if err != nil {
		return time.Time{}, fmt.Errorf("time: %w: %w", err, store.ErrCorrupt)
	}
	return t.UTC(), nil
}
