package cms

import (
	"crypto"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
)

const maxDigest = sha512.Size

// digestOf hashes b into buf. It returns nil for an unsupported algorithm.
func digestOf(h crypto.Hash, b []byte, buf *[maxDigest]byte) []byte {
	switch h {
	case crypto.SHA1:
		sum := sha1.Sum(b)
		return append(buf[:0], sum[:]...)
	case crypto.SHA256:
		sum := sha256.Sum256(b)
		return append(buf[:0], sum[:]...)
	case crypto.SHA384:
		sum := sha512.Sum384(b)
		return append(buf[:0], sum[:]...)
	case crypto.SHA512:
		sum := sha512.Sum512(b)
		return append(buf[:0], sum[:]...)
	}
	return nil
}
