// Package base64fast decodes what base64 (RFC 4648 §4) mostly is: whole groups
// of four characters, in lines or not. Every signature, nearly all evidence and
// certification data, and the certificates in XML are of that form. The rest,
// padding and whatever is odd, is left to encoding/base64 and its callers'
// rules.
package base64fast

import "encoding/binary"

// places holds, for each place in a group of four, the bits that a character
// stands for there; other for all that are none.
var places = func() (t [4][256]uint32) {
	for place := range t {
		for i := range t[place] {
			t[place][i] = other
		}
		for i, c := range "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/" {
			t[place][c] = uint32(i) << (18 - 6*place)
		}
	}
	return t
}()

const other = 1 << 31

func group(s []byte) uint32 {
	_ = s[3]
	return places[0][s[0]] | places[1][s[1]] | places[2][s[2]] | places[3][s[3]]
}

// Is tells whether c is one of the 64 characters; the padding is none.
func Is(c byte) bool { return places[3][c] != other }

// Groups decodes whole groups from the beginning of src, at up to twice the
// speed of the standard library, and skips line ends between them. It says how
// much of dst it wrote, and what is left of src: at the first group that is padded,
// broken by a line end or foreign, or near the end of dst, the caller goes on. dst
// may begin where src does.
func Groups(dst, src []byte) (n int, rest []byte) {
	for {
		for len(src) >= 8 && n+8 <= len(dst) {
			x, y := group(src), group(src[4:])
			if (x|y)&other != 0 {
				break
			}
			binary.BigEndian.PutUint64(dst[n:], uint64(x)<<40|uint64(y)<<16)
			n, src = n+6, src[8:]
		}
		if len(src) < 4 || n+4 > len(dst) {
			return n, src
		}
		if x := group(src); x&other == 0 {
			binary.BigEndian.PutUint32(dst[n:], x<<8)
			n, src = n+3, src[4:]
		} else if src[0] != '\r' && src[0] != '\n' {
			return n, src
		}
		for len(src) > 0 && (src[0] == '\r' || src[0] == '\n') {
			src = src[1:]
		}
	}
}
