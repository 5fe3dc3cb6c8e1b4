package csi

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"path"
	"strings"
)

// ErrHistory: an earlier issue is not what its name says.
var ErrHistory = errors.New("csi: earlier issue of the document")

// HistoryName is the file name under which an issue of a document is kept once
// it has been replaced (EN 319 532-4 §C.2.3.4.1 c.3.1.8 ix): the SHA-256 of its
// bytes in hexadecimal, and ".xml".
func HistoryName(document []byte) string {
	sum := sha256.Sum256(document)
	return hex.EncodeToString(sum[:]) + ".xml"
}

// CheckHistory says whether what was found at a URL of Scheme.History is the
// issue that the URL names. The error wraps ErrHistory.
func CheckHistory(location string, document []byte) error {
	want, err := historyDigest(location)
	if err != nil {
		return err
	}
	if got := sha256.Sum256(document); got != want {
		return fmt.Errorf("%w: SHA-256 %x, expected %x", ErrHistory, got, want)
	}
	return nil
}

// historyDigest reads the digest in the name of an earlier issue.
func historyDigest(location string) (sum [32]byte, err error) {
	u, err := url.Parse(location)
	if err != nil {
		return sum, fmt.Errorf("%w: %w", ErrHistory, err)
	}
	name, ok := strings.CutSuffix(path.Base(u.Path), ".xml")
	if !ok || len(name) != hex.EncodedLen(len(sum)) {
		return sum, fmt.Errorf("%w: the name in %s is not <sha256>.xml", ErrHistory, location)
	}
	if _, err := hex.Decode(sum[:], []byte(name)); err != nil {
		return sum, fmt.Errorf("%w: the name in %s: %w", ErrHistory, location, err)
	}
	return sum, nil
}

// DigestLocation is where the digest of the document at a URL is published
// (EN 319 532-4 §C.2.3.5 d): ".sha2" instead of ".xml". It is empty for a URL
// that does not end so.
func DigestLocation(location string) string {
	u, err := url.Parse(location)
	if err != nil {
		return ""
	}
	base, ok := strings.CutSuffix(u.Path, ".xml")
	if !ok || base == "" || strings.HasSuffix(base, "/") {
		return ""
	}
	u.Path, u.RawPath = base+".sha2", ""
	return u.String()
}
