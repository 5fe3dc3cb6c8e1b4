package tsl

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
)

// ErrDigest: the digest file does not fit the document.
var ErrDigest = errors.New("tsl: digest file does not fit the document")

// ReadDigest reads a digest file (.sha2, TS 119 612 §6.1): a SHA-256 in binary,
// as most are, or in hexadecimal digits of either case with blanks around them.
func ReadDigest(file []byte) ([32]byte, error) {
	var sum [32]byte
	if len(file) == len(sum) {
		return [32]byte(file), nil
	}
	trimmed := bytes.TrimSpace(file)
	if len(trimmed) == hex.EncodedLen(len(sum)) {
		if _, err := hex.Decode(sum[:], trimmed); err == nil {
			return sum, nil
		}
	}
	return sum, fmt.Errorf("%w: %d bytes that are neither a SHA-256 nor its hexadecimal form", ErrDigest, len(file))
}

// CompareDigest says whether a document has the digest of its digest file. The
// file is not signed: it tells a changed document from the one at hand, and a
// damaged one, but not a genuine one. The error wraps ErrDigest.
func CompareDigest(document, file []byte) error {
	want, err := ReadDigest(file)
	if err != nil {
		return err
	}
	if got := sha256.Sum256(document); got != want {
		return fmt.Errorf("%w: SHA-256 %x, expected %x", ErrDigest, got, want)
	}
	return nil
}
