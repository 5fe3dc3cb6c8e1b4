package archive

import (
	"encoding/binary"
	"fmt"
	"io"
)

// zipWriter writes a zip file (PKWARE APPNOTE 6.3) in the one way that is
// canonical here: every file stored, sizes and CRC before the data, one fixed
// time, no extra fields and no comments, the long form (Zip64) only where it is
// needed. The same files give the same bytes, whatever version of whatever
// library compresses how.
type zipWriter struct {
	w       io.Writer
	at      int64
	central []byte
	count   int64
	long    bool
}

const (
	zipLocal, zipCentral, zipEnd        = 0x04034b50, 0x02014b50, 0x06054b50
	zip64End, zip64Locator              = 0x06064b50, 0x07064b50
	zipDate                             = 1<<5 | 1 // 1 January 1980, 00:00
	zipLimit32, zipLimit16              = 0xffffffff, 0xffff
	zipVersion, zipVersion64            = 20, 45
	zipUnix                             = 3 << 8
	zipRegular                   uint32 = 0o100644 << 16
)

func (z *zipWriter) write(b []byte) error {
	n, err := z.w.Write(b)
	z.at += int64(n)
	return err
}

// add writes a file of a known size and CRC.
func (z *zipWriter) add(name string, size int64, crc uint32, r io.Reader) error {
	le := binary.LittleEndian
	offset := z.at
	big := size >= zipLimit32 || offset >= zipLimit32
	need, size32, offset32 := uint16(zipVersion), uint32(zipLimit32), uint32(zipLimit32)
	var extra, centralExtra []byte
	if big {
		z.long, need = true, zipVersion64
		extra = le.AppendUint64(le.AppendUint64([]byte{1, 0, 16, 0}, uint64(size)), uint64(size))
		centralExtra = le.AppendUint64(le.AppendUint64(le.AppendUint64([]byte{1, 0, 24, 0}, uint64(size)), uint64(size)), uint64(offset))
	} else {
		size32, offset32 = uint32(size), uint32(offset)
	}
	both := func(b []byte) []byte { // what both headers have
		b = le.AppendUint16(b, need)
		b = append(b, 0, 0, 0, 0, 0, 0) // flags, method stored, time
		b = le.AppendUint16(b, zipDate)
		b = le.AppendUint32(b, crc)
		b = le.AppendUint32(b, size32)
		b = le.AppendUint32(b, size32)
		return le.AppendUint16(b, uint16(len(name)))
	}
	head := both(le.AppendUint32(nil, zipLocal))
	head = le.AppendUint16(head, uint16(len(extra)))
	head = append(append(head, name...), extra...)
	if err := z.write(head); err != nil {
		return err
	}
	n, err := io.Copy(z.w, r)
	z.at += n
	if err != nil {
		return err
	}
	if n != size {
		return fmt.Errorf("%w: %s has %d bytes, want %d", ErrChanged, name, n, size)
	}
	z.central = le.AppendUint32(z.central, zipCentral)
	z.central = le.AppendUint16(z.central, zipUnix|need)
	z.central = both(z.central)
	z.central = le.AppendUint16(z.central, uint16(len(centralExtra)))
	z.central = append(z.central, 0, 0, 0, 0, 0, 0) // comment, disk, internal attributes
	z.central = le.AppendUint32(z.central, zipRegular)
	z.central = le.AppendUint32(z.central, offset32)
	z.central = append(append(z.central, name...), centralExtra...)
	z.count++
	return nil
}

// close writes the directory.
func (z *zipWriter) close() error {
	le := binary.LittleEndian
	start, size := z.at, int64(len(z.central))
	b := z.central
	count16, size32, start32 := uint16(z.count), uint32(size), uint32(start)
	if z.long || z.count >= zipLimit16 || size >= zipLimit32 || start >= zipLimit32 {
		end := start + size
		b = le.AppendUint64(le.AppendUint32(b, zip64End), 44)
		b = le.AppendUint16(le.AppendUint16(b, zipUnix|zipVersion64), zipVersion64)
		b = append(b, 0, 0, 0, 0, 0, 0, 0, 0) // disks
		b = le.AppendUint64(le.AppendUint64(b, uint64(z.count)), uint64(z.count))
		b = le.AppendUint64(le.AppendUint64(b, uint64(size)), uint64(start))
		b = le.AppendUint32(le.AppendUint32(b, zip64Locator), 0)
		b = le.AppendUint32(le.AppendUint64(b, uint64(end)), 1)
		count16, size32, start32 = zipLimit16, zipLimit32, zipLimit32
	}
	b = append(le.AppendUint32(b, zipEnd), 0, 0, 0, 0)
	b = le.AppendUint16(le.AppendUint16(b, count16), count16)
	b = le.AppendUint32(le.AppendUint32(b, size32), start32)
	return z.write(append(b, 0, 0))
}
