package archive

import (
	"context"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"fmt"
	"hash/crc32"
	"io"
	"strings"
)

// form is what one pass over the bytes of a message shows.
type form struct {
	sha256, sha512 string
	crc            uint32
	crlf, lf, cr   bool // line ends that occur: CR LF, LF alone, CR alone
	final          bool // ends in LF
	eightBit, nul  bool
}

func (f *form) lineEnds() string {
	switch {
	case f.cr || f.crlf && f.lf:
		return "mixed"
	case f.crlf:
		return "crlf"
	case f.lf:
		return "lf"
	}
	return "none"
}

// scan takes both digests and looks at the form in one pass over about so many
// bytes.
func scan(ctx context.Context, r io.Reader, size int64) (*form, error) {
	f := new(form)
	h2, h5, crc := sha256.New(), sha512.New(), crc32.NewIEEE()
	buf := make([]byte, min(size+1, 64<<10)) // one more, to meet the end at once
	last := byte(0)
	for {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		n, err := r.Read(buf)
		b := buf[:n]
		h2.Write(b)
		h5.Write(b)
		crc.Write(b)
		last = f.look(b, last)
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("archive: read: %w", err)
		}
	}
	f.cr = f.cr || last == '\r'
	f.final = last == '\n'
	f.sha256, f.sha512, f.crc = hex.EncodeToString(h2.Sum(nil)), hex.EncodeToString(h5.Sum(nil)), crc.Sum32()
	return f, nil
}

// look notes line ends and unusual bytes; last is the byte before b.
func (f *form) look(b []byte, last byte) byte {
	for _, c := range b {
		switch {
		case c == '\n':
			if last == '\r' {
				f.crlf = true
			} else {
				f.lf = true
			}
		case last == '\r':
			f.cr = true
		}
		if c >= 0x80 {
			f.eightBit = true
		} else if c == 0 {
			f.nul = true
		}
		last = c
	}
	return last
}

// digestName finds the name of a digest in the detail of a check.
func digestName(detail string) string {
	for _, name := range [...]string{"SHA-1", "SHA-256", "SHA-384", "SHA-512"} {
		if detail == name || strings.HasPrefix(detail, name+",") || strings.HasPrefix(detail, name+" ") {
			return name
		}
	}
	return ""
}
