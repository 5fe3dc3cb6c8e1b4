package sdi

import (
	"bytes"
	"encoding/binary"
	"errors"
	"strings"
)

// errZip says why the names in an archive cannot be listed.
var errZip = errors.New("no readable zip archive")

// archive lists the names in a zip archive. Nothing is unpacked, so what the
// members expand to does not matter.
func (f *File) archive(data []byte, o *Options) {
	names, more, err := zipNames(data, o.MaxNames)
	if err != nil {
		if f.Parsed != nil {
			f.find("archive-unreadable", "%v", err)
		}
		return
	}
	f.Names = names
	if more {
		f.find("archive-names-left-out", "the archive has more than %d members", o.MaxNames)
	}
	for _, name := range names {
		if n, err := ParseName(name); err == nil && !n.Zip && n.Type == "" {
			f.Kind = KindArchive
			return
		}
	}
	if f.Parsed != nil && f.Parsed.Zip {
		f.find("archive-without-invoices", "no member of the archive has the name of an invoice")
	}
}

// zipNames reads the names of the central directory (APPNOTE.TXT §4.3.12), at
// most limit of them, and tells whether there are more. It allocates for no
// other reason. ZIP64, for archives of 4 GiB, and archives in several pieces
// are refused.
func zipNames(data []byte, limit int) (names []string, more bool, err error) {
	const endSize, memberSize = 22, 46
	end := -1
	for at := len(data) - endSize; at >= 0 && at >= len(data)-endSize-0xffff; at-- {
		if bytes.HasPrefix(data[at:], []byte("PK\x05\x06")) && at+endSize+int(u16(data, at+20)) <= len(data) {
			end = at
			break
		}
	}
	if end < 0 {
		return nil, false, errZip
	}
	total, size, start := int(u16(data, end+10)), int64(u32(data, end+12)), int64(u32(data, end+16))
	if u16(data, end+4) != 0 || u16(data, end+6) != 0 || int(u16(data, end+8)) != total || start+size > int64(end) {
		return nil, false, errZip
	}
	directory := data[start : start+size]
	for range total {
		if len(names) == limit {
			return names, true, nil
		}
		if len(directory) < memberSize || !bytes.HasPrefix(directory, []byte("PK\x01\x02")) {
			return nil, false, errZip
		}
		name := int(u16(directory, 28))
		whole := memberSize + name + int(u16(directory, 30)) + int(u16(directory, 32))
		if whole > len(directory) {
			return nil, false, errZip
		}
		names = append(names, strings.ToValidUTF8(string(directory[memberSize:memberSize+name]), "\ufffd"))
		directory = directory[whole:]
	}
	if len(directory) > 0 { // members that the count does not tell of
		return nil, false, errZip
	}
	return names, false, nil
}

func u16(b []byte, at int) uint16 { return binary.LittleEndian.Uint16(b[at:]) }
func u32(b []byte, at int) uint32 { return binary.LittleEndian.Uint32(b[at:]) }
