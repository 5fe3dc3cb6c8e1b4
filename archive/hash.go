package archive

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/binary"
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
	if len(b) == 0 {
		return last
	}
	f.nul = f.nul || bytes.IndexByte(b, 0) >= 0
	f.eightBit = f.eightBit || !ascii(b)
	f.cr = f.cr || last == '\r' && b[0] != '\n'
	before := last
	for rest := b; ; {
		i := bytes.IndexByte(rest, '\n')
		line := rest // up to the line end, or to the end
		if i >= 0 {
			line = rest[:i]
		}
		if n := len(line); n > 0 {
			before = line[n-1]
			// A CR counts alone unless it is the last byte, whose successor decides.
			f.cr = f.cr || bytes.IndexByte(line[:n-1], '\r') >= 0
		}
		if i < 0 {
			return before
		}
		if before == '\r' {
			f.crlf = true
		} else {
			f.lf = true
		}
		before, rest = '\n', rest[i+1:]
	}
}

// ascii tells whether no byte has its highest bit set.
func ascii(b []byte) bool {
	for ; len(b) >= 8; b = b[8:] {
		if binary.NativeEndian.Uint64(b)&0x8080808080808080 != 0 {
			return false
		}
	}
	for _, c := range b {
		if c >= 0x80 {
			return false
		}
	}
	return true
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
