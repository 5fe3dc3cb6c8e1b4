package maildir

import (
	"encoding/base64"
	"fmt"
	"path/filepath"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/certmail/certmail/transport"
)

// folderDir returns the directory of a folder below the root, as Maildir++
// has it: INBOX is the root itself, Archive/2026 is .Archive.2026, and letters
// beyond ASCII are in modified UTF-7 (RFC 3501 §5.1.3), as in Dovecot and
// Courier.
func folderDir(folder string) (string, error) {
	if strings.EqualFold(folder, "INBOX") {
		return ".", nil
	}
	var dir strings.Builder
	for level := range strings.SplitSeq(folder, "/") {
		if level == "" || !utf8.ValidString(level) || strings.ContainsFunc(level, func(r rune) bool { return r < ' ' || r == 0x7f || r == '.' || r == '\\' || r == ':' }) {
			return "", noFolder(folder)
		}
		dir.WriteByte('.')
		dir.WriteString(utf7(level))
	}
	if dir.Len() > 250 {
		return "", noFolder(folder)
	}
	return dir.String(), nil
}

func noFolder(folder string) error {
	return fmt.Errorf("maildir: folder %.100q: %w", folder, transport.ErrNotFound)
}

// base64 of modified UTF-7 has a comma for the slash.
var utf7Encoding = base64.NewEncoding("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+,").WithPadding(base64.NoPadding)

func utf7(s string) string {
	var out strings.Builder
	var wide []byte
	flush := func() {
		if len(wide) > 0 {
			out.WriteString("&" + utf7Encoding.EncodeToString(wide) + "-")
			wide = wide[:0]
		}
	}
	for _, r := range s {
		if r >= 0x80 {
			for _, u := range utf16.AppendRune(nil, r) {
				wide = append(wide, byte(u>>8), byte(u))
			}
			continue
		}
		flush()
		if out.WriteByte(byte(r)); r == '&' {
			out.WriteByte('-')
		}
	}
	flush()
	return out.String()
}

// Create makes a folder, and the Maildir itself where there is none. One that
// is there already stays.
func (m *Mailbox) Create(folder string) error {
	dir, err := folderDir(folder)
	if err != nil {
		return err
	}
	if m.opt.ReadOnly {
		return readOnly("create")
	}
	path := filepath.Join(m.root, dir)
	if err := m.mkdirs(path); err != nil {
		return fmt.Errorf("maildir: create %s: %w", folder, err)
	}
	return nil
}
